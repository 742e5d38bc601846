//! What Linux tells about processes, read from `/proc`.
//! Must not know: what it is asked for.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;

use rustix::process::{Pid, test_kill_process};

use super::process::Process;
use crate::domain::process::{Liveness, ProcessId};
use crate::domain::time::Seconds;

/// The fields of `/proc/PID/stat` that are of use.
struct Stat {
    name: Vec<u8>,
    ended: bool,
    parent: u32,
    start: u64,
}

pub(super) fn current() -> ProcessId {
    let pid = std::process::id();
    identity(pid, stat(pid).ok().flatten().map(|stat| stat.start))
}

/// The process and its parent's number; `None` where there is none of that number, or it may not be looked at.
pub(super) fn look(pid: u32) -> Option<(Process, u32)> {
    let stat = stat(pid).ok()??;
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let arguments = arguments.strip_suffix(b"\0").unwrap_or(&arguments);
    let arguments = arguments.split(|&b| b == 0).map(<[u8]>::to_vec).collect();
    let program = fs::read_link(format!("/proc/{pid}/exe")).ok();
    Some((Process { id: identity(pid, Some(stat.start)), name: stat.name, program, arguments }, stat.parent))
}

pub(super) fn liveness(process: &ProcessId) -> Liveness {
    let Some(start) = process.start else { return Liveness::Unknown };
    if !process.is_neighbour_of(&identity(process.pid, None)) {
        return Liveness::Unknown;
    }
    match stat(process.pid) {
        Ok(Some(found)) if found.start != start || found.ended => Liveness::Dead,
        Ok(Some(_)) => Liveness::Alive,
        Ok(None) => absent(process.pid),
        Err(_) => Liveness::Unknown,
    }
}

/// No entry in `/proc` is no proof of death: mounted with `hidepid`, it hides what belongs to others.
fn absent(pid: u32) -> Liveness {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Liveness::Dead };
    match test_kill_process(pid) {
        Err(rustix::io::Errno::SRCH) => Liveness::Dead,
        _ => Liveness::Unknown,
    }
}

pub(super) fn since_boot() -> Option<Seconds> {
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    uptime.split('.').next()?.parse().ok().map(Seconds)
}

fn identity(pid: u32, start: Option<u64>) -> ProcessId {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned());
    ProcessId { pid, start, boot: boot.filter(|id| !id.is_empty()), pid_namespace: pid_namespace() }
}

/// The inode of our own namespace: a number found in our `/proc` counts in it.
fn pid_namespace() -> Option<u64> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    let inode = link.as_os_str().as_bytes().strip_prefix(b"pid:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(inode).ok()?.parse().ok()
}

/// `None` where there is no such process.
fn stat(pid: u32) -> std::io::Result<Option<Stat>> {
    match fs::read(format!("/proc/{pid}/stat")) {
        Ok(bytes) => parse(&bytes).map(Some).ok_or_else(|| ErrorKind::InvalidData.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // The process ended between the opening and the reading.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `PID (NAME) STATE PPID … START …`, where NAME may hold spaces and parentheses: the last `)` ends it.
fn parse(bytes: &[u8]) -> Option<Stat> {
    let open = bytes.iter().position(|&b| b == b'(')?;
    let close = bytes.iter().rposition(|&b| b == b')')?;
    let rest = std::str::from_utf8(bytes.get(close + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Stat {
        name: bytes.get(open + 1..close)?.to_vec(),
        ended: matches!(*fields.first()?, "Z" | "X" | "x"),
        parent: fields.get(1)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_is_read_whole() {
        let line = b"7 (a) S (b) Z 3 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 9";
        let stat = parse(line).expect("a line of the documented form");
        assert_eq!((stat.name.as_slice(), stat.ended, stat.parent, stat.start), (&b"a) S (b"[..], true, 3, 4711));
        for torn in [&b""[..], b"7", b"7 (x", b"7 (x) S", b"7 )x( S 1", b"7 (x) S 1 2 3"] {
            assert!(parse(torn).is_none(), "{}", torn.escape_ascii());
        }
    }
}
