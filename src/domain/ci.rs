//! What `coord ci` answers: open requests, each judged on its own base, and who has the right of way among them.
//! Must not know: any forge's JSON or variables, how the answer is shown.

use super::hotspot::HotSpot;
use super::report::{Overlap, Survey};
use super::time::Timestamp;

/// Where a check runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Forge {
    /// GitHub Actions, or one of those that speak its commands: Gitea, Forgejo.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// Another service, by its name.
    Other(&'static str),
    /// No service that coord knows: somebody's own machine.
    None,
}

/// From where it is known which requests are open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// A list was given (`--open`).
    List,
    /// Every remote branch is taken for a request, because no list was given.
    RemoteBranches,
    /// Every local branch is taken for a request: no list was given, and there is no remote.
    LocalBranches,
}

/// One open request, as the list gives it; every field but the head may be missing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Request {
    /// Its number on the forge.
    pub number: Option<u64>,
    /// Its branch, as a short or full name; empty where only the commit is known.
    pub head: String,
    /// Its commit, in hexadecimal.
    pub commit: Option<String>,
    /// The branch that it is to land on, as a short or full name; the target where it is missing.
    pub base: Option<String>,
    /// Who opened it.
    pub author: Option<String>,
    /// Whether it says of itself that it is not ready.
    pub draft: bool,
    /// Whether a program opened it.
    pub bot: bool,
    /// Whether it comes from another copy of the repository.
    pub fork: bool,
}

/// A request inside a report: what the list says, and what the repository does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The request.
    pub request: Request,
    /// When the first commit of it that is still there was made: who was first, where there are no numbers.
    pub since: Option<Timestamp>,
    /// The number or branch of the request that it is based on, where its base is another's branch.
    pub stacked_on: Option<String>,
}

/// All open requests with one base.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The base as people say it.
    pub base: String,
    /// Who is at work on that base, and what will collide.
    pub survey: Survey,
    /// What is known of each instance's request, in the survey's order.
    pub entries: Vec<Entry>,
    /// Which paths cause the conflicts.
    pub hot_spots: Vec<HotSpot>,
    /// Both sides' lines of conflicts, as far as they were read: sorted by overlap, then path.
    pub excerpts: Vec<Excerpt>,
}

/// Both sides' lines of one conflict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Excerpt {
    /// The overlap's index in the survey.
    pub overlap: usize,
    /// The path's index in the overlap.
    pub path: usize,
    /// `a`'s lines.
    pub a: Vec<Line>,
    /// `b`'s lines.
    pub b: Vec<Line>,
    /// The lines in the file as the target has it.
    pub base: Vec<Line>,
    /// Whether lines were left out because there are too many.
    pub cut: bool,
}

/// One line of a file, without its line end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: u32,
    /// Its bytes.
    pub text: Vec<u8>,
    /// Whether it was changed, not only shown around the change.
    pub changed: bool,
}

/// The request that is being checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Subject {
    /// Its group's index.
    pub group: usize,
    /// Its index in the group.
    pub instance: usize,
}

/// The answer of `coord ci`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The moment it was computed.
    pub now: Timestamp,
    /// Where it ran.
    pub forge: Forge,
    /// From where it is known which requests are open.
    pub source: Source,
    /// The request being checked; `None` where all pairs were asked about.
    pub subject: Option<Subject>,
    /// What to put before a request's number to make its address on the forge.
    pub request_url: Option<String>,
    /// The requests by base, sorted by the base's name.
    pub groups: Vec<Group>,
    /// Requests that could not be looked at, with the reason: never "clean".
    pub unknown: Vec<(Request, String)>,
    /// What the reader should know besides.
    pub notices: Vec<String>,
}

/// Which of two requests may go on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RightOfWay {
    /// Who goes first, by index in the group.
    pub first: usize,
    /// Who yields.
    pub yields: usize,
    /// Why.
    pub why: Why,
}

/// Why one request goes before another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Why {
    /// The other is a draft.
    Ready,
    /// It has the lower number: it was opened first.
    OpenedFirst,
    /// Its first commit is the older one.
    CommittedFirst,
    /// Nothing tells them apart but their names.
    Name,
}

impl Group {
    /// Decides between the two sides of an overlap: a draft yields to what is ready; else who opened first goes first,
    /// else who committed first; the name decides only where nothing else does.
    #[must_use]
    pub fn right_of_way(&self, overlap: &Overlap) -> RightOfWay {
        let (a, b) = (overlap.a, overlap.b);
        let (x, y) = (&self.entries[a], &self.entries[b]);
        let (order, why) = if x.request.draft != y.request.draft {
            (x.request.draft.cmp(&y.request.draft), Why::Ready)
        } else if let (Some(x), Some(y)) = (x.request.number, y.request.number) {
            (x.cmp(&y), Why::OpenedFirst)
        } else if let (Some(x), Some(y)) = (x.since, y.since)
            && x != y
        {
            (x.cmp(&y), Why::CommittedFirst)
        } else {
            (self.survey.instances[a].label.cmp(&self.survey.instances[b].label), Why::Name)
        };
        if order.is_gt() { RightOfWay { first: b, yields: a, why } } else { RightOfWay { first: a, yields: b, why } }
    }
}

impl Report {
    /// The overlaps that the check is about, with their groups: the subject's, or all.
    pub fn overlaps(&self) -> impl Iterator<Item = (&Group, &Overlap)> {
        self.groups.iter().enumerate().flat_map(move |(number, group)| {
            let about = move |overlap: &&Overlap| match self.subject {
                None => true,
                Some(subject) => subject.group == number && [overlap.a, overlap.b].contains(&subject.instance),
            };
            group.survey.overlaps.iter().filter(about).map(move |overlap| (group, overlap))
        })
    }

    /// How many requests were looked at.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.groups.iter().map(|group| group.entries.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn first(x: Entry, y: Entry) -> (usize, Why) {
        let survey = sample::survey(&[("x", &["p"]), ("y", &["p"])], &[(0, 1, &["p"])]);
        let mut group = sample::group(survey);
        group.entries = vec![x, y];
        let right = group.right_of_way(&group.survey.overlaps[0]);
        (right.first, right.why)
    }

    fn numbered(number: u64) -> Entry {
        let request = Request { number: Some(number), ..Request::default() };
        Entry { request, since: Some(Timestamp(1_000 - number.cast_signed())), stacked_on: None }
    }

    fn draft(mut entry: Entry) -> Entry {
        entry.request.draft = true;
        entry
    }

    fn nameless(since: i64) -> Entry {
        Entry { request: Request::default(), since: Some(Timestamp(since)), stacked_on: None }
    }

    #[test]
    fn who_is_ready_and_who_came_first_goes_first() {
        assert_eq!(first(numbered(7), numbered(3)), (1, Why::OpenedFirst));
        assert_eq!(first(draft(numbered(3)), numbered(7)), (1, Why::Ready));
        assert_eq!(first(draft(numbered(3)), draft(numbered(7))), (0, Why::OpenedFirst));
        assert_eq!(first(nameless(9), nameless(5)), (1, Why::CommittedFirst));
        assert_eq!(first(nameless(5), nameless(5)), (0, Why::Name));
        assert_eq!(first(numbered(7), nameless(5)), (1, Why::CommittedFirst));
    }
}
