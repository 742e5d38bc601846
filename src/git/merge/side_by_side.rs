//! Doing one thing to many items on all processors, each thread with its own reader of objects. The answer is the same
//! whatever the number of threads. Must not know: what is done.

use std::cell::RefCell;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::super::attributes::ByPath;
use super::super::error::Error;
use super::super::objects::{Added, ObjectStore, Seed};
use super::super::program::Git;
use super::super::repository::joined;
use super::content::Contents;
use super::settings::MergeSettings;
use super::{Judge, Work};
use crate::domain::id::ObjectId;

/// Fewer items are not worth the threads' start.
const FEW: usize = 100;

/// No more items than this are taken at a time, as some cost a thousand times what others do,
const BATCH: usize = 8;

/// and each thread comes so often at least.
const TURNS: usize = 4;

/// More threads than this wait for each other more than they work.
const MOST: usize = 16;

/// `act` on each item, the results in the items' order. What it adds to the objects in memory is `work`'s afterwards.
///
/// # Errors
/// The first error by the items' order among those met; items after it may not have been looked at.
pub(super) fn map<T: Sync, R: Send>(
    work: &Work<'_>,
    items: &[T],
    act: impl Fn(&Work<'_>, &T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    map_heavy(work, items, items.len(), act)
}

/// As [`map`], of items that are worth as much as so many light ones.
pub(super) fn map_heavy<T: Sync, R: Send>(
    work: &Work<'_>,
    items: &[T],
    worth: usize,
    act: impl Fn(&Work<'_>, &T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    // Asking for the processors takes a dozen system calls: too many for a hook.
    let threads = if worth < FEW { 1 } else { thread::available_parallelism().map_or(1, NonZero::get).min(MOST) };
    let threads = threads.min(items.len());
    if threads <= 1 {
        return items.iter().map(|item| act(work, item)).collect();
    }
    // Of a few each thread takes one after the other.
    let batch = (items.len() / threads / TURNS).clamp(1, BATCH);
    let queue = Queue { items, batch, next: AtomicUsize::new(0), failed: AtomicUsize::new(usize::MAX) };
    let (shared, act, queue) = (&Shared::of(work), &act, &queue);
    let (mine, others) = thread::scope(|scope| {
        let seeds = (1..threads).map(|_| work.judge.objects.seed());
        let others: Vec<_> =
            seeds.map(|seed| scope.spawn(move || shared.with(seed, |work| queue.work_off(work, act)))).collect();
        let mine = queue.work_off(work, act);
        (mine, others.into_iter().map(|other| joined(other.join())).collect::<Vec<_>>())
    });
    let mut done = mine;
    for other in others {
        let (found, added) = other?;
        done.extend(found);
        work.judge.objects.take_over(added);
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Results with their items' places.
type Done<R> = Vec<(usize, Result<R, Error>)>;

struct Queue<'i, T> {
    items: &'i [T],
    /// How many are taken at a time.
    batch: usize,
    next: AtomicUsize,
    /// The first item that is known to have failed.
    failed: AtomicUsize,
}

impl<T> Queue<'_, T> {
    /// Takes batch after batch until none is left before a failure.
    fn work_off<R>(&self, work: &Work<'_>, act: &impl Fn(&Work<'_>, &T) -> Result<R, Error>) -> Done<R> {
        let mut done = Vec::new();
        loop {
            let first = self.next.fetch_add(self.batch, Ordering::Relaxed);
            if first >= self.items.len() || first > self.failed.load(Ordering::Relaxed) {
                return done;
            }
            for (at, item) in self.items.iter().enumerate().skip(first).take(self.batch) {
                let result = act(work, item);
                if result.is_err() {
                    self.failed.fetch_min(at, Ordering::Relaxed);
                }
                done.push((at, result));
            }
        }
    }
}

/// What all threads work with.
struct Shared<'a> {
    store: &'a ObjectStore,
    git: &'a Git,
    repository: &'a Path,
    settings: &'a MergeSettings,
    target: ObjectId,
    target_tree: ObjectId,
    original: ObjectId,
    all_paths: bool,
    disarmed: &'a Git,
    attributes: Arc<ByPath>,
}

impl<'a> Shared<'a> {
    fn of(work: &'a Work<'_>) -> Self {
        let judge = work.judge;
        Self {
            store: judge.store,
            git: judge.git,
            repository: judge.repository,
            settings: &judge.settings,
            target: work.target,
            target_tree: work.target_tree,
            original: work.original,
            all_paths: work.all_paths,
            disarmed: &work.git,
            attributes: Arc::clone(&work.attributes.borrow()),
        }
    }

    fn with<R>(&self, seed: Seed, run: impl FnOnce(&Work<'_>) -> R) -> Result<(R, Added), Error> {
        let known = seed.known();
        let objects = seed.open()?;
        let judge = Judge {
            objects: &objects,
            store: self.store,
            git: self.git,
            repository: self.repository,
            settings: self.settings.clone(),
        };
        let work = Work {
            judge: &judge,
            target: self.target,
            target_tree: self.target_tree,
            original: self.original,
            all_paths: self.all_paths,
            git: self.disarmed.clone(),
            contents: Contents::new(&objects, &judge.settings),
            attributes: RefCell::new(Arc::clone(&self.attributes)),
            target_adds: RefCell::default(),
            outside: RefCell::default(),
        };
        let result = run(&work);
        drop(work);
        Ok((result, objects.added_beside(&known)))
    }
}
