//! What stands before both back ends: who may call, and what goes wrong on purpose.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::{Router, middleware};
use clock::Clock;
use simulator::of_this_machine;
use tokio::net::TcpListener;

use crate::access_keys::AccessKeys;
use crate::dice::Dice;
use crate::policies::IamPolicies;
use crate::wire::{self, AwsRequest};
use crate::written::Recorder;

/// The reason that callers are told for an injected fault.
pub const INJECTED: &str = "injected fault";

/// What answers behind the proxy: the tables, or the queues.
pub trait Backend: Clone + Send + Sync + 'static {
    /// The share of such calls that go wrong when a function makes them.
    fn fault_share(&self, request: &AwsRequest) -> f64;

    /// Answers a call as AWS does.
    fn forward(&self, request: AwsRequest) -> impl Future<Output = Response> + Send;

    /// Answers a call as AWS does on a bad day.
    fn inject_fault(&self, request: AwsRequest, dice: &Dice) -> impl Future<Output = Response> + Send;
}

/// A back end that only those reach who may.
#[derive(Clone)]
pub struct Proxy<B> {
    backend: B,
    rules: Rules,
    dice: Dice,
}

/// What both back ends' proxies go by.
#[derive(Clone)]
pub struct Rules {
    /// Who calls.
    pub keys: AccessKeys,
    /// What they may do.
    pub policies: IamPolicies,
    /// What time it is.
    pub clock: Clock,
    /// Seeds the dice.
    pub seed: u64,
    /// Whether no call of a function is carried out for now.
    pub outage: Arc<AtomicBool>,
    /// Takes note of what is written, where that is asked for.
    pub recorder: Option<Recorder>,
}

impl<B: Backend> Proxy<B> {
    /// Stands before this back end.
    pub fn new(backend: B, rules: Rules) -> Self {
        Self { backend, dice: Dice::new(rules.seed), rules }
    }

    /// Answers whoever calls here with a key of this run.
    pub async fn serve(self, listener: TcpListener) {
        let app = Router::new()
            .fallback(handle::<B>)
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn(of_this_machine))
            .with_state(self);
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "an emulator's server ended");
        }
    }

    async fn forward(&self, request: AwsRequest) -> Response {
        match &self.rules.recorder {
            Some(recorder) if Recorder::is_a_write(&request) => {
                let request = Recorder::with_row(request);
                recorder.observe(&request, self.backend.forward(request.clone()).await).await
            }
            _ => self.backend.forward(request).await,
        }
    }
}

/// Whoever calls, by name: known before anything of the body is read.
struct Caller(String);

impl<B: Backend> FromRequestParts<Proxy<B>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, proxy: &Proxy<B>) -> Result<Self, Response> {
        let holder = wire::access_key(&parts.headers).and_then(|key| proxy.rules.keys.holder(key));
        holder.map(|holder| Self(holder.to_owned())).ok_or_else(wire::unknown_key)
    }
}

async fn handle<B: Backend>(
    State(proxy): State<Proxy<B>>,
    Caller(by): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = AwsRequest { by, headers, body };
    // Whoever waits for a message does nothing.
    let _work = (request.operation() != Some("ReceiveMessage")).then(|| proxy.rules.clock.work());
    if let Err(denied) = proxy.rules.policies.check(&request) {
        tracing::error!("{denied}");
        return wire::access_denied(&denied);
    }
    if request.is_the_stacks() || request.is_a_polls() {
        return proxy.forward(request).await;
    }
    if proxy.rules.outage.load(Ordering::Relaxed) {
        return wire::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", INJECTED);
    }
    if proxy.dice.hit(proxy.backend.fault_share(&request)) {
        proxy.backend.inject_fault(request, &proxy.dice).await
    } else {
        proxy.forward(request).await
    }
}
