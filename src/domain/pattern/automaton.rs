//! A glob as a small machine over bytes: linear to match, and two of them tell whether they share a word.
//! Must not know: paths' rules, which globs may be claimed.

use super::{BadPattern, MOST_ALTERNATIVES};

/// The most braces inside braces.
const DEEPEST: usize = 16;

/// A nondeterministic machine. State 0 is the start, the last state the only accepting one.
#[derive(Clone, Debug)]
pub(super) struct Automaton {
    states: Vec<State>,
    accepting: usize,
}

#[derive(Clone, Default, Debug)]
struct State {
    steps: Vec<(Bytes, usize)>,
    free: Vec<usize>,
}

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Bytes([u64; 4]);

impl Bytes {
    const NONE: Self = Self([0; 4]);

    fn one(byte: u8) -> Self {
        Self::NONE.with(byte)
    }

    fn with(mut self, byte: u8) -> Self {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
        self
    }

    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }

    fn without_slash(self) -> Self {
        let mut left = self;
        left.0[0] &= !(1 << b'/');
        left
    }

    fn any() -> Self {
        Self::NONE.not()
    }

    fn holds(self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }

    fn meets(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(a, b)| a & b != 0)
    }
}

impl Automaton {
    /// Every path that a file or directory named literally covers: itself and what lies below.
    pub(super) fn of_path(path: &[u8]) -> Self {
        let mut machine = Self { states: vec![State::default()], accepting: 0 };
        let end = path.iter().fold(0, |at, &byte| machine.step(at, Bytes::one(byte)));
        let inside = machine.step(end, Bytes::one(b'/'));
        let below = machine.step(inside, Bytes::any());
        machine.states[below].steps.push((Bytes::any(), below));
        machine.finish(&[end, below])
    }

    pub(super) fn of_glob(text: &[u8]) -> Result<Self, BadPattern> {
        let machine = Self { states: vec![State::default()], accepting: 0 };
        let mut reader = Reader { text, at: 0, depth: 0, alternatives: 0, machine };
        let end = reader.sequence(0)?;
        if reader.at < text.len() {
            return Err(BadPattern::Syntax);
        }
        Ok(reader.machine.finish(&[end]))
    }

    fn finish(mut self, ends: &[usize]) -> Self {
        let last = self.state();
        for &end in ends {
            self.states[end].free.push(last);
        }
        self.accepting = last;
        self
    }

    fn state(&mut self) -> usize {
        self.states.push(State::default());
        self.states.len() - 1
    }

    fn step(&mut self, from: usize, bytes: Bytes) -> usize {
        let to = self.state();
        self.states[from].steps.push((bytes, to));
        to
    }

    /// Any number of `bytes`, none included.
    fn repeat(&mut self, from: usize, bytes: Bytes) -> usize {
        let to = self.state();
        self.states[from].free.push(to);
        self.states[to].steps.push((bytes, to));
        to
    }

    pub(super) fn accepts(&self, word: &[u8]) -> bool {
        let mut now = vec![false; self.states.len()];
        self.enter(0, &mut now);
        for &byte in word {
            let mut next = vec![false; self.states.len()];
            let reached = now.iter().zip(&self.states).filter(|(on, _)| **on).flat_map(|(_, state)| &state.steps);
            let targets: Vec<usize> = reached.filter(|(bytes, _)| bytes.holds(byte)).map(|&(_, to)| to).collect();
            for to in targets {
                self.enter(to, &mut next);
            }
            now = next;
        }
        now[self.accepting]
    }

    fn enter(&self, state: usize, on: &mut [bool]) {
        let mut open = vec![state];
        while let Some(state) = open.pop() {
            if !std::mem::replace(&mut on[state], true) {
                open.extend(&self.states[state].free);
            }
        }
    }

    /// Whether some word is accepted by both: a walk over pairs of states.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let width = other.states.len();
        let mut seen = vec![false; self.states.len() * width];
        let mut open = vec![(0, 0)];
        while let Some((a, b)) = open.pop() {
            if std::mem::replace(&mut seen[a * width + b], true) {
                continue;
            }
            if a == self.accepting && b == other.accepting {
                return true;
            }
            let (left, right) = (&self.states[a], &other.states[b]);
            open.extend(left.free.iter().map(|&to| (to, b)));
            open.extend(right.free.iter().map(|&to| (a, to)));
            for (mine, to) in &left.steps {
                let theirs = right.steps.iter().filter(|(theirs, _)| mine.meets(*theirs));
                open.extend(theirs.map(|&(_, other)| (*to, other)));
            }
        }
        false
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
    alternatives: usize,
    machine: Automaton,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, BadPattern> {
        let byte = self.peek().ok_or(BadPattern::Syntax)?;
        self.at += 1;
        Ok(byte)
    }

    /// Reads to the end, or to the `,` or `}` that ends an alternative.
    fn sequence(&mut self, mut from: usize) -> Result<usize, BadPattern> {
        while let Some(byte) = self.peek() {
            if self.depth > 0 && (byte == b',' || byte == b'}') {
                break;
            }
            self.at += 1;
            from = match byte {
                b'*' => self.star(from),
                b'?' => self.machine.step(from, Bytes::any().without_slash()),
                b'[' => {
                    let class = self.class()?;
                    self.machine.step(from, class)
                }
                b'{' => self.alternation(from)?,
                b'\\' => {
                    let literal = self.next()?;
                    self.machine.step(from, Bytes::one(literal))
                }
                literal => self.machine.step(from, Bytes::one(literal)),
            };
        }
        Ok(from)
    }

    /// `*`, or `**` where it stands for whole folders: between slashes or at an end.
    fn star(&mut self, from: usize) -> usize {
        let opens = self.at == 1 || self.text[self.at - 2] == b'/' || (self.depth > 0 && self.opens_alternative());
        if self.peek() != Some(b'*') {
            return self.machine.repeat(from, Bytes::any().without_slash());
        }
        while self.peek() == Some(b'*') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'/') if opens => {
                self.at += 1;
                let folders = self.machine.repeat(from, Bytes::any());
                let out = self.machine.step(folders, Bytes::one(b'/'));
                self.machine.states[from].free.push(out);
                out
            }
            None if opens => self.at_least_one(from),
            Some(b',' | b'}') if opens && self.depth > 0 => self.at_least_one(from),
            _ => self.machine.repeat(from, Bytes::any().without_slash()),
        }
    }

    fn opens_alternative(&self) -> bool {
        matches!(self.text[self.at - 2], b',' | b'{')
    }

    fn at_least_one(&mut self, from: usize) -> usize {
        let first = self.machine.step(from, Bytes::any());
        self.machine.repeat(first, Bytes::any())
    }

    fn class(&mut self) -> Result<Bytes, BadPattern> {
        let negated = matches!(self.peek(), Some(b'!' | b'^'));
        self.at += usize::from(negated);
        let mut set = Bytes::NONE;
        let mut first = true;
        loop {
            let low = self.next()?;
            if low == b']' && !first {
                break;
            }
            first = false;
            let is_range = self.peek() == Some(b'-') && self.text.get(self.at + 1).is_some_and(|&b| b != b']');
            let high = if is_range { self.text[self.at + 1] } else { low };
            self.at += if is_range { 2 } else { 0 };
            if high < low {
                return Err(BadPattern::Syntax);
            }
            set = (low..=high).fold(set, Bytes::with);
        }
        Ok(if negated { set.not() } else { set }.without_slash())
    }

    fn alternation(&mut self, from: usize) -> Result<usize, BadPattern> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(BadPattern::Syntax);
        }
        let out = self.machine.state();
        loop {
            self.alternatives += 1;
            if self.alternatives > MOST_ALTERNATIVES {
                return Err(BadPattern::TooManyAlternatives);
            }
            let start = self.machine.state();
            self.machine.states[from].free.push(start);
            let end = self.sequence(start)?;
            self.machine.states[end].free.push(out);
            if self.next()? == b'}' {
                break;
            }
        }
        self.depth -= 1;
        Ok(out)
    }
}
