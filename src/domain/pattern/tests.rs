//! What patterns name, which are refused, and that they agree with globset.

use proptest::prelude::{Strategy, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};

use super::*;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("a valid path")
}

#[test]
fn files_directories_and_globs_name_what_people_expect() {
    for (text, yes, no) in [
        ("src/a.rs", &["src/a.rs", "src/a.rs/below"][..], &["src/a.rss", "src"][..]),
        ("./src/", &["src", "src/x/y"], &["srcs"]),
        ("src/auth/**", &["src/auth/a", "src/auth/b/c"], &["src/auth", "src/authx", "src/other/auth/a"]),
        ("src/*.rs", &["src/a.rs", "src/.rs"], &["src/a/b.rs", "src/a.md"]),
        ("src/**/test_*.py", &["src/test_a.py", "src/x/y/test_b.py"], &["src/x/atest_b.py"]),
        ("app/[ab]?.ts", &["app/ax.ts", "app/b-.ts"], &["app/c1.ts", "app/a/.ts"]),
        ("{api,web}/v[!0-9]/**", &["api/vx/a", "web/v-/b/c"], &["api/v1/a", "lib/vx/a"]),
        ("**/Cargo.toml", &["Cargo.toml", "a/b/Cargo.toml"], &["a/Cargo.tomlx"]),
        ("docs/\\*.md", &["docs/*.md"], &["docs/a.md"]),
    ] {
        let pattern = pattern(text);
        for named in yes {
            assert!(pattern.covers(&path(named)), "{text} names {named}");
        }
        for other in no {
            assert!(!pattern.covers(&path(other)), "{text} does not name {other}");
        }
    }
}

#[test]
fn what_cannot_be_claimed_is_refused_with_its_reason() {
    for text in ["**", "*", ".", "./", "**/*", "*/**", "{*,x}/**", "?*/**", "[!x]*/**", "***", "*/*"] {
        assert_eq!(Pattern::parse(text.as_bytes()), Err(BadPattern::TooBroad), "{text}");
    }
    assert_eq!(Pattern::parse(b"**/*.rs"), Err(BadPattern::EveryFolder));
    for (text, why) in [
        (&b""[..], BadPath::Empty),
        (b"/etc/passwd", BadPath::Absolute),
        (b"../../etc/passwd", BadPath::Component),
        (b"a/../b", BadPath::Component),
        (b"src/*/../x", BadPath::Component),
        (b".git/hooks", BadPath::Component),
        (b"sub/.GIT/*", BadPath::Component),
        (b"a\0b", BadPath::Nul),
        (b"a*\0b", BadPath::Nul),
        (b"/", BadPath::Absolute),
    ] {
        assert_eq!(Pattern::parse(text), Err(BadPattern::Path(why)), "{}", text.escape_ascii());
    }
    for text in ["a[", "a{b", "a{b,c", "a\\", "a[z-a]", "a[]"] {
        assert_eq!(Pattern::parse(text.as_bytes()), Err(BadPattern::Syntax), "{text}");
    }
    assert_eq!(Pattern::parse(&[b'a'; LONGEST + 1]), Err(BadPattern::TooLong));
    let many = format!("a{{{}}}", "b,".repeat(MOST_ALTERNATIVES));
    assert_eq!(Pattern::parse(many.as_bytes()), Err(BadPattern::TooManyAlternatives));
    let deep = format!("a{}{}", "{".repeat(400), "}".repeat(400));
    assert!(Pattern::parse(deep.as_bytes()).is_err());
}

#[test]
fn bombs_are_matched_and_compared_quickly() {
    let stars = pattern(&format!("a{}b", "*a".repeat(400)));
    let folders = pattern(&format!("a/{}b", "**/".repeat(300)));
    assert!(!stars.covers(&path(&"a".repeat(900))));
    assert!(!folders.covers(&path(&format!("a/{}", "x/".repeat(400).trim_end_matches('/')))));
    assert!(!stars.meets(&folders));
    assert!(stars.meets(&stars.clone()));
}

#[test]
fn two_patterns_meet_where_a_path_has_both() {
    for (a, b, meet) in [
        ("src", "src/a.rs", true),
        ("src/a", "src/ab", false),
        ("src/*.rs", "src/*.md", false),
        ("src/a*.rs", "src/*b.rs", true),
        ("src/**", "src/x/y", true),
        ("src/*.rs", "src", true),
        ("**/Cargo.toml", "crates/x", true),
        ("a/**/z", "a/b/**/y", false),
        ("a/**/z", "a/b/**/z", true),
        ("app/[a-c].ts", "app/[d-f].ts", false),
    ] {
        assert_eq!(pattern(a).meets(&pattern(b)), meet, "{a} and {b}");
        assert_eq!(pattern(b).meets(&pattern(a)), meet, "{b} and {a}");
    }
}

fn globs() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "*", "?", "[ab]", "[!a]", "{a,b}", "{a*,b}", "ab"]);
    let name = prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat());
    let folder = proptest::prop_oneof![4 => name, 1 => proptest::strategy::Just("**".to_owned())];
    prop::collection::vec(folder, 1..4).prop_map(|folders| format!("a/{}", folders.join("/")))
}

fn paths() -> impl Strategy<Value = String> {
    let name = "[ab]{1,3}";
    prop::collection::vec(name, 0..4)
        .prop_map(|names| ["a".to_owned()].into_iter().chain(names).collect::<Vec<_>>().join("/"))
}

proptest! {
    #[test]
    fn globs_name_what_globset_says(glob in globs(), path in paths()) {
        // Two readings differ, and are no fault of either: stars in a row that are no whole name (coord takes the wider
        // one, so that a claim never covers less), and globset's negated classes, which take a slash.
        let glob = glob.replace("[!a]", "[ab]");
        proptest::prop_assume!(glob.split('/').all(|name| name == "**" || !name.contains("**")));
        let expected = globset::GlobBuilder::new(&glob)
            .literal_separator(true).build().expect("a valid glob").compile_matcher().is_match(&path);
        if let Ok(pattern) = Pattern::parse(glob.as_bytes()) {
            let literal = pattern.as_path().is_some();
            let named = pattern.covers(&RepoPath::new(path.as_str()).expect("a valid path"));
            prop_assert!(named == expected || literal, "{glob} on {path}: {named}, globset says {expected}");
        }
    }

    #[test]
    fn patterns_that_name_one_path_meet(a in globs(), b in globs(), path in paths()) {
        let (Ok(a), Ok(b)) = (Pattern::parse(a.as_bytes()), Pattern::parse(b.as_bytes())) else { return Ok(()) };
        let path = RepoPath::new(path.as_str()).expect("a valid path");
        prop_assert!(!(a.covers(&path) && b.covers(&path)) || a.meets(&b));
        prop_assert_eq!(a.meets(&b), b.meets(&a));
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(proptest::num::u8::ANY, 0..200)) {
        if let Ok(pattern) = Pattern::parse(&bytes) {
            prop_assert!(pattern.meets(&pattern.clone()) || pattern.as_path().is_none());
        }
    }
}
