//! From a list of requests, or from the branches there are, to commits: which request stands where, and on which base.
//! Must not know: how they are judged, how anything is shown.

use std::collections::{BTreeMap, BTreeSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::domain::ci::{Request, Source};
use crate::domain::id::{ObjectId, RefName};
use crate::failure::Failure;
use crate::git::objects::Objects;
use crate::git::refs;
use crate::git::repository::Repository;

/// Refs under which a forge or a fetch keeps the heads of requests, `{}` being the number.
const BY_NUMBER: &[&str] = &[
    "refs/pull/{}/head",
    "refs/merge-requests/{}/head",
    "refs/pull-requests/{}/from",
    "refs/remotes/{remote}/pull/{}/head",
    "refs/remotes/{remote}/pull/{}",
    "refs/remotes/{remote}/pr/{}",
    "refs/remotes/{remote}/merge-requests/{}/head",
    "refs/remotes/{remote}/merge-requests/{}",
    "refs/remotes/{remote}/mr/{}",
];

/// The refs of the repository that can be a request or a base.
pub(super) struct Refs {
    ids: BTreeMap<Vec<u8>, ObjectId>,
    symbolic: BTreeSet<Vec<u8>>,
    remote: String,
}

/// One request with its place in the repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Chosen {
    pub(super) request: Request,
    /// The ref that its head was found under; `None` where only the commit is known.
    pub(super) name: Option<RefName>,
    /// Its commit, or why it has none.
    pub(super) tip: Result<ObjectId, String>,
    /// The name of its base, as people say it.
    pub(super) base: String,
}

impl Refs {
    pub(super) fn read(repository: &Repository) -> Result<Self, Failure> {
        let patterns = ["refs/heads/", "refs/remotes/", "refs/pull/", "refs/merge-requests/", "refs/pull-requests/"];
        let named = refs::names(repository, &patterns)?.named;
        let configured = repository.config.value("checkout.defaultRemote").map(|value| value.text);
        let symbolic = named.iter().filter(|of| of.symbolic.is_some()).map(|of| of.name.as_bytes().to_vec()).collect();
        let ids: BTreeMap<Vec<u8>, ObjectId> =
            named.into_iter().map(|named| (named.name.as_bytes().to_vec(), named.id)).collect();
        let remote = configured.unwrap_or_else(|| main_remote(&ids));
        Ok(Self { ids, symbolic, remote })
    }

    fn get(&self, name: &str) -> Option<(RefName, ObjectId)> {
        self.ids.get(name.as_bytes()).map(|id| (RefName::new(name), *id))
    }

    /// The commit of a branch that requests land on: the remote's, which is newer than a local one in CI.
    pub(super) fn base(&self, name: &str) -> Option<(RefName, ObjectId)> {
        if name.starts_with("refs/") {
            return self.get(name);
        }
        self.get(&format!("refs/remotes/{}/{name}", self.remote)).or_else(|| self.get(&format!("refs/heads/{name}")))
    }

    /// The short name of a branch: without `refs/heads/`, or without the remote that counts.
    pub(super) fn short(&self, name: &RefName) -> String {
        let bytes = name.as_bytes();
        let remote = format!("refs/remotes/{}/", self.remote);
        let short = bytes.strip_prefix(remote.as_bytes()).unwrap_or_else(|| name.short());
        String::from_utf8_lossy(short).into_owned()
    }

    /// Where a request's head is: the commit that the list names, else the ref of its number, else its branch. The branch
    /// of that name in this repository is not the head of a request that comes from another.
    fn head(&self, request: &Request, objects: &Objects) -> Result<(Option<RefName>, ObjectId), String> {
        let by_number = request.number.and_then(|number| self.by_number(number));
        let of_name =
            [format!("refs/remotes/{}/{}", self.remote, request.head), format!("refs/heads/{}", request.head)];
        let full = request.head.starts_with("refs/").then(|| self.get(&request.head)).flatten();
        let branch = || of_name.iter().find_map(|name| self.get(name)).filter(|_| !request.fork);
        let found = by_number.or(full).or_else(branch);
        let found = found.map(|(name, id)| peel(objects, id).map(|id| (name, id))).transpose()?;
        let commit = request.commit.as_deref().and_then(|hex| ObjectId::from_hex(hex.as_bytes()));
        match (commit.filter(|commit| objects.has(*commit)), found) {
            (Some(commit), Some((name, id))) if id == commit => Ok((Some(name), commit)),
            (Some(commit), _) => Ok((None, commit)),
            (None, Some((name, id))) => Ok((Some(name), id)),
            (None, None) => Err(missing(request)),
        }
    }

    fn by_number(&self, number: u64) -> Option<(RefName, ObjectId)> {
        let name = |form: &&str| form.replace("{remote}", &self.remote).replace("{}", &number.to_string());
        BY_NUMBER.iter().find_map(|form| self.get(&name(form)))
    }
}

/// The commit behind a ref's object, through annotated tags.
fn peel(objects: &Objects, id: ObjectId) -> Result<ObjectId, String> {
    refs::commit_behind(objects, id)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| "its ref leads to no commit".into())
}

fn missing(request: &Request) -> String {
    match (request.number, request.fork) {
        (Some(number), _) => {
            format!(
                "its commits are not in this clone; git fetch origin refs/pull/{number}/head (or its like) brings them"
            )
        }
        (None, true) => "it comes from another repository, whose commits are not in this clone".to_owned(),
        (None, false) => "there is no such branch in this clone".to_owned(),
    }
}

fn main_remote(ids: &BTreeMap<Vec<u8>, ObjectId>) -> String {
    let remotes: BTreeSet<String> = ids
        .keys()
        .filter_map(|name| name.strip_prefix(b"refs/remotes/"))
        .filter_map(|rest| std::str::from_utf8(rest.split(|&b| b == b'/').next()?).ok())
        .map(str::to_owned)
        .collect();
    let origin = "origin".to_owned();
    if remotes.contains(&origin) { origin } else { remotes.into_iter().next().unwrap_or(origin) }
}

/// Places every request of a list. One that is listed twice counts once.
pub(super) fn listed(requests: &[Request], refs: &Refs, objects: &Objects, target: &str) -> Vec<Chosen> {
    let mut seen = BTreeSet::new();
    let mut chosen: Vec<Chosen> = requests
        .iter()
        .filter(|request| seen.insert((request.number, &request.head, &request.commit, &request.base)))
        .map(|request| place(request, refs, objects, target))
        .collect();
    chosen.sort_by(|x, y| (x.request.number, &x.request.head).cmp(&(y.request.number, &y.request.head)));
    chosen
}

/// Places one request.
pub(super) fn place(request: &Request, refs: &Refs, objects: &Objects, target: &str) -> Chosen {
    let found = refs.head(request, objects);
    let base = request.base.as_deref().map_or(target, |base| base.strip_prefix("refs/heads/").unwrap_or(base));
    let (name, tip) = match found {
        Ok((name, tip)) => (name, Ok(tip)),
        Err(reason) => (None, Err(reason)),
    };
    let mut request = request.clone();
    request.head = request.head.strip_prefix("refs/heads/").map(str::to_owned).unwrap_or(request.head);
    Chosen { request, name, tip, base: base.to_owned() }
}

/// Every branch of the remote as a request; the local ones where there is no remote. Not the target, nor what is excluded.
/// Pull refs never: they outlive their requests.
pub(super) fn branches(refs: &Refs, exclude: &GlobSet, target: &str) -> (Vec<Chosen>, Source) {
    let remote = format!("refs/remotes/{}/", refs.remote);
    let of = |prefix: &str| -> Vec<Chosen> {
        refs.ids
            .iter()
            .filter(|(name, _)| !refs.symbolic.contains(*name))
            .filter_map(|(name, id)| Some((name, name.strip_prefix(prefix.as_bytes())?, *id)))
            .filter(|(_, short, _)| *short != target.as_bytes() && *short != b"HEAD")
            .filter(|(_, short, _)| !is_numbered(short))
            .filter(|(_, short, _)| !excludes(exclude, &String::from_utf8_lossy(short)))
            .map(|(name, short, id)| Chosen {
                request: Request { head: String::from_utf8_lossy(short).into_owned(), ..Request::default() },
                name: Some(RefName::new(name.as_slice())),
                tip: Ok(id),
                base: target.to_owned(),
            })
            .collect()
    };
    match of(&remote) {
        found if found.is_empty() && !refs.ids.keys().any(|name| name.starts_with(remote.as_bytes())) => {
            (of("refs/heads/"), Source::LocalBranches)
        }
        found => (found, Source::RemoteBranches),
    }
}

/// A copy of a pull ref, as a fetch or a checkout leaves it among the remote's branches.
fn is_numbered(short: &[u8]) -> bool {
    let mut parts = short.split(|&b| b == b'/');
    let folder = matches!(parts.next(), Some(b"pull" | b"pr" | b"mr" | b"merge-requests" | b"pull-requests"));
    folder && parts.next().is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

/// Whether a branch is one of those that are left out everywhere.
pub(super) fn excludes(globs: &GlobSet, short: &str) -> bool {
    globs.is_match(short)
}

/// The globs of branches that are left out, by the setting or flag that holds them.
pub(super) fn globs(place: &str, patterns: &[String]) -> Result<GlobSet, Failure> {
    let wrong = |error: globset::Error| Failure::config(format!("{place}: {error}"));
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern).literal_separator(false).build();
        set.add(glob.map_err(wrong)?);
    }
    set.build().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(names: &[&str]) -> Refs {
        let id = ObjectId::from_bytes(&[1; 20]).expect("twenty bytes");
        let ids: BTreeMap<Vec<u8>, ObjectId> = names.iter().map(|name| (name.as_bytes().to_vec(), id)).collect();
        let remote = main_remote(&ids);
        Refs { ids, symbolic: BTreeSet::new(), remote }
    }

    fn heads(refs: &Refs) -> (Vec<String>, Source) {
        let exclude = globs("coord.exclude", &["release/*".to_owned()]).expect("a glob");
        let (found, source) = branches(refs, &exclude, "main");
        (found.into_iter().map(|chosen| chosen.request.head).collect(), source)
    }

    #[test]
    fn without_a_list_remote_branches_count_and_pull_refs_never() {
        let refs = refs(&[
            "refs/heads/mine",
            "refs/pull/3/head",
            "refs/remotes/origin/main",
            "refs/remotes/origin/feat/x",
            "refs/remotes/origin/pull/4/head",
            "refs/remotes/origin/pr/5",
            "refs/remotes/origin/release/1.0",
            "refs/remotes/other/feat/y",
        ]);
        assert_eq!(heads(&refs), (vec!["feat/x".to_owned()], Source::RemoteBranches));
        assert_eq!(heads(&self::refs(&["refs/remotes/origin/main", "refs/heads/x"])).0, Vec::<String>::new());
    }

    #[test]
    fn without_a_remote_local_branches_count() {
        let (found, source) = heads(&refs(&["refs/heads/main", "refs/heads/a", "refs/heads/b"]));
        assert_eq!((found, source), (vec!["a".to_owned(), "b".to_owned()], Source::LocalBranches));
    }

    #[test]
    fn a_base_is_the_remotes_branch_where_both_are_there() {
        let refs = refs(&["refs/heads/main", "refs/remotes/up/main", "refs/heads/old"]);
        assert_eq!(refs.base("main").map(|base| base.0), Some(RefName::new("refs/remotes/up/main")));
        assert_eq!(refs.base("old").map(|base| base.0), Some(RefName::new("refs/heads/old")));
        assert_eq!(refs.base("gone"), None);
    }
}
