//! All claims of one repository as one value: granting, renewing, releasing, sweeping, and who is kept off which path.
//! Must not know: locks and files. Whoever changes a table holds the lock, and keeps it until the change is on disk.

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, ClaimMode, End, Holder, Lease, Moment, Stand, Token};
use crate::domain::id::Identity;
use crate::domain::path::RepoPath;
use crate::domain::pattern::Pattern;
use crate::domain::process::ProcessId;
use crate::domain::time::{Seconds, Timestamp};

/// How many claims that are over are remembered; the oldest are forgotten first.
const MOST_LAPSED: usize = 256;

/// The claims of one repository.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Table {
    /// The greatest token ever given. It never gets smaller.
    pub last_token: u64,
    /// The claims that count.
    pub live: BTreeMap<Token, Claim>,
    /// Claims that ended without their holder's doing. Their holders may not know it yet.
    pub lapsed: BTreeMap<Token, Lapsed>,
}

/// A claim that ran out or was taken by force, remembered so that its holder cannot go on as if it still had it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Lapsed {
    /// The claim as it was.
    pub claim: Claim,
    /// The claims of others since then on any of the same paths; empty while nobody took any.
    pub replaced_by: Vec<Replacement>,
}

/// Who has it now.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Replacement {
    /// The new claim's token.
    pub token: Token,
    /// The new holder.
    pub holder: Holder,
    /// The new holder's short name.
    pub label: String,
    /// What the new holder claimed.
    pub patterns: Vec<Pattern>,
}

/// What somebody wants to claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Who asks.
    pub holder: Holder,
    /// The asker's short name.
    pub label: String,
    /// The session's process.
    pub process: Option<ProcessId>,
    /// All of what is wanted; granted whole or not at all.
    pub patterns: Vec<Pattern>,
    /// Whether others may share it.
    pub mode: ClaimMode,
    /// What for.
    pub task: Option<String>,
    /// When, for people.
    pub since: Timestamp,
    /// For how long.
    pub span: Seconds,
    /// Where the asker stands.
    pub tip: Option<Stand>,
    /// Who has changed which of the paths already.
    pub exempt: BTreeMap<Identity, BTreeSet<RepoPath>>,
    /// The tokens of others' claims that are to be taken by force.
    pub force: BTreeSet<Token>,
}

/// A request that was granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Granted {
    /// The new claim.
    pub claim: Claim,
    /// The claims that it ended: the asker's own that it takes the place of, and those taken by force.
    pub ended: Vec<(Claim, End)>,
}

/// One claim that stands in the way of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The pattern that was wanted.
    pub wanted: Pattern,
    /// The other's claim.
    pub by: Claim,
}

/// Why a token cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is no such claim, not any more.
    #[error("there is no claim with token {}", .0.0)]
    Unknown(Token),
    /// It is somebody else's.
    #[error("the claim with token {} belongs to {label}", token.0)]
    NotYours {
        /// The token asked about.
        token: Token,
        /// Whose it is.
        label: String,
    },
    /// Its time was over and somebody else has the paths since.
    #[error("the claim with token {} is over: {label} has taken the paths since, with token {}", token.0, by.0)]
    Replaced {
        /// The token asked about.
        token: Token,
        /// The new holder.
        label: String,
        /// The new token.
        by: Token,
    },
}

/// Why a path must be kept off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Contest {
    /// It is under another's exclusive claim.
    Claimed(Claim),
    /// The asker's own claim on it ran out, and somebody else took the path meanwhile.
    Superseded {
        /// The asker's old claim.
        own: Claim,
        /// Who took it.
        by: Replacement,
    },
}

/// One path that the asker must keep off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contested {
    /// The path.
    pub path: RepoPath,
    /// Why.
    pub why: Contest,
}

impl Table {
    /// Takes out every claim that is over: by its lease, or as `fate` says of it. Run it before anything is granted.
    pub fn sweep(&mut self, now: &Moment, fate: impl Fn(&Claim) -> Option<End>) -> Vec<(Claim, End)> {
        let mut ended = Vec::new();
        for claim in self.live.values() {
            let over = claim.lease.left(now).is_none().then_some(End::Expired);
            if let Some(end) = fate(claim).or(over) {
                ended.push((claim.clone(), end));
            }
        }
        for (claim, end) in &ended {
            self.live.remove(&claim.token);
            if *end == End::Expired {
                self.remember(claim.clone());
            }
        }
        ended
    }

    /// Notes the leases that are seen from another boot than their own; whether any was new.
    pub fn see(&mut self, now: &Moment) -> bool {
        self.live.values_mut().fold(false, |changed, claim| claim.lease.see(now) | changed)
    }

    /// Grants all that is wanted, or says what stands in the way.
    pub fn grant(&mut self, request: Request, now: &Moment) -> Result<Granted, Vec<Refusal>> {
        let refusals = self.refusals(&request);
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let mut ended = self.retire_own(&request);
        for token in &request.force {
            if let Some(claim) = self.live.remove(token) {
                self.remember(claim.clone());
                ended.push((claim, End::Forced));
            }
        }
        self.last_token += 1;
        let claim = Claim {
            token: Token(self.last_token),
            holder: request.holder,
            label: request.label,
            process: request.process,
            patterns: request.patterns,
            mode: request.mode,
            task: request.task,
            since: request.since,
            lease: Lease::new(now.clone(), request.span),
            tip: request.tip,
            exempt: request.exempt,
        };
        self.replace_lapsed(&claim);
        self.live.insert(claim.token, claim.clone());
        Ok(Granted { claim, ended })
    }

    fn refusals(&self, request: &Request) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let others = self.live.values().filter(|held| {
            held.mode.excludes(request.mode)
                && !held.holder.is_same(&request.holder)
                && !request.force.contains(&held.token)
        });
        for held in others {
            let wanted = request.patterns.iter().find(|wanted| held.meets(std::slice::from_ref(wanted)));
            refusals.extend(wanted.map(|wanted| Refusal { wanted: wanted.clone(), by: held.clone() }));
        }
        refusals
    }

    /// The asker's earlier claims that the new one takes the place of: every pattern of them is asked for again.
    fn retire_own(&mut self, request: &Request) -> Vec<(Claim, End)> {
        let again = |claim: &Claim| {
            claim.holder.is_same(&request.holder) && claim.patterns.iter().all(|own| request.patterns.contains(own))
        };
        let tokens: Vec<_> = self.live.values().filter(|claim| again(claim)).map(|claim| claim.token).collect();
        self.lapsed.retain(|_, old| !(old.claim.holder.is_same(&request.holder) && old.claim.meets(&request.patterns)));
        tokens.iter().filter_map(|token| self.live.remove(token)).map(|claim| (claim, End::Retaken)).collect()
    }

    fn replace_lapsed(&mut self, new: &Claim) {
        for old in self.lapsed.values_mut() {
            let others = !old.claim.holder.is_same(&new.holder) && old.claim.mode.excludes(new.mode);
            if others && old.claim.meets(&new.patterns) {
                let (holder, label, patterns) = (new.holder.clone(), new.label.clone(), new.patterns.clone());
                old.replaced_by.retain(|earlier| earlier.patterns != patterns);
                old.replaced_by.push(Replacement { token: new.token, holder, label, patterns });
            }
        }
    }

    fn remember(&mut self, claim: Claim) {
        self.lapsed.insert(claim.token, Lapsed { claim, replaced_by: Vec::new() });
        while self.lapsed.len() > MOST_LAPSED {
            self.lapsed.pop_first();
        }
    }

    /// Lengthens a claim from now on; one that ran out comes back if nobody took any of it meanwhile.
    pub fn renew(
        &mut self,
        token: Token,
        asker: &Holder,
        now: &Moment,
        span: Option<Seconds>,
    ) -> Result<Claim, TokenError> {
        self.check_owner(token, asker)?;
        if let Some(old) = self.lapsed.get(&token) {
            if let Some(by) = old.replaced_by.last() {
                return Err(TokenError::Replaced { token, label: by.label.clone(), by: by.token });
            }
            let claim = old.claim.clone();
            self.lapsed.remove(&token);
            self.live.insert(token, claim);
        }
        let claim = self.live.get_mut(&token).ok_or(TokenError::Unknown(token))?;
        claim.lease = Lease::new(now.clone(), span.unwrap_or(claim.lease.span));
        Ok(claim.clone())
    }

    /// Ends a claim by its holder's will, or anybody's with `force`.
    pub fn release(&mut self, token: Token, asker: &Holder, force: bool) -> Result<(Claim, End), TokenError> {
        if !force {
            self.check_owner(token, asker)?;
        }
        if let Some(old) = self.lapsed.remove(&token) {
            return Ok((old.claim, End::Released));
        }
        let claim = self.live.remove(&token).ok_or(TokenError::Unknown(token))?;
        let end = if claim.holder.is_same(asker) { End::Released } else { End::Forced };
        if end == End::Forced {
            self.remember(claim.clone());
        }
        Ok((claim, end))
    }

    fn check_owner(&self, token: Token, asker: &Holder) -> Result<(), TokenError> {
        let lapsed = self.lapsed.get(&token).map(|old| &old.claim);
        let claim = self.live.get(&token).or(lapsed).ok_or(TokenError::Unknown(token))?;
        if claim.holder.is_same(asker) {
            return Ok(());
        }
        Err(TokenError::NotYours { token, label: claim.label.clone() })
    }

    /// The paths that `asker` must keep off: rule 1 of the right of way. Leases that are over do not count even where
    /// nobody swept them yet.
    pub fn contested<'a>(
        &self,
        asker: &Holder,
        now: &Moment,
        paths: impl IntoIterator<Item = &'a RepoPath>,
    ) -> Vec<Contested> {
        let claims = self.live.values();
        let binding: Vec<&Claim> = claims
            .filter(|claim| claim.mode == ClaimMode::Exclusive && !claim.holder.is_same(asker))
            .filter(|claim| claim.lease.left(now).is_some())
            .collect();
        let lost: Vec<(&Claim, &Replacement)> = self.lost(asker).collect();
        let why = |path: &RepoPath| {
            let claimed = binding.iter().find(|claim| claim.binds(asker, path));
            let superseded = || {
                let by_other = |by: &Replacement| by.patterns.iter().any(|pattern| pattern.covers(path));
                let (own, by) = lost.iter().find(|(own, by)| own.covers(path) && by_other(by))?;
                Some(Contest::Superseded { own: (*own).clone(), by: (*by).clone() })
            };
            claimed.map(|claim| Contest::Claimed((*claim).clone())).or_else(superseded)
        };
        paths.into_iter().filter_map(|path| Some(Contested { path: path.clone(), why: why(path)? })).collect()
    }

    /// Whether `holder` may wait for a claim of somebody else: only while it holds none itself, so that no two ever wait
    /// for each other.
    #[must_use]
    pub fn may_wait(&self, holder: &Holder) -> bool {
        !self.live.values().any(|claim| claim.holder.is_same(holder))
    }

    /// The asker's claims that ran out and that somebody else has taken since.
    fn lost<'a>(&'a self, asker: &'a Holder) -> impl Iterator<Item = (&'a Claim, &'a Replacement)> {
        let own = self.lapsed.values().filter(|old| old.claim.holder.is_same(asker));
        own.flat_map(|old| old.replaced_by.iter().map(|by| (&old.claim, by)))
    }

    /// The tokens of `holder`'s claims, those that ran out too.
    #[must_use]
    pub fn tokens_of(&self, holder: &Holder) -> Vec<Token> {
        let lapsed = self.lapsed.values().map(|old| &old.claim);
        self.live.values().chain(lapsed).filter(|claim| claim.holder.is_same(holder)).map(|claim| claim.token).collect()
    }

    /// Lengthens the asker's claims on any of `paths`, as its commit is judged: what ran out comes back where nobody took it.
    pub fn renew_for_commit(&mut self, asker: &Holder, now: &Moment, paths: &[RepoPath]) -> Vec<Token> {
        let lapsed = self.lapsed.values().filter(|old| old.replaced_by.is_empty()).map(|old| &old.claim);
        let own = self.live.values().chain(lapsed).filter(|claim| claim.holder.is_same(asker));
        let touched = own.filter(|claim| paths.iter().any(|path| claim.covers(path)));
        let tokens: Vec<Token> = touched.map(|claim| claim.token).collect();
        tokens.into_iter().filter(|&token| self.renew(token, asker, now, None).is_ok()).collect()
    }
}
