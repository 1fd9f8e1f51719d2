//! GET and POST /events: WeChat's callbacks go onto a queue. The queue: they change the map and the messages.

mod callback;
mod crypt;
mod replays;
mod work;

use std::convert::Infallible;
use std::time::Duration;

use lambda_http::http::Method;
use lambda_http::{Adapter, Body, LambdaEvent, Request, Response, Service, service_fn};
use lambda_runtime::{Context, Error as RuntimeError};
use serde_json::Value;
use shared::config::SecretName;
use shared::queue::Queues;
use shared::store::{self, Identities, Messages, State};
use shared::wechat::{Tokens, WeChat};
use shared::{Config, Error, http, telemetry};

use callback::Verifier;
use crypt::Key;
use replays::Replays;

/// How long the queue may take: WeChat hangs up after 5 s, and comes again if it is not told `success`.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(3);

/// The function's clients.
pub struct Events {
    verifier: Verifier,
    replays: Replays,
    wechat: WeChat,
    identities: Identities,
    messages: Messages,
    queues: Queues,
}

impl Events {
    /// Builds the clients; once, in init.
    ///
    /// # Errors
    /// When the callback's token or key is not to be had, or the key is none.
    pub async fn new(config: &Config) -> Result<Self, RuntimeError> {
        let key = Key::parse(&config.secret(SecretName::CallbackAesKey).await?);
        let verifier = Verifier {
            token: config.secret(SecretName::CallbackToken).await?,
            key: key.ok_or("CALLBACK_AES_KEY must be an EncodingAESKey: 43 characters of base64")?,
            appid: config.oa_appid.clone(),
            mode: config.callback_mode,
        };
        let (client, queues) = (store::client(config), Queues::new(config));
        let tokens = Tokens::new(config, State::new(config, client.clone()), queues.clone());
        Ok(Self {
            verifier,
            replays: Replays::default(),
            wechat: WeChat::new(config, tokens),
            identities: Identities::new(config, client.clone()),
            messages: Messages::new(config, client),
            queues,
        })
    }

    /// Takes a request from API Gateway, or a batch of events from the queue.
    ///
    /// # Errors
    /// When the event is neither.
    pub async fn handle(&self, event: Value) -> Result<Value, RuntimeError> {
        if event.get("Records").is_some() {
            let answer = self.work(serde_json::from_value(event)?).await;
            telemetry::flush();
            return Ok(serde_json::to_value(answer)?);
        }
        let request = serde_json::from_str(&event.to_string())?;
        let answer = |request| async { Ok::<_, Infallible>(http::answer(self.answer(request).await)) };
        let response = Adapter::from(service_fn(answer)).call(LambdaEvent::new(request, Context::default()));
        Ok(serde_json::to_value(response.await?)?)
    }

    async fn answer(&self, request: Request) -> Result<Response<Body>, Error> {
        match *request.method() {
            Method::GET => Ok(http::text(self.verifier.echo(&request)?)),
            Method::POST => self.take(&request).await,
            _ => Err(Error::MethodNotAllowed),
        }
    }

    /// Puts the event on the queue. Only when it is there is WeChat told `success`; else WeChat comes again.
    async fn take(&self, request: &Request) -> Result<Response<Body>, Error> {
        let (event, signature) = self.verifier.read(request)?;
        if let Some(event) = event.filter(|_| !self.replays.knows(&signature)) {
            let queued = tokio::time::timeout(QUEUE_TIMEOUT, self.queues.event(&event, Duration::ZERO)).await;
            queued.map_err(Error::unavailable)??;
            self.replays.remember(signature);
        }
        Ok(http::text("success".to_owned()))
    }
}
