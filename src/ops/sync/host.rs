//! Who this clone is at the remote.
//! Must not know: what is published.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _};

use crate::domain::sync::{Host, part};
use crate::failure::Failure;
use crate::ops::context::Context;
use crate::store::sync::Talking;

/// Who we are, and whether that was only just decided.
pub(super) struct Found {
    pub(super) host: Host,
    pub(super) is_new: bool,
}

/// Who this clone is: what it said before, unless it is a copy; else a new name.
pub(super) fn identify(ctx: &Context, talking: &Talking<'_>) -> Result<Found, Failure> {
    let asked = asked(ctx);
    if let Some(host) = super::undamaged(ctx.store.sync_host(asked.as_deref()))? {
        return Ok(Found { host, is_new: false });
    }
    let host = match &asked {
        Some(name) => Host { id: part(name.as_bytes()), name: name.clone() },
        None => random(&machine()),
    };
    talking.put_host(&host, asked.as_deref())?;
    Ok(Found { host, is_new: true })
}

/// Another name, as somebody else goes by ours.
pub(super) fn rename(ctx: &Context, talking: &Talking<'_>, old: &Host) -> Result<Host, Failure> {
    let host = random(&old.name);
    talking.put_host(&host, asked(ctx).as_deref())?;
    Ok(host)
}

fn asked(ctx: &Context) -> Option<String> {
    ctx.env.variable("COORD_HOST").map(|name| name.to_string_lossy().into_owned())
}

/// The machine's name and what nobody else draws.
fn random(name: &str) -> Host {
    // Each of these begins with keys of its own that the system draws.
    let drawn = RandomState::new().build_hasher().finish() ^ RandomState::new().build_hasher().finish().rotate_left(32);
    Host { id: format!("{}-{:08x}", part(name.as_bytes()), drawn & 0xffff_ffff), name: name.to_owned() }
}

fn machine() -> String {
    let named = ["/proc/sys/kernel/hostname", "/etc/hostname"].iter().find_map(|file| fs::read_to_string(file).ok());
    let name = named.map(|name| name.trim().split('.').next().unwrap_or_default().chars().take(40).collect::<String>());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "machine".to_owned())
}
