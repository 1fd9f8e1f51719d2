//! What docs/operations.md has people do, done on the local stack: the map made anew, secrets replaced, another kind of
//! token. A new deployment is a new stack on the tables and queues of the one before, while WeChat goes on.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use contract::Scope;
use harness::{WeChat, World, approval};
use local::Settings;
use serde_json::{Value, json};
use shared::lambda::{Answer, Event, Function as _};
use shared::session::Token;
use shared::store::{self, Identities, Identity, KeyRow, Keys};
use shared::{Clock, Config};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

const SEND: &str = "/cgi-bin/message/template/send";
const TOKEN: &str = "/cgi-bin/token";
const STABLE_TOKEN: &str = "/cgi-bin/stable_token";

/// What outlives a deployment.
struct Account {
    wechat: WeChat,
    tables_and_queues: TempDir,
}

impl Account {
    async fn new() -> Self {
        let wechat = WeChat::with_followers(20).await;
        Self { wechat, tables_and_queues: tempfile::tempdir().expect("a folder") }
    }

    async fn deploy(&self, values: &[(&str, &str)]) -> World {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        World::with(Settings {
            data: Some(self.tables_and_queues.path().to_owned()),
            schedules: true,
            environment: values.collect(),
            ..self.wechat.settings()
        })
        .await
    }
}

/// A message to user 1.
async fn accepted(world: &World) -> String {
    world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await
}

async fn arrives(world: &World, id: &str, attempts: u64) {
    let message = world.outcome(id).await;
    assert_eq!((&message["state"], &message["attempts"]), (&json!("sent"), &json!(attempts)), "{message}");
}

/// Takes everything out of the map; gives the rows that it had.
async fn empty_the_map(world: &World) -> Vec<Identity> {
    let config = world.stack().config();
    let (client, table) =
        (store::client(&config).expect("tables"), config.identities_table().expect("a name"));
    let items = client.scan().table_name(&table).send().await.expect("rows").items.unwrap_or_default();
    let mut rows = Vec::new();
    for item in items {
        let text = |name: &str| item[name].as_s().expect("a text").clone();
        let (unionid, account, openid) = (text("unionid"), text("account"), text("openid"));
        rows.push(Identity { unionid, account, openid, updated_at: 0, event_at: None });
        let key = ["unionid", "account"].map(|name| (name.to_owned(), item[name].clone()));
        let delete = client.delete_item().table_name(&table).set_key(Some(HashMap::from(key)));
        delete.send().await.expect("deleted");
    }
    rows
}

/// How many of users 0 to 19 can be reached by the openid that the mini-program knows.
async fn reached(world: &World) -> u64 {
    let to: Vec<_> = world.users(0, 20).await.iter().map(|user| json!({ "openid": user.openid })).collect();
    let sent = world.send_as(&world.service_key, "approval_submitted", &json!(to)).await.body;
    sent["accepted"].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn a_map_that_was_lost_is_made_anew_by_a_sync_logins_and_an_import() {
    let world = World::start().await;
    world.sync_until_done().await;
    for user in 0..20 {
        world.login(user).await;
    }
    assert_eq!(reached(&world).await, 20);
    let lost = empty_the_map(&world).await;
    assert_eq!((lost.len(), reached(&world).await), (40, 0));

    let progress = world.sync_until_done().await;
    assert_eq!((&progress["known"], &progress["new"]), (&json!(0), &json!(20)), "{progress}");
    let unionid = json!([{ "unionid": world.user(1).await.unionid }]);
    assert_eq!(world.send(&unionid).await["accepted"], 1, "whoever is named otherwise can be reached again");
    assert_eq!(reached(&world).await, 0, "the followers alone say nothing about the mini-program");
    for user in 0..5 {
        world.login(user).await;
    }
    assert_eq!(reached(&world).await, 5);

    // The pairs of a copy of the table, as it was restored.
    let config = world.stack().config();
    let map = Identities::new(&config, store::client(&config).expect("tables")).expect("a map");
    let mut outcomes = HashMap::new();
    for Identity { unionid, openid, .. } in lost.iter().filter(|row| row.account == simulator::MINI_APPID) {
        let outcome = map.import(openid, unionid).await.expect("the table answers");
        *outcomes.entry(format!("{outcome:?}")).or_insert(0) += 1;
    }
    assert_eq!(outcomes, [("Written".to_owned(), 15), ("Unchanged".to_owned(), 5)].into());
    assert_eq!(reached(&world).await, 20);
}

#[tokio::test]
async fn app_secrets_that_were_reset_hold_messages_up_until_they_are_deployed_and_lose_none() {
    let account = Account::new().await;
    let world = account.deploy(&[]).await;
    arrives(&world, &accepted(&world).await, 1).await;
    let new = [("OA_SECRET", "another"), ("MINI_SECRET", "one more")];
    world.console(&json!({ "oa_secret": new[0].1, "mini_secret": new[1].1 })).await;
    // Whether WeChat lets tokens of before live is not known. Here they die.
    world.rotate("classic", 2).await;
    let waits = accepted(&world).await;
    let batch = world.wait_for(&waits, |batch| batch["messages"][0]["errcode"] == 40125).await;
    assert_eq!(batch["counts"], json!({ "parked": 1 }), "{batch}");
    let code = world.code(1).await;
    world.post("/login", "", &json!({ "code": code })).await.problem(502, "misconfigured");
    world.stop().await;

    let world = account.deploy(&new).await;
    assert_eq!(world.outcome(&waits).await["state"], "sent");
    world.login(1).await;
    assert_eq!(world.messages_of(1).await.len(), 2);
}

#[tokio::test]
async fn from_classic_to_stable_every_message_arrives_and_no_token_is_found_dead() {
    const TURNS: u64 = 9;
    let account = Account::new().await;
    let world = account.deploy(&[("TOKEN_MODE", "classic")]).await;
    arrives(&world, &accepted(&world).await, 1).await;
    world.fault(json!({ "endpoint": SEND, "errcode": 43117, "times": 1 })).await;
    let waits = accepted(&world).await;
    world.wait_for(&waits, |batch| batch["counts"]["retrying"] == 1).await;
    world.stop().await;

    let world = account.deploy(&[("TOKEN_MODE", "stable")]).await;
    arrives(&world, &waits, 2).await;
    let classic = world.calls(TOKEN).await;
    assert_eq!(world.calls(STABLE_TOKEN).await, 0, "the token that is there lives on");
    // Past its end.
    for _ in 0..TURNS {
        arrives(&world, &accepted(&world).await, 1).await;
        world.pass(Duration::from_secs(20 * 60)).await;
    }
    assert_eq!(world.calls(TOKEN).await, classic, "no other of its kind is fetched");
    assert!(world.calls(STABLE_TOKEN).await >= 2, "one for each account");
    assert_eq!(world.stats().await["endpoints"][SEND]["errors"], json!({ "43117": 1 }));
    assert_eq!(world.messages_of(1).await.len() as u64, 2 + TURNS);
}

#[tokio::test]
async fn a_service_key_is_replaced_without_a_gap() {
    let world = World::start().await;
    let config = world.stack().config();
    let keys = Keys::new(&config, store::client(&config).expect("tables")).expect("a table of keys");
    let make = async || {
        let key = Token::random_key();
        let scopes = vec![Scope::Send, Scope::Read];
        let row = KeyRow { id: key.id(), name: "backend".into(), scopes, created_at: 1, ends_at: None };
        keys.put(&row).await.expect("a key");
        (row.id, key.into_text())
    };
    let ((old_id, old), (_, new)) = (make().await, make().await);
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    let call = json!({ "notification": "approval_submitted", "to": to, "data": approval() });
    let id = world.send_once(&old, "order 7", &call).await.ok(202)["id"].clone();
    let again = world.send_once(&new, "order 7", &call).await.ok(202);
    assert_eq!(again["id"], id, "a new key of the same holder is the same sender");
    assert!(keys.revoke(&old_id).await.expect("the table answers"));
    let path = format!("/send/{}", id.as_str().expect("an id"));
    world.get(&path, &old).await.problem(401, "unauthorized");
    world.get(&path, &new).await.ok(200);
    arrives(&world, id.as_str().expect("an id"), 1).await;
    assert_eq!(world.messages_of(1).await.len(), 1);
}

#[tokio::test]
async fn a_callback_moved_back_from_the_dead_letters_is_worked_off() {
    let world = World::with(Settings { followers: 20, callbacks: true, ..Settings::default() }).await;
    world.sync_until_done().await;
    // What `events` asks WeChat about who follows is not answered, for longer than a callback is tried.
    world.fault(json!({ "endpoint": "/cgi-bin/user/info", "errcode": 48001 })).await;
    world.user_does(100, "follow").await;
    while world.queued("EventsDeadLetters").await == 0 {
        world.pass(Duration::from_secs(180)).await;
    }
    assert_eq!(world.login(100).await.answer["following"], false);
    world.clear_faults().await;
    world.stack().redrive("EventsDeadLetters").await.expect("a queue of dead letters");
    world.until(async || world.login(100).await.answer["following"] == true).await;
}

/// A Secrets Manager: what it keeps, by ARN.
type Secrets = Arc<Mutex<BTreeMap<&'static str, &'static str>>>;

/// Of the account whose token stays.
const OTHER_ARN: &str = "arn:other";

/// The token, by its ARN: before, and after it was replaced.
const TOKEN_ARN: &str = "arn:token";
const TOKENS: [&str; 2] = ["TokenOfBefore", "TokenFromNowOn"];

/// Where it answers.
async fn secrets_manager(secrets: &Secrets) -> String {
    let secrets = Arc::clone(secrets);
    // Its calls have a content type of their own, which axum does not take for JSON.
    let answer = async move |body: String| {
        let asked: Value = serde_json::from_str(&body).expect("JSON");
        let arn = asked["SecretId"].as_str().expect("an ARN");
        Json(json!({ "ARN": arn, "Name": arn, "SecretString": secrets.lock().await[arn] }))
    };
    let app = axum::Router::new().fallback(answer);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async { axum::serve(listener, app).await });
    address
}

/// Whether a process of `callback` knows WeChat by this token on this path.
async fn knows(process: &callback::Function, path: &str, clock: &Clock, token: &str) -> bool {
    let timestamp = clock.now().to_string();
    let signature = callback::crypt::signature(&token.to_owned().into(), &[&timestamp, "n"]);
    let query = format!("signature={signature}&timestamp={timestamp}&nonce=n&echostr=1234");
    let event = json!({
        "version": "2.0",
        "routeKey": format!("GET {path}"),
        "rawPath": path,
        "headers": {},
        "rawQueryString": query,
        "requestContext": {
            "http": { "method": "GET", "path": path }, "routeKey": format!("GET {path}"), "timeEpoch": 0,
        },
        "isBase64Encoded": false,
    });
    let event = Event::read(event).expect("an event");
    let answer = process.handle(event, clock.time() + Duration::from_secs(29)).await.expect("an answer");
    let Answer::Http(answer) = answer else { panic!("{answer:?}") };
    answer.status() == 200
}

/// Past the routes, for the local stack has no Secrets Manager: there a secret is what a process is started with.
#[tokio::test]
async fn a_callback_token_is_replaced_and_for_a_while_both_are_taken() {
    replaced("/events", ["CALLBACK_TOKEN_ARN", "MINI_CALLBACK_TOKEN_ARN"]).await;
    replaced("/events/mini", ["MINI_CALLBACK_TOKEN_ARN", "CALLBACK_TOKEN_ARN"]).await;
}

/// Replaces the token of that path's, and not the other one's.
async fn replaced(path: &str, [own, other]: [&str; 2]) {
    let clock = Clock::movable();
    let secrets: Secrets = Arc::default();
    secrets.lock().await.extend([
        (TOKEN_ARN, TOKENS[0]),
        (OTHER_ARN, "other"),
        ("arn:aes", simulator::ENCODING_AES_KEY),
    ]);
    let manager = secrets_manager(&secrets).await;
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &manager),
        ("MINI_APPID", simulator::MINI_APPID),
        ("OA_APPID", simulator::OA_APPID),
        ("CALLBACK_MODE", "safe"),
        (own, TOKEN_ARN),
        (other, OTHER_ARN),
        ("CALLBACK_AES_KEY_ARN", "arn:aes"),
        ("MINI_CALLBACK_AES_KEY_ARN", "arn:aes"),
        ("FORWARD_URL", ""),
        ("RECEIPTS", "true"),
        ("EVENTS_QUEUE_URL", "http://127.0.0.1:9/0/q"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::of(variables).with_clock(clock.clone());
    let process = callback::Function::init(&config).await.expect("a process");
    let knows = async |token: &str| knows(&process, path, &clock, token).await;
    let known = async || [knows(TOKENS[0]).await, knows(TOKENS[1]).await];

    secrets.lock().await.insert(TOKEN_ARN, TOKENS[1]);
    assert_eq!(known().await, [true, false], "they were read a moment ago");
    clock.advance(5 * 60);
    assert!(knows(TOKENS[1]).await, "they are read again");
    // WeChat signs what is on its way as before, until it has signed the first with the new one.
    assert_eq!(known().await, [true, true]);
    assert_eq!(known().await, [false, true]);
    assert!(!knows("other").await, "the other account's is another");
}
