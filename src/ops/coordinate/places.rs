//! Where things lie: which folders are worth watching, and what a change in one of them asks for.
//! Must not know: how changes are noticed, what a look shows.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::domain::id::Identity;
use crate::domain::path::RepoPath;
use crate::git::names;
use crate::git::worktrees::Worktree;
use crate::ops::context::Context;
use crate::ops::survey::Progress;
use crate::store::sync;

/// Where things lie, to tell whose a change is.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) common: PathBuf,
    pub(super) store: PathBuf,
    runtime: Option<PathBuf>,
    worktrees: Vec<(Identity, PathBuf, PathBuf)>,
}

/// What a change asks for.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Everybody is to be judged again.
    pub(super) survey: bool,
    /// The log has grown.
    pub(super) log: bool,
    /// Nothing that was read before is to be relied on.
    pub(super) all: bool,
    /// Whose files are to be read again.
    pub(super) whose: BTreeSet<Identity>,
    /// Of whom only these paths, with what lies below them.
    pub(super) paths: BTreeMap<Identity, BTreeSet<RepoPath>>,
    /// Whose folders are perhaps others than they were.
    pub(super) moved: BTreeSet<Identity>,
}

impl Places {
    pub(super) fn of(ctx: &Context, worktrees: &[Worktree]) -> Self {
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

    pub(super) fn work(&self, paths: &BTreeSet<PathBuf>) -> Work {
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
            work.survey |= (own.starts_with("acks") || own == Path::new("claims.json")) && whole;
            work.survey |= own == sync::NEWS;
            return;
        }
        let of_git = self.worktrees.iter().find(|(_, _, git_dir)| *git_dir != self.common && path.starts_with(git_dir));
        let is_gits = of_git.is_some() || path.starts_with(&self.common);
        if is_gits && path.extension().is_some_and(|end| end == "lock") {
            return;
        }
        if let Some((identity, _, _)) = of_git {
            work.survey = true;
            work.whose.insert(identity.clone());
            work.moved.insert(identity.clone());
        } else if let Ok(inside) = path.strip_prefix(&self.common) {
            self.of_common(inside, work);
        } else if let Some((identity, top, _)) = self.worktrees.iter().find(|(_, top, _)| path.starts_with(top)) {
            work.survey = true;
            match path.strip_prefix(top).map(|inside| RepoPath::new(names::to_bytes(inside))) {
                Ok(Ok(inside)) => drop(work.paths.entry(identity.clone()).or_default().insert(inside)),
                _ => drop(work.whose.insert(identity.clone())),
            }
            // A new folder is to be watched; what is ignored now is not.
            if path.is_dir() || path.file_name().is_some_and(|name| name == ".gitignore") {
                work.moved.insert(identity.clone());
            }
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
            work.moved.extend(main.map(|(identity, _, _)| identity.clone()));
        }
    }
}

/// Of each worktree the folders worth watching, found as many at once as the machine runs side by side.
pub(super) fn folders_of_all(
    ctx: &Context,
    worktrees: &[&Worktree],
    progress: Option<&Progress>,
) -> BTreeMap<Identity, BTreeSet<PathBuf>> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let workers = thread::available_parallelism().map_or(2, NonZero::get).min(worktrees.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            let (next, send) = (&next, send.clone());
            scope.spawn(move || {
                while let Some(worktree) = worktrees.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if send.send((worktree.identity.clone(), folders(ctx, worktree))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let tell = |done: usize| progress.iter().for_each(|tell| tell(done + 1, worktrees.len()));
        receive.iter().enumerate().inspect(|(done, _)| tell(*done)).map(|(_, found)| found).collect()
    })
}

/// The folders of a worktree that hold what git knows or shows: never those of ignored files, of which builds make many.
fn folders(ctx: &Context, worktree: &Worktree) -> BTreeSet<PathBuf> {
    let mut keep = BTreeSet::from([worktree.path.clone(), worktree.git_dir.clone()]);
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
    keep
}

/// The folder and all folders in it.
pub(super) fn below(folder: &Path, keep: &mut BTreeSet<PathBuf>) {
    keep.insert(folder.to_owned());
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below(&entry.path(), keep);
        }
    }
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
        (work.survey, work.log, work.all, work.whose.len() + work.paths.len())
    }

    #[test]
    fn a_change_asks_for_no_more_than_it_must() {
        for (path, expected) in [
            ("/r/src/x.rs", (true, false, false, 1)),
            ("/r/trees/a/src/x.rs", (true, false, false, 1)),
            ("/r/trees/a/Cargo.lock", (true, false, false, 1)),
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
            ("/r/.git/coord/claims.json", (true, false, false, 0)),
            ("/r/.git/coord/.claims.json.tmp", (false, false, false, 0)),
            ("/r/.git/coord/sync/state.json", (false, false, false, 0)),
            ("/r/.git/coord/sync/news.json", (true, false, false, 0)),
            ("/r/.claude/runtime/ACTIVE-TASKS.json", (false, false, false, 0)),
        ] {
            assert_eq!(work(path), expected, "{path}");
        }
        let own = places().work(&BTreeSet::from([PathBuf::from("/r/trees/a/x")]));
        assert_eq!(own.moved, BTreeSet::new(), "a save moves no folder");
        let path = RepoPath::new("x").expect("a path");
        let paths = BTreeMap::from([(Identity::Worktree((*b"a").into()), BTreeSet::from([path]))]);
        assert_eq!((own.whose, own.paths), (BTreeSet::new(), paths), "nothing but the path is read again");
        let top = places().work(&BTreeSet::from([PathBuf::from("/r/trees/a")]));
        assert_eq!(top.whose, BTreeSet::from([Identity::Worktree((*b"a").into())]));
    }
}
