//! Names that try to steer a terminal, a CI log or a reader: they stay names, in every format.
//! Must not know: how a screen is put together.

use std::io::Write as _;

use super::super::safe::GithubLog;
use super::super::sample::{self, shown};
use super::super::scan::View;
use super::super::style::Style;
use super::super::{home, json, scan};
use super::{NARROW, WIDE};
use crate::domain::overlap::Grade;

const ALL: View = View { all: true, min_grade: Grade::Identical };

#[test]
fn a_name_is_spelled_out_and_can_still_be_typed() {
    // `shown` itself fails on anything that is treacherous.
    super::check(
        &shown(|out| scan::human(&sample::hostile(), ALL, &WIDE, out)),
        r#"
2 at work on main (4f4f4f4)                                                               1 conflict, 1 unknown

  broken                                     unknown                                                        now
  ::error::x\x1b[31m\u202e\u009b0m##[group]  in progress  1 file  +10  −3  "t\r\n::add-mask::secret\u200b"  now
  good                                       in progress  1 file  +10  −3                                   now
? broken is unknown: index is\ntruncated\x1b]0;x\x07

✗ ::error::x\x1b[31m\u202e\u009b0m##[group] ↔ good  caf\xe9\n::error::/\x7f  1 both  content, ::error::x\…b0m##[group]'s only file

  see one: coord diff $'::error::x\x1b[31m\xe2\x80\xae\xc2\x9b0m##[group]' good
"#,
    );
    super::check(
        &shown(|out| home::human(&sample::hostile(), &NARROW, out)),
        r#"
2 at work on main (4f4f4f4)                                1 conflict, 1 unknown

  ::error:…0m##[group]  in progress  1 file  +10  −3  "t\r\n::add-mask::se…  now
  good                  in progress  1 file  +10  −3                         now
? broken is unknown: index is\ntruncated\x1b]0;x\x07

✗ ::error::x\…b0m##[group] ↔ good  caf\xe9\n::error::/\x7f  1 both  content

  see one: coord diff $'::error::x\x1b[31m\xe2\x80\xae\xc2\x9b0m##[group]' good
"#,
    );
}

#[test]
fn a_ci_log_gets_no_command_from_a_name() {
    let screen = shown(|out| scan::human(&sample::hostile(), ALL, &WIDE, out));
    let mut guarded = Vec::new();
    let mut log = GithubLog::new(&mut guarded);
    log.write_all(screen.as_bytes()).and_then(|()| log.flush()).expect("in memory");
    let guarded = String::from_utf8(guarded).expect("UTF-8");
    assert!(guarded.contains("  \\x3a:error::x"), "{guarded}");
    assert!(guarded.lines().all(|line| !line.trim_start().starts_with("::") && !line.contains("##[")), "{guarded}");
}

#[test]
fn json_hides_nothing_and_loses_nothing() {
    let text = shown(|out| json::survey(&sample::hostile(), Grade::Identical, out));
    assert!(!text.contains("##["), "{text}");
    let value: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    assert_eq!(value["instances"][1]["id"], sample::hostile().instances[1].label);
    assert_eq!(value["instances"][1]["ref"]["bytes"], "cmVmcy9oZWFkcy9jYWbp");
    assert_eq!(value["overlaps"][0]["paths"][0]["path"]["bytes"], "Y2Fm6Qo6OmVycm9yOjovfw==");
    assert_eq!(value["instances"][0]["state"], "unknown");
    assert_eq!(value["summary"]["unknown"], 1);
}

#[test]
fn colour_only_repeats_what_words_say() {
    let coloured = Style { colour: true, width: 140 };
    for survey in [sample::survey(), sample::hostile()] {
        let mut out = Vec::new();
        scan::human(&survey, ALL, &coloured, &mut out).expect("in memory");
        let mut text = String::from_utf8(out).expect("UTF-8");
        for code in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"] {
            text = text.replace(code, "");
        }
        let text: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert_eq!(text.join("\n"), shown(|out| scan::human(&survey, ALL, &WIDE, out)).trim_end());
    }
}
