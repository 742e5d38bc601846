//! Who was asked about, by age, author and name.
//! Must not know: what the policy says, how anybody is found.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::Whom;
use crate::domain::id::RefName;
use crate::domain::time::{Seconds, Timestamp};
use crate::failure::Failure;
use crate::git::names;

/// Globs of names, as a flag gives them; `*` matches `/` too, as branches are rarely asked for by level.
pub(super) fn globs(flag: &str, texts: &[String]) -> Result<GlobSet, Failure> {
    let wrong = |error: globset::Error| Failure::usage(format!("{flag}: {error}"));
    let mut globs = GlobSetBuilder::new();
    for text in texts {
        globs.add(GlobBuilder::new(text).build().map_err(wrong)?);
    }
    globs.build().map_err(wrong)
}

/// Which refs count, besides what the policy says.
pub(super) struct Selection {
    since: Option<Seconds>,
    authors: Vec<String>,
    exclude: GlobSet,
}

impl Selection {
    pub(super) fn new(whom: &Whom<'_>) -> Result<Self, Failure> {
        let authors = whom.authors.iter().map(|author| author.to_lowercase()).collect();
        Ok(Self { since: whom.since, authors, exclude: globs("--exclude", whom.exclude)? })
    }

    /// Whether a ref is left out by its name or its author.
    pub(super) fn leaves_out(&self, name: &RefName, author: &[u8]) -> bool {
        let excluded = |name: &[u8]| !self.exclude.is_empty() && self.exclude.is_match(names::to_path(name));
        let is_others = || {
            let author = String::from_utf8_lossy(author).to_lowercase();
            !self.authors.iter().any(|wanted| author.contains(wanted))
        };
        excluded(name.short()) || excluded(name.as_bytes()) || !self.authors.is_empty() && is_others()
    }

    /// Whether what was touched then is too old; `dormant` is the age that counts where none was asked for.
    pub(super) fn is_old(&self, now: Timestamp, touched: Option<Timestamp>, dormant: Option<Seconds>) -> bool {
        touched.zip(self.since.or(dormant)).is_some_and(|(at, age)| now.since(at) > age)
    }
}
