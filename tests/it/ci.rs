//! `coord ci`: open requests in a clone, as a CI job has it.
//! Must not know: how requests are judged.

use std::fs;

use serde_json::{Value, json};

use crate::world::{FILE, Place, World, contents};

/// A forge's repository in `repo`, with pull refs, and the job's clone of it in `job`.
pub(crate) struct Forge {
    pub(crate) world: World,
    pub(crate) open: Vec<Value>,
}

impl Forge {
    fn new() -> Self {
        Self { world: World::new(), open: Vec::new() }
    }

    /// Opens a request from `start`: `change` is made on a branch of that name and committed.
    fn request(&mut self, head: &str, start: &str, change: impl FnOnce(&Place<'_>)) -> &mut Value {
        let number = self.open.len() + 1;
        let main = self.world.main();
        main.git(&["switch", "-q", "-c", head, start]).ok();
        change(&main);
        main.commit(head).ok();
        main.git(&["update-ref", &format!("refs/pull/{number}/head"), head]).ok();
        main.git(&["switch", "-q", "main"]).ok();
        self.open.push(json!({"number": number, "head": head, "base": start, "author": "ann", "draft": false}));
        self.open.last_mut().expect("just pushed")
    }

    /// The job's clone, with every pull ref, and the list in `open.json`.
    fn job(&self) -> Place<'_> {
        let (from, to) = (self.world.path("repo"), self.world.path("job"));
        self.world.main().git(&["clone", "-q", &from.to_string_lossy(), &to.to_string_lossy()]).ok();
        let job = self.world.at("job");
        job.git(&["fetch", "-q", "origin", "+refs/pull/*:refs/pull/*"]).ok();
        fs::write(self.world.path("open.json"), Value::from(self.open.clone()).to_string()).expect("a fresh file");
        job
    }
}

/// `auth` and `search` collide in line 10; `docs` is far away.
pub(crate) fn busy() -> Forge {
    let mut forge = Forge::new();
    forge.request("auth", "main", |at| at.edit(FILE, 10, "auth's line"));
    forge.request("search", "main", |at| at.edit(FILE, 10, "search's line"));
    forge.request("docs", "main", |at| at.edit(FILE, 30, "docs' line"));
    forge
}

const OPEN: [&str; 3] = ["ci", "--open", "../open.json"];

fn asked<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&OPEN[..], more].concat()
}

fn answer(job: &Place<'_>, more: &[&str]) -> Value {
    job.json(&asked(more))
}

#[test]
fn flags_say_which_requests_and_which_overlaps_count() {
    let mut forge = busy();
    forge.open[1]["author"] = json!("Bob");
    let job = forge.job();
    let pairs = |more: &[&str]| {
        let report = job.json(&asked(&[&["--all", "--fail-on", "never"], more].concat()));
        let bases = report["bases"].as_array().expect("a list").clone();
        bases.iter().map(|base| base["overlaps"].as_array().expect("a list").len()).sum::<usize>()
    };
    assert_eq!(pairs(&[]), 3, "auth, search and docs all meet in one file");
    assert_eq!(pairs(&["--min-grade", "conflict"]), 1);
    assert_eq!(pairs(&["--exclude", "auth"]), 1);
    assert_eq!(pairs(&["--author", "ann"]), 1);
    assert_eq!(pairs(&["--author", "BOB", "ann"]), 3);
    assert_eq!(pairs(&["--path", "elsewhere/**"]), 0);
    assert_eq!(pairs(&["--path", FILE]), 3);
    job.coord(&asked(&["--all", "--exclude", "[z"])).ends_with(2).says("--exclude");
    job.coord(&asked(&["--all", "--path", "[z"])).ends_with(2).says("--path");
    job.coord(&asked(&["--all", "--author", "bob", "--fail-on", "conflict"])).ok().says("not --author's");
}

#[test]
fn a_request_hears_of_its_conflicts_and_who_goes_first() {
    let forge = busy();
    let job = forge.job();
    let run = job.coord(&asked(&["--branch", "search"])).ends_with(1);
    let run =
        run.says("1 conflict: #2 search against 2 other requests on main").says("#1 auth goes first, opened first");
    run.says(FILE).says("the only file of").says_not("hot:").clean();
    job.coord(&asked(&["--branch", "docs"])).ok().says("no conflicts: #3 docs");
}

#[test]
fn exit_codes_follow_what_was_asked() {
    let forge = busy();
    let job = forge.job();
    job.coord(&asked(&["--branch", "auth", "--fail-on", "blocked"])).ok().says("1 conflict");
    job.coord(&asked(&["--branch", "search", "--fail-on", "blocked"])).ends_with(1);
    job.coord(&asked(&["--all", "--fail-on", "never"])).ok().says("1 conflict");
    job.coord(&asked(&["--branch", "docs", "--fail-on", "disjoint"])).ends_with(1);
    job.coord(&asked(&["--branch", "nosuch"])).ends_with(2).says("no such branch");
    job.coord(&["ci", "--open", "nosuch.json"]).ends_with(2).says("nosuch.json");
    job.write("bad.json", "[{\"number\":1}");
    job.coord(&["ci", "--open", "bad.json"]).ends_with(2).says("not JSON");
}

#[test]
fn the_branch_that_is_checked_out_is_the_one_that_is_checked() {
    let forge = busy();
    let job = forge.job();
    job.git(&["switch", "-q", "search"]).ok();
    job.coord(&OPEN).ends_with(1).says("#2 search against");
    // Newer here than at the forge.
    job.edit(FILE, 10, "line 10");
    job.commit("take it back").ok();
    job.coord(&OPEN).ok().says("no conflicts: #2 search");
    job.git(&["switch", "-q", "main"]).ok();
    job.coord(&OPEN).ends_with(1).says("3 open requests on main").says("all pairs are judged");
}

#[test]
fn each_request_is_judged_on_its_own_base_and_stacks_are_no_conflict() {
    let mut forge = busy();
    forge.world.main().git(&["branch", "-q", "v1"]).ok();
    forge.request("backport", "v1", |at| at.edit(FILE, 10, "backported"));
    forge.request("auth2", "auth", |at| at.edit(FILE, 10, "auth's line, again"));
    let job = forge.job();
    let answer = answer(&job, &["--all"]);
    let bases: Vec<&str> =
        answer["bases"].as_array().expect("a list").iter().filter_map(|b| b["base"].as_str()).collect();
    assert_eq!(bases, ["auth", "main", "v1"]);
    assert_eq!(answer["bases"][0]["requests"][0]["stacked_on"], "#1 auth");
    assert_eq!(answer["summary"]["conflicts"], 1, "{answer:#}");
    job.coord(&asked(&["--branch", "backport"])).ok().says("no conflicts: #4 backport");
}

#[test]
fn requests_on_each_other_within_one_base_are_stacked() {
    let mut forge = busy();
    forge.request("auth2", "auth", |at| at.edit(FILE, 10, "auth's line, again"))["base"] = json!("main");
    let answer = answer(&forge.job(), &["--all"]);
    let requests = answer["bases"][0]["requests"].as_array().expect("a list");
    assert_eq!(requests.iter().find(|r| r["number"] == 4).expect("listed")["stacked_on"], "#1 auth", "{answer:#}");
    assert!(requests.iter().all(|r| r["number"] == 4 || r["stacked_on"].is_null()));
    // auth2 conflicts with search as auth does, not with auth.
    assert_eq!(answer["summary"]["conflicts"], 2, "{answer:#}");
}

#[test]
fn drafts_bots_and_forks_are_marked_and_a_draft_yields() {
    let mut forge = busy();
    forge.open[0]["draft"] = json!(true);
    forge.open[1]["author"] = json!("renovate[bot]");
    forge.open[2]["fork"] = json!(true);
    let job = forge.job();
    job.coord(&asked(&["--all"])).ends_with(1).says("#2 search goes first, the other is a draft");
    let summary = job.coord(&asked(&["--all", "--format", "markdown"])).ends_with(1);
    summary.says("(by ann, draft)").says("bot)");
    let requests = &answer(&job, &["--all"])["bases"][0]["requests"];
    assert_eq!((&requests[1]["bot"], &requests[2]["fork"]), (&json!(true), &json!(true)));
}

#[test]
fn without_a_list_remote_branches_count_and_pull_refs_never() {
    let forge = busy();
    let job = forge.job();
    job.git(&["update-ref", "-d", "refs/remotes/origin/docs"]).ok();
    job.git(&["update-ref", "refs/remotes/origin/release/1", "origin/search"]).ok();
    let run = job.coord(&["ci", "--all"]).ends_with(1);
    run.says("1 conflict: 2 open requests on main").says("no list of open requests was given").says_not("release/1");
}

#[test]
fn policy_comes_from_the_target_so_that_no_branch_loosens_its_own_check() {
    let mut forge = busy();
    forge.request("loose", "main", |at| {
        at.write("coord.toml", format!("[paths]\nignore = [\"{FILE}\"]\n"));
        at.edit(FILE, 10, "loose");
    });
    let job = forge.job();
    job.git(&["switch", "-q", "loose"]).ok();
    job.coord(&OPEN).ends_with(1).says("2 conflicts: #4 loose");
    let main = forge.world.main();
    main.write("coord.toml", format!("[paths]\nwarn = [\"{FILE}\"]\n[branches]\nexclude = [\"doc*\"]\n"));
    main.commit("The team's policy").ok();
    job.git(&["fetch", "-q"]).ok();
    job.coord(&asked(&["--all"])).ok().says("conflicts on generated or acknowledged paths").says("coord.exclude");
}

#[test]
fn what_cannot_be_judged_is_unknown_and_never_clean() {
    let mut forge = busy();
    forge.open.push(json!({"number": 77, "head": "gone", "base": "main", "fork": true}));
    forge.open.push(json!({"number": 78, "head": "docs", "base": "nosuch"}));
    let job = forge.job();
    job.coord(&asked(&["--branch", "docs"])).ends_with(2).says("no conflicts found, 1 unknown").says("#77 gone");
    job.coord(&asked(&["--all"])).ends_with(1).says("its base nosuch is not in this clone");
    job.git(&["checkout", "-q", "--orphan", "alien"]).ok();
    job.commit("Another beginning").ok();
    job.coord(&OPEN).ends_with(2).says("shares no history");
}

#[test]
fn a_shallow_clone_is_told_which_line_to_write() {
    let forge = busy();
    let from = format!("file://{}", forge.world.path("repo").display());
    forge.world.main().git(&["clone", "-q", "--depth=1", &from, &forge.world.path("job").to_string_lossy()]).ok();
    let job = forge.world.at("job");
    job.with("GITHUB_ACTIONS", "true").coord(&["ci"]).ends_with(2).says("shallow").says("fetch-depth: 0");
    job.with("GITLAB_CI", "true").coord(&["ci"]).ends_with(2).says("GIT_DEPTH");
    job.coord(&["ci"]).ends_with(2).says("git fetch --unshallow");
}

#[test]
fn a_job_on_github_annotates_and_writes_its_summary() {
    let forge = busy();
    let job = forge.job();
    // What actions/checkout leaves: the merge of the request, detached.
    job.git(&["checkout", "-q", "--detach", "origin/main"]).ok();
    job.git(&["merge", "-q", "--no-ff", "-m", "merge", "origin/search"]).ok();
    job.git(&["branch", "-q", "-D", "main"]).ok();
    job.git(&["remote", "set-head", "origin", "-d"]).ok();
    let summary = forge.world.path("summary.md");
    fs::write(&summary, "others' text\n").expect("a fresh file");
    let job = job
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_REF", "refs/pull/2/merge")
        .with("GITHUB_HEAD_REF", "search")
        .with("GITHUB_BASE_REF", "main")
        .with("GITHUB_REPOSITORY", "o/r")
        .with("GITHUB_STEP_SUMMARY", &summary);
    let run = job.coord(&OPEN).ends_with(1).says("#2 search against 2 other requests on main");
    let run = run.says(&format!("::error file={FILE},line=10,endLine=10,title=Conflict with another request::"));
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("::")).count(), 1, "{}", run.stdout);
    let text = fs::read_to_string(&summary).expect("it is there");
    assert!(text.starts_with("others' text\n## coord: 1 conflict"), "{text}");
    assert!(text.contains("[`#1 auth`](https://github.com/o/r/pull/1)"), "{text}");
    // The head is found without any ref of it.
    for name in ["refs/pull/2/head", "refs/remotes/origin/search"] {
        job.git(&["update-ref", "-d", name]).ok();
    }
    job.coord(&OPEN).ends_with(1).says("#2 search against");
}

#[test]
fn hostile_names_give_no_commands() {
    let evil = "::error file=x::pwn\n<script>|`\u{202e}%0A";
    let mut forge = Forge::new();
    forge.request("x$(id)`|\u{202e}<b>", "main", |at| at.write(evil, "one\n"));
    forge.request("good", "main", |at| at.write(evil, "two\n"));
    forge.open[0]["author"] = json!("::add-mask::x\n::error::y");
    let job = forge.job().with("GITHUB_ACTIONS", "true");
    let run = job.coord(&asked(&["--all"])).ends_with(1);
    let commands: Vec<&str> = run.stdout.lines().filter(|line| line.trim_start().starts_with("::")).collect();
    assert_eq!(commands.len(), 1, "one annotation and nothing else: {commands:#?}");
    for format in ["human", "json", "markdown", "gitlab", "sarif", "html"] {
        let run = job.coord(&asked(&["--all", "--format", format])).ends_with(1);
        if format != "gitlab" {
            run.clean();
        }
        if ["markdown", "html"].contains(&format) {
            assert!(!run.stdout.contains("<script>|"), "{format}");
        }
    }
}

#[test]
fn several_formats_at_once_and_each_is_whole() {
    let forge = busy();
    let job = forge.job();
    let before = contents(&forge.world.path("job"));
    let files = ["sarif=s.sarif", "html=h.html", "gitlab=g.json", "markdown=m.md", "json=j.json", "github=g.txt"];
    let outputs: Vec<String> = files.iter().map(|file| file.replace('=', "=../")).collect();
    let arguments: Vec<&str> = outputs.iter().flat_map(|output| ["--output", output.as_str()]).collect();
    job.coord(&[&asked(&["--all"])[..], &arguments].concat()).ends_with(1);
    assert_eq!(contents(&forge.world.path("job")), before, "the repository is as it was");
    let read = |name: &str| fs::read_to_string(forge.world.path(name)).expect("it was written");
    let sarif: Value = serde_json::from_str(&read("s.sarif")).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(1));
    let gitlab: Value = serde_json::from_str(&read("g.json")).expect("JSON");
    assert_eq!(gitlab[0]["location"]["path"], FILE);
    let json: Value = serde_json::from_str(&read("j.json")).expect("JSON");
    assert_eq!(json["summary"]["conflicts"], 1);
    assert!(read("m.md").starts_with("## coord: 1 conflict") && read("g.txt").starts_with("::error "));
    let html = read("h.html");
    assert!(html.contains("auth's line") && html.contains("search's line"), "both sides' lines are in the page");
    assert!(!html.contains("src=") && !html.contains("http:") && !html.contains("https:"), "it loads nothing");
}

#[test]
fn a_changelog_that_causes_everything_is_named_first() {
    let mut forge = Forge::new();
    let main = forge.world.main();
    main.write("CHANGELOG.md", "# Changelog\n\n- begin\n");
    main.commit("changelog").ok();
    for n in 0..4 {
        forge.request(&format!("r{n}"), "main", |at| {
            at.write("CHANGELOG.md", format!("# Changelog\n\n- r{n}\n- begin\n"));
            at.write(format!("new{n}.rs"), "fn main() {}\n");
        });
    }
    let job = forge.job();
    let run = job.coord(&asked(&["--all"])).ends_with(1).says("6 conflicts");
    run.says("hot: CHANGELOG.md   6 of 6 conflicts (100 %), 4 requests").says("`CHANGELOG.md merge=union`");
    // The advice ends them.
    let main = forge.world.main();
    main.write(".gitattributes", "CHANGELOG.md merge=union\n");
    main.commit("union").ok();
    job.git(&["fetch", "-q"]).ok();
    job.coord(&asked(&["--all"])).ok().says("no conflicts: 4 open requests on main");
}

#[test]
fn refs_to_other_things_and_many_refs_do_no_harm() {
    let forge = busy();
    let job = forge.job();
    let (tree, blob) = (job.id("HEAD^{tree}"), job.id(&format!("HEAD:{FILE}")));
    job.git(&["update-ref", "refs/pull/9/head", &tree]).ok();
    job.git(&["update-ref", "refs/pull/10/head", &blob]).ok();
    job.git(&["tag", "-a", "-m", "t", "t", "origin/auth"]).ok();
    job.git(&["update-ref", "refs/pull/11/head", "refs/tags/t"]).ok();
    let head = job.id("HEAD");
    // Without its header, git takes the file as unsorted.
    let packed = forge.world.path("job/.git/packed-refs");
    let known = fs::read_to_string(&packed).expect("a clone packs its refs");
    let known = known.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n"));
    let many = (100..50_100).map(|n| format!("{head} refs/pull/{n}/head\n"));
    fs::write(&packed, known.chain(many).collect::<Vec<_>>().concat()).expect("own file");
    job.coord(&asked(&["--branch", "search"])).ends_with(1).says("against 2 other requests");
    let list = json!([{"number": 9, "base": "main"}, {"number": 10, "base": "main"}, {"number": 11, "base": "main"},
        {"number": 2, "head": "search", "base": "main"}]);
    fs::write(forge.world.path("open.json"), list.to_string()).expect("own file");
    let run = job.coord(&asked(&["--all"])).ends_with(1);
    run.says("1 conflict, 2 unknown").says("#2 search ↔ #11").clean();
}
