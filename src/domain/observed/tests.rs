//! What a series of looks puts into the log.
//! Must not know: git.

use super::*;

fn name(text: &str) -> Identity {
    Identity::Worktree(text.as_bytes().into())
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("a valid path")
}

fn oid(byte: u8) -> ObjectId {
    ObjectId::from_bytes(&[byte; 20]).expect("twenty bytes")
}

fn standing(label: &str, tip: u8) -> Standing {
    Standing {
        label: label.into(),
        tip: Some(oid(tip)),
        busy: false,
        ahead: true,
        landed: false,
        target_conflicts: BTreeSet::new(),
        paths: BTreeSet::from([path("x")]),
    }
}

fn met(grade: Grade) -> Met {
    let conflicts = grade == Grade::Conflict;
    Met { pair: (name("a"), name("b")), grade, conflicts, acknowledged: false, paths: vec![path("x")] }
}

fn look(now: i64, met: Vec<Met>) -> Look {
    let standing = BTreeMap::from([(name("a"), standing("a", 1)), (name("b"), standing("b", 2))]);
    Look { now: Timestamp(now), standing, complete: true, met, unknown: BTreeSet::new() }
}

fn never(_: ObjectId, _: ObjectId) -> bool {
    false
}

fn names(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| match &event.kind {
            EventKind::ConflictResolved(facts) => {
                let after = facts.after.map_or(0, |Seconds(span)| span);
                format!("resolved {} {after}", facts.how.map_or("", Resolution::name))
            }
            kind => kind.name().to_owned(),
        })
        .collect()
}

fn with_conflict() -> Observed {
    let mut observed = Observed::default();
    let news = observed.take(&look(100, vec![met(Grade::Conflict)]), &never);
    assert_eq!(names(&news), ["overlap_appeared", "conflict_appeared"]);
    observed
}

#[test]
fn the_same_look_twice_tells_nothing_new() {
    let mut observed = with_conflict();
    let before = observed.clone();
    assert!(observed.take(&look(200, vec![met(Grade::Conflict)]), &never).is_empty());
    assert_eq!(observed, before);
}

#[test]
fn what_uncommitted_work_made_go_is_over_only_when_it_stays_away() {
    let mut observed = with_conflict();
    assert!(observed.take(&look(200, vec![]), &never).is_empty());
    assert!(observed.take(&look(205, vec![met(Grade::Conflict)]), &never).is_empty(), "stashed and unstashed");
    assert!(observed.take(&look(210, vec![]), &never).is_empty());
    let news = observed.take(&look(225, vec![]), &never);
    assert_eq!(names(&news), ["resolved edited 110", "overlap_gone"]);
    assert_eq!(observed, Observed::default());
}

#[test]
fn nothing_is_over_while_git_is_at_work_or_nothing_is_known() {
    for change in [
        (|look: &mut Look| look.standing.get_mut(&name("a")).expect("there").busy = true) as fn(&mut Look),
        |look| look.unknown.extend([(name("a"), name("b"))]),
        |look| {
            look.complete = false;
            look.standing.remove(&name("b"));
        },
    ] {
        let mut observed = with_conflict();
        for now in [200, 300] {
            let mut look = look(now, vec![]);
            change(&mut look);
            assert!(observed.take(&look, &never).is_empty());
        }
    }
}

#[test]
fn who_builds_on_the_other_rebased_or_merged() {
    let now_at = |tip: u8| {
        let mut look = look(300, vec![]);
        look.standing.get_mut(&name("a")).expect("there").tip = Some(oid(tip));
        look
    };
    let merged = |ancestor, descendant| descendant == oid(9) && (ancestor == oid(1) || ancestor == oid(2));
    let rebased = |ancestor, descendant| descendant == oid(9) && ancestor == oid(2);
    assert_eq!(names(&with_conflict().take(&now_at(9), &merged)), ["resolved merged 200", "overlap_gone"]);
    assert_eq!(names(&with_conflict().take(&now_at(9), &rebased)), ["resolved rebased 200", "overlap_gone"]);
    assert_eq!(names(&with_conflict().take(&now_at(9), &never)), ["resolved edited 200", "overlap_gone"]);
}

#[test]
fn a_landed_change_stays_in_the_others_way_until_it_is_taken_up() {
    let landed = |now: i64, in_the_way: bool| {
        let mut look = look(now, vec![]);
        look.standing.get_mut(&name("b")).expect("there").landed = true;
        if in_the_way {
            look.standing.get_mut(&name("a")).expect("there").target_conflicts.insert(path("x"));
        }
        look
    };
    let mut observed = with_conflict();
    assert!(observed.take(&landed(200, true), &never).is_empty());
    let mut after = landed(400, false);
    after.standing.get_mut(&name("a")).expect("there").tip = Some(oid(9));
    let rebased = |ancestor, descendant| descendant == oid(9) && ancestor == oid(2);
    assert_eq!(names(&observed.take(&after, &rebased)), ["resolved rebased 100", "overlap_gone"]);
    assert_eq!(names(&with_conflict().take(&landed(200, false), &never)), ["resolved landed 100", "overlap_gone"]);
}

#[test]
fn an_acknowledgement_ends_it_and_its_expiry_begins_it_anew() {
    let mut observed = with_conflict();
    let known = Met { acknowledged: true, ..met(Grade::Conflict) };
    assert_eq!(names(&observed.take(&look(160, vec![known.clone()]), &never)), ["resolved acknowledged 60"]);
    assert!(observed.take(&look(170, vec![known]), &never).is_empty());
    assert_eq!(names(&observed.take(&look(900, vec![met(Grade::Conflict)]), &never)), ["conflict_appeared"]);
}

#[test]
fn a_grade_that_changes_is_told_once() {
    let mut observed = Observed::default();
    observed.take(&look(100, vec![met(Grade::Disjoint)]), &never);
    let news = observed.take(&look(110, vec![met(Grade::Conflict)]), &never);
    assert_eq!(names(&news), ["overlap_changed", "conflict_appeared"]);
    let mut over = look(190, vec![met(Grade::Disjoint)]);
    over.standing.get_mut(&name("a")).expect("there").tip = Some(oid(7));
    assert_eq!(names(&observed.take(&over, &never)), ["resolved edited 80", "overlap_changed"]);
}

#[test]
fn what_a_hook_saw_is_not_told_again_by_a_survey() {
    let mut observed = Observed::default();
    let labels = || ("a".to_owned(), "b".to_owned());
    let news = observed.clash(&met(Grade::Conflict), labels(), Timestamp(50));
    assert_eq!(names(&news), ["overlap_appeared", "conflict_appeared"]);
    assert!(observed.clash(&met(Grade::Conflict), labels(), Timestamp(60)).is_empty());
    assert!(observed.take(&look(100, vec![met(Grade::Conflict)]), &never).is_empty());
}
