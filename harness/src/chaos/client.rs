//! The caller: sends in batches, asks again until it is told, and takes down what it was told.

use std::time::{Duration, Instant};

use crate::{Answer, User, World, approval};
use futures::{StreamExt, stream};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::index;
use reqwest::Method;
use serde_json::{Value, json};
use simulator::SUBSCRIBE_TEMPLATE_ID;

/// The most recipients of one call.
const MOST_RECIPIENTS: u32 = 1_000;

/// At least so many calls share the messages.
const LEAST_CALLS: u32 = 6;

/// Between two tries of a call.
const AGAIN: Duration = Duration::from_secs(5);

/// Between two looks at a batch, by the machine's time.
const PAUSE: Duration = Duration::from_millis(20);

/// How many users the simulator names at a time.
const USERS: u32 = 10_000;

/// How many users accept at a time, by the machine's time: tables that fail keep each of them waiting.
const ACCEPTING: usize = 32;

/// One accepted call of POST /send.
pub struct Batch {
    /// Its id.
    pub id: String,
    /// How many messages were accepted.
    pub accepted: u64,
    /// Who it went to, in order.
    pub recipients: Vec<Recipient>,
    /// What its messages, and no other's, say of their kind.
    pub kind: String,
    /// Its messages as GET /send/{id} shows them.
    pub messages: Vec<Value>,
}

/// Who a call names.
#[derive(Clone)]
pub struct Recipient {
    user: User,
    /// Whether they follow, and are thus to be reached in any case.
    pub follows: bool,
    /// How many of their accepts Queqiao has certainly been told of.
    pub credits: u64,
}

impl Recipient {
    /// In the Official Account.
    pub fn oa_openid(&self) -> &str {
        &self.user.oa_openid
    }

    /// In the mini-program.
    pub fn openid(&self) -> &str {
        &self.user.openid
    }
}

/// The calls of a scenario.
pub struct Client<'a> {
    world: &'a World,
    users: Vec<Recipient>,
    dice: StdRng,
    seed: u64,
    deadline: Instant,
}

impl<'a> Client<'a> {
    /// A client that writes to any of the first `count` users, and gives up after `patience`.
    pub async fn new(world: &'a World, count: u32, seed: u64, patience: Duration) -> Self {
        let mut users = Vec::new();
        for from in (0..count).step_by(USERS as usize) {
            let some = world.users(from, USERS.min(count - from)).await;
            users.extend(some.into_iter().map(|user| Recipient { user, follows: true, credits: 0 }));
        }
        let dice = StdRng::seed_from_u64(seed);
        Self { world, users, dice, seed, deadline: Instant::now() + patience }
    }

    /// Of the followers every fifth leaves, and nobody is told; they, and whoever never followed, accept up to two
    /// messages in the mini-program.
    pub async fn accept(&mut self, followers: u32) {
        let strangers = (0..).zip(&self.users).filter(|(n, _)| *n >= followers || n % 5 == 0).map(|(n, _)| n);
        let accepting = strangers.map(|n| accept(self.world, n, n < followers));
        let told: Vec<_> = stream::iter(accepting).buffer_unordered(ACCEPTING).boxed().collect().await;
        for (n, credits) in told {
            let user = &mut self.users[n as usize];
            (user.follows, user.credits) = (false, credits);
        }
    }

    /// Sends so many messages in several calls, evenly over `spread`. Each call has its own content,
    /// and names a user once, so that no user is to get the same content twice.
    pub async fn send(&mut self, messages: u32, spread: Duration) -> Vec<Batch> {
        let size = messages.div_ceil(LEAST_CALLS).min(MOST_RECIPIENTS);
        let calls = messages.div_ceil(size);
        let clock = self.world.stack().clock();
        let started = clock.time();
        let mut batches = Vec::new();
        for call in 0..calls {
            clock.sleep_until(started + spread * call / calls).await;
            batches.push(self.send_batch(call, size.min(messages - call * size)).await);
        }
        batches
    }

    async fn send_batch(&mut self, call: u32, size: u32) -> Batch {
        let chosen = index::sample(&mut self.dice, self.users.len(), size as usize);
        let users: Vec<_> = chosen.into_iter().map(|user| &self.users[user]).collect();
        let to: Vec<_> = users.iter().enumerate().map(|(place, user)| named(place, user)).collect();
        let mut data = approval();
        let kind = format!("{}-{call}", self.seed);
        (data["id"], data["kind"]) = (json!(kind), json!(kind));
        let body = json!({ "notification": "approval_submitted", "to": to, "data": data });
        let key = format!("chaos-{}-{call}", self.seed);
        let send = async || self.world.send_once(&self.world.service_key, &key, &body).await;
        let sent = self.insist(202, send).await;
        let recipients = users.into_iter().cloned().collect();
        let accepted = sent["accepted"].as_u64().unwrap_or_default();
        Batch {
            id: sent["id"].as_str().unwrap_or_default().to_owned(),
            accepted,
            recipients,
            kind,
            messages: Vec::new(),
        }
    }

    /// Waits until nothing more will be tried, or its patience is at an end, and takes the states down.
    pub async fn settle(&self, batches: &mut [Batch]) {
        for batch in batches {
            while !is_settled(&self.get(&format!("/send/{}", batch.id)).await)
                && Instant::now() < self.deadline
            {
                tokio::time::sleep(PAUSE).await;
            }
            batch.messages = self.messages(&batch.id).await;
        }
    }

    async fn messages(&self, id: &str) -> Vec<Value> {
        let (mut messages, mut after) = (Vec::new(), json!(0));
        while !after.is_null() {
            let mut page = self.get(&format!("/send/{id}?after={after}")).await;
            messages.extend(page["messages"].as_array_mut().map(std::mem::take).unwrap_or_default());
            after = page["next"].take();
        }
        messages
    }

    /// Has all that failed of these batches sent anew.
    pub async fn replay(&self, batches: &[Batch]) {
        for batch in batches {
            let path = format!("/send/{}/replay", batch.id);
            self.insist(202, async || self.world.post(&path, &self.world.service_key, &json!({})).await)
                .await;
        }
    }

    /// Syncs until the whole list was seen; gives the progress.
    pub async fn sync(&self) -> Value {
        loop {
            let post = async || self.world.call(Method::POST, "/sync", &self.world.service_key, "").await;
            let progress = self.insist(200, post).await;
            if progress["state"] == "done" {
                return progress;
            }
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.insist(200, async || self.world.get(path, &self.world.service_key).await).await
    }

    /// Calls until it is answered with this status, as a caller does that gets a 5xx.
    async fn insist(&self, status: u16, call: impl AsyncFn() -> Answer) -> Value {
        loop {
            let answer = call().await;
            if answer.status == status {
                return answer.body;
            }
            let is_hopeless = !matches!(answer.status, 409 | 429 | 500..) || Instant::now() >= self.deadline;
            assert!(!is_hopeless, "{} {}", answer.status, answer.body);
            self.world.stack().clock().sleep(AGAIN).await;
        }
    }
}

/// A user leaves, if they followed, logs in and accepts; gives their number, and of how many accepts the mini-program was
/// told that they count.
async fn accept(world: &World, n: u32, follows: bool) -> (u32, u64) {
    if follows {
        world.user_does(n, "unfollow").await;
    }
    let session = loop {
        let code = world.code(n).await;
        let answer = world.post("/login", "", &json!({ "code": code })).await;
        if answer.status == 200 {
            break answer.body["token"].as_str().unwrap_or_default().to_owned();
        }
    };
    let mut credits = 0;
    for _ in 0..n / 5 % 3 {
        let results = world.accept(n, &[SUBSCRIBE_TEMPLATE_ID]).await;
        // An accept whose report is lost is lost.
        let told = world.post("/subscriptions", &session, &json!({ "results": results })).await;
        credits += u64::from(told.status == 200);
    }
    (n, credits)
}

/// By unionid or by openid, in turn.
fn named(place: usize, Recipient { user, follows, .. }: &Recipient) -> Value {
    match (place.is_multiple_of(2), follows) {
        (true, _) => json!({ "unionid": user.unionid }),
        (false, true) => json!({ "oa_openid": user.oa_openid }),
        (false, false) => json!({ "openid": user.openid }),
    }
}

fn is_settled(batch: &Value) -> bool {
    ["queued", "retrying", "parked"].iter().all(|state| batch["counts"][state].is_null())
}
