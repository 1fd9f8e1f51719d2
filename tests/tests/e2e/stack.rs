//! The local stack itself: its routes, its restarts, and a WeChat that is not there.

use std::path::Path;

use harness::World;
use local::{Settings, Stack};
use reqwest::Method;
use serde_json::{Value, json};

/// Nobody listens there: the port is reserved and takes no connection.
const UNREACHABLE: &str = "http://127.0.0.1:1";

fn kept_in(folder: &Path) -> Settings {
    Settings { followers: 20, data: Some(folder.to_owned()), ..Settings::default() }
}

async fn refusal(settings: Settings) -> String {
    match Stack::start(settings).await {
        Ok(_) => panic!("a stack that must not start"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn sessions_map_batches_and_queued_messages_outlive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(kept_in(folder.path())).await;
    let session = world.login(1).await;
    world.sync_until_done().await;
    let to = json!({ "openid": world.user(1).await.openid });
    let arrived = world.send_to(&to).await;
    world.outcome(&arrived).await;
    world.fault(json!({ "endpoint": "/cgi-bin/message/template/send", "errcode": 43117 })).await;
    let queued = world.send_to(&to).await;
    world.wait_for(&queued, |batch| batch["counts"]["retrying"] == 1).await;
    let (key, progress) = (world.service_key.clone(), world.get("/sync", &world.service_key).await.body);
    world.stop().await;

    let world = World::with(kept_in(folder.path())).await;
    assert_eq!(world.service_key, key);
    assert_eq!(world.get("/sync", &key).await.body, progress);
    let sealed = world.sealed(1, &json!({})).await;
    world.post("/decrypt", &session.token, &sealed).await.ok(200);
    assert_eq!(world.batch(&arrived).await["counts"], json!({ "sent": 1 }));
    assert_eq!(world.outcome(&queued).await["state"], "sent");
    assert_eq!(world.messages_of(1).await.len(), 2);
    world.send_to(&to).await;
}

#[tokio::test]
async fn nothing_is_kept_where_no_folder_is_named() {
    let session = World::start().await.login(1).await;
    let world = World::start().await;
    world.get("/send/none", &session.token).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_second_stack_on_the_same_folder_is_told_about_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(kept_in(folder.path())).await;
    let refusal = refusal(kept_in(folder.path())).await;
    let name = folder.path().display().to_string();
    assert!(refusal.contains("Another `cargo run` is using") && refusal.contains(&name), "{refusal}");
    assert!(refusal.contains("--data"), "{refusal}");
    world.login(1).await;
}

#[tokio::test]
async fn a_second_stack_on_the_same_port_is_told_so() {
    let world = World::start().await;
    let port = |url: &str| url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let (gateway, wechat) = (port(&world.gateway), port(&world.wechat));
    let settings = [
        Settings { port: gateway, ..Settings::default() },
        Settings { simulator_port: wechat, ..Settings::default() },
    ];
    for (settings, port) in settings.into_iter().zip([gateway, wechat]) {
        let refusal = refusal(settings).await;
        assert!(refusal.starts_with(&format!("Port {port} is taken")), "{refusal}");
        assert!(refusal.contains("--port 0 --simulator-port 0"), "{refusal}");
    }
}

#[tokio::test]
async fn a_catalog_that_does_not_read_is_named_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notifications.toml");
    std::fs::write(&file, "[approval]\ntemplate_id = \"x\"\nfields = {}\n").expect("a catalog");
    let refusal = refusal(Settings { catalog: Some(file.clone()), ..Settings::default() }).await;
    assert!(refusal.contains(&file.display().to_string()), "{refusal}");
    assert!(refusal.contains("[approval] has no fields"), "{refusal}");
}

#[tokio::test]
async fn a_route_the_template_does_not_have_is_not_found() {
    let world = World::start().await;
    for path in ["/", "/logout", "/login/", "/send/a/b"] {
        let answer = world.get(path, &world.service_key).await;
        assert_eq!((answer.status, answer.body), (404, json!({ "message": "Not Found" })), "{path}");
    }
    for (method, path) in [(Method::GET, "/login"), (Method::DELETE, "/sync"), (Method::GET, "/send")] {
        let answer = world.call(method, path, &world.service_key, "").await;
        assert_eq!((answer.status, answer.body), (404, json!({ "message": "Not Found" })), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_the_gateways_to_answer() {
    let world = World::start().await;
    let large = "x".repeat(6 * 1024 * 1024 + 1);
    let answer = world.call(Method::POST, "/login", "", large).await;
    assert_eq!((answer.status, answer.body), (413, json!({ "message": "Request Entity Too Large" })));
    let answer = world.get("/send/%ff%fe", &world.service_key).await;
    assert_eq!((answer.status, answer.body), (400, json!({ "message": "Bad Request" })));
}

/// Lambda takes events of 6 MB, as JSON: there a quote has two bytes.
#[tokio::test]
async fn what_is_larger_than_an_event_may_be_is_the_gateways_to_refuse() {
    let world = World::start().await;
    for (letter, letters, is_gateways) in
        [("a", 5_900_000, false), ("a", 6_300_000, true), ("\"", 2_900_000, false), ("\"", 3_200_000, true)]
    {
        let answer = world.call(Method::POST, "/events", "", letter.repeat(letters)).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.body["message"].is_string(), is_gateways, "{letters} of {letter}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_caller_cannot_make_a_function_stumble_over_its_headers() {
    let world = World::start().await;
    for (name, value) in
        [("x-forwarded-proto", "a b"), ("x-forwarded-proto", ""), ("host", "a b"), ("host", ":0")]
    {
        let request = reqwest::Client::new().post(format!("{}/login", world.gateway)).header(name, value);
        world.exchange(request.body("{}")).await.problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_service_key_of_an_earlier_run_is_none_any_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let with = |key: &str| Settings { service_key: Some(key.to_owned()), ..kept_in(folder.path()) };
    World::with(with("the-first-key")).await.stop().await;
    let world = World::with(with("the-second-key")).await;
    world.get("/sync", "the-first-key").await.problem(401, "unauthorized");
    world.get("/sync", "the-second-key").await.ok(200);
}

#[tokio::test]
async fn a_wechat_that_is_not_there_is_told_as_such_and_messages_wait_for_it() {
    let world = World::with(Settings { wechat: Some(UNREACHABLE.into()), ..Settings::default() }).await;
    world.post("/login", "", &json!({ "code": "0made-up" })).await.problem(503, "wechat_unavailable");
    let id = world.send_to(&json!({ "oa_openid": "o-somebody" })).await;
    let batch = world.wait_for(&id, |batch| batch["counts"]["parked"] == 1).await;
    let message = &batch["messages"][0];
    assert_eq!(
        (&message["reason"], &message["errcode"]),
        (&json!("wechat_unavailable"), &Value::Null),
        "{message}"
    );
}

/// Events hold tokens and keys of whoever calls: the Runtime API is for the process that was started for it.
#[tokio::test]
async fn nobody_but_its_process_takes_a_functions_events() {
    let world = World::with(Settings {
        programs: [("login".to_owned(), env!("CARGO_BIN_EXE_function").into())].into(),
        ..Settings::default()
    })
    .await;
    world.login(1).await;
    let process = world.stack().processes("login")[0];
    // What another user of the machine cannot read.
    let variables = std::fs::read(format!("/proc/{process}/environ")).expect("its variables");
    let variables = String::from_utf8(variables).expect("texts");
    let told = variables.split('\0').find_map(|one| one.strip_prefix("AWS_LAMBDA_RUNTIME_API="));
    let url: reqwest::Url = told.expect("an address").parse().expect("a URL");
    assert!(url.path().len() > 32, "{url}");
    let next = |path: &str| url.join(&format!("{path}/2018-06-01/runtime/invocation/next")).expect("a URL");
    // An event is waited for as long as it takes.
    let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5));
    let http = http.no_proxy().build().expect("an HTTP client");
    for path in ["", "/made-up"] {
        let answer = http.get(next(path)).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
    }
    let foreign = http.get(next(url.path())).header("host", "evil.example").send().await.expect("an answer");
    assert_eq!(foreign.status(), 403);
}
