//! The answer of `coord plan`: what lands together as it is, then what after which rebase.
//! Must not know: how the order was found or proved.

use std::io::{self, Write};

use super::style::{Ink, Style};
use super::table::{Cell, Column, Table};
use super::{safe, scan, words};
use crate::domain::plan::{Batch, Plan, Step};
use crate::domain::report::Survey;

/// How many rows of a batch stand before the rest is folded.
const STEPS: usize = 20;

/// Writes the plan for `survey`; `all` folds nothing.
pub fn human(survey: &Survey, plan: &Plan, all: bool, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let landable: usize = plan.batches.iter().map(|batch| batch.steps.len()).sum();
    let Some(first) = plan.batches.first() else {
        writeln!(out, "nothing to land on {}", scan::target(survey))?;
        return rest(survey, plan, all, style, out);
    };
    let count = match first.steps.len() {
        n if n == landable => format!("all {n}"),
        n => format!("{n} of {landable}"),
    };
    let proof = if first.proved { "landed in this order in memory" } else { "not proved" };
    writeln!(out, "{} land together on {}, {proof}\n", style.ink(Ink::Strong, &count), scan::target(survey))?;
    steps(survey, first, 1, all, style, out)?;
    let mut number = first.steps.len() + 1;
    for (index, batch) in plan.batches.iter().enumerate().skip(1) {
        let proof = if batch.proved { "; they land together too" } else { "" };
        writeln!(out, "\n{} after a rebase{proof}\n", if index == 1 { "then," } else { "and then," })?;
        steps(survey, batch, number, all, style, out)?;
        number += batch.steps.len();
    }
    rest(survey, plan, all, style, out)
}

fn steps(
    survey: &Survey,
    batch: &Batch,
    from: usize,
    all: bool,
    style: &Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let fit = if all { batch.steps.len() } else { STEPS };
    let mut table = Table::new(2, &[Column::Right, Column::Cut, Column::Cut, Column::CutFront]);
    for (number, step) in batch.steps.iter().take(fit).enumerate() {
        table.row(vec![
            Cell::new(Ink::Faint, (from + number).to_string()),
            Cell::plain(safe::text(&survey.instances[step.instance].label)),
            Cell::plain(why(survey, step)),
            Cell::new(Ink::Faint, paths(step)),
        ]);
    }
    table.write(style, out)?;
    if batch.steps.len() > fit {
        writeln!(out, "  and {} more (coord plan --all)", batch.steps.len() - fit)?;
    }
    Ok(())
}

fn why(survey: &Survey, step: &Step) -> String {
    if step.rebase_on.is_empty() {
        return words::count(survey.instances[step.instance].working_set.changes.len(), "file", "files");
    }
    let names = words::names(step.rebase_on.iter().map(|&on| survey.instances[on].label.as_str()));
    if step.only_together {
        format!("rebase on {names}, which conflict with it only together")
    } else {
        format!("rebase on {names}")
    }
}

fn paths(step: &Step) -> String {
    let Some(first) = step.paths.first() else { return String::new() };
    let first = safe::text(first.as_bytes());
    match step.paths.len() {
        1 => first,
        n => format!("{first} and {}", words::count(n - 1, "more", "more")),
    }
}

/// What is in no batch, and why.
fn rest(survey: &Survey, plan: &Plan, all: bool, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let label = |instance: usize| safe::text(&survey.instances[instance].label);
    if !plan.behind.is_empty() {
        writeln!(out, "\n{} rebase on {} first\n", style.ink(Ink::Caution, "must"), scan::target(survey))?;
        let fit = if all { plan.behind.len() } else { STEPS };
        let mut table = Table::new(2, &[Column::Cut, Column::CutFront]);
        for conflict in plan.behind.iter().take(fit).map(|&at| &survey.target_conflicts[at]) {
            let at = conflict.paths.first().map(|path| safe::text(path.path.as_bytes())).unwrap_or_default();
            table.row(vec![Cell::plain(label(conflict.instance)), Cell::new(Ink::Faint, at)]);
        }
        table.write(style, out)?;
        if plan.behind.len() > fit {
            writeln!(out, "  and {} more (coord plan --all)", plan.behind.len() - fit)?;
        }
    }
    for (instance, reason) in &plan.unknown {
        writeln!(out, "{} {} is not planned: {}", style.ink(Ink::Caution, "?"), label(*instance), safe::text(reason))?;
    }
    if !plan.landed.is_empty() {
        let names = words::names(plan.landed.iter().map(|&at| survey.instances[at].label.as_str()));
        writeln!(out, "\n  already in the target: {names}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;

    #[test]
    fn a_plan_says_what_lands_and_on_whom_the_rest_must_rebase() {
        let survey = sample::survey(&[("a", &["p", "q"]), ("b", &["p"]), ("c", &["r"])], &[(0, 1, &["p"])]);
        let step = |instance, rebase_on: &[usize], paths: &[&str]| Step {
            instance,
            rebase_on: rebase_on.to_vec(),
            paths: paths.iter().map(|name| sample::path(name)).collect(),
            only_together: rebase_on.len() > 1,
        };
        let plan = Plan {
            batches: vec![
                Batch { steps: vec![step(0, &[], &[]), step(2, &[], &[])], proved: true },
                Batch { steps: vec![step(1, &[0, 2], &["p"])], proved: true },
            ],
            behind: Vec::new(),
            unknown: Vec::new(),
            landed: Vec::new(),
        };
        let mut out = Vec::new();
        human(&survey, &plan, false, &Style::plain(100), &mut out).expect("in memory");
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            "2 of 3 land together on main (0101010), landed in this order in memory\n\n  \
             1  a  2 files\n  \
             2  c  1 file\n\n\
             then, after a rebase; they land together too\n\n  \
             3  b  rebase on a and c, which conflict with it only together  p\n"
        );
    }
}
