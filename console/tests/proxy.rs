//! What the page's server passes on to the gateway, and whom it refuses.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use console::Console;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const SERVICE_KEY: &str = "qk_service";
const KEY: &str = "key-of-this-run";

/// The page's server before a gateway that takes note of what it is asked. Paths and headers are written by hand: a
/// client would mend them.
struct Scene {
    /// `127.0.0.1:…`
    host: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    _servers: JoinSet<()>,
}

/// What the gateway was asked.
struct Heard {
    line: String,
    headers: HeaderMap,
    body: String,
}

struct Answer {
    status: u16,
    /// In lower case.
    headers: String,
    body: String,
}

impl Scene {
    async fn start() -> Self {
        let (heard, mut servers) = (Arc::<Mutex<Vec<Heard>>>::default(), JoinSet::new());
        let (listener, gateway) = listen().await;
        let noted = heard.clone();
        let gateways = Router::new().fallback(async move |request: Request| hear(request, &noted).await);
        servers.spawn(async move { axum::serve(listener, gateways).await.expect("a gateway") });
        let (listener, host) = listen().await;
        let console = Console {
            gateway: format!("http://{gateway}"),
            service_key: SERVICE_KEY.to_owned(),
            key: KEY.to_owned(),
            simulator: None,
        };
        servers.spawn(async move { console.serve(listener).await.expect("a page") });
        Self { host, heard, _servers: servers }
    }

    /// A call with these lines of a header, as the page makes it but for what they say.
    async fn call(&self, line: &str, headers: &[&str], body: &str) -> Answer {
        let is_given = |name: &str| headers.iter().any(|header| header.starts_with(name));
        let mut head = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
        if !is_given("Host:") {
            head += &format!("Host: {}\r\n", self.host);
        }
        if !is_given("Content-Length:") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        head.extend(headers.iter().map(|header| format!("{header}\r\n")));
        let mut stream = TcpStream::connect(&self.host).await.expect("a connection");
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, headers: head.to_lowercase(), body: body.to_owned() }
    }

    fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().expect("the gateway's notes"))
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    (listener, host)
}

async fn hear(request: Request, heard: &Mutex<Vec<Heard>>) -> Response {
    let line = format!("{} {}", request.method(), request.uri());
    let headers = request.headers().clone();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.expect("a body");
    let body = String::from_utf8_lossy(&body).into_owned();
    heard.lock().expect("the gateway's notes").push(Heard { line, headers, body });
    let told = [("content-type", "application/problem+json"), ("retry-after", "7"), ("set-cookie", "a=b")];
    (StatusCode::TOO_MANY_REQUESTS, told, r#"{"code":"too_many_requests"}"#).into_response()
}

fn with_key() -> String {
    format!("Authorization: Bearer {KEY}")
}

#[tokio::test]
async fn a_call_is_passed_on_as_it_came_and_answered_with_what_the_page_needs() {
    let scene = Scene::start().await;
    let (key, origin) = (with_key(), format!("Origin: http://{}", scene.host));
    let sent = [
        key.as_str(),
        &origin,
        "Sec-Fetch-Site: same-origin",
        "Content-Type: application/json",
        "Idempotency-Key: once",
        "Cookie: a=b",
    ];
    let answer = scene.call("POST /api/send/a%2Fb%20c?dry_run=true&x=%2e%2e", &sent, r#"{"to":[]}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (429, r#"{"code":"too_many_requests"}"#));
    for told in [
        "content-type: application/problem+json",
        "retry-after: 7",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
    ] {
        assert!(answer.headers.contains(told), "{told}: {}", answer.headers);
    }
    assert!(!answer.headers.contains("set-cookie"), "{}", answer.headers);

    let [heard] = &scene.heard()[..] else { panic!("one call") };
    assert_eq!(heard.line, "POST /send/a%2Fb%20c?dry_run=true&x=%2e%2e");
    let told = |name| heard.headers.get(name).map(|value| value.to_str().expect("text"));
    assert_eq!(told("authorization"), Some("Bearer qk_service"));
    assert_eq!((told("content-type"), told("idempotency-key")), (Some("application/json"), Some("once")));
    assert_eq!((told("cookie"), told("origin")), (None, None));
    assert_eq!(heard.body, r#"{"to":[]}"#);
}

#[tokio::test]
async fn whoever_has_not_the_key_of_this_run_is_refused_and_told_where_it_is() {
    let scene = Scene::start().await;
    let longer = format!("{}x", with_key());
    for header in [
        "X-Nothing: at all",
        "Authorization: Bearer ",
        "Authorization: Bearer key-of-another-run",
        "Authorization: Bearer key-of-this-ru",
        "Authorization: Bearer qk_service",
        "Authorization: Basic key-of-this-run",
        &longer,
    ] {
        for line in ["POST /api/send", "GET /api/doctor", "DELETE /api/none"] {
            let answer = scene.call(line, &[header], "{}").await;
            let problem: Value = serde_json::from_str(&answer.body).expect("JSON");
            assert_eq!((answer.status, &problem["code"]), (401, &"wrong_console_key".into()), "{header}");
            let detail = problem["detail"].as_str().expect("a sentence");
            assert_eq!(detail, "Open the address that `queqiao local` printed.");
            assert!(answer.headers.contains("cache-control: no-store"), "{}", answer.headers);
        }
    }
    assert!(scene.heard().is_empty());
}

#[tokio::test]
async fn another_page_is_refused_whatever_it_knows() {
    let scene = Scene::start().await;
    let key = with_key();
    for header in [
        "Origin: https://example.com",
        "Origin: null",
        "Origin: http://127.0.0.1:1",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Host: evil.example",
    ] {
        let answer = scene.call("POST /api/send", &[&key, header], "{}").await;
        assert_eq!(answer.status, 403, "{header}: {}", answer.body);
    }
    assert!(scene.heard().is_empty());
    // Whoever types the address, or calls without a browser.
    for header in ["Sec-Fetch-Site: none", "X-Nothing: at all", "Host: LOCALHOST", "Host: localhost."] {
        let answer = scene.call("POST /api/send", &[&key, header], "{}").await;
        assert_eq!(answer.status, 429, "{header}: {}", answer.body);
    }
}

#[tokio::test]
async fn whoever_is_refused_is_refused_before_the_body() {
    let scene = Scene::start().await;
    for header in ["X-Nothing: at all", "Origin: null"] {
        let headers = [header, "Content-Length: 6000000"];
        let call = scene.call("POST /api/send", &headers, "");
        let answer = tokio::time::timeout(Duration::from_secs(10), call).await.expect("no wait for a body");
        assert!([401, 403].contains(&answer.status), "{}", answer.status);
    }
}

#[tokio::test]
async fn a_path_that_would_lead_elsewhere_is_refused() {
    let scene = Scene::start().await;
    for path in [
        "/api/send/../doctor",
        "/api/send/%2e%2e/doctor",
        "/api/send/%2E./doctor",
        "/api/send/.%2e/doctor",
        "/api/./doctor",
        "/api/%2e/doctor",
        "/api/send/x/..",
        "/api/send/%2e%2e",
        "/api/..",
        r"/api/send/..\doctor",
        r"/api/send\%2e%2e\doctor",
    ] {
        let answer = scene.call(&format!("GET {path}"), &[&with_key()], "").await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
    }
    assert!(scene.heard().is_empty());
}

#[tokio::test]
async fn the_page_itself_is_there_to_be_read_and_holds_no_secret() {
    let scene = Scene::start().await;
    for path in ["/", "/ui/main.js", "/ui/key.js", "/about", "/_sim/ui/json.js"] {
        let answer = scene.call(&format!("GET {path}"), &[], "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains(KEY) && !answer.body.contains(SERVICE_KEY), "{path}");
    }
}
