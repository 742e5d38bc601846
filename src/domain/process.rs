//! Which process it is, for longer than its number lasts, and what is known of its life.
//! Must not know: how a system is asked.

/// A process, told apart from a later one that got the same number.
///
/// Two values are the same process only where all four parts are equal and none is missing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProcessId {
    /// Its number in its pid namespace.
    pub pid: u32,
    /// When it started, in the system's own ticks since boot; `None` where the system does not tell.
    pub start: Option<u64>,
    /// Which boot of which machine it belongs to; `None` where the system does not tell.
    pub boot: Option<String>,
    /// The pid namespace that `pid` counts in; `None` where the system does not tell.
    pub pid_namespace: Option<u64>,
}

/// What is known about a process's life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Liveness {
    /// It runs.
    Alive,
    /// It provably ended: same boot, same namespace, and nobody there or somebody else.
    Dead,
    /// It cannot be told from here: another boot, another container, another machine, or a system that does not say.
    Unknown,
}

impl ProcessId {
    /// A process of which nothing but the number is known; its [`Liveness`] is always unknown.
    #[must_use]
    pub fn bare(pid: u32) -> Self {
        Self { pid, start: None, boot: None, pid_namespace: None }
    }

    /// Whether the process belongs to the same boot and pid namespace as `other`, so that its number means something there.
    #[must_use]
    pub fn is_neighbour_of(&self, other: &Self) -> bool {
        self.boot.is_some()
            && self.boot == other.boot
            && self.pid_namespace.is_some()
            && self.pid_namespace == other.pid_namespace
    }
}

/// How the names of a process's temporary folders begin, so that whoever ends it early finds them.
#[must_use]
pub fn scratch_prefix(pid: u32) -> String {
    format!("coord-{pid}-")
}
