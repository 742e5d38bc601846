//! Work that nobody waits for before the command is done: it is over when the context is.
//! Must not know: what is done.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// One piece of work at a time, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Meanwhile(Mutex<Option<JoinHandle<()>>>);

impl Meanwhile {
    /// Starts it beside whatever comes next, after what was started before.
    pub(super) fn start(&self, work: impl FnOnce() + Send + 'static) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wait(running.take());
        *running = Some(thread::spawn(work));
    }
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        wait(self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// What panicked has said so itself, and is lost: nobody depends on it.
fn wait(running: Option<JoinHandle<()>>) {
    drop(running.map(JoinHandle::join));
}
