//! POST /forget: what is kept of one user is deleted. The map, the sessions and the credits at once; the messages,
//! which have no index by user, by a worker that looks through the table, from where the one before it came to.

use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::SqsMessage;
use contract::routes::{FORGET, Operation};
use contract::send::is_id;
use contract::{Deleted, Forgetting as Answered, ForgettingState, Recipient};
use lambda_http::{Body, Request, RequestExt, Response};
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, ForgetQueue, ForgetRequest};
use shared::session::Token;
use shared::store::{
    self, Callers, Credits, Forgetting, Identities, Messages, SessionKeys, Sessions, State, UserIds,
};
use shared::{Clock, Config, Error, http};

/// What a slice leaves of the function's time, to save where it came to.
const TO_STOP: Duration = Duration::from_secs(20);

/// A deletion may take so long, in seconds, until somebody is told.
const LATE: i64 = 24 * 3600;

/// The function's clients.
pub struct Function {
    callers: Callers,
    identities: Identities,
    sessions: Sessions,
    session_keys: SessionKeys,
    messages: Messages,
    credits: Credits,
    state: State,
    queue: ForgetQueue,
    clock: Clock,
}

impl lambda::Function for Function {
    const NAME: &str = "forget";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let client = store::client(config)?;
        Ok(Self {
            callers: Callers::new(config, client.clone())?,
            identities: Identities::new(config, client.clone())?,
            sessions: Sessions::new(config, client.clone())?,
            session_keys: SessionKeys::new(config, client.clone())?,
            messages: Messages::new(config, client.clone())?,
            credits: Credits::new(config, client.clone())?,
            state: State::new(config, client)?,
            queue: ForgetQueue::new(config, queue::client(config)?)?,
            clock: config.clock()?,
        })
    }

    async fn handle(&self, event: Event, deadline: SystemTime) -> Result<Answer, lambda::Error> {
        match event {
            Event::Http(request) => Ok(Answer::Http(http::answer(self.answer(&request).await))),
            Event::Queue(messages) => Ok(Answer::Queue(self.work_off(messages, deadline - TO_STOP).await)),
            event @ Event::Command(_) => Err(event.unexpected()),
        }
    }
}

impl Function {
    async fn answer(&self, request: &Request) -> Result<Response<Body>, Error> {
        let route = http::route(request)?;
        self.callers.caller(request.headers()).await?.may(route.who)?;
        let forgetting = match route.operation {
            Operation::Forget => self.begin(&http::body(request, FORGET.largest())?).await?,
            Operation::Forgetting => {
                let path = request.path_parameters();
                let id = path.first("id").filter(|id| is_id(id)).ok_or_else(unknown)?;
                self.state.forgetting(id).await?.ok_or_else(unknown)?
            }
            _ => return Err(http::no_such_route()),
        };
        Ok(http::json(route.status, &told(forgetting)))
    }

    /// Deletes the map's rows and the sessions, and has the messages looked through. A call for a user whose deletion
    /// has failed half-way goes on with the names that were known then.
    async fn begin(&self, whom: &Recipient) -> Result<Forgetting, Error> {
        check(whom)?;
        let id = id_of(whom);
        let mut ids = self.identities.ids_of(whom).await?;
        if let Some(earlier) = self.state.forgetting(&id).await? {
            ids = ids.and(earlier.ids);
        }
        let now = self.clock.now();
        let mut forgetting = Forgetting {
            id,
            call: shared::random_id(),
            ids,
            after: None,
            done: false,
            identities: 0,
            sessions: 0,
            credits: 0,
            messages: 0,
            scanned: 0,
            started_at: now,
            updated_at: now,
        };
        self.state.begin_forgetting(&forgetting).await?;
        self.forget_at_once(&mut forgetting).await?;
        self.state.save_forgetting(&forgetting).await?;
        let request = ForgetRequest { id: forgetting.id.clone(), call: forgetting.call.clone() };
        self.queue.enqueue(&request).await?;
        tracing::info!(
            identities = forgetting.identities,
            sessions = forgetting.sessions,
            "forgetting a user"
        );
        Ok(forgetting)
    }

    /// Ends the sessions, deletes what the user was credited by them, and the map's rows.
    async fn forget_at_once(&self, forgetting: &mut Forgetting) -> Result<(), Error> {
        for openid in &forgetting.ids.openids {
            let sessions = self.sessions.of(openid).await?;
            tokio::try_join!(self.session_keys.delete(&sessions), self.sessions.end(&sessions))?;
            forgetting.sessions += sessions.len() as u64;
            // Nobody accepts for them any more.
            forgetting.credits += self.credits.forget(openid).await?;
        }
        forgetting.identities += self.identities.forget(&forgetting.ids).await?;
        Ok(())
    }

    /// Takes up the other names that messages have for the user, whom the map may not know any more: what has them
    /// goes, too, and whatever was looked through is looked through once more for them.
    async fn learn(&self, found: UserIds, forgetting: &mut Forgetting) -> Result<bool, Error> {
        let all = forgetting.ids.clone().and(found);
        if all == forgetting.ids {
            return Ok(false);
        }
        forgetting.ids = all.clone();
        for name in all.names() {
            let more = self.identities.ids_of(&name).await?;
            forgetting.ids = std::mem::take(&mut forgetting.ids).and(more);
        }
        self.forget_at_once(forgetting).await?;
        Ok(true)
    }

    /// Gives the ids of what is not done, and is to be delivered again.
    async fn work_off(&self, messages: Vec<SqsMessage>, deadline: SystemTime) -> Vec<String> {
        let mut unfinished = Vec::new();
        for message in messages {
            let body = message.body.as_deref().unwrap_or_default();
            let is_done = match serde_json::from_str::<ForgetRequest>(body) {
                Ok(request) => self.look_through(&request, deadline).await.unwrap_or_else(|error| {
                    tracing::warn!(cause = error.causes(), "forgetting a user goes on later: {error}");
                    false
                }),
                Err(error) => {
                    tracing::error!(%error, "could not parse a request to forget a user");
                    true
                }
            };
            if !is_done {
                if is_late(&message, self.clock.now()) {
                    metrics::counter!("ForgetLate").increment(1);
                }
                unfinished.extend(message.message_id);
            }
        }
        unfinished
    }

    /// Takes the user out of the messages, a page of the table after the other; `false` when the time is over first.
    async fn look_through(&self, request: &ForgetRequest, deadline: SystemTime) -> Result<bool, Error> {
        let found = self.state.forgetting(&request.id).await?;
        let wanted = found.filter(|forgetting| forgetting.call == request.call && !forgetting.done);
        let Some(mut forgetting) = wanted else { return Ok(true) };
        while !forgetting.done {
            if self.clock.time() >= deadline {
                return Ok(false);
            }
            let page = self.messages.scan(forgetting.after.as_ref()).await?;
            let has_learned = self.learn(page.names_beside(&forgetting.ids), &mut forgetting).await?;
            if has_learned && !self.state.save_forgetting(&forgetting).await? {
                return Ok(true);
            }
            forgetting.messages += self.messages.forget(&page, &forgetting.ids).await?;
            forgetting.scanned += page.items;
            forgetting.after = page.next.filter(|_| !has_learned);
            forgetting.done = forgetting.after.is_none() && !has_learned;
            forgetting.updated_at = self.clock.now();
            if forgetting.done {
                forgetting.ids = UserIds::default();
            }
            if !self.state.save_forgetting(&forgetting).await? {
                return Ok(true);
            }
        }
        metrics::counter!("Forgotten").increment(1);
        tracing::info!(messages = forgetting.messages, scanned = forgetting.scanned, "forgot a user");
        Ok(true)
    }
}

/// Whether it was asked for long ago. The queue's own metric leaves out what was received a few times.
fn is_late(message: &SqsMessage, now: i64) -> bool {
    let sent_at = message.attributes.get("SentTimestamp").and_then(|millis| millis.parse::<i64>().ok());
    sent_at.is_some_and(|millis| now - millis / 1000 > LATE)
}

fn check(whom: &Recipient) -> Result<(), Error> {
    let (Recipient::Openid(id) | Recipient::Unionid(id) | Recipient::OaOpenid(id)) = whom;
    match is_id(id) {
        true => Ok(()),
        false => Err(Error::InvalidRequest(
            "Name the user by one of `openid`, `unionid`, `oa_openid`, of letters, digits, `_` and `-`."
                .into(),
        )),
    }
}

/// The same for the same name, so that a call that failed half-way is found by the next; nobody's name.
fn id_of(whom: &Recipient) -> String {
    let (kind, id) = match whom {
        Recipient::Openid(id) => ("openid", id),
        Recipient::Unionid(id) => ("unionid", id),
        Recipient::OaOpenid(id) => ("oa_openid", id),
    };
    Token::from_text(&format!("forget {kind} {id}")).id()
}

fn unknown() -> Error {
    Error::NotFound("Nobody was forgotten under this id, or more than 30 days ago.".into())
}

fn told(forgetting: Forgetting) -> Answered {
    let Forgetting { id, identities, sessions, credits, messages, scanned, started_at, updated_at, .. } =
        forgetting;
    let state = if forgetting.done { ForgettingState::Done } else { ForgettingState::Running };
    Answered {
        id,
        state,
        deleted: Deleted { identities, sessions, credits, messages },
        scanned,
        started_at,
        updated_at,
    }
}
