//! A check on the wire: the answer of `coord ci --format json`. Each base holds what `coord scan --json` says of it.
//! Must not know: any other report.

use serde::Serialize;

use super::VERSION;
use super::hot_spot::{WireSpot, spot};
use super::survey;
use super::text::time;
use crate::domain::ci::{Entry, Forge, Group, Report, Source, Why};
use crate::domain::finding::tally;
use crate::domain::overlap::Grade;
use crate::domain::weight::weigh;

#[derive(Serialize)]
pub(super) struct Wire<'a> {
    version: u32,
    forge: &'static str,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<WireSubject<'a>>,
    bases: Vec<WireGroup<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<WireUnknown<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notices: &'a [String],
    summary: Summary,
}

#[derive(Serialize)]
struct WireSubject<'a> {
    base: &'a str,
    id: &'a str,
}

#[derive(Serialize)]
struct WireGroup<'a> {
    base: &'a str,
    #[serde(flatten)]
    survey: survey::Wire<'a>,
    requests: Vec<WireRequest<'a>>,
    right_of_way: Vec<WireRight<'a>>,
    hot_spots: Vec<WireSpot<'a>>,
}

#[derive(Serialize)]
struct WireRequest<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    head: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a str>,
    draft: bool,
    bot: bool,
    fork: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stacked_on: Option<&'a str>,
}

#[derive(Serialize)]
struct WireRight<'a> {
    a: &'a str,
    b: &'a str,
    first: &'a str,
    why: &'static str,
    touches: WireWeight<'a>,
}

#[derive(Serialize)]
struct WireWeight<'a> {
    id: &'a str,
    paths: usize,
    of: usize,
}

#[derive(Serialize)]
struct WireUnknown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    head: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Summary {
    requests: usize,
    conflicts: usize,
    minor: usize,
    clean: usize,
    needing_rebase: usize,
    unknown: usize,
}

impl<'a> Wire<'a> {
    pub(super) fn of(report: &'a Report, min_grade: Grade) -> Self {
        let tally = tally(report);
        let subject = report.subject.map(|subject| {
            let group = &report.groups[subject.group];
            WireSubject { base: &group.base, id: &group.survey.instances[subject.instance].label }
        });
        let unknown = report.unknown.iter();
        Self {
            version: VERSION,
            forge: forge(report.forge),
            source: match report.source {
                Source::List => "list",
                Source::RemoteBranches => "remote branches",
                Source::LocalBranches => "local branches",
            },
            subject,
            bases: report.groups.iter().map(|of| group(of, min_grade)).collect(),
            unknown: unknown
                .map(|(request, reason)| WireUnknown { number: request.number, head: &request.head, reason })
                .collect(),
            notices: &report.notices,
            summary: Summary {
                requests: report.requests(),
                conflicts: tally.conflicts,
                minor: tally.minor,
                clean: tally.clean,
                needing_rebase: tally.needing_rebase,
                unknown: tally.unknown,
            },
        }
    }
}

fn forge(forge: Forge) -> &'static str {
    match forge {
        Forge::GitHub => "github",
        Forge::GitLab => "gitlab",
        Forge::Other(name) => name,
        Forge::None => "none",
    }
}

fn group(group: &Group, min_grade: Grade) -> WireGroup<'_> {
    let instances = &group.survey.instances;
    WireGroup {
        base: &group.base,
        survey: survey::Wire::of(&group.survey, min_grade),
        requests: group.entries.iter().zip(instances).map(|(entry, of)| request(entry, &of.label)).collect(),
        right_of_way: group
            .survey
            .conflicts()
            .iter()
            .map(|overlap| {
                let right = group.right_of_way(overlap);
                let weight = weigh(&group.survey, overlap);
                WireRight {
                    a: &instances[overlap.a].label,
                    b: &instances[overlap.b].label,
                    first: &instances[right.first].label,
                    why: why(right.why),
                    touches: WireWeight { id: &instances[weight.smaller].label, paths: weight.paths, of: weight.of },
                }
            })
            .collect(),
        hot_spots: group.hot_spots.iter().map(spot).collect(),
    }
}

fn why(why: Why) -> &'static str {
    match why {
        Why::Ready => "ready",
        Why::OpenedFirst => "opened first",
        Why::CommittedFirst => "committed first",
        Why::Name => "name",
    }
}

fn request<'a>(entry: &'a Entry, id: &'a str) -> WireRequest<'a> {
    let request = &entry.request;
    WireRequest {
        id,
        number: request.number,
        head: &request.head,
        author: request.author.as_deref(),
        draft: request.draft,
        bot: request.bot,
        fork: request.fork,
        since: entry.since.map(time),
        stacked_on: entry.stacked_on.as_deref(),
    }
}
