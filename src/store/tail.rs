//! The end of the event log, followed as it grows, across rotations.
//! Must not know: when it is worth looking.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};

use super::error::Error;
use super::event_line::{self, LONGEST};
use super::{Store, file, platform};
use crate::domain::event::Event;

/// The most bytes read in one go.
const PORTION: u64 = 1 << 20;

/// Where somebody has read up to.
#[derive(Debug)]
pub struct Tail {
    store: Store,
    log: Option<File>,
    at: u64,
}

impl Store {
    /// Follows the log from its end on.
    ///
    /// # Errors
    /// Where it is there and cannot be opened.
    pub fn tail(&self) -> Result<Tail, Error> {
        let log = file::open(&self.events_file(), OpenOptions::new().read(true))?;
        let at = log.as_ref().and_then(|log| log.metadata().ok()).map_or(0, |metadata| metadata.len());
        Ok(Tail { store: self.clone(), log, at })
    }
}

impl Tail {
    /// The events written since the last call, oldest first; a line that is not whole yet is left for the next call.
    ///
    /// # Errors
    /// Where the log is there and cannot be read.
    pub fn read(&mut self) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        loop {
            while self.portion(&mut events)? {}
            let path = self.store.events_file();
            let number = |metadata: std::io::Result<std::fs::Metadata>| {
                metadata.ok().and_then(|metadata| platform::file_number(&metadata))
            };
            let current = file::open(&path, OpenOptions::new().read(true))?;
            let there = current.as_ref().map(|file| number(file.metadata()));
            let ours = self.log.as_ref().map(|file| number(file.metadata()));
            if there.is_none() || there == ours {
                return Ok(events);
            }
            (self.log, self.at) = (current, 0);
        }
    }

    /// Reads on in the open file; `false` where nothing whole is left in it.
    fn portion(&mut self, events: &mut Vec<Event>) -> Result<bool, Error> {
        let path = self.store.events_file();
        let failed = |source| Error::io("read", &path, source);
        let Some(log) = &mut self.log else { return Ok(false) };
        let mut bytes = Vec::new();
        log.seek(SeekFrom::Start(self.at)).map_err(failed)?;
        log.take(PORTION).read_to_end(&mut bytes).map_err(failed)?;
        let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') else {
            if bytes.len() <= LONGEST {
                return Ok(false);
            }
            // No line of ours is that long, but one may be at its end.
            self.at += (bytes.len() - LONGEST) as u64;
            return Ok(true);
        };
        self.at += end as u64 + 1;
        let lines = bytes[..end].split(|&byte| byte == b'\n');
        events.extend(lines.filter_map(|line| event_line::read(line.trim_ascii()).0));
        Ok(true)
    }
}
