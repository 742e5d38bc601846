//! `coord mcp`: the Model Context Protocol on standard input and output.
//! Must not know: the protocol, any tool.

use clap::Args;

use crate::env::Env;
use crate::exit::Exit;

/// Serve the Model Context Protocol on standard input and output (for agents)
#[derive(Debug, Args)]
pub(super) struct McpArgs {}

pub(super) fn mcp(env: &Env) -> Exit {
    // A client that goes away ends the server; that is how it always ends.
    drop(crate::mcp::serve(env));
    Exit::Clear
}
