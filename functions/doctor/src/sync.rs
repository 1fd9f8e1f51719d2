//! `sync`: whether the map of followers is complete and stays so.

use contract::SyncState;
use shared::Error;
use shared::store::RunProgress;

use crate::Function;
use crate::finding::{Finding, span};

/// The schedule has begun another run by then, with up to seven million followers; in seconds.
const STALE_AFTER: i64 = 3 * 24 * 3600;

/// A run that goes on is written down every second, and one that was interrupted is continued by the next tick, in
/// seconds.
const STALLED_AFTER: i64 = 3600;

const SCHEDULE: &str = "Look into the log of `sync` and whether its schedule is enabled; `queqiao sync` brings the map up to date at once.";

/// One: of the last run.
pub async fn check(doctor: &Function) -> Result<Vec<Finding>, Error> {
    let run = doctor.state.sync_run(doctor.oa_appid()).await?.progress;
    Ok(vec![look_at(&run, doctor.clock.now())])
}

fn look_at(run: &RunProgress, now: i64) -> Finding {
    let age = now - run.updated_at;
    let problem = |detail: String| Finding::problem(detail, SCHEDULE.to_owned());
    match (run.state, &run.error) {
        (SyncState::Idle, _) => problem("There was none yet: nobody can be reached.".to_owned()),
        // Why, with the remedy in it: a list that is not believed, an account without unionids, a used-up quota.
        (_, Some(error)) => {
            let stopped = format!("The last run stopped {} ago, after {} followers.", span(age), run.listed);
            Finding::problem(stopped, error.clone())
        }
        (SyncState::Running, None) if age > STALLED_AFTER => {
            problem(format!("The last run has stood still for {}.", span(age)))
        }
        (SyncState::Done, None) if age > STALE_AFTER => {
            problem(format!("The last run ended {} ago: followers may be missing since then.", span(age)))
        }
        (SyncState::Failed, None) => problem(format!("The last run failed {} ago.", span(age))),
        (SyncState::Running, None) => Finding::ok(format!("A run is under way: {}.", counted(run))),
        (SyncState::Done, None) => {
            Finding::ok(format!("The last run ended {} ago: {}.", span(age), counted(run)))
        }
    }
}

fn counted(run: &RunProgress) -> String {
    let RunProgress { listed, without_unionid, not_looked_up, .. } = run;
    format!(
        "{listed} followers listed, {without_unionid} without a unionid, {not_looked_up} could not be looked up"
    )
}

#[cfg(test)]
mod tests {
    use contract::CheckState;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn state(state: SyncState, age: i64, error: Option<&str>) -> CheckState {
        let error = error.map(str::to_owned);
        let run = RunProgress { state, updated_at: NOW - age, error, ..RunProgress::default() };
        look_at(&run, NOW).named("sync").state
    }

    #[test]
    fn a_run_that_is_missing_stopped_stalled_or_stale_is_a_problem() {
        for (run, age, error, expected) in [
            (SyncState::Idle, NOW, None, CheckState::Problem),
            (SyncState::Running, 60, None, CheckState::Ok),
            (SyncState::Running, 2 * 3600, None, CheckState::Problem),
            (SyncState::Running, 60, Some("errcode 45009"), CheckState::Problem),
            (SyncState::Done, 24 * 3600, None, CheckState::Ok),
            (SyncState::Done, 4 * 24 * 3600, None, CheckState::Problem),
            (SyncState::Failed, 60, Some("Nothing was deleted"), CheckState::Problem),
            (SyncState::Failed, 60, None, CheckState::Problem),
        ] {
            assert_eq!(state(run, age, error), expected, "{run} {age} {error:?}");
        }
    }
}
