//! Git's commit-graph files: commits' trees, parents and times without reading the commits.
//! Must not know: what history is walked for.

use std::fs;
use std::path::Path;

use super::commit::Commit;
use crate::domain::id::ObjectId;
use crate::domain::time::Timestamp;

/// More than this is not held in memory; then commits are read one by one.
const LARGEST: u64 = 96 << 20;

/// "There is no such parent."
const NO_PARENT: u32 = 0x7000_0000;
/// "More parents stand in the list of edges", and the mark of its last entry.
const MARK: u32 = 0x8000_0000;

/// The commit-graph of a repository.
#[derive(Debug)]
pub(super) struct CommitGraph {
    /// The oldest first; positions count through all of them.
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    data: Vec<u8>,
    id_len: usize,
    /// Where the chunks begin.
    fanout: usize,
    ids: usize,
    commits: usize,
    edges: Option<usize>,
    /// How many commits the layers before hold.
    before: u32,
    count: u32,
}

impl CommitGraph {
    /// Reads it. One that is not there, or not understood, is none.
    pub(super) fn read(objects_dir: &Path, id_len: usize) -> Option<Self> {
        let info = objects_dir.join("info");
        let single = info.join("commit-graph");
        let files = if single.is_file() {
            vec![single]
        } else {
            let chain = info.join("commit-graphs");
            let names = fs::read_to_string(chain.join("commit-graph-chain")).ok()?;
            names.lines().map(|name| chain.join(format!("graph-{name}.graph"))).collect()
        };
        let sizes = files.iter().map(|file| fs::metadata(file).map(|found| found.len()));
        if sizes.sum::<Result<u64, _>>().ok()? > LARGEST {
            return None;
        }
        let (mut layers, mut before) = (Vec::new(), 0);
        for file in files {
            let layer = Layer::parse(fs::read(file).ok()?, id_len, before)?;
            before += layer.count;
            layers.push(layer);
        }
        Some(Self { layers })
    }

    /// A commit that the graph holds.
    pub(super) fn commit(&self, id: ObjectId) -> Option<Commit> {
        let (layer, at) = self.layers.iter().rev().find_map(|layer| Some((layer, layer.find(id)?)))?;
        let record = layer.record(at)?;
        let number = |from: usize| be32(record, layer.id_len + from);
        let mut parents = Vec::new();
        let (first, second) = (number(0)?, number(4)?);
        if first != NO_PARENT {
            parents.push(self.id(first)?);
        }
        if second & MARK != 0 {
            let mut edge = layer.edges? + 4 * usize::try_from(second & !MARK).ok()?;
            loop {
                let parent = be32(&layer.data, edge)?;
                parents.push(self.id(parent & !MARK)?);
                if parent & MARK != 0 {
                    break;
                }
                edge += 4;
            }
        } else if second != NO_PARENT {
            parents.push(self.id(second)?);
        }
        // The upper bits of this number are the generation.
        let time = i64::from(number(8)? & 3) << 32 | i64::from(number(12)?);
        let tree = ObjectId::from_bytes(record.get(..layer.id_len)?)?;
        Some(Commit { tree, parents, committer_time: Timestamp(time) })
    }

    fn id(&self, position: u32) -> Option<ObjectId> {
        let layer = self.layers.iter().find(|layer| position < layer.before + layer.count)?;
        layer.id(position.checked_sub(layer.before)?)
    }
}

impl Layer {
    fn parse(data: Vec<u8>, id_len: usize, before: u32) -> Option<Self> {
        let hash = if id_len == 20 { 1 } else { 2 };
        if !data.starts_with(b"CGPH\x01") || *data.get(5)? != hash {
            return None;
        }
        let chunks = usize::from(*data.get(6)?);
        let chunk = |name: &[u8]| {
            let entry = (0..chunks).map(|n| 8 + 12 * n).find(|&at| data.get(at..at + 4) == Some(name))?;
            let offset = u64::from(be32(&data, entry + 4)?) << 32 | u64::from(be32(&data, entry + 8)?);
            usize::try_from(offset).ok()
        };
        let (fanout, ids, commits, edges) = (chunk(b"OIDF")?, chunk(b"OIDL")?, chunk(b"CDAT")?, chunk(b"EDGE"));
        let count = be32(&data, fanout + 4 * 255)?;
        Some(Self { data, id_len, fanout, ids, commits, edges, before, count })
    }

    fn find(&self, id: ObjectId) -> Option<u32> {
        let bytes = id.as_bytes();
        let first = usize::from(*bytes.first()?);
        let mut low = if first == 0 { 0 } else { be32(&self.data, self.fanout + 4 * (first - 1))? };
        let mut high = be32(&self.data, self.fanout + 4 * first)?;
        while low < high {
            let middle = low + (high - low) / 2;
            match self.raw_id(middle)?.cmp(bytes) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn raw_id(&self, at: u32) -> Option<&[u8]> {
        let start = self.ids + self.id_len * usize::try_from(at).ok()?;
        self.data.get(start..start + self.id_len)
    }

    fn id(&self, at: u32) -> Option<ObjectId> {
        ObjectId::from_bytes(self.raw_id(at)?)
    }

    fn record(&self, at: u32) -> Option<&[u8]> {
        let len = self.id_len + 16;
        let start = self.commits + len * usize::try_from(at).ok()?;
        self.data.get(start..start + len)
    }
}

fn be32(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::git::objects::{ObjectFormat, ObjectStore, Objects};

    fn git(dir: &Path, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=A", "-c", "user.email=a@b", "-c", "core.hooksPath=/dev/null"]);
        let output = command.args(args).current_dir(dir).env("GIT_CONFIG_GLOBAL", "/dev/null").output();
        let output = output.expect("git is installed");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[test]
    fn the_graph_says_what_the_commits_say() {
        for write in
            [&["commit-graph", "write", "--reachable"][..], &["commit-graph", "write", "--reachable", "--split"]]
        {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let commit = |text: &str| git(dir.path(), &["commit", "-q", "--allow-empty", "-m", text]);
            git(dir.path(), &["init", "-q", "-b", "main"]);
            commit("root");
            for branch in ["x", "y", "z"] {
                git(dir.path(), &["switch", "-q", "-c", branch, "main"]);
                commit(branch);
            }
            git(dir.path(), write);
            git(dir.path(), &["switch", "-q", "main"]);
            commit("two");
            git(dir.path(), &["merge", "-q", "-s", "ours", "-m", "octopus", "x", "y", "z"]);
            git(dir.path(), write);
            let objects_dir = dir.path().join(".git/objects");
            let graph = CommitGraph::read(&objects_dir, 20).expect("it was written");
            let objects = Objects::open(&ObjectStore { objects_dir, format: ObjectFormat::Sha1 }).expect("readable");
            let all = git(dir.path(), &["rev-list", "--all"]);
            assert_eq!(all.lines().count(), 6);
            for id in all.lines().filter_map(|line| ObjectId::from_hex(line.as_bytes())) {
                assert_eq!(graph.commit(id).as_ref(), Some(&*objects.commit(id).expect("readable")), "{write:?}");
            }
            assert_eq!(graph.commit(ObjectId::from_bytes(&[9; 20]).expect("20 bytes")), None);
        }
    }

    #[test]
    fn what_is_no_graph_is_none() {
        assert!(Layer::parse(b"CGPH\x01\x01\x04\x00".to_vec(), 20, 0).is_none());
        assert!(Layer::parse(Vec::new(), 20, 0).is_none());
        assert!(CommitGraph::read(Path::new("/nowhere"), 20).is_none());
    }
}
