//! `coord sync` on the wire: what was done, and what the first push would show.
//! Must not know: any other report.

use serde::Serialize;

use super::VERSION;
use super::text::Text;
use crate::domain::path::RepoPath;
use crate::domain::sync::{Disclosure, SyncReport};

#[derive(Serialize)]
pub(super) struct Wire<'a> {
    version: u32,
    remote: &'a str,
    mode: &'static str,
    host: &'a str,
    published: &'a [String],
    unchanged: &'a [String],
    removed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched: Option<WireFetched<'a>>,
    notices: &'a [String],
    trouble: &'a [String],
}

#[derive(Serialize)]
struct WireFetched<'a> {
    others: &'a [String],
    changed: usize,
    gone: usize,
    claims: usize,
}

impl<'a> Wire<'a> {
    pub(super) fn of(report: &'a SyncReport) -> Self {
        let fetched = report.fetched.as_ref().map(|fetched| WireFetched {
            others: &fetched.others,
            changed: fetched.changed,
            gone: fetched.gone,
            claims: fetched.claims,
        });
        Self {
            version: VERSION,
            remote: &report.remote,
            mode: report.mode.name(),
            host: &report.host,
            published: &report.published,
            unchanged: &report.unchanged,
            removed: report.removed,
            fetched,
            notices: &report.notices,
            trouble: &report.trouble,
        }
    }
}

#[derive(Serialize)]
pub(super) struct WireDisclosure<'a> {
    version: u32,
    would_publish_to: &'a str,
    mode: &'static str,
    instances: Vec<WireInstance<'a>>,
    withheld: u64,
}

#[derive(Serialize)]
struct WireInstance<'a> {
    id: &'a str,
    paths: Vec<Text<'a>>,
}

impl<'a> WireDisclosure<'a> {
    pub(super) fn of(asked: &'a Disclosure) -> Self {
        let instance = |(id, paths): &'a (String, Vec<RepoPath>)| WireInstance {
            id,
            paths: paths.iter().map(|path| Text::of(path.as_bytes())).collect(),
        };
        Self {
            version: VERSION,
            would_publish_to: &asked.remote,
            mode: asked.mode.name(),
            instances: asked.instances.iter().map(instance).collect(),
            withheld: asked.withheld,
        }
    }
}
