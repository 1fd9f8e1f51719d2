//! `templates`: whether what the catalog sends fits the templates that the accounts have, and how old the lists of them
//! are.

use contract::{Channel, Lang, in_lang};
use shared::preflight::preflight;
use shared::store::KnownTemplates;
use shared::{Account, Error};

use crate::Function;
use crate::finding::{Finding, span};

/// They are listed once a day; after this, in seconds, twice in a row it has failed.
const STALE_AFTER: i64 = 49 * 3600;

const LOOK: [&str; 2] = [
    "`queqiao sync` has them listed at once; the log of `sync` says why they could not be.",
    "`queqiao sync` 会马上重新列出；列不出来的原因在 `sync` 的日志里。",
];

/// One for each thing that does not fit, and each list that is missing or old; or one that all is well.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let [(oa, oa_appid), (mini, mini_appid)] = &doctor.accounts;
    let (catalog, listed) =
        tokio::try_join!(doctor.catalog.current(), doctor.state.template_lists(oa_appid, mini_appid))?;
    let now = doctor.clock.now();
    let has_fallback = catalog.fallback_templates().next().is_some();
    let lists = [Some((oa, &listed.oa)), Some((mini, &listed.mini)).filter(|_| has_fallback)];
    let lists = lists.into_iter().flatten();
    let mut findings: Vec<_> =
        lists.filter_map(|(account, list)| look_at(lang, *account, list.as_ref(), now)).collect();
    findings.extend(preflight(lang, &catalog, listed.known()).into_iter().map(|problem| {
        let field = problem.field.map(|field| format!(" {field}")).unwrap_or_default();
        let (message, reason) = (name(lang, problem.channel), problem.reason);
        let detail = in_lang!(
            lang,
            "Its {message} does not fit ({reason}{field}).",
            "它的{message}与模板不符（{reason}{field}）。"
        );
        Finding::problem(detail, problem.remedy).of(problem.notification)
    }));
    let count = catalog.count();
    let all_fit = in_lang!(
        lang,
        "All {count} notifications fit the accounts' templates.",
        "{count} 种通知都与账号的模板相符。"
    );
    Ok(if findings.is_empty() { vec![Finding::ok(all_fit)] } else { findings })
}

/// What goes out by a channel.
fn name(lang: Lang, channel: Channel) -> &'static str {
    match channel {
        Channel::Template => lang.pick("template message", "模板消息"),
        Channel::Subscribe => lang.pick("subscribe message", "订阅消息"),
    }
}

/// What is wrong with a list itself.
fn look_at(lang: Lang, account: Account, list: Option<&KnownTemplates>, now: i64) -> Option<Finding> {
    let [en, zh] = LOOK;
    let look = lang.pick(en, zh);
    let Some(list) = list else {
        let detail = in_lang!(
            lang,
            "They were not listed yet, and nobody knows whether the catalog fits them. {look}",
            "还没有列出过，不知道通知目录与它们是否相符。{look}"
        );
        return Some(Finding::unknown(detail).of(account));
    };
    let age = now - list.fetched_at;
    let detail = || {
        in_lang!(lang, "They were listed {} ago, and not since.", "上一次列出是在 {}前。", span(lang, age))
    };
    (age >= STALE_AFTER).then(|| Finding::problem(detail(), look).of(account))
}

#[cfg(test)]
mod tests {
    use contract::CheckState;

    use super::*;

    #[test]
    fn a_list_that_is_missing_is_told_and_an_old_one_is_a_problem() {
        let state = |age: Option<i64>| {
            let list = age.map(|age| KnownTemplates { fetched_at: 1_000_000 - age, templates: Vec::new() });
            look_at(Lang::En, Account::Oa, list.as_ref(), 1_000_000)
                .map(|finding| finding.named("templates").state)
        };
        let told = [None, Some(0), Some(STALE_AFTER - 1), Some(STALE_AFTER)].map(state);
        assert_eq!(told, [Some(CheckState::Unknown), None, None, Some(CheckState::Problem)]);
    }
}
