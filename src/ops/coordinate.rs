//! The coordinator: follows what changes, looks again at what did, keeps the board current, tells what is new. Nothing
//! depends on it running. Must not know: how anything is shown.

mod places;

use std::collections::{BTreeMap, BTreeSet};
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
use crate::ops::survey::{self, Memo, SurveyOptions};
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
#[derive(Debug)]
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
    pending: Vec<News>,
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
            pending: Vec::new(),
        };
        Ok((coordinator, latest))
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
        let ctx = Context::open(&self.env, &self.options)?;
        // Watched before it is read: what changes meanwhile is seen again, not missed.
        self.watch(&ctx, &ctx.worktrees()?);
        let ctx = ctx.looking_again();
        let options = SurveyOptions { memo: Some(Arc::clone(&self.memo)), ..SurveyOptions::default() };
        let mut survey = survey::survey(&ctx, &options)?;
        survey.notices.extend(publish::everybody(&ctx, &survey, &options));
        let claims = claim::list(&ctx).unwrap_or_default();
        sync::start_in_background(&ctx);
        self.due = Some(Instant::now() + next_look(&ctx, &claims));
        self.pending.push(News::Claims(claims));
        Ok(survey)
    }

    fn watch(&mut self, ctx: &Context, worktrees: &[Worktree]) {
        let places = Places::of(ctx, worktrees);
        let mut keep = BTreeSet::from([places.common.clone(), places.store.clone(), places.store.join("acks")]);
        keep.insert(places.store.join("sync"));
        places::below(&places.common.join("refs"), &mut keep);
        keep.insert(places.common.join("worktrees"));
        let known = |worktree: &Worktree| self.folders.contains_key(&worktree.identity);
        let is_same = keep == self.common && worktrees.iter().filter(|w| w.is_readable()).all(known);
        if is_same && self.folders.len() <= worktrees.len() {
            // Tens of thousands of folders in a large repository, none of which moved; here one may have come.
            for folder in &keep {
                self.watcher.add(folder);
            }
            return;
        }
        self.common.clone_from(&keep);
        self.folders.retain(|identity, _| worktrees.iter().any(|worktree| worktree.identity == *identity));
        for worktree in worktrees.iter().filter(|worktree| worktree.is_readable()) {
            let folders = self.folders.entry(worktree.identity.clone());
            keep.extend(folders.or_insert_with(|| places::folders(ctx, worktree)).iter().cloned());
        }
        self.watcher.keep(&keep);
        for folder in &keep {
            self.watcher.add(folder);
        }
        self.places = places;
    }
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

/// Shows a notification of the desktop.
pub fn notify(text: &str) {
    desktop::notify("coord", text);
}
