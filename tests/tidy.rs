//! Holds the architecture: reads the sources and fails on an import that goes up a floor, on git2 outside `git/`,
//! on a file without its `//!` header, and on files that grew past being one thing.

use std::fs;
use std::path::{Path, PathBuf};

/// What each folder may name of this crate (DESIGN.md section 7). Files directly in `src/` wire the floors together.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("git", &["git", "domain"]),
    ("store", &["store", "domain"]),
    ("agent", &["agent", "domain"]),
    ("forge", &["forge", "domain"]),
    ("os", &["os", "domain"]),
    ("render", &["render", "domain"]),
    ("ops", &["ops", "domain", "git", "store", "os", "forge", "env", "failure"]),
    ("cli", &["cli", "ops", "render", "agent", "forge", "domain", "env", "failure", "exit", "tui", "mcp"]),
    ("tui", &["tui", "ops", "render", "agent", "domain", "env", "failure"]),
    ("mcp", &["mcp", "ops", "render", "agent", "domain", "env", "failure"]),
];

/// Crates that one floor alone may name.
const OWNED: &[(&str, &[&str])] = &[
    ("git2", &["git"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("serde", &["store", "agent", "render", "mcp", "git"]),
    ("serde_json", &["store", "agent", "forge", "render", "mcp"]),
    ("rmcp", &["mcp"]),
    ("tokio", &["mcp"]),
    ("rustix", &["os", "git", "store"]),
    ("imara_diff", &["domain"]),
    ("tempfile", &["store", "git", "ops"]),
];

/// What makes `domain/` impure.
const NOT_IN_DOMAIN: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::io",
    "std::time",
    "std::thread",
    "std::net",
    "SystemTime",
    "Instant",
];

/// No source file is longer than this, tests included.
const LONGEST_FILE: usize = 600;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut dirs = vec![root.clone()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((path.strip_prefix(&root).expect("below src").to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

fn floor(path: &Path) -> Option<&'static (&'static str, &'static [&'static str])> {
    let mut parts = path.components();
    let first = parts.next()?.as_os_str().to_str()?;
    parts.next()?;
    FLOORS.iter().find(|(name, _)| *name == first)
}

/// The code lines of a file: without comments, so that prose may name anything.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, l)| (n + 1, l)).filter(|(_, l)| !l.trim_start().starts_with("//"))
}

/// Words directly behind each `prefix` in `line`.
fn words_after<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(prefix).map(move |(at, _)| {
        let rest = &line[at + prefix.len()..];
        &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
    })
}

fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + name.len()..];
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') && after.starts_with("::")
    })
}

fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let at = |line: usize, what: String| format!("{}:{line}: {what}", path.display());
    if !text.starts_with("//!") {
        faults.push(at(1, "does not open with `//!`".into()));
    }
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        faults.push(at(lines, format!("has {lines} lines; is it one thing?")));
    }
    let Some((floor, allowed)) = floor(path) else { return faults };
    for (n, line) in code(text) {
        for word in words_after(line, "crate::") {
            if !allowed.contains(&word) {
                faults.push(at(n, format!("{floor} may not name crate::{word}")));
            }
        }
        for (krate, owners) in OWNED {
            if names_crate(line, krate) && !owners.contains(floor) {
                faults.push(at(n, format!("{floor} may not name {krate}")));
            }
        }
        if *floor == "domain" {
            faults.extend(
                NOT_IN_DOMAIN.iter().filter(|w| line.contains(**w)).map(|w| at(n, format!("domain may not name {w}"))),
            );
        }
    }
    faults
}

#[test]
fn the_floors_hold() {
    let found: Vec<String> = sources().iter().flat_map(|(path, text)| faults(path, text)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_folder_is_a_known_floor() {
    for (path, _) in sources() {
        let folder = path.components().next().filter(|_| path.components().count() > 1);
        if let Some(folder) = folder {
            let name = folder.as_os_str().to_str().expect("UTF-8");
            assert!(name == "bin" || FLOORS.iter().any(|(f, _)| *f == name), "src/{name} is on no floor");
        }
    }
}

#[test]
fn planted_faults_are_found() {
    for (path, text, what) in [
        ("domain/x.rs", "//! x\nuse crate::git::Repo;\n", "may not name crate::git"),
        ("ops/x.rs", "//! x\nuse git2::Oid;\n", "may not name git2"),
        ("domain/x.rs", "//! x\nuse std::fs;\n", "may not name std::fs"),
        ("render/x.rs", "use std::fmt;\n", "does not open"),
        ("store/x.rs", "//! x\nfn f() { crate::ops::run() }\n", "may not name crate::ops"),
    ] {
        let found = faults(Path::new(path), text);
        assert!(found.iter().any(|f| f.contains(what)), "{text:?} gave {found:?}");
    }
    assert!(faults(Path::new("git/x.rs"), "//! x\nuse git2::Oid;\nuse crate::domain::id;\n").is_empty());
}
