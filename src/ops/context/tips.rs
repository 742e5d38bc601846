//! The refs of the repository with what their commits and their logs say.
//! Must not know: which of them count.

use super::Context;
use crate::git;
use crate::git::objects::Objects;
use crate::git::refs::{self, Refs, Tips};

/// Of fewer refs the commits are read sooner than what is kept of them.
const MANY: usize = 100;

/// The key under which it is kept.
const KEY: &str = "what tips say";

impl Context {
    /// The refs that match; of local branches as they stood at the first look.
    ///
    /// # Errors
    /// Where git cannot list them.
    pub fn refs(&self, objects: &Objects, patterns: &[&str]) -> Result<Refs, git::Error> {
        let names = match &self.first_look.branches {
            Some(branches) if *patterns == ["refs/heads/"] => branches.below("refs/heads/"),
            _ => refs::names(&self.repository, patterns)?,
        };
        if names.named.len() < MANY {
            return Ok(refs::read(&self.repository, objects, names, &mut Tips::default()));
        }
        let kept = self.store.cached(KEY).unwrap_or_default();
        let mut tips = Tips::from_bytes(&kept, objects);
        let found = refs::read(&self.repository, objects, names, &mut tips);
        if tips.is_outdated() {
            let store = self.store.clone();
            self.meanwhile(move || {
                // Without it the next time takes longer, nothing more.
                let _ = store.cache(KEY, &tips.to_bytes());
            });
        }
        Ok(found)
    }
}
