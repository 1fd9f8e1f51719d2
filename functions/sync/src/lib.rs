//! POST /sync, GET /sync and the sync schedule: brings the map of followers up to date, and what is known of the
//! accounts' templates.

mod advance;
mod known;
mod list;
mod list_check;
mod lookup;
mod run;
mod templates;
mod walk;

pub use lookup::LOOKUPS;

use std::time::{Duration, SystemTime};

use contract::routes::{ADVANCE_SYNC, Operation};
use contract::{Advance, SyncProgress};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use serde::Deserialize;
use shared::lambda::{self, Answer, Event};
use shared::store::{self, Callers, Identities, State};
use shared::{Account, Authorized, Clock, Config, Error, http, queue};

use templates::Templates;

/// How long a request may advance the run, and [`advance::TO_STOP`] more; API Gateway hangs up after 30 s.
const REQUEST_SLICE: Duration = Duration::from_secs(20);

/// An invocation that no caller waits for may take all of its time but this, to stop and to write where it
/// stands.
const SHUTDOWN_MARGIN: Duration = Duration::from_secs(30);

/// What hands the function work past the gateway: `{"sync": "tick"}`.
#[derive(Deserialize)]
struct Command {
    sync: Trigger,
    /// Believes a list that would be doubted.
    #[serde(default)]
    force: bool,
    /// Looks up everybody, those in the map included.
    #[serde(default)]
    anew: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Trigger {
    /// The schedule: goes on with the unfinished run, or begins one if it is time.
    Tick,
    /// An operator, by `aws lambda invoke`: at once, and without POST /sync's limit.
    Now,
}

/// The function's clients.
pub struct Function {
    oa_appid: String,
    most_removed_percent: u64,
    clock: Clock,
    wechat: Authorized,
    callers: Callers,
    identities: Identities,
    state: State,
    templates: Templates,
}

impl lambda::Function for Function {
    const NAME: &str = "sync";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let client = store::client(config)?;
        let wechat = Authorized::new(Account::Oa, config, client.clone(), queue::client(config)?).await?;
        let state = State::new(config, client.clone())?;
        Ok(Self {
            oa_appid: config.appid(Account::Oa)?,
            most_removed_percent: config.sync_most_removed_percent()?,
            clock: config.clock()?,
            templates: Templates::new(config, &wechat, state.clone())?,
            wechat,
            callers: Callers::new(config, client.clone())?,
            identities: Identities::new(config, client)?,
            state,
        })
    }

    /// Takes a request, the schedule's tick, or an operator's order. What the tables did not answer, the
    /// next tick tries again.
    async fn handle(&self, event: Event, deadline: SystemTime) -> Result<Answer, lambda::Error> {
        match event {
            Event::Http(request) => Ok(Answer::Http(http::answer(self.answer(&request).await))),
            Event::Command(command) => {
                let order: Command = serde_json::from_value(command)?;
                let slice = self.clock.until(deadline).saturating_sub(SHUTDOWN_MARGIN);
                let progress = match order.sync {
                    Trigger::Tick => self.tick(slice).await?,
                    Trigger::Now => {
                        self.ordered(slice, Advance { force: order.force, anew: order.anew }).await?
                    }
                };
                Ok(Answer::Command(serde_json::to_value(SyncProgress::from(progress))?))
            }
            event @ Event::Queue(_) => Err(event.unexpected()),
        }
    }
}

impl Function {
    async fn answer(&self, request: &Request) -> Result<Response<Body>, Error> {
        let route = http::route(request)?;
        self.callers.caller(request.headers()).await?.may(route.who)?;
        let progress = match route.operation {
            Operation::AdvanceSync => {
                self.ordered(REQUEST_SLICE, http::optional_body(request, ADVANCE_SYNC.largest())?).await?
            }
            Operation::SyncProgress => self.state.sync_run(&self.oa_appid).await?.progress,
            _ => return Err(http::no_such_route()),
        };
        Ok(http::json(StatusCode::OK, &SyncProgress::from(progress)))
    }
}
