//! Reports as JSON (DESIGN.md section 6): version 1, only ever added to. Wire types are private to this folder and borrow.
//! Must not know: who reads it, what the answer leads to.

mod ci;
mod claims;
mod demo;
mod evidence;
mod hot_spot;
mod log;
mod plan;
mod report;
mod setup;
mod survey;
mod sync;
mod text;

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::checklist::Checklist;
use crate::domain::ci::Report;
use crate::domain::demo::Scene;
use crate::domain::event::Event;
use crate::domain::hotspot::{HotSpot, hot_spots};
use crate::domain::overlap::Grade;
use crate::domain::plan::Plan;
use crate::domain::report::{ClaimReport, ClaimRow, Comparison, Facts, KnownOverlap, Survey};
use crate::domain::setup::{DoctorReport, InstallReport, Setting, UninstallReport};
use crate::domain::sync::{Disclosure, SyncReport};

/// The version of everything written here.
const VERSION: u32 = 1;

/// Writes a survey, with the hot spots in it; overlaps below `min_grade` are left out.
pub fn survey(report: &Survey, min_grade: Grade, out: &mut impl Write) -> io::Result<()> {
    let spots: Vec<_> = hot_spots(report).into_iter().filter(HotSpot::is_hot).collect();
    write(&survey::Wire::of(report, min_grade).with(&spots), out)
}

/// Writes the answer of `coord ci`.
pub fn ci(report: &Report, min_grade: Grade, out: &mut impl Write) -> io::Result<()> {
    write(&ci::Wire::of(report, min_grade), out)
}

/// Writes the answer of `coord plan` for `survey`.
pub fn plan(survey: &Survey, plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    write(&plan::Wire::of(survey, plan), out)
}

/// Writes the answer of `coord check`.
pub fn facts(report: &Facts, out: &mut impl Write) -> io::Result<()> {
    write(&evidence::WireFacts::of(report), out)
}

/// Writes what `coord sync` did.
pub fn sync(report: &SyncReport, out: &mut impl Write) -> io::Result<()> {
    write(&sync::Wire::of(report), out)
}

/// Writes what the first push would show to others.
pub fn disclosure(asked: &Disclosure, out: &mut impl Write) -> io::Result<()> {
    write(&sync::WireDisclosure::of(asked), out)
}

/// Writes claims.
pub fn claims(rows: &[ClaimRow], out: &mut impl Write) -> io::Result<()> {
    write(&claims::Wire::list(rows), out)
}

/// Writes what came of a claim: it, or those in its way.
pub fn claimed(report: &ClaimReport, out: &mut impl Write) -> io::Result<()> {
    write(&claims::Wire::of(report), out)
}

/// Writes the answer of `coord diff`.
pub fn comparison(report: &Comparison, out: &mut impl Write) -> io::Result<()> {
    write(&evidence::WireComparison::of(report), out)
}

/// Writes the answer of `coord install`.
pub fn install(report: &InstallReport, out: &mut impl Write) -> io::Result<()> {
    write(&setup::WireHooks::installed(report), out)
}

/// Writes the answer of `coord uninstall`.
pub fn uninstall(report: &UninstallReport, out: &mut impl Write) -> io::Result<()> {
    write(&setup::WireHooks::uninstalled(report), out)
}

/// Writes the answer of `coord doctor`.
pub fn doctor(report: &DoctorReport, out: &mut impl Write) -> io::Result<()> {
    write(&setup::WireDoctor::of(report), out)
}

/// Writes the answer of `coord config`.
pub fn config(settings: &[Setting], out: &mut impl Write) -> io::Result<()> {
    write(&setup::WireSettings::of(settings), out)
}

/// Writes events, one object a line.
pub fn events(events: &[Event], out: &mut impl Write) -> io::Result<()> {
    events.iter().try_for_each(|event| write(&log::WireEvent::of(event), out))
}

/// Writes the answer of `coord report`.
pub fn report(report: &Checklist, out: &mut impl Write) -> io::Result<()> {
    write(&report::WireReport::of(report), out)
}

/// Writes acknowledgements.
pub fn acks(known: &[KnownOverlap], out: &mut impl Write) -> io::Result<()> {
    write(&log::WireAcks::of(known), out)
}

/// Writes how many acknowledgements with `instance` were withdrawn.
pub fn withdrawn(number: usize, instance: &str, out: &mut impl Write) -> io::Result<()> {
    write(&log::WireWithdrawn::of(instance, number), out)
}

/// Writes a demonstration.
pub fn demo(scenes: &[Scene], out: &mut impl Write) -> io::Result<()> {
    write(&demo::Wire::of(scenes), out)
}

/// Writes `value` on one line. What a terminal would obey is spelled out, so that the JSON can be shown as it is.
fn write(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, text::Visible);
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    writeln!(out)
}
