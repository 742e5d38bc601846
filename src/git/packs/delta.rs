//! An object told as what differs from another.
//! Must not know: where either stands.

use std::rc::Rc;

/// The object that `delta` makes of `base`; `None` where it is damaged, or longer than `most`.
pub(super) fn apply(base: &[u8], delta: &[u8], most: usize) -> Option<Rc<[u8]>> {
    let mut at = 0;
    if size(delta, &mut at)? != base.len() {
        return None;
    }
    let len = size(delta, &mut at).filter(|&len| len <= most)?;
    let mut made: Rc<[u8]> = std::iter::repeat_n(0, len).collect();
    let out = Rc::get_mut(&mut made)?;
    let mut filled = 0;
    while at < delta.len() {
        let op = delta[at];
        at += 1;
        let part = if op & 128 != 0 {
            let start = operand(delta, &mut at, op, 4)?;
            let len = match operand(delta, &mut at, op >> 4, 3)? {
                0 => 0x1_0000,
                len => len,
            };
            base.get(start..start.checked_add(len)?)?
        } else {
            let part = delta.get(at..at + usize::from(op)).filter(|part| !part.is_empty())?;
            at += part.len();
            part
        };
        out.get_mut(filled..filled + part.len())?.copy_from_slice(part);
        filled += part.len();
    }
    (filled == len).then_some(made)
}

/// A number in groups of seven bits, the lowest first.
fn size(delta: &[u8], at: &mut usize) -> Option<usize> {
    let (mut size, mut shift) = (0u64, 0);
    loop {
        let byte = *delta.get(*at)?;
        *at += 1;
        size |= u64::from(byte & 127).checked_shl(shift).filter(|_| shift < 57)?;
        shift += 7;
        if byte & 128 == 0 {
            return usize::try_from(size).ok();
        }
    }
}

/// A number of up to `bytes` bytes, of which those are there whose bit in `which` is set.
fn operand(delta: &[u8], at: &mut usize, which: u8, bytes: u32) -> Option<usize> {
    let mut number = 0usize;
    for n in 0..bytes {
        if which & (1 << n) != 0 {
            number |= usize::from(*delta.get(*at)?) << (8 * n);
            *at += 1;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_copied_and_inserted() {
        // Of eight bytes: three from the fourth on, two new ones, the first one.
        let delta = [8, 6, 0b1001_0001, 3, 3, 2, b'x', b'y', 0b1001_0000, 1];
        assert_eq!(apply(b"abcdefgh", &delta, 100).as_deref(), Some(&b"defxya"[..]));
    }

    #[test]
    fn what_is_damaged_makes_nothing() {
        let base = b"abcdefgh";
        let good = [8, 3, 0b1001_0001, 3, 3];
        assert!(apply(base, &good, 100).is_some());
        for len in 0..good.len() {
            assert_eq!(apply(base, &good[..len], 100), None, "cut to {len}");
        }
        assert_eq!(apply(&base[..7], &good, 100), None, "another base");
        assert_eq!(apply(base, &good, 2), None, "too long");
        assert_eq!(apply(base, &[8, 3, 0b1001_0001, 6, 3], 100), None, "past the base's end");
        assert_eq!(apply(base, &[8, 2, 0b1001_0001, 3, 3], 100), None, "past its own end");
        assert_eq!(apply(base, &[8, 3, 0, 0, 0], 100), None, "the reserved operation");
        assert_eq!(apply(base, &[255; 12], 100), None, "a size without end");
    }
}
