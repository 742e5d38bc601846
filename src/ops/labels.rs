//! The short names that people see and type for instances, each unique.
//! Must not know: who is asked about, how a name is escaped.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::Identity;
use crate::git::worktrees::Worktree;

/// A worktree's label before it is made unique: its branch's short name, else the name of its folder.
#[must_use]
pub fn of_worktree(worktree: &Worktree) -> String {
    match &worktree.branch {
        Some(branch) => String::from_utf8_lossy(branch.short()).into_owned(),
        None => of_folder(worktree),
    }
}

fn of_folder(worktree: &Worktree) -> String {
    let folder = worktree.path.file_name().map(|name| name.to_string_lossy().into_owned());
    folder.unwrap_or_else(|| String::from_utf8_lossy(&worktree.identity.key()).into_owned())
}

/// Makes labels that occur more than once unique by numbering all but the first in the order of identities:
/// `fix`, `fix-2`. The order of the input plays no part.
pub fn make_unique<'a>(labels: impl Iterator<Item = (&'a Identity, &'a mut String)>) {
    let mut labels: Vec<_> = labels.collect();
    labels.sort_by(|a, b| a.0.cmp(b.0));
    let mut taken: BTreeSet<String> = labels.iter().map(|(_, label)| (**label).clone()).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, label) in labels {
        let count = seen.entry(label.clone()).or_default();
        *count += 1;
        if *count == 1 {
            continue;
        }
        let numbered = (*count..).map(|n| format!("{label}-{n}")).find(|name| !taken.contains(name));
        if let Some(numbered) = numbered {
            taken.insert(numbered.clone());
            *label = numbered;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_labels_are_numbered_by_identity() {
        let ids = [b"c", b"a", b"b"].map(|id| Identity::Worktree((*id).into()));
        let mut names = ["fix", "fix", "fix-2"].map(String::from);
        make_unique(ids.iter().zip(names.iter_mut()));
        assert_eq!(names, ["fix-3", "fix", "fix-2"]);
    }
}
