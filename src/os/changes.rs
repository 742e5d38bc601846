//! What changed on disk, told by the system where it can, else found out by whoever asks by looking again now and then.
//! Must not know: what the files hold, what a change means.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// How often to look where the system does not tell.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// After a change, more of the same are waited for: a save, a checkout, are many.
const SETTLE: Duration = Duration::from_millis(40);

/// However much goes on, so late is told what changed: a build may write for minutes.
const PATIENCE: Duration = Duration::from_millis(400);

/// So much may wait to be heard; beyond it nobody counts any more, and all is looked at.
const HELD: usize = 20_000;

/// What a wait came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Waited {
    /// These changed.
    Changed(BTreeSet<PathBuf>),
    /// Something may have changed: the system does not tell, or told too much at once.
    Perhaps,
    /// Nothing did.
    Nothing,
    /// Somebody called [`Waker::wake`].
    Woken,
}

enum Message {
    Event(notify::Result<notify::Event>),
    Wake,
}

/// Watches folders and files.
pub struct Watcher {
    system: Option<RecommendedWatcher>,
    receive: Receiver<Message>,
    waker: Waker,
    /// Whether more came than could wait.
    flooded: Arc<AtomicBool>,
    watched: BTreeSet<PathBuf>,
    blind: bool,
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher")
            .field("watched", &self.watched.len())
            .field("blind", &self.blind)
            .finish_non_exhaustive()
    }
}

/// Ends a wait from another thread.
#[derive(Clone, Debug)]
pub struct Waker {
    send: SyncSender<Message>,
    called: Arc<AtomicBool>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message")
    }
}

impl Waker {
    /// Ends the wait; `false` where nobody waits any more.
    pub fn wake(&self) -> bool {
        self.called.store(true, Ordering::Release);
        // Where no more can wait, whoever listens is busy, and sees that somebody called.
        !matches!(self.send.try_send(Message::Wake), Err(TrySendError::Disconnected(_)))
    }
}

impl Default for Watcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Watcher {
    /// Watches nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let (send, receive) = mpsc::sync_channel(HELD);
        let (to, flooded) = (send.clone(), Arc::<AtomicBool>::default());
        let floods = Arc::clone(&flooded);
        let hear = move |event: notify::Result<notify::Event>| {
            // Reading is told too, of each folder that a look at everybody opens: it must not fill what changes need.
            let is_reading = event.as_ref().is_ok_and(|event| !event.need_rescan() && is_reading(event.kind));
            if !is_reading && to.try_send(Message::Event(event)).is_err() {
                floods.store(true, Ordering::Release);
            }
        };
        let system = notify::recommended_watcher(hear).ok();
        let waker = Waker { send, called: Arc::default() };
        Self { blind: system.is_none(), system, receive, waker, flooded, watched: BTreeSet::new() }
    }

    /// What ends a wait from another thread.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Whether the system tells of everything that is watched.
    #[must_use]
    pub fn sees(&self) -> bool {
        !self.blind
    }

    /// Watches a folder (its entries alone) or a file too. What cannot be watched is looked at now and then.
    pub fn add(&mut self, path: &Path) {
        if self.watched.contains(path) || !path.exists() {
            return;
        }
        let Some(system) = &mut self.system else { return };
        if system.watch(path, RecursiveMode::NonRecursive).is_ok() {
            self.watched.insert(path.to_owned());
        } else {
            self.blind = true;
        }
    }

    /// Stops watching everything that `keep` does not name.
    pub fn keep(&mut self, keep: &BTreeSet<PathBuf>) {
        let gone: Vec<PathBuf> = self.watched.iter().filter(|path| !keep.contains(*path)).cloned().collect();
        for path in gone {
            if let Some(system) = &mut self.system {
                drop(system.unwatch(&path));
            }
            self.watched.remove(&path);
        }
    }

    /// The system watches nothing of a folder that is gone, even where another takes its name.
    fn forget(&mut self, gone: &BTreeSet<PathBuf>) {
        for path in gone {
            let below: Vec<PathBuf> =
                self.watched.range(path.clone()..).take_while(|at| at.starts_with(path)).cloned().collect();
            for path in below {
                if let Some(system) = &mut self.system {
                    drop(system.unwatch(&path));
                }
                self.watched.remove(&path);
            }
        }
    }

    /// How many folders and files are watched.
    #[must_use]
    pub fn count(&self) -> usize {
        self.watched.len()
    }

    /// Waits until something changed and came to rest, for at most `longest`; for ever where that is `None`.
    #[must_use]
    pub fn wait(&mut self, longest: Option<Duration>) -> Waited {
        let limit = match (self.blind, longest) {
            (true, longest) => Some(longest.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)),
            (false, longest) => longest,
        };
        let mut gathered = Gathered::default();
        let mut first = None;
        let mut next = match limit {
            Some(limit) => self.receive.recv_timeout(limit),
            None => self.receive.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        loop {
            match next {
                Ok(message) => gathered.take(message),
                Err(error) => {
                    self.blind |= error == RecvTimeoutError::Disconnected;
                    break;
                }
            }
            if gathered.is_empty() {
                next = self.receive.recv_timeout(limit.unwrap_or(LOOK_AGAIN));
                continue;
            }
            let patience = PATIENCE.saturating_sub(first.get_or_insert_with(Instant::now).elapsed());
            if gathered.woken || patience.is_zero() {
                break;
            }
            next = self.receive.recv_timeout(SETTLE.min(patience));
        }
        gathered.woken |= self.waker.called.swap(false, Ordering::AcqRel);
        gathered.perhaps |= self.flooded.swap(false, Ordering::AcqRel);
        self.forget(&gathered.gone);
        if gathered.perhaps {
            // A folder may have gone and come again: it is watched no more, and nobody said so.
            self.keep(&BTreeSet::new());
        }
        match gathered {
            Gathered { woken: true, .. } => Waited::Woken,
            Gathered { perhaps: true, .. } => Waited::Perhaps,
            Gathered { paths, .. } if !paths.is_empty() => Waited::Changed(paths),
            _ if self.blind => Waited::Perhaps,
            _ => Waited::Nothing,
        }
    }
}

/// Reading is no change; our own reading would wake us for ever.
fn is_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

#[derive(Default)]
struct Gathered {
    paths: BTreeSet<PathBuf>,
    gone: BTreeSet<PathBuf>,
    perhaps: bool,
    woken: bool,
}

impl Gathered {
    fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.perhaps && !self.woken
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Wake => self.woken = true,
            Message::Event(Err(_)) => self.perhaps = true,
            Message::Event(Ok(event)) if event.need_rescan() => self.perhaps = true,
            Message::Event(Ok(event)) => {
                if matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) {
                    self.gone.extend(event.paths.iter().cloned());
                }
                self.paths.extend(event.paths);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const LONG: Option<Duration> = Some(Duration::from_secs(20));

    /// A folder of its own for one test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/tmp");
            let folder = folder.join(format!("changes-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("target is ours");
            Self(folder)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn a_folder_that_went_and_came_again_is_watched_again() {
        let dir = Scratch::new("again");
        let (folder, file) = (dir.0.join("src"), dir.0.join("src/x"));
        let mut watcher = Watcher::new();
        watcher.add(&dir.0);
        let until = |watcher: &mut Watcher, path: &Path| loop {
            match watcher.wait(LONG) {
                Waited::Changed(paths) if paths.contains(path) => return,
                Waited::Changed(_) => {}
                other => panic!("{path:?}: {other:?}"),
            }
        };
        if !watcher.sees() {
            return;
        }
        for round in 0..2 {
            fs::create_dir(&folder).expect("made");
            until(&mut watcher, &folder);
            watcher.add(&folder);
            fs::write(&file, round.to_string()).expect("written");
            until(&mut watcher, &file);
            fs::remove_dir_all(&folder).expect("ours");
            until(&mut watcher, &folder);
        }
    }

    #[test]
    fn what_never_comes_to_rest_is_told_all_the_same() {
        let dir = Scratch::new("restless");
        let mut watcher = Watcher::new();
        watcher.add(&dir.0);
        if !watcher.sees() {
            return;
        }
        let (done, is_done) = mpsc::channel::<()>();
        let file = dir.0.join("log");
        let writer = std::thread::spawn(move || {
            let mut round = 0u64;
            while is_done.try_recv() == Err(mpsc::TryRecvError::Empty) {
                round += 1;
                fs::write(&file, round.to_string()).expect("written");
            }
        });
        let waited = watcher.wait(LONG);
        drop(done);
        writer.join().expect("no panic");
        assert!(matches!(waited, Waited::Changed(_) | Waited::Perhaps), "{waited:?}");
    }

    #[test]
    fn reading_fills_nothing() {
        let dir = Scratch::new("reading");
        let mut watcher = Watcher::new();
        fs::write(dir.0.join("x"), "1").expect("written");
        watcher.add(&dir.0);
        if !watcher.sees() {
            return;
        }
        // Fewer at a time than the system itself would let wait.
        for _ in 0..8 {
            for _ in 0..HELD / 5 {
                drop(fs::read(dir.0.join("x")));
            }
            assert_eq!(watcher.wait(Some(Duration::from_millis(60))), Waited::Nothing);
        }
    }

    #[test]
    fn more_than_can_wait_is_looked_at_as_a_whole() {
        let dir = Scratch::new("flood");
        let mut watcher = Watcher::new();
        watcher.add(&dir.0);
        if !watcher.sees() {
            return;
        }
        for round in 0..HELD {
            fs::write(dir.0.join("x"), round.to_string()).expect("written");
        }
        assert_eq!(watcher.wait(LONG), Waited::Perhaps);
        watcher.add(&dir.0);
        while watcher.wait(Some(Duration::from_millis(60))) != Waited::Nothing {}
        fs::write(dir.0.join("y"), "told").expect("written");
        assert_eq!(watcher.wait(LONG), Waited::Changed(BTreeSet::from([dir.0.join("y")])));
        for _ in 0..=HELD {
            assert!(watcher.waker().wake());
        }
        assert_eq!(watcher.wait(LONG), Waited::Woken);
    }

    #[test]
    fn a_change_is_told_and_reading_is_none() {
        let dir = Scratch::new("told");
        let file = dir.0.join("x");
        fs::write(&file, "1").expect("written");
        let mut watcher = Watcher::new();
        watcher.add(&dir.0);
        if !watcher.sees() {
            return;
        }
        drop(fs::read(&file));
        fs::write(dir.0.join("y"), "2").expect("written");
        match watcher.wait(LONG) {
            Waited::Changed(paths) => assert!(paths.iter().all(|path| path.ends_with("y")), "{paths:?}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(watcher.wait(Some(Duration::from_millis(60))), Waited::Nothing);
        watcher.waker().wake();
        assert_eq!(watcher.wait(LONG), Waited::Woken);
    }
}
