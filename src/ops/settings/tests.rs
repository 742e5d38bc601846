//! Who wins over whom, and what is said of a value that cannot be understood.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::*;
use crate::domain::policy::Mode;
use crate::domain::time::Seconds;
use crate::git::{Git, config};

fn env(variables: &[(&str, &str)]) -> Env {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let captured = Env::capture();
    Env { variables: variables.collect::<BTreeMap<_, _>>(), ..captured }
}

fn team(text: &str) -> TeamFile {
    TeamFile { place: "coord.toml on main".into(), text: text.into() }
}

/// The configuration of a real repository: `global` stands in an included file that git calls global, `local` in its own.
fn configured(global: &str, local: &str) -> Config {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let captured = Env::capture();
    let git = Git::find(captured.variable("PATH")).expect("git is there");
    let home = dir.path().join("gitconfig");
    fs::write(&home, global).expect("written");
    git.call(dir.path(), "init").args(["-q", "."]).read().expect("made");
    let own = dir.path().join(".git/config");
    let text = fs::read_to_string(&own).expect("readable") + local;
    fs::write(&own, text).expect("written");
    read(&git, dir.path(), &home)
}

/// Reads the configuration with another person's file, which only a script between can set for a call of coord's.
#[cfg(unix)]
fn read(git: &Git, dir: &Path, home: &Path) -> Config {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = dir.join("bin");
    fs::create_dir(&bin).expect("a folder");
    let path = Env::capture().variable("PATH").expect("PATH is set").to_owned();
    let real = std::env::split_paths(&path).map(|dir| dir.join("git")).find(|git| git.is_file()).expect("git is there");
    let script = format!(
        "#!/bin/sh\nexport GIT_CONFIG_GLOBAL='{}' GIT_CONFIG_NOSYSTEM=1\nexec '{}' \"$@\"\n",
        home.display(),
        real.display()
    );
    fs::write(bin.join("git"), script).expect("written");
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).expect("permissions");
    let git = Git::find(Some(bin.as_os_str())).unwrap_or_else(|_| git.clone());
    config::read::<&str>(&git, dir, &[], None).expect("readable")
}

#[cfg(not(unix))]
fn read(git: &Git, dir: &Path, _home: &Path) -> Config {
    config::read::<&str>(git, dir, &[], None).expect("readable")
}

fn source<'a>(settled: &'a Settled, name: &str) -> &'a Source {
    &settled.settings.iter().find(|setting| setting.name == name).expect("it is a setting").source
}

#[test]
fn each_source_wins_over_the_next() {
    let global = "[coord]\n\tmode = monitor\n\ttarget = of-global\n";
    let local = "[coord]\n\tmode = warn\n";
    let file = team("mode = \"enforce\"\ntarget = \"of-team\"\ndeadline = \"500ms\"");
    let flags = [("coord.mode", "monitor".to_owned())];
    let all = [("COORD_MODE", "enforce")];
    let mode = |variables: &[(&str, &str)], config: &Config, file: Option<&TeamFile>, flags: &[Flag]| {
        policy(&env(variables), config, file, flags).expect("settles")
    };
    let both = configured(global, local);
    let settled = mode(&all, &both, Some(&file), &flags);
    assert_eq!((settled.policy.mode, source(&settled, "coord.mode")), (Mode::Monitor, &Source::Flag("--mode".into())));
    let settled = mode(&all, &both, Some(&file), &[]);
    assert_eq!(source(&settled, "coord.mode"), &Source::Environment("COORD_MODE".into()));
    let settled = mode(&[], &both, Some(&file), &[]);
    assert_eq!(
        (settled.policy.mode, source(&settled, "coord.mode")),
        (Mode::Warn, &Source::Local(".git/config".into()))
    );
    assert_eq!(settled.policy.target.as_deref(), Some("of-team"));
    assert_eq!(settled.policy.deadline_ms, 500);
    let person = configured(global, "");
    let settled = mode(&[], &person, Some(&file), &[]);
    assert_eq!(
        (settled.policy.mode, source(&settled, "coord.mode")),
        (Mode::Enforce, &Source::Team(file.place.clone()))
    );
    let settled = mode(&[], &person, None, &[]);
    assert_eq!(settled.policy.mode, Mode::Monitor);
    assert!(matches!(source(&settled, "coord.mode"), Source::Global(place) if place.ends_with("gitconfig")));
    let settled = mode(&[], &configured("", ""), None, &[]);
    assert_eq!((settled.policy, settled.warnings), (Policy::default(), Vec::new()));
    assert!(settled.settings.iter().all(|setting| setting.source == Source::Default));
}

#[test]
fn lists_add_up_within_a_source_and_an_empty_value_takes_back() {
    let config = configured("[coord]\n\texclude = old/*\n", "[coord]\n\texclude = a/*\n\texclude = b/*\n");
    let settled = policy(&env(&[]), &config, None, &[]).expect("settles");
    assert_eq!(settled.policy.exclude, ["a/*", "b/*"]);
    let config = configured("", "[coord]\n\texclude = a/*\n\texclude =\n\texclude = c/*\n");
    assert_eq!(policy(&env(&[]), &config, None, &[]).expect("settles").policy.exclude, ["c/*"]);
    let file = team("[branches]\nexclude = [\"wip/*\"]\n[paths]\nwarn = [\"CHANGELOG.md\"]\nignore = \"gen/**\"");
    let settled =
        policy(&env(&[("COORD_WARN_PATHS", "a, b/**")]), &configured("", ""), Some(&file), &[]).expect("settles");
    assert_eq!(settled.policy.exclude, ["wip/*"]);
    assert_eq!(settled.policy.warn_paths, ["a", "b/**"]);
    assert_eq!(settled.policy.ignore_paths, ["gen/**"]);
}

#[test]
fn a_value_that_does_not_fit_names_its_place() {
    let none = configured("", "");
    for (variables, local, file, says) in [
        (
            &[("COORD_MODE", "loud")][..],
            "",
            "",
            r#"coord.mode = "loud" in COORD_MODE: it must be enforce, warn or monitor"#,
        ),
        (&[], "[coord]\n\tdeadline = soon\n", "", r#"coord.deadline = "soon" in .git/config: it must be a span"#),
        (&[], "", "strict = \"maybe\"", r#"strict = "maybe" in coord.toml on main: it must be true or false"#),
        (&[], "", "[paths]\nwarn = [\"a[\"]", r#"paths.warn = "a[" in coord.toml on main: "a[" is no glob"#),
        (&[], "", "[paths]\nwarn = [[]]", "paths.warn in coord.toml on main: must be a text"),
        (&[], "", "paths = 3", "paths.warn in coord.toml on main: [paths] must be a table"),
        (&[], "", "a = 1\nb = ", "coord.toml on main: line 2: "),
        (&[], "", "runtimeDir = \"../x\"", "it must be a folder inside the main worktree"),
        (&[], "", "target = \"--upload-pack=x\"", "it must be the name of a branch"),
        (&[], "", "mode = [\"warn\", \"enforce\"]", "it takes one value"),
    ] {
        let config = if local.is_empty() { none.clone() } else { configured("", local) };
        let file = (!file.is_empty()).then(|| team(file));
        let failure = policy(&env(variables), &config, file.as_ref(), &[]).expect_err(says);
        assert!(failure.message.contains(says), "{} has not {says}", failure.message);
        assert_eq!(failure.kind, Kind::Config);
    }
    let binary = TeamFile { place: "x".into(), text: vec![0xff] };
    assert!(policy(&env(&[]), &none, Some(&binary), &[]).expect_err("no text").message.contains("not UTF-8"));
    let huge = TeamFile { place: "x".into(), text: vec![b'#'; 300_000] };
    assert!(policy(&env(&[]), &none, Some(&huge), &[]).expect_err("too long").message.contains("300000 bytes"));
}

#[test]
fn unknown_keys_are_named_and_do_no_harm() {
    let file = team("mode = \"warn\"\nmoed = 1\n[paths]\nwran = []\n[hooks]\nrun = \"rm -rf /\"");
    let config = configured("", "[coord]\n\tstrikt = true\n[coord \"installed\"]\n\tby = coord\n");
    let settled = policy(&env(&[]), &config, Some(&file), &[]).expect("settles");
    assert_eq!(settled.policy.mode, Mode::Warn);
    assert_eq!(
        settled.warnings,
        [
            "hooks in coord.toml on main is no setting of coord's",
            "moed in coord.toml on main is no setting of coord's, perhaps mode is meant",
            "paths.wran in coord.toml on main is no setting of coord's, perhaps paths.warn is meant",
            "coord.strikt in git's configuration is no setting of coord's, perhaps coord.strict is meant",
        ]
    );
}

#[test]
fn settings_are_found_by_any_spelling() {
    for name in ["mode", "coord.mode", "Coord.MODE", "activewithin"] {
        assert!(Known::named(name).is_some(), "{name}");
    }
    assert!(Known::named("modes").is_none() && Known::named("").is_none());
    let mut policy = Policy::default();
    let known = Known::named("activeWithin").expect("is known");
    known.check(&mut policy, &known.split("8h")).expect("fits");
    assert_eq!(policy.active_within, Seconds(8 * 3600));
}
