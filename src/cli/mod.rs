//! Floor 5: the front door for people at a command line. Arguments in, a use case called, its answer shown, an exit code out.
//! Must not know: git2, files, how an answer is found or written down.

mod ack;
mod agent;
mod agents;
mod check;
mod ci;
mod claim;
mod help;
mod hook;
mod log;
mod mcp;
mod parse;
mod plan;
mod progress;
mod report;
mod scan;
mod screen;
mod session;
mod setup;
mod shell;
mod sync;
mod verdict;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::env::Env;
use crate::exit::Exit;
use crate::failure::{Failure, Kind};
use crate::ops;
use crate::ops::context::{Context, OpenOptions};
use crate::render;
use screen::Screen;

/// See which lines of work on this repository will collide, before they do
///
/// coord reads from git what everybody is working on: worktrees, branches, uncommitted files. Two of them collide when
/// git itself could not merge both. The hooks that `coord install` sets up stop just the commit that would make such a
/// conflict; everything else goes through.
///
/// Without a command: is my worktree clear?
#[derive(Debug, Parser)]
#[command(name = "coord", version, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
struct Global {
    /// Run as if started in DIR, as with git
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = "Everywhere", action = ArgAction::Append)]
    directory: Vec<PathBuf>,
    /// Answer as JSON
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// When to colour
    #[arg(long, value_name = "WHEN", global = true, help_heading = "Everywhere", default_value = "auto")]
    color: Color,
    /// The branch that work lands on, instead of coord.target
    #[arg(long, value_name = "BRANCH", global = true, help_heading = "Everywhere")]
    target: Option<String>,
}

/// When colours are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR or CLICOLOR=0 is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(scan::ScanArgs),
    Status(scan::StatusArgs),
    Check(check::CheckArgs),
    Diff(check::DiffArgs),
    Ack(ack::AckArgs),
    Sync(sync::SyncArgs),
    Claim(claim::ClaimArgs),
    Release(claim::ReleaseArgs),
    Renew(claim::RenewArgs),
    Claims(claim::ClaimsArgs),
    Install(setup::InstallArgs),
    Uninstall(setup::UninstallArgs),
    Doctor(setup::DoctorArgs),
    Config(setup::ConfigArgs),
    Demo(setup::DemoArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
    Log(log::LogArgs),
    Report(report::ReportArgs),
    Watch(watch::WatchArgs),
    Plan(plan::PlanArgs),
    Ci(ci::CiArgs),
    #[command(hide = true)]
    Hook(hook::HookArgs),
    #[command(hide = true)]
    Agent(agent::AgentArgs),
    #[command(hide = true)]
    Mcp(mcp::McpArgs),
    #[command(hide = true, subcommand)]
    Session(session::SessionCommand),
}

/// Calls the command; what it used of temporary folders is removed even where it is interrupted.
fn dispatch(cli: Cli, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    // The dashboard restores the terminal when it is ended, and a server is ended by its client.
    if matches!(cli.command, Some(Command::Watch(_) | Command::Mcp(_))) {
        return call(cli, env, screen);
    }
    let ending = ops::scratch::clean_up_when_interrupted();
    let answer = call(cli, env, screen);
    ending.hold();
    answer
}

fn call(cli: Cli, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let global = &cli.global;
    let Some(command) = cli.command else { return scan::home(global, env, screen) };
    match command {
        Command::Scan(args) => scan::scan(&args, global, env, screen),
        Command::Status(scan::StatusArgs {}) => scan::status(global, env, screen),
        Command::Check(args) => check::check(&args, global, env, screen),
        Command::Diff(args) => check::diff(&args, global, env, screen),
        Command::Ack(args) => ack::ack(&args, global, env, screen),
        Command::Sync(args) => sync::sync(&args, global, env, screen),
        Command::Claim(args) => claim::claim(&args, global, env, screen),
        Command::Release(args) => claim::release(&args, global, env, screen),
        Command::Renew(args) => claim::renew(&args, global, env, screen),
        Command::Claims(claim::ClaimsArgs {}) => claim::claims(global, env, screen),
        Command::Install(args) => setup::install(&args, global, env, screen),
        Command::Uninstall(args) => setup::uninstall(&args, global, env, screen),
        Command::Doctor(args) => setup::doctor(&args, global, env, screen),
        Command::Config(args) => setup::config(&args, global, env, screen),
        Command::Demo(args) => setup::demo(&args, env, screen),
        Command::Completions(args) => Ok(shell::completions(&args, screen)),
        Command::Man(args) => shell::man(&args, screen),
        Command::Log(args) => log::log(&args, global, env, screen),
        Command::Watch(args) => watch::watch(&args, global, env, screen),
        Command::Report(args) => report::report(&args, global, env, screen),
        Command::Plan(args) => plan::plan(&args, global, env, screen),
        Command::Ci(args) => ci::ci(&args, global, env, screen),
        Command::Hook(args) => Ok(hook::hook(args, env, screen)),
        Command::Agent(args) => Ok(agent::agent(&args, env, screen)),
        Command::Mcp(mcp::McpArgs {}) => Ok(mcp::mcp(env)),
        Command::Session(command) => session::session(&command, global, env, screen),
    }
}

/// Says `coord install` once, where the team has a policy and this repository no hooks to hold it.
fn suggest_install(ctx: &Context, env: &Env, screen: &mut Screen) {
    if ctx.team.is_some() && ops::doctor::hooks_are_missing(env, &ctx.repository) {
        screen.aside(|style, out| {
            let said = "coord.toml is there and the hooks are not: coord install";
            render::hook::notice(said, style, out)
        });
    }
}

/// Opens the repository that the command was started in.
fn open(env: &Env, global: &Global) -> Result<Context, Failure> {
    open_as(env, global, false)
}

/// The like for a command that looks at everybody.
fn open_for_survey(env: &Env, global: &Global) -> Result<Context, Failure> {
    open_as(env, global, true)
}

fn open_as(env: &Env, global: &Global, survey: bool) -> Result<Context, Failure> {
    let flags = global.target.iter().map(|target| ("coord.target", target.clone())).collect();
    Context::open(env, &OpenOptions { flags, survey, ..OpenOptions::default() })
}

/// Runs the program. The first argument is the program's own name.
pub(crate) fn run(env: Env, arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match help::command(&arguments).try_get_matches_from(&arguments).and_then(|m| Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(error) => return Screen::of(&env, Color::Auto, false).usage(&error),
    };
    let mut screen = Screen::of(&env, cli.global.color, cli.global.json);
    let answer = moved(env, &cli.global.directory).and_then(|env| dispatch(cli, &env, &mut screen));
    screen.end(answer)
}

/// The environment as if started in the directories of `-C`, each relative to the one before.
fn moved(mut env: Env, directories: &[PathBuf]) -> Result<Env, Failure> {
    for directory in directories {
        let base = env.cwd.unwrap_or_default();
        let next = base.join(directory);
        if !next.is_dir() {
            return Err(Failure::new(Kind::Usage, format!("-C {}: no such folder", directory.display())));
        }
        env.cwd = Ok(next);
    }
    Ok(env)
}
