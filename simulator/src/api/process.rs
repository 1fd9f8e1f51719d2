//! The way of a call through faults and bookkeeping to its answer.

use std::time::SystemTime;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::api::answer::{Answer, body_of};
use crate::api::call::ApiCall;
use crate::api::endpoints::Endpoint;
use crate::api::in_flight::InFlight;
use crate::api::receiver::receiver_of;
use crate::faults::endpoints::{Failure, FaultOutcome, InjectedFault};
use crate::simulator::Simulator;
use crate::state::State;

/// Marks a response that must never be written: the connection is cut instead.
#[derive(Clone)]
pub(crate) struct Cut;

/// Answers a call, unless a fault has other plans for it.
pub(crate) async fn process(
    simulator: Simulator,
    endpoint: &'static Endpoint,
    mut call: ApiCall,
) -> Response {
    let clock = simulator.clock();
    let work = clock.work();
    let (_in_flight, injected, until) = start(&simulator, endpoint, &mut call);
    let _work = match until {
        Some(until) => {
            drop(work);
            clock.sleep_until(until).await;
            clock.work()
        }
        None => work,
    };
    let mut state = simulator.lock();
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

fn start(
    simulator: &Simulator,
    endpoint: &'static Endpoint,
    call: &mut ApiCall,
) -> (InFlight, InjectedFault, Option<SystemTime>) {
    let mut state = simulator.lock();
    state.world.stats.started(endpoint.path);
    let users = (endpoint.users)(&state, call);
    let injected = state.faults.inject(endpoint.path, &users);
    let receiver = receiver_of(call);
    let free = receiver.filter(|user| state.world.receiving.insert((endpoint.path, *user)));
    call.overlaps = receiver != free;
    // From the moment it is counted: whoever sees the call can move the clock over it.
    let slow = Some(injected.latency).filter(|latency| !latency.is_zero());
    let until = slow.map(|latency| state.world.clock.time() + latency);
    (InFlight::new(simulator, endpoint.path, free), injected, until)
}

fn respond(state: &mut State, endpoint: &Endpoint, answer: Answer) -> Response {
    let body = answer.unwrap_or_else(|refusal| {
        state.world.stats.failed(endpoint.path, refusal.errcode.to_string());
        body_of(&refusal, state.world.clock.now())
    });
    ([(header::CONTENT_TYPE, endpoint.content_type)], Body::from(body.to_string())).into_response()
}

fn fail(state: &mut State, endpoint: &Endpoint, outcome: FaultOutcome) -> Response {
    match outcome {
        FaultOutcome::Refused(refusal) => respond(state, endpoint, Err(refusal)),
        FaultOutcome::Status(status, refusal) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            let mut response = match refusal {
                Some(refusal) => respond(state, endpoint, Err(refusal)),
                None => {
                    state.world.stats.failed(endpoint.path, format!("http_{}", status.as_u16()));
                    Html(format!("<html><body><h1>{status}</h1></body></html>")).into_response()
                }
            };
            *response.status_mut() = status;
            response
        }
        FaultOutcome::Body(status, body) => {
            state.world.stats.failed(endpoint.path, "body".into());
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, [(header::CONTENT_TYPE, endpoint.content_type)], body).into_response()
        }
        FaultOutcome::Redirect(location) => {
            state.world.stats.failed(endpoint.path, "redirect".into());
            (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
        }
        FaultOutcome::Cut => {
            state.world.stats.failed(endpoint.path, "cut".into());
            let mut response = StatusCode::OK.into_response();
            response.extensions_mut().insert(Cut);
            response
        }
    }
}
