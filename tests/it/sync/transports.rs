//! The ways to a remote: git's own server, a web server before git's http-backend, ssh; all real, on the loopback.
//! Must not know: what coord says on the way.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::super::world::{FILE, Place, World, skip};
use super::met;

/// A server that ends with the test.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Server {
    /// Starts one, and waits until it answers.
    fn start(command: &mut Command, port: u16) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = quiet.spawn().expect("the server starts");
        let until = Instant::now() + Duration::from_secs(300);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until && child.try_wait().expect("ours").is_none(), "no server at {port}");
            std::thread::yield_now();
        }
        Self(child)
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let found = ["/usr/sbin", "/usr/local/sbin", "/usr/bin"]
        .iter()
        .map(|dir| Path::new(dir).join(name))
        .find(|file| file.exists());
    if found.is_none() {
        skip(&format!("there is no {name}"));
    }
    found
}

/// git's own server for the hub, and its address.
pub(crate) fn daemon(world: &World) -> (Server, String) {
    let port = free_port();
    let mut command = world.at("").command("git");
    command.args(["daemon", "--reuseaddr", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1"]);
    command.arg(format!("--port={port}")).arg(format!("--base-path={}", world.root().display()));
    (Server::start(&mut command, port), format!("git://127.0.0.1:{port}/hub.git"))
}

/// lighttpd before git's http-backend.
pub(crate) fn web(world: &World) -> Option<(Server, String)> {
    let lighttpd = program("lighttpd")?;
    let port = free_port();
    let backend = world.at("").git(&["--exec-path"]).ok().stdout.trim().to_owned() + "/git-http-backend";
    let root = world.root();
    let text = format!(
        "server.document-root = \"{root}\"\nserver.port = {port}\nserver.bind = \"127.0.0.1\"\n\
         server.modules = (\"mod_alias\", \"mod_cgi\", \"mod_setenv\")\nserver.stream-request-body = 0\n\
         alias.url = (\"/git\" => \"{backend}\")\n$HTTP[\"url\"] =~ \"^/git\" {{\n cgi.assign = (\"\" => \"\")\n\
         setenv.add-environment = (\"GIT_PROJECT_ROOT\" => \"{root}\", \"GIT_HTTP_EXPORT_ALL\" => \"1\", \"HOME\" => \"{root}/home\",\n\
         \"GIT_CONFIG_NOSYSTEM\" => \"1\", \"PATH\" => \"/usr/local/bin:/usr/bin:/bin\")\n}}\n",
        root = root.display()
    );
    fs::write(world.path("lighttpd.conf"), text).expect("writable");
    world.at("hub.git").git(&["config", "http.receivepack", "true"]).ok();
    let mut command = Command::new(lighttpd);
    command.args(["-D", "-f"]).arg(world.path("lighttpd.conf"));
    Some((Server::start(&mut command, port), format!("http://127.0.0.1:{port}/git/hub.git")))
}

/// What both machines do, whatever the way.
fn exchange(one: &Place<'_>, two: &Place<'_>, address: &str) {
    for place in [one, two] {
        place.git(&["remote", "set-url", "origin", address]).ok();
    }
    one.git(&["switch", "-q", "-c", "search"]).ok();
    one.commit_edit(10, "search was here").ok();
    one.coord(&["sync", "--yes"]).ok().says("published search");
    two.edit(FILE, 10, "theirs");
    two.coord(&["sync", "--yes"]).ok().says("fetched search@");
    two.coord(&["scan"]).ends_with(1).says("search@");
    one.coord(&["sync"]).ok().says("fetched main@");
    one.coord(&["doctor", "--sync"]).says("can publish, swap, fetch and remove");
    one.coord(&["claim", FILE, "docs"]).ok();
    two.coord(&["claim", FILE]).ends_with(1).says("search@");
    one.coord(&["release"]).ok();
    two.coord(&["claim", FILE]).ok();
}

#[test]
fn over_gits_own_server() {
    let world = met("content");
    let (_server, address) = daemon(&world);
    exchange(&world.main(), &world.at("two"), &address);
}

#[test]
fn over_a_web_server() {
    let world = met("content");
    let Some((_server, address)) = web(&world) else { return };
    exchange(&world.main(), &world.at("two"), &address);
    // What only the repository's own configuration says of the way is taken along.
    let one = world.main();
    one.git(&["config", "url.http://127.0.0.1:1/.insteadOf", "http://127.0.0.1"]).ok();
    one.coord(&["sync"]).ends_with(2).says("127.0.0.1");
}

#[test]
fn over_ssh() {
    let Some(sshd) = program("sshd") else { return };
    let world = met("content");
    let (port, at) = (free_port(), world.at(""));
    at.sh("ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f key").ok();
    let root = world.root();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {root}/host\nAuthorizedKeysFile {root}/key.pub\nStrictModes no\n\
         UsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nPidFile none\n",
        root = root.display()
    );
    fs::write(world.path("sshd.conf"), config).expect("writable");
    drop(fs::create_dir_all("/run/sshd"));
    let user = at.sh("id -un").ok().stdout.trim().to_owned();
    let _server = Server::start(Command::new(sshd).args(["-D", "-e", "-f"]).arg(world.path("sshd.conf")), port);
    let ssh = format!(
        "ssh -i {}/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR",
        root.display()
    );
    let (one, two) = (world.main().with("GIT_SSH_COMMAND", &ssh), world.at("two"));
    // One has it from the environment, the other from its own configuration.
    two.git(&["config", "core.sshCommand", &ssh]).ok();
    exchange(&one, &two, &format!("ssh://{user}@127.0.0.1:{port}{}/hub.git", root.display()));
}
