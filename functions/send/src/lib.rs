//! POST /send: accepts messages for delivery. GET /send/{id}: says what became of them.

mod call;
mod resolve;
mod status;

use std::collections::HashSet;
use std::time::Duration;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;
use shared::catalog::{Allow, Catalog, Notification};
use shared::job::{self, Job, Message, Recipient};
use shared::queue::Queues;
use shared::session::{Caller, Token, User};
use shared::store::{self, Batch, Identities, Messages, Sessions, State};
use shared::{Config, Error, Reason, http};

use call::Call;

/// The function's clients and the catalog.
pub struct Send {
    catalog: Catalog,
    sessions: Sessions,
    identities: Identities,
    messages: Messages,
    state: State,
    queues: Queues,
}

#[derive(Serialize)]
struct Accepted {
    id: String,
    accepted: usize,
    rejected: Vec<Rejected>,
}

/// A recipient who will get nothing, and why.
#[derive(Serialize)]
struct Rejected {
    to: Recipient,
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    remedy: &'static str,
}

impl Rejected {
    fn new(to: Recipient, reason: Reason, detail: Option<String>) -> Self {
        Self { to, reason, detail, remedy: reason.remedy() }
    }
}

impl Send {
    /// Reads the catalog and builds the clients; once, in init.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn new(config: &Config) -> Result<Self, lambda_http::Error> {
        let client = store::client(config);
        Ok(Self {
            catalog: Catalog::load(config.catalog_file.as_deref())?,
            sessions: Sessions::new(config, client.clone()),
            identities: Identities::new(config, client.clone()),
            messages: Messages::new(config, client.clone()),
            state: State::new(config, client),
            queues: Queues::new(config),
        })
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        http::answer(self.answer(request).await)
    }

    async fn answer(&self, request: Request) -> Result<Response<Body>, Error> {
        let caller = self.sessions.caller(&Token::of(request.headers())?).await?;
        match *request.method() {
            Method::POST => self.send(&caller, http::body(&request)?).await,
            Method::GET => {
                let (path, query) = (request.path_parameters(), request.query_string_parameters());
                self.status(&caller, path.first("id").unwrap_or_default(), query.first("after")).await
            }
            _ => Err(Error::MethodNotAllowed),
        }
    }

    async fn send(&self, caller: &Caller, call: Call) -> Result<Response<Body>, Error> {
        call.check()?;
        let notification = self.catalog.find(&call.notification).ok_or_else(|| {
            Error::InvalidRequest(format!("The catalog has no notification `{}`.", call.notification))
        })?;
        if let Caller::User(user) = caller {
            self.allow(user, notification, &call).await?;
        }
        let (messages, rejected) = self.fill(notification, &call).await?;
        let batch = Batch {
            id: shared::random_id(),
            sender: caller.sender(),
            notification: call.notification.clone(),
            recipients: messages.iter().map(|message| (message.n, message.to.clone())).collect(),
            created_at: shared::now(),
        };
        self.messages.open(&batch).await?;
        self.queues.deliver(&jobs(&batch.id, notification, &messages), Duration::ZERO).await?;
        let (accepted, id) = (messages.len(), batch.id);
        tracing::info!(
            batch = id,
            call.notification,
            accepted,
            rejected = rejected.len(),
            "accepted a batch"
        );
        Ok(http::json(StatusCode::ACCEPTED, &Accepted { id, accepted, rejected }))
    }

    /// What a mini-program user may send is what the catalog opens, so many a day.
    async fn allow(&self, user: &User, notification: &Notification, call: &Call) -> Result<(), Error> {
        let own = |to: &Recipient| match to {
            Recipient::Openid(openid) => *openid == user.openid,
            Recipient::Unionid(unionid) => Some(unionid) == user.unionid.as_ref(),
            Recipient::OaOpenid(_) => false,
        };
        let allowed = match notification.allow {
            Allow::Service => false,
            Allow::Oneself => call.recipients().all(|to| own(&to)),
            Allow::Anyone => true,
        };
        let name = &call.notification;
        if !allowed {
            return Err(Error::Forbidden(format!(
                "A mini-program user may not send `{name}` to these recipients; the catalog's `allow` opens it, or send it with a service key."
            )));
        }
        let messages = u32::try_from(call.to.len()).unwrap_or(u32::MAX);
        let counter = format!("{name}#{}", user.openid);
        if self.state.count(&counter, notification.per_day, messages).await? {
            return Ok(());
        }
        let limit = notification.per_day;
        Err(Error::TooManyRequests(format!(
            "A user may send `{name}` {limit} times a day; try again tomorrow."
        )))
    }

    /// Addresses and fills each recipient's message; whoever cannot be reached is rejected with the reason.
    async fn fill(
        &self,
        notification: &Notification,
        call: &Call,
    ) -> Result<(Vec<Message>, Vec<Rejected>), Error> {
        let addresses = self.resolve(call.recipients()).await?;
        let (mut messages, mut rejected, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for ((n, to), address) in (1..).zip(&call.to).zip(addresses) {
            let recipient = to.recipient();
            let oa_openid = match address {
                Ok(oa_openid) => oa_openid,
                Err(reason) => {
                    rejected.push(Rejected::new(recipient, reason, None));
                    continue;
                }
            };
            match notification.render(&call.data_for(to), call.page.as_deref()) {
                Err(detail) => rejected.push(Rejected::new(recipient, Reason::InvalidField, Some(detail))),
                Ok(rendered) if !seen.insert((oa_openid.clone(), rendered.clone())) => {
                    rejected.push(Rejected::new(recipient, Reason::DuplicateRecipient, None));
                }
                Ok(rendered) => messages.push(Message {
                    n,
                    to: recipient,
                    oa_openid,
                    page: rendered.page,
                    data: rendered.data,
                    attempts: 0,
                }),
            }
        }
        Ok((messages, rejected))
    }
}

fn jobs(batch: &str, notification: &Notification, messages: &[Message]) -> Vec<Job> {
    let job = |messages: &[Message]| Job {
        batch: batch.to_owned(),
        template_id: notification.template_id.clone(),
        queued_at: shared::now(),
        messages: messages.to_vec(),
    };
    messages.chunks(job::MOST_RECIPIENTS).map(job).collect()
}
