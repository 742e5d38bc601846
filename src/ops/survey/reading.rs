//! Reading everybody: statuses in threads, snapshots as they come in.
//! Must not know: verdicts, states.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use super::early::Early;
use super::memo::Kept;
use super::{SurveyOptions, processors};
use crate::domain::id::ObjectId;
use crate::domain::report::Target;
use crate::domain::sync::Synced;
use crate::git::history::{self, Fork};
use crate::git::objects::Objects;
use crate::git::repository::joined;
use crate::git::snapshot::{self, Interest, Near, Snapshot};
use crate::git::status::{self, Status};
use crate::git::worktrees::Worktree;
use crate::git::{self, tree};
use crate::ops::context::Context;
use crate::ops::who::{Everybody, Who};
use crate::ops::{statuses, sync};

/// With more changed paths than this, only those are read where another's work may meet them.
const FEW: usize = 1000;

/// What was read of one instance.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    pub(super) status: Status,
    pub(super) snapshot: Snapshot,
    /// The commit that stands for its work: as it lies, else its tip.
    pub(super) line: Option<ObjectId>,
    /// Why it could not be read, or not wholly.
    pub(super) unknown: Option<String>,
}

/// Reads everybody, by the places of `people`.
pub(super) fn read(
    ctx: &Context,
    objects: &Objects,
    target: &Target,
    people: &Everybody,
    (options, early): (&SurveyOptions, Option<Early<'_>>),
) -> Vec<Taken> {
    let mut desk = Desk { ctx, objects, people, taken: people.all.iter().map(unread).collect(), large: Vec::new() };
    for (at, person) in people.all.iter().enumerate() {
        if let Some(synced) = &person.synced {
            desk.taken[at] = of_other_machine(ctx, objects, synced);
        }
    }
    let known: Vec<Option<Kept>> = people.all.iter().map(|person| remembered(person, options)).collect();
    statuses(ctx, people, &known, (options, early), |at, answer| match answer {
        Ok(status) => {
            if let Some(memo) = &options.memo {
                memo.put(&people.all[at].identity, people.all[at].tip, &status);
            }
            desk.enter(at, status);
        }
        Err(error) => desk.taken[at].unknown = Some(error.to_string()),
    });
    for (at, kept) in known.into_iter().enumerate() {
        if let Some(kept) = kept.filter(|kept| kept.changed.is_empty()) {
            desk.enter(at, kept.status);
        }
    }
    let Desk { mut taken, large, .. } = desk;
    take_large(ctx, objects, target, people, &mut taken, &large);
    taken
}

/// Where what comes in is put together.
struct Desk<'a> {
    ctx: &'a Context,
    objects: &'a Objects,
    people: &'a Everybody,
    taken: Vec<Taken>,
    /// In whose worktrees very much is changed.
    large: Vec<usize>,
}

impl Desk<'_> {
    fn enter(&mut self, at: usize, status: Status) {
        let few = status.entries.len() <= FEW;
        self.taken[at].status = status;
        if self.taken[at].unknown.is_some() {
            return;
        }
        if few {
            take(self.ctx, self.objects, &self.people.all[at], &mut self.taken[at], &Interest::All);
        } else {
            self.large.push(at);
        }
    }
}

/// Gives `enter` what git says of each worktree of which not all is known, as it comes in.
fn statuses(
    ctx: &Context,
    people: &Everybody,
    known: &[Option<Kept>],
    (options, early): (&SurveyOptions, Option<Early<'_>>),
    mut enter: impl FnMut(usize, Result<Status, git::Error>),
) {
    let place = |early: &Early<'_>| people.all.iter().position(|person| person.identity == early.identity);
    let early = early.and_then(|early| Some((place(&early)?, early.status)));
    let asked = |(at, person): (usize, _)| match &known[at] {
        Some(kept) if kept.changed.is_empty() => None,
        _ if early.as_ref().is_some_and(|(early, _)| *early == at) => None,
        kept => Some((at, person, kept.as_ref())),
    };
    let readable = |person: &Who| person.worktree.as_deref().is_some_and(Worktree::is_readable);
    let all = people.all.iter().enumerate().filter(|(_, person)| readable(person));
    let to_read: Vec<(usize, &Who, Option<&Kept>)> = all.filter_map(asked).collect();
    let count = to_read.len() + usize::from(early.is_some());
    let mut enter = |done: usize, (at, answer)| {
        if let Some(progress) = &options.progress {
            progress(done, count);
        }
        enter(at, answer);
    };
    if to_read.is_empty() {
        // Nobody else is asked: it is waited for here, without a thread that waits for a thread.
        if let Some((at, status)) = early {
            enter(count, (at, joined(status.join())));
        }
        return;
    }
    let ((send, receive), next) = (mpsc::channel(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..workers(to_read.len()) {
            let (send, next, to_read) = (send.clone(), &next, &to_read);
            scope.spawn(move || ask(ctx, to_read, (next, options.memo.is_some()), &send));
        }
        if let Some((at, status)) = early {
            // Where nobody receives it, nobody wants it.
            scope.spawn(move || drop(send.send((at, joined(status.join())))));
        } else {
            drop(send);
        }
        for (before, answer) in receive.iter().enumerate() {
            enter(before + 1, answer);
        }
    });
}

/// What git said of a worktree, and what changed there since.
fn remembered(person: &Who, options: &SurveyOptions) -> Option<Kept> {
    let worktree = person.worktree.as_ref().filter(|worktree| worktree.is_readable())?;
    let memo = options.memo.as_ref().filter(|_| worktree.operation.is_none())?;
    memo.get(&person.identity, person.tip)
}

/// What stands before anything was read.
fn unread(person: &Who) -> Taken {
    Taken { line: person.tip, unknown: person.broken.clone(), ..Taken::default() }
}

/// What an instance of another machine published.
fn of_other_machine(ctx: &Context, objects: &Objects, synced: &Synced) -> Taken {
    let stand = sync::stand(ctx, objects, synced, None);
    let status = Status { entries: stand.entries, partial: None };
    let line = stand.as_it_lies.or(stand.committed);
    Taken { status, line, unknown: stand.unknown, ..Taken::default() }
}

/// As many as the machine runs side by side.
fn workers(work: usize) -> usize {
    processors().clamp(1, 16).min(work)
}

/// Asks git about one worktree after another until none is left.
fn ask(
    ctx: &Context,
    people: &[(usize, &Who, Option<&Kept>)],
    (next, memo): (&AtomicUsize, bool),
    send: &Sender<(usize, Result<Status, git::Error>)>,
) {
    while let Some((at, person, kept)) = people.get(next.fetch_add(1, Ordering::Relaxed)) {
        let Some(worktree) = &person.worktree else { continue };
        let status = match kept {
            Some(kept) => status::read_on(&ctx.repository, worktree, &kept.status, &kept.changed),
            // Whoever looks again and again knows what changes, and keeps what was said.
            None if memo => status::read(&ctx.repository, worktree),
            None => statuses::read(ctx, worktree),
        };
        if send.send((*at, status)).is_err() {
            return;
        }
    }
}

fn take(ctx: &Context, objects: &Objects, person: &Who, taken: &mut Taken, interest: &Interest) {
    let Some(worktree) = &person.worktree else { return };
    taken.unknown = taken.status.partial.clone();
    match snapshot::take(objects, &ctx.repository, worktree, &taken.status, interest) {
        Ok(snapshot) => {
            taken.line = snapshot.commit;
            taken.snapshot = snapshot;
        }
        Err(error) => taken.unknown = Some(error.to_string()),
    }
}

/// Takes the worktrees in which very much is changed: there only what another may meet is read.
fn take_large(
    ctx: &Context,
    objects: &Objects,
    target: &Target,
    people: &Everybody,
    taken: &mut [Taken],
    large: &[usize],
) {
    if large.is_empty() {
        return;
    }
    let tips: Vec<Option<ObjectId>> = people.all.iter().map(|person| person.tip).collect();
    let forks = forks(objects, target, &tips);
    let between = |from: Option<ObjectId>, to| match from {
        Some(_) => changes(objects, from, to).unwrap_or_default(),
        None => Vec::new(),
    };
    let committed: Vec<Vec<tree::TreeChange>> =
        forks.iter().zip(&tips).map(|(&fork, &tip)| between(fork, tip)).collect();
    for &at in large {
        let mut near = Near::default();
        for (other, taken) in taken.iter().enumerate().filter(|(other, _)| *other != at) {
            add(&mut near, &taken.status, &committed[other]);
        }
        add(&mut near, &Status::default(), &between(forks[at], target.tip));
        let own_deletions = taken[at].status.entries.values().any(|entry| entry.worktree_mode == 0 && !entry.untracked);
        let interest = if own_deletions { with_rename_candidates(near, &taken[at].status) } else { near };
        take(ctx, objects, &people.all[at], &mut taken[at], &Interest::Near(interest));
    }
}

fn add(near: &mut Near, status: &Status, committed: &[tree::TreeChange]) {
    for (path, entry) in &status.entries {
        if entry.worktree_mode == 0 && !entry.untracked { near.add_deleted(path) } else { near.add(path) }
    }
    for change in committed {
        if change.after.is_none() { near.add_deleted(&change.path) } else { near.add(&change.path) }
    }
}

/// Where files were deleted, new files may be where they went: as many of them as git would look at by default.
fn with_rename_candidates(mut near: Near, status: &Status) -> Near {
    let new = |entry: &&status::Entry| entry.head_mode == 0 && (entry.untracked || entry.worktree_mode != 0);
    let gone: BTreeSet<&[u8]> = status
        .entries
        .iter()
        .filter(|(_, entry)| entry.worktree_mode == 0 && !entry.untracked)
        .map(|(path, _)| path.file_name())
        .collect();
    let all_new = status.entries.iter().filter(|(_, entry)| new(entry));
    let (named, others): (Vec<_>, Vec<_>) = all_new.partition(|(path, _)| gone.contains(path.file_name()));
    for (path, _) in named.into_iter().chain(others.into_iter().take(FEW)) {
        near.add(path);
    }
    near
}

/// Where tips left the target; `None` where that is no single commit, or cannot be told.
pub(in crate::ops) fn forks(objects: &Objects, target: &Target, tips: &[Option<ObjectId>]) -> Vec<Option<ObjectId>> {
    let known: Vec<ObjectId> = tips.iter().flatten().copied().collect();
    let all_at_once = target.tip.map(|target| history::fork_points(objects, target, &known));
    let mut found = match all_at_once {
        None => Vec::new(),
        Some(Ok(forks)) => forks,
        // One tip whose history is not whole must not hide the others'.
        Some(Err(_)) => known.iter().map(|&tip| single(objects, target, tip)).collect(),
    }
    .into_iter();
    let mut fork = |tip: &Option<ObjectId>| tip.and_then(|_| found.next())?.commits().first().copied();
    tips.iter().map(&mut fork).collect()
}

fn single(objects: &Objects, target: &Target, tip: ObjectId) -> Fork {
    let forks = target.tip.and_then(|target| history::fork_points(objects, target, &[tip]).ok());
    forks.and_then(|mut forks| forks.pop()).unwrap_or(Fork::None)
}

/// What lies between two commits; all of the second where there is no first, as for work without a fork point.
pub(super) fn changes(
    objects: &Objects,
    from: Option<ObjectId>,
    to: Option<ObjectId>,
) -> Result<Vec<tree::TreeChange>, git::Error> {
    let tree = |commit: Option<ObjectId>| commit.map(|id| objects.commit(id).map(|commit| commit.tree)).transpose();
    match to {
        Some(_) => tree::diff(objects, tree(from)?, tree(to)?),
        None => Ok(Vec::new()),
    }
}
