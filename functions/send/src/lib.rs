//! POST /send: accepts messages for delivery. GET /send/{id}: says what became of them.
//! POST /send/{id}/replay: has some of them sent anew. POST /subscriptions: credits what a user has accepted.
//! GET /templates: shows the catalog beside the accounts' templates.

mod accept;
mod check;
mod dry_run;
mod gone;
mod permission;
mod reader;
mod replay;
mod resolve;
mod status;
mod subscriptions;
mod templates;

use std::time::{Duration, SystemTime};

use contract::dry_run::MOST_PREVIEWS;
use contract::routes::{LONGEST_IDEMPOTENCY_KEY as LONGEST_KEY, Operation, REPLAY, SEND, SUBSCRIBE};
use contract::send::{LARGEST_OF_A_USER, Named, is_id};
use contract::{Accepted, SendRequest};
use lambda_http::http::{HeaderMap, StatusCode};
use lambda_http::{Body, Request, RequestExt, Response};
use shared::catalog::{Catalog, Notification};
use shared::config::SubscriptionSource;
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, DeliverQueue};
use shared::session::Caller;
use shared::store::{self, Callers, Claim, ClaimLease, Credits, Identities, Messages, State};
use shared::{Account, Clock, Config, CurrentCatalog, Error, http};

use gone::GoneTemplates;

/// How long a call may hold its Idempotency-Key, in seconds: longer than Lambda lets the function run.
const CLAIM: i64 = 30;

/// How often, and after what pause, a call looks whether the one before it with the same key is done.
const LOOKS: u32 = 100;
const LOOK_PAUSE: Duration = Duration::from_millis(200);

/// The function's clients and the catalog.
pub struct Function {
    oa_appid: String,
    mini_appid: String,
    catalog: CurrentCatalog,
    callers: Callers,
    identities: Identities,
    messages: Messages,
    credits: Credits,
    source: SubscriptionSource,
    state: State,
    gone: GoneTemplates,
    queue: DeliverQueue,
    clock: Clock,
}

impl lambda::Function for Function {
    const NAME: &str = "send";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let client = store::client(config)?;
        let state = State::new(config, client.clone())?;
        Ok(Self {
            oa_appid: config.appid(Account::Oa)?,
            mini_appid: config.appid(Account::Mini)?,
            gone: GoneTemplates::new(state.clone(), config.clock()?),
            catalog: CurrentCatalog::new(config, state.clone())?,
            callers: Callers::new(config, client.clone())?,
            identities: Identities::new(config, client.clone())?,
            messages: Messages::new(config, client.clone())?,
            credits: Credits::new(config, client)?,
            source: config.subscription_source()?,
            state,
            queue: DeliverQueue::new(config, queue::client(config)?)?,
            clock: config.clock()?,
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        let request = event.into_request()?;
        Ok(Answer::Http(http::answer(self.answer(&request).await)))
    }
}

impl Function {
    async fn answer(&self, request: &Request) -> Result<Response<Body>, Error> {
        let route = http::route(request)?;
        let caller = self.callers.caller(request.headers()).await?;
        let (path, query) = (request.path_parameters(), request.query_string_parameters());
        // What no batch can be called is asked of no table.
        let id = path.first("id").filter(|id| is_id(id));
        match route.operation {
            Operation::Send => {
                caller.may(route.who)?;
                match is_dry_run(query.first("dry_run"))? {
                    true => self.try_out(&caller, request).await,
                    false => self.send(&caller, request).await,
                }
            }
            Operation::Templates => {
                caller.may(route.who)?;
                Ok(http::json(route.status, &self.templates().await?))
            }
            Operation::Status => {
                let id = id.ok_or_else(status::unknown)?;
                self.status(&caller, route.who, id, query.first("after")).await
            }
            Operation::Replay => {
                caller.may(route.who)?;
                self.replay(id.ok_or_else(status::unknown)?, http::body(request, REPLAY.largest())?).await
            }
            Operation::Subscribe => {
                self.subscribe(&caller.user()?, &http::body(request, SUBSCRIBE.largest())?).await
            }
            _ => Err(http::no_such_route()),
        }
    }

    /// With an Idempotency-Key, the same call makes the same batch, however often it comes.
    async fn send(&self, caller: &Caller, request: &Request) -> Result<Response<Body>, Error> {
        // One for all of the call: what may be sent is what is sent.
        let catalog = self.catalog.current().await?;
        let call = call(caller, request, &catalog)?;
        let Some(key) = idempotency_key(request.headers())? else {
            let accepted = self.accept(caller, &call, shared::random_id(), &catalog).await?;
            return Ok(http::json(StatusCode::ACCEPTED, &accepted));
        };
        let accepted = match self.claim(caller, key, request.body()).await? {
            Claim::Done(id) => self.accepted(caller, &id).await?,
            Claim::Acquired(lease) => {
                let outcome = self.accept_claimed(caller, &call, &lease, &catalog).await;
                match outcome {
                    Ok(_) => self.state.complete(&lease).await?,
                    Err(_) => self.state.release_claim(&lease).await?,
                }
                outcome?
            }
            Claim::Conflict => {
                return Err(Error::Conflict(
                    "This Idempotency-Key stands for another body; use a new key for a new call.".into(),
                ));
            }
            Claim::InProgress => {
                return Err(Error::Conflict(
                    "A call with this Idempotency-Key is still running; try again in a few seconds.".into(),
                ));
            }
        };
        Ok(http::json(StatusCode::ACCEPTED, &accepted))
    }

    /// Says what [`Self::send`] would do. An Idempotency-Key that could be one is nothing to it.
    async fn try_out(&self, caller: &Caller, request: &Request) -> Result<Response<Body>, Error> {
        // What becomes of others is not told to a user.
        if let Caller::User(_) = caller {
            return Err(Error::Forbidden("Only a service key may have a dry run.".into()));
        }
        idempotency_key(request.headers())?;
        let catalog = self.catalog.current().await?;
        let call = call(caller, request, &catalog)?;
        if call.to.len() > MOST_PREVIEWS {
            return Err(Error::TooLarge(format!(
                "A dry run takes at most {MOST_PREVIEWS} recipients; split it."
            )));
        }
        Ok(http::json(StatusCode::OK, &self.dry_run(&call, &catalog).await?))
    }

    /// Claims the batch of this key, waiting for a call that is making it.
    async fn claim(&self, caller: &Caller, key: &str, body: &[u8]) -> Result<Claim, Error> {
        for _ in 0..LOOKS {
            match self.state.claim(&caller.sender(), key, body, CLAIM).await? {
                Claim::InProgress => self.clock.sleep(LOOK_PAUSE).await,
                claim => return Ok(claim),
            }
        }
        Ok(Claim::InProgress)
    }

    async fn accept_claimed(
        &self,
        caller: &Caller,
        call: &SendRequest,
        lease: &ClaimLease,
        catalog: &Catalog,
    ) -> Result<Accepted, Error> {
        match lease.resumed {
            true => self.accept_again(caller, call, &lease.id, catalog).await,
            false => self.accept(caller, call, lease.id.clone(), catalog).await,
        }
    }
}

/// The call. Of a user's, no more than the notification's name is looked at before it is known that they may send that.
fn call(caller: &Caller, request: &Request, catalog: &Catalog) -> Result<SendRequest, Error> {
    let Caller::User(user) = caller else {
        let call = http::body(request, SEND.largest())?;
        check::check(&call)?;
        return Ok(call);
    };
    let Named { notification: name } = http::body(request, LARGEST_OF_A_USER)?;
    let notification = notification(catalog, &name)?;
    permission::may_send(notification)?;
    let call = http::body(request, LARGEST_OF_A_USER)?;
    check::check(&call)?;
    permission::may_send_to(user, notification, &call)?;
    Ok(call)
}

fn notification<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Notification, Error> {
    let unknown = || {
        Error::InvalidRequest(
            "The catalog has no such `notification`: it is the name of an entry of notifications.toml."
                .into(),
        )
    };
    catalog.find(name).ok_or_else(unknown)
}

fn is_dry_run(asked: Option<&str>) -> Result<bool, Error> {
    match asked {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Error::InvalidRequest("`dry_run` must be `true` or `false`.".into())),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(Error::InvalidRequest(format!(
            "`Idempotency-Key` must have 1 to {LONGEST_KEY} ASCII characters."
        )));
    }
    Ok(Some(key))
}
