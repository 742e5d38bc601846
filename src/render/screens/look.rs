//! The screens of `coord`, `scan`, `status`, `check`, `diff`, and what the hook says.
//! Must not know: how a screen is put together.

use super::super::sample::{self, shown};
use super::super::scan::View;
use super::super::{check, diff, home, hook, scan};
use super::{NARROW, WIDE};
use crate::domain::judgement::{Judgement, WayOut};
use crate::domain::overlap::Grade;
use crate::domain::policy::Mode;

fn expect(shown: &str, expected: &str) {
    super::check(shown, expected);
}

fn view(all: bool) -> View {
    View { all, min_grade: Grade::Identical }
}

#[test]
fn scan_answers_then_shows_then_names_the_next_command() {
    expect(
        &shown(|out| scan::human(&sample::survey(), view(false), &NARROW, out)),
        r#"
5 at work on main (4f4f4f4)                                2 conflicts

* payments    in progress    4 files   +30   −9  "Refunds"       now
  auth        in progress   14 files  +120  −36  "Login rework"  2 min
  search      idle          22 files  +210  −63                  3 h
  docs        idle           2 files   +20   −6                  1 d
  legacy-fix  needs rebase   4 files   +40  −12  src/db.rs       6 d

✗ auth ↔ search    src/api.rs      40–58 both  content
                   src/user.rs                 deleted in auth
✗ auth ↔ payments  src/session.rs  12 / 12–14  content, uncommitted in payments

  1 more overlap merges cleanly (coord scan --all)
  see one: coord diff auth search
"#,
    );
}

#[test]
fn scan_all_folds_nothing() {
    expect(
        &shown(|out| scan::human(&sample::survey(), view(true), &WIDE, out)),
        r#"
5 at work on main (4f4f4f4)                                2 conflicts

* payments    in progress    4 files   +30   −9  "Refunds"       now
  auth        in progress   14 files  +120  −36  "Login rework"  2 min
  search      idle          22 files  +210  −63                  3 h
  docs        idle           2 files   +20   −6                  1 d
  legacy-fix  needs rebase   4 files   +40  −12  src/db.rs       6 d

✗ auth ↔ search      src/api.rs      40–58 both   content, 2 of auth's 14 files
                     src/user.rs                  deleted in auth
✗ auth ↔ payments    src/session.rs  12 / 12–14   content, uncommitted in payments, 1 of payments's 4 files
· payments ↔ search  src/pay.rs      1–2 / 34–40  clean, 31 lines apart

  see one: coord diff auth search
"#,
    );
}

#[test]
fn alone_and_clear_is_quiet() {
    let mut survey = sample::survey();
    survey.instances.truncate(1);
    survey.overlaps = Vec::new().into();
    survey.target_conflicts.clear();
    survey.here = Some(0);
    expect(
        &shown(|out| scan::human(&survey, view(false), &NARROW, out)),
        r#"
1 at work on main (4f4f4f4)                        no conflicts

* auth  in progress  14 files  +120  −36  "Login rework"  2 min
"#,
    );
    expect(
        &shown(|out| home::human(&survey, &NARROW, out)),
        r"
auth is clear of conflicts.     14 files changed · nobody else at work
",
    );
}

#[test]
fn home_says_whether_my_worktree_is_clear() {
    let mut survey = sample::survey();
    expect(
        &shown(|out| home::human(&survey, &NARROW, out)),
        r"
payments conflicts with auth.     4 files changed · 4 others at work

✗ auth  src/session.rs  lines 12–14  content, uncommitted in payments
· search edits src/pay.rs too, 31 lines away: merges cleanly
· 1 conflict between others (coord scan)

  see it: coord diff payments auth
",
    );
    survey.here = Some(1);
    expect(
        &shown(|out| home::human(&survey, &NARROW, out)),
        r"
docs is clear of conflicts.     2 files changed · 4 others at work
· 2 conflicts between others (coord scan)
",
    );
    survey.here = Some(2);
    expect(
        &shown(|out| home::human(&survey, &NARROW, out)),
        r"
legacy-fix needs a rebase.     4 files changed · 4 others at work
✗ src/db.rs no longer merges into main (4f4f4f4)
· 2 conflicts between others (coord scan)
",
    );
    survey.here = Some(0);
    expect(
        &shown(|out| home::human(&survey, &NARROW, out)),
        r"
auth conflicts with search and payments.     14 files changed · 4 others at work

✗ search    src/api.rs      lines 40–58  content
✗ search    src/user.rs                  deleted in auth
✗ payments  src/session.rs  line 12      content, uncommitted in payments

  see it: coord diff auth search
",
    );
}

#[test]
fn status_counts_the_overlaps() {
    expect(
        &shown(|out| scan::status(&sample::survey(), &NARROW, out)),
        r#"
5 at work on main (4f4f4f4)                                2 conflicts

* payments    in progress    4 files   +30   −9  "Refunds"       now
  auth        in progress   14 files  +120  −36  "Login rework"  2 min
  search      idle          22 files  +210  −63                  3 h
  docs        idle           2 files   +20   −6                  1 d
  legacy-fix  needs rebase   4 files   +40  −12  src/db.rs       6 d

  2 conflicts · 1 overlap that merges cleanly
    auth conflicts with search in src/api.rs and 1 more
    auth conflicts with payments in src/session.rs
  see them: coord scan
"#,
    );
}

#[test]
fn check_says_of_each_path_whether_it_is_free() {
    expect(
        &shown(|out| check::human(&sample::facts(), &NARROW, out)),
        r#"
✗ src/session.rs conflicts with auth
    auth    line 12      content, yours at 12–14  committed 2 h ago, "Login rew…
    search  lines 45–50  31 lines from yours      not committed, touched 2 h ago
✓ README.md is free: nobody else changed it

  see it: coord diff payments auth src/session.rs
"#,
    );
    let mut facts = sample::facts();
    let lines = sample::spans(&[(10, 12)])[0];
    for path in &mut facts.paths {
        path.lines = Some(lines);
    }
    facts.paths[0].encounters[0].meets_lines = Some(true);
    facts.paths[0].encounters[1].meets_lines = Some(false);
    expect(
        &shown(|out| check::human(&facts, &WIDE, out)),
        r#"
✗ src/session.rs lines 10–12: an edit there conflicts with auth
    auth    line 12      meets these lines  committed 2 h ago, "Login rework"
    search  lines 45–50  elsewhere          not committed, touched 2 h ago
✓ README.md lines 10–12 are free: nobody else changed the file

  see it: coord diff payments auth src/session.rs
"#,
    );
}

#[test]
fn diff_shows_both_sides_and_what_a_merge_would_leave() {
    expect(
        &shown(|out| diff::human(&sample::comparison(), &NARROW, out)),
        r"
✗ src/api.rs     conflict, content

  auth changed
    lines 3–9
      line 3
      line 4
      line 5
    - line 6
    + ours
      line 7
      line 8
      line 9

  search changed
    lines 3–9
      line 3
      line 4
      line 5
    - line 6
    + theirs
      line 7
      line 8
      line 9

  a merge would leave
    …
    line 3
    line 4
    line 5
    <<<<<<< auth
    ours
    =======
    theirs
    >>>>>>> search
    line 7
    line 8
    line 9
",
    );
}

#[test]
fn a_blocked_commit_names_the_ways_out() {
    expect(
        &shown(|out| hook::human(&sample::judgement(), &NARROW, out)),
        r#"
coord: this commit would conflict with search

  src/api.rs     content, "Full-text search", committed 3 h ago
    yours   40–58  fn route(req: Request, user: &User) -> Reply {
    theirs  41–60  fn route(req: Request, index: &Index) -> Reply {

  commit the rest     git restore --staged src/api.rs
  build on theirs     git rebase --autostash search
                      (their work is not reviewed yet)
  you both know       coord ack search src/api.rs --for 8h
  skip once           COORD_SKIP=1 git commit
"#,
    );
}

#[test]
fn an_agent_is_told_to_ask_its_user_before_it_overrides() {
    let judgement = Judgement { by_agent: true, ..sample::judgement() };
    let said = shown(|out| hook::human(&judgement, &WIDE, out));
    for way in ["coord ack", "COORD_SKIP=1"] {
        let line = said.lines().find(|line| line.contains(way)).expect("a way out");
        assert!(line.ends_with("(ask your user first)"), "{line}");
    }
    assert!(!said.lines().any(|line| line.contains("git rebase") && line.contains("ask your user")), "{said}");
}

#[test]
fn the_ways_out_can_be_typed_where_one_stands() {
    let judgement = Judgement {
        prefix: b"src/".to_vec(),
        ways_out: vec![
            WayOut::Unstage(vec![sample::path("src/a b.rs"), sample::path("-x")]),
            WayOut::Merge(b"-evil$(id)".to_vec()),
            WayOut::Acknowledge("it's".to_owned(), vec![sample::path(":(top)x")]),
        ],
        ..sample::judgement()
    };
    let shown = shown(|out| hook::human(&judgement, &NARROW, out));
    expect(
        shown.split_once("{\n\n").expect("ways out follow").1,
        r"
  commit the rest     git restore --staged ':/src/a b.rs' :/-x
  build on theirs     git merge 'refs/heads/-evil$(id)'
                      (their work is not reviewed yet)
  you both know       coord ack 'it'\''s' ':/:(top)x' --for 8h
",
    );
}

#[test]
fn a_warning_is_one_line_and_monitor_is_silent() {
    let passed = Judgement { blocks: Vec::new(), ..sample::judgement() };
    expect(
        &shown(|out| hook::human(&passed, &NARROW, out)),
        r"
coord: payments is editing src/session.rs 12–14 too, not committed yet; you go first
",
    );
    let warned = Judgement { mode: Mode::Warn, ..sample::judgement() };
    expect(
        &shown(|out| hook::human(&warned, &NARROW, out)),
        r#"
coord: this commit would conflict with search; it goes through (coord.mode is warn)

  src/api.rs     content, "Full-text search", committed 3 h ago
    yours   40–58  fn route(req: Request, user: &User) -> Reply {
    theirs  41–60  fn route(req: Request, index: &Index) -> Reply {
coord: payments is editing src/session.rs 12–14 too, not committed yet; you go first
"#,
    );
    let monitored = Judgement { mode: Mode::Monitor, ..sample::judgement() };
    expect(&shown(|out| hook::human(&monitored, &NARROW, out)), "");
}
