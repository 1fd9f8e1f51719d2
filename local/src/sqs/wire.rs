//! SQS's JSON protocol (Developer Guide, "Interpreting Amazon SQS JSON API responses").

use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Error;
use super::message;

const CONTENT_TYPE: (HeaderName, &str) = (axum::http::header::CONTENT_TYPE, "application/x-amz-json-1.0");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// A request about one queue.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OnQueue<T = Nothing> {
    /// Empty when it is missing.
    #[serde(default)]
    pub queue_url: String,
    /// What is asked of it.
    #[serde(flatten)]
    pub asked: T,
}

/// No parameter but the queue.
#[derive(Deserialize)]
pub struct Nothing {}

/// An action's outcome as SQS answers it.
pub fn answer(outcome: Result<Value, Error>) -> Response {
    let id = [(REQUEST_ID, message::new_id())];
    match outcome {
        Ok(result) => (StatusCode::OK, id, [CONTENT_TYPE], result.to_string()).into_response(),
        Err(error) => {
            let (status, fault) = match error.is_senders() {
                true => (StatusCode::BAD_REQUEST, "Sender"),
                false => (StatusCode::INTERNAL_SERVER_ERROR, "Receiver"),
            };
            let code = [(QUERY_ERROR, format!("{};{fault}", error.code()))];
            let body = json!({"__type": error.shape(), "message": error.to_string()});
            (status, id, [CONTENT_TYPE], code, body.to_string()).into_response()
        }
    }
}

/// A parameter that must be there.
///
/// # Errors
/// `MissingParameter` when it is empty.
pub fn required<'a>(name: &'static str, value: &'a str) -> Result<&'a str, Error> {
    if value.is_empty() { Err(Error::MissingParameter(name)) } else { Ok(value) }
}
