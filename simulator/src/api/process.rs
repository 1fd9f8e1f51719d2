//! The way of a call through faults and bookkeeping to its answer.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::api::answer::{Answer, body_of};
use crate::api::call::ApiCall;
use crate::api::endpoints::Endpoint;
use crate::api::in_flight::InFlight;
use crate::api::receiver::receiver_of;
use crate::faults::endpoints::{Failure, FaultOutcome, InjectedFault};
use crate::log::Happened;
use crate::simulator::Simulator;
use crate::state::State;
use crate::world::refusal::Refusal;

/// HTTP's dates end with the year 9999, in Unix seconds.
const LATEST_DATE: i64 = 253_402_300_799;

/// The errcode of an answer that is no refusal.
const TAKEN: &str = "0";

/// So many of the users that a call is about stand in the log.
const NAMED: usize = 3;

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
    let (work, began) = (clock.work(), clock.time());
    let Started { in_flight, users, user_count, injected, until } = start(&simulator, endpoint, &mut call);
    let _work = match until {
        Some(until) => {
            drop(work);
            clock.sleep_until(until).await;
            clock.work()
        }
        None => work,
    };
    let mut state = simulator.lock();
    let effect = |state: &mut State| match in_flight.is_of(&state.world) {
        true => endpoint.call(state, &call),
        // The world that it was meant for is gone, and it leaves nothing in this one.
        false => Err(Refusal::new(-1)),
    };
    let (answer, mut response) = match injected.failure {
        None => {
            let answer = effect(&mut state);
            respond(&state, endpoint, answer)
        }
        Some(Failure { outcome, takes_effect }) => {
            if takes_effect {
                // The fault decides what the caller sees, whatever became of the call.
                let _unseen = effect(&mut state);
            }
            fail(&state, endpoint, outcome)
        }
    };
    if answer != TAKEN && in_flight.is_of(&state.world) {
        state.world.stats.failed(endpoint.path, answer.clone());
    }
    let took = clock.time().duration_since(began).unwrap_or_default();
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    response.headers_mut().insert(header::DATE, date(&state));
    state.log.add(Happened::Call { endpoint: endpoint.path, users, user_count, answer, took_ms });
    response
}

/// What time WeChat says it is.
fn date(state: &State) -> HeaderValue {
    let now = state.world.clock.now().saturating_add(state.world.console.date_ahead);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.clamp(0, LATEST_DATE).unsigned_abs());
    httpdate::fmt_http_date(now).try_into().expect("a date is visible ASCII")
}

/// A call that was counted.
struct Started {
    in_flight: InFlight,
    /// Whom it is about, some of them where they are many.
    users: Vec<u32>,
    /// How many they are.
    user_count: usize,
    injected: InjectedFault,
    /// Not to be answered before.
    until: Option<SystemTime>,
}

fn start(simulator: &Simulator, endpoint: &'static Endpoint, call: &mut ApiCall) -> Started {
    let mut state = simulator.lock();
    state.world.stats.started(endpoint.path);
    let mut users = (endpoint.users)(&state, call);
    let injected = state.faults.inject(endpoint.path, &users);
    let receiver = receiver_of(call);
    let free = receiver.filter(|user| state.world.receiving.insert((endpoint.path, *user)));
    call.overlaps = receiver != free;
    // From the moment it is counted: whoever sees the call can move the clock over it.
    let slow = Some(injected.latency).filter(|latency| !latency.is_zero());
    let until = slow.map(|latency| state.world.clock.time() + latency);
    let user_count = users.len();
    users.truncate(NAMED);
    let in_flight = InFlight::new(simulator, &state.world, endpoint.path, free);
    Started { in_flight, users, user_count, injected, until }
}

/// How a call was answered, and the answer.
type Answered = (String, Response);

fn respond(state: &State, endpoint: &Endpoint, answer: Answer) -> Answered {
    let (answer, body) = match answer {
        Ok(body) => (TAKEN.to_owned(), body),
        Err(refusal) => (refusal.errcode.to_string(), body_of(&refusal, state.world.clock.now())),
    };
    (answer, ([(header::CONTENT_TYPE, endpoint.content_type)], Body::from(body.to_string())).into_response())
}

fn fail(state: &State, endpoint: &Endpoint, outcome: FaultOutcome) -> Answered {
    match outcome {
        FaultOutcome::Refused(refusal) => respond(state, endpoint, Err(refusal)),
        FaultOutcome::Status(status, refusal) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            let (answer, mut response) = match refusal {
                Some(refusal) => respond(state, endpoint, Err(refusal)),
                None => {
                    let page = Html(format!("<html><body><h1>{status}</h1></body></html>"));
                    (format!("http_{}", status.as_u16()), page.into_response())
                }
            };
            *response.status_mut() = status;
            (answer, response)
        }
        FaultOutcome::Body(status, body) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            ("body".into(), (status, [(header::CONTENT_TYPE, endpoint.content_type)], body).into_response())
        }
        FaultOutcome::Redirect(location) => {
            ("redirect".into(), (StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
        }
        FaultOutcome::Cut => {
            let mut response = StatusCode::OK.into_response();
            response.extensions_mut().insert(Cut);
            ("cut".into(), response)
        }
    }
}
