//! `queqiao mcp`: what an assistant may look at, by the Model Context Protocol over stdin and stdout
//! (<https://modelcontextprotocol.io>). Nothing that it offers changes anything or sends anything.

use std::sync::Arc;

use contract::dry_run::MOST_PREVIEWS;
use contract::routes::{self, Route};
use contract::{SendRequest, To};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock, Implementation, ServerCapabilities, ServerConfig};
use rmcp::service::ServerInitializeError;
use rmcp::{ServerHandler, ServiceExt, tool, tool_handler, tool_router, transport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Failure;
use crate::api::{Api, ApiError};
use crate::outcome::Outcome;
use crate::target::Target;

/// What an assistant is told of all of it.
const INSTRUCTIONS: &str = "Queqiao sends WeChat messages of an Official Account to users of a mini-program. These tools only look. `doctor` says what is wrong with the deployment and what to do; `templates` shows the notifications there are; `preview` shows what a call of POST /send would come to, and sends nothing; `status` tells what became of a batch; `sync_progress` how the map of followers stands.";

/// Whom to look at.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
}

/// Serves until stdin ends.
pub async fn run(Arguments { target }: Arguments) -> Result<Outcome, Failure> {
    let tools = Tools { api: Arc::new(target.api().await?) };
    match tools.serve(transport::stdio()).await {
        Ok(served) => drop(served.waiting().await?),
        // Whoever started it has thought better of it.
        Err(ServerInitializeError::ConnectionClosed(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Outcome::Done)
}

#[derive(Clone)]
struct Tools {
    api: Arc<Api>,
}

/// Which page of a batch.
#[derive(Deserialize, JsonSchema)]
struct Page {
    /// The batch, as POST /send named it.
    id: String,
    /// The messages behind this number; left out, the first page with the counts of the whole batch.
    after: Option<u32>,
}

/// What would be sent.
#[derive(Deserialize, JsonSchema)]
struct Preview {
    /// The name of a notification; `templates` lists them.
    notification: String,
    /// The mini-program's openids of up to 500 users.
    openids: Vec<String>,
    /// What fills the notification, each a text or a number.
    #[serde(default)]
    data: serde_json::Map<String, Value>,
}

#[tool_router]
impl Tools {
    #[tool(
        description = "Look at the deployment: each check is ok, problem or unknown, with what to do. The key needs the scope admin.",
        annotations(read_only_hint = true)
    )]
    async fn doctor(&self) -> CallToolResult {
        self.look(&routes::DOCTOR, routes::DOCTOR.path).await
    }

    #[tool(
        description = "List the notifications of the catalog beside the templates that the accounts really have, with what does not fit. The key needs the scope read.",
        annotations(read_only_hint = true)
    )]
    async fn templates(&self) -> CallToolResult {
        self.look(&routes::TEMPLATES, routes::TEMPLATES.path).await
    }

    #[tool(
        description = "How far the sync of followers is, and how the last run ended. The key needs the scope sync.",
        annotations(read_only_hint = true)
    )]
    async fn sync_progress(&self) -> CallToolResult {
        self.look(&routes::SYNC_PROGRESS, routes::SYNC_PROGRESS.path).await
    }

    #[tool(
        description = "What became of a batch: each message's state, with reason and remedy. The key needs the scope read.",
        annotations(read_only_hint = true)
    )]
    async fn status(&self, Parameters(Page { id, after }): Parameters<Page>) -> CallToolResult {
        if let Err(what) = crate::batch_id(&id) {
            return refused(what);
        }
        let query = after.map(|after| format!("?after={after}")).unwrap_or_default();
        self.look(&routes::STATUS, &format!("{}{query}", routes::STATUS.at(&id))).await
    }

    #[tool(
        description = "What a notification to these users would look like, line by line, who would be rejected and why. Nothing is sent. The key needs the scope send.",
        annotations(read_only_hint = true)
    )]
    async fn preview(&self, Parameters(preview): Parameters<Preview>) -> CallToolResult {
        let Preview { notification, openids, data } = preview;
        if openids.len() > MOST_PREVIEWS {
            return refused(&format!("A preview takes {MOST_PREVIEWS} users at most."));
        }
        let Ok(data) = serde_json::from_value(Value::Object(data)) else {
            return refused("`data` holds texts and numbers alone.");
        };
        let to = openids.into_iter().map(|openid| To { openid: Some(openid), ..To::default() }).collect();
        let request = SendRequest { notification, to, data, page: None };
        match serde_json::to_string(&request) {
            Ok(body) => told(self.api.try_out(body).await),
            Err(error) => refused(&error.to_string()),
        }
    }
}

impl Tools {
    async fn look(&self, route: &Route, path: &str) -> CallToolResult {
        told(self.api.get::<Value>(route, path).await)
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("queqiao", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }
}

fn told(answer: Result<impl Serialize, ApiError>) -> CallToolResult {
    match answer.map(serde_json::to_value) {
        Ok(Ok(value)) => CallToolResult::structured(value),
        Ok(Err(error)) => refused(&error.to_string()),
        Err(error) => refused(&crate::with_causes(&error)),
    }
}

fn refused(why: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(why)])
}
