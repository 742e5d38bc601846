//! The event log: `coord-events.jsonl`, one line an event, appended by many, rotated, read as a stream.
//! Must not know: why something is worth an event, how events are added up.
//!
//! Lines are in the order of their writing; their times are wall clock times, which may jump. Nothing waits for the
//! disk: a power loss may take the last lines, or leave a torn one, which readers pass over.

use std::collections::VecDeque;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use super::error::Error;
use super::event_line::{self, LONGEST};
use super::{Store, file, lock, platform, wire};
use crate::domain::event::Event;
use crate::domain::time::Timestamp;

/// The name of the file that is written to. Older ones have `.1` (the newest) to `.7` before the extension.
const NAME: &str = "coord-events.jsonl";

/// The file that the lock of those who put the log aside is on.
const LOCK: &str = "events.lock";

/// From which size on a file is put aside, in bytes.
const ROTATE_AT: u64 = 16 << 20;

/// How many files are kept besides the one that is written to. 128 MiB in all.
const KEPT: u32 = 7;

/// The longest line that a reader takes in; what is longer is no line of ours.
pub(super) const LONGEST_READ: u64 = 64 << 10;

/// The log as this process last opened it, for the next event: opening it costs as much as writing.
#[derive(Debug, Default)]
pub(super) struct Held {
    number: Option<(u64, u64)>,
    log: Option<File>,
}

/// Which events are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EventFilter {
    /// Only those of this moment and later.
    pub since: Option<Timestamp>,
}

/// The events of a log, oldest first, read as they are asked for. Lines that are torn, or hold no event, are counted
/// and passed over.
#[derive(Debug)]
pub struct Events {
    files: VecDeque<(PathBuf, File)>,
    current: Option<(PathBuf, BufReader<File>)>,
    since: Option<String>,
    unreadable: u64,
}

impl Store {
    /// The file that events are appended to.
    #[must_use]
    pub fn events_file(&self) -> PathBuf {
        self.dir.join(NAME)
    }

    /// Appends events, each as one line with one write. What a line cannot hold is cut: it has at most 4,096 bytes.
    ///
    /// Takes no lock, as the system keeps the lines of those who append apart; who comes while the file is put aside
    /// writes at the end of that one. Only who puts it aside has a lock, and waits for it for at most `wait`.
    ///
    /// # Errors
    /// Where the log cannot be written: the events before the one that failed are in it, those from it on are not.
    pub fn append(&self, events: &[Event], wait: Duration) -> Result<(), Error> {
        let lines: Vec<Vec<u8>> = events.iter().map(event_line::write).collect();
        let mut left = &*lines;
        while !left.is_empty() {
            let written = self.append_lines(left)?;
            left = &left[written..];
            if !left.is_empty() {
                self.rotate(wait)?;
            }
        }
        Ok(())
    }

    /// Appends lines until the file is full; how many. Whether the last line is torn is not looked at, as that would cost
    /// more than the writing: readers find the event behind it.
    fn append_lines(&self, lines: &[Vec<u8>]) -> Result<usize, Error> {
        let path = self.events_file();
        let mut held = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let (log, mut size) = self.open_log(&path, &mut held)?;
        for (at, line) in lines.iter().enumerate() {
            if size >= ROTATE_AT {
                return Ok(at);
            }
            append_line(log, &path, line)?;
            size += line.len() as u64;
        }
        Ok(lines.len())
    }

    /// The log opened for appending, and its size: as it is held, where it still lies there under its name.
    fn open_log<'a>(&self, path: &Path, held: &'a mut Held) -> Result<(&'a mut File, u64), Error> {
        let there = if held.log.is_some() { file::look(path)? } else { None };
        let size = match there {
            Some(there) if held.number.is_some() && platform::file_number(&there) == held.number => there.len(),
            _ => {
                let (log, metadata) = self.open_anew(path)?;
                *held = Held { number: platform::file_number(&metadata), log: Some(log) };
                metadata.len()
            }
        };
        let log = held.log.as_mut().ok_or_else(|| Error::io("open", path, ErrorKind::NotFound.into()))?;
        Ok((log, size))
    }

    /// Opens what lies under its name, which is made where nothing does.
    fn open_anew(&self, path: &Path) -> Result<(File, Metadata), Error> {
        let mut options = OpenOptions::new();
        options.append(true);
        if let Some(log) = file::open_known(path, &mut options)? {
            return Ok(log);
        }
        let failed = |source| Error::io("open", path, source);
        file::make_folder(&self.dir, self.mode)?;
        let log = file::open_known(path, options.create(true))?;
        platform::set_mode(path, self.mode & 0o666).map_err(failed)?;
        log.ok_or_else(|| failed(ErrorKind::NotFound.into()))
    }

    /// Puts a full file aside, unless somebody else just did.
    fn rotate(&self, wait: Duration) -> Result<(), Error> {
        let _guard = lock::acquire(&self.dir.join(LOCK), self.mode & 0o666, wait)?;
        let is_full = file::look(&self.events_file())?.is_some_and(|metadata| metadata.len() >= ROTATE_AT);
        if is_full { rotate(&self.dir) } else { Ok(()) }
    }

    /// The events, oldest first. Takes no lock and may be used while others write.
    ///
    /// # Errors
    /// Where a file of the log is there and cannot be opened.
    pub fn events(&self, filter: &EventFilter) -> Result<Events, Error> {
        let since = filter.since.map(wire::time_text);
        Ok(Events { files: self.event_files()?, current: None, since, unreadable: 0 })
    }

    /// The files of the log, the oldest first.
    pub(super) fn event_files(&self) -> Result<VecDeque<(PathBuf, File)>, Error> {
        let mut files = VecDeque::new();
        let mut numbers = Vec::new();
        // From the newest on: a rotation meanwhile then shows a file twice, which its number tells, and hides none.
        for age in 0..=KEPT {
            let path = self.dir.join(name(age));
            let Some(file) = file::open(&path, OpenOptions::new().read(true))? else { continue };
            let number = file.metadata().ok().and_then(|metadata| platform::file_number(&metadata));
            if number.is_none() || !numbers.contains(&number) {
                numbers.push(number);
                files.push_front((path, file));
            }
        }
        Ok(files)
    }
}

/// Writes the line with one call. What a full disk left of it stays, as others may have written behind it.
fn append_line(log: &mut File, path: &Path, line: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::io("append to", path, source);
    loop {
        match log.write(line) {
            Ok(written) if written == line.len() => return Ok(()),
            Ok(_) => return Err(failed(ErrorKind::StorageFull.into())),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

fn name(age: u32) -> String {
    if age == 0 { NAME.to_owned() } else { format!("coord-events.{age}.jsonl") }
}

/// Reads on to the end of a line of which `line` is the beginning, and keeps of it what an event has room in.
fn end_of_long(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> std::io::Result<()> {
    while line.last() != Some(&b'\n') {
        line.drain(..line.len().saturating_sub(LONGEST));
        if reader.by_ref().take(LONGEST_READ).read_until(b'\n', line)? == 0 {
            break;
        }
    }
    line.drain(..line.len().saturating_sub(LONGEST));
    Ok(())
}

/// Makes every file one older and drops the oldest. A crash leaves a gap in the ages, which readers do not mind.
fn rotate(dir: &Path) -> Result<(), Error> {
    for age in (0..KEPT).rev() {
        let (from, to) = (dir.join(name(age)), dir.join(name(age + 1)));
        match file::rename(&from, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io("put aside", &from, error));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Events {
    /// How many lines were passed over so far because they hold no event.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Reads one line into `line`, of one that is too long its end alone; `false` at the end of the last file.
    fn read_line(&mut self, line: &mut Vec<u8>) -> Result<bool, Error> {
        loop {
            line.clear();
            let Some((path, reader)) = &mut self.current else {
                let Some((path, file)) = self.files.pop_front() else { return Ok(false) };
                self.current = Some((path, BufReader::with_capacity(256 << 10, file)));
                continue;
            };
            let failed = |source| Error::io("read", path, source);
            let len = reader.by_ref().take(LONGEST_READ).read_until(b'\n', line).map_err(failed)?;
            if len == 0 {
                self.current = None;
            } else if len as u64 == LONGEST_READ && line.last() != Some(&b'\n') {
                end_of_long(reader, line).map_err(failed)?;
                return Ok(true);
            } else {
                return Ok(true);
            }
        }
    }
}

impl Iterator for Events {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        loop {
            match self.read_line(&mut line) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    // Reading on would fail for ever.
                    (self.current, self.files) = (None, VecDeque::new());
                    return Some(Err(error));
                }
            }
            let text = line.trim_ascii();
            let is_early = |since: &String| event_line::is_before(text, since);
            if text.is_empty() || self.since.as_ref().is_some_and(is_early) {
                continue;
            }
            let (event, is_torn) = event_line::read(text);
            self.unreadable += u64::from(is_torn);
            let is_wanted = |event: &Event| self.since.as_ref().is_none_or(|since| wire::time_text(event.at) >= *since);
            if let Some(event) = event.filter(is_wanted) {
                return Some(Ok(event));
            }
        }
    }
}

/// The most that one line of the log has, in bytes, its end included.
pub const LONGEST_LINE: usize = LONGEST;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::event::EventKind;

    const WAIT: Duration = Duration::from_secs(10);

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path()).expect("a folder");
        (dir, store)
    }

    fn event(at: i64) -> Event {
        Event { at: Timestamp(at), actor: Some(format!("e{at}")), kind: EventKind::Uninstalled }
    }

    fn times(store: &Store, since: Option<i64>) -> (Vec<i64>, u64) {
        let mut events = store.events(&EventFilter { since: since.map(Timestamp) }).expect("readable");
        let times = events.by_ref().map(|event| event.expect("readable").at.0).collect();
        (times, events.unreadable())
    }

    #[test]
    fn a_missing_log_is_empty_and_events_come_back_in_order() {
        let (_dir, store) = store();
        assert_eq!(times(&store, None), (vec![], 0));
        store.append(&[event(5), event(3), event(9)], WAIT).expect("writable");
        assert_eq!(times(&store, None), (vec![5, 3, 9], 0));
        assert_eq!(times(&store, Some(5)), (vec![5, 9], 0));
    }

    #[test]
    fn torn_and_foreign_lines_are_passed_over() {
        let (_dir, store) = store();
        store.append(&[event(1)], WAIT).expect("writable");
        let whole = fs::read(store.events_file()).expect("there");
        for torn in [&whole[..whole.len() / 2], b"\xff\xfe", b"{}", &vec![b'x'; 300_000]] {
            fs::write(store.events_file(), [&whole[..], torn].concat()).expect("ours");
            assert_eq!(times(&store, None), (vec![1], 1));
            store.append(&[event(2)], WAIT).expect("writable");
            assert_eq!(times(&store, None), (vec![1, 2], 1));
        }
        fs::write(store.events_file(), [&whole[..whole.len() - 1], b"\n\n\r\n"].concat()).expect("ours");
        assert_eq!(times(&store, None), (vec![1], 0));
    }

    #[test]
    fn what_is_written_behind_a_torn_line_is_found_wherever_it_was_torn() {
        let (_dir, store) = store();
        store.append(&[event(1), event(2)], WAIT).expect("writable");
        let whole = fs::read(store.events_file()).expect("there");
        let first = whole.iter().position(|&byte| byte == b'\n').expect("two lines") + 1;
        for cut in first..=whole.len() {
            fs::write(store.events_file(), &whole[..cut]).expect("ours");
            let mut tail = store.tail().expect("readable");
            store.append(&[event(3), event(4)], WAIT).expect("writable");
            // Without its end a line is whole, but what follows it makes it none.
            let kept: &[i64] = if cut == whole.len() { &[1, 2, 3, 4] } else { &[1, 3, 4] };
            let torn = u64::from(cut != whole.len() && cut != first);
            assert_eq!(times(&store, None), (kept.to_vec(), torn), "{cut}");
            assert_eq!(times(&store, Some(3)), (vec![3, 4], torn), "{cut}");
            let latest = store.latest(&EventFilter::default(), 9, &|_| true).expect("readable");
            assert_eq!(latest.iter().map(|event| event.at.0).collect::<Vec<_>>(), kept, "{cut}");
            let told: Vec<i64> = tail.read().expect("readable").iter().map(|event| event.at.0).collect();
            assert_eq!(told, [3, 4], "{cut}");
        }
    }

    #[test]
    fn who_holds_the_log_writes_to_what_lies_there_now() {
        let (_dir, store) = store();
        let again = store.clone();
        store.append(&[event(1)], WAIT).expect("writable");
        fs::rename(store.events_file(), store.dir().join("elsewhere")).expect("ours");
        store.append(&[event(2)], WAIT).expect("writable");
        again.append(&[event(3)], WAIT).expect("writable");
        assert_eq!(times(&store, None), (vec![2, 3], 0));
        fs::remove_file(store.events_file()).expect("ours");
        store.append(&[event(4)], WAIT).expect("writable");
        assert_eq!(times(&store, None), (vec![4], 0));
        fs::remove_dir_all(store.dir()).expect("ours");
        store.append(&[event(5)], WAIT).expect("writable");
        assert_eq!(times(&store, None), (vec![5], 0));
    }

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_dropped() {
        let (_dir, store) = store();
        for age in 0..12 {
            store.append(&[event(age)], WAIT).expect("writable");
            let log = OpenOptions::new().write(true).open(store.events_file()).expect("there");
            let size = log.metadata().expect("there").len();
            log.set_len(size.max(ROTATE_AT)).expect("sparse");
        }
        store.append(&[event(12)], WAIT).expect("writable");
        let (found, _) = times(&store, None);
        assert_eq!(found, (5..=12).collect::<Vec<_>>());
        assert_eq!(fs::read_dir(store.dir()).expect("there").count(), 9);
    }
}
