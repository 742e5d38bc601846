//! The coordinator: follows what changes, looks again at what did, keeps the board current, tells what is new. Nothing
//! depends on it running. Must not know: how anything is shown.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::event::Event;
use crate::domain::id::Identity;
use crate::domain::report::Survey;
use crate::domain::time::Timestamp;
use crate::env::Env;
use crate::failure::Failure;
use crate::git::names;
use crate::git::worktrees::Worktree;
use crate::ops::context::{Context, OpenOptions};
use crate::ops::log::{self, LogOptions};
use crate::ops::publish;
use crate::ops::survey::{self, Memo, SurveyOptions};
use crate::os::changes::{Waited, Watcher};
use crate::os::{clock, desktop};
use crate::store::Tail;

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
    looked: Option<Instant>,
    pending: Vec<News>,
}

/// Where things lie, to tell whose a change is.
#[derive(Debug, Default)]
struct Places {
    common: PathBuf,
    store: PathBuf,
    runtime: Option<PathBuf>,
    worktrees: Vec<(Identity, PathBuf, PathBuf)>,
}

/// What a change asks for.
#[derive(Debug, Default)]
struct Work {
    survey: bool,
    log: bool,
    all: bool,
    whose: BTreeSet<Identity>,
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
            looked: None,
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
            let Some(looked) = self.looked else {
                self.look(&Work { survey: true, all: true, ..Work::default() });
                continue;
            };
            let ageing = AGEING.saturating_sub(looked.elapsed());
            let longest = if self.watcher.sees() { ageing } else { POLLING };
            let work = match self.watcher.wait(Some(longest)) {
                Waited::Woken => return News::Woken,
                Waited::Changed(paths) => self.places.work(&paths),
                Waited::Perhaps => Work { survey: true, all: true, log: true, ..Work::default() },
                Waited::Nothing => Work { survey: looked.elapsed() >= AGEING, ..Work::default() },
            };
            self.look(&work);
        }
    }

    fn look(&mut self, work: &Work) {
        if work.all {
            self.memo.forget_all();
        }
        work.whose.iter().for_each(|identity| self.memo.forget(identity));
        if work.survey {
            self.looked = Some(Instant::now());
            match self.survey() {
                Ok(survey) => {
                    let took = self.looked.map(|began| began.elapsed()).unwrap_or_default();
                    self.pending.push(News::Survey(Arc::new(survey), took));
                }
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
        Ok(survey)
    }

    fn watch(&mut self, ctx: &Context, worktrees: &[Worktree]) {
        let places = Places::of(ctx, worktrees);
        let mut keep = BTreeSet::from([places.common.clone(), places.store.clone(), places.store.join("acks")]);
        below(&places.common.join("refs"), &mut keep);
        keep.insert(places.common.join("worktrees"));
        for worktree in worktrees.iter().filter(|worktree| worktree.is_readable()) {
            keep.insert(worktree.git_dir.clone());
            folders(ctx, worktree, &mut keep);
        }
        self.watcher.keep(&keep);
        for folder in &keep {
            self.watcher.add(folder);
        }
        self.places = places;
    }
}

/// The folders of a worktree that hold what git knows or shows: never those of ignored files, of which builds make many.
fn folders(ctx: &Context, worktree: &Worktree, keep: &mut BTreeSet<PathBuf>) {
    keep.insert(worktree.path.clone());
    let options = ["-z", "--cached", "--others", "--exclude-standard", "--directory"];
    let listed = ctx.repository.git.call(&worktree.path, "ls-files").args(options).read().unwrap_or_default();
    let mut last: &[u8] = b"";
    for path in listed.split(|&byte| byte == 0) {
        let Some(end) = path.iter().rposition(|&byte| byte == b'/') else { continue };
        let folder = &path[..end];
        if folder == last {
            continue;
        }
        last = folder;
        for at in (0..=folder.len()).rev().filter(|&at| at == folder.len() || folder[at] == b'/') {
            if !keep.insert(worktree.path.join(names::to_path(&folder[..at]))) {
                break;
            }
        }
    }
}

/// The folder and all folders in it.
fn below(folder: &Path, keep: &mut BTreeSet<PathBuf>) {
    keep.insert(folder.to_owned());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below(&entry.path(), keep);
        }
    }
}

impl Places {
    fn of(ctx: &Context, worktrees: &[Worktree]) -> Self {
        let mut all: Vec<_> = worktrees
            .iter()
            .map(|worktree| (worktree.identity.clone(), worktree.path.clone(), worktree.git_dir.clone()))
            .collect();
        // Of worktrees inside others the innermost has a path.
        all.sort_by_key(|(_, path, _)| std::cmp::Reverse(path.as_os_str().len()));
        Self {
            common: ctx.repository.common_dir.clone(),
            store: ctx.store.dir().to_owned(),
            runtime: ctx.repository.main_worktree.as_ref().map(|top| top.join(&ctx.policy.runtime_dir)),
            worktrees: all,
        }
    }

    fn work(&self, paths: &BTreeSet<PathBuf>) -> Work {
        let mut work = Work::default();
        for path in paths {
            self.sort(path, &mut work);
        }
        work
    }

    fn sort(&self, path: &Path, work: &mut Work) {
        if self.runtime.as_ref().is_some_and(|runtime| path.starts_with(runtime)) {
            return;
        }
        if let Ok(own) = path.strip_prefix(&self.store) {
            work.log |= own.to_string_lossy().starts_with("coord-events");
            // The folder itself comes with the first acknowledgement.
            let whole = own == Path::new("acks") || path.extension().is_some_and(|end| end == "json");
            work.survey |= own.starts_with("acks") && whole;
            return;
        }
        if path.extension().is_some_and(|end| end == "lock") {
            return;
        }
        let of_git = self.worktrees.iter().find(|(_, _, git_dir)| *git_dir != self.common && path.starts_with(git_dir));
        if let Some((identity, _, _)) = of_git {
            work.survey = true;
            work.whose.insert(identity.clone());
        } else if let Ok(inside) = path.strip_prefix(&self.common) {
            self.of_common(inside, work);
        } else if let Some((identity, _, _)) = self.worktrees.iter().find(|(_, top, _)| path.starts_with(top)) {
            work.survey = true;
            work.whose.insert(identity.clone());
        }
    }

    /// Something in the common git dir: a ref, or the main worktree's own state, or a setting.
    fn of_common(&self, inside: &Path, work: &mut Work) {
        let name = inside.to_string_lossy();
        let is_noise = ["objects", "logs", "hooks", "coord", "FETCH_HEAD", "gc.", "COMMIT_EDITMSG"];
        if is_noise.iter().any(|noise| name.starts_with(noise)) {
            return;
        }
        work.survey = true;
        if name.starts_with("config") || name.starts_with("info") {
            work.all = true;
        } else if !name.starts_with("refs") && !name.starts_with("packed-refs") && !name.starts_with("worktrees") {
            let main = self.worktrees.iter().find(|(_, _, git_dir)| *git_dir == self.common);
            work.whose.extend(main.map(|(identity, _, _)| identity.clone()));
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let at = |text: &str| PathBuf::from(text);
        Places {
            common: at("/r/.git"),
            store: at("/r/.git/coord"),
            runtime: Some(at("/r/.claude/runtime")),
            worktrees: vec![
                (Identity::Worktree((*b"a").into()), at("/r/trees/a"), at("/r/.git/worktrees/a")),
                (Identity::MainWorktree, at("/r"), at("/r/.git")),
            ],
        }
    }

    fn work(path: &str) -> (bool, bool, bool, usize) {
        let work = places().work(&BTreeSet::from([PathBuf::from(path)]));
        (work.survey, work.log, work.all, work.whose.len())
    }

    #[test]
    fn a_change_asks_for_no_more_than_it_must() {
        for (path, expected) in [
            ("/r/src/x.rs", (true, false, false, 1)),
            ("/r/trees/a/src/x.rs", (true, false, false, 1)),
            ("/r/.git/worktrees/a/index", (true, false, false, 1)),
            ("/r/.git/worktrees/a/index.lock", (false, false, false, 0)),
            ("/r/.git/index", (true, false, false, 1)),
            ("/r/.git/refs/heads/a", (true, false, false, 0)),
            ("/r/.git/config", (true, false, true, 0)),
            ("/r/.git/objects/ab", (false, false, false, 0)),
            ("/r/.git/coord/coord-events.jsonl", (false, true, false, 0)),
            ("/r/.git/coord/records/x.json", (false, false, false, 0)),
            ("/r/.git/coord/acks/x.json", (true, false, false, 0)),
            ("/r/.git/coord/acks/.x.json.tmp", (false, false, false, 0)),
            ("/r/.git/coord/acks", (true, false, false, 0)),
            ("/r/.claude/runtime/ACTIVE-TASKS.json", (false, false, false, 0)),
        ] {
            assert_eq!(work(path), expected, "{path}");
        }
        let own = places().work(&BTreeSet::from([PathBuf::from("/r/trees/a/x")]));
        assert_eq!(own.whose, BTreeSet::from([Identity::Worktree((*b"a").into())]));
    }
}
