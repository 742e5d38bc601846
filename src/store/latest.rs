//! The latest events of the log, read from its end: what a log of gigabytes holds further back is not looked at.
//! Must not know: why they are wanted.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;

use super::error::Error;
use super::event_line::{self, LONGEST};
use super::events::{EventFilter, LONGEST_READ};
use super::{Store, platform};
use crate::domain::event::Event;

/// So much is read in one go.
const PORTION: u64 = 128 << 10;

impl Store {
    /// The latest `number` events among those that are wanted, oldest first. Lines that hold no event are passed over.
    ///
    /// # Errors
    /// Where a file of the log is there and cannot be read.
    pub fn latest(
        &self,
        filter: &EventFilter,
        number: usize,
        wants: &dyn Fn(&Event) -> bool,
    ) -> Result<Vec<Event>, Error> {
        let mut latest = VecDeque::new();
        for (path, file) in self.event_files()?.into_iter().rev() {
            let mut lines = Backwards::new(&path, &file)?;
            while latest.len() < number {
                let Some(line) = lines.next()? else { break };
                let is_young = |event: &Event| filter.since.is_none_or(|since| event.at >= since);
                let (event, _) = event_line::read(line.trim_ascii());
                if let Some(event) = event.filter(|event| is_young(event) && wants(event)) {
                    latest.push_front(event);
                }
            }
        }
        Ok(latest.into())
    }
}

/// The lines of a file, the last first.
struct Backwards<'a> {
    path: &'a Path,
    file: &'a File,
    /// What lies before it was not read yet.
    at: u64,
    /// What was read: whole lines, and at its beginning the end of one that begins further up.
    held: Vec<u8>,
    /// Whether `held` ends within a line that is too long to be one of ours, and of which the end was given.
    in_long: bool,
}

impl<'a> Backwards<'a> {
    fn new(path: &'a Path, file: &'a File) -> Result<Self, Error> {
        let at = file.metadata().map_err(|source| Error::io("read", path, source))?.len();
        Ok(Self { path, file, at, held: Vec::new(), in_long: false })
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            if let Some(end) = self.held.iter().rposition(|&byte| byte == b'\n') {
                let line = self.held.split_off(end + 1);
                self.held.truncate(end);
                if !std::mem::take(&mut self.in_long) && !line.is_empty() {
                    return Ok(Some(line));
                }
                continue;
            }
            if self.held.len() as u64 > LONGEST_READ {
                let held = std::mem::take(&mut self.held);
                if !std::mem::replace(&mut self.in_long, true) {
                    return Ok(Some(held[held.len() - LONGEST..].to_vec()));
                }
            }
            if self.at == 0 {
                let line = std::mem::take(&mut self.held);
                let is_none = std::mem::take(&mut self.in_long) || line.is_empty();
                return Ok(Some(line).filter(|_| !is_none));
            }
            self.read_on()?;
        }
    }

    fn read_on(&mut self) -> Result<(), Error> {
        let size = PORTION.min(self.at);
        self.at -= size;
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        platform::read_at(self.file, &mut bytes, self.at).map_err(|source| Error::io("read", self.path, source))?;
        bytes.append(&mut self.held);
        self.held = bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::domain::event::EventKind;
    use crate::domain::time::Timestamp;

    fn event(at: i64, actor: &str) -> Event {
        Event { at: Timestamp(at), actor: Some(actor.into()), kind: EventKind::Uninstalled }
    }

    fn times(store: &Store, since: Option<i64>, number: usize) -> Vec<i64> {
        let filter = EventFilter { since: since.map(Timestamp) };
        let latest = store.latest(&filter, number, &|event| event.actor.as_deref() != Some("nobody"));
        latest.expect("readable").iter().map(|event| event.at.0).collect()
    }

    #[test]
    fn the_latest_are_found_from_the_end_however_long_the_lines() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path()).expect("a folder");
        assert_eq!(times(&store, None, 5), Vec::<i64>::new());
        let wait = Duration::from_secs(1);
        // Longer than a portion in all, so that lines lie across its edges.
        let many: Vec<Event> = (0..3000).map(|at| event(at, if at % 10 == 0 { "nobody" } else { "auth" })).collect();
        store.append(&many, wait).expect("writable");
        assert_eq!(times(&store, None, 3), [2997, 2998, 2999]);
        assert_eq!(times(&store, Some(2998), 9), [2998, 2999]);
        assert_eq!(times(&store, None, 9999).len(), 2700);
        let whole = fs::read(store.events_file()).expect("there");
        for junk in [&vec![b'x'; 70_000][..], &vec![0; 400_000], b"\n\n\xff\n{}", b""] {
            fs::write(store.events_file(), [&whole[..], junk].concat()).expect("ours");
            store.append(&[event(7000, "auth")], wait).expect("writable");
            assert_eq!(times(&store, None, 2), [2999, 7000]);
            fs::write(store.events_file(), [junk, b"\n", &whole[..], &whole[..20]].concat()).expect("ours");
            assert_eq!(times(&store, None, 1), [2999]);
            assert_eq!(times(&store, None, 9999).len(), 2700);
        }
        fs::rename(store.events_file(), store.events_file().with_extension("1.jsonl")).expect("ours");
        store.append(&[event(8000, "auth")], wait).expect("writable");
        assert_eq!(times(&store, None, 2), [2999, 8000]);
    }
}
