//! GET and POST /events, of the Official Account, and /events/mini, of the mini-program: WeChat's callbacks are verified
//! and go onto a queue, from which `events` works.
//!
//! It faces the Internet: it may send to that one queue and read each account's two secrets, and nothing else. What it
//! has verified of the Official Account's it hands on, as it came, to the server that the account had before, where one is
//! named.

// What reads a stranger's bytes is open to `fuzz`.
pub mod crypt;
mod endpoint;
pub mod fields;
pub mod reading;
mod seen;
pub mod verify;

use std::time::{Duration, SystemTime};

use contract::routes::Operation;
use lambda_http::{Body, Request, Response};
use shared::clock::TimedOut;
use shared::event::Event as Happened;
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, EventsQueue};
use shared::{Clock, Config, Error, Forwarder, http};

use endpoint::Endpoint;
use reading::NotUnderstood;

/// How long the queue may take: WeChat hangs up after 5 s, and comes again if it is not told `success`.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long that server may take, and by when WeChat is answered in any case.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWERED_WITHIN: Duration = Duration::from_millis(4500);

/// What is said where nobody set up the mini-program's callbacks.
const NO_MINI_CALLBACK: &str = "The mini-program's callbacks are not taken here: deploy with MiniCallbackToken and MiniCallbackAesKey, the Token and EncodingAESKey of its console's message push (开发管理 → 消息推送配置).";

/// What WeChat is told, unless another server has an answer for it.
const SUCCESS: &str = "success";

/// The function's clients.
pub struct Function {
    official_account: Endpoint,
    mini_program: Option<Endpoint>,
    clock: Clock,
    queue: EventsQueue,
    forwarder: Option<Forwarder>,
    /// Whether receipts are joined to their messages; else they end here.
    receipts: bool,
}

impl lambda::Function for Function {
    const NAME: &str = "callback";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let queue = EventsQueue::new(config, queue::client(config)?)?;
        Ok(Self {
            official_account: Endpoint::of_the_official_account(config).await?,
            mini_program: Endpoint::of_the_mini_program(config).await?,
            clock: config.clock()?,
            queue,
            forwarder: Forwarder::new(config)?,
            receipts: config.receipts()?,
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        let request = event.into_request()?;
        Ok(Answer::Http(http::answer(self.answer(&request).await)))
    }
}

impl Function {
    async fn answer(&self, request: &Request) -> Result<Response<Body>, Error> {
        match http::route(request)?.operation {
            Operation::VerifyCallback => echo(&self.official_account, request).await,
            Operation::VerifyMiniCallback => echo(self.mini_program()?, request).await,
            Operation::Callback => {
                let answered_by = self.clock.time() + ANSWERED_WITHIN;
                self.accept(&self.official_account, request).await?;
                Ok(http::text(self.forward(request, answered_by).await))
            }
            Operation::MiniCallback => {
                self.accept(self.mini_program()?, request).await?;
                Ok(http::text(SUCCESS.to_owned()))
            }
            _ => Err(http::no_such_route()),
        }
    }

    fn mini_program(&self) -> Result<&Endpoint, Error> {
        self.mini_program.as_ref().ok_or_else(|| Error::NotFound(NO_MINI_CALLBACK.to_owned()))
    }

    /// Puts what has happened on the queue. Only when all of it is there is WeChat told `success`; else WeChat comes again.
    async fn accept(&self, endpoint: &Endpoint, request: &Request) -> Result<(), Error> {
        let (reading, signature) = endpoint.verified(request, |verifier| verifier.read(request)).await?;
        let understood = reading.into_iter().filter_map(|told| {
            let understood = told.inspect_err(|NotUnderstood(field)| {
                // It is WeChat's, and would be the same the next time.
                metrics::counter!("NotUnderstood").increment(1);
                tracing::warn!(field, account = %endpoint.account, "a callback of WeChat's is not understood");
            });
            understood.ok()
        });
        let is_wanted = |event: &Happened| self.receipts || !matches!(event, Happened::Receipt { .. });
        let events: Vec<_> = understood.filter(is_wanted).collect();
        if events.is_empty() || endpoint.seen.contains(&signature) {
            return Ok(());
        }
        let queued = self.clock.timeout(QUEUE_TIMEOUT, self.queue.enqueue_all(&events)).await;
        queued.map_err(|TimedOut| Error::unavailable("the queue did not answer in time"))??;
        endpoint.seen.insert(signature);
        Ok(())
    }

    /// Hands a callback on, copies, too: that server knows them as it always has. Gives what WeChat is told.
    async fn forward(&self, request: &Request, answered_by: SystemTime) -> String {
        let Some(forwarder) = &self.forwarder else { return SUCCESS.to_owned() };
        let within = self.clock.until(answered_by).min(FORWARD_TIMEOUT);
        match forwarder.forward(request, within).await {
            Ok(answer) => {
                metrics::counter!("Forwarded").increment(1);
                answer
            }
            Err(why) => {
                metrics::counter!("ForwardFailed").increment(1);
                tracing::warn!("the server at FORWARD_URL gave no answer for WeChat: {why}");
                SUCCESS.to_owned()
            }
        }
    }
}

/// The answer to WeChat's question whether an address is ours.
async fn echo(endpoint: &Endpoint, request: &Request) -> Result<Response<Body>, Error> {
    Ok(http::text(endpoint.verified(request, |verifier| verifier.echo(request)).await?))
}
