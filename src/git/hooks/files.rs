//! Hook files: what lies at a hook's name, putting coord's block in, taking it out so that every byte is as it was.
//! Must not know: which folder git looks in, what the block says.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::shim;
use crate::domain::setup::Action;
use crate::git::Error;

/// What lies at a hook's name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lying {
    /// Nothing.
    Nothing,
    /// A file with a block of coord's in it.
    Block {
        /// The whole file.
        text: Vec<u8>,
        /// Whether git would run it.
        runs: bool,
    },
    /// Anything else.
    Foreign {
        /// The whole file; empty for what cannot be read as one.
        text: Vec<u8>,
        /// Whether git would run it.
        runs: bool,
        /// Whether it is a symbolic link.
        link: bool,
    },
}

/// Looks at one hook.
pub fn look(path: &Path) -> Result<Lying, Error> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Lying::Nothing),
        Err(error) => return Err(file("look at", path)(error)),
    };
    if meta.is_dir() {
        return Err(file("use", path)(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")));
    }
    if meta.is_symlink() {
        let runs = fs::metadata(path).is_ok_and(|meta| executable(&meta));
        return Ok(Lying::Foreign { text: fs::read(path).unwrap_or_default(), runs, link: true });
    }
    let text = fs::read(path).map_err(file("read", path))?;
    let runs = executable(&meta);
    if shim::is_torn(&text) {
        let cut = io::Error::other("coord's block in it begins and does not end; take its lines out by hand");
        return Err(file("change", path)(cut));
    }
    Ok(match shim::find(&text) {
        Some(_) => Lying::Block { text, runs },
        None => Lying::Foreign { text, runs, link: false },
    })
}

/// Puts `block` into the hook, keeping whatever was there.
pub fn put(dir: &Path, hook: &str, block: &[u8]) -> Result<Action, Error> {
    let path = dir.join(hook);
    match look(&path)? {
        Lying::Nothing => write(&path, &shim::script(block), None).map(|()| Action::Written),
        Lying::Block { text, runs } => renew(&path, &text, runs, block),
        Lying::Foreign { text, runs: true, link: false } => match shim::with(&text, block) {
            Some(text) => write(&path, &text, Some(&path)).map(|()| Action::Inserted),
            None => move_aside(dir, hook, block),
        },
        // What git does not run must not begin to; a link leads to a file that may be tracked, or somebody else's.
        Lying::Foreign { .. } => move_aside(dir, hook, block),
    }
}

/// Takes coord's block out of the hook; `None` where there is none.
pub fn take(dir: &Path, hook: &str) -> Result<Option<Action>, Error> {
    let path = dir.join(hook);
    let Lying::Block { text, .. } = look(&path)? else { return Ok(None) };
    let rest = shim::without(&text);
    let aside = dir.join(shim::CHAINED).join(hook);
    if rest == shim::script(&shim::chain(hook)) && fs::symlink_metadata(&aside).is_ok() {
        move_back(&aside, &path)?;
        return Ok(Some(Action::Restored));
    }
    if rest == shim::script(b"") || rest == shim::script(&shim::chain(hook)) {
        fs::remove_file(&path).map_err(file("delete", &path))?;
        return Ok(Some(Action::Deleted));
    }
    write(&path, &rest, Some(&path))?;
    Ok(Some(Action::TakenOut))
}

/// Puts lines first into a script that others share, making the script where there is none.
pub fn put_lines(path: &Path, lines: &str) -> Result<Action, Error> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return write(path, &shim::script(lines.as_bytes()), None).map(|()| Action::Written);
        }
        Err(error) => return Err(file("read", path)(error)),
    };
    if position(&text, lines.as_bytes()).is_some() {
        return Ok(Action::Unchanged);
    }
    // husky's own scripts have no first line that names a shell: `sh -e` runs them.
    let plain = !text.starts_with(b"#!") && std::str::from_utf8(&text).is_ok();
    let text = if plain { Some([lines.as_bytes(), &text].concat()) } else { shim::with(&text, lines.as_bytes()) };
    let Some(text) = text else {
        return Ok(Action::Failed("it is not a shell script: call `coord hook` from it by hand".to_owned()));
    };
    write(path, &text, Some(path)).map(|()| Action::Inserted)
}

/// Whether such lines are there.
pub fn has_lines(path: &Path, lines: &str) -> Result<bool, Error> {
    match fs::read(path) {
        Ok(text) => Ok(position(&text, lines.as_bytes()).is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(file("read", path)(error)),
    }
}

/// Takes such lines out again; `None` where they are not there.
pub fn take_lines(path: &Path, lines: &str) -> Result<Option<Action>, Error> {
    let mut text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file("read", path)(error)),
    };
    let Some(at) = position(&text, lines.as_bytes()) else { return Ok(None) };
    text.drain(at..at + lines.len());
    if text == shim::script(b"") {
        fs::remove_file(path).map_err(file("delete", path))?;
        return Ok(Some(Action::Deleted));
    }
    write(path, &text, Some(path))?;
    Ok(Some(Action::TakenOut))
}

/// Makes a hooks folder; says whether it was missing.
pub fn make_folder(dir: &Path) -> Result<bool, Error> {
    match fs::create_dir(dir) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(file("make the folder", dir)(error)),
    }
}

/// Removes a folder that coord made, if nothing is in it.
pub fn remove_empty(dir: &Path) -> bool {
    fs::remove_dir(dir).is_ok()
}

/// Whether files can be made in a folder, found out by making one.
pub fn is_writable(dir: &Path) -> bool {
    tempfile::Builder::new().prefix(".coord-").tempfile_in(dir).is_ok()
}

fn renew(path: &Path, text: &[u8], runs: bool, block: &[u8]) -> Result<Action, Error> {
    let at = shim::find(text).unwrap_or(0..0);
    let fresh = [&text[..at.start], block, &shim::without(&text[at.end..])].concat();
    if fresh == text && runs {
        return Ok(Action::Unchanged);
    }
    // A script that somebody made not executable while coord's block is in it would take coord out with it.
    let like = runs.then_some(path);
    write(path, &fresh, like).map(|()| Action::Updated)
}

/// Moves what is there into a folder beside, under its own name, and puts a script in its place that runs it after coord.
fn move_aside(dir: &Path, hook: &str, block: &[u8]) -> Result<Action, Error> {
    let (path, folder) = (dir.join(hook), dir.join(shim::CHAINED));
    let aside = folder.join(hook);
    if fs::symlink_metadata(&aside).is_ok() {
        let taken = io::Error::new(io::ErrorKind::AlreadyExists, "another hook was moved there before; move it away");
        return Err(file("move the hook to", &aside)(taken));
    }
    fs::create_dir_all(&folder).map_err(file("make the folder", &folder))?;
    duplicate(&path, &aside)?;
    let text = [shim::script(block), shim::chain(hook)].concat();
    if let Err(error) = write(&path, &text, None) {
        // The hook that was there must run, whatever becomes of coord's.
        drop(move_back(&aside, &path));
        return Err(error);
    }
    Ok(Action::Chained(aside))
}

/// Gives a hook a second name in the folder below; a link that is relative is made so that it leads where it led.
fn duplicate(path: &Path, aside: &Path) -> Result<(), Error> {
    let error = file("move the hook to", aside);
    match fs::read_link(path) {
        Ok(target) if target.is_relative() => link(&Path::new("..").join(target), aside).map_err(error),
        Ok(target) => link(&target, aside).map_err(error),
        // Where the file system has no second names, there is a moment without a hook.
        Err(_) => fs::hard_link(path, aside).or_else(|_| fs::rename(path, aside)).map_err(error),
    }
}

fn move_back(aside: &Path, path: &Path) -> Result<(), Error> {
    let error = file("move the hook back to", path);
    match fs::read_link(aside) {
        Ok(target) if target.is_relative() => {
            let fresh = aside.with_extension("coord-back");
            link(target.strip_prefix("..").unwrap_or(&target), &fresh).map_err(&error)?;
            fs::rename(&fresh, path).map_err(&error)?;
            fs::remove_file(aside).map_err(&error)?;
        }
        _ => fs::rename(aside, path).map_err(&error)?,
    }
    if let Some(folder) = aside.parent() {
        remove_empty(folder);
    }
    Ok(())
}

/// Replaces a file in one step, as git may be reading it: with the permissions of `like`, else for everybody to run.
fn write(path: &Path, text: &[u8], like: Option<&Path>) -> Result<(), Error> {
    let error = file("write", path);
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new().prefix(".coord-").tempfile_in(dir).map_err(&error)?;
    new.write_all(text).map_err(&error)?;
    match like {
        Some(like) => {
            let permissions = fs::metadata(like).map_err(&error)?.permissions();
            new.as_file().set_permissions(permissions).map_err(&error)?;
        }
        None => allow_running(new.as_file()).map_err(&error)?,
    }
    new.as_file().sync_all().map_err(&error)?;
    new.persist(path).map_err(|persist| error(persist.error))?;
    Ok(())
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn file(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { operation, path: path.clone(), source }
}

#[cfg(unix)]
fn executable(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.is_file() && meta.permissions().mode() & 0o111 != 0
}

/// Where files have no such bit, git runs what is there.
#[cfg(not(unix))]
fn executable(meta: &fs::Metadata) -> bool {
    meta.is_file()
}

#[cfg(unix)]
fn allow_running(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn allow_running(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, at)
}
