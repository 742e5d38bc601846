//! Loose object files for git to read for a moment.
//! Must not know: where they are put.

use super::kinds::ObjectKind;

/// The largest part that a stored (uncompressed) block of a zlib stream holds.
pub(super) const STORED_BLOCK: usize = 0xffff;

/// A loose object file: a zlib stream of header and content, stored rather than compressed as it is deleted soon.
pub(super) fn loose(kind: ObjectKind, data: &[u8]) -> Vec<u8> {
    let content = [format!("{} {}\0", kind.name(), data.len()).as_bytes(), data].concat();
    let mut stream = vec![0x78, 0x01];
    let mut blocks = content.chunks(STORED_BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let len = u16::try_from(block.len()).expect("a chunk is no longer than a block");
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&len.to_le_bytes());
        stream.extend_from_slice(&(!len).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend_from_slice(&adler32(&content).to_be_bytes());
    stream
}

fn adler32(data: &[u8]) -> u32 {
    const MODULUS: u32 = 65521;
    // So many bytes can be added before a u32 may overflow.
    const CHUNK: usize = 5552;
    let (mut a, mut b) = (1, 0);
    for chunk in data.chunks(CHUNK) {
        for &byte in chunk {
            a += u32::from(byte);
            b += a;
        }
        (a, b) = (a % MODULUS, b % MODULUS);
    }
    b << 16 | a
}
