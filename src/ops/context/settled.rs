//! The settings in force: they lead to the target, and the team's policy is read from there.
//! Must not know: what any setting does.

use std::path::Path;

use super::OpenOptions;
use crate::domain::id::RefName;
use crate::domain::path::RepoPath;
use crate::domain::policy::Policy;
use crate::domain::report::Target;
use crate::domain::setup::Setting;
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::refs::Names;
use crate::git::repository::Repository;
use crate::git::{target, tree};
use crate::ops::settings::{self, TeamFile};

/// The file of the team's policy, at the top of the tree.
const TEAM_FILE: &str = "coord.toml";

/// The settings in force, and the target that they lead to.
pub(super) struct Settled {
    pub(super) policy: Policy,
    pub(super) settings: Vec<Setting>,
    pub(super) warnings: Vec<String>,
    pub(super) team: Option<TeamFile>,
    pub(super) target: Option<Target>,
}

impl Settled {
    /// Settles once without the team's file to find the target, on which it stands, and once with it.
    pub(super) fn new(
        env: &Env,
        repository: &Repository,
        options: &OpenOptions,
        branches: Option<&Names>,
    ) -> Result<Self, Failure> {
        let flags = &options.flags;
        let config = &repository.config;
        let find = |policy: &Policy| target::find(repository, config, policy.target.as_deref(), branches?).ok();
        let alone = settings::policy(env, config, None, flags)?;
        let target = find(&alone.policy);
        let worktree = repository.worktree.as_deref().filter(|_| !options.team_on_target_only);
        let team = team_file(repository, target.as_ref(), worktree)?;
        let settled = match &team {
            Some(file) => settings::policy(env, config, Some(file), flags)?,
            None => alone.clone(),
        };
        let moved = settled.policy.target != alone.policy.target;
        let target = if moved { find(&settled.policy) } else { target };
        let (policy, settings, warnings) = (settled.policy, settled.settings, settled.warnings);
        Ok(Self { policy, settings, warnings, team, target })
    }
}

/// The team's policy as the target has it; where it has none, as `worktree` has it.
fn team_file(
    repository: &Repository,
    target: Option<&Target>,
    worktree: Option<&Path>,
) -> Result<Option<TeamFile>, Failure> {
    let path = RepoPath::new(TEAM_FILE).expect("it is one component");
    if let Some(tip) = target.and_then(|target| target.tip) {
        let objects = repository.objects()?;
        let tree = objects.commit(tip)?.tree;
        if let Some(entry) = tree::entry_at(&objects, tree, &path)?.filter(tree::Entry::is_file) {
            let name = target.and_then(|target| target.name.as_ref()).map(RefName::short).unwrap_or_default();
            let place = format!("{TEAM_FILE} on {}", String::from_utf8_lossy(name));
            return Ok(Some(TeamFile { place, text: objects.read(entry.id)?.data.to_vec() }));
        }
    }
    let Some(top) = worktree else { return Ok(None) };
    let file = top.join(TEAM_FILE);
    match std::fs::read(&file) {
        Ok(text) => Ok(Some(TeamFile { place: file.display().to_string(), text })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::new(Kind::Config, format!("could not read {}: {error}", file.display()))),
    }
}
