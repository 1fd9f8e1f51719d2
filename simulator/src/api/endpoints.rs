//! WeChat's endpoints, and the way of a call through faults and bookkeeping to its answer.

use std::collections::HashMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::Value;

use crate::Simulator;
use crate::api::answer::{Answer, Refusal};
use crate::api::call::{ApiCall, InFlight};
use crate::faults::endpoints::{Failure, FaultOutcome, InjectedFault};
use crate::state::State;
use crate::world::followers::{self, UserList};
use crate::world::login;
use crate::world::messages;
use crate::world::templates;
use crate::world::tokens;
use crate::world::users::Id;

const JSON: &str = "application/json; encoding=utf-8";

pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    post_only: bool,
    content_type: &'static str,
    answer: fn(&mut State, &ApiCall) -> Answer,
    /// The users a call is about, for faults that concern only some.
    users: fn(&State, &ApiCall) -> Vec<u32>,
}

const fn endpoint(path: &'static str, answer: fn(&mut State, &ApiCall) -> Answer) -> Endpoint {
    Endpoint { path, post_only: false, content_type: JSON, answer, users: |_, _| Vec::new() }
}

static ENDPOINTS: [Endpoint; 8] = [
    Endpoint {
        content_type: "text/plain",
        users: |state, call| {
            call.query("js_code").and_then(|code| state.logins.user(code)).into_iter().collect()
        },
        ..endpoint("/sns/jscode2session", login::jscode2session)
    },
    endpoint("/cgi-bin/token", tokens::token),
    Endpoint { post_only: true, ..endpoint("/cgi-bin/stable_token", tokens::stable_token) },
    endpoint("/cgi-bin/user/get", followers::user_get),
    Endpoint {
        users: |_, call| {
            call.query("openid").and_then(|openid| Id::OaOpenid.user(openid)).into_iter().collect()
        },
        ..endpoint("/cgi-bin/user/info", followers::user_info)
    },
    Endpoint {
        post_only: true,
        users: |_, call| {
            let listed = call.json::<UserList>().map(|list| list.user_list).unwrap_or_default();
            listed.iter().filter_map(|user| Id::OaOpenid.user(&user.openid)).collect()
        },
        ..endpoint("/cgi-bin/user/info/batchget", followers::batchget)
    },
    Endpoint {
        post_only: true,
        users: |_, call| messages::receiver_of(call).into_iter().collect(),
        ..endpoint(messages::SEND, messages::send)
    },
    endpoint("/cgi-bin/template/get_all_private_template", templates::get_all_private_template),
];

impl Endpoint {
    pub(crate) fn by_path(path: &str) -> Option<&'static Self> {
        ENDPOINTS.iter().find(|endpoint| endpoint.path == path)
    }

    fn call(&self, state: &mut State, call: &ApiCall) -> Answer {
        if self.post_only && !call.is_post {
            return Err(Refusal::new(43002));
        }
        (self.answer)(state, call)
    }
}

/// Marks a response that must never be written: the connection is cut instead.
#[derive(Clone)]
pub(crate) struct Cut;

pub(crate) fn router(simulator: &Simulator) -> Router {
    ENDPOINTS.iter().fold(Router::new(), |router, endpoint| {
        let simulator = simulator.clone();
        let handler =
            move |method: Method, Query(parameters): Query<HashMap<String, String>>, body: Bytes| {
                let call = ApiCall {
                    path: endpoint.path,
                    is_post: method == Method::POST,
                    parameters,
                    body,
                    overlaps: false,
                };
                // On its own, so that a caller who hangs up does not undo what WeChat has already read.
                let outcome = tokio::spawn(simulator.clone().process(endpoint, call));
                async { outcome.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()) }
            };
        router.route(endpoint.path, any(handler))
    })
}

impl Simulator {
    async fn process(self, endpoint: &'static Endpoint, mut call: ApiCall) -> Response {
        let (_in_flight, injected) = self.start(endpoint, &mut call);
        if !injected.latency.is_zero() {
            tokio::time::sleep(injected.latency).await;
        }
        let mut state = self.lock();
        match injected.failure {
            None => {
                let answer = endpoint.call(&mut state, &call);
                respond(&mut state, endpoint, answer)
            }
            Some(Failure { outcome, takes_effect }) => {
                if takes_effect {
                    // The fault decides what the caller sees, whatever became of the call.
                    let _unseen = endpoint.call(&mut state, &call);
                }
                fail(&mut state, endpoint, outcome)
            }
        }
    }

    fn start(&self, endpoint: &'static Endpoint, call: &mut ApiCall) -> (InFlight, InjectedFault) {
        let mut state = self.lock();
        state.stats.started(endpoint.path);
        let users = (endpoint.users)(&state, call);
        let injected = state.faults.inject(endpoint.path, &users);
        let receiver = messages::receiver_of(call);
        let free = receiver.filter(|user| state.receiving.insert(*user));
        call.overlaps = receiver != free;
        (InFlight::new(self, endpoint.path, free), injected)
    }
}

fn respond(state: &mut State, endpoint: &Endpoint, answer: Answer) -> Response {
    let body = answer.unwrap_or_else(|refusal| {
        state.stats.failed(endpoint.path, refusal.errcode.to_string());
        refusal.body(state.clock.now())
    });
    written(endpoint, &body)
}

fn fail(state: &mut State, endpoint: &Endpoint, outcome: FaultOutcome) -> Response {
    match outcome {
        FaultOutcome::Refused(refusal) => respond(state, endpoint, Err(refusal)),
        FaultOutcome::Status(status, refusal) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            let mut response = match refusal {
                Some(refusal) => respond(state, endpoint, Err(refusal)),
                None => {
                    state.stats.failed(endpoint.path, format!("http_{}", status.as_u16()));
                    axum::response::Html(format!("<html><body><h1>{status}</h1></body></html>"))
                        .into_response()
                }
            };
            *response.status_mut() = status;
            response
        }
        FaultOutcome::Cut => {
            state.stats.failed(endpoint.path, "cut".into());
            let mut response = StatusCode::OK.into_response();
            response.extensions_mut().insert(Cut);
            response
        }
    }
}

fn written(endpoint: &Endpoint, body: &Value) -> Response {
    ([(header::CONTENT_TYPE, endpoint.content_type)], Body::from(body.to_string())).into_response()
}
