//! How the control routes answer: JSON, or a sentence about what is wrong.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An answer, or a sentence about what is wrong.
pub(crate) type ControlResult<T> = Result<Json<T>, ControlError>;

/// A refusal: its status and, as `{"error": …}`, a sentence.
#[derive(Debug)]
pub(crate) struct ControlError {
    status: StatusCode,
    sentence: String,
}

impl ControlError {
    /// A refusal with this status.
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into() }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.sentence }))).into_response()
    }
}

/// A refusal of what the caller sent.
pub(crate) fn bad_request(sentence: impl Into<String>) -> ControlError {
    ControlError::new(StatusCode::BAD_REQUEST, sentence)
}
