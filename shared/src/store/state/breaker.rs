//! `breaker#<appid>…`: what has messages wait; in the account's row, too, why there is no new token.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::{Lang, Reason};
use serde::{Deserialize, Serialize};

use super::{State, TokenReplacement};
use crate::Error;
use crate::store::{READ_BATCH, condition_met, number, read_batch, text, to_item};
use crate::wechat::{Failure, errcode};

/// How long a row is kept after the last that happened to it, in seconds.
const KEPT_FOR: i64 = 7 * 24 * 3600;

/// What is wrong is looked at again after these pauses, the last one over and over.
const PAUSES: [i64; 3] = [60, 5 * 60, 15 * 60];

/// The longest part of a page that keeps breakers apart, in characters: a key has its limit.
const LONGEST_PAGE: usize = 256;

/// How long is waited after something has been found wrong this many times, in seconds.
pub fn pause_after(times: u32) -> i64 {
    let nth = usize::try_from(times.saturating_sub(1)).unwrap_or(usize::MAX);
    PAUSES[nth.min(PAUSES.len() - 1)]
}

/// The breakers a message stands behind, by their keys in the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BreakerKeys {
    /// That of all the account's messages.
    pub account: String,
    /// That of its template.
    pub template: String,
    /// That of its template and page; its template's when it opens no page.
    pub page: String,
}

impl BreakerKeys {
    /// The keys for messages of this template that open this page, whose query is left out.
    pub fn new(appid: &str, template_id: &str, page: Option<&str>) -> Self {
        let account = account_key(appid);
        let template = format!("{account}#{template_id}");
        let path = page.and_then(|page| page.split(['?', '#']).next());
        let page = match path {
            Some(path) => format!("{template}#{}", path.chars().take(LONGEST_PAGE).collect::<String>()),
            None => template.clone(),
        };
        Self { account, template, page }
    }

    /// From the one that reaches farthest to the narrowest.
    pub fn all(&self) -> [&str; 3] {
        [&self.account, &self.template, &self.page]
    }
}

/// A row.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Breaker {
    key: String,
    /// Why messages wait, where they do.
    #[serde(default)]
    pub outage: Option<Outage>,
    /// Why the account's token could not be renewed the last time.
    #[serde(default)]
    pub token_failure: Option<TokenFailure>,
    /// How often, of late, somebody else replaced the account's token.
    #[serde(default)]
    pub token_replacement: Option<TokenReplacement>,
    /// When it was found repaired the last time, in Unix seconds.
    #[serde(default)]
    pub closed_at: Option<i64>,
}

/// What was refused, and will be until somebody repairs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// What is wrong.
    pub cause: Cause,
    /// Since when, in Unix seconds.
    pub opened_at: i64,
    /// Messages wait until then at the longest; `None`: until one goes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// When one message is tried, to see whether it is repaired.
    pub probe_at: i64,
    /// How many were tried to see.
    pub probes: u32,
}

/// Why messages wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// As callers see it.
    pub reason: Reason,
    /// WeChat's code, where WeChat answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// The address of ours that is not on the whitelist, where that is it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
}

/// Why the account's token could not be renewed the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFailure {
    /// What is wrong.
    pub cause: Cause,
    /// When, in Unix seconds.
    pub failed_at: i64,
    /// From when on there is no token that lives, in Unix seconds.
    pub no_token_from: i64,
    /// When WeChat is asked for one again.
    pub retry_at: i64,
    /// How often in a row it failed.
    pub times: u32,
}

impl Cause {
    /// What WeChat said, or that it said nothing.
    pub fn of(failure: &Failure) -> Self {
        let ip = failure.ip().map(str::to_owned);
        Self { reason: failure.reason(), errcode: failure.errcode(), ip }
    }

    /// The same, when it was asked for a token: there 40001 is about the AppSecret.
    pub fn of_token(failure: &Failure) -> Self {
        let cause = Self::of(failure);
        match cause.errcode {
            Some(40001) => Self { reason: Reason::Misconfigured, ..cause },
            _ => cause,
        }
    }

    /// A sentence for whoever has to repair it, in English.
    pub fn remedy(&self) -> String {
        self.remedy_in(Lang::En)
    }

    /// A sentence for whoever has to repair it.
    pub fn remedy_in(&self, lang: Lang) -> String {
        match self.errcode {
            Some(errcode) => errcode::remedy(lang, errcode, self.reason, self.ip.as_deref()),
            None => self.reason.remedy_in(lang).to_owned(),
        }
    }
}

impl State {
    /// The rows there are of these keys. What was written in the last moment may be missing: whoever takes a turn by
    /// what stands here writes on the condition that it still does, and a consistent read costs twice as much.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn breakers(&self, keys: &[String]) -> Result<HashMap<String, Breaker>, Error> {
        let mut rows = HashMap::new();
        for keys in keys.chunks(READ_BATCH) {
            let keys = keys.iter().map(|key| [("key".to_owned(), text(key))].into()).collect();
            let found = read_batch::<Breaker>(&self.table.client, &self.table.name, keys, false).await?;
            rows.extend(found.into_iter().map(|row| (row.key.clone(), row)));
        }
        Ok(rows)
    }

    /// Has the messages behind a breaker wait; `false` when they do already.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn open_breaker(&self, key: &str, outage: &Outage) -> Result<bool, Error> {
        let update = self.breaker_update(key, "SET #outage = :outage, expires_at = :expires_at")?;
        let update = update
            .condition_expression("attribute_not_exists(#outage) OR #outage.#until <= :now")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":outage", map(outage)?)
            .expression_attribute_values(":now", number(self.clock.now()));
        condition_met(update.send().await)
    }

    /// Writes what a probe found still wrong.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn keep_open(&self, key: &str, outage: &Outage) -> Result<(), Error> {
        let update = self.breaker_update(key, "SET #outage = :outage, expires_at = :expires_at")?;
        let update = update
            .condition_expression("attribute_exists(#outage)")
            .expression_attribute_values(":outage", map(outage)?);
        condition_met(update.send().await)?;
        Ok(())
    }

    /// Takes the right to try one message; `true` for one caller a time.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn take_probe(&self, key: &str, seen: &Outage, next_probe_at: i64) -> Result<bool, Error> {
        let set = "SET #outage.probe_at = :next, #outage.probes = :probes, expires_at = :expires_at";
        let update = self.breaker_update(key, set)?;
        let update = update
            .condition_expression("#outage.probe_at = :seen")
            .expression_attribute_values(":seen", number(seen.probe_at))
            .expression_attribute_values(":next", number(next_probe_at))
            .expression_attribute_values(":probes", number(i64::from(seen.probes) + 1));
        condition_met(update.send().await)
    }

    /// Lets the messages go on.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn close_breaker(&self, key: &str) -> Result<(), Error> {
        self.breaker_update(key, "SET expires_at = :expires_at, closed_at = :now REMOVE #outage")?
            .expression_attribute_values(":now", number(self.clock.now()))
            .send()
            .await
            .map_err(Error::unavailable)?;
        Ok(())
    }

    /// The account's row, read consistently; an empty one where there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn account_breaker(&self, appid: &str) -> Result<Breaker, Error> {
        Ok(self.table.get(&account_key(appid)).await?.unwrap_or_default())
    }

    /// What has all of the account's messages wait.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn account_causes(&self, appid: &str) -> Result<Vec<Cause>, Error> {
        let row = self.account_breaker(appid).await?;
        let causes = [row.outage.map(|outage| outage.cause), row.token_failure.map(|failure| failure.cause)];
        Ok(causes.into_iter().flatten().collect())
    }

    /// Why the account's token could not be renewed the last time; `None` when it could.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn token_failure(&self, appid: &str) -> Result<Option<TokenFailure>, Error> {
        Ok(self.account_breaker(appid).await?.token_failure)
    }

    /// Says why the account's token could not be renewed, or that it was.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn put_token_failure(&self, appid: &str, failure: Option<&TokenFailure>) -> Result<(), Error> {
        let update = self.table.update(&account_key(appid));
        let update = update.expression_attribute_values(":expires_at", expiry(self.clock.now()));
        let update = match failure {
            Some(failure) => update
                .update_expression("SET token_failure = :failure, expires_at = :expires_at")
                .expression_attribute_values(":failure", map(failure)?),
            None => update.update_expression("SET expires_at = :expires_at REMOVE token_failure"),
        };
        update.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Writes that a token was replaced by somebody else. For whoever has the lease to renew it: nobody else counts
    /// at the same time.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn put_token_replacement(
        &self,
        appid: &str,
        replacement: &TokenReplacement,
    ) -> Result<(), Error> {
        let update = self.table.update(&account_key(appid));
        let update = update
            .update_expression("SET token_replacement = :replacement, expires_at = :expires_at")
            .expression_attribute_values(":replacement", map(replacement)?)
            .expression_attribute_values(":expires_at", expiry(self.clock.now()));
        update.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    fn breaker_update(&self, key: &str, expression: &str) -> Result<UpdateItemFluentBuilder, Error> {
        let update = self.table.update(key);
        Ok(update
            .update_expression(expression)
            .expression_attribute_names("#outage", "outage")
            .expression_attribute_values(":expires_at", expiry(self.clock.now())))
    }
}

fn account_key(appid: &str) -> String {
    format!("breaker#{appid}")
}

/// Until when a row is kept that is written now.
fn expiry(now: i64) -> AttributeValue {
    number(now + KEPT_FOR)
}

fn map(value: &impl Serialize) -> Result<AttributeValue, Error> {
    Ok(AttributeValue::M(to_item(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pages_query_keeps_no_breakers_apart_and_its_length_is_bounded() {
        let keys = |page: &str| BreakerKeys::new("wx1", "t1", Some(page));
        assert_eq!(keys("pages/a?id=1"), keys("pages/a?id=2"));
        assert_eq!(keys("pages/a?id=1").page, "breaker#wx1#t1#pages/a");
        assert_ne!(keys("pages/a"), keys("pages/b"));
        assert!(keys(&"页".repeat(100_000)).page.len() < 2048);
        let none = BreakerKeys::new("wx1", "t1", None);
        assert_eq!(none.all(), ["breaker#wx1", "breaker#wx1#t1", "breaker#wx1#t1"]);
    }

    #[test]
    fn pauses_grow_and_stay() {
        assert_eq!([0, 1, 2, 3, 4, u32::MAX].map(pause_after), [60, 60, 300, 900, 900, 900]);
    }
}
