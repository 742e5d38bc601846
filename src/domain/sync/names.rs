//! The names of the refs that instances are published under, safe on every server.
//! Must not know: what is published there.

use super::Host;
use crate::domain::hash::hash;
use crate::domain::id::{Identity, RefName};

/// Where instances are published: `refs/coord/<host>/<instance>`.
pub const INSTANCES: &str = "refs/coord/";

/// The last part of the throwaway refs of `coord doctor`, which are nobody's instance.
pub const REHEARSAL: &str = "doctor-";

/// No ref of ours has a longer part.
const LONGEST_PART: usize = 120;

/// The ref of one instance.
#[must_use]
pub fn ref_of(host: &Host, identity: &Identity) -> RefName {
    RefName::new(format!("{INSTANCES}{}/{}", host.id, part(&identity.key())))
}

/// The host's id in the ref of an instance; `None` for anything else.
#[must_use]
pub fn host_of(name: &RefName) -> Option<&str> {
    let rest = std::str::from_utf8(name.as_bytes()).ok()?.strip_prefix(INSTANCES)?;
    let (host, instance) = rest.split_once('/')?;
    let plain = |part: &str| {
        let fits = !part.is_empty() && part.len() <= LONGEST_PART;
        fits && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_%".contains(&b))
    };
    (plain(host) && plain(instance) && !instance.starts_with(REHEARSAL)).then_some(host)
}

/// Bytes as one part of a ref's name that every server takes and tells apart, also one that folds case: lower case
/// letters, digits, `-` and `_` stand for themselves, all else is `%xx`. What is too long ends in a hash.
#[must_use]
pub fn part(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => text.push(char::from(byte)),
            _ => text.extend(['%', digit(byte >> 4), digit(byte & 15)]),
        }
    }
    if text.len() > LONGEST_PART {
        text.truncate(LONGEST_PART - 34);
        text.push_str("--");
        text.push_str(&hash(bytes));
    }
    text
}

fn digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_refs_are_plain_and_differ() {
        assert_eq!(part(b"wt:Feat.a"), "wt%3a%46eat%2ea");
        assert!(part(&[b'x'; 4000]).len() <= LONGEST_PART);
        assert_ne!(part(&[b'x'; 4000]), part(&[b'x'; 4001]));
        assert_ne!(part(b"x.lock"), "x.lock");
    }

    #[test]
    fn the_host_stands_in_the_name_and_nothing_odd_passes() {
        let host = Host { id: part(b"ci 7"), name: "ci 7".into() };
        let name = ref_of(&host, &Identity::Worktree((*b"../x").into()));
        assert_eq!(host_of(&name), Some("ci%207"));
        for wrong in ["refs/coord/a", "refs/coord/A/b", "refs/coord/a/b/c", "refs/coord//b", "refs/coord/a/doctor-1"] {
            assert_eq!(host_of(&RefName::new(wrong)), None, "{wrong}");
        }
    }
}
