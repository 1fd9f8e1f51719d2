//! The HTTP edge: how a request is read and how an answer or an error is written.

use std::net::IpAddr;

use ::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use ::http::{HeaderValue, StatusCode};
use contract::routes::Route;
use contract::{Code, FIELDS, Problem};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::Error;
use crate::lambda::RawQuery;

/// The route that API Gateway sent a request for.
///
/// # Errors
/// [`Error::NotFound`] for one that the contract does not have: API Gateway sends none.
pub fn route(request: &Request) -> Result<&'static Route, Error> {
    let key = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.route_key.as_deref(),
        _ => None,
    };
    key.and_then(Route::of_key).ok_or_else(no_such_route)
}

/// Reads the body as JSON of the shape `T`, where it has at most so many bytes.
///
/// # Errors
/// [`Error::TooLarge`]; [`Error::InvalidRequest`] with the place of the mistake and what is expected there: names of
/// our own, and never a byte of the body.
pub fn body<T: DeserializeOwned>(request: &Request, largest: usize) -> Result<T, Error> {
    bounded(request, largest)?;
    // serde takes an array for a struct, too.
    if request.body().trim_ascii_start().first().is_some_and(|first| *first == b'[') {
        return Err(not_taken("expected an object"));
    }
    let mut json = serde_json::Deserializer::from_slice(request.body());
    let value =
        serde_path_to_error::deserialize(&mut json).map_err(|error| mistake(error.path(), error.inner()))?;
    json.end().map_err(|error| not_taken(&format!("it goes on after its end ({})", position(&error))))?;
    Ok(value)
}

/// The same where no body says what an empty object does.
///
/// # Errors
/// As [`body`].
pub fn optional_body<T: DeserializeOwned + Default>(request: &Request, largest: usize) -> Result<T, Error> {
    match request.body().as_ref() {
        b"" | b"null" => Ok(T::default()),
        _ => body(request, largest),
    }
}

/// Where a request comes from, as API Gateway saw it: one text for one line, of IPv6 the half that it has to itself.
pub fn address(request: &Request) -> Option<String> {
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref()?.parse().ok()?,
        _ => return None,
    };
    Some(line(address).to_string())
}

/// The query of a request as it came, without its question mark.
pub fn raw_query(request: &Request) -> &str {
    request.extensions().get::<RawQuery>().map_or("", |RawQuery(query)| query)
}

fn line(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

/// Refuses a body that has more bytes than this, as it stands in the event.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn bounded(request: &Request, largest: usize) -> Result<(), Error> {
    let bytes = match request.body() {
        Body::Text(text) => text.len() + text.bytes().filter(is_escaped).count(),
        body => body.len().div_ceil(3) * 4,
    };
    if bytes <= largest {
        return Ok(());
    }
    Err(Error::TooLarge(format!("The body is larger than the {largest} bytes that this call may have.")))
}

fn is_escaped(byte: &u8) -> bool {
    *byte < b' ' || matches!(byte, b'"' | b'\\')
}

fn not_taken(problem: &str) -> Error {
    Error::InvalidRequest(format!("The body is not the JSON this route takes: {problem}."))
}

fn mistake(path: &Path, error: &serde_json::Error) -> Error {
    let at = position(error);
    if error.classify() != Category::Data {
        return not_taken(&format!("it is no JSON from there on ({at})"));
    }
    let (place, text) = (place(path), error.to_string());
    // serde's texts quote what the caller sent, and begin or end with what is ours: so do they with what is missing
    // or expected.
    let problem = match (text.strip_prefix("missing field `"), text.rsplit_once(", expected ")) {
        (Some(field), _) => format!("missing field `{}`", field.split('`').next().unwrap_or_default()),
        (None, Some((_, expected))) => {
            format!("expected {}", expected.split(" at line ").next().unwrap_or_default())
        }
        (None, None) => "it does not fit".to_owned(),
    };
    not_taken(&format!("{place}{problem} ({at})"))
}

/// `to[1].openid: `: the place, as far as its names are the contract's.
fn place(path: &Path) -> String {
    let mut place = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => place += &format!("[{index}]"),
            Segment::Map { key } if FIELDS.contains(&key.as_str()) => {
                place += if place.is_empty() { "" } else { "." };
                place += key;
            }
            _ => break,
        }
    }
    if place.is_empty() { place } else { place + ": " }
}

fn position(error: &serde_json::Error) -> String {
    format!("line {} column {}", error.line(), error.column())
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
    written(StatusCode::OK, "text/plain; charset=utf-8", text)
}

/// Writes what a handler came to: its answer, or its error as problem+json (RFC 9457).
///
/// The one place where a failed request is logged and counted.
pub fn answer(result: Result<Response<Body>, Error>) -> Response<Body> {
    result.unwrap_or_else(|error| {
        let problem = log(&error);
        respond(problem.code.status(), PROBLEM, &problem)
    })
}

/// The same for whom nobody knows: how the account stands with WeChat is for the log alone.
pub fn answer_anyone(result: Result<Response<Body>, Error>) -> Response<Body> {
    result.unwrap_or_else(|error| {
        let problem = log(&error);
        let problem = match problem.code {
            Code::Misconfigured => Problem::new(problem.code, NOT_SET_UP.to_owned()),
            Code::QuotaExhausted => Problem::new(problem.code, USED_UP.to_owned()),
            code @ (Code::WechatUnavailable | Code::Unavailable) => Problem::new(code, problem.detail),
            _ => problem,
        };
        respond(problem.code.status(), PROBLEM, &problem)
    })
}

const PROBLEM: &str = "application/problem+json";
const NOT_SET_UP: &str =
    "The service is not set up right with WeChat; its operator finds what to correct in the log.";
const USED_UP: &str = "WeChat's limit for this account is used up; try again later.";

/// Says in the log what went wrong, and gives what a caller may be told.
fn log(error: &Error) -> Problem {
    let (problem, cause) = (error.problem(), error.causes());
    let (code, errcode, rid) = (problem.code, problem.errcode, problem.rid.as_deref());
    let status = code.status();
    metrics::counter!("Problem", "Code" => code.to_string()).increment(1);
    if status.is_server_error() {
        tracing::error!(%code, errcode, rid, cause, "{error}");
    } else {
        tracing::info!(%code, errcode, rid, cause, "{error}");
    }
    problem
}

fn respond(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Response<Body> {
    written(status, content_type, serde_json::to_string(body).expect("our answers have text keys only"))
}

fn written(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // What somebody else made us say is not to be taken for a page.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::SendRequest;

    fn mistake(body: &str) -> String {
        let request = Request::new(Body::Text(body.to_owned()));
        super::body::<SendRequest>(&request, 1024).expect_err("refused").to_string()
    }

    #[test]
    fn a_mistake_in_a_body_is_told_with_its_place() {
        for (body, told) in [
            (
                r#"{"notification": "a", "to": [{"openid": "o1"}, {"openid": 7}]}"#,
                "to[1].openid: expected a string",
            ),
            (r#"{"notification": "a"}"#, "missing field `to` (line 1"),
            (r#"{"notification": "a", "to": []} and more"#, "it goes on after its end"),
            (r#"{"notification": "a", "to": [{"openid": "o1"}], "data": 7}"#, "data: expected a map"),
            (r#"{"notification": "#, "it is no JSON from there on"),
        ] {
            let mistake = mistake(body);
            assert!(mistake.contains(told), "{mistake}");
        }
    }

    #[test]
    fn a_line_has_one_address_of_either_kind() {
        let line_of = |text: &str| line(text.parse().expect("an address")).to_string();
        assert_eq!(line_of("203.0.113.7"), "203.0.113.7");
        assert_eq!(line_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }

    #[test]
    fn what_a_caller_sent_is_never_told() {
        for body in [
            r#"{"notification": "a", "to": "SECRET"}"#,
            r#"{"notification": "a", "to": [{"SECRET": 1}]}"#,
            r#"{"notification": "a", "SECRET": 1, "to": []}"#,
            r#"{"notification": "a", "to": [{"openid": ["SECRET, expected SECRET"]}]}"#,
            r#"{"notification": "a", "to": [{"missing field `SECRET": 1}]}"#,
            r#"{"notification": "a", "to": "missing field `SECRET"}"#,
            r#"{"notification": "a", "to": [{"openid": "o", "data": "SECRET, expected SECRET"}]}"#,
            r#"{"SECRET"#,
            r#"SECRET"#,
        ] {
            let mistake = mistake(body);
            assert!(!mistake.contains("SECRET") && mistake.len() < 300, "{mistake}");
        }
    }
}
