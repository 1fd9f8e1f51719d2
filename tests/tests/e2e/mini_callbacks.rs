//! GET and POST /events/mini: what the mini-program's callbacks, in XML or JSON, do to credits and to messages, and that
//! each account's are taken on its own path alone.

use aes::Aes256;
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use form_urlencoded::Serializer;
use harness::{Answer, World};
use local::Settings;
use reqwest::Method;
use serde_json::{Value, json};
use simulator::SUBSCRIBE_TEMPLATE_ID;

use crate::credits::credits;

const MINI: &str = "/events/mini";
const OA: &str = "/events";

const USER: &str = "oMini";

/// What WeChat knows an account by.
#[derive(Clone, Copy)]
struct Console {
    token: &'static str,
    aes_key: &'static str,
    appid: &'static str,
}

const OF_THE_MINI_PROGRAM: Console = Console {
    token: simulator::MINI_CALLBACK_TOKEN,
    aes_key: simulator::MINI_ENCODING_AES_KEY,
    appid: simulator::MINI_APPID,
};
const OF_THE_ACCOUNT: Console = Console {
    token: simulator::CALLBACK_TOKEN,
    aes_key: simulator::ENCODING_AES_KEY,
    appid: simulator::OA_APPID,
};

/// In which format WeChat pushes.
#[derive(Clone, Copy)]
enum Format {
    Xml,
    Json,
}

/// Settings with the mini-program's callbacks set up, and the source that credit is counted by.
pub(crate) fn set_up(source: &str) -> Settings {
    let Console { token, aes_key, .. } = OF_THE_MINI_PROGRAM;
    let environment =
        [("MINI_CALLBACK_TOKEN", token), ("MINI_CALLBACK_AES_KEY", aes_key), ("SUBSCRIPTION_SOURCE", source)];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Settings { environment, ..Settings::default() }
}

impl Console {
    fn sealed(self, message: &str) -> String {
        let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
        let key = GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(format!("{}=", self.aes_key));
        let key = key.expect("a key");
        let length = u32::try_from(message.len()).expect("short").to_be_bytes();
        let mut plain =
            [&b"0123456789abcdef"[..], &length, message.as_bytes(), self.appid.as_bytes()].concat();
        let padding = 32 - plain.len() % 32;
        plain.extend(std::iter::repeat_n(u8::try_from(padding).expect("small"), padding));
        let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&key, &key[..16]).expect("32 bytes and 16");
        STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(&plain))
    }

    fn signature(self, parts: &[&str]) -> String {
        callback::crypt::signature(&self.token.to_owned().into(), parts)
    }

    /// Pushes a message, signed anew each time.
    async fn pushes(self, world: &World, path: &str, format: Format, message: &str) -> Answer {
        let (at, nonce) = (world.stack().clock().now().to_string(), shared::random_id());
        let encrypt = self.sealed(message);
        let query = [
            ("signature", self.signature(&[&at, &nonce])),
            ("msg_signature", self.signature(&[&at, &nonce, &encrypt])),
            ("encrypt_type", "aes".to_owned()),
            ("timestamp", at),
            ("nonce", nonce),
        ];
        let query = Serializer::new(String::new()).extend_pairs(query).finish();
        let body = match format {
            Format::Xml => {
                format!("<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>")
            }
            Format::Json => json!({ "ToUserName": "gh", "Encrypt": encrypt }).to_string(),
        };
        world.call(Method::POST, &format!("{path}?{query}"), "", body).await
    }

    /// Asks whether the address is ours.
    async fn asks(self, world: &World, path: &str) -> Answer {
        let at = world.stack().clock().now().to_string();
        let signature = self.signature(&[&at, "1"]);
        let query = format!("signature={signature}&timestamp={at}&nonce=1&echostr=5927782489442352469");
        world.call(Method::GET, &format!("{path}?{query}"), "", "").await
    }
}

/// An event of the mini-program's of that time, with one list or several.
fn event(format: Format, name: &str, at: i64, lists: &[Value]) -> String {
    match format {
        Format::Json => {
            let list = if let [one] = lists { one.clone() } else { json!(lists) };
            let head = json!({
                "ToUserName": "gh", "FromUserName": USER, "CreateTime": at.to_string(), "MsgType": "event",
                "Event": name, "List": list,
            });
            head.to_string()
        }
        Format::Xml => {
            let fields = |list: &Value| {
                let fields = list.as_object().expect("fields").iter();
                let fields = fields.map(|(name, value)| match value {
                    Value::String(text) => format!("<{name}><![CDATA[{text}]]></{name}>"),
                    number => format!("<{name}>{number}</{name}>"),
                });
                format!("<List>{}</List>", fields.collect::<String>())
            };
            let lists: String = lists.iter().map(fields).collect();
            format!(
                "<xml><ToUserName><![CDATA[gh]]></ToUserName><FromUserName><![CDATA[{USER}]]></FromUserName>\
                 <CreateTime>{at}</CreateTime><MsgType><![CDATA[event]]></MsgType>\
                 <Event><![CDATA[{name}]]></Event><SubscribeMsgEvent>{lists}</SubscribeMsgEvent></xml>"
            )
        }
    }
}

fn said(template: &str, word: &str) -> Value {
    json!({ "TemplateId": template, "SubscribeStatusString": word, "PopupScene": "0" })
}

/// Pushes an event of the mini-program's, which is taken, and waits until it was worked on.
async fn taken(world: &World, message: String, format: Format) {
    let answer = OF_THE_MINI_PROGRAM.pushes(world, MINI, format, &message).await;
    assert_eq!((answer.status, &answer.body), (200, &json!("success")));
    world.until(async || world.queued("EventsQueue").await == 0).await;
}

/// A no in the settings, of now.
pub(crate) async fn withdrawn(world: &World, template: &str) {
    let now = world.stack().clock().now();
    let message = event(Format::Json, "subscribe_msg_change_event", now, &[said(template, "reject")]);
    taken(world, message, Format::Json).await;
}

async fn counts(world: &World) -> [u32; 2] {
    let counts = credits(world).of(USER).await.expect("a row");
    ["t1", "t2"].map(|template| counts.get(template).copied().unwrap_or_default())
}

#[tokio::test]
async fn each_accounts_callbacks_are_taken_on_its_own_path_alone() {
    let world = World::with(set_up("client")).await;
    let (mini, oa) = (OF_THE_MINI_PROGRAM, OF_THE_ACCOUNT);
    let popup = |format| event(format, "subscribe_msg_popup_event", 1_700_000_000, &[said("t1", "accept")]);
    for (console, own, other) in [(mini, MINI, OA), (oa, OA, MINI)] {
        let echo = console.asks(&world, own).await;
        assert_eq!((echo.status, &echo.body), (200, &json!("5927782489442352469")), "{own}");
        console.asks(&world, other).await.problem(403, "forbidden");
        for format in [Format::Xml, Format::Json] {
            let answer = console.pushes(&world, own, format, &popup(format)).await;
            assert_eq!((answer.status, &answer.body), (200, &json!("success")), "{own}");
            console.pushes(&world, other, format, &popup(format)).await.problem(403, "forbidden");
        }
    }
    // Whoever has the right token still has to know the key, and to mean this account.
    for wrong in [Console { aes_key: oa.aes_key, ..mini }, Console { appid: oa.appid, ..mini }] {
        wrong.pushes(&world, MINI, Format::Json, &popup(Format::Json)).await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn where_nobody_set_them_up_it_is_said_how() {
    let world = World::start().await;
    for answer in [
        OF_THE_MINI_PROGRAM.asks(&world, MINI).await,
        OF_THE_MINI_PROGRAM.pushes(&world, MINI, Format::Xml, "<xml></xml>").await,
    ] {
        let problem = answer.problem(404, "not_found");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains("MiniCallbackToken") && detail.contains("MiniCallbackAesKey"), "{detail}");
    }
}

#[tokio::test]
async fn what_the_client_counts_the_events_only_lower() {
    let world = World::with(set_up("client")).await;
    for format in [Format::Xml, Format::Json] {
        credits(&world).add(USER, &["t1", "t2"]).await.expect("added");
        // A no of before the last yes is over.
        let late = world.stack().clock().now();
        let late = event(format, "subscribe_msg_change_event", late, &[said("t1", "reject")]);
        taken(&world, late, format).await;
        world.advance(1).await;
        let (before, now) = (counts(&world).await, world.stack().clock().now());
        for (name, word) in [
            ("subscribe_msg_popup_event", "accept"),
            ("subscribe_msg_popup_event", "reject"),
            ("subscribe_msg_change_event", "accept"),
        ] {
            taken(&world, event(format, name, now, &[said("t1", word)]), format).await;
            assert_eq!(counts(&world).await, before, "{name} {word}");
        }
        let no = event(format, "subscribe_msg_change_event", now, &[said("t1", "reject")]);
        taken(&world, no.clone(), format).await;
        assert_eq!(counts(&world).await, [0, before[1]]);
        // WeChat tells it again, when the user has said yes anew.
        credits(&world).add(USER, &["t1"]).await.expect("added");
        taken(&world, no, format).await;
        assert_eq!(counts(&world).await, [1, before[1]]);
        world.advance(1).await;
    }
}

#[tokio::test]
async fn where_events_are_the_source_each_yes_counts_once_however_often_it_is_told() {
    let world = World::with(set_up("events")).await;
    let start = world.stack().clock().now();
    let yes = |format, at| {
        let lists = [said("t1", "accept"), said("t2", "reject"), said("t2", "ban")];
        event(format, "subscribe_msg_popup_event", at, &lists)
    };
    for (n, format) in [(1, Format::Xml), (2, Format::Json)] {
        world.advance(1).await;
        for _ in 0..3 {
            taken(&world, yes(format, start + i64::from(n)), format).await;
            assert_eq!(counts(&world).await, [n, 0]);
        }
    }
    world.advance(1).await;
    let no = [said("t1", "reject"), said("t2", "reject")];
    taken(&world, event(Format::Json, "subscribe_msg_change_event", start + 3, &no), Format::Json).await;
    assert_eq!(counts(&world).await, [0, 0]);
    // What came before the no is told late.
    taken(&world, yes(Format::Json, start + 2), Format::Json).await;
    assert_eq!(counts(&world).await, [0, 0]);
}

#[tokio::test]
async fn a_receipt_of_the_mini_programs_joins_its_own_message_and_none_of_the_other_accounts() {
    let world = World::with(Settings { followers: 3, ..set_up("client") }).await;
    world.sync_until_done().await;
    let mut to = vec![json!({ "unionid": world.user(0).await.unionid })];
    for user in 100..103 {
        for _ in 0..2 {
            accept(&world, user).await;
        }
        to.push(json!({ "openid": world.user(user).await.openid }));
    }
    let sent = world.send(&json!(to)).await;
    let id = sent["id"].as_str().expect("an id");
    world.wait_for(id, |batch| batch["counts"]["sent"] == 4).await;
    let mut msgids = Vec::new();
    for user in [0, 100, 101, 102] {
        msgids.push(world.messages_of(user).await[0]["msgid"].clone());
    }
    let list = |n: usize, errcode: &str, status: &str| {
        let msgid = msgids[n].to_string();
        json!({ "TemplateId": SUBSCRIBE_TEMPLATE_ID, "MsgID": msgid, "ErrorCode": errcode, "ErrorStatus": status })
    };
    world.advance(1).await;
    accept(&world, 102).await;
    let now = world.stack().clock().now();
    let several = [
        list(0, "-1", "of the follower's template message"),
        list(1, "0", "success"),
        list(2, "43101", "user refuse to accept the msg"),
    ];
    let of_user = async |user, event: String| event.replace(USER, &world.user(user).await.openid);
    let text = of_user(101, event(Format::Json, "subscribe_msg_sent_event", now, &several)).await;
    taken(&world, text, Format::Json).await;
    let one = [list(3, "43101", "user refuse")];
    let text = of_user(102, event(Format::Xml, "subscribe_msg_sent_event", now, &one)).await;
    taken(&world, text, Format::Xml).await;
    let batch = world.wait_for(id, |batch| batch["counts"]["sent"] == 1).await;
    let ends: Vec<_> = (0..4)
        .map(|n| ["state", "reason", "detail"].map(|name| batch["messages"][n][name].clone()))
        .collect();
    let ended = |state: &str, reason: Value, detail: &str| [json!(state), reason, json!(detail)];
    assert_eq!(ends[0], [json!("sent"), Value::Null, Value::Null]);
    assert_eq!(ends[1], ended("delivered", Value::Null, "success"));
    assert_eq!(ends[2], ended("blocked", json!("not_subscribed"), "43101 user refuse to accept the msg"));
    assert_eq!(ends[3], ended("blocked", json!("not_subscribed"), "43101 user refuse"));
    // Who refused has accepted no more, but for what came after.
    let left = async |user| {
        credits(&world).of(&world.user(user).await.openid).await.expect("a row")[SUBSCRIBE_TEMPLATE_ID]
    };
    assert_eq!((left(100).await, left(101).await, left(102).await), (1, 0, 2));
}

/// A user logs in and accepts a message, and the mini-program tells.
async fn accept(world: &World, user: u32) {
    let session = world.login(user).await;
    let results = world.accept(user, &[SUBSCRIBE_TEMPLATE_ID]).await;
    world.post("/subscriptions", &session.token, &json!({ "results": results })).await.ok(200);
}

/// An Official Account for tests has nothing better than plain mode; a mini-program has.
#[tokio::test]
async fn in_plain_mode_the_mini_programs_callbacks_are_taken_sealed_alone() {
    let mut settings = set_up("client");
    settings.environment.insert("CALLBACK_MODE".to_owned(), "plain".to_owned());
    let world = World::with(settings).await;
    let now = world.stack().clock().now();
    let text = event(Format::Xml, "subscribe_msg_change_event", now, &[said("t1", "reject")]);
    for (path, console, status) in [(OA, OF_THE_ACCOUNT, 200), (MINI, OF_THE_MINI_PROGRAM, 403)] {
        let (timestamp, nonce) = (now.to_string(), "n1");
        let signature = console.signature(&[&timestamp, nonce]);
        let query = format!("signature={signature}&timestamp={timestamp}&nonce={nonce}");
        let answer = world.call(Method::POST, &format!("{path}?{query}"), "", text.clone()).await;
        assert_eq!(answer.status, status, "{path} {}", answer.body);
    }
}

/// Waits until WeChat has told everything of the mini-program and it was worked on.
async fn settled(world: &World) {
    world
        .until(async || {
            world.mini_callbacks().await["pending"] == 0 && world.queued("EventsQueue").await == 0
        })
        .await;
}

#[tokio::test]
async fn as_wechat_pushes_them_credits_are_what_the_user_takes() {
    const T: &str = simulator::SUBSCRIBE_TEMPLATE_ID;
    let world = World::with(Settings { callbacks: true, followers: 5, ..set_up("events") }).await;
    let openid = world.user(1).await.openid;
    let count = async || {
        let counts = credits(&world).of(&openid).await.expect("a row");
        (counts.get(T).copied().unwrap_or_default(), world.subscriptions_of(1).await[T].as_u64().unwrap_or(0))
    };
    let url = format!("{}{MINI}", world.gateway);
    for (n, format) in [(1, "json"), (2, "xml"), (3, "json")] {
        world.configure_mini_callback(&json!({ "url": url, "format": format })).await;
        world
            .mini_callback_fault(json!({ "duplicate": 1.0, "list_as_object": 0.5 * f64::from(n) - 0.5 }))
            .await;
        world.accept(1, &[T]).await;
        settled(&world).await;
        assert_eq!(count().await, (n, n.into()), "{format}");
        world.advance(1).await;
    }
    world.reply(1, &json!({ T: "reject" })).await;
    settled(&world).await;
    assert_eq!(count().await, (3, 3));
    world.advance(1).await;
    world.refuse_subscription(1, T).await;
    settled(&world).await;
    assert_eq!(count().await, (0, 0));
    assert_eq!(world.mini_callbacks().await["given_up"], 0);
}

#[tokio::test]
async fn a_subscribe_message_is_delivered_by_its_own_receipt_and_by_no_other_word() {
    let world = World::with(Settings { callbacks: true, followers: 5, ..set_up("client") }).await;
    let session = world.login(100).await;
    let results = world.accept(100, &[simulator::SUBSCRIBE_TEMPLATE_ID]).await;
    world.post("/subscriptions", &session.token, &json!({ "results": results })).await.ok(200);
    let id = world.send_to(&json!({ "openid": world.user(100).await.openid })).await;
    let batch = world.wait_for(&id, |batch| batch["counts"] == json!({ "delivered": 1 })).await;
    assert_eq!(batch["messages"][0]["channel"], "subscribe", "{batch}");
}
