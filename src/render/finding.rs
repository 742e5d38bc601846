//! How findings, advice and right of way read in the formats that annotate lines: plain sentences, names made harmless.
//! Must not know: any format's escaping, limits or fields.

use super::{safe, words};
use crate::domain::ci::{Entry, Report, RightOfWay, Source, Why};
use crate::domain::finding::{Finding, Rule, Tally};
use crate::domain::hotspot::HotSpot;
use crate::domain::instance::State;
use crate::domain::weight::Weight;

/// The one sentence that a check comes to.
pub(crate) fn headline(report: &Report, tally: &Tally) -> String {
    let about = if let Some(subject) = report.subject {
        let group = &report.groups[subject.group];
        let label = safe::text(&group.survey.instances[subject.instance].label);
        let others = words::count(group.entries.len() - 1, "other request", "other requests");
        format!("{label} against {others} on {}", safe::text(&group.base))
    } else {
        let bases: Vec<&str> = report.groups.iter().map(|group| group.base.as_str()).collect();
        let requests = words::count(report.requests(), "open request", "open requests");
        if bases.is_empty() { requests } else { format!("{requests} on {}", words::names(bases)) }
    };
    format!("{}: {about}", verdict(tally))
}

/// The answer in a few words: `2 conflicts`, `no conflicts`, `no conflicts found, 1 unknown`.
pub(crate) fn verdict(tally: &Tally) -> String {
    let conflicts = match tally.conflicts {
        0 if tally.unknown > 0 => "no conflicts found".to_owned(),
        0 => "no conflicts".to_owned(),
        n => words::count(n, "conflict", "conflicts"),
    };
    let unknown = if tally.unknown > 0 { format!(", {} unknown", tally.unknown) } else { String::new() };
    conflicts + &unknown
}

/// What the check found besides conflicts; nothing where there is nothing.
pub(crate) fn besides(tally: &Tally) -> Option<String> {
    let said = [
        (tally.needing_rebase, "needs a rebase on its base", "need a rebase on their base"),
        (
            tally.minor,
            "pair conflicts on generated or acknowledged paths only",
            "pairs conflict on generated or acknowledged paths only",
        ),
        (tally.clean, "overlap merges cleanly", "overlaps merge cleanly"),
    ];
    let said: Vec<String> = said.iter().filter(|s| s.0 > 0).map(|&(n, one, many)| words::count(n, one, many)).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// From where it is known which requests are open, where that needs to be said.
pub(crate) fn source(source: Source) -> Option<&'static str> {
    match source {
        Source::List => None,
        Source::RemoteBranches => Some(
            "no list of open requests was given (--open), so every remote branch that is not dormant counts as one",
        ),
        Source::LocalBranches => Some(
            "no list of open requests was given (--open) and there is no remote, so every local branch counts as one",
        ),
    }
}

/// Who could not be judged, and why: requests that were not found, instances that could not be read, pairs; each once.
pub(crate) fn unknown(report: &Report) -> Vec<(String, String)> {
    let mut said: Vec<(String, String)> = report
        .unknown
        .iter()
        .map(|(request, reason)| (safe::text(super::ci::name(request)), safe::text(reason)))
        .collect();
    for (number, group) in report
        .groups
        .iter()
        .enumerate()
        .filter(|(number, _)| report.subject.is_none_or(|subject| subject.group == *number))
    {
        let label = |at: usize| safe::text(&group.survey.instances[at].label);
        for (at, instance) in group.survey.instances.iter().enumerate() {
            if let State::Unknown { reason } = &instance.state {
                said.push((label(at), safe::text(reason)));
            }
        }
        let about = |at: &usize| report.subject.is_none_or(|it| it.group == number && it.instance == *at);
        for pair in group.survey.unknown_pairs.iter().filter(|pair| pair.instances.iter().any(about)) {
            let names: Vec<String> = pair.instances.iter().map(|&at| label(at)).collect();
            said.push((names.join(" ↔ "), safe::text(&pair.reason)));
        }
    }
    said
}

/// A finding's message: one line, to stand at the place that it is about.
pub(crate) fn message(finding: &Finding<'_>, of_subject: bool) -> String {
    let other = finding.other.map(|other| who(finding, other)).unwrap_or_default();
    match finding.rule {
        Rule::NeedsRebase => {
            format!("{} does not land on {}{}: rebase it", who(finding, finding.instance), base(finding), kind(finding))
        }
        Rule::Identical if of_subject => format!("{other} makes the same change here: duplicated work, no conflict"),
        Rule::Identical => {
            format!("{} and {other} make the same change here: duplicated work", who(finding, finding.instance))
        }
        Rule::Conflict => {
            let pair = if of_subject {
                format!("conflicts with {other}")
            } else {
                format!("{} and {other} conflict", who(finding, finding.instance))
            };
            // Where all pairs are judged the finding stands at the target's lines, which say where both are.
            let place = match (of_subject, finding.other_lines, words::lines(finding.other_lines)) {
                (false, ..) | (_, [], _) => String::new(),
                (true, [one], lines) if one.first >= one.last => format!(" at its line {lines}"),
                (true, _, lines) => format!(" at its lines {lines}"),
            };
            let weight = finding.weight.map(|weight| format!("; touches {}", weighed(finding, weight)));
            format!("{pair}{place}{}{}. {}", kind(finding), weight.unwrap_or_default(), outcome(finding, of_subject))
        }
    }
}

/// What follows from a conflict for whoever reads it.
fn outcome(finding: &Finding<'_>, of_subject: bool) -> String {
    if finding.acknowledged {
        return "Acknowledged.".to_owned();
    }
    if !finding.blocks {
        return "The path never blocks: make it anew after merging.".to_owned();
    }
    let Some(right) = finding.right_of_way else { return String::new() };
    let first = safe::text(&finding.group.survey.instances[right.first].label);
    if of_subject && right.first == finding.instance {
        return format!("This one goes first ({}): the other will have to rebase.", why(right.why));
    }
    let other = if of_subject { "this one" } else { "the other" };
    format!("{first} goes first ({}): {other} will have to rebase on it.", why(right.why))
}

/// Why one goes before another, of the one that does.
pub(crate) fn why(why: Why) -> &'static str {
    match why {
        Why::Ready => "the other is a draft",
        Why::OpenedFirst => "opened first",
        Why::CommittedFirst => "committed first",
        Why::Name => "nothing but the name tells them apart",
    }
}

/// `#3 search goes first, opened first`.
pub(crate) fn right_of_way(finding_labels: (&str, &str), right: RightOfWay, a: usize) -> String {
    let first = if right.first == a { finding_labels.0 } else { finding_labels.1 };
    format!("{} goes first, {}", safe::text(first), why(right.why))
}

fn weighed(finding: &Finding<'_>, weight: Weight) -> String {
    words::part(&finding.group.survey.instances[weight.smaller].label, weight)
}

fn kind(finding: &Finding<'_>) -> String {
    finding.kind.map(|kind| format!(", {}", kind.name())).unwrap_or_default()
}

fn base(finding: &Finding<'_>) -> String {
    safe::text(&finding.group.base)
}

fn who(finding: &Finding<'_>, instance: usize) -> String {
    let label = safe::text(&finding.group.survey.instances[instance].label);
    match marks(&finding.group.entries[instance]) {
        marks if marks.is_empty() => label,
        marks => format!("{label} ({})", marks.join(", ")),
    }
}

/// What is to be known of a request: `by ann`, `draft`, `bot`, `fork`, `stacked on #3`.
pub(crate) fn marks(entry: &Entry) -> Vec<String> {
    let request = &entry.request;
    let author = request.author.as_ref().map(|author| format!("by {}", safe::text(author)));
    let flags = [(request.draft, "draft"), (request.bot, "bot"), (request.fork, "fork")];
    let stacked = entry.stacked_on.as_ref().map(|lower| format!("stacked on {}", safe::text(lower)));
    author
        .into_iter()
        .chain(flags.iter().filter(|(is, _)| *is).map(|(_, name)| (*name).to_owned()))
        .chain(stacked)
        .collect()
}

/// `9 of 10 conflicts (90 %), 6 requests, 2 do not land because of it`.
pub(crate) fn share(spot: &HotSpot) -> String {
    let mut said = Vec::new();
    if spot.pairs > 0 {
        said.push(format!("{} of {} conflicts ({} %)", spot.pairs, spot.of_pairs, spot.per_cent()));
        said.push(words::count(spot.instances, "request", "requests"));
    }
    if spot.behind > 0 {
        said.push(format!("keeps {} from landing", spot.behind));
    }
    said.join(", ")
}

/// A fingerprint that stays the same while the finding does, wherever its lines move: 32 hexadecimal digits.
pub(crate) fn fingerprint(finding: &Finding<'_>) -> String {
    let mut names = [Some(finding.label()), finding.other_label()];
    names.sort_unstable();
    let mut parts: Vec<&[u8]> =
        vec![finding.rule.name().as_bytes(), finding.path.as_bytes(), finding.group.base.as_bytes()];
    parts.extend(names.iter().flatten().map(|name| name.as_bytes()));
    // FNV-1a from two offsets: it must be the same on every machine and in every version, and need not resist anybody.
    let hash = |offset: u64| {
        parts
            .iter()
            .flat_map(|part| part.iter().chain(&[0xff]))
            .fold(offset, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    format!("{:016x}{:016x}", hash(0xcbf2_9ce4_8422_2325), hash(0x9ae1_6a3b_2f90_404f))
}
