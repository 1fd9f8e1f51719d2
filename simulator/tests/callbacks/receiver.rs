//! An account's server as WeChat meets it: verifies, records, decrypts, and answers as told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use sha1::{Digest, Sha1};
use simulator::{
    CALLBACK_TOKEN, ENCODING_AES_KEY, MINI_APPID, MINI_CALLBACK_TOKEN, MINI_ENCODING_AES_KEY, OA_APPID,
};
use tokio::net::TcpListener;
use tokio::sync::watch;

#[derive(Clone, Copy)]
pub enum Answer {
    Text(u16, &'static str),
    Silence,
}

/// What an account's callbacks are signed and encrypted with, and for whom.
#[derive(Debug)]
struct Keys {
    token: &'static str,
    encoding_aes_key: &'static str,
    appid: &'static str,
}

static OA: Keys = Keys { token: CALLBACK_TOKEN, encoding_aes_key: ENCODING_AES_KEY, appid: OA_APPID };
static MINI: Keys =
    Keys { token: MINI_CALLBACK_TOKEN, encoding_aes_key: MINI_ENCODING_AES_KEY, appid: MINI_APPID };

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Push {
    keys: &'static Keys,
    pub content_type: String,
    pub query: HashMap<String, String>,
    pub body: String,
}

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    keys: &'static Keys,
    pushes: Arc<Mutex<Vec<Push>>>,
    arrived: watch::Sender<usize>,
    /// What to answer next; `success` when it is empty.
    pub answers: Arc<Mutex<VecDeque<Answer>>>,
    /// Nothing is answered while it is closed.
    pub open: watch::Sender<bool>,
}

impl Receiver {
    /// The Official Account's.
    pub async fn start() -> Self {
        Self::with(&OA).await
    }

    pub async fn of_mini() -> Self {
        Self::with(&MINI).await
    }

    async fn with(keys: &'static Keys) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/callback", listener.local_addr().unwrap()),
            keys,
            pushes: Arc::default(),
            arrived: watch::Sender::new(0),
            answers: Arc::default(),
            open: watch::Sender::new(true),
        };
        let callback = get(verified).post(received);
        let router = Router::new().route("/callback", callback).with_state(receiver.clone());
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// All that came, once there are so many.
    pub async fn pushes(&self, count: usize) -> Vec<Push> {
        self.arrived.subscribe().wait_for(|arrived| *arrived >= count).await.unwrap();
        self.pushes.lock().unwrap().clone()
    }

    /// The names of the events that came, once there are so many.
    pub async fn events(&self, count: usize) -> Vec<String> {
        self.pushes(count).await.iter().map(|push| text(&push.xml(), "Event")).collect()
    }
}

async fn verified(
    State(receiver): State<Receiver>,
    Query(query): Query<HashMap<String, String>>,
) -> (StatusCode, String) {
    let signed = signature(&[receiver.keys.token, &query["timestamp"], &query["nonce"]]);
    if signed == query["signature"] {
        (StatusCode::OK, query["echostr"].clone())
    } else {
        (StatusCode::FORBIDDEN, String::new())
    }
}

async fn received(
    State(receiver): State<Receiver>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, &'static str) {
    let content_type = headers[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    receiver.pushes.lock().unwrap().push(Push { keys: receiver.keys, content_type, query, body });
    receiver.arrived.send_modify(|arrived| *arrived += 1);
    receiver.open.subscribe().wait_for(|open| *open).await.unwrap();
    let answer = receiver.answers.lock().unwrap().pop_front();
    match answer {
        Some(Answer::Silence) => std::future::pending().await,
        Some(Answer::Text(status, text)) => (StatusCode::from_u16(status).unwrap(), text),
        None => (StatusCode::OK, "success"),
    }
}

impl Push {
    pub fn is_signed(&self) -> bool {
        let Self { keys, query, .. } = self;
        let signed = signature(&[keys.token, &query["timestamp"], &query["nonce"], &self.encrypted()]);
        query["encrypt_type"] == "aes" && query["msg_signature"] == signed
    }

    fn encrypted(&self) -> String {
        match serde_json::from_str::<Value>(&self.body) {
            Ok(body) => body["Encrypt"].as_str().unwrap().to_owned(),
            Err(_) => text(&self.body, "Encrypt"),
        }
    }

    /// The message, decrypted.
    pub fn xml(&self) -> String {
        let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
        let lenient = GeneralPurpose::new(&alphabet::STANDARD, lenient);
        let key = lenient.decode(format!("{}=", self.keys.encoding_aes_key)).unwrap();
        let encrypted = lenient.decode(self.encrypted()).unwrap();
        let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&key, &key[..16]).unwrap();
        let plain = cipher.decrypt_padded_vec::<NoPadding>(&encrypted).unwrap();
        let (padding, length) = (usize::from(plain[plain.len() - 1]), plain[16..20].try_into().unwrap());
        let end = 20 + u32::from_be_bytes(length) as usize;
        assert_eq!(&plain[end..plain.len() - padding], self.keys.appid.as_bytes());
        String::from_utf8(plain[20..end].to_vec()).unwrap()
    }

    /// The message, decrypted, of an account that chose JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.xml()).unwrap()
    }
}

/// The text of an element, in a CDATA section or bare.
pub fn text(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    let (text, _) = rest.split_once(&format!("</{name}>")).unwrap();
    let bare = text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>"));
    bare.unwrap_or(text).to_owned()
}

pub fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}
