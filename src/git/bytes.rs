//! Numbers, texts and ids as bytes, and back. Whatever is not what was written reads as nothing.
//! Must not know: what they stand for.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;

use crate::domain::id::ObjectId;

/// Takes bytes in.
#[derive(Clone, Debug, Default)]
pub(in crate::git) struct Writer(pub(in crate::git) Vec<u8>);

impl Writer {
    /// In groups of seven bits, the lowest first.
    pub(in crate::git) fn number(&mut self, mut number: u64) {
        while number >= 128 {
            self.0.push(u8::try_from(number & 127).unwrap_or(0) | 128);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or(0));
    }

    pub(in crate::git) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(in crate::git) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(in crate::git) fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }
}

/// Gives bytes out.
#[derive(Clone, Copy, Debug)]
pub(in crate::git) struct Reader<'b>(pub(in crate::git) &'b [u8]);

impl<'b> Reader<'b> {
    pub(in crate::git) fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(in crate::git) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    pub(in crate::git) fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0u64, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 127).checked_shl(shift)?;
            shift += 7;
            if byte & 128 == 0 {
                return Some(number);
            }
        }
    }

    /// How many of something follow; each takes a byte at least.
    pub(in crate::git) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.0.len())
    }

    pub(in crate::git) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    pub(in crate::git) fn bytes(&mut self) -> Option<&'b [u8]> {
        let len = self.count()?;
        self.take(len)
    }

    pub(in crate::git) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(in crate::git) fn id(&mut self, len: usize) -> Option<ObjectId> {
        ObjectId::from_bytes(self.take(len)?)
    }

    /// So many of something.
    pub(in crate::git) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(all)
    }
}

/// How many bytes a sum takes.
pub(in crate::git) const SUM: usize = 8;

/// What was written, with its sum behind it.
pub(in crate::git) fn sealed(mut written: Writer) -> Vec<u8> {
    let sum = sum(&written.0);
    written.0.extend_from_slice(&sum);
    written.0
}

/// What stands before its sum; `None` where that is not the right one.
pub(in crate::git) fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let (bytes, sealed) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
    (sum(bytes) == *sealed).then_some(bytes)
}

/// The sum of bytes; it tells damage, and nothing that somebody did on purpose.
pub(in crate::git) fn sum(bytes: &[u8]) -> [u8; SUM] {
    FixedState::with_seed(0).hash_one(bytes).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let mut writer = Writer::default();
        for number in numbers {
            writer.number(number);
        }
        let mut reader = Reader(&writer.0);
        assert_eq!(numbers.map(|_| reader.number()), numbers.map(Some));
        assert_eq!(reader.number(), None);
        assert_eq!(Reader(&[255; 30]).number(), None, "without an end");
        assert_eq!(Reader(&[200, 1, 7]).bytes(), None, "longer than there are");
    }

    #[test]
    fn what_is_damaged_is_not_unsealed() {
        let whole = sealed(Writer(b"text".to_vec()));
        assert_eq!(unsealed(&whole), Some(&b"text"[..]));
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            bad[at] ^= 1;
            assert_eq!(unsealed(&bad), None, "byte {at}");
            assert_eq!(unsealed(&whole[..at]), None, "cut to {at}");
        }
    }
}
