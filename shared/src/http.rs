//! The HTTP edge: how a request is read and how an answer or an error is written.

use ::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use ::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// Reads the body as JSON of the shape `T`.
///
/// # Errors
/// [`Error::InvalidRequest`] with the place and the problem: `to[1].openid: invalid type: …`.
pub fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_slice(request.body());
    let value =
        serde_path_to_error::deserialize(&mut json).map_err(|error| match error.path().iter().next() {
            Some(_) => not_taken(&error.to_string()),
            None => not_taken(&error.inner().to_string()),
        })?;
    json.end().map_err(|error| not_taken(&error.to_string()))?;
    Ok(value)
}

fn not_taken(problem: &str) -> Error {
    Error::InvalidRequest(format!("The body is not the JSON this route takes: {problem}."))
}

/// For a route that the function does not have: API Gateway sends it none.
pub fn no_such_route() -> Error {
    Error::NotFound("There is no such route.".to_owned())
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
/// The one place where a failed request is logged and counted.
pub fn answer(result: Result<Response<Body>, Error>) -> Response<Body> {
    result.unwrap_or_else(|error| {
        let (problem, cause) = (error.problem(), error.causes());
        let (code, errcode, rid) = (problem.code, problem.errcode, problem.rid.as_deref());
        let status = code.status();
        metrics::counter!("Problem", "Code" => code.to_string()).increment(1);
        if status.is_server_error() {
            tracing::error!(%code, errcode, rid, cause, "{error}");
        } else {
            tracing::info!(%code, errcode, rid, cause, "{error}");
        }
        respond(status, "application/problem+json", &problem)
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use contract::SendRequest;

    fn mistake(body: &str) -> String {
        let request = Request::new(Body::Text(body.to_owned()));
        super::body::<SendRequest>(&request).expect_err("refused").to_string()
    }

    #[test]
    fn a_mistake_in_a_body_is_told_with_its_place() {
        let told = mistake(r#"{"notification": "a", "to": [{"openid": "o1"}, {"openid": 7}]}"#);
        assert!(told.contains("to[1].openid: invalid type: integer"), "{told}");
        let told = mistake(r#"{"notification": "a"}"#);
        assert!(told.contains("takes: missing field `to`"), "{told}");
        let told = mistake(r#"{"notification": "a", "to": []} and more"#);
        assert!(told.contains("trailing characters"), "{told}");
    }
}
