//! What coord needs of a commit, read from its raw form.
//! Must not know: where objects lie, refs.

use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;

/// A commit's place in history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents in order.
    pub parents: Vec<ObjectId>,
    /// When it was made, by its committer's clock.
    pub committer_time: Timestamp,
}

impl Commit {
    /// Reads a raw commit; `None` where it is damaged. A time that makes no sense is 0, as for git.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let mut lines = data.split(|&b| b == b'\n');
        let tree = ObjectId::from_hex(lines.next()?.strip_prefix(b"tree ")?)?;
        let (mut parents, mut time) = (Vec::new(), 0);
        for line in lines.take_while(|line| !line.is_empty()) {
            if let Some(hex) = line.strip_prefix(b"parent ") {
                parents.push(ObjectId::from_hex(hex)?);
            } else if line.starts_with(b"committer ") {
                time = seconds(line).unwrap_or(0);
                break;
            }
        }
        Some(Self { tree, parents, committer_time: Timestamp(time) })
    }
}

fn seconds(line: &[u8]) -> Option<i64> {
    let after_mail = &line[line.iter().rposition(|&b| b == b'>')? + 1..];
    let mut words = std::str::from_utf8(after_mail).ok()?.split_ascii_whitespace();
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_read() {
        let hex = |digit: &str| digit.repeat(40);
        let raw = format!(
            "tree {}\nparent {}\nparent {}\nauthor A <a> 5 +0100\ncommitter B > <b@c> 1700000000 -0500\n\nparent x\n",
            hex("1"),
            hex("2"),
            hex("3")
        );
        let commit = Commit::parse(raw.as_bytes()).expect("it is whole");
        assert_eq!(commit.tree.to_string(), hex("1"));
        assert_eq!(commit.parents.len(), 2);
        assert_eq!(commit.committer_time, Timestamp(1_700_000_000));
    }

    #[test]
    fn damage_is_seen() {
        assert_eq!(Commit::parse(b""), None);
        assert_eq!(Commit::parse(b"tree 123\n"), None);
        let raw = format!("tree {}\nparent zz\n", "1".repeat(40));
        assert_eq!(Commit::parse(raw.as_bytes()), None);
        let raw = format!("tree {}\ncommitter B <b> never\n", "1".repeat(40));
        assert_eq!(Commit::parse(raw.as_bytes()).expect("only the time is odd").committer_time, Timestamp(0));
    }
}
