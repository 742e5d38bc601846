//! Being ended early and leaving nothing behind: on Ctrl-C and its like the process's temporary folders go first.
//! Must not know: who made the folders, and what for.

use std::fs;
use std::path::Path;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// A child that ends at the same time may still write into a folder that is being removed.
const TRIES: usize = 3;

/// From now on SIGINT, SIGTERM and SIGHUP first remove what lies in `folder` under a name that begins with `prefix`, and
/// then end the process as they would have. Not for programs that have to restore a terminal themselves.
pub fn clean_up_first(folder: &Path, prefix: &str) {
    // Without a handler the process ends as any other does, and leaves a folder for the system to sweep.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
    let (folder, prefix) = (folder.to_owned(), prefix.to_owned());
    drop(thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            remove(&folder, &prefix);
            drop(emulate_default_handler(signal));
        }
    }));
}

fn remove(folder: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let is_ours = |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| name.starts_with(prefix));
    for entry in entries.flatten().filter(|entry| is_ours(&entry.file_name())) {
        (0..TRIES).any(|_| fs::remove_dir_all(entry.path()).is_ok());
    }
}
