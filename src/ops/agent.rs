//! An agent's session at work: who it is, what its edits and commands would meet, what it hears of others.
//! Must not know: any agent's protocol, how a fact is worded.

mod at_work;
mod edit;
mod shell;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::domain::agent::{AgentEvent, Edit, What};
use crate::domain::alert;
use crate::domain::briefing::{News, Reply, Verdict};
use crate::domain::claim::{Contest, Holder};
use crate::domain::event::EventKind;
use crate::domain::instance::Kind;
use crate::domain::path::RepoPath;
use crate::domain::session::{Memory, REHEARSAL};
use crate::domain::time::Timestamp;
use crate::env::Env;
use crate::failure::Failure;
use crate::git::repository::HookEnv;
use crate::git::{Deadline, names, status};
use crate::ops::context::{Context, OpenOptions};
use crate::ops::place::Place;
use crate::ops::session::{self, Said};
use crate::ops::{alerts, claim, intents, journal, paths, sync};
use crate::os::clock;

/// How long an agent waits for an answer at most; then it goes on without.
const LIMIT: Duration = Duration::from_secs(4);

/// Answers one call. It never fails: what goes wrong is silence, and a line in the log.
#[must_use]
pub fn answer(env: &Env, event: &AgentEvent) -> Reply {
    let (send, receive) = mpsc::channel();
    let (env, event) = (env.clone(), event.clone());
    thread::spawn(move || drop(send.send(answer_now(&env, &event))));
    receive.recv_timeout(LIMIT).unwrap_or_else(|_| silence(clock::now()))
}

fn silence(now: Timestamp) -> Reply {
    Reply { now, verdict: Verdict::Go, news: Vec::new() }
}

fn answer_now(env: &Env, event: &AgentEvent) -> Reply {
    // No repository, or none that git reads: nothing to say, and nowhere to log it.
    let Ok(ctx) = open(env, event) else { return silence(clock::now()) };
    let ctx = ctx.until(Deadline::within(LIMIT));
    match Call::new(&ctx, event).and_then(|mut call| call.answer()) {
        Ok(reply) => reply,
        Err(failure) => {
            note_failure(&ctx, event, &failure);
            silence(ctx.now)
        }
    }
}

fn note_failure(ctx: &Context, event: &AgentEvent, failure: &Failure) {
    let hook = format!("agent {}", event.agent);
    journal::note(ctx, None, EventKind::FailedOpen { hook, reason: failure.whole_message() });
}

/// The repository of the file that is edited, which may be in another worktree than the session, else of the session.
fn open(env: &Env, event: &AgentEvent) -> Result<Context, Failure> {
    let cwd = event.cwd.clone().filter(|cwd| cwd.is_absolute()).or_else(|| env.cwd.clone().ok()).unwrap_or_default();
    let first = match &event.what {
        What::BeforeEdit(edits) | What::AfterEdit(edits) => edits.first().map(|edit| cwd.join(&edit.path)),
        What::BeforeShell(sweeps) => {
            sweeps.first().and_then(|sweep| sweep.dir.as_ref()).map(|dir| cwd.join(dir).join("any"))
        }
        _ => None,
    };
    let near = |path: &Path| path.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_path_buf);
    let folder = first.as_deref().and_then(near).filter(|folder| !inside_git_dir(folder)).unwrap_or(cwd);
    let env = Env { cwd: Ok(folder), ..env.clone() };
    // As in a hook: a git too old is told by every other command, and this one waits for nothing that it can do without.
    Context::open(&env, &OpenOptions { hook: Some(HookEnv::default()), ..OpenOptions::default() })
}

fn inside_git_dir(folder: &Path) -> bool {
    folder.components().any(|part| part.as_os_str() == ".git")
}

/// One call, with the session that makes it.
struct Call<'a> {
    ctx: &'a Context,
    event: &'a AgentEvent,
    place: Place,
    holder: Holder,
    memory: Memory,
    was: Memory,
}

impl<'a> Call<'a> {
    fn new(ctx: &'a Context, event: &'a AgentEvent) -> Result<Self, Failure> {
        let place = Place::find(ctx)?;
        let memory = ctx.store.memory(&event.session).unwrap_or_else(|_| Memory::new(event.session.clone()));
        let holder = Holder { identity: place.identity().clone(), session: Some(event.session.clone()) };
        Ok(Self { ctx, event, place, holder, was: memory.clone(), memory })
    }

    fn answer(&mut self) -> Result<Reply, Failure> {
        if self.event.session == REHEARSAL {
            return self.judge();
        }
        if self.event.what == What::SessionEnd {
            session::end(self.ctx, &self.event.session)?;
            return Ok(silence(self.ctx.now));
        }
        let said = Said { id: self.event.session.clone(), agent: Some(self.event.agent.into()), ..Said::default() };
        // A store that cannot be written (a sandbox) does not keep anybody from being told.
        drop(session::beat(self.ctx, &self.place.me, &said));
        sync::start_in_background(self.ctx);
        let reply = self.judge();
        self.remember();
        reply
    }

    fn judge(&mut self) -> Result<Reply, Failure> {
        let mut reply = silence(self.ctx.now);
        match &self.event.what {
            What::SessionStart if self.event.hears => reply.news = at_work::everybody(self)?,
            What::SessionStart | What::PromptSubmitted | What::HelperStart => {}
            What::BeforeEdit(edits) => self.before_edit(edits, &mut reply)?,
            What::AfterEdit(edits) => self.after_edit(edits, &mut reply)?,
            What::BeforeShell(sweeps) => shell::judge(self, sweeps, &mut reply)?,
            What::Stop | What::HelperStop => {
                self.note_what_commands_wrote()?;
                return Ok(reply);
            }
            What::AfterShell | What::SessionEnd | What::Other => return Ok(reply),
        }
        // Cursor cannot be told anything before an edit, say: what is told there would count as heard, and was not.
        if self.event.hears {
            self.add_alerts(&mut reply);
        }
        Ok(reply)
    }

    fn before_edit(&mut self, edits: &[Edit], reply: &mut Reply) -> Result<(), Failure> {
        let known = self.known(edits);
        let paths: BTreeSet<RepoPath> = known.iter().map(|(path, _)| path.clone()).collect();
        // That the claims cannot be read denies nothing, and others' changes are facts all the same.
        let contested = claim::contested(self.ctx, &self.holder, &paths).unwrap_or_else(|failure| {
            note_failure(self.ctx, self.event, &failure);
            Vec::new()
        });
        for contested in contested {
            let denied = matches!(contested.why, Contest::Claimed(_));
            if denied || self.event.hears && self.memory.tell(format!("superseded {:?}", contested.path)) {
                reply.news.push(News::Contested { path: contested.path, why: Box::new(contested.why) });
            }
            if denied {
                reply.verdict = Verdict::Deny;
            }
        }
        if reply.verdict == Verdict::Deny || !self.event.hears_before_edit {
            return Ok(());
        }
        self.facts(&known, reply)
    }

    fn facts(&mut self, edits: &[(RepoPath, &Edit)], reply: &mut Reply) -> Result<(), Failure> {
        let asks = self.ctx.policy.agent_overlap_asks;
        for found in edit::meetings(self, edits)? {
            let strength = if found.met.conflicts { "conflict" } else { "near" };
            let key = format!(
                "{strength} {} {} {}",
                found.met.path.as_bytes().escape_ascii(),
                found.met.label,
                found.version
            );
            if self.memory.tell(key) {
                if found.met.conflicts && asks && !self.event.unattended {
                    reply.verdict = Verdict::Ask;
                }
                reply.news.push(News::Met(found.met));
            }
        }
        Ok(())
    }

    fn after_edit(&mut self, edits: &[Edit], reply: &mut Reply) -> Result<(), Failure> {
        let known = self.known(edits);
        for (path, _) in &known {
            self.memory.touch(self.place.identity(), path, self.ctx.now);
        }
        let done: Vec<(RepoPath, &Edit)> = known;
        if !self.event.hears_before_edit && self.event.hears {
            self.facts(&done, reply)?;
        }
        self.alert_others(&done)
    }

    /// The edits of files in this worktree. Others are none of ours: another repository's, or what git cannot track.
    fn known<'e>(&self, edits: &'e [Edit]) -> Vec<(RepoPath, &'e Edit)> {
        let cwd = self.event.cwd.clone().unwrap_or_default();
        let place = |edit: &'e Edit| {
            let path = cwd.join(&edit.path);
            let found = paths::in_repository(self.ctx, &path).or_else(|_| paths::in_repository(self.ctx, &real(&path)));
            Some((found.ok()?, edit))
        };
        edits.iter().filter_map(place).collect()
    }

    /// Whoever is not at the keyboard now hears of a new conflict at their own next call.
    fn alert_others(&self, edits: &[(RepoPath, &Edit)]) -> Result<(), Failure> {
        let conflicts = edit::conflicts_as_it_lies(self, edits)?;
        if conflicts.is_empty() {
            return Ok(());
        }
        let from = self.place.identity();
        let alert = |(to, path)| alert::Alert {
            to,
            from: from.clone(),
            label: self.place.label.clone(),
            path,
            committed: false,
            at: self.ctx.now,
        };
        let locked = self.ctx.store.lock(intents::wait(self.ctx))?;
        Ok(conflicts.into_iter().map(alert).try_for_each(|alert| locked.put_alert(&alert))?)
    }

    fn add_alerts(&mut self, reply: &mut Reply) {
        let me = self.place.identity().clone();
        for alert in alerts::for_whom(self.ctx, &me) {
            let key = format!("alert {:?} {} {}", alert.from, alert.path.as_bytes().escape_ascii(), alert.at.0);
            let acknowledged = self.ctx.acknowledged(&me, &alert.from, &alert.path);
            if !acknowledged && self.memory.tell(key) && !is_told(&reply.news, &alert) {
                reply.news.push(News::Alert { alert, here: self.place.label.clone() });
            }
        }
    }

    /// What a shell command wrote nobody reported. At the end of a turn it is this session's where no other is here.
    fn note_what_commands_wrote(&mut self) -> Result<(), Failure> {
        let here = |record: &&crate::domain::record::Record| {
            record.kind == Kind::Session && record.identity == *self.place.identity()
        };
        let started = session::record(self.ctx, &self.event.session).map_or(self.ctx.now, |record| record.started_at);
        if session::live(self.ctx).filter(here).any(|record| record.session.as_deref() != Some(&self.event.session)) {
            return Ok(());
        }
        let status = status::read(&self.ctx.repository, &self.place.me)?;
        for path in status.entries.keys() {
            let file = names::below(&self.place.me.path, path).symlink_metadata();
            if file.ok().and_then(|file| names::written_at(&file)).is_some_and(|at| at >= started) {
                self.memory.touch(self.place.identity(), path, self.ctx.now);
            }
        }
        Ok(())
    }

    fn remember(&self) {
        if self.memory != self.was
            && let Ok(locked) = self.ctx.store.lock(intents::wait(self.ctx))
        {
            drop(locked.write_memory(&self.memory));
        }
    }
}

/// Whether the same conflict is told already, among all that is told when a session begins.
fn is_told(news: &[News], alert: &alert::Alert) -> bool {
    let tells = |news: &News| matches!(news, News::AtWork(who) if who.label == alert.label && who.conflicts.contains(&alert.path));
    news.iter().any(tells)
}

/// The path with its folder's links followed, as far as there are folders: agents see through other links than git.
fn real(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let mut folder = path;
    while let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) {
        missing.push(name.to_owned());
        if let Ok(real) = parent.canonicalize() {
            return missing.iter().rev().fold(real, |path, name| path.join(name));
        }
        folder = parent;
    }
    path.to_owned()
}
