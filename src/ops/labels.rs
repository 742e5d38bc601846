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

/// What a label stands on; where two have the same, the one that comes first keeps it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Claim {
    /// The name of its local branch, which git's own commands take.
    Branch,
    /// The name of its folder.
    Folder,
    /// The name of a ref of somebody else's.
    Elsewhere,
    /// It is gone.
    Former,
}

/// What a worktree's label stands on.
#[must_use]
pub fn claim_of_worktree(worktree: &Worktree) -> Claim {
    match &worktree.branch {
        _ if worktree.vanished => Claim::Former,
        Some(_) => Claim::Branch,
        None => Claim::Folder,
    }
}

/// Makes labels that occur more than once unique by numbering all but the first in the order of claims and identities:
/// `fix`, `fix-2`. The order of the input plays no part.
pub fn make_unique<'a>(labels: impl Iterator<Item = (Claim, &'a Identity, &'a mut String)>) {
    let mut labels: Vec<_> = labels.collect();
    labels.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let mut taken: BTreeSet<String> = labels.iter().map(|(.., label)| (**label).clone()).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (.., label) in labels {
        let count = seen.entry(label.clone()).or_default();
        *count += 1;
        if *count == 1 {
            continue;
        }
        let numbered = (*count..=usize::MAX).map(|n| format!("{label}-{n}")).find(|name| !taken.contains(name));
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
        make_unique(ids.iter().zip(names.iter_mut()).map(|(id, name)| (Claim::Branch, id, name)));
        assert_eq!(names, ["fix-3", "fix", "fix-2"]);
    }

    #[test]
    fn a_branch_keeps_its_name() {
        let ids = [b"a", b"b"].map(|id| Identity::Worktree((*id).into()));
        let mut names = ["fix", "fix"].map(String::from);
        let claims = [Claim::Folder, Claim::Branch];
        make_unique(claims.into_iter().zip(&ids).zip(&mut names).map(|((claim, id), name)| (claim, id, name)));
        assert_eq!(names, ["fix-2", "fix"]);
    }
}
