//! What breaks in the middle: servers and clones killed, answers lost, clocks that are off.
//! Must not know: how coord gets over it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::super::world::{FILE, Place, World, executable, fake_clock, instance, skip};
use super::leases::left;
use super::transports::daemon;
use super::{label, met, published};

/// What the other clone has in line 10 of the file, as `two` sees it.
fn seen(two: &Place<'_>, of: &str) -> String {
    two.coord(&["sync", "pull"]).ok();
    let scan = two.json(&["scan"]);
    let diff = two.coord(&["diff", "main", label(&scan, of), FILE]);
    assert!(diff.stderr.is_empty() && diff.code < 2, "{}", diff.stderr);
    diff.stdout
}

#[test]
fn a_server_that_is_killed_loses_nothing() {
    // Before anything is taken, and before a ref is changed.
    for hook in ["pre-receive", "update"] {
        let world = met("content");
        let (one, two, hub) = (world.main(), world.at("two"), world.at("hub.git"));
        one.git(&["switch", "-q", "-c", "search"]).ok();
        one.edit(FILE, 10, "first");
        one.coord(&["sync", "--yes"]).ok();
        two.edit(FILE, 10, "theirs");
        two.coord(&["sync", "--yes"]).ok();
        let script = hub.dir.join("hooks").join(hook);
        hub.write(&script, "#!/bin/sh\nkill -9 $PPID\n");
        executable(&script);
        one.edit(FILE, 10, "second");
        one.coord(&["sync"]).ends_with(2).says("could not publish");
        fs::remove_file(&script).expect("ours");
        one.edit(FILE, 10, "third");
        one.coord(&["sync"]).ok().says_not("another clone").says_not("set back");
        assert!(seen(&two, "search").contains("third"), "{hook}");
        assert_eq!(published(&world).len(), 2, "{hook}");
    }
}

#[test]
fn a_claim_whose_answer_is_lost_is_known_to_be_ours() {
    let world = met("content");
    let (_server, address) = daemon(&world);
    let mute = Arc::new(AtomicBool::new(false));
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["remote", "set-url", "origin", &muted(&address, &mute)]).ok();
    one.coord(&["sync", "--yes"]).ok();
    two.coord(&["sync", "--yes"]).ok();
    mute.store(true, Ordering::SeqCst);
    one.coord(&["claim", FILE]).ok().says_not("do not know of it yet");
    mute.store(false, Ordering::SeqCst);
    two.coord(&["claim", FILE]).ends_with(1).says("main@");
    one.coord(&["release"]).ok();
    two.coord(&["claim", FILE]).ok();
}

/// A server's address that hands on what the client says to a push, and, while `mute` is set, nothing of the answer to it.
fn muted(server: &str, mute: &Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("git://{}/hub.git", listener.local_addr().expect("bound"));
    let server = server.trim_start_matches("git://").split('/').next().expect("a host").to_owned();
    let mute = Arc::clone(mute);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (server, mute) = (server.clone(), Arc::clone(&mute));
            thread::spawn(move || hand_on(client, &server, &mute));
        }
    });
    address
}

fn hand_on(mut client: TcpStream, server: &str, mute: &AtomicBool) {
    let mut server = TcpStream::connect(server).expect("the server listens");
    let mut first = [0; 4096];
    let read = client.read(&mut first).unwrap_or(0);
    let is_push = mute.load(Ordering::SeqCst) && first[..read].windows(12).any(|part| part == b"receive-pack");
    server.write_all(&first[..read]).expect("the server reads");
    let (mut back, mut out) = (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
    let spoken = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&spoken);
    let answering = thread::spawn(move || {
        let mut bytes = [0; 16384];
        while let Ok(read @ 1..) = back.read(&mut bytes) {
            if is_push && heard.load(Ordering::SeqCst) {
                continue;
            }
            if out.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        drop(out.shutdown(Shutdown::Both));
    });
    let mut bytes = [0; 16384];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        spoken.store(true, Ordering::SeqCst);
        if server.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    drop(server.shutdown(Shutdown::Write));
    drop(answering.join());
}

#[test]
fn an_answer_that_is_lost_on_the_way_is_found_out() {
    let world = met("content");
    let (_server, address) = daemon(&world);
    let mute = Arc::new(AtomicBool::new(false));
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["remote", "set-url", "origin", &muted(&address, &mute)]).ok();
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.edit(FILE, 10, "first");
    two.edit(FILE, 10, "theirs");
    one.coord(&["sync", "--yes"]).ok();
    let before = published(&world);
    mute.store(true, Ordering::SeqCst);
    one.edit(FILE, 10, "second");
    // Where git says that it was cut off in a way that is tried again at once, coord sees by itself that it has arrived.
    let run = one.coord(&["sync"]);
    assert!(run.code == 2 || run.code == 0 && run.stdout.contains("published search"), "{}", run.stdout);
    assert_ne!(published(&world), before, "the server took it");
    mute.store(false, Ordering::SeqCst);
    one.coord(&["sync"]).ok().says_not("another clone");
    one.edit(FILE, 10, "third");
    one.coord(&["sync"]).ok().says_not("another clone");
    two.coord(&["sync", "--yes"]).ok();
    assert!(seen(&two, "search").contains("third"));
}

#[test]
fn a_clone_that_is_killed_at_any_moment_goes_on() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    two.edit(FILE, 10, "theirs");
    two.coord(&["sync", "--yes"]).ok();
    one.coord(&["sync", "--yes"]).ok();
    let began = Instant::now();
    one.coord(&["sync"]).ok();
    let whole = began.elapsed();
    for n in 0..24u16 {
        one.edit(FILE, 10, &format!("edit {n}"));
        one.edit("src/user.rs", 1 + usize::from(n), "too");
        let mut command = one.command("coord");
        let quiet = command.arg("sync").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = quiet.process_group(0).spawn().expect("coord starts");
        let at = Instant::now() + whole * (u32::from(n) * 2 + 1) / 40;
        while Instant::now() < at && child.try_wait().expect("ours").is_none() {
            thread::yield_now();
        }
        // The gits that it started too: a group of their own.
        let group = format!("-{}", child.id());
        Command::new("kill").args(["-9", "--", &group]).stderr(Stdio::null()).status().expect("kill runs");
        child.wait().expect("ours");
        let mut run = one.coord(&["sync"]);
        // The server's git was killed too, and what it locked stays so until somebody does what is advised.
        if run.stdout.contains("remove that file") && unlock(&world) {
            run = one.coord(&["sync"]);
        }
        assert!(run.code == 0 && !run.stdout.contains("another clone"), "round {n}: {}{}", run.stdout, run.stderr);
        let there = seen(&two, "search");
        assert!(there.contains(&format!("edit {n}")), "round {n}: {}{}{there}", run.stdout, run.stderr);
    }
    assert_eq!(published(&world).len(), 2);
}

#[test]
fn a_lock_that_a_killed_server_left_is_named() {
    let world = met("content");
    let (one, two) = (world.main(), world.at("two"));
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.edit(FILE, 10, "first");
    one.coord(&["sync", "--yes"]).ok();
    one.coord(&["claim", FILE]).ok();
    let lock = |pattern: &str| {
        let listed = world.at("hub.git").git(&["for-each-ref", "--format=%(refname)", pattern]).ok();
        let name = listed.stdout.lines().next().expect("one ref").to_owned();
        fs::write(world.path("hub.git").join(format!("{name}.lock")), "").expect("the hub is there");
    };
    lock("refs/coord/");
    one.edit(FILE, 10, "second");
    one.coord(&["sync"])
        .ends_with(2)
        .says("could not publish to origin")
        .says(".lock': File exists")
        .says("remove that");
    assert!(unlock(&world));
    one.coord(&["sync"]).ok().says("published search");
    // What was given back here and not there is given back later.
    lock("refs/coord-claims/");
    one.coord(&["release"]).ok();
    assert!(unlock(&world));
    two.coord(&["sync", "--yes"]).ok();
    two.coord(&["claim", FILE]).ends_with(1);
    one.coord(&["sync"]).ok();
    two.coord(&["claim", FILE]).ok();
}

/// Removes what killed gits locked at the hub, and says whether there was anything.
fn unlock(world: &World) -> bool {
    let found = world.at("").sh("find hub.git/refs -name '*.lock' -print -delete").ok();
    !found.stdout.is_empty()
}

#[test]
fn a_clock_that_is_off_decides_nothing() {
    for off in ["+10m", "-10m"] {
        let world = met("content");
        let two = world.at("two");
        let Some(one) = fake_clock(&world.main(), off) else { return skip("there is no libfaketime") };
        one.git(&["switch", "-q", "-c", "search"]).ok();
        one.commit_edit(10, "search was here").ok();
        one.coord(&["sync", "--yes"]).ok();
        two.edit(FILE, 10, "theirs");
        two.coord(&["sync", "--yes"]).ok();
        let scan = two.json(&["scan"]);
        let search = instance(&scan, label(&scan, "search"));
        assert!(search["touched"].as_str() <= search["origin"]["seen"].as_str(), "{search}");
        two.coord(&["scan"]).ends_with(1).says("search@");
        // A lease lasts by the clock of who looks: neither over at once nor longer.
        one.coord(&["claim", FILE, "--ttl", "30m"]).ok();
        assert!((25..=30).contains(&left(&two.coord(&["claim", FILE]).ends_with(1), "min")));
        two.coord(&["claim", "README.md", "--ttl", "30m"]).ok();
        assert!((25..=30).contains(&left(&one.coord(&["claim", "README.md"]).ends_with(1), "min")));
    }
}

#[test]
fn a_remote_that_says_nothing_holds_up_no_commit() {
    let world = met("content");
    let one = world.main();
    one.coord(&["install"]).ok();
    one.coord(&["sync", "--yes"]).ok();
    one.git(&["config", "coord.syncEvery", "0s"]).ok();
    // Connections come about and are never answered.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("git://{}/hub.git", silent.local_addr().expect("bound"));
    one.git(&["remote", "set-url", "origin", &address]).ok();
    let (send, receive) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let run = one.without("COORD_FOREGROUND").commit_edit(10, "mine");
            send.send(run.code).expect("somebody waits");
        });
        let code = receive.recv_timeout(Duration::from_secs(300));
        drop(silent);
        assert_eq!(code, Ok(0), "the commit waited for the remote");
    });
}
