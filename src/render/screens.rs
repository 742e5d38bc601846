//! Every screen of the same sample, as people see it. A change of a screen shows here.
//! Must not know: how a screen is put together.

use super::sample::{self, shown};
use super::scan::View;
use super::style::Style;
use super::{check, diff, home, hook, json, scan};
use crate::domain::overlap::Grade;

const NORMAL: View = View { all: false, min_grade: Grade::Identical };

#[test]
fn dump() {
    let s = sample::survey();
    let p = Style::plain(80);
    eprint_all(&[
        shown(|o| home::human(&s, &p, o)),
        shown(|o| {
            home::human(
                &{
                    let mut s = sample::survey();
                    s.here = Some(1);
                    s
                },
                &p,
                o,
            )
        }),
        shown(|o| {
            home::human(
                &{
                    let mut s = sample::survey();
                    s.here = Some(2);
                    s
                },
                &p,
                o,
            )
        }),
        shown(|o| {
            home::human(
                &{
                    let mut s = sample::survey();
                    s.here = Some(0);
                    s
                },
                &p,
                o,
            )
        }),
        shown(|o| scan::human(&s, &NORMAL, &p, o)),
        shown(|o| scan::status(&s, &p, o)),
        shown(|o| check::human(&sample::facts(), &p, o)),
        shown(|o| diff::human(&sample::comparison(), &p, o)),
        shown(|o| hook::human(&sample::judgement(), &p, o)),
        shown(|o| json::survey(&sample::hostile(), Grade::Identical, o)),
    ]);
}

fn eprint_all(all: &[String]) {
    panic!("\n{}", all.join("\n------------------------\n"));
}
