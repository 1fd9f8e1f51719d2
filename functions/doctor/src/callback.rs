//! `callback`: whether WeChat tells what happens. It has to be told where to.

use contract::{Lang, in_lang};
use shared::{Account, Error};

use crate::finding::{Finding, span};
use crate::{Function, quota};

/// Of an account that anybody uses it is heard by then, in seconds: of a follower, or of a message.
const LATELY: i64 = 3 * 24 * 3600;

const SAVE: [&str; 2] = [
    "Save the server configuration (微信开发者平台 → 我的业务 → 公众号/服务号 → 基础信息 → 域名与消息推送配置): the URL is the stack's output Callback, Token and EncodingAESKey are those it was deployed with, 安全模式. Then follow the account with a phone, and look again.",
    "保存服务器配置（微信开发者平台 → 我的业务 → 公众号/服务号 → 基础信息 → 域名与消息推送配置）：URL 是部署输出里的 Callback，Token 和 EncodingAESKey 与部署时的一致，选安全模式。然后用手机关注公众号，再检查一次。",
];

/// One for the Official Account; one for the mini-program, where anything is sent by it.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let [(_, oa), (_, mini)] = &doctor.accounts;
    let (oa, mini, catalog) =
        tokio::try_join!(doctor.state.heard_at(oa), doctor.state.heard_at(mini), doctor.catalog.current())?;
    let now = doctor.clock.now();
    let ago = |at: Option<i64>| at.map(|at| now - at);
    let of_oa = match ago(oa).filter(|ago| *ago <= LATELY) {
        Some(ago) => heard(lang, ago),
        None => silent(lang, ago(oa), sent_today(doctor).await),
    };
    let mut findings = vec![of_oa.of(Account::Oa)];
    if catalog.fallback_templates().next().is_some() {
        let of_mini = ago(mini).map_or_else(|| may_be_left_out(lang), |ago| heard(lang, ago));
        findings.push(of_mini.of(Account::Mini));
    }
    Ok(findings)
}

/// How many messages went out today of which there has to be a receipt; `None` where nobody knows, or none is kept.
async fn sent_today(doctor: &Function) -> Option<i64> {
    let [(_, wechat), _] = &doctor.wechat;
    if doctor.receipts { quota::sent_today(wechat).await } else { None }
}

/// Of an account that nobody uses nothing is heard. Of one that sends, each message's receipt would be.
fn silent(lang: Lang, ago: Option<i64>, sent_today: Option<i64>) -> Finding {
    let for_long = ago.map(|ago| span(lang, ago));
    let [en, zh] = SAVE;
    match (for_long, sent_today) {
        (None, Some(sent_today @ 1..)) => Finding::problem(
            in_lang!(
                lang,
                "{sent_today} messages were sent today, and WeChat has told nothing since this release was deployed: the map follows with the sync alone, and no message becomes `delivered`.",
                "今天发出了 {sent_today} 条消息，部署这个版本以来却没有收到过微信的回调：映射表只能靠同步更新，消息也不会变成 `delivered`。"
            ),
            lang.pick(en, zh),
        ),
        (Some(long), Some(sent_today @ 1..)) => Finding::problem(
            in_lang!(
                lang,
                "{sent_today} messages were sent today, and WeChat has told nothing for {long}.",
                "今天发出了 {sent_today} 条消息，微信却已经 {long}没有发来回调。"
            ),
            lang.pick(en, zh),
        ),
        (None, _) => Finding::unknown(lang.pick(
            "WeChat has told nothing since this release was deployed. Follow the account with a phone, and look again: if it stays so, the server configuration is not saved.",
            "部署这个版本以来，还没有收到过微信的回调。用手机关注公众号，再检查一次：还是没有，就是服务器配置没有保存。",
        )),
        (Some(_), None) => heard(lang, ago.unwrap_or_default()),
        (Some(long), Some(_)) => Finding::ok(in_lang!(
            lang,
            "WeChat told something {long} ago, and nothing was sent today.",
            "微信 {long}前发来过回调，今天没有发过消息。"
        )),
    }
}

/// Without the mini-program's, credit is lowered only when WeChat refuses a message.
fn may_be_left_out(lang: Lang) -> Finding {
    Finding::ok(lang.pick(
        "WeChat has told nothing yet; it does once the message push is set up (output MiniCallback), which may be left out.",
        "微信还没有发来回调；配置了消息推送（输出 MiniCallback）才会有，可以不配置。",
    ))
}

fn heard(lang: Lang, ago: i64) -> Finding {
    let ago = span(lang, ago);
    Finding::ok(in_lang!(lang, "WeChat told something {ago} ago.", "微信 {ago}前发来过回调。"))
}

#[cfg(test)]
mod tests {
    use contract::CheckState;

    use super::*;

    #[test]
    fn silence_is_a_problem_where_messages_are_sent() {
        use CheckState::{Ok, Problem, Unknown};
        let told = |ago, sent| silent(Lang::En, ago, sent).named("callback");
        let long = Some(LATELY + 1);
        let states =
            [(None, Some(0)), (None, Some(1)), (long, Some(0)), (long, Some(1)), (None, None), (long, None)];
        let states = states.map(|(ago, sent)| told(ago, sent).state);
        assert_eq!(states, [Unknown, Problem, Ok, Problem, Unknown, Ok]);
        assert_eq!(told(long, None).detail, "WeChat told something 3 d ago.", "nobody knows what was sent");
    }
}
