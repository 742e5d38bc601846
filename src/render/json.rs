//! Reports as JSON (DESIGN.md section 6): version 1, only ever added to. Wire types are private to this folder and borrow.
//! Must not know: who reads it, what the answer leads to.

mod survey;
mod text;

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::overlap::Grade;
use crate::domain::report::Survey;

/// The version of everything written here.
const VERSION: u32 = 1;

/// Writes a survey; overlaps below `min_grade` are left out.
pub fn survey(report: &Survey, min_grade: Grade, out: &mut impl Write) -> io::Result<()> {
    write(&survey::Wire::of(report, min_grade), out)
}

/// Writes `value` on one line. What a terminal would obey is spelled out, so that the JSON can be shown as it is.
fn write(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, text::Visible);
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    writeln!(out)
}
