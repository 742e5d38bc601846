//! `coord ci`: this request against all other open ones, in the form that the service shows best.
//! Must not know: how requests are found or judged, how a format is written.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::scan::GradeArg;
use super::screen::Screen;
use super::verdict::FailOnArg;
use super::{Global, parse};
use crate::domain::ci::{Forge, Report};
use crate::domain::finding::tally;
use crate::domain::overlap::Grade;
use crate::domain::policy::FailOn;
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ops::ci::{self, Checked};
use crate::render::style::Style;
use crate::render::{self, github, gitlab, html, json, markdown, sarif};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// No list of open requests is longer.
const LONGEST_LIST: u64 = 64 << 20;

/// Check this branch, or all pairs, against every open request
///
/// Each request is judged on its own base by the merge that git would do. Which requests are open comes from a list; what
/// `gh pr list --json`, the REST API of GitHub or GitLab, or Azure answer is understood. Without a list every remote branch
/// counts as one. On GitHub the conflicts are also annotated, and written to the step's summary.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  gh pr list --json number,headRefName,headRefOid,baseRefName,author,isDraft | coord ci --open -
  coord ci --all --open open.json --output html=coord.html --output sarif=coord.sarif
  coord ci                              this branch against the remote's branches
  coord ci --fail-on blocked            fails only the request that has to yield

Exit code: 0 clear, 1 found what --fail-on names, 2 could not answer.")]
pub(super) struct CiArgs {
    /// The open requests as JSON: number, head, commit, base, author, draft; - for standard input
    #[arg(long, value_name = "FILE")]
    open: Option<PathBuf>,
    /// Judge all pairs, not only this branch's
    #[arg(long)]
    all: bool,
    /// The branch to check, instead of the one that is checked out or that the service names
    #[arg(long, value_name = "BRANCH", conflicts_with = "all")]
    branch: Option<String>,
    /// Leave out requests that nobody committed to for longer: 30d
    #[arg(long, value_name = "TIME", value_parser = parse::span)]
    since: Option<Seconds>,
    /// Only requests of which NAME, or part of a name or address, is the author
    #[arg(long, value_name = "NAME", num_args = 1..)]
    author: Vec<String>,
    /// Leave out requests whose branches match
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    exclude: Vec<String>,
    /// Only overlaps in these paths, counted from the top
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    path: Vec<String>,
    /// Leave out what is less bad
    #[arg(long, value_name = "GRADE")]
    min_grade: Option<GradeArg>,
    /// How the answer is written
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write it to FILE too, in that format; as often as wanted
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output)]
    output: Vec<Output>,
    /// Fold nothing
    #[arg(long)]
    full: bool,
    /// List every path that does not land on its base
    #[arg(long)]
    all_paths: bool,
    /// What makes the exit code 1; `blocked`: only what this request has to yield to
    #[arg(long, value_name = "FINDING", default_value = "conflict")]
    fail_on: FailOnArg,
}

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs
    Json,
    /// For code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// For summaries and comments
    Markdown,
    /// GitLab's Code Quality
    Gitlab,
    /// One self-contained page
    Html,
}

/// A file to write.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Output {
    format: Format,
    file: PathBuf,
}

fn output(text: &str) -> Result<Output, String> {
    let (format, file) = text.split_once('=').ok_or("a format and a file, as in html=coord.html")?;
    if file.is_empty() {
        return Err("a format and a file, as in html=coord.html".to_owned());
    }
    Ok(Output { format: Format::from_str(format, true)?, file: file.into() })
}

pub(super) fn ci(args: &CiArgs, global: &Global, env: &Env, screen: &mut Screen) -> Result<Exit, Failure> {
    let wants = |format| args.format == Some(format) || args.output.iter().any(|output| output.format == format);
    let options = ci::Options {
        open: args.open.as_deref().map(|file| list(file, env)).transpose()?,
        all: args.all,
        branch: args.branch.clone(),
        target: global.target.clone(),
        since: args.since,
        authors: args.author.clone(),
        exclude: args.exclude.clone(),
        paths: args.path.clone(),
        min_grade: args.min_grade.map(Grade::from),
        all_paths: args.all_paths,
        excerpts: wants(Format::Html),
    };
    let checked = ci::check(env, &options)?;
    for output in &args.output {
        let file = place(env, &output.file);
        let text = written(&checked, output.format, args.full, &Style::plain(Style::ENDLESS))?;
        fs::write(&file, text).map_err(|error| unwritable(&file, &error))?;
    }
    answer(args, global, &checked, screen)?;
    if let Err(failure) = summarise(&checked) {
        // The job has its answer; a summary that could not be written must not turn it.
        screen.aside(|_, out| writeln!(out, "coord: {}", render::safe::text(failure.whole_message())));
    }
    Ok(exit(&checked.report, args.fail_on.into()))
}

/// The list of open requests, from a file or from standard input.
fn list(file: &Path, env: &Env) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(LONGEST_LIST + 1).read_to_end(&mut text)
    } else {
        fs::File::open(place(env, file)).and_then(|list| list.take(LONGEST_LIST + 1).read_to_end(&mut text))
    };
    match read {
        Err(error) => Err(Failure::usage(format!("--open {}: {error}", file.display()))),
        Ok(_) if text.len() as u64 > LONGEST_LIST => {
            Err(Failure::usage(format!("--open {}: it is larger than 64 MiB", file.display())))
        }
        Ok(_) => Ok(text),
    }
}

fn place(env: &Env, file: &Path) -> PathBuf {
    env.cwd.as_ref().map_or_else(|_| file.to_owned(), |cwd| cwd.join(file))
}

fn unwritable(file: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("could not write {}: {error}", file.display()))
}

fn answer(args: &CiArgs, global: &Global, checked: &Checked, screen: &mut Screen) -> Result<(), Failure> {
    let format = args.format.unwrap_or(if global.json { Format::Json } else { Format::Human });
    if format == Format::Human {
        screen.answer(|style, out| render::ci::human(&checked.report, args.full, style, out));
        if args.format.is_none() && checked.place.forge == Forge::GitHub {
            screen.document(&written(checked, Format::Github, args.full, &Style::plain(Style::ENDLESS))?);
        }
    } else {
        screen.document(&written(checked, format, args.full, &Style::plain(Style::ENDLESS))?);
    }
    Ok(())
}

fn written(checked: &Checked, format: Format, full: bool, style: &Style) -> Result<Vec<u8>, Failure> {
    let report = &checked.report;
    let mut out = Vec::new();
    let written = match format {
        Format::Human => render::ci::human(report, full, style, &mut out),
        Format::Json => json::ci(report, Grade::Identical, &mut out),
        Format::Sarif => sarif::write(report, VERSION, &checked.head, &mut out),
        Format::Github => github::write(report, &mut out),
        Format::Markdown => markdown::write(report, &mut out),
        Format::Gitlab => gitlab::write(report, &mut out),
        Format::Html => html::write(report, VERSION, &mut out),
    };
    written.map_err(|error| Failure::usage(format!("could not write the answer: {error}")))?;
    Ok(out)
}

/// Appends to the step's summary, where the service has such a thing.
fn summarise(checked: &Checked) -> Result<(), Failure> {
    let Some(file) = &checked.place.summary else { return Ok(()) };
    let text = written(checked, Format::Markdown, false, &Style::plain(Style::ENDLESS))?;
    let mut summary = OpenOptions::new().append(true).create(true).open(file).map_err(|e| unwritable(file, &e))?;
    summary.write_all(&text).map_err(|error| unwritable(file, &error))
}

/// 1 beats 2; who only wants to be informed is never stopped.
fn exit(report: &Report, fail_on: FailOn) -> Exit {
    let found = |grade: Grade| {
        report.overlaps().any(|(_, overlap)| overlap.paths.iter().any(|path| path.blocks && path.grade >= grade))
    };
    let must_yield = || {
        report.overlaps().filter(|(_, overlap)| overlap.counts()).any(|(group, overlap)| {
            report.subject.is_none_or(|subject| group.right_of_way(overlap).yields == subject.instance)
        })
    };
    let found = match fail_on {
        FailOn::Never => return Exit::Clear,
        FailOn::Blocked => must_yield(),
        FailOn::Grade(Grade::Conflict) => report.overlaps().any(|(_, overlap)| overlap.counts()),
        FailOn::Grade(grade) => found(grade),
    };
    match found {
        true => Exit::Found,
        false if tally(report).unknown > 0 => Exit::NoAnswer,
        false => Exit::Clear,
    }
}
