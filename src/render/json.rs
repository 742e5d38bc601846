//! Reports as JSON (DESIGN.md section 6): version 1, only ever added to. Wire types are private and borrow.
//! Must not know: who reads it, what the answer leads to.
