//! `coord completions` and `coord man`: coord's own pages, made from the definitions of its arguments.
//! Must not know: repositories.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::help;
use super::screen::Screen;
use crate::exit::Exit;
use crate::failure::{Failure, Kind};

/// Write the completions of a shell
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord completions bash > ~/.local/share/bash-completion/completions/coord
  coord completions zsh > ~/.zfunc/_coord
  coord completions fish > ~/.config/fish/completions/coord.fish")]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: Shell,
}

/// Write the manual page, or all of them into a folder
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  coord man | man -l -
  coord man ~/.local/share/man/man1     one page a command; then also: git coord --help")]
pub(super) struct ManArgs {
    /// Where to, as files
    #[arg(value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs, screen: &mut Screen) -> Exit {
    let mut command = help::bare();
    screen.answer(|_, out| {
        clap_complete::generate(args.shell, &mut command, "coord", out);
        Ok(())
    });
    Exit::Clear
}

pub(super) fn man(args: &ManArgs, screen: &mut Screen) -> Result<Exit, Failure> {
    let Some(directory) = &args.directory else {
        screen.answer(|_, out| clap_mangen::Man::new(help::bare()).render(out));
        return Ok(Exit::Clear);
    };
    // `git coord --help` opens the page git-coord.
    clap_mangen::Man::new(help::bare().name("git-coord"))
        .generate_to(directory)
        .and_then(|_| clap_mangen::generate_to(help::bare(), directory))
        .map_err(|error| Failure::new(Kind::Usage, format!("could not write into {}: {error}", directory.display())))?;
    screen.answer(|_, out| {
        writeln!(out, "manual pages written to {}", crate::render::safe::text(directory.as_os_str().as_encoded_bytes()))
    });
    Ok(Exit::Clear)
}
