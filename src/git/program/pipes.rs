//! What goes into a child and comes out of it, until it is over or nobody wants it any more.
//! Must not know: which program it is, what any of it means.

use std::io::{Read, Write as _};
use std::process::Child;
use std::thread;

use super::Deadline;

/// Writes the input from a thread of its own, so that a child that answers while it reads cannot block both. A child
/// that does not want all of it closes the pipe; that is no error.
pub(super) fn feed(child: &mut Child, bytes: Option<Vec<u8>>) {
    if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), bytes) {
        thread::spawn(move || drop(pipe.write_all(&bytes)));
    }
}

/// Standard output and standard error, both to their ends; `None` where the deadline passes before.
#[cfg(unix)]
pub(super) fn read(child: &mut Child, deadline: Deadline) -> Option<(Vec<u8>, Vec<u8>)> {
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    // A pipe holds no more than this, as a rule.
    let mut chunk = vec![0; 64 << 10];
    let files = [child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from)];
    let mut open = files.map(|file| file.map(File::from));
    let mut read = [Vec::new(), Vec::new()];
    while open.iter().any(Option::is_some) {
        let mut awaited: Vec<PollFd<'_>> = open.iter().flatten().map(|file| PollFd::new(file, PollFlags::IN)).collect();
        let left = deadline.left();
        let span = left.and_then(|left| Timespec::try_from(left).ok());
        let polled = poll(&mut awaited, span.as_ref());
        if matches!(polled, Ok(0) | Err(Errno::INTR)) {
            if deadline.passed() {
                return None;
            }
            continue;
        }
        // Where it cannot be told, one after the other is the best that can be had.
        let is_ready = |one: &PollFd<'_>| polled.is_err() || !one.revents().is_empty();
        let mut ready = awaited.iter().map(is_ready).collect::<Vec<_>>().into_iter();
        for (pipe, read) in open.iter_mut().zip(&mut read) {
            let Some(file) = pipe.as_mut().filter(|_| ready.next().unwrap_or(true)) else { continue };
            match file.read(&mut chunk) {
                Ok(len @ 1..) => read.extend_from_slice(&chunk[..len]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // What came before a failing read is kept: the exit code says whether it is whole.
                Ok(_) | Err(_) => *pipe = None,
            }
        }
    }
    let [stdout, stderr] = read;
    Some((stdout, stderr))
}

/// The same, each read by a thread of its own.
#[cfg(not(unix))]
pub(super) fn read(child: &mut Child, deadline: Deadline) -> Option<(Vec<u8>, Vec<u8>)> {
    let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
    Some((await_until(&stdout, deadline)?, await_until(&stderr, deadline)?))
}

#[cfg(not(unix))]
fn drain(pipe: Option<impl Read + Send + 'static>) -> std::sync::mpsc::Receiver<Vec<u8>> {
    let (send, receive) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before a failing read is kept: the exit code says whether it is whole.
            drop(pipe.by_ref().read_to_end(&mut bytes));
        }
        drop(send.send(bytes));
    });
    receive
}

#[cfg(not(unix))]
fn await_until(pipe: &std::sync::mpsc::Receiver<Vec<u8>>, deadline: Deadline) -> Option<Vec<u8>> {
    match deadline.left() {
        None => pipe.recv().ok(),
        Some(left) => pipe.recv_timeout(left).ok(),
    }
}
