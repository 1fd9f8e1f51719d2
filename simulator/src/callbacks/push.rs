//! Sending what is queued, in the background, the way WeChat does: up to three tries of five seconds each.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use reqwest::{RequestBuilder, StatusCode};
use tokio::task::JoinSet;

use crate::callbacks::Callbacks;
use crate::callbacks::config::Callback;
use crate::callbacks::queue::{Next, QueuedEvent};
use crate::callbacks::signed_push::SignedPush;
use crate::callbacks::stats::Outcome;
use crate::log::Told;

/// WeChat's own rule: the first try and two more, without a pause between them.
const TRIES: usize = 3;

/// How long the server has to answer each: WeChat's own rule, too.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// Empties the outbox.
#[derive(Clone)]
pub(crate) struct Pusher {
    /// What it empties.
    pub(crate) callbacks: Callbacks,
}

impl Pusher {
    /// Pushes events as they come; whatever is on its way ends with this future.
    pub(crate) async fn run(self) -> Infallible {
        let changed = self.callbacks.lock().queue.changed();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let next = self.callbacks.lock().next(self.callbacks.clock.time());
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

    async fn wake(self, user: u32, at: SystemTime) {
        self.callbacks.clock.sleep_until(at).await;
        self.callbacks.lock().queue.wake(user);
    }

    async fn push(self, queued: QueuedEvent, callback: Callback) {
        let push = SignedPush::new(&queued, &callback, self.callbacks.account);
        let (mut taken, mut tries) = (false, 0);
        while !taken && tries < TRIES {
            tries += 1;
            let started = self.callbacks.clock.time();
            let asked = ask(push.request(&self.callbacks.http, self.callbacks.clock.now()));
            let outcome = self.callbacks.clock.timeout(TIMEOUT, asked).await.unwrap_or(Outcome::Silent);
            let took = self.callbacks.clock.time().duration_since(started).unwrap_or_default();
            self.callbacks.lock().stats.tried(took, outcome);
            taken = outcome == Outcome::Taken;
        }
        let mut outbox = self.callbacks.lock();
        outbox.stats.ended(taken);
        outbox.queue.ended(queued.event.user);
        self.callbacks.note(queued.event, if taken { Told::Taken } else { Told::GivenUp }, tries);
    }
}

/// Only `success` or nothing ends WeChat's tries.
async fn ask(request: RequestBuilder) -> Outcome {
    let answer = async {
        let response = request.send().await?;
        let status = response.status();
        Ok::<_, reqwest::Error>((status, response.bytes().await?))
    };
    match answer.await {
        Ok((StatusCode::OK, body)) if body.is_empty() || body == "success" => Outcome::Taken,
        Ok(_) | Err(_) => Outcome::Failed,
    }
}
