//! The demonstration, for programs.
//! Must not know: how a scene comes about.

use serde::Serialize;

use super::text::Text;
use crate::domain::demo::Scene;

#[derive(Serialize)]
pub(super) struct Wire<'a> {
    version: u32,
    scenes: Vec<WireScene<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum WireScene<'a> {
    Text(&'a str),
    Command { place: &'a str, line: &'a str },
    Said(Text<'a>),
    Next { line: &'a str, why: &'a str },
}

impl<'a> Wire<'a> {
    pub(super) fn of(scenes: &'a [Scene]) -> Self {
        let scene = |scene: &'a Scene| match scene {
            Scene::Text(text) => WireScene::Text(text),
            Scene::Command { place, line } => WireScene::Command { place, line },
            Scene::Said(said) => WireScene::Said(Text::of(said)),
            Scene::Next { line, why } => WireScene::Next { line, why },
        };
        Self { version: super::VERSION, scenes: scenes.iter().map(scene).collect() }
    }
}
