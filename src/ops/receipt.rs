//! What `coord install` did besides hook files, noted in the repository's own git config (`coord.installed.*`), so that
//! `coord uninstall` can put it back. Must not know: hook files.

use std::path::Path;

use crate::domain::policy::Mode;
use crate::git::hooks::configured;
use crate::git::{Error, Git};

use super::settings;

const SECTION: &str = "coord.installed";

/// The note.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Receipt {
    /// Whether there is one.
    pub(crate) there: bool,
    /// The mode that was set.
    pub(crate) mode: Option<String>,
    /// The mode that stood in the repository's configuration before.
    pub(crate) mode_before: Option<String>,
    /// Whether the folder of hooks was made.
    pub(crate) made_folder: bool,
    /// Whether lines were put into tracked files.
    pub(crate) tracked: bool,
}

impl Receipt {
    pub(crate) fn read(git: &Git, common_dir: &Path) -> Result<Self, Error> {
        let value = |key: &str| {
            let values = configured::values(git, common_dir, &["--local"], &format!("{SECTION}.{key}"));
            values.map(|mut values| values.pop().map(|value| String::from_utf8_lossy(&value).into_owned()))
        };
        Ok(Self {
            there: value("by")?.is_some(),
            mode: value("mode")?,
            mode_before: value("modeBefore")?,
            made_folder: value("madeFolder")?.is_some(),
            tracked: value("tracked")?.is_some(),
        })
    }

    /// Sets `coord.mode` in the repository's configuration, keeping what stood there before the first time.
    pub(crate) fn set_mode(&mut self, git: &Git, common_dir: &Path, mode: Mode) -> Result<(), Error> {
        let stands = configured::values(git, common_dir, &["--local"], "coord.mode")?.pop();
        let stands = stands.map(|value| String::from_utf8_lossy(&value).into_owned());
        if stands != self.mode {
            self.mode_before = stands;
        }
        let name = settings::mode_name(mode);
        self.mode = Some(name.to_owned());
        configured::set(git, common_dir, "coord.mode", name.into())
    }

    pub(crate) fn write(&self, git: &Git, common_dir: &Path) -> Result<(), Error> {
        let set = |key: &str, value: &str| configured::set(git, common_dir, &format!("{SECTION}.{key}"), value.into());
        set("by", concat!("coord ", env!("CARGO_PKG_VERSION")))?;
        if let Some(mode) = &self.mode {
            set("mode", mode)?;
        }
        if let Some(mode) = &self.mode_before {
            set("modeBefore", mode)?;
        }
        if self.made_folder {
            set("madeFolder", "true")?;
        }
        if self.tracked {
            set("tracked", "true")?;
        }
        Ok(())
    }

    /// Puts the mode back where nobody changed it since, and removes the note.
    pub(crate) fn undo(&self, git: &Git, common_dir: &Path) -> Result<(), Error> {
        if !self.there {
            return Ok(());
        }
        let stands = configured::values(git, common_dir, &["--local"], "coord.mode")?.pop();
        let untouched = stands.is_some() && stands == self.mode.as_ref().map(|mode| mode.as_bytes().to_vec());
        match &self.mode_before {
            Some(before) if untouched => configured::set(git, common_dir, "coord.mode", before.into())?,
            None if untouched => configured::unset(git, common_dir, "coord.mode")?,
            _ => {}
        }
        configured::remove_section(git, common_dir, SECTION)
    }
}
