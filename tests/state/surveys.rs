//! Everybody at work, as `coord scan` sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use coord::domain::ack::Ack;
use coord::domain::id::Identity;
use coord::domain::instance::{Instance, Kind, State};
use coord::domain::overlap::{ConflictKind, Grade};
use coord::domain::path::RepoPath;
use coord::domain::report::Survey;
use coord::domain::time::Seconds;
use coord::domain::working_set::{Layer, Status};
use coord::env::Env;
use coord::ops::context::{Context, OpenOptions};
use coord::ops::survey::{self, SurveyOptions};

use crate::sandbox::{Sandbox, linked, shown};

fn context(sandbox: &Sandbox, dir: &str) -> Context {
    let env = Env { cwd: Ok(sandbox.path(dir)), ..Env::capture() };
    Context::open(&env, &OpenOptions::default()).expect("a context")
}

fn scan_with(sandbox: &Sandbox, dir: &str, options: &SurveyOptions) -> Survey {
    survey::survey(&context(sandbox, dir), options).expect("a survey")
}

fn scan(sandbox: &Sandbox) -> Survey {
    scan_with(sandbox, "main", &SurveyOptions::default())
}

fn get<'a>(survey: &'a Survey, label: &str) -> &'a Instance {
    let labels: Vec<&str> = survey.instances.iter().map(|instance| instance.label.as_str()).collect();
    survey
        .instances
        .iter()
        .find(|instance| instance.label == label)
        .unwrap_or_else(|| panic!("no {label} in {labels:?}"))
}

fn labels(survey: &Survey) -> Vec<&str> {
    survey.instances.iter().map(|instance| instance.label.as_str()).collect()
}

/// Each pair with its grade and its paths.
fn overlaps(survey: &Survey) -> BTreeMap<(String, String), (Grade, Vec<String>)> {
    let label = |at: usize| survey.instances[at].label.clone();
    let paths = |overlap: &coord::domain::report::Overlap| overlap.paths.iter().map(|path| shown(&path.path)).collect();
    survey.overlaps.iter().map(|o| ((label(o.a), label(o.b)), (o.grade, paths(o)))).collect()
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

fn worktree(sandbox: &Sandbox, name: &str) {
    sandbox.git("main", &["worktree", "add", "-q", "-b", name, &format!("../{name}")]);
}

#[test]
fn layers_renames_and_sizes_are_told() {
    let sandbox = Sandbox::with_repository();
    sandbox.write("main/moved", &"a line that stays\n".repeat(10));
    sandbox.commit("main", "more");
    worktree(&sandbox, "feat");
    sandbox.write("feat/a", "1\n2\n3\ncommitted\n");
    sandbox.commit("feat", "work");
    sandbox.write("feat/a", "1\n2\n3\ncommitted\nunstaged\n");
    sandbox.write("feat/b", "staged\n");
    sandbox.git("feat", &["add", "b"]);
    sandbox.write("feat/new", "untracked\n");
    fs::rename(sandbox.path("feat/moved"), sandbox.path("feat/elsewhere")).expect("moved");
    let survey = scan(&sandbox);
    let feat = get(&survey, "feat");
    let set = &feat.working_set;
    let change = |path: &str| set.changes.get(&RepoPath::new(path).expect("valid")).expect("changed");
    assert_eq!(change("a").layers, BTreeSet::from([Layer::Committed, Layer::Unstaged]));
    assert_eq!(change("b").layers, BTreeSet::from([Layer::Staged]));
    assert_eq!(
        (change("new").status, change("new").layers.clone()),
        (Status::Added, BTreeSet::from([Layer::Untracked]))
    );
    assert_eq!(change("elsewhere").status, Status::Renamed);
    assert_eq!(change("elsewhere").from.as_ref().map(shown).as_deref(), Some("moved"));
    assert_eq!(change("moved").status, Status::Deleted);
    assert_eq!(set.changes.len(), 5);
    assert!(set.added_lines.is_some_and(|added| added >= 4), "{:?}", set.added_lines);
    assert_eq!(feat.fork_point, Some(sandbox.id("main", "main")));
    assert_eq!(feat.state, State::InProgress);
    assert_eq!((feat.kind, feat.worktree.clone()), (Kind::Worktree, Some(sandbox.path("feat"))));
}

#[test]
fn collisions_are_graded_over_committed_and_uncommitted_work() {
    let sandbox = Sandbox::with_repository();
    let numbers: Vec<String> = (1..=40).map(|n| format!("{n}\n")).collect();
    sandbox.write("main/long", &numbers.concat());
    sandbox.commit("main", "long");
    for name in ["ada", "bob", "cid", "dan"] {
        worktree(&sandbox, name);
    }
    sandbox.write("ada/a", "ada\n2\n3\n");
    sandbox.commit("ada", "work");
    sandbox.write("bob/a", "bob\n2\n3\n");
    let long = |at: usize, text: &str| [&numbers[..at - 1].concat(), text, "\n", &numbers[at..].concat()].concat();
    sandbox.write("cid/long", &long(2, "cid"));
    sandbox.write("dan/long", &long(30, "dan"));
    sandbox.write("dan/b", "same\n");
    sandbox.write("cid/b", "same\n");
    let survey = scan(&sandbox);
    let found = overlaps(&survey);
    assert_eq!(found[&pair("ada", "bob")], (Grade::Conflict, vec!["a".to_owned()]));
    assert_eq!(found[&pair("cid", "dan")], (Grade::Disjoint, vec!["b".to_owned(), "long".to_owned()]));
    assert_eq!(found.len(), 2);
    assert_eq!(survey.overlaps[0].grade, Grade::Conflict);
    assert_eq!(survey.overlaps[0].paths[0].kind, Some(ConflictKind::Content));
    assert!(survey.unknown_pairs.is_empty() && survey.target_conflicts.is_empty());
}

#[test]
fn who_does_not_land_on_the_target_is_said_once() {
    let sandbox = Sandbox::with_repository();
    worktree(&sandbox, "feat");
    sandbox.write("feat/a", "feat\n2\n3\n");
    sandbox.commit("feat", "work");
    sandbox.write("main/a", "main\n2\n3\n");
    sandbox.commit("main", "moved on");
    let survey = scan(&sandbox);
    let [conflict] = &survey.target_conflicts[..] else { panic!("{:?}", survey.target_conflicts) };
    assert_eq!(survey.instances[conflict.instance].label, "feat");
    assert!(conflict.complete);
    assert_eq!(conflict.paths[0].kind, ConflictKind::Content);
}

#[test]
fn states_tell_who_is_at_work() {
    let sandbox = Sandbox::with_repository();
    for name in ["busy", "squashed", "gone", "broken"] {
        worktree(&sandbox, name);
    }
    sandbox.write("squashed/b", "landed\n");
    sandbox.commit("squashed", "work");
    sandbox.git("main", &["merge", "-q", "--squash", "squashed"]);
    sandbox.git("main", &["commit", "-q", "-m", "squashed"]);
    sandbox.write("busy/a", "busy\n");
    fs::remove_dir_all(sandbox.path("gone")).expect("removed");
    sandbox.write("main/.git/worktrees/broken/index", "garbage that is no index");
    // A branch of long ago, which nobody sees, and one of now.
    sandbox.git("main", &["branch", "-q", "now", "squashed~1"]);
    let tree = sandbox.git("main", &["rev-parse", "HEAD^{tree}"]);
    let old = sandbox.git("main", &["commit-tree", "-p", "HEAD~1", "-m", "old", &tree]);
    sandbox.git("main", &["-c", "core.logAllRefUpdates=false", "update-ref", "refs/heads/old", &old]);
    let survey = scan(&sandbox);
    assert_eq!(get(&survey, "busy").state, State::InProgress);
    assert_eq!(get(&survey, "squashed").state, State::Landed);
    assert_eq!(get(&survey, "now").state, State::Landed);
    assert!(!labels(&survey).contains(&"old"), "{:?}", labels(&survey));
    let State::Unknown { reason } = &get(&survey, "broken").state else { panic!("{:?}", get(&survey, "broken")) };
    assert!(reason.contains("index"), "{reason}");
    let gone = survey.instances.iter().find(|i| i.identity == linked("gone")).expect("it is listed");
    assert_eq!(gone.state, State::Dormant);
    assert!(survey.notices.iter().any(|notice| notice.contains("gone")));
    assert_eq!(survey.instances[survey.here.expect("in a worktree")].identity, Identity::MainWorktree);
}

#[test]
fn branches_and_refs_are_looked_at_when_asked() {
    let sandbox = Sandbox::with_repository();
    for name in ["feat/one", "feat/two", "other", "release/1"] {
        sandbox.git("main", &["switch", "-q", "-c", name, "main"]);
        sandbox.write("main/b", &format!("{name}\n"));
        sandbox.commit("main", name);
    }
    sandbox.git("main", &["switch", "-q", "main"]);
    sandbox.git("main", &["update-ref", "refs/pull/7/head", "other"]);
    sandbox.git("main", &["update-ref", "refs/remotes/origin/far", "other"]);
    assert_eq!(labels(&scan(&sandbox)), ["feat/one", "feat/two", "main", "other"]);
    let some = SurveyOptions { branches: vec!["feat/*".into()], ..SurveyOptions::default() };
    assert_eq!(labels(&scan_with(&sandbox, "main", &some)), ["feat/one", "feat/two", "main"]);
    let requests = SurveyOptions { refs: vec!["refs/pull/*/head".into()], ..SurveyOptions::default() };
    let survey = scan_with(&sandbox, "main", &requests);
    let request = get(&survey, "refs/pull/7/head");
    assert_eq!((request.kind, request.identity.is_worktree()), (Kind::Remote, false));
    assert_eq!(overlaps(&survey)[&pair("feat/one", "feat/two")].0, Grade::Conflict);
    sandbox.git("main", &["config", "coord.remotes", "true"]);
    assert!(labels(&scan(&sandbox)).contains(&"origin/far"));
}

#[test]
fn a_merge_in_progress_counts_only_its_own_work() {
    let sandbox = Sandbox::with_repository();
    worktree(&sandbox, "feat");
    sandbox.write("feat/a", "feat\n2\n3\n");
    sandbox.commit("feat", "work");
    sandbox.write("main/b", "brought by main\n");
    sandbox.commit("main", "moved on");
    sandbox.git("feat", &["merge", "-q", "--no-commit", "main"]);
    let survey = scan(&sandbox);
    let paths: Vec<String> = get(&survey, "feat").working_set.changes.keys().map(shown).collect();
    assert_eq!(paths, ["a"]);
    assert!(survey.overlaps.is_empty());
}

#[test]
fn an_acknowledged_overlap_says_so() {
    let sandbox = Sandbox::with_repository();
    for name in ["ada", "bob"] {
        worktree(&sandbox, name);
        sandbox.write(&format!("{name}/a"), name);
    }
    assert!(!scan(&sandbox).overlaps[0].acknowledged);
    let ctx = context(&sandbox, "main");
    let ack = Ack {
        a: linked("bob"),
        b: linked("ada"),
        paths: BTreeSet::new(),
        by: "ada".into(),
        by_agent: false,
        why: "we talked".into(),
        at: ctx.now,
        expires: ctx.now.plus(Seconds(3600)),
    };
    let locked = ctx.store.lock(std::time::Duration::from_secs(5)).expect("the lock");
    locked.put_ack(&ack).expect("written");
    drop(locked);
    assert!(scan(&sandbox).overlaps[0].acknowledged);
}

#[test]
fn a_filter_that_is_not_run_leaves_the_pair_unknown() {
    let sandbox = Sandbox::with_repository();
    sandbox.write("main/.gitattributes", "*.secret filter=crypt\n");
    sandbox.write("main/x.secret", "one\n");
    sandbox.commit("main", "attributes");
    for name in ["ada", "bob"] {
        worktree(&sandbox, name);
    }
    sandbox.git("main", &["config", "filter.crypt.clean", "false"]);
    sandbox.write("ada/x.secret", "ada\n");
    sandbox.write("bob/x.secret", "bob\n");
    let survey = scan(&sandbox);
    assert!(survey.overlaps.is_empty(), "{:?}", survey.overlaps);
    assert!(survey.unknown_pairs[0].reason.contains("crypt"), "{:?}", survey.unknown_pairs);
}

#[test]
fn labels_are_unique_and_one_label_each() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["worktree", "add", "-q", "-b", "feat", "../one"]);
    sandbox.git("main", &["worktree", "add", "-q", "--force", "../two", "feat"]);
    sandbox.git("main", &["worktree", "add", "-q", "--detach", "../loose"]);
    let survey = scan(&sandbox);
    assert_eq!(labels(&survey), ["feat", "feat-2", "loose", "main"]);
}

#[test]
fn a_repository_without_a_commit_is_surveyed() {
    let sandbox = Sandbox::new();
    sandbox.git("", &["init", "-q", "-b", "main", "main"]);
    sandbox.write("main/a", "a\n");
    let survey = scan(&sandbox);
    assert_eq!(survey.target.tip, None);
    assert_eq!(get(&survey, "main").working_set.changes.len(), 1);
}

#[test]
fn where_very_much_is_changed_only_what_may_meet_is_read() {
    let sandbox = Sandbox::with_repository();
    for name in ["heap", "ada"] {
        worktree(&sandbox, name);
    }
    for n in 0..1500 {
        sandbox.write(&format!("heap/pile/{n}"), "heap\n");
    }
    sandbox.write("heap/a", "heap\n2\n3\n");
    sandbox.write("ada/a", "ada\n2\n3\n");
    sandbox.write("ada/pile/7", "ada\n");
    sandbox.commit("ada", "work");
    let survey = scan(&sandbox);
    let heap = get(&survey, "heap");
    assert_eq!(heap.working_set.changes.len(), 1501);
    assert_eq!(heap.working_set.added_lines, None);
    let found = &overlaps(&survey)[&pair("ada", "heap")];
    assert_eq!(*found, (Grade::Conflict, vec!["a".to_owned(), "pile/7".to_owned()]));
}

#[test]
fn a_broken_branch_and_unreadable_refs_stop_nobody() {
    let sandbox = Sandbox::with_repository();
    worktree(&sandbox, "feat");
    sandbox.write("feat/a", "feat\n");
    sandbox.write("main/.git/refs/heads/broken", "not an id\n");
    let survey = scan(&sandbox);
    assert!(get(&survey, "broken").state.is_unknown());
    assert_eq!(get(&survey, "feat").working_set.changes.len(), 1);
}

#[test]
fn a_survey_runs_nothing_that_is_configured() {
    let sandbox = Sandbox::with_repository();
    for name in ["ada", "bob"] {
        sandbox.git("main", &["branch", "-q", name]);
    }
    let marker = sandbox.arm();
    for dir in ["main", "feat"] {
        sandbox.write(&format!("{dir}/a"), &format!("{dir}\r\n"));
        fs::rename(sandbox.path(&format!("{dir}/b")), sandbox.path(&format!("{dir}/{dir}"))).expect("moved");
    }
    let survey = scan(&sandbox);
    assert!(!survey.unknown_pairs.is_empty() || !survey.overlaps.is_empty());
    assert_eq!(fs::read_to_string(&marker).unwrap_or_default(), "", "was run");
}

#[test]
fn what_is_given_for_one_command_counts_for_it() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["branch", "develop"]);
    let mut env = Env { cwd: Ok(sandbox.path("main")), ..Env::capture() };
    env.variables.insert("GIT_CONFIG_PARAMETERS".into(), "'coord.target'='develop'".into());
    let ctx = Context::open(&env, &OpenOptions::default()).expect("a context");
    let target = ctx.target().expect("a target");
    assert_eq!(target.name.as_ref().map(|name| name.short().to_vec()).as_deref(), Some(&b"develop"[..]));
}
