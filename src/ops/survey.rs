//! Everybody at work on the repository, read side by side, and what will collide: the answer of `coord scan`.
//! Must not know: how an answer is shown, what exit code it means.

mod begun;
mod early;
mod judging;
mod memo;
mod overlaps;
mod reading;
mod select;
mod work;

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, mpsc};
use std::thread;

use crate::domain::id::{Identity, ObjectId};
use crate::domain::report::{Survey, Target};
use crate::domain::time::Seconds;
use crate::failure::Failure;
use crate::git::merge::Memory;
use crate::git::objects::Objects;
use crate::git::worktrees::Worktree;
use crate::ops::context::Context;
use crate::ops::verdicts;
use crate::ops::who::{self, Everybody, Whom};

use early::Early;

pub(super) use judging::missing;
pub use memo::Memo;
pub(super) use reading::forks;
pub(super) use select::of_paths;

/// Told so many of so many worktrees are read.
pub type Progress = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// How much is asked about pairs that merge cleanly.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Clean {
    /// Each of them.
    #[default]
    Each,
    /// How many there are: what is remembered of many is not even read.
    Count,
}

/// What is looked at.
#[derive(Clone, Default)]
pub struct SurveyOptions {
    /// Only local branches whose short or full names match one of these globs, dormant ones too; all that are not dormant
    /// where this is empty.
    pub branches: Vec<String>,
    /// Other refs too, whose full names match.
    pub refs: Vec<String>,
    /// Leaves out whose work nobody touched for longer, and then takes dormant branches that are not that old.
    pub since: Option<Seconds>,
    /// Leaves out branches and refs whose tip was written by nobody whose name or address holds one of these.
    pub authors: Vec<String>,
    /// Leaves out branches and refs whose short or full names match.
    pub exclude: Vec<String>,
    /// Tells only of overlaps in paths that match, or that lie below one that does.
    pub paths: Vec<String>,
    /// Looks at nobody but the instance that the command was run from.
    pub here_only: bool,
    /// With `here_only`: at these instances too.
    pub also: BTreeSet<Identity>,
    /// Judges what does not land on the target pair by pair too.
    pub all_pairs: bool,
    /// Lists every path that does not land on the target.
    pub all_paths: bool,
    /// How much is asked about pairs that merge cleanly.
    pub clean: Clean,
    /// What is known of worktrees that did not change since a former survey, for whoever looks again and again.
    pub memo: Option<Arc<Memo>>,
    /// Told how far the reading is.
    pub progress: Option<Progress>,
}

impl fmt::Debug for SurveyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SurveyOptions")
            .field("branches", &self.branches)
            .field("refs", &self.refs)
            .field("here_only", &self.here_only)
            .field("also", &self.also)
            .field("all_pairs", &self.all_pairs)
            .field("all_paths", &self.all_paths)
            .finish_non_exhaustive()
    }
}

/// What lies in one instance, and why that is not known.
#[derive(Debug, Default)]
pub(super) struct Lying {
    /// The commit that stands for it, perhaps in memory alone.
    pub(super) line: Option<ObjectId>,
    /// Why it could not be read.
    pub(super) unknown: Option<String>,
    /// So many changed paths were not read, as there are too many.
    pub(super) unread: u64,
}

/// What lies in each of `people`, uncommitted work included.
pub(super) fn lying(ctx: &Context, objects: &Objects, target: &Target, people: &Everybody) -> Vec<Lying> {
    let taken = reading::read(ctx, objects, target, people, (&SurveyOptions::default(), None));
    let lying = |taken: reading::Taken| Lying {
        line: taken.line,
        unknown: taken.unknown,
        unread: taken.snapshot.unread.len() as u64,
    };
    taken.into_iter().map(lying).collect()
}

/// Looks at everybody.
///
/// # Errors
/// Where the repository as a whole cannot be read or has no target. An instance that cannot be read is unknown in the
/// answer, with its reason, and stops none of the others.
pub fn survey(ctx: &Context, options: &SurveyOptions) -> Result<Survey, Failure> {
    let target = ctx.target()?.clone();
    let worktrees = ctx.worktrees()?;
    let whom = Whom {
        branches: &options.branches,
        refs: &options.refs,
        since: options.since,
        authors: &options.authors,
        exclude: &options.exclude,
        all: false,
    };
    let objects = ctx.repository.objects()?;
    let (people, taken, known) = thread::scope(|scope| {
        let (target, worktrees) = (&target, &worktrees);
        let (send, memory) = mpsc::channel();
        let recall = move || drop(send.send(recall(ctx, target, worktrees, options)));
        // Two processors are busy until it is known what is remembered, and one of them idles after that.
        let early = if processors() > 2 {
            scope.spawn(recall);
            Early::start(scope, (ctx, worktrees), options, || ())
        } else {
            Early::start(scope, (ctx, worktrees), options, recall)
        };
        let mut people = who::everybody(ctx, &objects, worktrees, &whom)?;
        if options.here_only {
            let here = ctx.repository.here.as_ref();
            people.all.retain(|who| Some(&who.identity) == here || options.also.contains(&who.identity));
        }
        // Where nothing comes, who was to send it panicked, which the scope tells.
        let mut memory = memory.recv().ok().flatten();
        let start = begun::begin(ctx, &objects, options, (target, &people), &mut memory);
        let taken = reading::read(ctx, &objects, target, &people, (options, early));
        let begun = start.map(|start| {
            start.note(ctx, &taken);
            start.begun
        });
        Ok::<_, Failure>((people, taken, (memory, begun)))
    })?;
    let survey = judging::judge(ctx, &objects, options, target, people, (&taken, known))?;
    of_paths(survey, &options.paths)
}

/// How many the machine runs side by side.
fn processors() -> usize {
    thread::available_parallelism().map_or(2, NonZero::get)
}

/// What was found out before. It is asked for before it is known who is wanted, where that may be many.
fn recall(ctx: &Context, target: &Target, worktrees: &[Worktree], options: &SurveyOptions) -> Option<Memory> {
    let branches = ctx.first_look().branches.as_ref().map_or(0, |branches| branches.named.len());
    let synced = ctx.sync_state().ok().flatten().map_or(0, |state| state.others.len());
    let at_most = match options {
        SurveyOptions { here_only: true, .. } => 0,
        _ if !options.refs.is_empty() || ctx.policy.remotes => usize::MAX,
        _ => branches + worktrees.len() + synced,
    };
    let whole = options.clean == Clean::Each || !options.paths.is_empty();
    verdicts::recall(ctx, target.tip?, at_most, whole)
}
