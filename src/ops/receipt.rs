//! What `coord install` did besides hook files, noted in the repository's own git config (`coord.installed.*`), so that
//! `coord uninstall` can put it back. Must not know: hook files.

use std::collections::BTreeMap;
use std::path::Path;

use crate::git::hooks::configured;
use crate::git::{Error, Git};

const SECTION: &str = "coord.installed";

/// The settings that `coord install` may set.
const SETTABLE: &[&str] = &["mode", "strict"];

/// One setting that was set: to what, and what stood in the repository's configuration before.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Set {
    to: String,
    before: Option<String>,
}

/// The note.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Receipt {
    /// Whether there is one.
    there: bool,
    set: BTreeMap<&'static str, Set>,
    /// Whether the folder of hooks was made.
    pub(crate) made_folder: bool,
    /// Whether lines were put into tracked files.
    pub(crate) tracked: bool,
}

fn value(git: &Git, common_dir: &Path, key: &str) -> Result<Option<String>, Error> {
    let values = configured::values(git, common_dir, &["--local"], key)?;
    Ok(values.last().map(|value| String::from_utf8_lossy(value).into_owned()))
}

impl Receipt {
    pub(crate) fn read(git: &Git, common_dir: &Path) -> Result<Self, Error> {
        let noted = |key: &str| value(git, common_dir, &format!("{SECTION}.{key}"));
        let mut set = BTreeMap::new();
        for name in SETTABLE {
            if let Some(to) = noted(name)? {
                set.insert(*name, Set { to, before: noted(&format!("{name}Before"))? });
            }
        }
        Ok(Self {
            there: noted("by")?.is_some(),
            set,
            made_folder: noted("madeFolder")?.is_some(),
            tracked: noted("tracked")?.is_some(),
        })
    }

    /// Sets `coord.NAME` in the repository's configuration, keeping what stood there before the first time.
    pub(crate) fn set(&mut self, git: &Git, common_dir: &Path, name: &'static str, to: &str) -> Result<(), Error> {
        let key = format!("coord.{name}");
        let stands = value(git, common_dir, &key)?;
        let before = match self.set.get(name) {
            Some(set) if stands.as_ref() == Some(&set.to) => set.before.clone(),
            _ => stands,
        };
        self.set.insert(name, Set { to: to.to_owned(), before });
        configured::set(git, common_dir, &key, to.into())
    }

    pub(crate) fn write(&self, git: &Git, common_dir: &Path) -> Result<(), Error> {
        let note = |key: &str, value: &str| configured::set(git, common_dir, &format!("{SECTION}.{key}"), value.into());
        note("by", concat!("coord ", env!("CARGO_PKG_VERSION")))?;
        for (name, set) in &self.set {
            note(name, &set.to)?;
            match &set.before {
                Some(before) => note(&format!("{name}Before"), before)?,
                None => configured::unset(git, common_dir, &format!("{SECTION}.{name}Before"))?,
            }
        }
        if self.made_folder {
            note("madeFolder", "true")?;
        }
        if self.tracked {
            note("tracked", "true")?;
        }
        Ok(())
    }

    /// Puts each setting back that nobody changed since, and removes the note.
    pub(crate) fn undo(&self, git: &Git, common_dir: &Path) -> Result<(), Error> {
        for (name, set) in &self.set {
            let key = format!("coord.{name}");
            if value(git, common_dir, &key)?.as_ref() != Some(&set.to) {
                continue;
            }
            match &set.before {
                Some(before) => configured::set(git, common_dir, &key, before.into())?,
                None => configured::unset(git, common_dir, &key)?,
            }
        }
        if self.there { configured::remove_section(git, common_dir, SECTION) } else { Ok(()) }
    }
}
