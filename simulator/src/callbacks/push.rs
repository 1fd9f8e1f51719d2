//! Sending what is queued, in the background, the way WeChat does: up to three tries of five seconds each.

use std::convert::Infallible;

use reqwest::{RequestBuilder, StatusCode};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::callbacks::Callbacks;
use crate::callbacks::config::Callback;
use crate::callbacks::queue::{Next, QueuedEvent};
use crate::callbacks::signed_push::SignedPush;
use crate::callbacks::stats::Outcome;

/// WeChat's own rule: the first try and two more, without a pause between them.
const TRIES: usize = 3;

/// Empties the outbox.
#[derive(Clone)]
pub(crate) struct Pusher<N> {
    /// What it empties.
    pub(crate) callbacks: Callbacks,
    /// Tells the time a push is signed for, in Unix seconds.
    pub(crate) now: N,
}

impl<N: Fn() -> i64 + Clone + Send + 'static> Pusher<N> {
    /// Pushes events as they come; whatever is on its way ends with this future.
    pub(crate) async fn run(self) -> Infallible {
        let changed = self.callbacks.lock().queue.changed();
        let mut tasks = JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let next = self.callbacks.lock().next();
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
        self.callbacks.lock().queue.wake(user);
    }

    async fn push(self, queued: QueuedEvent, callback: Callback) {
        let push = SignedPush::new(&queued, &callback);
        let mut taken = false;
        for _ in 0..TRIES {
            let now = (self.now)();
            let started = Instant::now();
            let outcome = ask(push.request(&self.callbacks.http, now)).await;
            self.callbacks.lock().stats.tried(started.elapsed(), outcome);
            if outcome == Outcome::Taken {
                taken = true;
                break;
            }
        }
        let mut outbox = self.callbacks.lock();
        outbox.stats.ended(taken);
        outbox.queue.ended(queued.event.user);
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
