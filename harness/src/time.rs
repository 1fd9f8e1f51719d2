//! Time in a test: it stands by the clock, and is skipped where nothing happens without it.

use std::convert::Infallible;
use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::World;

/// How long a test waits for what is to happen, by the machine's time: nothing waits for it on purpose.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at what a test waits for.
const GLANCE: Duration = Duration::from_millis(5);

/// Ten o'clock in Beijing on a Monday in January 2030: far from every midnight, and later than any machine's
/// time, by which the emulated tables drop what has expired.
pub(crate) const MORNING: i64 = 1_893_981_600;

impl World {
    /// Moves the clock on: WeChat's, the functions' and the queues'.
    pub async fn advance(&self, seconds: i64) {
        self.tell("/_sim/clock", &json!({ "advance": seconds })).await;
    }

    /// The clock, in Unix seconds.
    pub async fn clock(&self) -> i64 {
        self.ask("/_sim/clock").await["now"].as_i64().expect("a time")
    }

    /// Waits until it is so. Time passes as far as nothing happens without it.
    pub async fn until(&self, is_so: impl AsyncFn() -> bool) {
        self.wait(async || is_so().await.then_some(()).ok_or_else(String::new)).await;
    }

    /// Waits until it is so, while time does not pass: what comes with the next second is not waited for.
    pub async fn until_now(&self, is_so: impl AsyncFn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so().await {
            assert!(Instant::now() < deadline, "it never came to what was waited for");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits for what this gives, told what it is instead when it never comes.
    pub(crate) async fn wait<T>(&self, look: impl AsyncFn() -> Result<T, String>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let is_quiet = self.is_quiet().await;
            let instead = match self.while_time_passes(look()).await {
                Ok(found) => return found,
                Err(instead) => instead,
            };
            assert!(Instant::now() < deadline, "it never came to what was waited for: {instead}");
            if is_quiet {
                self.skip().await;
            }
        }
    }

    /// What comes of this, while time passes as far as nothing happens without it.
    pub async fn while_time_passes<T>(&self, future: impl Future<Output = T>) -> T {
        tokio::select! {
            outcome = future => outcome,
            never = self.pass_time() => match never {},
        }
    }

    async fn pass_time(&self) -> Infallible {
        loop {
            if self.is_quiet().await {
                self.skip().await;
            }
        }
    }

    /// Whether everybody only waits for the clock: nobody was at work for a while, and nothing lies ready.
    /// Of a stack in another process nobody knows.
    async fn is_quiet(&self) -> bool {
        let rest = || self.stack.as_ref().map(|stack| stack.clock().rest());
        let before = rest();
        tokio::time::sleep(GLANCE).await;
        match (before, rest()) {
            (Some(Some(before)), Some(Some(now))) => before == now && self.stack().is_idle(),
            (None, None) => true,
            _ => false,
        }
    }

    /// Skips what is only waited for; where nobody knows what that is, a second.
    async fn skip(&self) {
        match &self.stack {
            Some(stack) => drop(stack.clock().advance_to_next_sleeper()),
            None => self.advance(1).await,
        }
    }
}
