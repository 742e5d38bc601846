//! The demonstration's scenes, as they are played.
//! Must not know: how a scene comes about.

use std::io::{self, Write};

use crate::domain::demo::Scene;
use crate::render::safe;
use crate::render::style::{Ink, Style};

/// Writes one scene. What a command said was written for this page already, and stands as it is.
pub fn human(scene: &Scene, style: &Style, out: &mut impl Write) -> io::Result<()> {
    match scene {
        Scene::Text(text) => writeln!(out, "\n{}", safe::text(text)),
        Scene::Command { place, line } => {
            let prompt = style.ink(Ink::Faint, &format!("{} $", safe::text(place)));
            writeln!(out, "\n{prompt} {}", style.ink(Ink::Command, &safe::text(line)))
        }
        Scene::Said(said) => out.write_all(said),
        Scene::Next { line, why } => {
            writeln!(out, "  {}  {}", style.ink(Ink::Command, &format!("{:<14}", safe::text(line))), safe::text(why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_reads_like_a_terminal() {
        let scenes = [
            Scene::Text("auth commits first.".into()),
            Scene::Command { place: "auth".into(), line: "git commit -am x".into() },
            Scene::Said(b"done\n".to_vec()),
            Scene::Next { line: "coord scan".into(), why: "who is at work".into() },
        ];
        let mut text = Vec::new();
        for scene in &scenes {
            human(scene, &Style::plain(80), &mut text).expect("a vector takes everything");
        }
        let expected = "\nauth commits first.\n\nauth $ git commit -am x\ndone\n  coord scan      who is at work\n";
        assert_eq!(String::from_utf8_lossy(&text), expected);
    }
}
