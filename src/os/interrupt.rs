//! Being ended early and leaving nothing behind: on Ctrl-C and its like the process's temporary folders go first.
//! Must not know: who made the folders, and what for.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// So often is looked again: what is at work at the same moment may still make a folder anew.
const LOOKS: usize = 1000;

/// Tells whether the process is being ended.
#[derive(Clone, Debug, Default)]
pub struct Ending(Arc<AtomicBool>);

impl Ending {
    /// Never comes back once the process is being ended: what fails then fails because its folders are gone.
    pub fn hold(&self) {
        while self.0.load(Ordering::Acquire) {
            thread::park();
        }
    }
}

/// From now on SIGINT, SIGTERM and SIGHUP first remove what lies in `folder` under a name that begins with `prefix`, and
/// then end the process as they would have. Not for programs that have to restore a terminal themselves.
#[must_use]
pub fn clean_up_first(folder: &Path, prefix: &str) -> Ending {
    let ending = Ending::default();
    // Without a handler the process ends as any other does, and leaves a folder for the system to sweep.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return ending };
    let (folder, prefix, told) = (folder.to_owned(), prefix.to_owned(), ending.clone());
    drop(thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            told.0.store(true, Ordering::Release);
            // Until nothing was there at two looks in a row.
            let mut looks = (0..LOOKS).map(|_| remove(&folder, &prefix));
            while looks.any(|found| !found) && looks.next().is_some_and(|found| found) {}
            drop(emulate_default_handler(signal));
        }
    }));
    ending
}

/// Removes them; whether there were any.
fn remove(folder: &Path, prefix: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    let is_ours = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with(prefix));
    let mut found = false;
    for entry in entries.flatten().filter(|entry| is_ours(&entry.file_name())) {
        found = true;
        // What could not be removed is met again by the next look.
        drop(fs::remove_dir_all(entry.path()));
    }
    found
}
