//! The help: commands in groups, as people look for them, under the name that was typed.
//! Must not know: what a command does.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;

use super::Cli;

/// The groups of the help. Every command that is not hidden stands in one (a test holds this).
const GROUPS: &[(&str, &[&str])] = &[
    ("Look", &["scan", "status", "check", "diff", "plan", "watch"]),
    ("Coordinate", &["ack", "claim", "release", "renew", "claims", "sync"]),
    ("Set up", &["install", "uninstall", "doctor", "config", "demo", "completions", "man"]),
    ("Evidence", &["log", "report", "ci"]),
];

/// The definition of all arguments, without the grouping: for pages and completions.
pub(super) fn bare() -> clap::Command {
    Cli::command()
}

/// The definition of all arguments, with the help grouped, under the name that was typed: `coord` or `git coord`.
pub(super) fn command(arguments: &[OsString]) -> clap::Command {
    let typed = arguments.first().and_then(|name| Path::new(name).file_stem()?.to_str());
    let name = if typed == Some("git-coord") { "git coord" } else { "coord" };
    let command = bare().bin_name(name);
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}Options:\n{{options}}{{after-help}}",
        groups(&command)
    );
    let after = format!("{name} COMMAND --help says more, with examples");
    command.help_template(template).after_help(after)
}

fn groups(command: &clap::Command) -> String {
    let mut text = String::new();
    for (group, names) in GROUPS {
        let _ = writeln!(text, "{group}:");
        for name in *names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            let _ = writeln!(text, "  {name:<12} {}", about.map(ToString::to_string).unwrap_or_default());
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        bare().debug_assert();
    }

    #[test]
    fn every_command_stands_in_one_group() {
        let command = bare();
        let mut shown: Vec<&str> =
            command.get_subcommands().filter(|c| !c.is_hide_set()).map(clap::Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        shown.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(shown, grouped);
    }

    #[test]
    fn every_command_says_what_it_is_for_in_a_line() {
        for sub in bare().get_subcommands() {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && about.len() <= 90 && !about.ends_with('.'), "{}: {about:?}", sub.get_name());
        }
    }

    #[test]
    fn the_help_speaks_of_the_name_that_was_typed() {
        let help = |name: &str| command(&[OsString::from(name)]).render_help().to_string();
        assert!(help("/usr/bin/git-coord").contains("git coord [OPTIONS] [COMMAND]"), "{}", help("git-coord"));
        assert!(help("coord").contains("Usage: coord [OPTIONS] [COMMAND]"), "{}", help("coord"));
        assert!(help("coord").lines().all(|line| line.chars().count() <= 100), "{}", help("coord"));
    }
}
