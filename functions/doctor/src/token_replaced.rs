//! `token_replaced`: whether somebody else fetches the accounts' tokens, and so kills ours.

use contract::{Lang, in_lang};
use shared::{Account, Error};

use crate::Function;
use crate::finding::{Finding, span};

const REMEDY: [&str; 2] = [
    "Only one may fetch an account's classic tokens: find the other stack, server or person who does. Deploy one of the two with TokenMode=stable, whose tokens are apart from the classic ones, or give it an account of its own.",
    "一个账号的 classic access_token 只能由一处来取：找出另外是哪一套部署、哪台服务器或哪个人在取。给其中一套部署设 TokenMode=stable（它的 access_token 与 classic 的互不影响），或换一个单独的账号。",
];

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
    let now = doctor.clock.now();
    let replacement = doctor.state.account_breaker(appid).await?.token_replacement;
    let Some(replacement) = replacement.filter(|replacement| replacement.is_recent(now)) else {
        let detail = lang.pick(
            "WeChat called none of our tokens dead before its time in the last day.",
            "最近一天里，我们的 access_token 没有提前失效过。",
        );
        return Ok(Finding::ok(detail).of(account));
    };
    let times = replacement.times;
    let (since, last) = (span(lang, now - replacement.since), span(lang, now - replacement.last_at));
    let how_often = match times {
        ..=1 => in_lang!(lang, "once, {last} ago", "一次，在 {last}前"),
        _ => in_lang!(
            lang,
            "{times} × in {since}, the last time {last} ago",
            "{since}里 {times} 次，最近一次在 {last}前"
        ),
    };
    let detail = in_lang!(
        lang,
        "Somebody else fetches this account's tokens: WeChat called ours dead before its time, {how_often}. What met the dead token was tried again with a new one.",
        "别处也在取这个账号的 access_token：我们的提前失效了（{how_often}）。遇到失效 access_token 的调用都用新的重试过了。"
    );
    let [en, zh] = REMEDY;
    Ok(Finding::problem(detail, lang.pick(en, zh)).of(account))
}
