//! A question answered before it is known where all lines stand: git still looks at somebody's files, and most lines do not
//! depend on those. Lines that turn out to stand elsewhere are judged afterwards, and nothing else is judged twice.
//! Must not know: which lines those may be, who waits for what.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::attributes::{ByPath, Outside};
use super::super::error::Error;
use super::brought::Brought;
use super::memory::{self, Known, Memory};
use super::pair_answers::PairAnswers;
use super::{Again, Judge, Outlook, Question, Work, told};

/// An answer, as far as the lines stand where it was expected.
#[derive(Debug)]
pub struct Begun {
    question: Question,
    key: Vec<u8>,
    brought: Vec<Brought>,
    known: Known,
    attributes: Arc<ByPath>,
    origin: Origin,
}

/// What the answer stands on.
#[derive(Debug)]
pub(super) enum Origin {
    /// On what was remembered.
    Memory,
    /// On nothing; what attributes came from besides the target, where that could be told.
    Nothing(Option<Outside>),
}

/// Answers the question as far as that can be done: further lines may turn out to stand elsewhere. `None` for a question whose
/// answers are not remembered. What is remembered is used up.
///
/// # Errors
/// As [`super::judge`].
pub fn begin(judge: &Judge<'_>, question: &Question, memory: Option<Memory>) -> Result<Option<Begun>, Error> {
    let work = Work::new(judge, question)?;
    let Some(key) = memory::key(&work, question) else { return Ok(None) };
    if let Some(memory) = memory.filter(|memory| memory.has_key(&key)) {
        work.attributes.replace(memory.attributes());
        let mut known = memory.of(question);
        if let Some((brought, pairs)) = work.settle(question, &mut known)? {
            known.pairs = pairs;
            return Ok(Some(Begun::of(&work, question, (key, brought, known), Origin::Memory)));
        }
        work.attributes.take();
    }
    work.outside.replace(Some(Outlook::Wanted));
    let mut known = Known::default();
    let Some((brought, pairs)) = work.settle(question, &mut known)? else { return Ok(None) };
    let outside = match work.outside.take() {
        Some(Outlook::Seen(outside)) => Some(outside),
        _ => None,
    };
    known.pairs = pairs;
    Ok(Some(Begun::of(&work, question, (key, brought, known), Origin::Nothing(outside))))
}

impl Begun {
    fn of(
        work: &Work<'_>,
        question: &Question,
        (key, brought, known): (Vec<u8>, Vec<Brought>, Known),
        origin: Origin,
    ) -> Self {
        Self { question: question.clone(), key, brought, known, attributes: work.attributes.take(), origin }
    }

    /// The answer to the question as it is: the same one, but that some lines may stand elsewhere. `None` where it is another.
    ///
    /// # Errors
    /// As [`super::judge`].
    pub fn finish(self, judge: &Judge<'_>, question: &Question) -> Result<Option<Again>, Error> {
        let Self { question: expected, key, brought, mut known, attributes, origin } = self;
        let work = Work::new(judge, question)?;
        if memory::key(&work, question) != Some(key) || question.lines.len() != expected.lines.len() {
            return Ok(None);
        }
        work.attributes.replace(attributes);
        let lines = expected.lines.iter().zip(&question.lines).enumerate();
        let elsewhere: BTreeSet<usize> = lines.filter(|(_, (there, here))| there != here).map(|(n, _)| n).collect();
        if elsewhere.is_empty() {
            let pairs = std::mem::take(&mut known.pairs);
            return Ok(Some(Self::told(&work, question, (brought, pairs), (known, origin))));
        }
        known.take_back(brought, &elsewhere);
        let Some(settled) = work.settle(question, &mut known)? else { return Ok(None) };
        Ok(Some(Self::told(&work, question, settled, (known, origin))))
    }

    fn told(
        work: &Work<'_>,
        question: &Question,
        (mut brought, pairs): (Vec<Brought>, PairAnswers),
        (mut known, origin): (Known, Origin),
    ) -> Again {
        let keep = match origin {
            Origin::Memory => memory::keep_new(work, question, &mut brought, &pairs, known.volumes()),
            Origin::Nothing(outside) => memory::keep(work, question, &mut brought, &pairs, outside),
        };
        let (lines, rest) = told(brought);
        Again { lines, pairs, keep, rest }
    }
}
