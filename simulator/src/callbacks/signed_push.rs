//! An event as a request: encrypted, and signed anew for each try.

use reqwest::{Client, RequestBuilder, header};

use crate::callbacks::config::{Callback, CallbackFormat, CallbackMode};
use crate::callbacks::crypto::{Key, new_nonce, signature};
use crate::callbacks::json::json;
use crate::callbacks::message::{Said, fields};
use crate::callbacks::queue::QueuedEvent;
use crate::callbacks::xml::xml;
use crate::faults::callbacks::Tampering;
use crate::world::accounts::Account;

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
    content_type: &'static str,
    /// How long ago it claims to be signed, in seconds.
    age: i64,
}

impl SignedPush {
    /// Encrypts the event, unless it was tampered with or the mode is the plain one.
    pub(crate) fn new(queued: &QueuedEvent, callback: &Callback, account: &Account) -> Self {
        let written = |fields| match callback.format {
            CallbackFormat::Xml => xml(&fields),
            CallbackFormat::Json => json(&fields, queued.looseness),
        };
        let message = written(fields(&queued.event, account));
        let is_safe = callback.mode == CallbackMode::Safe && queued.tampering != Tampering::Plaintext;
        let encrypted = is_safe.then(|| {
            let key = Key::from_text(&callback.encoding_aes_key).expect("checked before it was put to use");
            key.encrypt(rand::random(), &message, account.appid)
        });
        let body = encrypted.as_ref().map_or(message, |encrypted| {
            let to = Said::Text(account.original_id.to_owned());
            written(vec![("ToUserName", to), ("Encrypt", Said::Text(encrypted.clone()))])
        });
        let content_type = match callback.format {
            CallbackFormat::Xml => "text/xml",
            CallbackFormat::Json => "application/json",
        };
        let age = if queued.tampering == Tampering::Stale { HOUR } else { 0 };
        let token = match queued.tampering {
            Tampering::None | Tampering::Plaintext | Tampering::Stale => callback.token.clone(),
            Tampering::WrongSignature => NOBODYS_TOKEN.into(),
        };
        let (url, openid) = (callback.url.clone(), account.openids.of(queued.event.user));
        Self { url, token, openid, encrypted, body, content_type, age }
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
        request.header(header::CONTENT_TYPE, self.content_type).header(header::USER_AGENT, USER_AGENT)
    }
}
