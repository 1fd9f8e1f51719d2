//! Who may advance a run, for how long, and when the schedule begins another.

use std::time::Duration;

use contract::{Advance, SyncState};
use shared::Error;
use shared::store::{Cause, Checkpoint, RunProgress, SyncRun, TokenFailure};
use shared::wechat::errcode::Action;

use crate::Function;
use crate::list::USER_GET;
use crate::run::{Run, Stop};
use crate::templates::Occasion;

/// How often the record is written and the lease kept.
const SAVED_EVERY: Duration = Duration::from_secs(1);

/// How long the lease of a run that was killed keeps others away, in seconds: many times that.
const LEASE: i64 = 30;

/// How long a slice may take to come to a stop by itself, once its time is over. What is still under way then
/// is given up, for a caller waits: calls that WeChat has counted are lost with it, and nothing else.
pub const TO_STOP: Duration = Duration::from_secs(5);

const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// How many calls of `user/get` the schedule's runs may make in a day: half of the 500 that a new account
/// has, for others may list, too.
const LIST_CALLS_A_DAY: f64 = 250.0;

/// A used-up quota is reset at midnight Beijing time, or when somebody clears it; what has failed
/// [`OFTEN`] in a row waits for somebody, too. The schedule looks again after this.
const ASKED_EVERY: Duration = Duration::from_secs(3600);
const OFTEN: u32 = 3;

impl Function {
    /// Goes on with the unfinished run, or begins one, if it is time for either; beside it, looks at the templates.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the state table does not answer.
    pub(crate) async fn tick(&self, slice: Duration) -> Result<RunProgress, Error> {
        let ((), progress) = tokio::join!(self.templates.look(Occasion::Tick), self.advance_if_due(slice));
        progress
    }

    /// What somebody asked for: at once.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the state table does not answer.
    pub(crate) async fn ordered(&self, slice: Duration, how: Advance) -> Result<RunProgress, Error> {
        let ((), progress) = tokio::join!(self.templates.look(Occasion::Asked), self.advance(slice, how));
        progress
    }

    async fn advance_if_due(&self, slice: Duration) -> Result<RunProgress, Error> {
        let last = self.state.sync_run(&self.oa_appid).await?;
        self.measure(&last).await?;
        let (since, rest) = rest_after(&last);
        if self.clock.now() < since.saturating_add_unsigned(rest.as_secs()) {
            return Ok(last.progress);
        }
        self.advance(slice, Advance::default()).await
    }

    /// Writes down what no failure would tell if nothing happened any more: how long the token still lives, how
    /// old the map is, and how often in a row the sync has failed.
    async fn measure(&self, last: &SyncRun) -> Result<(), Error> {
        metrics::histogram!("TokenLife").record(self.wechat.token_life().await? as f64);
        let since = if last.done_at > 0 { last.done_at } else { last.progress.started_at };
        if since > 0 {
            metrics::histogram!("MapAge").record((self.clock.now() - since) as f64);
        }
        if last.failures > 0 {
            metrics::histogram!("SyncFailures").record(f64::from(last.failures));
        }
        Ok(())
    }

    /// Goes on with the unfinished run, or begins one, for at most about `slice`. `force` believes a
    /// list that would be doubted; `anew` looks up everybody.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the state table does not answer.
    async fn advance(&self, slice: Duration, how: Advance) -> Result<RunProgress, Error> {
        let lease = shared::random_id();
        let Some(last) = self.state.lease_sync(&self.oa_appid, &lease, LEASE).await? else {
            return Ok(self.state.sync_run(&self.oa_appid).await?.progress);
        };
        let deadline = self.clock.time() + slice;
        let run = Run::of(self, resume_or_begin(last, how.anew, self.clock.now()), deadline, how.force);
        let outcome = tokio::select! {
            outcome = run.walk() => outcome,
            stop = self.heartbeat(&run, &lease) => Err(stop),
            () = self.clock.sleep_until(deadline + TO_STOP) => Err(Stop::OutOfTime),
        };
        let mut record = run.record().clone();
        let progress = &mut record.progress;
        if let Err(stop) = outcome {
            // It logs what stopped it.
            let told = stop.remedy();
            let of_token = self.token_failure(&stop).await.map(|failure| failure.cause);
            progress.error = of_token.as_ref().map(Cause::remedy).or(told);
            progress.cause = of_token.or_else(|| stop.cause());
            progress.state = stop.state();
            if stop.invalidates_checkpoint() {
                let anew = record.checkpoint.is_some_and(|checkpoint| checkpoint.anew);
                record.checkpoint = Some(Checkpoint { anew, ..Checkpoint::default() });
            } else if matches!(stop, Stop::OutOfTime) {
                // In the sweep, which has none: who is gone is found by the whole list alone.
                record.checkpoint.get_or_insert_default();
            }
        }
        record.failures = if progress.state == SyncState::Failed { record.failures + 1 } else { 0 };
        progress.updated_at = self.clock.now();
        if progress.state == SyncState::Done {
            record.done_at = progress.updated_at;
        }
        progress.ends_at = progress.ends_at.filter(|_| progress.state == SyncState::Running);
        metrics::counter!("Advanced", "State" => progress.state.to_string()).increment(1);
        // When the lease is lost, the record is the other's to write.
        self.state.end_sync(&self.oa_appid, &lease, &record).await?;
        Ok(record.progress)
    }

    /// Why there is no token, where that is what stopped it: `refresh` has written it down.
    async fn token_failure(&self, stop: &Stop) -> Option<TokenFailure> {
        let lacks_token = matches!(stop, Stop::Failed(failure) if failure.action() == Action::RefreshToken);
        if !lacks_token {
            return None;
        }
        self.state.token_failure(&self.oa_appid).await.ok().flatten()
    }

    /// Writes where the run stands, over and over, until it may not go on.
    async fn heartbeat(&self, run: &Run<'_>, lease: &str) -> Stop {
        let mut kept_at = self.clock.now();
        loop {
            let record = {
                let mut record = run.record();
                record.progress.updated_at = self.clock.now();
                record.clone()
            };
            match self.state.save_sync(&self.oa_appid, lease, LEASE, &record).await {
                Ok(true) => kept_at = self.clock.now(),
                Ok(false) => return Stop::LostLease,
                Err(error) if self.clock.now() - kept_at < LEASE / 2 => {
                    tracing::warn!(cause = error.causes(), "could not keep the lease: {error}");
                }
                Err(error) => return error.into(),
            }
            self.clock.sleep(SAVED_EVERY).await;
        }
    }
}

/// From when on, in Unix seconds, and how long the schedule leaves a run alone.
fn rest_after(SyncRun { progress, checkpoint, failures, .. }: &SyncRun) -> (i64, Duration) {
    let is_stopped_by_quota = progress.state == SyncState::Running && progress.error.is_some();
    let is_for_somebody_to_repair = is_stopped_by_quota || *failures >= OFTEN;
    match checkpoint {
        // It is at its end. Before the next begins, its calls are won back.
        None => {
            let calls =
                progress.calls.get(USER_GET).map_or(0, |calls| u32::try_from(*calls).unwrap_or(u32::MAX));
            (progress.started_at, A_DAY.mul_f64(f64::from(calls) / LIST_CALLS_A_DAY))
        }
        Some(_) if is_for_somebody_to_repair => (progress.updated_at, ASKED_EVERY),
        Some(_) => (progress.updated_at, Duration::ZERO),
    }
}

fn resume_or_begin(mut last: SyncRun, anew: bool, now: i64) -> SyncRun {
    if let Some(checkpoint) = last.checkpoint.as_ref().filter(|checkpoint| checkpoint.anew || !anew) {
        let progress = &mut last.progress;
        (progress.listed, progress.known) = (checkpoint.listed, checkpoint.known);
        progress.without_unionid = checkpoint.without_unionid;
        progress.not_looked_up = checkpoint.not_looked_up;
        progress.state = SyncState::Running;
        (progress.error, progress.cause) = (None, None);
        return last;
    }
    let progress = RunProgress {
        state: SyncState::Running,
        run: Some(shared::random_id()),
        started_at: now,
        updated_at: now,
        ..RunProgress::default()
    };
    let checkpoint = Some(Checkpoint { anew, ..Checkpoint::default() });
    SyncRun { progress, checkpoint, failures: 0, ..last }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_leaves_half_of_the_days_list_calls_to_others() {
        for calls in [1_u32, 2, 11, 101, 501] {
            let mut run = SyncRun::default();
            run.progress.calls = [(USER_GET.to_owned(), u64::from(calls))].into();
            let runs_a_day = A_DAY.div_duration_f64(rest_after(&run).1);
            assert!((runs_a_day * f64::from(calls) - 250.0).abs() < 0.01, "{calls}: {runs_a_day}");
        }
        assert_eq!(rest_after(&SyncRun::default()), (0, Duration::ZERO));
    }

    #[test]
    fn an_unfinished_run_goes_on_at_once_unless_somebody_has_to_repair_something() {
        let mut run = SyncRun { checkpoint: Some(Checkpoint::default()), ..SyncRun::default() };
        run.progress.calls = [(USER_GET.to_owned(), 101)].into();
        for (state, failures, error, rest) in [
            (SyncState::Running, 0, None, Duration::ZERO),
            (SyncState::Failed, 1, Some("errcode -1".to_owned()), Duration::ZERO),
            (SyncState::Failed, 2, Some("errcode -1".to_owned()), Duration::ZERO),
            (SyncState::Failed, 3, Some("errcode -1".to_owned()), ASKED_EVERY),
            (SyncState::Running, 0, Some("errcode 45009".to_owned()), ASKED_EVERY),
        ] {
            (run.progress.state, run.failures, run.progress.error) = (state, failures, error);
            assert_eq!(rest_after(&run).1, rest, "{run:?}");
        }
    }
}
