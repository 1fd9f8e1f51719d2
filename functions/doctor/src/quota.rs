//! `quota`: whether WeChat answers from here, and how much of its daily limits is used up. It looks, and has no token
//! replaced.

use contract::{Lang, in_lang};
use futures::future::join_all;
use shared::store::Cause;
use shared::wechat::errcode::Action;
use shared::wechat::quota::{self, Daily, Quota};
use shared::wechat::{Failure, followers, subscribe, template};
use shared::{Authorized, Error};

use crate::Function;
use crate::finding::{Finding, named};

/// What the bundle calls most by each account, and has a daily limit.
const OA: [&str; 3] = [template::SEND, followers::LIST, followers::LOOKUP];
const MINI: [&str; 1] = [subscribe::SEND];

/// Where so much of a limit is used up, in percent, it will not last.
const NEARLY_ALL: i64 = 90;

const LOW: [&str; 2] = [
    "It is reset at midnight Beijing time. Until then send less, or clear them in WeChat's console, at most ten times a month.",
    "北京时间零点恢复。在那之前少发一些，或到微信后台清零额度，每月可以清十次。",
];

/// One for each account that the catalog sends by.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let has_fallback = doctor.catalog.current().await?.fallback_templates().next().is_some();
    let [(oa, by_oa), (mini, by_mini)] = &doctor.wechat;
    let of_mini = async {
        match has_fallback {
            true => Some(look_at(lang, by_mini, &MINI).await.of(mini)),
            false => None,
        }
    };
    let (of_oa, of_mini) = tokio::join!(look_at(lang, by_oa, &OA), of_mini);
    Ok([of_oa.of(oa)].into_iter().chain(of_mini).collect())
}

/// How many template messages were sent today, as WeChat counts; `None` where it does not tell.
pub async fn sent_today(wechat: &Authorized) -> Option<i64> {
    wechat.look(&quota::of(template::SEND)).await.ok()?.quota.used
}

async fn look_at(lang: Lang, wechat: &Authorized, paths: &[&'static str]) -> Finding {
    let asked = paths.iter().map(|path| async move { (*path, wechat.look(&quota::of(path)).await) });
    let mut used_up = Vec::new();
    for (path, answer) in join_all(asked).await {
        match answer {
            Ok(Quota { quota: Daily { daily_limit: Some(limit @ 1..), used: Some(used) } }) => {
                used_up.push((path.trim_start_matches("/cgi-bin/"), used, limit));
            }
            Ok(_) => {}
            Err(failure) => match refused(lang, &failure) {
                Some(finding) => return finding,
                // It says nothing of the calls themselves.
                None => tracing::warn!(
                    path,
                    errcode = failure.errcode(),
                    rid = failure.rid(),
                    "WeChat tells no quota"
                ),
            },
        }
    }
    told(lang, &used_up)
}

fn told(lang: Lang, used_up: &[(&str, i64, i64)]) -> Finding {
    if used_up.is_empty() {
        return Finding::ok(lang.pick(
            "WeChat answers, but does not say what the limits are.",
            "可以正常调用微信，但微信没有返回额度。",
        ));
    }
    let one = |(path, used, limit): &(&str, i64, i64)| {
        in_lang!(lang, "{path} {used} of {limit}", "{path} {used}/{limit}")
    };
    let all = used_up.iter().map(one).collect::<Vec<_>>().join(lang.pick(", ", "，"));
    let detail = in_lang!(lang, "Used today: {all}.", "今天已用：{all}。");
    let is_low =
        |(_, used, limit): &(&str, i64, i64)| used.saturating_mul(100) >= limit.saturating_mul(NEARLY_ALL);
    let [en, zh] = LOW;
    if used_up.iter().any(is_low) { Finding::problem(detail, lang.pick(en, zh)) } else { Finding::ok(detail) }
}

/// What the account refuses to this side is a problem of its settings; another time it may answer; the rest is about this
/// question alone.
fn refused(lang: Lang, failure: &Failure) -> Option<Finding> {
    match failure.action() {
        Action::AwaitRepair => {
            let why = named(&Cause::of(failure));
            let detail = in_lang!(
                lang,
                "WeChat refuses this side's calls ({why}).",
                "微信拒绝这个账号的调用（{why}）。"
            );
            Some(Finding::problem(detail, failure.remedy_in(lang)))
        }
        Action::RefreshToken | Action::Ambiguous | Action::Retry => Some(Finding::unanswered(lang, failure)),
        _ if failure.errcode().is_none() => Some(Finding::unanswered(lang, failure)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use contract::CheckState;

    use super::*;

    #[test]
    fn a_limit_of_which_nine_tenths_are_used_is_a_problem_and_one_that_is_none_is_not() {
        let state = |used: &[(&str, i64, i64)]| told(Lang::En, used).named("quota").state;
        assert_eq!(state(&[("a", 89, 100)]), CheckState::Ok);
        assert_eq!(state(&[("a", 0, 100), ("b", 90, 100)]), CheckState::Problem);
        assert_eq!(state(&[]), CheckState::Ok);
    }

    #[test]
    fn only_what_is_to_be_repaired_is_a_problem_of_the_account() {
        let state = |errcode| {
            let failure = Failure::Refused { errcode, errmsg: String::new() };
            refused(Lang::En, &failure).map(|finding| finding.named("quota").state)
        };
        for errcode in [40164, 48001, 40013, 50007] {
            assert_eq!(state(errcode), Some(CheckState::Problem), "{errcode}");
        }
        for errcode in [-1, 40001, 42001, 268_487_001] {
            assert_eq!(state(errcode), Some(CheckState::Unknown), "{errcode}");
        }
        for errcode in [45009, 45011, 76021, 76022, 12345] {
            assert_eq!(state(errcode), None, "{errcode}");
        }
    }
}
