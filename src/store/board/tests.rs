//! The board's laws: it fits, it loses nothing that a hand wrote, it never follows or resets what it cannot read.
//! Must not know: anything but the store's own interface.

use std::cell::Cell;

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::Config;
use serde_json::json;

use super::*;
use crate::domain::board::BoardEntry;
use crate::domain::process::{Liveness, ProcessId};

const WAIT: Duration = Duration::from_secs(10);

/// Puts something that is no board into its place.
type Plant<'a> = &'a dyn Fn(&Path);

struct Place {
    dir: tempfile::TempDir,
    store: Store,
    board: Board,
    now: Cell<i64>,
    alive: Cell<bool>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(dir.path().join(".git")).expect("made");
        let store = Store::open(&dir.path().join(".git")).expect("a folder");
        let board = Board::in_worktree(dir.path(), ".claude/runtime").expect("inside");
        Self { dir, store, board, now: Cell::new(1_769_869_800), alive: Cell::new(false) }
    }

    fn try_publish(&self, view: &[BoardEntry]) -> Result<Published, Error> {
        let liveness = |_: &ProcessId| if self.alive.get() { Liveness::Alive } else { Liveness::Dead };
        let identify = |pid| Some(ProcessId::bare(pid));
        let witness = Witness { now: Timestamp(self.now.get()), liveness: &liveness, identify: &identify };
        self.store.lock(WAIT)?.publish(&self.board, &BoardView { entries: view.to_vec() }, &witness)
    }

    fn publish(&self, view: &[BoardEntry]) -> Published {
        let published = self.try_publish(view).expect("writable");
        assert!(self.bytes().len() <= LARGEST_BOARD);
        published
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.board.file()).expect("published")
    }

    fn value(&self) -> Value {
        wire::parse(&self.bytes()).expect("JSON")
    }

    fn write(&self, bytes: &[u8]) {
        fs::create_dir_all(self.board.file().parent().expect("it has one")).expect("made");
        fs::write(self.board.file(), bytes).expect("ours");
    }

    /// Changes the board as a careful hand would.
    fn edit(&self, change: impl Fn(&mut Value)) {
        let mut value = self.value();
        change(&mut value);
        self.write(value.to_string().as_bytes());
    }

    fn ids(&self) -> Vec<String> {
        self.board.read().expect("readable").entries.into_iter().map(|entry| entry.id).collect()
    }

    fn aside(&self) -> Vec<PathBuf> {
        let folder = self.board.file().parent().expect("it has one").to_owned();
        let names = fs::read_dir(folder).expect("made").map(|entry| entry.expect("listed").path());
        names.filter(|path| path.to_string_lossy().contains(".corrupt-")).collect()
    }
}

fn entry(id: &str, files: &[&str]) -> BoardEntry {
    BoardEntry {
        id: id.into(),
        task: None,
        files: files.iter().map(|&file| file.to_owned()).collect(),
        conflicts_with: Vec::new(),
        started_at: Timestamp(1_769_869_700),
        status: "in_progress".into(),
    }
}

fn by_hand(id: &str) -> Value {
    json!({"id": id, "task": "Feedback System - Phase 1", "files_being_modified": ["client/src/features/Feedback"],
        "started_at": "2026-01-31T14:15:00Z", "status": "in_progress"})
}

#[test]
fn has_the_format_of_the_plan_and_is_written_only_when_something_changed() {
    let place = Place::new();
    assert_eq!(place.board.read().expect("empty"), Posted::default());
    assert!(place.publish(&[entry("feat-a", &["src/a.rs"])]).written);
    let value = place.value();
    assert_eq!(value["last_updated"], "2026-01-31T14:30:00Z");
    let expected = json!([{"id": "feat-a", "task": "", "files_being_modified": ["src/a.rs"],
        "started_at": "2026-01-31T14:28:20Z", "status": "in_progress"}]);
    assert_eq!(value["active_instances"], expected);
    place.now.set(place.now.get() + 29);
    assert!(!place.publish(&[entry("feat-a", &["src/a.rs"])]).written);
    place.now.set(place.now.get() + 1);
    assert!(place.publish(&[entry("feat-a", &["src/a.rs"])]).written);
    assert!(place.publish(&[]).written);
    assert_eq!(place.ids(), [""; 0]);
}

#[test]
fn an_entry_by_hand_is_taken_over_and_swept_five_minutes_after_its_last_change() {
    let place = Place::new();
    place.write(json!({"active_instances": [by_hand("session_xyz")]}).to_string().as_bytes());
    assert_eq!(place.publish(&[entry("feat-a", &[])]).adopted, ["session_xyz"]);
    assert_eq!(place.ids(), ["feat-a", "session_xyz"]);
    place.now.set(place.now.get() + 299);
    let second = place.publish(&[entry("feat-a", &[])]);
    assert_eq!((second.adopted.len(), second.swept.len()), (0, 0));
    assert_eq!(place.value()["active_instances"][1], by_hand("session_xyz"));
    place.edit(|value| value["active_instances"][1]["task"] = "Phase 2".into());
    place.publish(&[]);
    place.now.set(place.now.get() + 299);
    assert!(place.publish(&[]).swept.is_empty());
    assert_eq!(place.board.read().expect("readable").entries[0].task, "Phase 2");
    place.now.set(place.now.get() + 1);
    assert_eq!(place.publish(&[]).swept, ["session_xyz"]);
    assert_eq!(place.ids(), [""; 0]);
}

#[test]
fn an_entry_that_names_a_living_process_stays() {
    let place = Place::new();
    place.alive.set(true);
    let mut entry = by_hand("x");
    entry["pid"] = 4711.into();
    place.write(json!({"active_instances": [entry]}).to_string().as_bytes());
    place.publish(&[]);
    place.now.set(place.now.get() + 100_000);
    assert!(place.publish(&[]).swept.is_empty());
    place.alive.set(false);
    assert_eq!(place.publish(&[]).swept, ["x"]);
}

#[test]
fn a_clock_that_jumped_ahead_makes_no_entry_immortal() {
    let place = Place::new();
    let today = place.now.get();
    place.now.set(today + 86_400);
    place.write(json!({"active_instances": [by_hand("x")]}).to_string().as_bytes());
    place.publish(&[]);
    place.now.set(today);
    assert!(place.publish(&[]).swept.is_empty());
    place.now.set(today + 300);
    assert_eq!(place.publish(&[]).swept, ["x"]);
}

#[test]
fn what_a_hand_took_off_stays_off() {
    let place = Place::new();
    place.write(json!({"active_instances": [by_hand("x"), by_hand("y")]}).to_string().as_bytes());
    place.publish(&[]);
    place.edit(|value| drop(value["active_instances"].as_array_mut().expect("a list").remove(0)));
    place.publish(&[]);
    assert_eq!(place.ids(), ["y"]);
    // Somebody who wrote the file anew knew of nobody else, and took nobody off.
    place.write(json!({"active_instances": [by_hand("z")]}).to_string().as_bytes());
    place.publish(&[]);
    assert_eq!(place.ids(), ["y", "z"]);
}

#[test]
fn a_hand_adds_to_what_coord_shows() {
    let place = Place::new();
    let view = [entry("feat-a", &["src/a.rs", "src/b.rs"])];
    place.publish(&view);
    place.edit(|value| {
        let entry = &mut value["active_instances"][0];
        entry["task"] = "Login".into();
        entry["files_being_modified"] = json!(["src/a.rs", "planned.rs"]);
        entry["mood"] = json!({"x": [1, 2.5]});
        value["note"] = "ours".into();
    });
    for later in [0, 10, 10_000] {
        place.now.set(place.now.get() + later);
        place.publish(&view);
        let value = place.value();
        let shown = &value["active_instances"][0];
        let files =
            if later < 300 { json!(["planned.rs", "src/a.rs", "src/b.rs"]) } else { json!(["src/a.rs", "src/b.rs"]) };
        assert_eq!(shown["files_being_modified"], files);
        assert_eq!(
            (&shown["task"], &shown["mood"]["x"][1], &value["note"]),
            (&"Login".into(), &2.5.into(), &"ours".into())
        );
    }
    place.publish(&[BoardEntry { task: Some("Said by the session".into()), ..view[0].clone() }]);
    assert_eq!(place.value()["active_instances"][0]["task"], "Said by the session");
    place.edit(|value| drop(value.as_object_mut().expect("an object").remove("note")));
    place.publish(&view);
    assert_eq!(place.value().get("note"), None);
}

#[test]
fn what_does_not_parse_is_put_aside_and_rebuilt() {
    let place = Place::new();
    let deep = "[".repeat(100_000);
    let whole = json!({"active_instances": [by_hand("x")]}).to_string();
    let twice = r#"{"active_instances": [], "active_instances": [{"id": "x"}]}"#;
    let hostile: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"\0".to_vec(),
        b"{\"active_instances\": [\"\xff\"]}".to_vec(),
        deep.into_bytes(),
        twice.into(),
        whole[..whole.len() - 1].into(),
        format!("{whole} trailing").into_bytes(),
        b"[]".to_vec(),
        br#"{"active_instances": {"id": "x"}}"#.to_vec(),
        br#"{"active_instances": [{"id": "\ud800"}]}"#.to_vec(),
        br#"{"active_instances": [NaN]}"#.to_vec(),
    ];
    for (count, bytes) in hostile.iter().enumerate() {
        place.write(bytes);
        assert!(matches!(place.board.read(), Err(Error::Corrupt { .. })));
        let published = place.publish(&[entry("feat-a", &[])]);
        let aside = published.moved_aside.expect("put aside");
        assert_eq!(&fs::read(aside).expect("kept"), bytes);
        assert_eq!((place.ids(), place.aside().len()), (vec!["feat-a".to_owned()], count + 1));
    }
}

#[test]
fn good_entries_beside_bad_ones_are_taken_over() {
    let place = Place::new();
    let bad = json!({"id": "y", "files_being_modified": 7});
    place.write(json!({"active_instances": [by_hand("x"), 5, bad, by_hand("x")]}).to_string().as_bytes());
    let published = place.publish(&[]);
    assert!(published.moved_aside.is_some());
    assert_eq!((published.adopted, place.ids()), (vec!["x".to_owned()], vec!["x".to_owned()]));
    place.write(&[b"\xef\xbb\xbf", json!({"active_instances": [by_hand("z")]}).to_string().as_bytes()].concat());
    assert_eq!(place.publish(&[]).moved_aside, None);
    assert_eq!(place.ids(), ["x", "z"]);
}

#[test]
fn a_huge_file_is_put_aside_unread() {
    let place = Place::new();
    place.write(b"");
    let file = fs::OpenOptions::new().write(true).open(place.board.file()).expect("there");
    file.set_len(10 << 30).expect("sparse");
    let published = place.publish(&[entry("feat-a", &[])]);
    let aside = published.moved_aside.expect("put aside");
    assert_eq!(fs::metadata(&aside).expect("kept").len(), 10 << 30);
    assert_eq!(place.ids(), ["feat-a"]);
}

#[cfg(unix)]
#[test]
fn links_and_other_things_are_neither_followed_nor_replaced() {
    use std::os::unix::fs::symlink;
    let victim = tempfile::tempdir().expect("a temporary folder");
    fs::write(victim.path().join("file"), "precious").expect("made");
    let plant: [(&str, Plant<'_>); 5] = [
        (".claude/runtime/ACTIVE-TASKS.json", &|path| symlink(victim.path().join("file"), path).expect("made")),
        (".claude/runtime/ACTIVE-TASKS.json", &|path| fs::create_dir(path).expect("made")),
        (".claude/runtime/ACTIVE-TASKS.json", &|path| {
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("made");
        }),
        (".claude", &|path| symlink(victim.path(), path).expect("made")),
        (".claude/runtime", &|path| fs::write(path, "a file").expect("made")),
    ];
    for (at, plant) in plant {
        let place = Place::new();
        let path = place.dir.path().join(at);
        fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        plant(&path);
        assert!(matches!(place.board.read(), Err(Error::NotOurs { .. })), "{at}");
        assert!(matches!(place.try_publish(&[entry("x", &[])]), Err(Error::NotOurs { .. })), "{at}");
        assert_eq!(fs::read_dir(victim.path()).expect("there").count(), 1);
        assert_eq!(fs::read_to_string(victim.path().join("file")).expect("there"), "precious");
        assert!(fs::symlink_metadata(&path).is_ok());
    }
    for outside in ["/tmp/x", "../x", "a/../../x", ".git/x", "x/.GIT"] {
        assert!(Board::in_worktree(victim.path(), outside).is_err(), "{outside}");
    }
}

#[test]
fn the_memory_may_be_lost_and_a_crash_before_the_board_was_replaced_changes_nothing() {
    let place = Place::new();
    place.write(json!({"active_instances": [by_hand("x")]}).to_string().as_bytes());
    place.publish(&[entry("feat-a", &["a"])]);
    let old_board = place.bytes();
    place.publish(&[entry("feat-a", &["a", "b"])]);
    place.write(&old_board);
    let published = place.publish(&[entry("feat-a", &["a", "c"])]);
    assert!(published.adopted.is_empty());
    assert_eq!(place.value()["active_instances"][0]["files_being_modified"], json!(["a", "c"]));
    fs::write(place.store.dir().join("board.json"), "{torn").expect("ours");
    place.publish(&[entry("feat-a", &["a"])]);
    assert_eq!(place.ids(), ["feat-a", "x"]);
    fs::write(place.store.dir().join("board.json"), r#"{"version": 2}"#).expect("ours");
    let before = place.bytes();
    assert!(matches!(place.try_publish(&[]), Err(Error::Newer { version: 2, .. })));
    assert_eq!(place.bytes(), before);
}

#[test]
fn a_long_list_folds_and_counts() {
    let place = Place::new();
    let files: Vec<String> = (0..5000).map(|n| format!("src/part{}/deep{}/file{n}.rs", n / 500, n / 8)).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let view: Vec<_> =
        (0..40).map(|n| entry(&format!("feat-{n}"), if n == 7 { &files } else { &["one.rs"] })).collect();
    place.publish(&view);
    let posted = place.board.read().expect("readable");
    assert_eq!((posted.entries.len(), posted.more_instances), (40, 0));
    assert!(posted.entries[7].files.contains(&"src/part3/".to_owned()), "{:?}", posted.entries[7].files);
    assert_eq!(posted.entries[8].files, ["one.rs"]);
    let view: Vec<_> = (0..1000).map(|n| entry(&format!("feat-{n}"), &["one.rs", "two.rs"])).collect();
    place.publish(&view);
    let posted = place.board.read().expect("readable");
    assert!(posted.entries.len() > 30);
    assert_eq!(posted.entries.len() as u64 + posted.more_instances, 1000);
    assert_eq!(posted.entries[0].files, ["and 2 more"]);
    assert!(!place.publish(&view).written);
}

#[test]
fn keys_for_which_there_was_no_room_come_back() {
    let place = Place::new();
    let mut value = json!({"active_instances": [by_hand("x")], "note": "n".repeat(9000)});
    value["active_instances"][0]["own"] = "o".repeat(9000).into();
    place.write(value.to_string().as_bytes());
    let published = place.publish(&[]);
    assert!(published.moved_aside.is_none());
    assert_eq!(place.value().get("note"), None);
    place.edit(|value| value["active_instances"][0]["own"] = "short".into());
    place.publish(&[]);
    assert_eq!(place.value()["note"], "n".repeat(9000));
    assert_eq!(place.value()["active_instances"][0]["own"], "short");
}

#[test]
fn leaves_what_others_wrote_and_nothing_else() {
    let place = Place::new();
    let liveness = |_: &ProcessId| Liveness::Unknown;
    let witness = Witness { now: Timestamp(place.now.get()), liveness: &liveness, identify: &|_| None };
    let unpublish = || place.store.lock(WAIT).expect("free").unpublish(&place.board, &witness).expect("writable");
    assert!(unpublish());
    place.write(json!({"active_instances": [by_hand("x")]}).to_string().as_bytes());
    place.publish(&[entry("feat-a", &[])]);
    assert!(!unpublish());
    assert_eq!(place.ids(), ["x"]);
    place.edit(|value| value["active_instances"] = json!([]));
    place.publish(&[entry("feat-a", &[])]);
    fs::write(place.dir.path().join(".claude/settings.json"), "{}").expect("ours");
    assert!(unpublish());
    let left: Vec<_> = fs::read_dir(place.dir.path().join(".claude")).expect("there").collect();
    assert_eq!(left.len(), 1);
    place.store.lock(WAIT).expect("free").delete_everything().expect("ours");
    assert!(!place.store.dir().exists());
    place.publish(&[entry("feat-a", &[])]);
}

/// Texts of which every one is a little worse than the last.
fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z/]{0,30}",
        any::<String>(),
        "\\PC{0,2000}",
        Just("\u{9b}\u{202e}\u{7f}".repeat(700)),
        Just("\0\u{1b}".repeat(3000)),
        Just(String::new()),
        Just("a/".repeat(4000)),
    ]
}

fn hostile_entry() -> impl Strategy<Value = BoardEntry> {
    let files = prop_oneof![
        prop::collection::vec(hostile_text(), 0..4),
        (0..300_usize).prop_map(|count| (0..count).map(|n| format!("d{}/é{n}", n % 7)).collect()),
    ];
    (hostile_text(), prop::option::of(hostile_text()), files, any::<i64>(), hostile_text()).prop_map(
        |(id, task, mut files, started_at, status)| {
            files.sort_unstable();
            BoardEntry { id, task, files, conflicts_with: Vec::new(), started_at: Timestamp(started_at), status }
        },
    )
}

proptest! {
    // A case writes and reads files; PROPTEST_CASES scales it all the same.
    #![proptest_config(Config { cases: Config::default().cases / 8, failure_persistence: None, ..Config::default() })]

    #[test]
    fn never_has_more_than_its_bytes(
        view in prop::collection::vec(hostile_entry(), 0..6),
        copies in 1..20_usize,
        hands in prop::collection::vec((hostile_text(), hostile_text(), hostile_text()), 0..5),
    ) {
        let place = Place::new();
        let hands: Vec<Value> = hands
            .iter()
            .enumerate()
            .map(|(n, (id, key, text))| {
                let mut hand = json!({"task": text, "files_being_modified": [key], key.as_str(): text});
                hand["id"] = format!("{n}{id}").into();
                hand
            })
            .collect();
        place.write(json!({"active_instances": hands, "x": "y".repeat(copies * 200)}).to_string().as_bytes());
        let view: Vec<BoardEntry> = (0..copies)
            .flat_map(|n| view.iter().map(move |e| BoardEntry { id: format!("{n}{}", e.id), ..e.clone() }))
            .collect();
        place.publish(&view);
        let once = place.bytes();
        let is_safe = !once.contains(&0x7f) && !once.windows(2).any(|w| w == "\u{9b}".as_bytes());
        prop_assert!(is_safe);
        prop_assert!(place.board.read().is_ok());
        prop_assert!(!place.publish(&view).written, "publishing the same again changes nothing");
        prop_assert_eq!(once, place.bytes());
    }
}
