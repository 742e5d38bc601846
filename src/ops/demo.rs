//! `coord demo`: a throwaway repository in which four worktrees do real, conflicting work, and what coord says to it.
//! Must not know: how anything is shown; it runs the program itself, so that nothing is shown that would not happen.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::domain::demo::Scene;
use crate::domain::process::scratch_prefix;
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::plain::{Ended, Plain};

/// How the demonstration is given.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// Whether its folder stays.
    pub keep: bool,
    /// Whether to ask the program for colours.
    pub colour: bool,
    /// How wide what it says may be; `None` for as wide as it likes.
    pub width: Option<usize>,
}

const API: &str = "\
//! The shop's front door.

use shop::orders::Order;

pub fn route(request: &Request) -> Reply {
    match request.path() {
        \"/orders\" => orders(request),
        \"/health\" => Reply::ok(\"fine\"),
        _ => Reply::not_found(),
    }
}

fn orders(request: &Request) -> Reply {
    let all = Order::all();
    Reply::json(&all)
}

fn refund(order: &Order) -> Reply {
    Reply::json(&order.refund())
}
";

const ORDERS: &str = "\
pub struct Order {
    pub number: u64,
}
";

/// The worktrees, what each does to a file (the text to replace, the new text), and its commit's message.
const WORK: [(&str, &str, &str, &str, &str); 5] = [
    (
        "auth",
        "src/api.rs",
        "pub fn route(request: &Request) -> Reply {",
        "pub fn route(request: &Request, user: &User) -> Reply {",
        "Check who is asking",
    ),
    (
        "search",
        "src/api.rs",
        "pub fn route(request: &Request) -> Reply {",
        "pub fn route(request: &Request, index: &Index) -> Reply {",
        "Search by text",
    ),
    (
        "search",
        "src/orders.rs",
        "    pub number: u64,",
        "    pub number: u64,\n    pub text: String,",
        "Search by text",
    ),
    (
        "payments",
        "src/api.rs",
        "    Reply::json(&order.refund())",
        "    let refund = order.refund_once();\n    Reply::json(&refund)",
        "Never refund twice",
    ),
    ("docs", "README.md", "A shop.", "A shop, and how to run it.", "Say how to run it"),
];

/// The folder of the demonstration, and who runs programs in it.
struct Stage {
    root: PathBuf,
    plain: Plain,
}

/// Plays the demonstration, handing each scene to `show` as it happens.
///
/// # Errors
/// Where the folder cannot be made, a program cannot be run, or coord does not do what it is meant to show.
pub fn demo(env: &Env, options: &DemoOptions, show: &mut dyn FnMut(&Scene)) -> Result<(), Failure> {
    let folder =
        tempfile::Builder::new().prefix(&format!("{}demo-", scratch_prefix(std::process::id()))).tempdir().map_err(
            |error| Failure::new(Kind::Store, format!("could not make a folder for the demonstration: {error}")),
        )?;
    let stage = Stage::set(&folder, env, options)?;
    stage.play(show)?;
    if options.keep {
        let kept = folder.keep();
        show(&Scene::Text(format!("The repository stays in {}", kept.join("shop").display())));
    }
    Ok(())
}

impl Stage {
    /// Makes the repository and its worktrees, with work in them that is not committed yet.
    fn set(folder: &TempDir, env: &Env, options: &DemoOptions) -> Result<Self, Failure> {
        // The folder's real name: git resolves links, and what is shown ought to agree.
        let root = fs::canonicalize(folder.path()).map_err(|error| cannot("find", folder.path(), &error))?;
        let program = env.program.as_deref().ok_or_else(|| Failure::new(Kind::Bug, "where coord lies is not known"))?;
        let first = program.parent().unwrap_or(Path::new("/"));
        let mut plain = Plain::new(first, env.variable("PATH"), &root.join("home"))?;
        if options.colour {
            plain.set("CLICOLOR_FORCE", "1");
        }
        if let Some(width) = options.width {
            plain.set("COLUMNS", width.to_string());
        }
        // The story is told in order: what hooks do afterwards is done when the next scene begins.
        plain.set("COORD_FOREGROUND", "1");
        let stage = Self { root, plain };
        stage.write("home/.gitconfig", "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n")?;
        stage.write("shop/src/api.rs", API)?;
        stage.write("shop/src/orders.rs", ORDERS)?;
        stage.write("shop/README.md", "# shop\n\nA shop.\n")?;
        for line in ["init --quiet --initial-branch=main", "add --all", "commit --quiet --message=Begin"] {
            stage.must("shop", &line.split(' ').collect::<Vec<_>>())?;
        }
        for (name, path, old, new, _) in WORK {
            if !stage.root.join(name).exists() {
                stage.must("shop", &["worktree", "add", "--quiet", "-b", name, &format!("../{name}"), "main"])?;
            }
            let file = stage.root.join(name).join(path);
            let text = fs::read_to_string(&file).map_err(|error| cannot("read", &file, &error))?;
            stage.write(&format!("{name}/{path}"), &text.replace(old, new))?;
        }
        Ok(stage)
    }

    fn play(&self, show: &mut dyn FnMut(&Scene)) -> Result<(), Failure> {
        text(show, "A shop, and four worktrees beside it. auth, search and payments all change src/api.rs.");
        self.command(show, "shop", "coord", &["install"], 0)?;
        text(
            show,
            "auth commits first. search has the same line in its files, so coord mentions that, and auth goes first.",
        );
        self.commit(show, "auth", 0)?;
        text(show, "Who is at work, and what will collide?");
        self.command(show, "shop", "coord", &["scan"], 1)?;
        text(show, "The board, for whoever reads files: .claude/runtime/ACTIVE-TASKS.json");
        self.board(show)?;
        text(show, "search changes the line that auth has committed. Its commit is stopped, before it is a conflict.");
        self.commit(show, "search", 1)?;
        text(show, "payments changes the same file in another place. That merges, so it goes through.");
        self.commit(show, "payments", 0)?;
        text(show, "Now in a repository of yours:");
        for (line, why) in [
            ("coord scan", "who is at work, and what will collide"),
            ("coord install", "stop a commit that would make a conflict, in all worktrees"),
            ("coord doctor", "see that the hooks really fire"),
        ] {
            show(&Scene::Next { line: line.to_owned(), why: why.to_owned() });
        }
        Ok(())
    }

    fn commit(&self, show: &mut dyn FnMut(&Scene), place: &str, code: i32) -> Result<(), Failure> {
        let message = WORK.iter().find(|work| work.0 == place).map_or("Work", |work| work.4);
        self.command(show, place, "git", &["commit", "--quiet", "-am", message], code)?;
        let outcome = if code == 0 { format!("Committed: {message}") } else { "Nothing was committed.".to_owned() };
        text(show, &outcome);
        Ok(())
    }

    /// Runs a command for everybody to see, and makes sure that it ends as the story says.
    fn command(
        &self,
        show: &mut dyn FnMut(&Scene),
        place: &str,
        program: &str,
        args: &[&str],
        code: i32,
    ) -> Result<(), Failure> {
        let quoted = |word: &&str| if word.contains(' ') { format!("'{word}'") } else { (*word).to_owned() };
        let words: Vec<String> = args.iter().map(quoted).collect();
        let line = format!("{program} {}", words.join(" "));
        show(&Scene::Command { place: place.to_owned(), line: line.clone() });
        let ended = self.plain.run(&self.root.join(place), program, args)?;
        show(&Scene::Said(ended.said.clone()));
        if ended.code == code {
            return Ok(());
        }
        Err(Failure::new(Kind::Bug, format!("in {place}, '{line}' ended with {}, not {code}", ended.code)))
    }

    fn board(&self, show: &mut dyn FnMut(&Scene)) -> Result<(), Failure> {
        let file = self.root.join("shop/.claude/runtime/ACTIVE-TASKS.json");
        let text = fs::read(&file).map_err(|error| cannot("read", &file, &error))?;
        show(&Scene::Said(text));
        Ok(())
    }

    fn must(&self, place: &str, args: &[&str]) -> Result<(), Failure> {
        let Ended { code, said } = self.plain.run(&self.root.join(place), "git", args)?;
        if code == 0 {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&said);
        Err(Failure::new(Kind::Repository, format!("git {} ended with {code}: {}", args.join(" "), said.trim())))
    }

    fn write(&self, path: &str, text: &str) -> Result<(), Failure> {
        let file = self.root.join(path);
        let folder = file.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|error| cannot("make", folder, &error))?;
        fs::write(&file, text).map_err(|error| cannot("write", &file, &error))
    }
}

fn text(show: &mut dyn FnMut(&Scene), said: &str) {
    show(&Scene::Text(said.to_owned()));
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Kind::Store, format!("could not {what} {}: {error}", path.display()))
}
