//! How AWS says no.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// AWS's answer to a call that no policy allows.
pub fn access_denied(message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "AccessDeniedException", message)
}

/// An error as AWS writes it.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"__type": format!("com.amazon.coral.service#{code}"), "message": message});
    (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}
