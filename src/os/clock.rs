//! The clocks. Everywhere else a time is passed in as a value.
//! Must not know: what a time is needed for.

use std::time::{SystemTime, UNIX_EPOCH};

use super::system;
use crate::domain::time::{Seconds, Timestamp};

/// The wall clock. It may jump, in both directions: never take the order of two events from it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> Timestamp {
    let seconds = |span: std::time::Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    Timestamp(match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(span) => seconds(span),
        Err(before) => -seconds(before.duration()),
    })
}

/// The time since this machine's boot, sleep included; it only grows, and means something on the same boot alone
/// (`ProcessId::boot`). `None` where the system does not tell.
#[must_use]
pub fn since_boot() -> Option<Seconds> {
    system::since_boot()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_run() {
        assert!(now() > Timestamp(1_700_000_000));
        if cfg!(target_os = "linux") {
            let first = since_boot().expect("Linux tells");
            assert!(since_boot().expect("Linux tells") >= first);
        }
    }
}
