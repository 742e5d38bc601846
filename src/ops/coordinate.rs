//! The coordinator: follows what changes, looks again at what did, keeps the board current, tells what is new. Nothing
//! depends on it running. Must not know: how anything is shown.

mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::event::Event;
use crate::domain::id::Identity;
use crate::domain::observed::HOLD;
use crate::domain::report::{ClaimRow, Survey};
use crate::domain::time::{Seconds, Timestamp};
use crate::env::Env;
use crate::failure::Failure;
use crate::git::worktrees::Worktree;
use crate::ops::context::{Context, OpenOptions};
use crate::ops::log::{self, LogOptions};
use crate::ops::survey::{self, Memo, Progress, SurveyOptions};
use crate::ops::{claim, publish, sync};
use crate::os::changes::{Waited, Watcher};
use crate::os::{clock, desktop};
use crate::store::Tail;
use places::{Places, Work};

pub use crate::os::changes::Waker;

/// So often everything is looked at though nothing changed: states age, sessions go stale.
const AGEING: Duration = Duration::from_secs(300);

/// Where the system does not tell what changed: so often.
const POLLING: Duration = Duration::from_secs(2);

/// What is new.
#[derive(Clone, Debug)]
pub enum News {
    /// Everybody, as they stand now, and how long the looking took.
    Survey(Arc<Survey>, Duration),
    /// The claims that stand.
    Claims(Vec<ClaimRow>),
    /// What happened, oldest first.
    Events(Vec<Event>),
    /// Looking failed; it is tried again with the next change.
    Trouble(String),
    /// Somebody asked for an end.
    Woken,
}

/// Follows one repository.
pub struct Coordinator {
    env: Env,
    options: OpenOptions,
    watcher: Watcher,
    memo: Arc<Memo>,
    tail: Tail,
    places: Places,
    /// What is watched of each worktree.
    folders: BTreeMap<Identity, BTreeSet<PathBuf>>,
    /// What is watched of the common git dir.
    common: BTreeSet<PathBuf>,
    /// When to look again though nothing changed; `None` before the first look.
    due: Option<Instant>,
    /// Told how far the first look is: of a large repository it takes seconds.
    progress: Option<Progress>,
    pending: Vec<News>,
}

impl fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator").field("watcher", &self.watcher).field("due", &self.due).finish_non_exhaustive()
    }
}

impl Coordinator {
    /// Begins to follow the repository around the working directory; gives the latest events too.
    ///
    /// # Errors
    /// Where there is none that can be read.
    pub fn begin(env: &Env, options: &OpenOptions, events: usize) -> Result<(Self, Vec<Event>), Failure> {
        let ctx = Context::open(env, options)?;
        let tail = ctx.store.tail()?;
        let latest = log::log(&ctx, &LogOptions { number: events, ..LogOptions::default() })?;
        let coordinator = Self {
            env: env.clone(),
            options: options.clone(),
            watcher: Watcher::new(),
            memo: Arc::default(),
            tail,
            places: Places::default(),
            folders: BTreeMap::new(),
            common: BTreeSet::new(),
            due: None,
            progress: None,
            pending: Vec::new(),
        };
        Ok((coordinator, latest))
    }

    /// Tells how far the first look is.
    pub fn tell_progress(&mut self, progress: Progress) {
        self.progress = Some(progress);
    }

    /// What ends a wait from another thread.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.watcher.waker()
    }

    /// Whether the system tells of changes; else it is looked again and again.
    #[must_use]
    pub fn sees(&self) -> bool {
        self.watcher.sees()
    }

    /// Waits for what is new. The first call looks at everybody.
    pub fn news(&mut self) -> News {
        loop {
            if !self.pending.is_empty() {
                return self.pending.remove(0);
            }
            let Some(due) = self.due else {
                self.look(&Work { survey: true, all: true, ..Work::default() });
                continue;
            };
            let left = due.saturating_duration_since(Instant::now());
            let longest = if self.watcher.sees() { left } else { left.min(POLLING) };
            let work = match self.watcher.wait(Some(longest)) {
                Waited::Woken => return News::Woken,
                Waited::Changed(paths) => self.places.work(&paths),
                Waited::Perhaps => Work { survey: true, all: true, log: true, ..Work::default() },
                Waited::Nothing => Work { survey: Instant::now() >= due, ..Work::default() },
            };
            self.look(&work);
        }
    }

    fn look(&mut self, work: &Work) {
        if work.all {
            self.memo.forget_all();
            self.folders.clear();
        }
        work.paths.iter().for_each(|(identity, paths)| self.memo.forget_paths(identity, paths.iter().cloned()));
        work.whose.iter().for_each(|identity| self.memo.forget(identity));
        for identity in &work.moved {
            self.folders.remove(identity);
        }
        if work.survey {
            let began = Instant::now();
            self.due = Some(began + AGEING);
            match self.survey() {
                Ok(survey) => self.pending.push(News::Survey(Arc::new(survey), began.elapsed())),
                Err(failure) => self.pending.push(News::Trouble(failure.whole_message())),
            }
        }
        if work.survey || work.log {
            match self.tail.read() {
                Ok(events) if events.is_empty() => {}
                Ok(events) => self.pending.push(News::Events(events)),
                Err(error) => self.pending.push(News::Trouble(error.to_string())),
            }
        }
    }

    fn survey(&mut self) -> Result<Survey, Failure> {
        let mut ctx = Context::open(&self.env, &self.options)?;
        let (following, reading) = halves(self.progress.take().as_ref());
        // Watched before it is read: what changes meanwhile is seen again, not missed.
        if self.watch(&ctx, &ctx.worktrees()?, following.as_ref()) {
            ctx = ctx.looking_again();
        }
        let memo = Some(Arc::clone(&self.memo));
        let options = SurveyOptions { memo, progress: reading, ..SurveyOptions::default() };
        let mut survey = survey::survey(&ctx, &options)?;
        survey.notices.extend(publish::everybody(&ctx, &survey, &options));
        let claims = claim::list(&ctx).unwrap_or_default();
        sync::start_in_background(&ctx);
        self.due = Some(Instant::now() + next_look(&ctx, &claims));
        self.pending.push(News::Claims(claims));
        Ok(survey)
    }

    /// Watches what is worth it; whether there is any that was not watched before.
    fn watch(&mut self, ctx: &Context, worktrees: &[Worktree], progress: Option<&Progress>) -> bool {
        let places = Places::of(ctx, worktrees);
        let mut keep = BTreeSet::from([places.common.clone(), places.store.clone(), places.store.join("acks")]);
        keep.insert(places.store.join("sync"));
        places::below(&places.common.join("refs"), &mut keep);
        keep.insert(places.common.join("worktrees"));
        let readable: Vec<&Worktree> = worktrees.iter().filter(|worktree| worktree.is_readable()).collect();
        let new: Vec<&Worktree> =
            readable.iter().filter(|worktree| !self.folders.contains_key(&worktree.identity)).copied().collect();
        if keep == self.common && new.is_empty() && self.folders.len() <= worktrees.len() {
            // Tens of thousands of folders in a large repository, none of which moved; here one may have come.
            return self.add(&keep);
        }
        self.common.clone_from(&keep);
        self.folders.retain(|identity, _| worktrees.iter().any(|worktree| worktree.identity == *identity));
        self.folders.extend(places::folders_of_all(ctx, &new, progress));
        let followed = readable.iter().filter_map(|worktree| self.folders.get(&worktree.identity));
        keep.extend(followed.flatten().cloned());
        self.watcher.keep(&keep);
        self.places = places;
        self.add(&keep)
    }

    fn add(&mut self, folders: &BTreeSet<PathBuf>) -> bool {
        let before = self.watcher.count();
        for folder in folders {
            self.watcher.add(folder);
        }
        self.watcher.count() > before
    }
}

/// The progress of two things, one after the other, that take about as long.
fn halves(whole: Option<&Progress>) -> (Option<Progress>, Option<Progress>) {
    let half = |begun: usize| {
        let whole = Arc::clone(whole?);
        Some(Arc::new(move |done: usize, of: usize| whole(done + begun * of, 2 * of)) as Progress)
    };
    (half(0), half(1))
}

/// How long nothing has to be looked at while nothing changes: until a claim runs out, or a conflict that cannot be seen any
/// more has been away for long enough to be over.
fn next_look(ctx: &Context, claims: &[ClaimRow]) -> Duration {
    let observed = ctx.store.observed().unwrap_or_default();
    let calm = observed.pairs.values().filter_map(|seen| seen.calm);
    // What should be over by now and is not waits for something else: a rebase that is not done.
    let held = calm.map(|calm| HOLD.0.saturating_sub(ctx.now.since(calm).0)).filter(|left| *left > 0);
    let ends = claims.iter().map(|row| row.left).map(|Seconds(left)| left);
    // What other machines do is not seen here: it has to be asked about.
    let asked = (ctx.sync_state().ok().flatten().is_some()).then_some(ctx.policy.sync_every.0);
    held.chain(ends).chain(asked).min().map_or(AGEING, |left| Duration::from_secs(left + 1).min(AGEING))
}

/// The wall clock, for ages on a screen.
#[must_use]
pub fn now() -> Timestamp {
    clock::now()
}

/// What tells through the desktop, as long as that can.
#[derive(Debug, Default)]
pub struct Notifier {
    is_mute: bool,
}

impl Notifier {
    /// Shows a notification; why it cannot, the first time that it cannot.
    pub fn show(&mut self, text: &str) -> Option<String> {
        if self.is_mute {
            return None;
        }
        let error = desktop::notify("coord", text).err()?;
        self.is_mute = true;
        Some(format!("no notification can be shown: {} does not start: {error}", desktop::PROGRAM))
    }
}
