//! Floor 5: the front door for agents that speak the Model Context Protocol, on the official crate for it.
//! Must not know: how a tool's answer is found.
//!
//! The crate speaks the revision in force (2026-07-28, no handshake) and those with `initialize` that clients still use.

mod board;
mod tools;

use std::io;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::transport::stdio;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt as _};

use crate::env::Env;

const INSTRUCTIONS: &str = "Shows who else is at work on this git repository, and what will collide before it does. \
    Paths count from the working directory of the server.";

/// The tools change only with the program.
const FRESH_FOR_MS: u64 = 3_600_000;

/// Answers the client on standard input and output until it goes away. All that is asynchronous lives in here.
pub(crate) fn serve(env: &Env) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        // A client that never introduces itself, or goes away, ends the server: that is how it always ends.
        if let Ok(running) = (Server { env: env.clone() }).serve(stdio()).await {
            drop(running.waiting().await);
        }
    });
    // A tool that is still at work for nobody does not keep the program.
    runtime.shutdown_background();
    Ok(())
}

/// The server: nothing but the surroundings; every call looks at the repository afresh.
struct Server {
    env: Env,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let server = Implementation::new("coord", env!("CARGO_PKG_VERSION")).with_title("coord");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(server)
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let all = ListToolsResult::with_all_items(tools::list());
        Ok(all.with_ttl_ms(FRESH_FOR_MS).with_cache_scope(CacheScope::Public))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = tools::find(&request.name) else {
            return Err(ErrorData::invalid_params("there is no such tool", None));
        };
        let (env, arguments) = (self.env.clone(), request.arguments.unwrap_or_default());
        // Beside the conversation, so that a client may still ask whether we are there.
        let called = tokio::task::spawn_blocking(move || tools::call(&env, tool, &arguments)).await;
        let called = called.map_err(|_| ErrorData::internal_error("the tool failed", None))?;
        // What goes wrong in a tool is an answer that the model reads, not an error of the protocol.
        let result = match called {
            Ok(found) => CallToolResult::structured(found),
            Err(said) => CallToolResult::error(vec![ContentBlock::text(said)]),
        };
        Ok(result.into())
    }
}
