//! A network that is cut, in network namespaces of their own: gone before anything is said, and silent in the middle, where
//! nothing is refused and nothing answers.
//! Must not know: how long coord waits, unless it is told so.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::super::world::{FILE, Place, Run, World, executable, lacks};
use super::transports::program;
use super::{label, met, published};

/// No test of these goes on for longer: what hangs ends with another code.
const GUARD: &str = "300";

/// The clones in one namespace, the server in another, and a wire between them.
struct Wire {
    ip: PathBuf,
    near: String,
    far: String,
    server: Option<Child>,
}

impl Wire {
    /// Lays it, and starts git's own server at its far end; `None` where that is not allowed here.
    fn lay(world: &World) -> Option<Self> {
        let ip = program("ip")?;
        let name =
            world.root().to_string_lossy().bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31) ^ u32::from(byte));
        let mut wire = Self { ip, near: format!("cn{name:08x}"), far: format!("cf{name:08x}"), server: None };
        for line in [
            format!("netns add {}", wire.near),
            format!("netns add {}", wire.far),
            format!("-n {0} link add wire type veth peer name wire netns {1}", wire.near, wire.far),
            format!("-n {} addr add 10.7.0.1/24 dev wire", wire.near),
            format!("-n {} addr add 10.7.0.2/24 dev wire", wire.far),
            format!("-n {} link set lo up", wire.far),
            format!("-n {} link set wire up", wire.near),
            format!("-n {} link set wire up", wire.far),
        ] {
            if !wire.ip(&line) {
                lacks("a network that is cut: no network namespaces are allowed");
                return None;
            }
        }
        let mut server = world.at("").command(&wire.ip.to_string_lossy());
        server.args(["netns", "exec", &wire.far, "git", "daemon", "--reuseaddr", "--export-all"]);
        server
            .args(["--enable=receive-pack", "--listen=10.7.0.2"])
            .arg(format!("--base-path={}", world.root().display()));
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        wire.server = Some(server.expect("the server starts"));
        let until = Instant::now() + Duration::from_secs(300);
        while !wire.at(&world.main(), &["git", "ls-remote", "git://10.7.0.2/hub.git"]).stdout.contains("HEAD") {
            assert!(Instant::now() < until, "the server does not answer");
        }
        for place in [world.main(), world.at("two")] {
            place.git(&["remote", "set-url", "origin", "git://10.7.0.2/hub.git"]).ok();
        }
        Some(wire)
    }

    fn ip(&self, line: &str) -> bool {
        let mut command = Command::new(&self.ip);
        command.args(line.split(' ')).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// From now on nothing that is sent arrives, and nobody says so.
    fn cut(&self) {
        assert!(self.ip(&format!("-n {} link set wire down", self.far)));
    }

    fn mend(&self) {
        assert!(self.ip(&format!("-n {} link set wire up", self.far)));
    }

    /// Runs a program at the near end.
    fn at(&self, place: &Place<'_>, words: &[&str]) -> Run {
        let inside = ["netns", "exec", &self.near, "timeout", GUARD];
        place.run(&self.ip.to_string_lossy(), &[&inside[..], words].concat())
    }

    fn coord(&self, place: &Place<'_>, words: &[&str]) -> Run {
        self.at(place, &[&["coord"], words].concat())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for name in [&self.near, &self.far] {
            let listed = Command::new(&self.ip).args(["netns", "pids", name]).stderr(Stdio::null()).output();
            let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            for process in listed.split_whitespace() {
                drop(Command::new("kill").arg(process).stderr(Stdio::null()).status());
            }
            self.ip(&format!("netns delete {name}"));
        }
        if let Some(mut server) = self.server.take() {
            drop(server.wait());
        }
    }
}

/// Two clones that have met over the wire; the first is on `search`.
fn over_the_wire(world: &World) -> Option<Wire> {
    let wire = Wire::lay(world)?;
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.edit(FILE, 10, "first");
    two.edit(FILE, 10, "theirs");
    wire.coord(&one, &["sync", "--yes"]).ok();
    wire.coord(&two, &["sync", "--yes"]).ok();
    wire.coord(&one, &["sync"]).ok();
    Some(wire)
}

fn arrived(world: &World, wire: &Wire, what: &str) {
    let two = world.at("two");
    wire.coord(&two, &["sync", "pull"]).ok();
    let scan = two.json(&["scan"]);
    two.coord(&["diff", "main", label(&scan, "search"), FILE]).says(what);
    assert_eq!(published(world).len(), 2);
}

#[test]
fn gone_before_anything_is_said() {
    let world = met("content");
    let Some(wire) = over_the_wire(&world) else { return };
    let one = world.main();
    wire.cut();
    one.git(&["config", "coord.syncTimeout", "2s"]).ok();
    one.edit(FILE, 10, "second");
    wire.coord(&one, &["sync"]).ends_with(2).says("could not publish to origin");
    wire.coord(&one, &["claim", FILE]).ok().says("other machines do not know of it yet");
    wire.coord(&one, &["doctor", "--sync"]).ends_with(1).says("could not publish");
    // What was fetched stands.
    wire.coord(&one, &["scan"]).ends_with(1).says("main@").says("as fetched");
    wire.mend();
    one.git(&["config", "--unset", "coord.syncTimeout"]).ok();
    wire.coord(&one, &["sync"]).ok().says("published search").says_not("another clone");
    arrived(&world, &wire, "second");
    wire.coord(&world.at("two"), &["claim", FILE]).ends_with(1).says("search@");
}

#[test]
fn silent_in_the_middle() {
    let world = met("content");
    let Some(wire) = over_the_wire(&world) else { return };
    let (one, hub) = (world.main(), world.at("hub.git"));
    // The server takes it, and the wire breaks under the answer.
    hub.write("hooks/post-receive", format!("#!/bin/sh\n{} link set wire down\n", wire.ip.display()));
    executable(&hub.dir.join("hooks/post-receive"));
    one.edit(FILE, 10, "second");
    let before = published(&world);
    // Long enough to come to the server, however busy the machine is.
    one.git(&["config", "coord.syncTimeout", "20s"]).ok();
    wire.coord(&one, &["sync"]).ends_with(2).says("could not publish to origin").says("did not answer in time");
    fs::remove_file(hub.dir.join("hooks/post-receive")).expect("ours");
    wire.mend();
    one.git(&["config", "--unset", "coord.syncTimeout"]).ok();
    assert_ne!(published(&world), before, "the server took it");
    wire.coord(&one, &["sync"]).ok().says_not("another clone").says_not("set back");
    one.edit(FILE, 10, "third");
    wire.coord(&one, &["sync"]).ok().says_not("another clone").says_not("set back");
    arrived(&world, &wire, "third");
}

#[test]
fn a_commit_waits_for_no_network() {
    let world = met("content");
    let Some(wire) = over_the_wire(&world) else { return };
    let one = world.main().without("COORD_FOREGROUND");
    one.coord(&["install"]).ok();
    one.git(&["config", "coord.syncEvery", "0s"]).ok();
    // Longer than the guard: a commit that waited would be ended by it.
    one.git(&["config", "coord.syncTimeout", "1h"]).ok();
    wire.cut();
    one.edit(FILE, 3, "second");
    wire.at(&one, &["git", "commit", "-q", "-a", "-m", "Search"]).ok().says_not("could not");
}

#[test]
fn whoever_watches_carries_on() {
    let world = met("content");
    let Some(wire) = over_the_wire(&world) else { return };
    let one = world.main();
    one.git(&["config", "coord.syncTimeout", "5s"]).ok();
    let log = world.path("watched");
    let out = fs::File::create(&log).expect("writable");
    let mut command = one.command(&wire.ip.to_string_lossy());
    command.args(["netns", "exec", &wire.near, "timeout", GUARD, "coord", "sync", "--watch", "--every", "1s"]);
    let mut watching = command.stdout(out.try_clone().expect("a file")).stderr(out).spawn().expect("coord starts");
    let mut until = |what: &str| {
        while !fs::read_to_string(&log).unwrap_or_default().contains(what) {
            assert!(
                watching.try_wait().expect("ours").is_none(),
                "it ended: {}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            std::thread::yield_now();
        }
    };
    until("fetched");
    wire.cut();
    one.edit(FILE, 10, "second");
    until("could not publish to origin");
    wire.mend();
    until("published search");
    drop(Command::new("kill").arg(watching.id().to_string()).status());
    watching.wait().expect("ours");
    one.git(&["config", "--unset", "coord.syncTimeout"]).ok();
    arrived(&world, &wire, "second");
}
