//! Every screen of the same sample, as people see it: a change of a screen shows here.
//! Must not know: how a screen is put together.

mod hostile;
mod look;
mod setup;
mod sizes;

use super::style::Style;

/// A page of 80 columns without colours.
const NARROW: Style = Style { colour: false, width: 80 };
/// A page of 140 columns without colours.
const WIDE: Style = Style { colour: false, width: 140 };

/// Says where two texts differ, whole, so that a new screen can be read and taken over.
fn check(shown: &str, expected: &str) {
    assert!(shown.trim_end() == expected.trim_matches('\n'), "shown:\n{shown}\nexpected:{expected}");
}
