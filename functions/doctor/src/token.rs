//! `token`: whether each account has a token that lives, and what WeChat said when there was to be a new one.

use std::time::Duration;

use contract::{Lang, in_lang};
use shared::queue::RefreshRequest;
use shared::store::TokenFailure;
use shared::{Account, Error};

use crate::Function;
use crate::finding::{Finding, named, span};

/// One for each account.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let [oa, mini] = &doctor.accounts;
    let (oa, mini) = tokio::try_join!(look_at(doctor, lang, oa), look_at(doctor, lang, mini))?;
    Ok(vec![oa, mini])
}

async fn look_at(
    doctor: &Function,
    lang: Lang,
    (account, appid): &(Account, String),
) -> Result<Finding, Error> {
    let (ends_at, row) = tokio::try_join!(doctor.tokens.ends_at(appid), doctor.state.account_breaker(appid))?;
    let now = doctor.clock.now();
    let left = ends_at.map(|ends_at| ends_at - now).filter(|left| *left > 0);
    let finding = match (row.token_failure, left) {
        (Some(failure), left) => {
            Finding::problem(failed(lang, &failure, left, now), failure.cause.remedy_in(lang))
        }
        (None, Some(left)) => Finding::ok(lives(lang, left)),
        (None, None) => {
            ask_for_one(doctor, *account).await?;
            none_lives(lang)
        }
    };
    Ok(finding.of(account))
}

fn lives(lang: Lang, left: i64) -> String {
    let left = span(lang, left);
    in_lang!(lang, "It lives for another {left}.", "{left}后过期。")
}

fn none_lives(lang: Lang) -> Finding {
    let remedy = lang.pick(
        "One has been asked for: look again in a minute. If there is none then, look into the log of `refresh` and whether its schedule is enabled.",
        "已经请求获取，一分钟后再看。还是没有，就看 `refresh` 的日志，以及它的定时任务是否启用。",
    );
    Finding::problem(
        lang.pick("There is none that lives.", "没有有效的 access_token。").to_owned(),
        remedy.to_owned(),
    )
}

fn failed(lang: Lang, failure: &TokenFailure, left: Option<i64>, now: i64) -> String {
    let (why, times) = (named(&failure.cause), failure.times);
    let ago = span(lang, now - failure.failed_at);
    let again = span(lang, failure.retry_at - now);
    let left = left.filter(|_| now < failure.no_token_from).map(|left| span(lang, left));
    let left = match (lang, left) {
        (Lang::En, Some(left)) => format!("The one there is lives for another {left}"),
        (Lang::En, None) => "There is none that lives".to_owned(),
        (Lang::Zh, Some(left)) => format!("现有的还有 {left}有效"),
        (Lang::Zh, None) => "没有有效的 access_token".to_owned(),
    };
    let times = match (lang, times) {
        (_, ..=1) => String::new(),
        (Lang::En, times) => format!(", {times} times in a row"),
        (Lang::Zh, times) => format!("，连续 {times} 次"),
    };
    in_lang!(
        lang,
        "It could not be renewed ({why}){times}, the last time {ago} ago. {left}; WeChat is asked again in {again}.",
        "获取新的 access_token 失败（{why}）{times}，最近一次在 {ago}前。{left}；{again}后重试。"
    )
}

/// Has `refresh`, which alone can, try for a token.
async fn ask_for_one(doctor: &Function, account: Account) -> Result<(), Error> {
    let request = RefreshRequest { account, failed: None, errcode: None, is_due: true };
    doctor.refresh.enqueue(&request, Duration::ZERO).await
}
