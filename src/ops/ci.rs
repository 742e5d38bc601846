//! `coord ci`: open requests against each other, each judged on its own base, by the policy that stands on the target.
//! Must not know: arguments, formats, exit codes.

mod excerpt;
mod group;
mod select;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::domain::ci::{Entry, Forge, Group, Report, Request, Source, Subject};
use crate::domain::hotspot::hot_spots;
use crate::domain::id::{ObjectId, RefName};
use crate::domain::overlap::Grade;
use crate::domain::report::Target;
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::failure::Failure;
use crate::forge::{Place, place, requests};
use crate::git::objects::Objects;
use crate::git::refs;
use crate::ops::context::{Context, OpenOptions};
use crate::ops::{survey, sync};
use group::Bench;
use select::{Chosen, Refs};

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The list of open requests, as its bytes; without one every branch is taken for a request.
    pub open: Option<Vec<u8>>,
    /// Judges all pairs, not only this request's.
    pub all: bool,
    /// The branch that is checked, instead of the one that the service or HEAD names.
    pub branch: Option<String>,
    /// The branch that requests without a base land on.
    pub target: Option<String>,
    /// Leaves out requests that nobody committed to for longer.
    pub since: Option<Seconds>,
    /// Leaves out requests whose branches match one of these globs.
    pub exclude: Vec<String>,
    /// Leaves out requests of whose author none of these is a part.
    pub authors: Vec<String>,
    /// Tells only of overlaps in paths that match, or that lie below one that does.
    pub paths: Vec<String>,
    /// Leaves out overlaps that are less bad.
    pub min_grade: Option<Grade>,
    /// Lists every path that does not land.
    pub all_paths: bool,
    /// Reads both sides' lines of the conflicts.
    pub excerpts: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The answer.
    pub report: Report,
    /// Where it ran.
    pub place: Place,
    /// The branch that the answer is for.
    pub head: String,
}

/// Checks open requests against each other.
///
/// # Errors
/// Where nothing can be answered: no repository, a shallow clone, a list that cannot be read, no such branch.
pub fn check(env: &Env, options: &Options) -> Result<Checked, Failure> {
    let place = whereabouts(env);
    let run = Run::new(env, &place, options)?;
    if run.ctx.repository.shallow {
        let message = "this clone is shallow: without the whole history nobody can tell where requests left their base";
        return Err(Failure::repository(message).hint(place.whole_history));
    }
    let (mut chosen, source) = run.requests(options)?;
    let subject = if options.all { None } else { run.subject(&place, options, &mut chosen) };
    let mut notices = run.ctx.warnings.clone();
    notices.extend(run.leave_out(&mut chosen, subject.as_ref(), source, options)?);
    if subject.is_none() && !options.all {
        notices.push(format!("nothing is checked out that is to land on {}: all pairs are judged", run.name));
    }
    let head = subject.as_ref().map_or_else(|| run.name.clone(), |subject| subject.request.head.clone());
    let mut report = run.report(&place, source, chosen, subject.as_ref(), notices, options)?;
    let missing = report.groups.iter().find_map(|group| survey::missing(&run.ctx, &group.survey));
    report.notices.extend(missing);
    Ok(Checked { report, place, head })
}

fn whereabouts(env: &Env) -> Place {
    let mut place = place::find(|name| env.variable(name).and_then(|value| value.to_str()).map(str::to_owned));
    // Without the event the variables still tell the request's number and branches.
    if let Some(event) = place.event.as_ref().and_then(|path| fs::read(path).ok()) {
        place.learn(&event);
    }
    place
}

/// One run over one repository.
struct Run {
    ctx: Context,
    objects: Objects,
    refs: Refs,
    /// The target's name, as people say it.
    name: String,
    target: Target,
}

impl Run {
    /// Opens the repository with the branch as target that requests land on: the one asked for or set, else the one that
    /// the service names, else the one found by rule; and always the remote's where there is one, which is newer in CI.
    fn new(env: &Env, place: &Place, options: &Options) -> Result<Self, Failure> {
        let open = |target: Option<&str>| {
            let flags = target.iter().map(|name| ("coord.target", (*name).to_owned())).collect();
            Context::open(env, &OpenOptions { flags, team_on_target_only: true, ..OpenOptions::default() })
        };
        let mut ctx = open(options.target.as_deref())?;
        let refs = Refs::read(&ctx.repository)?;
        let of_request = place.request.as_ref().and_then(|request| request.base.clone());
        let by_rule = ctx.target().ok().and_then(|target| target.name).map(|name| refs.short(&name));
        let asked = ctx.policy.target.clone().or(of_request).or_else(|| place.default_branch.clone()).or(by_rule);
        if let Some((name, _)) = asked.and_then(|asked| refs.base(&asked))
            && ctx.target().ok().and_then(|target| target.name).as_ref() != Some(&name)
            && let Ok(name) = std::str::from_utf8(name.as_bytes())
        {
            ctx = open(Some(name))?;
        }
        let target = ctx.target()?;
        let name = target.name.as_ref().map_or_else(|| "the target".to_owned(), |name| refs.short(name));
        Ok(Self { objects: ctx.repository.objects()?, ctx, refs, name, target })
    }

    fn requests(&self, options: &Options) -> Result<(Vec<Chosen>, Source), Failure> {
        let Some(list) = &options.open else {
            let exclude = select::globs("coord.exclude", &self.ctx.policy.exclude)?;
            let (chosen, source) = select::branches(&self.refs, &exclude, &self.name);
            return Ok((self.with_other_machines(chosen), source));
        };
        let listed = requests::read(list)
            .map_err(|error| Failure::usage(format!("the list of open requests cannot be read: {error}")))?;
        let chosen = select::listed(&listed, &self.refs, &self.objects, &self.name);
        Ok((self.with_other_machines(chosen), Source::List))
    }

    /// What other machines published, as drafts beside the requests: what is not a request yet. Of one whose branch is a
    /// request the request tells.
    fn with_other_machines(&self, mut chosen: Vec<Chosen>) -> Vec<Chosen> {
        let Ok(Some(state)) = self.ctx.sync_state() else { return chosen };
        let heads: BTreeSet<String> = chosen.iter().map(|one| one.request.head.clone()).collect();
        let is_request = |name: &RefName| heads.contains(&*String::from_utf8_lossy(name.short()));
        let others = state.others.values().filter(|other| !other.publication.branch.as_ref().is_some_and(is_request));
        chosen.extend(others.map(|other| {
            let stand = sync::stand(&self.ctx, &self.objects, other, None);
            let tip = stand.as_it_lies.or(stand.committed).ok_or_else(|| "it has no commit yet".to_owned());
            let author = Some(other.publication.host.clone());
            Chosen {
                request: Request { head: other.label(), author, draft: true, ..Request::default() },
                name: Some(other.name.clone()),
                tip: stand.unknown.map_or(tip, Err),
                base: self.name.clone(),
            }
        }));
        chosen
    }

    /// The request that is checked: the one that was named, that the service names, or that is checked out. It is put
    /// among the others where the list has it not. `None` where what is checked out is the target itself.
    fn subject(&self, place: &Place, options: &Options, chosen: &mut Vec<Chosen>) -> Option<Chosen> {
        let of_branch = |head: String| Request { head, ..Request::default() };
        let named = options.branch.clone().map(of_branch);
        let here = || place.branch.clone().or_else(|| self.checked_out()).map(of_branch);
        let Some(wanted) = named.or_else(|| place.request.clone()).or_else(here) else { return self.detached(chosen) };
        let short = wanted.head.strip_prefix("refs/heads/").unwrap_or(&wanted.head).to_owned();
        if short == self.name && wanted.number.is_none() {
            return None;
        }
        let is_it = |other: &Chosen| match (wanted.number, other.request.number) {
            (Some(number), Some(other)) => number == other,
            _ => other.request.head == short && !other.request.fork,
        };
        let at = chosen.iter().position(is_it).unwrap_or_else(|| {
            chosen.push(select::place(&wanted, &self.refs, &self.objects, &self.name));
            chosen.len() - 1
        });
        if options.branch.is_none() {
            chosen[at].tip = self.own_tip(&chosen[at], &wanted, place);
        }
        Some(chosen[at].clone())
    }

    /// What the job says of its own request is newer than the list, and its commit may be there without a ref: it is
    /// checked out, or a parent of the merge that is. On somebody's own machine what is checked out counts.
    fn own_tip(&self, own: &Chosen, wanted: &Request, place: &Place) -> Result<ObjectId, String> {
        let commit = wanted.commit.as_deref().and_then(|hex| ObjectId::from_hex(hex.as_bytes()));
        if let Some(commit) = commit.filter(|commit| self.objects.has(*commit)) {
            return Ok(commit);
        }
        let is_here = place.forge == Forge::None;
        match group::head(&self.ctx.repository).filter(|_| is_here || own.tip.is_err()) {
            None => own.tip.clone(),
            Some(head) => {
                let parents = self.objects.commit(head).map(|commit| commit.parents.clone()).unwrap_or_default();
                Ok(if wanted.number.is_some() && parents.len() == 2 { parents[1] } else { head })
            }
        }
    }

    fn detached(&self, chosen: &mut Vec<Chosen>) -> Option<Chosen> {
        let head = group::head(&self.ctx.repository)?;
        if let Some(found) = chosen.iter().find(|other| other.tip == Ok(head)) {
            return Some(found.clone());
        }
        if self.target.tip == Some(head) {
            return None;
        }
        let request = Request { head: head.short(), commit: Some(head.to_string()), ..Request::default() };
        let own = select::place(&request, &self.refs, &self.objects, &self.name);
        chosen.push(own.clone());
        Some(own)
    }

    fn checked_out(&self) -> Option<String> {
        let output = self.ctx.repository.git.call(self.ctx.repository.worktree.as_deref()?, "symbolic-ref");
        let output = output.args(["--quiet", "--short", "HEAD"]).output().ok()?;
        let name = String::from_utf8(output.stdout).ok()?.trim_end().to_owned();
        Some(name).filter(|name| output.code == 0 && !name.is_empty())
    }

    /// Leaves out what policy and flags leave out, never the request that is checked, and says so.
    fn leave_out(
        &self,
        chosen: &mut Vec<Chosen>,
        subject: Option<&Chosen>,
        source: Source,
        options: &Options,
    ) -> Result<Vec<String>, Failure> {
        let asked = select::globs("--exclude", &options.exclude)?;
        let authors: Vec<String> = options.authors.iter().map(|author| author.to_lowercase()).collect();
        let mut notices = Vec::new();
        let mut leave = |reason: &str, out: &dyn Fn(&Chosen) -> bool| {
            let before = chosen.len();
            chosen.retain(|other| Some(other) == subject || !out(other));
            if before > chosen.len() {
                notices.push(format!("{} left out: {reason}", before - chosen.len()));
            }
        };
        if let Ok(exclude) = select::globs("coord.exclude", &self.ctx.policy.exclude)
            && source == Source::List
        {
            leave("their branches are in coord.exclude", &|other| select::excludes(&exclude, &other.request.head));
        }
        let by_default = (source != Source::List).then_some(self.ctx.policy.active_within);
        if let Some(span) = options.since.or(by_default) {
            let old = |other: &Chosen| {
                let time = other.tip.as_ref().ok().and_then(|tip| self.objects.commit(*tip).ok());
                time.is_some_and(|commit| self.ctx.now.since(commit.committer_time) > span)
            };
            leave("nobody committed to them lately", &old);
        }
        leave("their branches are in --exclude", &|other| select::excludes(&asked, &other.request.head));
        if !authors.is_empty() {
            let is_theirs = |author: &str| authors.iter().any(|wanted| author.to_lowercase().contains(wanted));
            leave("they are not --author's", &|other| !self.author(other).is_some_and(|author| is_theirs(&author)));
        }
        Ok(notices)
    }

    /// Whose a request is: as the list says, else who wrote its last commit.
    fn author(&self, of: &Chosen) -> Option<String> {
        let written = || {
            let commit = self.objects.read(of.tip.clone().ok()?).ok()?;
            Some(String::from_utf8_lossy(&refs::author(&commit.data)).into_owned())
        };
        of.request.author.clone().or_else(written)
    }

    fn report(
        &self,
        place: &Place,
        source: Source,
        chosen: Vec<Chosen>,
        subject: Option<&Chosen>,
        notices: Vec<String>,
        options: &Options,
    ) -> Result<Report, Failure> {
        let mut unknown = Vec::new();
        let mut by_base: BTreeMap<String, Vec<Chosen>> = BTreeMap::new();
        let all = chosen.clone();
        for one in chosen.into_iter().filter(|one| subject.is_none_or(|subject| subject.base == one.base)) {
            match &one.tip {
                Ok(_) => by_base.entry(one.base.clone()).or_default().push(one),
                Err(reason) if Some(&one) == subject => {
                    return Err(Failure::repository(format!("{}: {reason}", one.label())));
                }
                Err(reason) => unknown.push((one.request.clone(), reason.clone())),
            }
        }
        let mut groups = Vec::new();
        for (base, members) in by_base {
            let Some(target) = self.base(&base, &all) else {
                let reason = format!("its base {base} is not in this clone");
                unknown.extend(members.into_iter().map(|member| (member.request, reason.clone())));
                continue;
            };
            let at = subject.and_then(|subject| members.iter().position(|member| member == subject));
            groups.push(self.group(&base, target, members, at, &all, options)?);
        }
        let subject = match subject {
            None => None,
            Some(wanted) => Some(locate(&groups, wanted).ok_or_else(|| {
                Failure::repository(format!("{}: its base {} is not in this clone", wanted.label(), wanted.base))
            })?),
        };
        let request_url = place.request_url.clone();
        Ok(Report { now: self.ctx.now, forge: place.forge, source, subject, request_url, groups, unknown, notices })
    }

    /// The commit of a base: its branch, or the head of the request whose branch it is.
    fn base(&self, base: &str, all: &[Chosen]) -> Option<Target> {
        if base == self.name {
            return Some(self.target.clone());
        }
        if let Some((name, tip)) = self.refs.base(base) {
            return Some(Target { name: Some(name), tip: Some(tip) });
        }
        let lower = all.iter().find(|other| other.request.head == base && !other.request.fork)?;
        Some(Target { name: lower.name.clone(), tip: lower.tip.clone().ok() })
    }

    fn group(
        &self,
        base: &str,
        target: Target,
        members: Vec<Chosen>,
        subject: Option<usize>,
        all: &[Chosen],
        options: &Options,
    ) -> Result<Group, Failure> {
        let lower = (base != self.name).then(|| all.iter().find(|other| other.request.head == base)).flatten();
        let stacked_on = lower.map(Chosen::label);
        let bench = Bench { ctx: &self.ctx, objects: &self.objects, all_paths: options.all_paths };
        let judged = bench.judge(target, &members, subject)?;
        let mut survey = survey::of_paths(judged.survey, &options.paths)?;
        options.min_grade.iter().for_each(|least| survey.overlaps.keep_from(*least));
        let alone: BTreeSet<usize> = survey.conflicts().iter().flat_map(|overlap| [overlap.a, overlap.b]).collect();
        let since = bench.since(&survey, &members, &alone)?;
        let entries = members
            .into_iter()
            .zip(since)
            .zip(judged.stacked_on)
            .map(|((member, since), within)| Entry {
                request: member.request,
                since,
                stacked_on: within.or_else(|| stacked_on.clone()),
            })
            .collect();
        let excerpts = if options.excerpts { excerpt::read(&self.objects, &survey)? } else { Vec::new() };
        let hot_spots = hot_spots(&survey);
        Ok(Group { base: base.to_owned(), survey, entries, hot_spots, excerpts })
    }
}

fn locate(groups: &[Group], wanted: &Chosen) -> Option<Subject> {
    groups.iter().enumerate().find_map(|(group, of)| {
        let is_it = |entry: &Entry| entry.request == wanted.request;
        (of.base == wanted.base)
            .then(|| of.entries.iter().position(is_it))
            .flatten()
            .map(|instance| Subject { group, instance })
    })
}
