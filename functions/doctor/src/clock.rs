//! `clock`: whether this side and WeChat agree on the time. By the clock a token is taken to be alive, and a callback to be
//! fresh.

use contract::{Lang, in_lang};
use shared::Error;

use crate::Function;
use crate::finding::{Finding, span};

/// Off by more than this, in seconds, is a problem. A call's way back, and the whole seconds of HTTP, are less.
const TOLERATED: i64 = 60;

/// One.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let [(_, wechat), _] = &doctor.wechat;
    let finding = match wechat.wechats_time().await {
        Ok(Some(theirs)) => look_at(lang, doctor.clock.now() - theirs),
        Ok(None) => {
            Finding::unknown(lang.pick("WeChat did not say what time it is.", "微信没有说现在几点。"))
        }
        Err(failure) => Finding::unanswered(lang, &failure),
    };
    Ok(vec![finding])
}

/// By so many seconds this side is ahead.
fn look_at(lang: Lang, ahead: i64) -> Finding {
    let by = span(lang, ahead.abs());
    if ahead.abs() <= TOLERATED {
        return Finding::ok(in_lang!(
            lang,
            "WeChat's and this side's are {by} apart.",
            "与微信的时间相差 {by}。"
        ));
    }
    let detail = match ahead > 0 {
        true => in_lang!(lang, "This side's clock is {by} ahead of WeChat's.", "本机的时钟比微信快 {by}。"),
        false => in_lang!(lang, "This side's clock is {by} behind WeChat's.", "本机的时钟比微信慢 {by}。"),
    };
    let remedy = lang.pick(
        "Have this machine's clock set by NTP: by a wrong one live tokens are taken to be dead, dead ones to be alive, and WeChat's callbacks to be too old.",
        "用 NTP 校准这台机器的时钟：时钟不准，活着的 token 会被当成过期，过期的会被当成活着，微信的回调会被当成太旧。",
    );
    Finding::problem(detail, remedy)
}

#[cfg(test)]
mod tests {
    use contract::CheckState;

    use super::*;

    #[test]
    fn a_clock_that_is_off_by_more_than_a_minute_either_way_is_a_problem() {
        let state = |ahead| look_at(Lang::En, ahead).named("clock").state;
        let told = [0, 60, -60, 61, -61].map(state);
        use CheckState::{Ok, Problem};
        assert_eq!(told, [Ok, Ok, Ok, Problem, Problem]);
    }
}
