//! The log where things are not as they should be: huge, torn, out of order, not to be written; and the log as it grows.
//! Must not know: how a log is read.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use crate::watch::Stream;
use crate::world::{FILE, World, lacks};

#[test]
fn the_log_is_followed_as_it_grows_and_is_put_aside() {
    let world = World::in_conflict();
    let mut command = world.main().command("coord");
    command.args(["log", "--follow", "--json", "--kind", "ack"]);
    let log = Stream::start(command);
    world.at("auth").coord(&["ack", "search"]).ok();
    assert_eq!(log.until("ack_given")["instance"], "auth");
    let file = world.store().join("coord-events.jsonl");
    OpenOptions::new().write(true).open(&file).expect("there is a log").set_len(16 << 20).expect("sparse");
    world.at("auth").coord(&["ack", "--withdraw", "search"]).ok();
    log.until("ack_withdrawn");
    assert!(world.store().join("coord-events.1.jsonl").exists(), "the full one was put aside");
}

#[test]
fn two_gigabytes_are_in_nobodys_way() {
    let world = World::in_conflict();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let file = world.store().join("coord-events.jsonl");
    let known = fs::read(&file).expect("there is a log");
    let mut log = OpenOptions::new().write(true).open(&file).expect("there is a log");
    log.seek(SeekFrom::Start(2 << 30)).and_then(|_| log.write_all(&[b"\n", &known[..]].concat())).expect("sparse");
    drop(log);
    let told = world.main().coord(&["log", "-n", "2", "--json"]).ok();
    assert_eq!(told.stdout.lines().count(), 2);
    world.main().coord(&["report"]).ok().says("1 line of the log could not be read");
    world.at("auth").coord(&["ack", "search"]).ok();
    world.main().coord(&["scan", "--fail-on", "never"]).ok().says_not("could not record");
    assert!(world.store().join("coord-events.1.jsonl").exists());
    let size = fs::metadata(&file).expect("a new one").len();
    assert!(size < 1 << 20, "{size}");
}

#[test]
fn a_clock_that_went_back_makes_no_nonsense() {
    let world = World::in_conflict();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    let file = world.store().join("coord-events.jsonl");
    let line = |at: &str, kind: &str, more: &str| {
        format!("{{\"at\":\"{at}\",\"kind\":\"{kind}\",\"actor\":\"auth\"{more}}}\n")
    };
    let conflict = ",\"with\":[\"docs\"],\"grade\":\"conflict\",\"paths\":[\"a\"]";
    let mut text = fs::read_to_string(&file).expect("there is a log");
    text += &line("2099-01-01T00:00:00Z", "conflict_appeared", conflict);
    text += &line("1970-01-01T00:00:00Z", "conflict_resolved", &format!("{conflict},\"how\":\"edited\",\"after\":0"));
    text += &line("2098-01-01T00:00:00Z", "from_a_later_coord", ",\"token\":7");
    fs::write(&file, text).expect("own file");
    let report = world.main().json(&["report"]);
    assert_eq!(report["conflicts"]["appeared"], 2);
    assert_eq!(report["conflicts"]["median_seconds"], 0, "{report}");
    world.main().coord(&["report", "--format", "html"]).ok().says("<svg");
    world.main().coord(&["log"]).ok().says("from_a_later_coord").clean();
    assert_eq!(world.main().coord(&["log", "--json", "--since", "8h", "--kind", "conflict_resolved"]).ok().stdout, "");
    world.at("auth").commit_edit(30, "goes on").ok();
}

#[test]
fn where_nothing_can_be_written_the_log_is_read_and_the_watch_goes_on() {
    let world = World::in_conflict();
    world.main().coord(&["scan", "--fail-on", "never"]).ok();
    world.drop_privileges();
    let store = world.store();
    let mode = |mode: u32| fs::set_permissions(&store, fs::Permissions::from_mode(mode)).expect("ours");
    mode(0o555);
    world.main().coord(&["log"]).ok().says("conflict appeared");
    world.main().coord(&["report"]).ok().says("1 conflict in");
    world.at("search").edit("README.md", 3, "cannot be recorded");
    let scan = world.main().coord(&["scan", "--fail-on", "never"]).ok();
    if scan.stderr.matches("could not record").count() + scan.stdout.matches("could not record").count() != 1 {
        scan.fail("does not say once that nothing could be recorded");
    }
    let mut command = world.main().command("coord");
    command.args(["watch", "--json"]);
    let watch = Stream::start(command);
    world.at("auth").edit(FILE, 30, "unseen");
    mode(0o755);
    world.at("auth").edit("README.md", 3, "seen");
    assert_eq!(watch.until("working_set_grown")["instance"], "auth");
}

#[test]
fn a_full_disk_stops_nobody_and_tears_nothing() {
    let world = World::installed();
    let (auth, search) = (world.worktree("auth"), world.worktree("search"));
    auth.commit_edit(10, "auth was here").ok();
    search.edit(FILE, 30, "search was here");
    let script = format!(
        "mount -t tmpfs -o size=64k none {0} && dd if=/dev/zero of={0}/filler bs=1k 2>/dev/null; \
         git commit -q -a -m Second; echo committed $?; sed -i '10s/.*/x/' {FILE}; git commit -q -a -m Third; \
         echo blocked $?; coord log; echo log $?; coord report >/dev/null; echo report $?",
        world.store().display()
    );
    let run = search.run("unshare", &["-rm", "sh", "-c", &script]);
    if !run.stdout.contains("committed") {
        return lacks("a disk of one's own that is full: no mount namespaces");
    }
    run.says("committed 0").says("blocked 1").says("log 0").says("report 0");
}
