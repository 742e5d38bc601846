//! The memory: a marked block of coord's in a file of the user's, newest first, of bounded size; every other byte stays.
//! Must not know: what is worth remembering, whether git tracks the file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::Error;
use super::file::{self, Lasting};
use super::{Store, lock, platform};

/// The most bytes of the block, its marks included.
pub const LARGEST_BLOCK: usize = 8192;

const BEGIN: &str = "<!-- coord: begin (kept by coord, newest first; everything else in this file is yours) -->\n";
const END: &str = "<!-- coord: end -->\n";

/// What a mark is known by, whatever else its line says in another version.
const BEGIN_MARK: &[u8] = b"<!-- coord: begin";
const END_MARK: &[u8] = b"<!-- coord: end -->";

/// How often writing begins again because somebody changed the file meanwhile.
const TRIES: usize = 5;

/// Where the memory of a repository lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Memory {
    top: PathBuf,
    file: PathBuf,
}

impl Memory {
    /// The memory in `file` (`.claude/memory.md`) of the worktree at `top`.
    #[must_use]
    pub fn in_worktree(top: &Path, file: &str) -> Self {
        Self { top: top.to_owned(), file: top.join(file) }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }
}

impl Store {
    /// Puts lines at the top of the block, in their order, and drops the oldest where it grows too large. Takes a lock
    /// of its own, waiting for at most `wait`.
    ///
    /// # Errors
    /// Where the file is no plain file, or cannot be read or replaced; it is as it was then.
    pub fn remember(&self, memory: &Memory, lines: &[String], wait: Duration) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        file::make_folder(&self.dir, self.mode)?;
        let _guard = lock::acquire(&self.dir.join("memory.lock"), self.mode & 0o666, wait)?;
        make_folders(memory)?;
        for _ in 0..TRIES {
            let old = file::read(&memory.file, file::LARGEST)?;
            let new = with_lines(old.as_deref().unwrap_or_default(), lines);
            let mode = fs::symlink_metadata(&memory.file).map_or(0o644, |metadata| platform::mode(&metadata));
            // An editor takes no lock of ours; what it saved meanwhile is not written over.
            if file::read(&memory.file, file::LARGEST)? == old {
                return file::replace(&memory.file, &new, mode & 0o777, Lasting::Process);
            }
        }
        Err(Error::io("replace", &memory.file, std::io::ErrorKind::ResourceBusy.into()))
    }
}

/// Makes the folders that lead to the file, none of which may be a link out of the worktree.
fn make_folders(memory: &Memory) -> Result<(), Error> {
    let Some(folder) = memory.file.parent().and_then(|folder| folder.strip_prefix(&memory.top).ok()) else {
        return Err(file::not_ours(&memory.file, "no file inside the worktree"));
    };
    let mut at = memory.top.clone();
    for component in folder.components() {
        at.push(component);
        file::make_folder(&at, 0o755)?;
    }
    Ok(())
}

/// Where the block's lines lie in the text: behind its first mark, up to its last; and where all of it ends.
fn find(text: &[u8]) -> Option<(usize, usize, usize)> {
    let mut at = 0;
    let mut open = None;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let end = at + line.len();
        if line.starts_with(BEGIN_MARK) {
            open = Some((at, end));
        } else if line.starts_with(END_MARK)
            && let Some((start, inner)) = open
        {
            return Some((start, inner, end));
        }
        at = end;
    }
    None
}

fn with_lines(text: &[u8], lines: &[String]) -> Vec<u8> {
    let (before, former, after): (&[u8], &[u8], &[u8]) = match find(text) {
        Some((start, inner, end)) => {
            let body = &text[inner..end];
            let body = &body[..body.len() - body.split_inclusive(|&b| b == b'\n').next_back().map_or(0, <[u8]>::len)];
            (&text[..start], body, &text[end..])
        }
        None => (text, b"", b""),
    };
    let mut block = BEGIN.as_bytes().to_vec();
    let room = LARGEST_BLOCK - END.len();
    let new = lines.iter().map(|line| [line.as_bytes(), b"\n"].concat());
    for line in new.chain(former.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec)) {
        if block.len() + line.len() > room {
            break;
        }
        block.extend_from_slice(&line);
    }
    block.extend_from_slice(END.as_bytes());
    let gap: &[u8] = match before {
        [] => b"",
        _ if find(text).is_some() => b"",
        [.., b'\n'] => b"\n",
        _ => b"\n\n",
    };
    [before, gap, &block, after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn new_lines_come_first_and_the_rest_of_the_file_stays() {
        let mine = b"# Mine\r\n\xff\x00 no end";
        let once = with_lines(mine, &["- one".into()]);
        let twice = with_lines(&once, &["- two".into(), "- and".into()]);
        assert!(twice.starts_with(mine));
        assert_eq!(text(&twice[mine.len()..]), format!("\n\n{BEGIN}- two\n- and\n- one\n{END}"));
        let with_tail = [&twice[..], b"## After\n<!-- coord: begin"].concat();
        let third = with_lines(&with_tail, &["- three".into()]);
        assert!(text(&third).ends_with(&format!("- one\n{END}## After\n<!-- coord: begin")));
        assert_eq!(text(&third).matches(BEGIN).count(), 1);
    }

    #[test]
    fn the_block_stays_within_its_bound() {
        let mut all = b"mine\n".to_vec();
        for n in 0..500 {
            all = with_lines(&all, &[format!("- line {n} {}", "x".repeat(90))]);
        }
        let block = &all[b"mine\n\n".len()..];
        assert!(block.len() <= LARGEST_BLOCK, "{}", block.len());
        assert!(text(block).contains("- line 499 ") && !text(block).contains("- line 100 "));
    }

    #[test]
    fn a_block_without_an_end_is_the_users() {
        let broken = format!("{BEGIN}- theirs\n");
        let new = text(&with_lines(broken.as_bytes(), &["- new".into()]));
        assert!(new.starts_with(&broken) && new.ends_with(&format!("- new\n{END}")), "{new}");
    }

    #[test]
    fn many_writers_lose_nothing_and_a_link_is_left_alone() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(dir.path()).expect("opens");
        let memory = Memory::in_worktree(dir.path(), ".claude/memory.md");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (store, memory) = (&store, &memory);
                scope.spawn(move || {
                    for m in 0..5 {
                        store.remember(memory, &[format!("- {n}.{m}")], Duration::from_secs(20)).expect("written");
                    }
                });
            }
        });
        let all = fs::read_to_string(memory.file()).expect("readable");
        assert_eq!(all.lines().filter(|line| line.starts_with("- ")).count(), 40);
        #[cfg(unix)]
        {
            let link = Memory::in_worktree(dir.path(), "link.md");
            std::os::unix::fs::symlink("/etc/hostname", link.file()).expect("a link");
            assert!(store.remember(&link, &["- x".into()], Duration::from_secs(1)).is_err());
        }
    }
}
