//! POST /sync, GET /sync and the sync schedule: brings the map of followers up to date.

mod advance;
mod doubt;
mod known;
mod list;
mod lookup;
mod run;
mod walk;

pub use lookup::LOOKUPS;

use std::convert::Infallible;
use std::time::Duration;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, LambdaEvent, Request, Response, Service, service_fn};
use lambda_runtime::{Context, Error as RuntimeError};
use serde::Deserialize;
use serde_json::Value;
use shared::queue::Queues;
use shared::session::Token;
use shared::store::{self, Identities, Sessions, State};
use shared::wechat::{Tokens, WeChat};
use shared::{Config, Error, http};

/// How long a request may advance the run; API Gateway hangs up after 30 s.
const REQUEST_SLICE: Duration = Duration::from_secs(20);

/// How long an invocation that no caller waits for may; Lambda ends the function after 15 minutes.
const LONG_SLICE: Duration = Duration::from_secs(13 * 60);

/// What hands the function work past the gateway: `{"sync": "tick"}`.
#[derive(Deserialize)]
struct Order {
    sync: When,
    /// Believes a list that would be doubted.
    #[serde(default)]
    force: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum When {
    /// The schedule: goes on with the unfinished run, or begins one if it is time.
    Tick,
    /// An operator, by `aws lambda invoke`: at once, and without POST /sync's limit.
    Now,
}

/// The function's clients.
pub struct Sync {
    oa_appid: String,
    most_removed_percent: u64,
    retry_time_scale: f64,
    wechat: WeChat,
    sessions: Sessions,
    identities: Identities,
    state: State,
}

impl Sync {
    /// Builds the clients; once, in init.
    pub fn new(config: &Config) -> Self {
        let client = store::client(config);
        let state = State::new(config, client.clone());
        let tokens = Tokens::new(config, state.clone(), Queues::new(config));
        Self {
            oa_appid: config.oa_appid.clone(),
            most_removed_percent: config.sync_most_removed_percent,
            retry_time_scale: config.retry_time_scale,
            wechat: WeChat::new(config, tokens),
            sessions: Sessions::new(config, client.clone()),
            identities: Identities::new(config, client),
            state,
        }
    }

    /// Takes a request from API Gateway, the schedule's tick, or an operator's order.
    ///
    /// # Errors
    /// When the event is none of these, or the tables do not answer; the next tick tries again.
    pub async fn handle(&self, event: Value) -> Result<Value, RuntimeError> {
        if event.get("requestContext").is_none() {
            let order: Order = serde_json::from_value(event)?;
            let progress = match order.sync {
                When::Tick => self.tick(LONG_SLICE).await?,
                When::Now => self.advance(LONG_SLICE, order.force).await?,
            };
            return Ok(serde_json::to_value(progress)?);
        }
        let request = serde_json::from_str(&event.to_string())?;
        let answer = |request| async { Ok::<_, Infallible>(http::answer(self.answer(request).await)) };
        let mut edge = lambda_http::Adapter::from(service_fn(answer));
        let response = edge.call(LambdaEvent::new(request, Context::default())).await?;
        Ok(serde_json::to_value(response)?)
    }

    async fn answer(&self, request: Request) -> Result<Response<Body>, Error> {
        self.sessions.caller(&Token::of(request.headers())?).await?.service()?;
        let progress = match *request.method() {
            Method::POST => self.advance(REQUEST_SLICE, force(&request)?).await?,
            Method::GET => self.state.sync_run(&self.oa_appid).await?.progress,
            _ => return Err(Error::MethodNotAllowed),
        };
        Ok(http::json(StatusCode::OK, &progress))
    }
}

/// `{"force": true}` believes a list that would be doubted; no body is no force.
fn force(request: &Request) -> Result<bool, Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Advance {
        force: bool,
    }
    match request.body().as_ref() {
        b"" | b"null" => Ok(false),
        _ => Ok(http::body::<Advance>(request)?.force),
    }
}
