//! A hot spot on the wire.
//! Must not know: how it was found.

use serde::Serialize;

use super::text::Text;
use crate::domain::hotspot::{Advice, HotSpot};

#[derive(Serialize)]
pub(super) struct WireSpot<'a> {
    path: Text<'a>,
    pairs: usize,
    alone: usize,
    of_pairs: usize,
    instances: usize,
    behind: usize,
    advice: &'static str,
}

pub(super) fn spot(spot: &HotSpot) -> WireSpot<'_> {
    WireSpot {
        path: Text::of(spot.path.as_bytes()),
        pairs: spot.pairs,
        alone: spot.alone,
        of_pairs: spot.of_pairs,
        instances: spot.instances,
        behind: spot.behind,
        advice: match spot.advice {
            Advice::Union => "merge=union",
            Advice::Generated => "linguist-generated",
            Advice::Regenerate => "regenerate",
            Advice::Split => "split",
            Advice::LandOne => "land one",
        },
    }
}
