//! What an agent waits for before an edit, beside `git status` of its worktree, and what claims add to that.
//! Must not know: what the answer says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use coord::domain::claim::{ClaimMode, Holder, Moment, Request, Table};
use coord::domain::id::Identity;
use coord::domain::pattern::Pattern;
use coord::domain::time::{Seconds, Timestamp};
use coord::os::{clock, process};
use coord::store::Store;

use crate::field::{Field, content, path};
use crate::support::{self, Failure, Row, by_turns, number, that_fit, timed};

/// How many claims there are where there are any.
const CLAIMS: usize = 1_000;

/// Builds two equal repositories, one of them small, and measures in both.
pub(crate) fn bench(root: &Path, runs: usize, out: &mut impl Write) -> Result<(), Failure> {
    let (files, asked) = (number("COORD_BENCH_FILES", 100_000), number("COORD_BENCH_WORKTREES", 20).max(2));
    fs::create_dir_all(root)?;
    let worktrees = that_fit(root, files, asked, out)?;
    let begun = Instant::now();
    let field = Field::build(&root.join("field"), files, worktrees)?;
    writeln!(out, "built in {:.0} s; {runs} interleaved runs each, medians\n", begun.elapsed().as_secs_f64())?;
    out.flush()?;
    // A file that another worktree changed and committed, and one that nobody has touched.
    let (met, clear) = (path(37), path(5));
    let here = &field.worktrees[0];
    let status = || Ok(timed(|| field.git(here, &["status"]))?.0);
    let [one, other, status] =
        by_turns(runs, [&mut || edit(&field, here, &met, 37), &mut || edit(&field, here, &clear, 5), &mut { status }])?;
    let store = Store::open(&field.root.join("repo/.git"))?;
    let (none, many) = (Table::default(), table(&field)?);
    let claimed = |claims: &Table| -> Result<Duration, Failure> {
        store.lock(Duration::from_secs(5))?.write_claims(claims)?;
        edit(&field, here, &clear, 5)
    };
    let [without, with] = by_turns(runs, [&mut || claimed(&none), &mut || claimed(&many)])?;
    let row = |what, coord, git, against, limit| Row { what, coord, git, against, limit };
    let rows = [
        row("an edit near another's", one, status, "git status", 0.15),
        row("an edit of a clear file", other, status, "git status", 0.15),
        row("with 1,000 claims", with, without, "the same with none", 1.5),
    ];
    support::print(&format!("coord agent claude, on {files} files and {worktrees} worktrees"), &rows, out)?;
    Ok(())
}

/// One call before an edit, as Claude makes it. What was told once is not told again, so that all calls are alike.
fn edit(field: &Field, here: &Path, name: &str, number: usize) -> Result<Duration, Failure> {
    let file = here.join(name);
    let payload = serde_json::json!({
        "session_id": "bench", "cwd": here, "hook_event_name": "PreToolUse", "permission_mode": "default",
        "tool_name": "Edit",
        "tool_input": {"file_path": file, "old_string": format!("    run({number});\n"), "new_string": "    walk();\n"},
    });
    let mut command = field.command("coord", here);
    command.args(["agent", "claude"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (spent, output) = timed(|| {
        let mut child = command.spawn()?;
        child.stdin.take().ok_or("no pipe")?.write_all(payload.to_string().as_bytes())?;
        Ok(child.wait_with_output()?)
    })?;
    if output.status.success() && output.stderr.is_empty() && fs::read_to_string(&file)? == content(number) {
        return Ok(spent);
    }
    Err(format!("the agent's hook says: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Claims of the other worktrees, by turns, each on a file that is not edited here.
fn table(field: &Field) -> Result<Table, Failure> {
    let mut table = Table::default();
    let boot = process::current().boot.ok_or("the boot has no name here")?;
    let now = Moment { boot: boot.into(), seconds: clock::since_boot().ok_or("no clock of the boot")?.0 };
    for number in 0..CLAIMS {
        let holder = 1 + number % (field.worktrees.len() - 1);
        let label = format!("work-{holder}");
        let request = Request {
            holder: Holder { identity: Identity::Worktree(label.clone().into_bytes().into()), session: None },
            label,
            process: None,
            patterns: vec![Pattern::parse(path(field.files - 1 - number).as_bytes())?],
            mode: ClaimMode::Exclusive,
            task: Some("Bench".into()),
            since: Timestamp(clock::now().0),
            span: Seconds(3_600),
            tip: None,
            exempt: BTreeMap::new(),
            force: BTreeSet::new(),
        };
        table.grant(request, &now).map_err(|_| "a claim was refused")?;
    }
    Ok(table)
}
