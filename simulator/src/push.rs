//! Sending what is queued, in the background, the way WeChat does: up to three tries of five seconds each.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use reqwest::{RequestBuilder, StatusCode};
use tokio::task::JoinSet;

use crate::callbacks::config::Callback;
use crate::callbacks::queue::{Next, QueuedEvent};
use crate::callbacks::signed_push::SignedPush;
use crate::callbacks::stats::{CallbackStats, Outcome};
use crate::callbacks::{Callbacks, TIMEOUT};
use crate::simulator::Simulator;
use crate::world::event::Told;

/// WeChat's own rule: the first try and two more, without a pause between them.
const TRIES: usize = 3;

/// Empties an account's outbox.
#[derive(Clone)]
pub(crate) struct Pusher {
    /// What it empties.
    pub(crate) callbacks: Callbacks,
    /// Where it records how that went.
    pub(crate) simulator: Simulator,
}

impl Pusher {
    /// Pushes events as they come; what is on its way ends with this future.
    pub(crate) async fn run(self) -> Infallible {
        let changed = self.callbacks.lock().queue.changed();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let next = self.callbacks.lock().next(self.callbacks.clock.time());
            match next {
                Some((Next::Push(queued), callback, stats)) => {
                    stats.sent();
                    tasks.spawn(self.clone().push(queued, callback, stats));
                }
                Some((Next::Wait(user, until), ..)) => {
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

    async fn push(self, queued: QueuedEvent, callback: Callback, stats: Arc<CallbackStats>) {
        let push = SignedPush::new(&queued, &callback, self.callbacks.account);
        let (mut taken, mut tries) = (false, 0);
        while !taken && tries < TRIES {
            tries += 1;
            let started = self.callbacks.clock.time();
            let asked = ask(push.request(&self.callbacks.http, self.callbacks.clock.now()));
            let outcome = self.callbacks.clock.timeout(TIMEOUT, asked).await.unwrap_or(Outcome::Silent);
            let took = self.callbacks.clock.time().duration_since(started).unwrap_or_default();
            stats.tried(took, outcome);
            taken = outcome == Outcome::Taken;
        }
        let user = queued.event.user;
        let told = if taken { Told::Taken } else { Told::GivenUp };
        // Before it no longer counts as pending: whoever waits for that looks at what was recorded.
        self.simulator.lock().record(queued.event, told, tries);
        stats.ended(taken);
        self.callbacks.lock().queue.ended(user);
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
