//! Work that nobody waits for before the command is done: it is over when the context is.
//! Must not know: what is done.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

type Work = Box<dyn FnOnce() + Send>;

/// One piece of work at a time, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Meanwhile(Mutex<Option<(Sender<Work>, JoinHandle<()>)>>);

impl Meanwhile {
    /// Does it beside whatever comes next, after what was started before.
    pub(super) fn start(&self, work: impl FnOnce() + Send + 'static) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (queue, _) = running.get_or_insert_with(|| {
            let (queue, works) = mpsc::channel();
            (queue, thread::spawn(move || run(&works)))
        });
        // Where what came before panicked, nobody does it: nobody depends on it.
        drop(queue.send(Box::new(work)));
    }
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        if let Some((queue, running)) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            drop(queue);
            // What panicked has said so itself.
            drop(running.join());
        }
    }
}

fn run(works: &Receiver<Work>) {
    for work in works {
        work();
    }
}
