//! Points in time and spans, as whole seconds. Arithmetic only.
//! Must not know: any clock, any time zone, how a time is written.

/// Whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(pub i64);

/// A span of whole seconds, never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Seconds(pub u64);

impl Timestamp {
    /// The time from `earlier` to `self`; zero where the clock went backwards, as a time in the future counts as now.
    #[must_use]
    pub fn since(self, earlier: Self) -> Seconds {
        Seconds(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment `span` later; the end of time where that overflows.
    #[must_use]
    pub fn plus(self, span: Seconds) -> Self {
        Self(self.0.saturating_add_unsigned(span.0))
    }
}

/// How long a declared entry lives after its last heartbeat, and how recent a change makes work "in progress": 5 minutes.
pub const STALE_AFTER: Seconds = Seconds(300);
