//! GET and POST /events: WeChat's callbacks are verified and go onto a queue, from which `events` works.
//!
//! It faces the Internet: it may send to that one queue and read two secrets, and nothing else. What it has verified
//! it hands on, as it came, to the server that the account had before, where one is named.

// What reads a stranger's bytes is open to `fuzz`.
pub mod crypt;
pub mod fields;
mod seen;
pub mod verify;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use contract::routes::Operation;
use lambda_http::{Body, Request, Response};
use parking_lot::Mutex;
use shared::clock::TimedOut;
use shared::config::{SecretName, Secrets};
use shared::event::Event as Happened;
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, EventsQueue};
use shared::{Clock, Config, Error, Forwarder, http};

use seen::SeenCallbacks;
use verify::{NotUnderstood, Verifier};

/// How long the queue may take: WeChat hangs up after 5 s, and comes again if it is not told `success`.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long that server may take, and by when WeChat is answered in any case.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWERED_WITHIN: Duration = Duration::from_millis(4500);

/// What WeChat is told, unless another server has an answer for it.
const SUCCESS: &str = "success";

/// After so many callbacks in a row that look like WeChat's and are not signed with our token, and after every
/// hundred more, it is said that the token is probably wrong.
const WRONG_IN_A_ROW: u32 = 3;
const TOLD_EVERY: u32 = 100;

/// The function's clients.
pub struct Function {
    config: Config,
    secrets: Secrets<2>,
    verifiers: Mutex<Verifiers>,
    /// How many callbacks in a row were not signed with our token, though they look like WeChat's.
    wrongly_signed: AtomicU32,
    seen: SeenCallbacks,
    clock: Clock,
    queue: EventsQueue,
    forwarder: Option<Forwarder>,
    /// Whether receipts are joined to their messages; else they end here.
    receipts: bool,
}

/// By what the secrets are, and by what they were before: the console is set to new ones sooner or later than the
/// deployment. The older one goes once the newest has recognized WeChat.
#[derive(Clone)]
struct Verifiers {
    newest: Arc<Verifier>,
    older: Option<Arc<Verifier>>,
}

impl lambda::Function for Function {
    const NAME: &str = "callback";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let secrets = Secrets::read(config, [SecretName::CallbackToken, SecretName::CallbackAesKey]).await?;
        let verifier = Verifier::new(config, secrets.current())?;
        let queue = EventsQueue::new(config, queue::client(config)?)?;
        Ok(Self {
            config: config.clone(),
            secrets,
            verifiers: Mutex::new(Verifiers { newest: Arc::new(verifier), older: None }),
            wrongly_signed: AtomicU32::new(0),
            seen: SeenCallbacks::default(),
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
            Operation::VerifyCallback => {
                Ok(http::text(self.verified(request, |verifier| verifier.echo(request)).await?))
            }
            Operation::Callback => self.accept(request).await,
            _ => Err(http::no_such_route()),
        }
    }

    /// Puts the event on the queue. Only when it is there is WeChat told `success`; else WeChat comes again.
    async fn accept(&self, request: &Request) -> Result<Response<Body>, Error> {
        let answered_by = self.clock.time() + ANSWERED_WITHIN;
        let (reading, signature) = self.verified(request, |verifier| verifier.read(request)).await?;
        let event = reading.unwrap_or_else(|NotUnderstood(field)| {
            // It is WeChat's, and would be the same the next time.
            metrics::counter!("NotUnderstood").increment(1);
            tracing::warn!(field, "a callback of WeChat's is not understood");
            None
        });
        let is_wanted = |event: &Happened| self.receipts || !matches!(event, Happened::Receipt { .. });
        if let Some(event) = event.filter(is_wanted).filter(|_| !self.seen.contains(&signature)) {
            let queued = self.clock.timeout(QUEUE_TIMEOUT, self.queue.enqueue(&event, Duration::ZERO)).await;
            queued.map_err(|TimedOut| Error::unavailable("the queue did not answer in time"))??;
            self.seen.insert(signature);
        }
        Ok(http::text(self.forward(request, answered_by).await))
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

    /// What the verifiers make of a request; once more with what the secrets are now where it looks like WeChat's and
    /// is not signed with our token.
    async fn verified<T>(
        &self,
        request: &Request,
        verify: impl Fn(&Verifier) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let is_recognized = |outcome: &Result<T, Error>| !matches!(outcome, Err(Error::Forbidden(_)));
        let Verifiers { newest, older } = self.verifiers.lock().clone();
        let outcome = verify(&newest);
        if is_recognized(&outcome) {
            self.wrongly_signed.store(0, Ordering::Relaxed);
            let mut verifiers = self.verifiers.lock();
            if Arc::ptr_eq(&verifiers.newest, &newest) {
                verifiers.older = None;
            }
            return outcome;
        }
        if let Some(outcome) = older.map(|older| verify(&older)).filter(is_recognized) {
            self.wrongly_signed.store(0, Ordering::Relaxed);
            return outcome;
        }
        if !newest.is_well_formed(request) {
            return outcome;
        }
        if self.secrets.have_changed().await {
            let changed = Verifier::new(&self.config, self.secrets.current()).map_err(Error::unavailable)?;
            tracing::info!("the callback secrets were replaced");
            let outcome = verify(&changed);
            *self.verifiers.lock() = Verifiers { newest: Arc::new(changed), older: Some(newest) };
            return outcome;
        }
        metrics::counter!("WronglySigned").increment(1);
        let in_a_row = self.wrongly_signed.fetch_add(1, Ordering::Relaxed) + 1;
        if in_a_row % TOLD_EVERY == WRONG_IN_A_ROW {
            tracing::error!(
                in_a_row,
                "callbacks look like WeChat's and are not signed with our token: CALLBACK_TOKEN, CALLBACK_AES_KEY or the appid is probably not what WeChat's console says"
            );
        }
        outcome
    }
}
