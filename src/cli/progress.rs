//! A line on a watched standard error for work that takes over a second, gone when the work is done.
//! Must not know: what the work is; it only reads a counter.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

/// Work done and work known of, counted by whoever does it.
#[derive(Debug, Default)]
pub(super) struct Counter {
    done: AtomicUsize,
    total: AtomicUsize,
}

/// The line, while this lives.
#[derive(Debug)]
pub(super) struct Progress {
    counter: Arc<Counter>,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Before this nobody wonders what takes so long.
const PATIENCE: Duration = Duration::from_secs(1);
const BEAT: Duration = Duration::from_millis(200);

impl Progress {
    /// Starts to watch where `watched` (standard error is a terminal); else does nothing.
    pub(super) fn start(watched: bool) -> Self {
        let counter = Arc::new(Counter::default());
        let thread = watched.then(|| {
            let (send, receive) = mpsc::channel();
            let counter = Arc::clone(&counter);
            (
                send,
                std::thread::spawn(move || {
                    let mut wait = PATIENCE;
                    let mut shown = false;
                    while let Err(RecvTimeoutError::Timeout) = receive.recv_timeout(wait) {
                        show(&counter);
                        shown = true;
                        wait = BEAT;
                    }
                    if shown {
                        say("\r\x1b[K");
                    }
                }),
            )
        });
        Self { counter, thread }
    }

    /// What the worker calls: so many of so many are done.
    pub(super) fn callback(&self) -> Arc<dyn Fn(usize, usize) + Send + Sync> {
        let counter = Arc::clone(&self.counter);
        Arc::new(move |done, total| {
            counter.done.fetch_max(done, Ordering::Relaxed);
            counter.total.fetch_max(total, Ordering::Relaxed);
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((send, thread)) = self.thread.take() {
            drop(send);
            // A panic of the line's own thread is nobody's concern.
            let _ = thread.join();
        }
    }
}

fn show(counter: &Counter) {
    let (done, total) = (counter.done.load(Ordering::Relaxed), counter.total.load(Ordering::Relaxed));
    match total {
        0 => say("\r\x1b[Kcoord: reading"),
        total => say(&format!("\r\x1b[Kcoord: read {done} of {total}")),
    }
}

fn say(text: &str) {
    let mut err = io::stderr().lock();
    // A terminal that went away ends the line, not the work.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
