//! What the hooks say: the blocked commit with its ways out, and a line for each warning.
//! Must not know: the rules behind it, the hook's exit code.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::safe;
use super::style::{Ink, Style};
use super::table::{Cell, Column, Table, cut_end};
use super::words;
use crate::domain::judgement::{Clash, Finding, Judgement, Reason, Taken, WayOut};
use crate::domain::path::RepoPath;
use crate::domain::policy::Mode;

/// How many clashes are shown with their lines, and how many warnings, before the rest is counted.
const CLASHES: usize = 3;
const WARNINGS: usize = 4;
/// Where the commands begin.
const WAYS: usize = 22;

/// Writes all that one commit gives to say: nothing where nothing is in the way.
pub fn human(judgement: &Judgement, style: &Style, out: &mut impl Write) -> io::Result<()> {
    if judgement.mode == Mode::Monitor {
        return Ok(());
    }
    if !judgement.blocks.is_empty() {
        block(judgement, style, out)?;
    }
    // Where the commit is stopped, warnings speak of a commit that does not happen.
    if judgement.blocks.is_empty() || judgement.mode == Mode::Warn {
        warnings(judgement, style, out)?;
    }
    judgement.notices.iter().try_for_each(|said| notice(said, style, out))
}

/// Writes one line of the hook's own: that it could not check, or could not record.
pub fn notice(notice: &str, style: &Style, out: &mut impl Write) -> io::Result<()> {
    line(&safe::text(notice), style, out)
}

fn line(said: &str, style: &Style, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{} {said}", style.ink(Ink::Faint, "coord:"))
}

fn block(judgement: &Judgement, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let mut others: Vec<&str> = judgement.blocks.iter().map(|finding| finding.other.as_str()).collect();
    others.dedup();
    let claimed = judgement.blocks.iter().all(|finding| finding.reason == Reason::Claimed);
    let verb = if claimed { "touches what is claimed by" } else { "would conflict with" };
    let enforced = judgement.mode == Mode::Enforce;
    let end = if enforced { "" } else { "; it goes through (coord.mode is warn)" };
    let said = format!("this {} {verb} {}{end}", judgement.command, words::names(others.iter().copied()));
    line(&style.ink(if enforced { Ink::Bad } else { Ink::Caution }, &said), style, out)?;
    writeln!(out)?;
    let clashes: Vec<(&Finding, &Clash)> =
        judgement.blocks.iter().flat_map(|finding| finding.clashes.iter().map(move |clash| (finding, clash))).collect();
    for (finding, clash) in clashes.iter().take(CLASHES) {
        show(judgement, finding, clash, others.len() > 1, style, out)?;
    }
    if clashes.len() > CLASHES {
        let more = words::count(clashes.len() - CLASHES, "more path", "more paths");
        writeln!(out, "  and {more} ({})", style.ink(Ink::Command, "coord"))?;
    }
    if enforced && !judgement.ways_out.is_empty() {
        writeln!(out)?;
        ways_out(judgement, style, out)?;
    }
    Ok(())
}

/// One path: whose, since when, and both sides' lines.
fn show(
    judgement: &Judgement,
    finding: &Finding,
    clash: &Clash,
    named: bool,
    style: &Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut facts = vec![clash.kind.name().to_owned()];
    if named {
        facts.push(safe::text(&finding.other));
    }
    facts.extend(words::task(finding.task.as_deref()));
    facts.push(match (finding.reason, finding.since) {
        (Reason::Claimed, Some(since)) => format!("claimed {}", words::ago(judgement.now, since)),
        (Reason::Claimed, None) => "claimed".to_owned(),
        (_, Some(since)) => format!("committed {}", words::ago(judgement.now, since)),
        (_, None) => "committed".to_owned(),
    });
    let path = safe::text(clash.path.as_bytes());
    writeln!(out, "  {}     {}", style.ink(Ink::Strong, &path), style.ink(Ink::Faint, &facts.join(", ")))?;
    let mut table = Table::new(4, &[Column::Left, Column::Left, Column::Cut]);
    for (who, lines, text, ink) in
        [("yours", &clash.own, &clash.own_line, Ink::Good), ("theirs", &clash.theirs, &clash.their_line, Ink::Bad)]
    {
        let shown = text.as_ref().map(|text| safe::line(text).trim().to_owned()).unwrap_or_default();
        if !lines.is_empty() || !shown.is_empty() {
            table.row(vec![Cell::plain(who), Cell::plain(words::lines(lines)), Cell::new(ink, shown)]);
        }
    }
    table.write(style, out)
}

/// The ways out, best first: what for, and the command.
fn ways_out(judgement: &Judgement, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let unreviewed = "     (their work is not reviewed yet)";
    let ask = if judgement.by_agent { "     (ask your user first)" } else { "" };
    let paths = |paths: &[RepoPath]| {
        let words: Vec<String> = paths.iter().map(|path| typed(path, &judgement.prefix)).collect();
        words.join(" ")
    };
    for way in &judgement.ways_out {
        let (what, command, aside) = match way {
            WayOut::Unstage(contested) => ("commit the rest", format!("git restore --staged {}", paths(contested)), ""),
            WayOut::CommitWithout(contested) => {
                ("commit the rest", format!("git commit :/ {}", without(contested)), "")
            }
            WayOut::CommitOnly(rest) => ("commit the rest", format!("git commit -- {}", paths(rest)), ""),
            WayOut::Rebase(onto) => ("build on theirs", format!("git rebase --autostash {}", name(onto)), unreviewed),
            WayOut::RebaseFetched(remote, from) => {
                let fetch = format!("git fetch {} {}", safe::shell(remote), safe::shell(from));
                ("build on theirs", format!("{fetch} && git rebase --autostash FETCH_HEAD^"), unreviewed)
            }
            WayOut::Merge(other) => ("build on theirs", format!("git merge {}", name(other)), unreviewed),
            WayOut::Acknowledge(other, known) => {
                ("you both know", format!("coord ack {} {} --for 8h", safe::shell(other), paths(known)), ask)
            }
            WayOut::SkipOnce(taken) => {
                let taken = match taken {
                    Taken::Staged => String::new(),
                    Taken::Tracked => " -a".to_owned(),
                    Taken::Paths(taken) => format!(" -- {}", paths(taken)),
                };
                ("skip once", format!("COORD_SKIP=1 git {}{taken}", judgement.command), ask)
            }
        };
        let fits = WAYS + command.width() + aside.width() <= style.width;
        let aside = if fits { aside.to_owned() } else { format!("\n{}{}", " ".repeat(WAYS), aside.trim_start()) };
        let aside = if aside.trim().is_empty() { String::new() } else { style.ink(Ink::Faint, &aside) };
        writeln!(out, "  {what:<18}  {}{aside}", style.ink(Ink::Command, &command))?;
    }
    Ok(())
}

/// A path as it must be typed where the user stands: from the top of the worktree when that is elsewhere.
fn typed(path: &RepoPath, prefix: &[u8]) -> String {
    if prefix.is_empty() { safe::shell_path(path.as_bytes()) } else { safe::shell([b":/", path.as_bytes()].concat()) }
}

/// Paths left out of what a pathspec names, wherever the user stands.
fn without(paths: &[RepoPath]) -> String {
    let word = |path: &RepoPath| {
        // A glob would leave out more.
        let is_glob = path.as_bytes().iter().any(|byte| b"*?[\\".contains(byte));
        let magic: &[u8] = if is_glob { b":(top,exclude,literal)" } else { b":(top,exclude)" };
        safe::shell([magic, path.as_bytes()].concat())
    };
    paths.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// A name of a commit as git takes it; one that begins with a dash would be read as an option.
fn name(reference: &[u8]) -> String {
    match reference.first() {
        Some(b'-') => safe::shell([b"refs/heads/", reference].concat()),
        _ => safe::shell(reference),
    }
}

fn warnings(judgement: &Judgement, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let mut said: Vec<String> = judgement.warnings.iter().map(|finding| warning(judgement, finding)).collect();
    if let [first, rest @ ..] = &judgement.needs_rebase[..] {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let target = safe::text(&judgement.target);
        let path = safe::text(first.as_bytes());
        said.push(format!("{path}{more} no longer merges into {target}; this branch needs a rebase"));
    }
    for said in said.iter().take(WARNINGS) {
        line(said, style, out)?;
    }
    if said.len() > WARNINGS {
        line(&format!("and {} more to know (coord)", said.len() - WARNINGS), style, out)?;
    }
    Ok(())
}

fn warning(judgement: &Judgement, finding: &Finding) -> String {
    let other = safe::text(&finding.other);
    let at = place(&finding.clashes);
    let command = judgement.command;
    match finding.reason {
        Reason::Uncommitted => format!("{other} is editing {at} too, not committed yet; you go first"),
        Reason::Claimed => format!("{at} is claimed by {other}"),
        Reason::Branch => format!("this {command} conflicts with branch {other} in {at}; nobody has it checked out"),
        Reason::Committed | Reason::Remote => format!("this {command} conflicts with {other} in {at}"),
        Reason::OnTarget => format!("{other} will have to rebase: it conflicts in {at}"),
        Reason::BuiltOn => format!("{other} builds on this branch and will have to rebase: it conflicts in {at}"),
        Reason::Present => format!("{at} still conflicts with {other}, as before this {command}"),
        Reason::Shrunk => format!("this {command} makes the conflict with {other} in {at} smaller"),
        Reason::ByLines => format!(
            "{other} changed the same lines as this {command} in {at}; its text stays on its machine, so it may be the same change"
        ),
        Reason::PathOnlyWarns => format!("{at} conflicts with {other}; this path never blocks"),
    }
}

/// `src/session.rs 12–14 and 2 more paths`, lines as in this commit's own file.
fn place(clashes: &[Clash]) -> String {
    let Some(first) = clashes.first() else { return String::new() };
    let path = cut_end(&safe::text(first.path.as_bytes()), 80);
    let lines = match words::lines(&first.own) {
        lines if lines.is_empty() => lines,
        lines => format!(" {lines}"),
    };
    match clashes.len() {
        1 => format!("{path}{lines}"),
        n => format!("{path}{lines} and {}", words::count(n - 1, "more path", "more paths")),
    }
}
