//! An event as a request: encrypted, and signed anew for each try.

use reqwest::{Client, RequestBuilder, header};

use crate::callbacks::config::Callback;
use crate::callbacks::crypto::{Key, new_nonce, signature};
use crate::callbacks::queue::QueuedEvent;
use crate::callbacks::xml::{openid, xml};
use crate::faults::callbacks::Tampering;
use crate::world::accounts::{OA, OA_ORIGINAL_ID};

/// What WeChat's servers call themselves.
const USER_AGENT: &str = "Mozilla/4.0";
/// How old a stale push is, in seconds.
const HOUR: i64 = 3600;
/// Stands in for the token where a wrong signature was asked for.
const NOBODYS_TOKEN: &str = "nobodysToken";

/// An event ready to be signed, as often as it is tried.
pub(crate) struct SignedPush {
    url: String,
    token: String,
    openid: String,
    /// `None` in plain mode.
    encrypted: Option<String>,
    body: String,
    /// How long ago it claims to be signed, in seconds.
    age: i64,
}

impl SignedPush {
    /// Encrypts the event, unless it was tampered with.
    pub(crate) fn new(queued: &QueuedEvent, callback: &Callback) -> Self {
        let xml = xml(&queued.event);
        let encrypted = (queued.tampering != Tampering::Plaintext).then(|| {
            let key = Key::from_text(&callback.encoding_aes_key).expect("checked before it was put to use");
            key.encrypt(rand::random(), &xml, OA.appid)
        });
        let body = encrypted.as_ref().map_or(xml, |encrypted| {
            format!(
                "<xml><ToUserName><![CDATA[{OA_ORIGINAL_ID}]]></ToUserName>\
                 <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
            )
        });
        let age = if queued.tampering == Tampering::Stale { HOUR } else { 0 };
        let token = match queued.tampering {
            Tampering::None | Tampering::Plaintext | Tampering::Stale => callback.token.clone(),
            Tampering::WrongSignature => NOBODYS_TOKEN.into(),
        };
        Self { url: callback.url.clone(), token, openid: openid(&queued.event), encrypted, body, age }
    }

    /// One try: signed for this moment, with a nonce of its own.
    pub(crate) fn request(&self, http: &Client, now: i64) -> RequestBuilder {
        let (timestamp, nonce) = ((now - self.age).to_string(), new_nonce());
        let plain = signature(&[&self.token, &timestamp, &nonce]);
        let mut query = vec![
            ("signature", &*plain),
            ("timestamp", &timestamp),
            ("nonce", &nonce),
            ("openid", &self.openid),
        ];
        let over_body =
            self.encrypted.as_ref().map(|encrypted| signature(&[&self.token, &timestamp, &nonce, encrypted]));
        if let Some(over_body) = &over_body {
            query.extend([("encrypt_type", "aes"), ("msg_signature", over_body)]);
        }
        let request = http.post(&self.url).query(&query).body(self.body.clone());
        request.header(header::CONTENT_TYPE, "text/xml").header(header::USER_AGENT, USER_AGENT)
    }
}
