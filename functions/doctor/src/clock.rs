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
            Finding::unknown(lang.pick("WeChat did not say what time it is.", "微信的响应里没有时间。"))
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
        true => in_lang!(
            lang,
            "The clock of the functions is {by} ahead of WeChat's.",
            "服务端的时钟比微信快 {by}。"
        ),
        false => in_lang!(
            lang,
            "The clock of the functions is {by} behind WeChat's.",
            "服务端的时钟比微信慢 {by}。"
        ),
    };
    let remedy = lang.pick(
        "On a machine of your own, set its clock by NTP; in Lambda the clock is AWS's, so look again before you report it. With a wrong clock live tokens count as dead, dead ones as alive, and WeChat's callbacks as too old.",
        "如果跑在自己的机器上，用 NTP 校准时钟；在 Lambda 里时钟由 AWS 负责，过一会儿再查，仍不对再上报。时钟不准，有效的 access_token 会被当成过期、过期的会被当成有效，微信的回调会因为时间戳不符被拒收。",
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
