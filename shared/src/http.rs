//! The HTTP edge: how a request is read and how an answer or an error is written.

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, Method, StatusCode};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::Error;

/// Reads the body as JSON of the shape `T`.
///
/// # Errors
/// [`Error::InvalidRequest`] with the place and the problem.
pub fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Error> {
    serde_json::from_slice(request.body()).map_err(|error| {
        Error::InvalidRequest(format!("The body is not the JSON this route takes: {error}."))
    })
}

/// Lets only this method pass.
///
/// # Errors
/// [`Error::MethodNotAllowed`].
pub fn method(request: &Request, method: Method) -> Result<(), Error> {
    if request.method() == method { Ok(()) } else { Err(Error::MethodNotAllowed) }
}

/// An answer with a JSON body.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    respond(status, "application/json", body)
}

/// An answer of plain text.
pub fn text(text: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Writes what a handler came to: its answer, or its error as problem+json (RFC 9457).
///
/// The one place where a failed request is logged.
pub fn answer(result: Result<Response<Body>, Error>) -> Response<Body> {
    result.unwrap_or_else(|error| {
        let failure = error.wechat();
        let (errcode, rid) = (failure.and_then(|f| f.errcode()), failure.and_then(|f| f.rid()));
        let cause = error.causes();
        if error.status().is_server_error() {
            tracing::error!(code = error.code(), errcode, rid, cause, "{error}");
        } else {
            tracing::info!(code = error.code(), errcode, rid, cause, "{error}");
        }
        problem(&error)
    })
}

fn problem(error: &Error) -> Response<Body> {
    let status = error.status();
    let mut body = json!({
        "type": format!("urn:queqiao:error:{}", error.code()),
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "code": error.code(),
        "detail": error.to_string(),
    });
    if let Some(failure) = error.wechat() {
        if let Some(errcode) = failure.errcode() {
            body["errcode"] = errcode.into();
        }
        if let Some(rid) = failure.rid() {
            body["rid"] = rid.into();
        }
    }
    respond(status, "application/problem+json", &body)
}

fn respond(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_string(body).expect("our answers have text keys only");
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
