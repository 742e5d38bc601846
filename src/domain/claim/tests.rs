//! Grants, leases and tokens, one rule at a time; their interplay is checked in `tests/claims_model.rs`.

use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert, proptest};

use super::*;

fn moment(seconds: u64) -> Moment {
    Moment { boot: "b1".into(), seconds }
}

fn holder(worktree: &str) -> Holder {
    Holder { identity: Identity::Worktree(worktree.as_bytes().into()), session: None }
}

fn session(worktree: &str, id: &str) -> Holder {
    Holder { session: Some(id.to_owned()), ..holder(worktree) }
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("a valid path")
}

fn request(holder: &Holder, patterns: &[&str], mode: ClaimMode) -> Request {
    Request {
        holder: holder.clone(),
        label: format!("{holder:?}"),
        process: None,
        patterns: patterns.iter().map(|p| Pattern::parse(p.as_bytes()).expect("a valid pattern")).collect(),
        mode,
        task: None,
        since: Timestamp(0),
        span: Seconds(100),
        tip: None,
        exempt: BTreeMap::new(),
        force: BTreeSet::new(),
    }
}

fn exclusive(table: &mut Table, holder: &Holder, patterns: &[&str], at: u64) -> Result<Token, Vec<Refusal>> {
    let granted = table.grant(request(holder, patterns, ClaimMode::Exclusive), &moment(at));
    granted.map(|granted| granted.claim.token)
}

#[test]
fn exclusive_excludes_and_shared_shares() {
    let (a, b) = (holder("a"), holder("b"));
    for (first, second, granted) in [
        (ClaimMode::Exclusive, ClaimMode::Exclusive, false),
        (ClaimMode::Exclusive, ClaimMode::Shared, false),
        (ClaimMode::Shared, ClaimMode::Exclusive, false),
        (ClaimMode::Shared, ClaimMode::Shared, true),
    ] {
        let mut table = Table::default();
        table.grant(request(&a, &["src/auth/**"], first), &moment(0)).expect("nobody is there");
        let second = table.grant(request(&b, &["docs", "src/auth/x.rs"], second), &moment(1));
        assert_eq!(second.is_ok(), granted);
        if let Err(refusals) = second {
            assert_eq!(refusals.len(), 1);
            assert_eq!((refusals[0].wanted.text(), refusals[0].by.token), (&b"src/auth/x.rs"[..], Token(1)));
            assert_eq!(table.live.len(), 1, "all or nothing");
        }
    }
}

#[test]
fn a_claim_binds_others_but_not_who_was_there_before() {
    let (a, b, c) = (holder("a"), holder("b"), holder("c"));
    let mut table = Table::default();
    let exempt = BTreeMap::from([(b.identity.clone(), BTreeSet::from([path("src/old.rs")]))]);
    let wanted = Request { exempt, ..request(&a, &["src"], ClaimMode::Exclusive) };
    table.grant(wanted, &moment(0)).expect("nobody is there");
    let paths = [path("src/old.rs"), path("src/new.rs"), path("doc")];
    let kept_off =
        |who: &Holder| table.contested(who, &moment(1), &paths).iter().map(|c| c.path.clone()).collect::<Vec<_>>();
    assert_eq!(kept_off(&a), []);
    assert_eq!(kept_off(&b), [path("src/new.rs")]);
    assert_eq!(kept_off(&c), [path("src/old.rs"), path("src/new.rs")]);
    assert!(table.contested(&c, &moment(100), &paths).is_empty(), "it ran out");
}

#[test]
fn sessions_of_one_worktree_differ_only_where_both_are_known() {
    let mut table = Table::default();
    exclusive(&mut table, &session("a", "one"), &["x"], 0).expect("nobody is there");
    let kept_off = |who: &Holder| !table.contested(who, &moment(1), [&path("x")]).is_empty();
    assert!(!kept_off(&session("a", "one")));
    assert!(!kept_off(&session("b", "one")), "a session is the same in every worktree");
    assert!(!kept_off(&holder("a")), "what cannot be told never blocks");
    assert!(kept_off(&session("a", "two")));
    assert!(kept_off(&holder("b")));
}

#[test]
fn who_slept_past_its_lease_is_kept_off_only_if_somebody_took_the_path() {
    let (a, b) = (holder("a"), holder("b"));
    let mut table = Table::default();
    let first = exclusive(&mut table, &a, &["x", "y"], 0).expect("nobody is there");
    assert_eq!(table.sweep(&moment(100), |_| None).len(), 1);
    assert!(table.contested(&a, &moment(100), [&path("x")]).is_empty());
    assert_eq!(table.renew_for_commit(&a, &moment(100), &[path("x")]), [first], "nobody took it: it comes back");
    table.sweep(&moment(200), |_| None);
    let second = exclusive(&mut table, &b, &["x"], 200).expect("it ran out");
    assert!(second > first);
    table.release(second, &b, false).expect("its own");
    let contested = table.contested(&a, &moment(201), &[path("x"), path("y")]);
    assert_eq!(contested.len(), 1, "only what was really taken");
    assert!(matches!(&contested[0].why, Contest::Superseded { by, .. } if by.token == second));
    assert!(matches!(table.renew(first, &a, &moment(201), None), Err(TokenError::Replaced { by, .. }) if by == second));
    let third = exclusive(&mut table, &a, &["x", "y"], 202).expect("free again");
    assert!(third > second && table.contested(&a, &moment(203), [&path("x")]).is_empty());
}

#[test]
fn force_names_the_token_it_replaces() {
    let (a, b) = (holder("a"), holder("b"));
    let mut table = Table::default();
    let first = exclusive(&mut table, &a, &["x"], 0).expect("nobody is there");
    let wrong = Request { force: BTreeSet::from([Token(7)]), ..request(&b, &["x"], ClaimMode::Exclusive) };
    assert!(table.grant(wrong, &moment(1)).is_err());
    let right = Request { force: BTreeSet::from([first]), ..request(&b, &["x"], ClaimMode::Exclusive) };
    let Granted { ended, .. } = table.grant(right, &moment(1)).expect("forced");
    assert_eq!((ended[0].0.token, ended[0].1), (first, End::Forced));
    assert!(!table.contested(&a, &moment(2), [&path("x")]).is_empty());
}

#[test]
fn only_the_holder_releases_and_renews() {
    let (a, b) = (holder("a"), holder("b"));
    let mut table = Table::default();
    let token = exclusive(&mut table, &a, &["x"], 0).expect("nobody is there");
    assert!(matches!(table.release(token, &b, false), Err(TokenError::NotYours { .. })));
    assert!(matches!(table.renew(token, &b, &moment(1), None), Err(TokenError::NotYours { .. })));
    assert_eq!(table.release(Token(9), &a, false), Err(TokenError::Unknown(Token(9))));
    assert!(table.release(token, &a, false).is_ok());
    assert_eq!(table.release(token, &a, false), Err(TokenError::Unknown(token)));
}

#[test]
fn another_boot_counts_from_when_it_first_saw_the_lease() {
    let mut lease = Lease::new(moment(1_000_000), Seconds(60));
    let here = |seconds| Moment { boot: "b2".into(), seconds };
    assert_eq!(lease.left(&here(5)), Some(Seconds(60)), "never judged by a foreign clock");
    assert!(lease.see(&here(5)) && !lease.see(&here(30)));
    assert_eq!(lease.left(&here(64)), Some(Seconds(1)));
    assert_eq!(lease.left(&here(65)), None);
    assert_eq!(lease.left(&moment(0)), Some(Seconds(60)), "a clock that went back");
    assert_eq!(Lease::new(moment(0), Seconds(u64::MAX)).span, LONGEST_SPAN);
}

/// One thing that may happen to a table.
#[derive(Clone, Debug)]
enum Act {
    Claim { who: u8, what: Vec<u8>, shared: bool, span: u64 },
    Force { who: u8, what: Vec<u8> },
    Renew { who: u8, token: u64 },
    Release { who: u8, token: u64 },
    Sleep(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let what = || prop::collection::vec(0..4u8, 1..3);
    let act = proptest::prop_oneof![
        (0..3u8, what(), any::<bool>(), 1..50u64).prop_map(|(who, what, shared, span)| Act::Claim {
            who,
            what,
            shared,
            span
        }),
        (0..3u8, what()).prop_map(|(who, what)| Act::Force { who, what }),
        (0..3u8, 1..12u64).prop_map(|(who, token)| Act::Renew { who, token }),
        (0..3u8, 1..12u64).prop_map(|(who, token)| Act::Release { who, token }),
        (1..40u64).prop_map(Act::Sleep),
    ];
    prop::collection::vec(act, 1..60)
}

const WHAT: [&str; 4] = ["src", "src/*.rs", "src/a.rs", "docs"];

fn apply(table: &mut Table, now: &mut u64, act: &Act) {
    let wanted = |who: u8, what: &[u8], mode| {
        let patterns: Vec<_> = what.iter().map(|&w| WHAT[usize::from(w)]).collect();
        request(&holder(&who.to_string()), &patterns, mode)
    };
    table.sweep(&moment(*now), |_| None);
    match act {
        Act::Claim { who, what, shared, span } => {
            let mode = if *shared { ClaimMode::Shared } else { ClaimMode::Exclusive };
            let _ = table.grant(Request { span: Seconds(*span), ..wanted(*who, what, mode) }, &moment(*now));
        }
        Act::Force { who, what } => {
            let force = table.live.keys().copied().collect();
            let forced = Request { force, ..wanted(*who, what, ClaimMode::Exclusive) };
            table.grant(forced, &moment(*now)).expect("every claim in the way was named");
        }
        Act::Renew { who, token } => drop(table.renew(Token(*token), &holder(&who.to_string()), &moment(*now), None)),
        Act::Release { who, token } => drop(table.release(Token(*token), &holder(&who.to_string()), false)),
        Act::Sleep(seconds) => *now += seconds,
    }
}

proptest! {
    #[test]
    fn no_two_holders_ever_exclude_each_other(acts in acts()) {
        let (mut table, mut now) = (Table::default(), 0);
        for act in &acts {
            let before = table.last_token;
            apply(&mut table, &mut now, act);
            prop_assert!(table.last_token >= before);
            let claims: Vec<_> = table.live.values().filter(|c| c.lease.left(&moment(now)).is_some()).collect();
            for (n, one) in claims.iter().enumerate() {
                for other in &claims[n + 1..] {
                    let clash = one.mode.excludes(other.mode) && one.meets(&other.patterns);
                    prop_assert!(!clash || one.holder == other.holder, "{one:?} and {other:?}");
                }
            }
        }
    }

    #[test]
    fn no_path_is_ever_closed_to_everybody(acts in acts()) {
        let (mut table, mut now) = (Table::default(), 0);
        for act in &acts {
            apply(&mut table, &mut now, act);
            for name in ["src/a.rs", "src/b.md", "docs/x"] {
                let open = (0..3).any(|who| {
                    let (who, mut after) = (holder(&who.to_string()), table.clone());
                    after.sweep(&moment(now), |_| None);
                    let way_out = exclusive(&mut after, &who, &[name], now);
                    table.contested(&who, &moment(now), [&path(name)]).is_empty() || way_out.is_ok()
                });
                prop_assert!(open, "{name} is closed to all");
            }
        }
    }
}
