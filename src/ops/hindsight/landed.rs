//! The work that merges brought: when it stood how, what it touched, and whom it may have met.
//! Must not know: how a meeting is judged.

use std::collections::BTreeSet;

use crate::domain::hindsight::Hindsight;
use crate::domain::id::ObjectId;
use crate::domain::time::{Seconds, Timestamp};
use crate::failure::Failure;
use crate::ops::context::Context;

/// One merge into the target, and the work that it brought.
pub(super) struct Landed {
    pub(super) label: String,
    pub(super) merge: ObjectId,
    pub(super) onto: ObjectId,
    pub(super) tip: ObjectId,
    pub(super) at: Timestamp,
    /// The commits that it brought along first parents, oldest first.
    pub(super) steps: Vec<(Timestamp, ObjectId)>,
    touched: Touched,
}

/// What any of the steps changed.
#[derive(Default)]
struct Touched {
    paths: BTreeSet<Vec<u8>>,
    added: BTreeSet<Vec<u8>>,
    /// The folders that lost a file: perhaps they moved.
    left: BTreeSet<Vec<u8>>,
}

impl Landed {
    /// Whether the two can have anything in common: a path, a folder that the one moved and the other added to, or a file
    /// where the other has a folder. A `false` is certain.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        let (a, b) = (&self.touched, &other.touched);
        a.reaches(b) || b.reaches(a)
    }
}

impl Touched {
    fn reaches(&self, other: &Self) -> bool {
        self.paths.iter().any(|path| other.paths.contains(path) || above(path).any(|at| other.paths.contains(at)))
            || self.added.iter().any(|path| above(path).any(|at| other.left.contains(at)))
    }

    fn take(&mut self, status: &[u8], path: &[u8]) {
        match status {
            b"A" => drop(self.added.insert(path.to_vec())),
            b"D" => self.left.extend(above(path).next().map(<[u8]>::to_vec)),
            _ => {}
        }
        self.paths.insert(path.to_vec());
    }
}

/// The folders that a path lies in, the innermost first, without the top.
fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..path.len()).rev().filter(|&at| path[at] == b'/').map(|at| &path[..at])
}

/// The merges along the target's first parents, oldest first.
pub(super) fn all(
    ctx: &Context,
    target: ObjectId,
    span: Seconds,
    found: &mut Hindsight,
    progress: &dyn Fn(usize, usize),
) -> Result<Vec<Landed>, Failure> {
    let since = Timestamp(ctx.now.0.saturating_sub_unsigned(span.0));
    let call = ctx.repository.call("log").args(["--first-parent", "--format=%H %ct %P%x00%s%x00", "-z"]);
    let text = call.arg(format!("--since=@{}", since.0)).arg(target.to_string()).arg("--").read()?;
    let fields: Vec<&[u8]> = text.split(|&byte| byte == 0).collect();
    let mut landed = Vec::new();
    for (at_record, record) in fields.chunks(3).enumerate().filter(|(_, record)| record.len() >= 2) {
        progress(at_record, fields.len() / 3);
        let facts = String::from_utf8_lossy(record[0]);
        let mut facts = facts.split_ascii_whitespace();
        let mut id = || facts.next().map(str::to_owned);
        let (Some(merge), Some(at)) = (id(), id()) else { continue };
        let at = Timestamp(at.parse().unwrap_or(0));
        let parents: Vec<ObjectId> = facts.filter_map(|hex| ObjectId::from_hex(hex.as_bytes())).collect();
        let (Some(merge), &[onto, tip]) = (ObjectId::from_hex(merge.as_bytes()), &*parents) else {
            found.unmerged += 1;
            continue;
        };
        found.merged += 1;
        let (steps, touched) = steps(ctx, onto, tip)?;
        landed.push(Landed { label: label(record[1], tip), merge, onto, tip, at, steps, touched });
    }
    landed.reverse();
    Ok(landed)
}

fn steps(ctx: &Context, onto: ObjectId, tip: ObjectId) -> Result<(Vec<(Timestamp, ObjectId)>, Touched), Failure> {
    let options = ["--first-parent", "-m", "--reverse", "-z", "--name-status", "--no-renames", "--format=%x01%ct %H"];
    let text = ctx.repository.call("log").args(options).arg(format!("{onto}..{tip}")).arg("--").read()?;
    let (mut steps, mut touched, mut status) = (Vec::new(), Touched::default(), None);
    for field in text.split(|&byte| byte == 0) {
        let field = field.strip_prefix(b"\n").unwrap_or(field);
        if let Some(status) = status.take() {
            touched.take(status, field);
        } else if let Some(facts) = field.strip_prefix(b"\x01") {
            steps.extend(step(facts));
        } else if !field.is_empty() {
            status = Some(field);
        }
    }
    Ok((steps, touched))
}

fn step(facts: &[u8]) -> Option<(Timestamp, ObjectId)> {
    let (at, id) = std::str::from_utf8(facts).ok()?.split_once(' ')?;
    Some((Timestamp(at.parse().ok()?), ObjectId::from_hex(id.as_bytes())?))
}

/// What the merge's message calls the work: `Merge branch 'x'`, `Merge pull request #12 from y/x`, `Do it (#12)`.
fn label(subject: &[u8], tip: ObjectId) -> String {
    let subject = String::from_utf8_lossy(subject);
    let quoted = subject.strip_prefix("Merge ").and_then(|rest| rest.split('\'').nth(1));
    let request = subject.strip_prefix("Merge pull request ").and_then(|rest| rest.split(' ').next());
    let numbered = subject.strip_suffix(')').and_then(|rest| rest.rsplit_once("(#")).map(|(_, number)| number);
    let numbered = numbered.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    // Names come again: work is told apart by its tip.
    let name = request.or(quoted).map(str::to_owned).or(numbered.map(|number| format!("#{number}")));
    format!("{} {}", name.as_deref().unwrap_or("work"), tip.short())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touched(changes: &[(&str, &str)]) -> Touched {
        let mut touched = Touched::default();
        for (status, path) in changes {
            touched.take(status.as_bytes(), path.as_bytes());
        }
        touched
    }

    #[test]
    fn those_who_share_nothing_are_told_apart_by_their_paths() {
        let meets = |a: &[(&str, &str)], b: &[(&str, &str)]| {
            let (a, b) = (touched(a), touched(b));
            a.reaches(&b) || b.reaches(&a)
        };
        assert!(meets(&[("M", "src/a"), ("M", "b")], &[("D", "b")]), "a path in common");
        assert!(!meets(&[("M", "src/a")], &[("M", "src/b"), ("A", "src/ab")]));
        assert!(meets(&[("D", "src/a"), ("A", "lib/a")], &[("A", "src/deep/new")]), "a folder that moved");
        assert!(!meets(&[("D", "src/a")], &[("M", "src/b")]));
        assert!(meets(&[("A", "src")], &[("M", "src/b")]), "a file where the other has a folder");
        assert!(!meets(&[("D", "top")], &[("A", "other/new")]));
    }

    #[test]
    fn work_is_called_as_its_merge_calls_it() {
        let tip = ObjectId::from_hex(&[b'a'; 40]).expect("an id");
        for (subject, expected) in [
            ("Merge branch 'auth'", "auth"),
            ("Merge pull request #12 from y/x", "#12"),
            ("fix: prefer 'a', rather than 'b' (#1234)", "#1234"),
            ("Bring it all together", "work"),
        ] {
            assert_eq!(label(subject.as_bytes(), tip), format!("{expected} {}", tip.short()));
        }
    }
}
