//! `ForwardUrl`: the server that the account had before is told what WeChat tells, and its answer is WeChat's.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use harness::World;
use local::Settings;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The server that was there before Queqiao.
#[derive(Clone)]
struct OldServer {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    came: watch::Sender<usize>,
    answer: Arc<Mutex<Answer>>,
}

/// What it got.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    path: String,
    query: String,
    content_type: String,
    body: Vec<u8>,
}

#[derive(Clone)]
enum Answer {
    Text(u16, String),
    Bytes(Vec<u8>),
    Elsewhere,
    Silence,
    /// Whatever is answered at this URL, where all goes, headers too.
    Of(String),
}

impl OldServer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let server = Self {
            url: format!("http://{}/wx?old=1", listener.local_addr().expect("an address")),
            calls: Arc::default(),
            came: watch::Sender::new(0),
            answer: Arc::new(Mutex::new(Answer::Text(200, "success".to_owned()))),
        };
        let app = Router::new().fallback(received).with_state(server.clone());
        tokio::spawn(async { axum::serve(listener, app).await });
        server
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().expect("a lock") = answer;
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("a lock").clone()
    }

    /// The only call there is.
    fn call(&self) -> Call {
        let calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls[0].clone()
    }

    /// A stack that hands on to it.
    async fn world(&self) -> World {
        World::with(self.settings()).await
    }

    fn settings(&self) -> Settings {
        let environment = [("FORWARD_URL".to_owned(), self.url.clone())].into();
        Settings { callbacks: true, environment, ..Settings::default() }
    }
}

async fn received(
    State(server): State<OldServer>,
    uri: axum::http::Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    server.calls.lock().expect("a lock").push(Call {
        path: uri.path().to_owned(),
        query: query.unwrap_or_default(),
        content_type: content_type.unwrap_or_default().to_owned(),
        body: body.to_vec(),
    });
    server.came.send_modify(|came| *came += 1);
    let answer = server.answer.lock().expect("a lock").clone();
    match answer {
        Answer::Text(status, text) => (StatusCode::from_u16(status).expect("a status"), text).into_response(),
        Answer::Bytes(bytes) => bytes.into_response(),
        Answer::Elsewhere => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response()
        }
        Answer::Silence => std::future::pending().await,
        Answer::Of(url) => {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            let call = client.post(url).headers(headers).body(body);
            call.send().await.expect("an answer").text().await.expect("a text").into_response()
        }
    }
}

/// A callback of WeChat's, as it came: its query and its body.
async fn authentic(world: &World, server: &OldServer) -> (String, Vec<u8>) {
    world.user_does(7, "follow").await;
    world.callbacks_settled().await;
    let Call { query, body, .. } = server.call();
    (query.strip_prefix("old=1&").expect("its own query first").to_owned(), body)
}

async fn told(world: &World, query: &str, body: &[u8]) -> (u16, serde_json::Value) {
    let answer = world.call(Method::POST, &format!("/events?{query}"), "", body.to_vec()).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn what_wechat_tells_reaches_the_older_server_as_well_and_wechat_gets_its_answer() {
    let server = OldServer::start().await;
    let world = server.world().await;
    let (query, body) = authentic(&world, &server).await;
    assert_eq!((server.call().path.as_str(), server.call().content_type.as_str()), ("/wx", "text/xml"));
    assert!(query.contains("msg_signature=") && body.starts_with(b"<xml>"), "{query}");
    assert_eq!(world.login(7).await.answer["following"], true);
    let stats = world.callbacks().await;
    assert_eq!((&stats["answered"], &stats["tries"]), (&json!(1), &json!(1)));

    // WeChat comes again, and the query and the body have parts that nobody would write anew as they are.
    let odd = format!("{query}&x=%2f%7E+%41&&x");
    let spaced = [body.as_slice(), "\r\n \t<!-- 鹊桥 -->".as_bytes()].concat();
    server.answers(Answer::Text(200, "<xml><Encrypt>a reply</Encrypt></xml>".to_owned()));
    assert_eq!(told(&world, &odd, &spaced).await, (200, json!("<xml><Encrypt>a reply</Encrypt></xml>")));
    let calls = server.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!((&calls[1].query, &calls[1].body), (&format!("old=1&{odd}"), &spaced));
}

#[tokio::test]
async fn an_older_server_that_fails_is_not_asked_again_and_wechat_is_told_success() {
    let server = OldServer::start().await;
    let world = server.world().await;
    let (query, body) = authentic(&world, &server).await;
    for (nth, answer) in [
        Answer::Text(500, "an old mistake".to_owned()),
        Answer::Text(201, "made".to_owned()),
        Answer::Elsewhere,
        Answer::Text(200, "x".repeat(64 * 1024 + 1)),
        Answer::Bytes(vec![0xff, 0xfe]),
    ]
    .into_iter()
    .enumerate()
    {
        server.answers(answer);
        assert_eq!(told(&world, &query, &body).await, (200, json!("success")), "{nth}");
        assert_eq!(server.calls().len(), nth + 2, "{nth}");
    }
    server.answers(Answer::Text(200, "x".repeat(64 * 1024)));
    assert_eq!(told(&world, &query, &body).await, (200, json!("x".repeat(64 * 1024))));
}

#[tokio::test]
async fn an_older_server_that_is_silent_is_waited_for_for_three_seconds() {
    let server = OldServer::start().await;
    let world = server.world().await;
    let (query, body) = authentic(&world, &server).await;
    server.answers(Answer::Silence);
    let is_answered = watch::Sender::new(false);
    let wechat = async {
        let told = told(&world, &query, &body).await;
        is_answered.send_replace(true);
        told
    };
    let time = async {
        server.came.subscribe().wait_for(|came| *came == 2).await.expect("a call");
        world.advance(2).await;
        tokio::task::yield_now().await;
        assert!(!*is_answered.borrow(), "not before its time");
        world.advance(1).await;
    };
    let began_at = world.clock().await;
    let (told, ()) = tokio::join!(wechat, time);
    assert_eq!(told, (200, json!("success")));
    assert!((3..=4).contains(&(world.clock().await - began_at)), "and not much longer");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn an_older_server_that_is_not_there_keeps_nothing_from_the_map() {
    let environment = [("FORWARD_URL".to_owned(), "http://127.0.0.1:1/wx".to_owned())].into();
    let world = World::with(Settings { callbacks: true, environment, ..Settings::default() }).await;
    world.user_does(7, "follow").await;
    world.callbacks_settled().await;
    assert_eq!(world.login(7).await.answer["following"], true);
    let stats = world.callbacks().await;
    assert_eq!((&stats["answered"], &stats["tries"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn what_is_not_authentic_and_what_only_asks_for_the_echostr_is_not_handed_on() {
    let server = OldServer::start().await;
    let world = server.world().await;
    let (query, body) = authentic(&world, &server).await;
    let forged = query.replace("msg_signature=", "msg_signature=0");
    assert_eq!(told(&world, &forged, &body).await.0, 403);
    assert_eq!(told(&world, &query, b"<xml></xml>").await.0, 403);
    assert_eq!(told(&world, &query, &[b'x'; 64 * 1024 + 1]).await.0, 413);
    let echo = world.get(&format!("/events?{query}&echostr=4375120948345356249"), "").await;
    assert_eq!((echo.status, echo.body), (200, json!("4375120948345356249")));
    world.advance(3600).await;
    assert_eq!(told(&world, &query, &body).await.0, 403, "it is of an hour ago");
    server.call();
}

#[tokio::test]
async fn an_event_that_did_not_come_onto_its_queue_is_not_handed_on() {
    let server = OldServer::start().await;
    let environment = [("FORWARD_URL".to_owned(), server.url.clone())].into();
    let faults = local::Faults { sqs: 1.0, ..local::Faults::default() };
    let world = World::with(Settings { callbacks: true, environment, faults, ..Settings::default() }).await;
    world.user_does(7, "follow").await;
    world.until(async || world.callbacks().await["given_up"] == 1).await;
    assert_eq!(server.calls(), []);
}

/// The team's old domain is this stack's by now, perhaps.
#[tokio::test]
async fn what_comes_back_is_not_handed_on_for_ever() {
    let server = OldServer::start().await;
    let world = server.world().await;
    let (query, body) = authentic(&world, &server).await;
    server.answers(Answer::Of(format!("{}/events?{query}", world.gateway)));
    assert_eq!(told(&world, &query, &body).await, (200, json!("success")));
    // Fewer than three times, where no process is left that could take what comes back.
    let times = server.calls().len() - 1;
    assert!((1..=3).contains(&times), "{times}");
}

#[tokio::test]
async fn an_older_server_that_keeps_failing_is_left_alone_but_for_a_try_every_half_minute() {
    let server = OldServer::start().await;
    let world = World::with(Settings { single_processes: true, ..server.settings() }).await;
    let (query, body) = authentic(&world, &server).await;
    let calls = async |times: u32| {
        let before = server.calls().len();
        for _ in 0..times {
            assert_eq!(told(&world, &query, &body).await.0, 200);
        }
        server.calls().len() - before
    };
    server.answers(Answer::Text(500, String::new()));
    // The next one after ten failures tries once more, and then it rests.
    assert_eq!(calls(30).await, 11);
    world.advance(30).await;
    assert_eq!(calls(5).await, 1);
    server.answers(Answer::Text(200, "success".to_owned()));
    world.advance(30).await;
    assert_eq!(calls(5).await, 5);
}
