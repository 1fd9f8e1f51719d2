//! `sync`: whether the map of followers is complete and stays so.

use contract::SyncState;
use contract::{Lang, in_lang};
use shared::Error;
use shared::store::RunProgress;

use crate::Function;
use crate::finding::{Finding, span};

/// The schedule has begun another run by then, with up to seven million followers; in seconds.
const STALE_AFTER: i64 = 3 * 24 * 3600;

/// A run that goes on is written down every second, and one that was interrupted is continued by the next tick, in
/// seconds.
const STALLED_AFTER: i64 = 3600;

const SCHEDULE: [&str; 2] = [
    "Look into the log of `sync` and whether its schedule is enabled; `queqiao sync` brings the map up to date at once.",
    "看 `sync` 的日志，以及它的定时任务是否启用；`queqiao sync` 可以马上更新映射表。",
];

/// One: of the last run.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let run = doctor.state.sync_run(doctor.oa_appid()).await?.progress;
    Ok(vec![look_at(lang, &run, doctor.clock.now())])
}

fn look_at(lang: Lang, run: &RunProgress, now: i64) -> Finding {
    let age = now - run.updated_at;
    let (ago, counted) = (span(lang, age), counted(lang, run));
    let [en, zh] = SCHEDULE;
    let problem = |detail: String| Finding::problem(detail, lang.pick(en, zh));
    match (run.state, &run.error) {
        (SyncState::Idle, _) => problem(in_lang!(
            lang,
            "There was none yet: nobody can be reached.",
            "还没有同步过：现在谁也通知不到。"
        )),
        // Why, with the remedy in it: a list that is not believed, an account without unionids, a used-up quota.
        (_, Some(error)) => {
            let listed = run.listed;
            let stopped = in_lang!(
                lang,
                "The last run stopped {ago} ago, after {listed} followers.",
                "上一次同步在 {ago}前中断，已列出 {listed} 个粉丝。"
            );
            let cause = run.cause.as_ref().map(|cause| cause.remedy_in(lang));
            Finding::problem(stopped, cause.filter(|_| lang != Lang::En).unwrap_or_else(|| error.clone()))
        }
        (SyncState::Running, None) if age > STALLED_AFTER => {
            problem(in_lang!(lang, "The last run has stood still for {ago}.", "上一次同步已经停滞 {ago}。"))
        }
        (SyncState::Done, None) if age > STALE_AFTER => problem(in_lang!(
            lang,
            "The last run ended {ago} ago: followers may be missing since then.",
            "上一次同步在 {ago}前结束：之后的粉丝可能不全。"
        )),
        (SyncState::Failed, None) => {
            problem(in_lang!(lang, "The last run failed {ago} ago.", "上一次同步在 {ago}前失败。"))
        }
        (SyncState::Running, None) => {
            Finding::ok(in_lang!(lang, "A run is under way: {counted}.", "正在同步：{counted}。"))
        }
        (SyncState::Done, None) => Finding::ok(in_lang!(
            lang,
            "The last run ended {ago} ago: {counted}.",
            "上一次同步在 {ago}前结束：{counted}。"
        )),
    }
}

fn counted(lang: Lang, run: &RunProgress) -> String {
    let RunProgress { listed, without_unionid, not_looked_up, .. } = run;
    in_lang!(
        lang,
        "{listed} followers listed, {without_unionid} without a unionid, {not_looked_up} could not be looked up",
        "列出 {listed} 个粉丝，{without_unionid} 个没有 unionid，{not_looked_up} 个查不到"
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
        look_at(Lang::En, &run, NOW).named("sync").state
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
