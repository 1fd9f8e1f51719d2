//! Who may use the control routes, and what else is this machine's: its programs, and pages that it serves. Somebody
//! else's page in a browser on it could reach them, too, from an origin of its own or by a name of its own that leads here.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::ControlError;

/// Refuses a request whose Host or Origin is not this machine.
pub async fn of_this_machine(request: Request, next: Next) -> Response {
    let (host, origin) = (request.headers().get(header::HOST), request.headers().get(header::ORIGIN));
    let is_ours = host.is_none_or(|host| text(host).parse().is_ok_and(|host| is_here(&host)))
        && origin.is_none_or(|origin| leads_here(text(origin)));
    if is_ours {
        return next.run(request).await;
    }
    let told =
        "This is for programs and pages of this machine alone: call it by localhost or 127.0.0.1.".to_owned();
    ControlError::new(StatusCode::FORBIDDEN, told).into_response()
}

/// Whether a URL, or an origin, is on this machine.
pub(super) fn leads_here(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| url.authority().is_some_and(is_here))
}

fn is_here(authority: &Authority) -> bool {
    let host = authority.host();
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    let name = host.strip_suffix('.').unwrap_or(host);
    address.map_or(name.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_here() {
        for here in [
            "http://localhost:9000",
            "http://LOCALHOST",
            "http://localhost.:9000",
            "http://127.0.0.1:1/events",
            "http://[::1]:2",
            "https://127.9.9.9",
        ] {
            assert!(leads_here(here), "{here}");
        }
        for elsewhere in [
            "null",
            "",
            "http://evil.example",
            "http://localhost.evil.example",
            "http://localhost..",
            "http://.localhost",
            "http://127.0.0.1.evil.example",
            "http://localhost@evil.example",
            "http://169.254.169.254/latest",
            "http://0.0.0.0",
        ] {
            assert!(!leads_here(elsewhere), "{elsewhere}");
        }
    }
}
