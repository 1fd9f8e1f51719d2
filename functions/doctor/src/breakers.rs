//! `breakers`: what has messages wait. Looked for are the account's, and those of the templates and pages of every
//! catalog that is kept, for messages wait by those that are not in force any more; a page that a call named itself is
//! not among them.

use std::collections::BTreeMap;

use contract::Channel;
use contract::{Lang, in_lang};
use shared::Error;
use shared::catalog::Catalog;
use shared::store::{BreakerKeys, Outage};

use crate::Function;
use crate::finding::{Finding, named, span};

/// Whoever waits, looks every quarter of an hour whether a try is due. When one is overdue for so long, in seconds,
/// nobody does.
const NOBODY_TRIES: i64 = 3600;

/// One for each that is open; or one that none is.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let mut subjects = BTreeMap::new();
    for catalog in doctor.catalog.kept().await? {
        subjects.extend(subjects_of(doctor, &catalog));
    }
    let keys: Vec<_> = subjects.keys().cloned().collect();
    let (mut rows, now) = (doctor.state.breakers(&keys).await?, doctor.clock.now());
    let open = subjects.into_iter().filter_map(|(key, subject)| {
        let outage = rows.remove(&key)?.outage?;
        outage.until.is_none_or(|until| now < until).then(|| look_at(lang, &outage, now).of(subject))
    });
    let open: Vec<_> = open.collect();
    Ok(if open.is_empty() {
        vec![Finding::ok(lang.pick(
            "WeChat refuses no account, template or page: no message waits for a repair.",
            "没有被微信拒绝的账号、模板或页面，没有消息在等修复。",
        ))]
    } else {
        open
    })
}

/// What may have a breaker, by its key.
fn subjects_of(doctor: &Function, catalog: &Catalog) -> BTreeMap<String, String> {
    let [oa, mini] = &doctor.accounts;
    let mut subjects = BTreeMap::new();
    for (channel, card) in catalog.entries().iter().flat_map(|(_, notification)| notification.cards()) {
        let (account, appid) = match channel {
            Channel::Template => oa,
            Channel::Subscribe => mini,
        };
        let keys = BreakerKeys::new(appid, card.template_id, card.page);
        let path = card.page.and_then(|page| page.split('?').next()).unwrap_or_default();
        subjects.insert(keys.page, format!("{} {path}", card.template_id));
        subjects.insert(keys.template, card.template_id.to_owned());
        subjects.insert(keys.account, account.to_string());
    }
    subjects
}

fn look_at(lang: Lang, outage: &Outage, now: i64) -> Finding {
    let next = outage.until.unwrap_or(outage.probe_at) - now;
    let (for_, why) = (span(lang, now - outage.opened_at), named(&outage.cause));
    let detail = if next < -NOBODY_TRIES {
        let since = span(lang, -next);
        in_lang!(
            lang,
            "WeChat first refused it {for_} ago ({why}), and a try has been overdue for {since}: no message waits any more, or `deliver` stands still.",
            "{for_}前被微信拒绝（{why}），本该在 {since}前再次探测，却没有：要么没有消息在等，要么 `deliver` 停了。"
        )
    } else {
        let (probes, next) = (outage.probes, span(lang, next));
        in_lang!(
            lang,
            "Its messages have waited for {for_} ({why}). It was probed {probes} times; the next probe is in {next}.",
            "消息已经等了 {for_}（{why}）；已探测 {probes} 次，下一次在 {next}后。"
        )
    };
    Finding::problem(detail, outage.cause.remedy_in(lang))
}
