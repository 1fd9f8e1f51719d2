//! How the control routes read a request, or say in a sentence what is wrong with it.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::de::DeserializeOwned;

use crate::control::answer::{ControlError, bad_request};

/// What stands in the path.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ControlError))]
pub(super) struct Path<T>(pub(super) T);

/// The parameters of the query: those that [`reads_its_query`] speaks of refuse any others.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ControlError))]
pub(super) struct Query<T>(pub(super) T);

/// A body byte for byte, as far as there is room for it.
pub(super) struct Raw(pub(super) Bytes);

/// A JSON body whatever its content type; none at all is an empty object.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ControlError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ControlError> {
        Ok(Self(Bytes::from_request(request, state).await?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ControlError> {
        let Raw(bytes) = Raw::from_request(request, state).await?;
        Ok(Self(parse(&bytes)?))
    }
}

/// The same of bytes that were read.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ControlError> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(unexpected)
}

/// A refusal of a body that has not the fields it should have.
pub(super) fn unexpected(error: serde_json::Error) -> ControlError {
    bad_request(format!("The body is not as expected: {error}."))
}

impl From<PathRejection> for ControlError {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), format!("{}.", rejection.body_text()))
    }
}

impl From<QueryRejection> for ControlError {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), format!("{}.", rejection.body_text()))
    }
}

impl From<BytesRejection> for ControlError {
    fn from(rejection: BytesRejection) -> Self {
        Self::new(rejection.status(), format!("{}.", rejection.body_text()))
    }
}

/// Whether a route has parameters in its query.
fn reads_its_query(method: &Method, path: &str) -> bool {
    match path {
        "/_sim/log" | "/_sim/messages" | "/_sim/users" => true,
        "/_sim/faults" => method == Method::DELETE,
        _ => false,
    }
}

/// Refuses a query where none is read: whoever wrote it meant less than all.
pub(super) async fn without_query(request: Request, next: Next) -> Result<Response, ControlError> {
    let (method, uri) = (request.method(), request.uri());
    if uri.query().is_some_and(|query| !query.is_empty()) && !reads_its_query(method, uri.path()) {
        return Err(bad_request("This route has no parameters in its query."));
    }
    Ok(next.run(request).await)
}

/// There is nothing at this path.
pub(super) async fn no_route() -> ControlError {
    ControlError::new(StatusCode::NOT_FOUND, "There is no such route.")
}

/// There is something at this path, by another method.
pub(super) async fn no_such_method() -> ControlError {
    ControlError::new(StatusCode::METHOD_NOT_ALLOWED, "This route has another method; `Allow` names it.")
}
