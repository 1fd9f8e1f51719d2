//! Time in a test: it stands by the clock, and is skipped where nothing happens without it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::World;

/// How long a test waits for what is to happen, by the machine's time: nothing waits for it on purpose.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at what a test waits for.
const GLANCE: Duration = Duration::from_millis(5);

/// In another process time passes twenty times as fast as on the machine.
const A_SECOND_ELSEWHERE: Duration = Duration::from_millis(50);
const A_SECOND: &str = r#"{"advance":1}"#;

/// A look that is not answered within this, by the machine's time, waits for the clock.
const STANDSTILL: Duration = Duration::from_secs(1);

/// How often everybody must be seen at rest before time is skipped. All of a test runs in one thread: whoever
/// is between two pieces of work has a turn between two looks.
const LOOKS: u32 = 6;
const LOOK: Duration = Duration::from_millis(1);

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

    /// Time passes, and all that waits for it happens.
    pub async fn pass(&self, time: Duration) {
        self.while_time_passes(self.stack().clock().sleep(time)).await;
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
            // What is to be seen now stays so until then, and is not passed over.
            let next = self.idle_until().await;
            let instead = match self.while_time_stands(look()).await {
                Ok(found) => return found,
                Err(instead) => instead,
            };
            assert!(Instant::now() < deadline, "it never came to what was waited for: {instead}");
            self.skip(next).await;
        }
    }

    /// What comes of this, while time passes as far as nothing happens without it.
    pub async fn while_time_passes<T>(&self, future: impl Future<Output = T>) -> T {
        tokio::select! {
            outcome = future => outcome,
            never = self.pass_time() => match never {},
        }
    }

    /// What comes of this, while time passes only if it does not come without: what is there now would be over by then.
    async fn while_time_stands<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        match tokio::time::timeout(STANDSTILL, &mut future).await {
            Ok(outcome) => outcome,
            Err(_) => self.while_time_passes(future).await,
        }
    }

    async fn pass_time(&self) -> Infallible {
        loop {
            let next = self.idle_until().await;
            self.skip(next).await;
        }
    }

    /// Until when nothing happens; `None` if somebody is at work, or nobody waits for the clock.
    async fn idle_until(&self) -> Option<SystemTime> {
        let Some(stack) = &self.stack else {
            tokio::time::sleep(A_SECOND_ELSEWHERE).await;
            return None;
        };
        let before = stack.clock().idle_generation();
        for _ in 0..LOOKS {
            tokio::time::sleep(LOOK).await;
            if before.is_none() || stack.clock().idle_generation() != before || !stack.is_idle() {
                return None;
            }
        }
        stack.clock().next_sleeper()
    }

    /// Skips what is only waited for. Of a stack in another process nobody knows what that is: there a
    /// second passes.
    async fn skip(&self, next: Option<SystemTime>) {
        match (&self.stack, next) {
            (Some(stack), Some(next)) => stack.clock().advance_to(next),
            (Some(_), None) => {}
            // One that has no such route is not the simulated one.
            (None, _) => {
                drop(self.http.post(format!("{}/_sim/clock", self.wechat)).body(A_SECOND).send().await)
            }
        }
    }
}
