//! `coord` sees which lines of work on one repository will collide, and blocks just the commit that would make a conflict.
//!
//! # The idea
//! Git already knows what everybody is working on: worktrees, branches, the index, the files. coord reads each
//! **instance**'s **working set** from there, so nothing has to be declared and nothing goes stale. Whether two of them
//! collide is decided by the merge that git itself would do, not by "same file". It is fast enough for a hook because only
//! paths that two instances share are ever looked at.
//!
//! # Words
//! *target*: the branch that work lands on · *instance*: one line of concurrent work (a worktree, a branch without one, a
//! remote ref, a session) · *fork point*: where it left the target · *working set*: what it changed since, in four *layers*
//! (committed, staged, unstaged, untracked) · *overlap*: a path in two working sets · *grade*: how bad that is (`identical`
//! < `disjoint` < `conflict`) · *stacked*: one builds on the other · *board*: the published view · *record*: an instance's
//! own entry · *claim*: a lease on paths · *acknowledgement*: "we know of this overlap" · *right of way*: who may go on.
//!
//! # Floors
//! A file may name its own floor and those below it; `tests/tidy.rs` reads the sources and holds this.
//!
//! | floor | module | what |
//! |---|---|---|
//! | 1 | [`domain`] | what coord thinks about: values in, values out; no IO, no clock |
//! | 2 | [`git`] | the only owner of git2 and of the program `git` |
//! | 2 | [`store`] | the only writer of coord's own files |
//! | 2 | `agent` | each coding agent's hooks, in its own words, to domain values and back; no IO |
//! | 2 | `forge` | where a check runs, and lists of open requests as each service gives them; no IO |
//! | 2 | [`os`] | processes, clocks, file-system events |
//! | 3 | [`render`] | a finished report, written down; computes nothing |
//! | 4 | [`ops`] | the use cases; no clap, no printing |
//! | 5 | `cli`, `tui`, `mcp` | the front doors over the same use cases |
//!
//! [`mod@env`] is captured once and handed on; [`failure`] is how a use case fails; [`exit`] alone knows the exit codes.
//!
//! # The life of one `git commit`
//! The shim (`githooks/hook.sh`) calls `coord hook pre-commit`. [`ops::hook`] starts a watchdog and opens a
//! [`ops::context::Context`], by what git answered before where it would answer the same ([`git::opening`]), which
//! looks first ([`ops::first_look`]) at the **intents**, commits that others make in this instant, and then at
//! worktrees and branches. [`ops::commit`] makes the commit of the index ([`git::index`]) in memory ([`git::tree`]),
//! finds everybody else and reads their files at the staged paths alone ([`git::snapshot`]), asks the engine
//! ([`git::merge`]) for every pair, once with the commit and once with HEAD, and gives what the commit *adds* to the
//! rules ([`domain::right_of_way`]). What may go on is recorded as an intent under the lock, unless somebody else's
//! came meanwhile; then it is judged again, so of two commits that conflict one sees the other.
//! post-commit ends the intent, judges again what was committed if that is another tree, and refreshes the board.
//!
//! # The engine
//! [`git::merge`] brings each line of work onto the target once, so that all share one base; then a pair's verdict on a path
//! is a walk over two sorted lists of hunks ([`domain::verdict`]). Where the target moved under an instance the merge is done
//! again from its own fork point, once for each order of landing. Lines that have commits in common which the target lacks are
//! judged on the target with these landed, as git merges them from there. What hunks cannot tell (renames, several merge bases,
//! file against directory, …) goes to `git merge-tree --write-tree --stdin`, in a temporary object directory. Many lines
//! and paths are judged on all processors, with the same answer as on one, their objects read from the packs themselves
//! (`git::packs`). Overlaps are packed where they are found and take their form when somebody looks
//! ([`domain::path_overlaps`]), those that merge cleanly being counted until then ([`domain::overlaps`]); so they are
//! remembered by the tips ([`git::merge::Memory`]), of which only what is looked at is read again, and the next scan costs what
//! changed. Most lines do not depend on anybody's files: they are judged while those are still looked at ([`git::merge::begin`]),
//! by git, or by their stamps where git said before how they stand ([`git::status::Question`]).
//! `tests/differential.rs` compares every verdict with git's own over random histories.
//!
//! # Beyond one machine
//! [`ops::sync`] publishes each instance as `refs/coord/<host>/<instance>` at the remote: a commit whose tree is the working set
//! as it lies, whose parent is the tip, and whose message is the record ([`store::sync_record`]); so git's thin packs find
//! the same paths in the parent, and a change of one file costs little more than itself. What others published is fetched
//! into a repository of coord's own ([`git::publication`]), read as data, and becomes instances of kind `synced` that
//! [`ops::who`] lists and the engine judges like any other. What is told by lines alone becomes texts made up from these lines.
//! Each pattern of an exclusive claim is a ref too (`ops::sync::leases`), swapped from an explicit id; so is a place in line.
//!
//! # Invariants
//! - The domain never does IO, and so cannot fail but by refusing a value.
//! - Nothing but the store writes coord's files; nothing at all writes to the user's index, worktrees, refs or objects.
//! - No program that a tracked file or the repository's configuration names is ever run ([`git::program`]); talking to a
//!   remote goes as `git fetch` goes, credential helpers and ssh included, but never asks ([`git::remote`]).
//! - Nothing leaves this machine before its user agreed to the remote and to how much is told.
//! - Not knowing is an answer of its own: an instance or pair that could not be read is `unknown`, never "clean".
//! - An error of coord's own never stops a commit, unless `coord.strict` says so.
//! - A git child is ended with SIGTERM, never killed: a killed git leaves locks behind.

use std::ffi::OsString;
use std::process::ExitCode;

pub mod agent;
mod cli;
pub mod domain;
pub mod env;
pub mod exit;
pub mod failure;
pub mod forge;
pub mod git;
mod mcp;
pub mod ops;
pub mod os;
pub mod render;
pub mod store;
mod tui;

/// Runs the program with `arguments` (the first is the program's own name) and returns its exit code.
pub fn run(env: env::Env, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    cli::run(env, arguments).into()
}
