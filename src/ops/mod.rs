//! Floor 4: the use cases. Options in, reports out; they fetch, the domain decides.
//! Must not know: clap, printing, terminals.

pub mod demo;
