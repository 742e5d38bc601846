//! Agents that claim two paths, pause, crash and commit, around one real [`Table`]. The last agent sits on another machine,
//! whose clock is of another boot and far ahead.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use coord::domain::claim::{Claim, ClaimMode, Contest, End, Holder, Moment, Request, Table, Token, TokenError};
use coord::domain::id::Identity;
use coord::domain::path::RepoPath;
use coord::domain::pattern::Pattern;
use coord::domain::process::ProcessId;
use coord::domain::time::{Seconds, Timestamp};
use stateright::{Model, Property};

/// How long a lease lasts, in ticks.
const SPAN: u64 = 2;

/// How far a world goes.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) agents: usize,
    /// When the world ends.
    pub(crate) ticks: u64,
    /// No more tokens than these are given out.
    pub(crate) tokens: u64,
    /// No more crashes than these.
    pub(crate) crashes: u8,
}

/// What must hold in every state.
pub(crate) const SAFETY: [&str; 6] = [
    "no commit passes against a later claim",
    "no two hold the same path",
    "tokens only grow",
    "never everybody waits",
    "a refusal names a living claim",
    "no lease ends early",
];

/// A mistake put in on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mistake {
    NoToken,
    ComparedBeforeLock,
    HoldAndWait,
    RenewalByReplaced,
    TokensStartAgain,
    ForeignClock,
}

pub(crate) struct Claims {
    agents: usize,
    bounds: Bounds,
    mistake: Option<Mistake>,
    paths: [RepoPath; 2],
    wishes: [Vec<Pattern>; 3],
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct World {
    table: Table,
    now: u64,
    agents: Vec<Agent>,
    crashes: u8,
    /// The latest exclusive claim given on each path, and to whom.
    given: [Option<(Token, usize)>; 2],
    seen: Seen,
}

/// What happened on the way here.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact that one property asks for")]
struct Seen {
    passed_against_later: bool,
    token_not_greater: bool,
    unnamed_refusal: bool,
    ended_early: bool,
    taken_over: bool,
    stopped_superseded: bool,
    came_back: bool,
    freed_by_crash: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Agent {
    /// How many lives it had before this one.
    life: u32,
    down: bool,
    /// The token it believes to hold.
    token: Option<Token>,
    /// What it waits for.
    waits_for: Option<usize>,
    /// The path it is about to commit, and what it saw before it took the lock.
    judging: Option<(usize, bool)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    Claim(usize, usize),
    Judge(usize, usize),
    Commit(usize),
    Renew(usize),
    Release(usize),
    Crash(usize),
    Restart(usize),
    Tick,
}

impl Claims {
    pub(crate) fn new(bounds: Bounds, mistake: Option<Mistake>) -> Self {
        let path = |name| RepoPath::new(name).expect("a valid path");
        let paths = [path("a"), path("b")];
        let [a, b] = paths.clone().map(Pattern::plain);
        Self { agents: bounds.agents, bounds, mistake, paths, wishes: [vec![a.clone()], vec![b.clone()], vec![a, b]] }
    }

    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    fn holder(who: usize) -> Holder {
        Holder { identity: Identity::Worktree(who.to_string().into_bytes().into()), session: None }
    }

    fn moment(&self, world: &World, who: usize) -> Moment {
        let foreign = who + 1 == self.agents;
        let boot = if foreign && !self.makes(Mistake::ForeignClock) { "there" } else { "here" };
        Moment { boot: boot.into(), seconds: world.now + if foreign { 10 } else { 0 } }
    }

    /// Everybody who takes the lock sweeps first.
    fn sweep(&self, world: &mut World, who: usize) {
        let now = self.moment(world, who);
        world.table.see(&now);
        let lives: Vec<u32> =
            world.agents.iter().map(|agent| if agent.down { agent.life + 1 } else { agent.life }).collect();
        let dead = |claim: &Claim| {
            let (holder, process) = (number(claim), claim.process.as_ref()?);
            // Another machine cannot see the process.
            let visible = (holder + 1 == self.agents) == (who + 1 == self.agents);
            (visible && process.pid < lives[holder]).then_some(End::HolderGone)
        };
        let ended = world.table.sweep(&now, dead);
        for (claim, end) in ended {
            let taken = u64::try_from(claim.since.0).expect("ticks are positive");
            world.seen.ended_early |= end == End::Expired && world.now < taken + SPAN;
            world.seen.freed_by_crash |= end == End::HolderGone;
        }
    }

    fn claim(&self, world: &mut World, who: usize, wish: usize) {
        self.sweep(world, who);
        let wishes = match (self.makes(Mistake::HoldAndWait), wish) {
            // One path after the other, keeping the first.
            (true, 2) if world.agents[who].token.is_none() => &self.wishes[who % 2],
            (true, 2) => &self.wishes[1 - who % 2],
            _ => &self.wishes[wish],
        };
        let before = world.table.last_token;
        let lapsed_before = world.table.lapsed.values().any(|old| number(&old.claim) != who);
        match world.table.grant(Self::request(world, who, wishes.clone()), &self.moment(world, who)) {
            Ok(granted) => {
                let token = granted.claim.token;
                let greatest = world.given.iter().flatten().map(|(token, _)| token.0).max().unwrap_or(0);
                world.seen.token_not_greater |= token.0 <= before.max(greatest);
                world.seen.taken_over |= lapsed_before;
                for (path, given) in self.paths.iter().zip(&mut world.given) {
                    if granted.claim.covers(path) {
                        *given = Some((token, who));
                    }
                }
                let missing = self.makes(Mistake::HoldAndWait) && wish == 2 && world.agents[who].token.is_none();
                world.agents[who].waits_for = missing.then_some(2);
                world.agents[who].token = Some(token);
            }
            Err(refusals) => {
                let now = self.moment(world, who);
                let named = |claim: &Claim| number(claim) != who && claim.lease.left(&now).is_some();
                world.seen.unnamed_refusal |= refusals.is_empty() || !refusals.iter().all(|refusal| named(&refusal.by));
                let waits = self.makes(Mistake::HoldAndWait) || world.table.may_wait(&Self::holder(who));
                world.agents[who].waits_for = waits.then_some(wish);
            }
        }
    }

    fn request(world: &World, who: usize, patterns: Vec<Pattern>) -> Request {
        Request {
            holder: Self::holder(who),
            label: String::new(),
            process: Some(ProcessId::bare(world.agents[who].life)),
            patterns,
            mode: ClaimMode::Exclusive,
            task: None,
            since: Timestamp(i64::try_from(world.now).expect("few ticks")),
            span: Seconds(SPAN),
            tip: None,
            exempt: BTreeMap::new(),
            force: BTreeSet::new(),
        }
    }

    fn is_free(&self, world: &World, who: usize, path: usize) -> bool {
        let contested = world.table.contested(&Self::holder(who), &self.moment(world, who), [&self.paths[path]]);
        let counts = |why: &Contest| !self.makes(Mistake::NoToken) || matches!(why, Contest::Claimed(_));
        !contested.iter().any(|contested| counts(&contested.why))
    }

    fn commit(&self, world: &mut World, who: usize) -> Option<()> {
        let (path, saw_free) = world.agents[who].judging.take()?;
        self.sweep(world, who);
        let free = if self.makes(Mistake::ComparedBeforeLock) { saw_free } else { self.is_free(world, who, path) };
        world.seen.stopped_superseded |= saw_free && !free;
        if free {
            let own = world.agents[who].token?;
            let later = |&(token, whose): &(Token, usize)| whose != who && token > own;
            world.seen.passed_against_later |= world.given[path].as_ref().is_some_and(later);
            world.table.renew_for_commit(&Self::holder(who), &self.moment(world, who), &[self.paths[path].clone()]);
            self.restart_lease_ghost(world, who);
        }
        Some(())
    }

    fn renew(&self, world: &mut World, who: usize) -> Option<()> {
        self.sweep(world, who);
        let token = world.agents[who].token?;
        let (holder, now) = (Self::holder(who), self.moment(world, who));
        let was_lapsed = world.table.lapsed.contains_key(&token);
        match world.table.renew(token, &holder, &now, None) {
            Ok(_) => world.seen.came_back |= was_lapsed,
            Err(TokenError::Replaced { .. }) if self.makes(Mistake::RenewalByReplaced) => {
                let mut claim = world.table.lapsed.remove(&token)?.claim;
                claim.lease.from = now;
                world.table.live.insert(token, claim);
            }
            Err(_) => world.agents[who].token = None,
        }
        self.restart_lease_ghost(world, who);
        Some(())
    }

    /// A renewed lease counts anew; `since` is where the model keeps the true beginning.
    fn restart_lease_ghost(&self, world: &mut World, who: usize) {
        let (now, tick) = (self.moment(world, who), Timestamp(i64::try_from(world.now).expect("few ticks")));
        let own = world.table.live.values_mut().filter(|claim| number(claim) == who && claim.lease.from == now);
        own.for_each(|claim| claim.since = tick);
    }

    fn crash(&self, world: &mut World, who: usize) {
        world.crashes += 1;
        world.agents[who] = Agent { life: world.agents[who].life, down: true, ..Agent::default() };
        if self.makes(Mistake::TokensStartAgain) {
            world.table.last_token = world.table.live.keys().next_back().map_or(0, |token| token.0);
        }
    }

    fn everybody_waits(&self, world: &World) -> bool {
        let blocked = |(who, agent): (usize, &Agent)| {
            agent.waits_for.is_some_and(|wish| {
                let wanted = &self.wishes[wish];
                let in_the_way = |claim: &Claim| {
                    let meets = claim.patterns.iter().any(|own| wanted.iter().any(|other| own.meets(other)));
                    number(claim) != who && meets && !world.agents[number(claim)].down
                };
                world.table.live.values().any(in_the_way)
            })
        };
        let up = || world.agents.iter().enumerate().filter(|(_, agent)| !agent.down);
        up().count() > 1 && up().all(blocked)
    }

    fn holders_clash(world: &World) -> bool {
        let claims: Vec<&Claim> = world.table.live.values().collect();
        let clash = |one: &Claim, other: &Claim| {
            number(one) != number(other) && one.patterns.iter().any(|own| other.patterns.iter().any(|o| own.meets(o)))
        };
        claims.iter().enumerate().any(|(n, one)| claims[n + 1..].iter().any(|other| clash(one, other)))
    }
}

/// Which agent's claim it is.
fn number(claim: &Claim) -> usize {
    let Identity::Worktree(id) = &claim.holder.identity else { panic!("agents are worktrees") };
    usize::from(id[0] - b'0')
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Model for Claims {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            table: Table::default(),
            now: 0,
            agents: vec![Agent::default(); self.agents],
            crashes: 0,
            given: [None, None],
            seen: Seen::default(),
        }]
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        for (who, agent) in world.agents.iter().enumerate() {
            if agent.down {
                acts.push(Act::Restart(who));
                continue;
            }
            if agent.judging.is_some() {
                acts.push(Act::Commit(who));
            } else {
                let wishes = agent.waits_for.map_or(0..3, |wish| wish..wish + 1);
                let tokens_left = world.table.last_token < self.bounds.tokens;
                acts.extend(wishes.filter(|_| tokens_left).map(|wish| Act::Claim(who, wish)));
            }
            if agent.token.is_some() && agent.judging.is_none() {
                acts.extend([Act::Judge(who, 0), Act::Judge(who, 1), Act::Renew(who), Act::Release(who)]);
            }
            if world.crashes < self.bounds.crashes {
                acts.push(Act::Crash(who));
            }
        }
        if world.now < self.bounds.ticks {
            acts.push(Act::Tick);
        }
    }

    fn next_state(&self, last: &World, act: Act) -> Option<World> {
        let mut world = last.clone();
        match act {
            Act::Claim(who, wish) => self.claim(&mut world, who, wish),
            Act::Judge(who, path) => {
                let held = world.agents[who].token?;
                let claimed = |claim: &Claim| claim.token == held && claim.covers(&self.paths[path]);
                let lapsed = world.table.lapsed.values().map(|old| &old.claim);
                world.table.live.values().chain(lapsed).any(claimed).then_some(())?;
                world.agents[who].judging = Some((path, self.is_free(&world, who, path)));
            }
            Act::Commit(who) => self.commit(&mut world, who)?,
            Act::Renew(who) => self.renew(&mut world, who)?,
            Act::Release(who) => {
                let token = world.agents[who].token.take()?;
                let _ = world.table.release(token, &Self::holder(who), false);
            }
            Act::Crash(who) => self.crash(&mut world, who),
            Act::Restart(who) => {
                world.agents[who].down = false;
                world.agents[who].life += 1;
            }
            Act::Tick => world.now += 1,
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SAFETY[0], |_, world: &World| !world.seen.passed_against_later),
            Property::always(SAFETY[1], |_, world: &World| !Self::holders_clash(world)),
            Property::always(SAFETY[2], |_, world: &World| !world.seen.token_not_greater),
            Property::always(SAFETY[3], |model: &Self, world: &World| !model.everybody_waits(world)),
            Property::always(SAFETY[4], |_, world: &World| !world.seen.unnamed_refusal),
            Property::always(SAFETY[5], |_, world: &World| !world.seen.ended_early),
            Property::sometimes("a take-over happens", |_, world: &World| world.seen.taken_over),
            Property::sometimes("a superseded commit is stopped", |_, world: &World| world.seen.stopped_superseded),
            Property::sometimes("a lapsed claim comes back", |_, world: &World| world.seen.came_back),
            Property::sometimes("a crash frees a path", |_, world: &World| world.seen.freed_by_crash),
        ]
    }
}
