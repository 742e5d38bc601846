//! The screens of `install`, `uninstall`, `doctor`, `config`, `log` and `ack`.
//! Must not know: how a screen is put together.

use super::super::sample::{self, shown};
use super::super::{log, setup};
use super::NARROW;
use crate::domain::event::{CommitFacts, Event, EventKind};
use crate::domain::policy::Mode;
use crate::domain::report::KnownOverlap;
use crate::domain::setup::{
    Action, DoctorReport, Finding, HookChange, InstallReport, Level, Means, Setting, Snippet, Source, UninstallReport,
};
use crate::domain::time::Timestamp;

fn changed(hook: &str, action: Action) -> HookChange {
    HookChange { hook: hook.to_owned(), place: format!(".git/hooks/{hook}"), action }
}

fn installed() -> InstallReport {
    InstallReport {
        means: Means::Folder(".git/hooks".into()),
        changes: vec![
            changed("pre-commit", Action::Chained(".git/hooks/pre-commit.local".into())),
            changed("pre-merge-commit", Action::Written),
            changed("post-commit", Action::Written),
            changed("pre-push", Action::Failed("permission denied".to_owned())),
        ],
        snippets: vec![Snippet {
            file: ".husky/pre-commit".to_owned(),
            what: "put this first; git tracks the file, so coord does not change it".to_owned(),
            text: "coord hook pre-commit \"$@\" || exit 1\n".to_owned(),
        }],
        mode: Mode::Enforce,
        notices: vec!["coord is not on PATH".to_owned()],
    }
}

#[test]
fn install_says_what_it_did_and_what_is_left_to_do() {
    super::check(
        &shown(|out| setup::install(&installed(), &NARROW, out)),
        r#"
not every hook could be set up     in .git/hooks
  chained  pre-commit                     .git/hooks/pre-commit, then .git/hook…
  added    pre-merge-commit, post-commit
  failed   pre-push                       .git/hooks/pre-push: permission denied

.husky/pre-commit: put this first; git tracks the file, so coord does not change it
    coord hook pre-commit "$@" || exit 1
note: coord is not on PATH

  see that they fire: coord doctor
"#,
    );
    let mut fine = installed();
    fine.changes.pop();
    fine.snippets.clear();
    fine.notices.clear();
    fine.means = Means::Configuration;
    super::check(
        &shown(|out| setup::install(&fine, &NARROW, out)),
        r"
hooks are set up: a conflicting commit is blocked     in git's configuration
  chained  pre-commit                     .git/hooks/pre-commit, then .git/hook…
  added    pre-merge-commit, post-commit  .git/hooks

  see that they fire: coord doctor
",
    );
}

#[test]
fn uninstall_says_what_it_took_out() {
    let report =
        UninstallReport { changes: vec![changed("pre-commit", Action::Restored)], snippets: vec![], notices: vec![] };
    super::check(
        &shown(|out| setup::uninstall(&report, &NARROW, out)),
        r"
hooks are taken out; the rest is as it was
  restored  pre-commit  .git/hooks/pre-commit
",
    );
    let none = UninstallReport { changes: vec![], snippets: vec![], notices: vec![] };
    super::check(
        &shown(|out| setup::uninstall(&none, &NARROW, out)),
        r"
no hooks of coord's were set up here
",
    );
}

#[test]
fn doctor_answers_first_and_says_what_mends() {
    let finding =
        |level, what: &str, fix: Option<&str>| Finding { level, what: what.to_owned(), fix: fix.map(str::to_owned) };
    let report = DoctorReport {
        findings: vec![
            finding(Level::Ok, "git 2.47 is new enough", None),
            finding(Level::Problem, "worktree docs: a global core.hooksPath is in the way", Some("coord install")),
            finding(Level::Warning, "husky is set up", None),
        ],
    };
    super::check(
        &shown(|out| setup::doctor(&report, &NARROW, out)),
        r"
1 problem: a conflicting commit could go through unseen

  ok       git 2.47 is new enough
  problem  worktree docs: a global core.hooksPath is in the way
           coord install
  note     husky is set up
",
    );
}

#[test]
fn config_shows_value_source_and_meaning() {
    let settings = [
        Setting {
            name: "coord.mode",
            value: "warn".to_owned(),
            source: Source::Local(".git/config".to_owned()),
            meaning: "how far the hooks go: enforce, warn or monitor",
        },
        Setting {
            name: "coord.target",
            value: String::new(),
            source: Source::Default,
            meaning: "the branch that work lands on",
        },
    ];
    super::check(
        &shown(|out| setup::config(&settings, &NARROW, out)),
        r"
coord.mode = warn     .git/config
  how far the hooks go: enforce, warn or monitor
coord.target = -     default
  the branch that work lands on

  set one for this repository: coord config mode warn
",
    );
    super::check(
        &shown(|out| setup::config(&settings[..1], &NARROW, out)),
        r"
coord.mode = warn     .git/config
  how far the hooks go: enforce, warn or monitor
",
    );
}

#[test]
fn log_and_ack_read_as_sentences() {
    let facts = CommitFacts {
        with: vec!["search".to_owned()],
        paths: vec![sample::path("src/api.rs")],
        more_paths: 2,
        ..CommitFacts::default()
    };
    let event = |age, kind| Event { at: Timestamp(sample::NOW.0 - age), actor: Some("auth".to_owned()), kind };
    let events = [
        event(7200, EventKind::CommitBlocked(facts)),
        event(60, EventKind::FailedOpen { hook: "pre-commit".to_owned(), reason: "it took too long".to_owned() }),
    ];
    super::check(
        &shown(|out| log::events(&events, sample::NOW, &NARROW, out)),
        r"
    2 h  auth  commit blocked   with search in src/api.rs and 2 more
  1 min  auth  could not check  pre-commit: it took too long
",
    );
    let known = [KnownOverlap {
        a: "auth".to_owned(),
        b: "search".to_owned(),
        paths: vec![sample::path("src/api.rs")],
        by: "ana".to_owned(),
        by_agent: false,
        why: "she rebases after lunch".to_owned(),
        at: sample::NOW,
        expires: Timestamp(sample::NOW.0 + 8 * 3600),
    }];
    super::check(
        &shown(|out| log::acks(&known, sample::NOW, &NARROW, out)),
        r#"
  auth ↔ search  src/api.rs  8 h left  ana: "she rebases after lunch"

  take one back: coord ack --withdraw search
"#,
    );
    super::check(
        &shown(|out| log::acknowledged(&known[0], sample::NOW, &NARROW, out)),
        r"
auth and search know of each other in src/api.rs     for 8 h
",
    );
    super::check(
        &shown(|out| log::withdrawn(1, "search", &NARROW, out)),
        r"
overlaps with search count again
",
    );
}
