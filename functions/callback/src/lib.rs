//! GET and POST /events: WeChat's callbacks are verified and go onto a queue, from which `events` works.
//!
//! It faces the Internet: it may send to that one queue and read two secrets, and nothing else.

mod crypt;
mod fields;
mod seen;
mod verify;

use std::time::{Duration, SystemTime};

use contract::routes::Operation;
use lambda_http::{Body, Request, Response};
use shared::clock::TimedOut;
use shared::config::SecretName;
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, EventsQueue};
use shared::{Account, Clock, Config, Error, http};

use crypt::Key;
use seen::SeenCallbacks;
use verify::{NotUnderstood, Verifier};

/// How long the queue may take: WeChat hangs up after 5 s, and comes again if it is not told `success`.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(3);

/// The function's clients.
pub struct Function {
    verifier: Verifier,
    seen: SeenCallbacks,
    clock: Clock,
    queue: EventsQueue,
}

impl lambda::Function for Function {
    const NAME: &str = "callback";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let [token, key] = config.secrets([SecretName::CallbackToken, SecretName::CallbackAesKey]).await?;
        let verifier = Verifier {
            token,
            key: Key::parse(&key)
                .ok_or("CALLBACK_AES_KEY must be an EncodingAESKey: 43 characters of base64")?,
            appid: config.appid(Account::Oa)?,
            mode: config.callback_mode()?,
            clock: config.clock()?,
        };
        let queue = EventsQueue::new(config, queue::client(config)?)?;
        Ok(Self { verifier, seen: SeenCallbacks::default(), clock: config.clock()?, queue })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        let request = event.into_request()?;
        Ok(Answer::Http(http::answer(self.answer(&request).await)))
    }
}

impl Function {
    async fn answer(&self, request: &Request) -> Result<Response<Body>, Error> {
        match http::route(request)?.operation {
            Operation::VerifyCallback => Ok(http::text(self.verifier.echo(request)?)),
            Operation::Callback => self.accept(request).await,
            _ => Err(http::no_such_route()),
        }
    }

    /// Puts the event on the queue. Only when it is there is WeChat told `success`; else WeChat comes again.
    async fn accept(&self, request: &Request) -> Result<Response<Body>, Error> {
        let (reading, signature) = self.verifier.read(request)?;
        let event = reading.unwrap_or_else(|NotUnderstood(field)| {
            // It is WeChat's, and would be the same the next time.
            metrics::counter!("NotUnderstood").increment(1);
            tracing::warn!(field, "a callback of WeChat's is not understood");
            None
        });
        if let Some(event) = event.filter(|_| !self.seen.contains(&signature)) {
            let queued = self.clock.timeout(QUEUE_TIMEOUT, self.queue.enqueue(&event, Duration::ZERO)).await;
            queued.map_err(|TimedOut| Error::unavailable("the queue did not answer in time"))??;
            metrics::counter!("Queued").increment(1);
            self.seen.insert(signature);
        }
        Ok(http::text("success".to_owned()))
    }
}
