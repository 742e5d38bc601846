//! The scripts that the action for GitHub is made of, with stand-ins for what only a forge has.
//! Must not know: what `coord ci` answers beyond the first line.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::ci::busy;
use crate::world::{World, executable, skip};

/// The scripts of the action, with a `gh` that answers from a file and a real fetch.
#[test]
fn the_actions_own_scripts_work_against_a_real_remote() {
    let has =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !has("bash") || !has("jq") {
        return skip("the action's scripts: bash or jq is not installed");
    }
    let forge = busy();
    let pulls: Vec<Value> = forge
        .open
        .iter()
        .map(|request| {
            let head = request["head"].as_str().expect("a name");
            let sha = forge.world.main().id(head);
            json!({"number": request["number"], "draft": false, "user": {"login": "ann", "type": "User"},
            "head": {"ref": head, "sha": sha, "repo": {"full_name": "o/r"}},
            "base": {"ref": "main", "repo": {"full_name": "o/r"}}})
        })
        .collect();
    // Two pages, one after the other, as `gh api --paginate` prints them.
    let pages = format!("{}\n{}\n", Value::from(pulls[..1].to_vec()), Value::from(pulls[1..].to_vec()));
    fs::write(forge.world.path("pages.json"), pages).expect("a fresh file");
    let gh = forge.world.path("bin/gh");
    fs::write(&gh, format!("#!/bin/sh\ncat '{}'\n", forge.world.path("pages.json").display())).expect("a fresh file");
    executable(&gh);
    let from = format!("file://{}", forge.world.path("repo").display());
    let main = forge.world.main();
    main.git(&["config", "uploadpack.allowFilter", "true"]).ok();
    // As little as a workflow may have checked out.
    let to = forge.world.path("job");
    main.git(&["clone", "-q", "--depth=1", "--filter=blob:none", &from, &to.to_string_lossy()]).ok();
    let temporary = forge.world.path("tmp");
    let (environment, output) = (forge.world.path("environment"), forge.world.path("output"));
    let job = forge
        .world
        .at("job")
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_REPOSITORY", "o/r")
        .with("GITHUB_SERVER_URL", "https://github.example")
        .with("GITHUB_REF", "refs/heads/main")
        .with("GITHUB_ENV", &environment)
        .with("GITHUB_OUTPUT", &output)
        .with("GH_TOKEN", "secret")
        .with("RUNNER_TEMP", &temporary);
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/action");
    let run = job.run("bash", &[scripts.join("fetch-requests")]).ok().says("3 open requests");
    assert!(!run.stdout.replace("::add-mask::", "").contains("secret"), "{}", run.stdout);
    let said = fs::read_to_string(&environment).expect("it was written");
    let open = said.lines().find_map(|line| line.strip_prefix("COORD_OPEN=")).expect("it names the list");
    assert!(said.contains("/coord/cache"), "{said}");
    let job = job.with("COORD_OPEN", open).with("ALL", "true").with("BASE", "").with("SARIF", "").with("JSON", "");
    let job = job.with("HTML", "report.html");
    job.with("FAIL_ON", "never").run("bash", &[scripts.join("check")]).ok().says("1 conflict: 3 open requests on main");
    assert!(job.dir.join("report.html").exists());
    job.with("FAIL_ON", "conflict").run("bash", &[scripts.join("check")]).ends_with(1).says("::error ");
    assert!(fs::read_to_string(&output).expect("it was written").ends_with("exit-code=1\n"));
}

/// The script that puts coord on the job's PATH, with a `gh` that has a release, a spoiled one, or none.
#[test]
fn the_action_takes_a_release_only_with_its_checksum_and_else_builds() {
    if !Command::new("bash").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return skip("the action's scripts: bash is not installed");
    }
    let world = World::new();
    let program = |path: &str, text: &str| {
        fs::write(world.path(path), format!("#!/bin/sh\n{text}\n")).expect("a fresh file");
        executable(&world.path(path));
    };
    for dir in ["made", "release"] {
        fs::create_dir(world.path(dir)).expect("a fresh folder");
    }
    program("made/coord", "echo coord of the release");
    let release = world.path("release");
    // `gh release download … --dir DIR …`: whatever archive is asked for is this one.
    let gh = r#"while [ "$1" != --dir ]; do shift; done; dir=$2; while [ "$1" != --pattern ]; do shift; done
        [ -e RELEASE/archive ] && cp RELEASE/archive "$dir/$2" &&
        echo "$(cat RELEASE/sum)  $2" > "$dir/SHA256SUMS""#;
    program("bin/gh", &gh.replace("RELEASE", &release.to_string_lossy()));
    let cargo = r#"while [ "$1" != --root ]; do shift; done; mkdir -p "$2/bin"; cp MADE "$2/bin/coord"
        echo 'echo coord that was built' >> "$2/bin/coord"; sed -i.old '/release/d' "$2/bin/coord""#;
    program("bin/cargo", &cargo.replace("MADE", &world.path("made/coord").to_string_lossy()));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/action/get-coord");
    let paths = world.path("paths");
    let job = world.main().with("RUNNER_TEMP", world.path("tmp")).with("GITHUB_PATH", &paths);
    let job = job.with("ACTION_REPOSITORY", "o/r").with("ACTION_PATH", ".").with("VERSION", "latest");
    let get = || job.run("bash", &[&script]);
    get().ok().says("no release to download").says("coord that was built");

    let archive = format!("tar -czf '{0}/archive' -C '{1}' .", release.display(), world.path("made").display());
    let sum = format!(
        "(sha256sum '{0}/archive' || shasum -a 256 '{0}/archive') | cut -d' ' -f1 > '{0}/sum'",
        release.display()
    );
    job.sh(&format!("{archive} && {sum}")).ok();
    get().ok().says("coord of the release");
    assert!(fs::read_to_string(&paths).expect("it was written").ends_with("/coord-bin\n"));

    job.sh(&format!("echo {} > '{}/sum'", "0".repeat(64), release.display())).ok();
    get().ends_with(1).says("checksum").says_not("coord of the release");
}
