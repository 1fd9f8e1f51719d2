//! Sending what is queued, in the background, the way WeChat does: up to three tries of five seconds each.

use std::convert::Infallible;

use rand::RngExt;
use reqwest::{Client, RequestBuilder, StatusCode, header};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::callbacks::Callback;
use crate::callbacks::crypto::{Key, signature};
use crate::callbacks::queue::{Next, QueuedEvent};
use crate::callbacks::stats::Outcome;
use crate::callbacks::xml::{openid, xml};
use crate::faults::callbacks::Tampering;
use crate::simulator::Simulator;
use crate::world::accounts::{OA_APPID, OA_ORIGINAL_ID};

/// WeChat's own rule: the first try and two more, without a pause between them.
const TRIES: usize = 3;
/// What WeChat's servers call themselves.
const USER_AGENT: &str = "Mozilla/4.0";
/// Stands in for the token where a wrong signature was asked for.
const NOBODYS_TOKEN: &str = "nobodysToken";

impl Simulator {
    /// Pushes events as they come; whatever is on its way ends with this future.
    pub(crate) async fn push_callbacks(self) -> Infallible {
        let changed = self.lock().callbacks.queue.changed();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let next = self.lock().callbacks.next();
            match next {
                Some((Next::Push(queued), callback)) => {
                    tasks.spawn(self.clone().push(queued, callback));
                }
                Some((Next::Wait(user, until), _)) => {
                    tasks.spawn(self.clone().wake(user, until));
                }
                None => changed.notified().await,
            }
        }
    }

    async fn wake(self, user: u32, at: Instant) {
        tokio::time::sleep_until(at).await;
        self.lock().callbacks.queue.wake(user);
    }

    async fn push(self, queued: QueuedEvent, callback: Callback) {
        let push = SignedPush::new(&queued, &callback);
        let mut taken = false;
        for _ in 0..TRIES {
            let now = self.lock().world.clock.now();
            let started = Instant::now();
            let outcome = ask(push.request(&self.http, now)).await;
            self.lock().callbacks.stats.tried(started.elapsed(), outcome);
            if outcome == Outcome::Taken {
                taken = true;
                break;
            }
        }
        let callbacks = &mut self.lock().callbacks;
        callbacks.stats.ended(taken);
        callbacks.queue.ended(queued.event.user);
    }
}

/// Only `success` or nothing ends WeChat's tries.
async fn ask(request: RequestBuilder) -> Outcome {
    let answer = async {
        let response = request.send().await?;
        let status = response.status();
        Ok((status, response.bytes().await?))
    };
    match answer.await {
        Ok((StatusCode::OK, body)) if body.is_empty() || body == "success" => Outcome::Taken,
        Ok(_) => Outcome::Failed,
        Err(error) if reqwest::Error::is_timeout(&error) => Outcome::Silent,
        Err(_) => Outcome::Failed,
    }
}

/// An event ready to be signed, as often as it is tried.
struct SignedPush {
    url: String,
    token: String,
    openid: String,
    /// `None` in plain mode.
    encrypted: Option<String>,
    body: String,
}

impl SignedPush {
    fn new(queued: &QueuedEvent, callback: &Callback) -> Self {
        let xml = xml(&queued.event);
        let encrypted = (queued.tampering != Tampering::Plaintext).then(|| {
            let key = Key::from_text(&callback.encoding_aes_key).expect("checked before it was put to use");
            key.encrypt(rand::random(), &xml, OA_APPID)
        });
        let body = encrypted.as_ref().map_or(xml, |encrypted| {
            format!(
                "<xml><ToUserName><![CDATA[{OA_ORIGINAL_ID}]]></ToUserName>\
                 <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
            )
        });
        let token = match queued.tampering {
            Tampering::None | Tampering::Plaintext => callback.token.clone(),
            Tampering::WrongSignature => NOBODYS_TOKEN.into(),
        };
        Self { url: callback.url.clone(), token, openid: openid(&queued.event), encrypted, body }
    }

    /// One try: signed for this moment, with a nonce of its own.
    fn request(&self, http: &Client, now: i64) -> RequestBuilder {
        let (timestamp, nonce) = (now.to_string(), new_nonce());
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

/// WeChat's are decimal, too.
pub(crate) fn new_nonce() -> String {
    rand::rng().random_range(100_000_000_u32..2_000_000_000).to_string()
}
