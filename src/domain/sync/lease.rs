//! Claims that more than one machine sees: each a ref of its own, changed by compare-and-swap alone.
//! Must not know: how a ref is changed, when somebody looks.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::claim::{Lease, Token};
use crate::domain::id::{ObjectId, RefName};
use crate::domain::path::RepoPath;
use crate::domain::pattern::Pattern;
use crate::domain::time::Seconds;

/// Whether a claim's ref names a holder.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LeaseState {
    /// Somebody holds it.
    Held,
    /// It was given back. The ref stays, as its token must not be given again.
    Released,
}

/// A claim as its ref tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForeignClaim {
    /// The commit that its ref stands on.
    pub oid: ObjectId,
    /// Who holds it: the ref of the instance.
    pub holder: RefName,
    /// The holder's label and machine, for people.
    pub label: String,
    /// What for.
    pub task: Option<String>,
    /// The pattern that the ref is about.
    pub pattern: Pattern,
    /// Its number.
    pub token: Token,
    /// Whether it is held.
    pub state: LeaseState,
    /// How long it lasts, counted from when this machine first saw it as it stands, by this machine's own clock.
    pub lease: Lease,
    /// Whom it does not bind where, by the refs of instances.
    pub exempt: BTreeMap<RefName, BTreeSet<RepoPath>>,
}

/// A claim of this clone that others can see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnLease {
    /// The local claim's number.
    pub local: Token,
    /// The commit that its ref stands on; `None` while nobody else has heard of it.
    pub oid: Option<ObjectId>,
    /// Its number among all machines'.
    pub token: Token,
    /// What it is on.
    pub pattern: Pattern,
    /// How long it lasts.
    pub span: Seconds,
}
