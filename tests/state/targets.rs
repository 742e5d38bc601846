//! Which branch work lands on.

use coord::domain::report::Target;
use coord::git::{Error, refs, target};

use crate::sandbox::Sandbox;

fn find(sandbox: &Sandbox, dir: &str, asked: Option<&str>) -> Result<Target, Error> {
    let repository = sandbox.open(dir);
    let known = refs::names(&repository, target::LOOKED_AT)?;
    target::find(&repository, &repository.config, asked, &known)
}

fn name(target: &Target) -> String {
    target.name.as_ref().map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned()).unwrap_or_default()
}

#[test]
fn the_rule_goes_from_the_flag_to_the_usual_names() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["branch", "master"]);
    sandbox.git("main", &["branch", "develop"]);
    let found = |asked| name(&find(&sandbox, "main", asked).expect("found"));
    assert_eq!(found(None), "refs/heads/main");
    sandbox.git("main", &["config", "coord.target", "develop"]);
    assert_eq!(found(None), "refs/heads/develop");
    assert_eq!(found(Some("master")), "refs/heads/master");
    assert_eq!(found(Some("refs/heads/main")), "refs/heads/main");
    let commit = sandbox.id("main", "HEAD");
    let bare = find(&sandbox, "main", Some(&commit.to_string())).expect("found");
    assert_eq!(bare, Target { name: None, tip: Some(commit) });
    assert!(matches!(find(&sandbox, "main", Some("nope")), Err(Error::NoTarget { asked: Some(_) })));
    assert!(matches!(find(&sandbox, "main", Some("--all")), Err(Error::NoTarget { .. })));
}

#[test]
fn origins_head_counts_and_the_local_branch_only_where_it_contains_it() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["branch", "-m", "trunk"]);
    sandbox.git("", &["clone", "-q", "main", "clone"]);
    let found = || name(&find(&sandbox, "clone", None).expect("found"));
    assert_eq!(found(), "refs/heads/trunk");
    sandbox.write("clone/x", "x\n");
    sandbox.commit("clone", "ahead");
    assert_eq!(found(), "refs/heads/trunk");
    sandbox.write("main/y", "y\n");
    sandbox.commit("main", "moved on");
    sandbox.git("clone", &["fetch", "-q"]);
    assert_eq!(found(), "refs/remotes/origin/trunk");
    sandbox.git("clone", &["switch", "-q", "-c", "feat"]);
    sandbox.git("clone", &["branch", "-q", "-D", "trunk"]);
    assert_eq!(found(), "refs/remotes/origin/trunk");
}

#[test]
fn without_any_commit_the_branch_to_be_is_the_target() {
    let sandbox = Sandbox::new();
    sandbox.git("", &["init", "-q", "-b", "trunk", "main"]);
    let found = find(&sandbox, "main", None).expect("found");
    assert_eq!((name(&found), found.tip), ("refs/heads/trunk".to_owned(), None));
    let asked = find(&sandbox, "main", Some("trunk")).expect("found");
    assert_eq!(asked.tip, None);
}

#[test]
fn where_there_is_none_the_error_says_what_was_looked_for() {
    let sandbox = Sandbox::with_repository();
    sandbox.git("main", &["branch", "-m", "trunk"]);
    let error = find(&sandbox, "main", None).expect_err("none");
    assert!(error.to_string().contains("main or master"), "{error}");
    let failure = coord::failure::Failure::from(error);
    assert!(failure.hints.iter().any(|hint| hint.contains("--target")));
}
