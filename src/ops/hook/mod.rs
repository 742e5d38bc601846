//! Git's hooks: what coord does when git calls it, under a deadline, and never with an error of its own in the way.
//! Must not know: how an answer is printed, how the shim is installed.

mod committing;
mod pushing;
mod refreshing;
mod shared;
mod transaction;

use std::ffi::OsString;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::event::EventKind;
use crate::domain::judgement::Judgement;
use crate::domain::policy::Policy;
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::Deadline;
use crate::git::repository::HookEnv;
use crate::ops::context::{Context, OpenOptions};
use crate::ops::journal;

/// How git called: the hook's name, its arguments and its standard input.
#[derive(Clone, Debug)]
pub struct HookCall {
    /// `pre-commit`, `post-checkout`, …
    pub name: String,
    /// The arguments that git gave.
    pub arguments: Vec<OsString>,
    /// All of the standard input; empty for hooks that have none.
    pub stdin: Vec<u8>,
}

/// What coord answers.
#[derive(Clone, Debug, Default)]
pub struct HookAnswer {
    /// Whether git is to be stopped.
    pub stop: bool,
    /// What was judged, where a commit was.
    pub judgement: Option<Judgement>,
    /// Lines to say besides, each whole.
    pub notices: Vec<String>,
}

/// Beyond the deadline, children are given so long to end and temporary folders to be removed.
const GRACE: Duration = Duration::from_millis(250);

/// Answers one call of git. It never fails: what goes wrong lets git go on, with one line that says so, unless
/// `coord.strict` turns that round.
#[must_use]
pub fn run(env: &Env, call: HookCall) -> HookAnswer {
    let began = Instant::now();
    let (send, receive) = mpsc::channel();
    let (name, worker_env) = (call.name.clone(), env.clone());
    let strict_env = env.variable("COORD_STRICT").is_some_and(|value| value == "true" || value == "1");
    thread::spawn(move || drop(send.send(Message::Answer(Box::new(answer(&worker_env, &call, began, &send))))));
    let mut limits = (Duration::from_millis(Policy::default().deadline_ms), strict_env);
    loop {
        match receive.recv_timeout((limits.0 + GRACE).saturating_sub(began.elapsed())) {
            Ok(Message::Limits { deadline, strict }) => limits = (deadline, strict),
            Ok(Message::Answer(answer)) => return *answer,
            Err(RecvTimeoutError::Timeout) => return failed_open(&name, "it took too long", limits.1),
            Err(RecvTimeoutError::Disconnected) => return failed_open(&name, "of a bug in coord", limits.1),
        }
    }
}

/// What the worker tells the watchdog.
enum Message {
    /// What the configuration says, once it is read.
    Limits { deadline: Duration, strict: bool },
    /// The end.
    Answer(Box<HookAnswer>),
}

fn answer(env: &Env, call: &HookCall, began: Instant, watchdog: &Sender<Message>) -> HookAnswer {
    let hook_env = match hook_env(env) {
        Ok(hook_env) => hook_env,
        Err(failure) => return failed_open(&call.name, &failure.whole_message(), false),
    };
    let commits = matches!(call.name.as_str(), "pre-commit" | "pre-merge-commit");
    let options = OpenOptions { hook: Some(hook_env), commits, ..OpenOptions::default() };
    let ctx = match Context::open(env, &options) {
        Ok(ctx) => ctx,
        Err(failure) => return failed_open(&call.name, &failure.whole_message(), false),
    };
    let deadline = Duration::from_millis(ctx.policy.deadline_ms);
    drop(watchdog.send(Message::Limits { deadline, strict: ctx.policy.strict }));
    let ctx = ctx.until(Deadline::within(deadline.saturating_sub(began.elapsed())));
    match dispatch(&ctx, call) {
        Ok(answer) => answer,
        Err(failure) => {
            let reason = failure.whole_message();
            journal::note(&ctx, None, EventKind::FailedOpen { hook: call.name.clone(), reason: reason.clone() });
            failed_open(&call.name, &reason, ctx.policy.strict)
        }
    }
}

fn dispatch(ctx: &Context, call: &HookCall) -> Result<HookAnswer, Failure> {
    match call.name.as_str() {
        "pre-commit" => committing::before(ctx, "commit"),
        "pre-merge-commit" => committing::before(ctx, "merge"),
        "post-commit" | "post-merge" => refreshing::after_commit(ctx),
        "post-checkout" | "post-rewrite" => refreshing::after_move(ctx),
        "pre-push" => pushing::before(ctx, &call.stdin),
        "reference-transaction" => transaction::before(ctx, &call.arguments, &call.stdin),
        other => Err(Failure::new(Kind::Usage, format!("coord has no hook {other}"))),
    }
}

/// Git's own account of where it stands: relative paths of it count from the working directory.
fn hook_env(env: &Env) -> Result<HookEnv, Failure> {
    let gone = |why: &String| Failure::new(Kind::Repository, format!("the working directory is gone: {why}"));
    let cwd = env.cwd.as_ref().map_err(gone)?;
    let absolute = |name: &str| env.variable(name).map(|value| cwd.join(value));
    Ok(HookEnv { git_dir: absolute("GIT_DIR"), index_file: absolute("GIT_INDEX_FILE") })
}

/// The one line for a check that could not be made. What follows a commit stops nothing, so that its failure is nobody's
/// concern in that moment: the log has it.
fn failed_open(hook: &str, reason: &str, strict: bool) -> HookAnswer {
    let before = matches!(hook, "pre-commit" | "pre-merge-commit" | "pre-push" | "reference-transaction");
    if !before {
        return HookAnswer::default();
    }
    let what = match hook {
        "pre-push" => "push",
        "reference-transaction" => "update",
        _ => "commit",
    };
    let goes = if strict { "is stopped, as coord.strict says" } else { "goes through" };
    let line = format!("could not check this {what} ({reason}); the {what} {goes}. coord doctor says more");
    HookAnswer { stop: strict, judgement: None, notices: vec![line] }
}
