//! `credit#<appid>#<openid>`: how many subscribe messages a user of the mini-program has accepted and not been sent.
//!
//! WeChat gives a subscribe message no `client_msg_id`: it does not know a second try from a second message. So nothing
//! is tried again that may have been sent, and the row says which messages may have been: those whose *mark* stands
//! there. A mark is a message's own name, `<batch>-<n>`, with the round of a replay, which is a message of its own.
//! Whoever sends
//!
//! 1. takes a credit ([`Credits::take`]), which sets the mark in the same write: right before the call, for what waits
//!    for a repair holds none;
//! 2. calls WeChat, once;
//! 3. where WeChat *did not* send it, takes the mark away, then records it: by [`Credits::zero`] on 43101, and by
//!    [`Credits::give_back`] whatever was refused for another reason, and may be tried again with another credit;
//! 4. where WeChat *did or may have*, records it as `sent` or `unknown`. The mark stays: another worker may have a copy
//!    of the message in hand and not have seen the record.
//!
//! A worker may die after each step. After 1 or 2 the message is redelivered and [`Take::AlreadyTaken`]: nobody knows
//! whether it was sent, and once nobody can be at it any more it ends `unknown`. The same where WeChat had refused it: a
//! credit less than there is may keep a message back, and sends none twice. In 3, with the mark gone and nothing
//! recorded, it is tried anew, rightly. In 4, with the record written, it is found to be final and dropped. A mark is in
//! no other message's way, and goes when no queue can have its message any more.
//!
//! A message that `prefer`s to arrive goes on with the credit it took: where its own job says that its outcome is
//! open, [`Take::AlreadyTaken`] is the right to try again. What a later try is refused by says nothing of the first:
//! nothing is given back then.
//!
//! The count is our reckoning of what WeChat knows. It may be too small by what was lost on the way, and too large by
//! an accept that was told twice, or that the user has withdrawn since: then WeChat answers 43101, and it is zeroed.
//!
//! It is one row a user, not one a template: what there is of a user is found by their openid alone, also of templates
//! that no catalog names any more, and a call that accepts several is one write.

mod told;

use std::collections::{BTreeMap, HashMap, HashSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::State;
use crate::config::ConfigError;
use crate::store::{
    Item, READ_BATCH, Updated, condition_met, from_item, number, read_batch, text, to_item, updated,
};
use crate::{Account, Config, Error};

/// How long a row is kept after the last accept, in seconds: a year, after which hardly anybody remembers having said
/// yes.
const KEPT_FOR: i64 = 365 * 24 * 3600;

/// The most credit of one template. More is of no use, and a client in a loop must not make it grow.
const MOST: u32 = 20;

/// How long a mark is kept, in seconds: a day longer than a message may be about, fourteen days on its queue and fourteen
/// among the dead letters.
const MARK_KEPT_FOR: i64 = 29 * 24 * 3600;

/// So many old marks are dropped at a time: an expression has room for 4 KB.
const DROPPED_AT_ONCE: usize = 50;

/// How many calls run at a time, where there are many users.
const CONCURRENCY: usize = 8;

/// How often an accept is written anew because somebody else came between.
const ATTEMPTS: usize = 5;

/// Template → how many messages of it the user has accepted and not been sent.
pub type Counts = BTreeMap<String, u32>;

/// What somebody who wants to send a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// There was a credit, and it is this message's now.
    Taken,
    /// This message has taken one before, and nobody knows whether it was sent. A moment ago: whoever took it may be
    /// at it still.
    AlreadyTaken {
        /// When, in Unix seconds.
        at: i64,
    },
    /// There is none.
    NoCredit,
}

/// The credits of the mini-program's users.
#[derive(Clone, Debug)]
pub struct Credits {
    state: State,
    appid: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    key: String,
    #[serde(default)]
    counts: Counts,
    #[serde(default)]
    taken: BTreeMap<String, Mark>,
    /// Template → the time of the newest that was told of it: what WeChat says of an earlier one changes nothing.
    #[serde(default)]
    told: BTreeMap<String, i64>,
    expires_at: i64,
}

/// A message has taken a credit.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    at: i64,
    /// Which call it was: the client makes a write again whose answer was lost.
    by: String,
}

impl Credits {
    /// Those in the table of states that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self { state: State::new(config, client)?, appid: config.appid(Account::Mini)? })
    }

    /// What a user has, of every template.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn of(&self, openid: &str) -> Result<Counts, Error> {
        let row = self.state.table.get::<Row>(&self.key(openid)).await?;
        Ok(row
            .filter(|row| row.expires_at > self.state.clock.now())
            .map(|row| row.counts)
            .unwrap_or_default())
    }

    /// Which of these users have credit of this template.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn with_credit(
        &self,
        openids: &HashSet<String>,
        template: &str,
    ) -> Result<HashSet<String>, Error> {
        let now = self.state.clock.now();
        let openids_in_order: Vec<_> = openids.iter().cloned().collect();
        let rows: Vec<Vec<Row>> = stream::iter(openids_in_order.chunks(READ_BATCH))
            .map(|some| self.rows(some))
            .buffer_unordered(CONCURRENCY)
            .boxed()
            .try_collect()
            .await?;
        let has_credit =
            |row: &Row| row.expires_at > now && row.counts.get(template).is_some_and(|count| *count > 0);
        let having: HashSet<_> = rows.into_iter().flatten().filter(has_credit).map(|row| row.key).collect();
        Ok(openids.iter().filter(|openid| having.contains(&self.key(openid))).cloned().collect())
    }

    /// Adds one of each of these templates, up to twenty, and gives what the user has of every template. They are
    /// added all at once or, after an error, perhaps not at all.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn add(&self, openid: &str, accepted: &[&str]) -> Result<Counts, Error> {
        let (key, now) = (self.key(openid), self.state.clock.now());
        let mut room = accepted.to_vec();
        for _ in 0..ATTEMPTS + accepted.len() {
            match self.try_to_add(&key, &room).await? {
                Updated::Made(row) => {
                    self.drop_old_marks(&row).await;
                    return Ok(row.counts);
                }
                Updated::Refused(Some(row)) if row.expires_at > now => {
                    room.retain(|template| row.counts.get(*template).is_none_or(|count| *count < MOST));
                    if room.is_empty() {
                        return Ok(row.counts);
                    }
                }
                Updated::Refused(_) => self.begin(&key).await?,
            }
        }
        Err(Error::unavailable("a user's credits change all the time"))
    }

    async fn try_to_add(&self, key: &str, templates: &[&str]) -> Result<Updated<Row>, Error> {
        let now = self.state.clock.now();
        let (mut sets, mut conditions) = (String::new(), String::new());
        let mut update = self.state.table.update(key);
        for (n, template) in templates.iter().enumerate() {
            sets += &format!("counts.#t{n} = if_not_exists(counts.#t{n}, :zero) + :one, told.#t{n} = :now, ");
            conditions += &format!(" AND (attribute_not_exists(counts.#t{n}) OR counts.#t{n} < :most)");
            update = update.expression_attribute_names(format!("#t{n}"), *template);
        }
        let update = update
            .update_expression(format!("SET {sets}expires_at = :expires_at"))
            .condition_expression(format!("expires_at > :now{conditions}"))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(MOST.into()))
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":expires_at", number(now + KEPT_FOR));
        updated(update).await
    }

    /// Makes the row of a user who has none, or an expired one.
    async fn begin(&self, key: &str) -> Result<(), Error> {
        let now = self.state.clock.now();
        let update = self.state.table.update(key);
        let update = update
            .update_expression("SET counts = :none, taken = :none, told = :none, expires_at = :expires_at")
            .condition_expression("attribute_not_exists(expires_at) OR expires_at <= :now")
            .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":expires_at", number(now + KEPT_FOR));
        // Somebody else may have made it.
        condition_met(update.send().await)?;
        Ok(())
    }

    /// Keeps marks from piling up: there is no new one without a credit, and no credit without [`Self::add`]. What fails
    /// is made up for the next time: the credit is written already, and must not be told as failed.
    async fn drop_old_marks(&self, row: &Row) {
        if let Err(error) = self.try_to_drop_old_marks(row).await {
            tracing::warn!(cause = error.causes(), "could not drop old marks: {error}");
        }
    }

    async fn try_to_drop_old_marks(&self, row: &Row) -> Result<(), Error> {
        let before = self.state.clock.now() - MARK_KEPT_FOR;
        let old = row.taken.iter().filter(|(_, mark)| mark.at < before).map(|(name, _)| name);
        let old: HashMap<_, _> =
            old.take(DROPPED_AT_ONCE).zip(0..).map(|(mark, n)| (format!("#m{n}"), mark.clone())).collect();
        if old.is_empty() {
            return Ok(());
        }
        let places: Vec<_> = old.keys().map(|name| format!("taken.{name}")).collect();
        let update = self.state.table.update(&row.key);
        let update = update
            .update_expression(format!("REMOVE {}", places.join(", ")))
            .condition_expression("attribute_exists(taken)")
            .set_expression_attribute_names(Some(old));
        condition_met(update.send().await)?;
        Ok(())
    }

    /// Takes a credit for the message of this mark.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: then the message may have taken one, and finds it taken the next time.
    pub async fn take(&self, openid: &str, template: &str, mark: &str) -> Result<Take, Error> {
        let now = self.state.clock.now();
        let own = Mark { at: now, by: crate::random_id() };
        let update = self.change(openid, mark);
        let update = update
            .update_expression("SET counts.#template = counts.#template - :one, taken.#mark = :own")
            .condition_expression(
                "expires_at > :now AND counts.#template >= :one AND attribute_not_exists(taken.#mark)",
            )
            .expression_attribute_names("#template", template)
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":own", AttributeValue::M(to_item(&own)?));
        let found = match updated::<Row>(update).await? {
            Updated::Made(_) => return Ok(Take::Taken),
            Updated::Refused(row) => row.and_then(|mut row| row.taken.remove(mark)),
        };
        Ok(match found {
            Some(found) if found.by == own.by => Take::Taken,
            Some(found) => Take::AlreadyTaken { at: found.at },
            None => Take::NoCredit,
        })
    }

    /// Gives the credit back that the message of this mark has taken, for WeChat has certainly not sent it; `false`
    /// when it has none (any more).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn give_back(&self, openid: &str, template: &str, mark: &str) -> Result<bool, Error> {
        let update = self.change(openid, mark);
        let update = update
            .update_expression("SET counts.#template = counts.#template + :one REMOVE taken.#mark")
            .condition_expression("attribute_exists(taken.#mark) AND attribute_exists(counts.#template)")
            .expression_attribute_names("#template", template)
            .expression_attribute_values(":one", number(1));
        condition_met(update.send().await)
    }

    /// Takes all credit of the template away, and the mark with it, for WeChat said that there is none (43101). What the
    /// user has accepted since the mark was set WeChat did not know yet, and is theirs: `false` then.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn zero(&self, openid: &str, template: &str, mark: &str) -> Result<bool, Error> {
        let update = self.change(openid, mark);
        let update = update
            .update_expression("SET counts.#template = :zero REMOVE taken.#mark")
            .condition_expression(
                "attribute_exists(counts.#template) \
                 AND (attribute_not_exists(told.#template) OR told.#template <= taken.#mark.#at)",
            )
            .expression_attribute_names("#template", template)
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":zero", number(0));
        if condition_met(update.send().await)? {
            return Ok(true);
        }
        let spent = self.change(openid, mark).update_expression("REMOVE taken.#mark");
        condition_met(spent.condition_expression("attribute_exists(taken.#mark)").send().await)?;
        Ok(false)
    }

    /// Whether the message of this mark has taken a credit, and nobody has said since that WeChat did not send it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn is_taken(&self, openid: &str, mark: &str) -> Result<bool, Error> {
        let rows = self.rows(&[openid.to_owned()]).await?;
        Ok(rows.first().is_some_and(|row| row.taken.contains_key(mark)))
    }

    /// Deletes all there is of a user; gives how many messages they had accepted and not been sent. What was taken and
    /// is not given back is then nobody's: it is not given back.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn forget(&self, openid: &str) -> Result<u64, Error> {
        let table = &self.state.table;
        let delete =
            table.client.delete_item().table_name(&table.name).key(table.key, text(self.key(openid)));
        let deleted = delete.return_values(ReturnValue::AllOld).send().await.map_err(Error::unavailable)?;
        let row = deleted.attributes.map(from_item::<Row>).transpose()?;
        Ok(row.map_or(0, |row| row.counts.into_values().map(u64::from).sum()))
    }

    /// The rows that there are of up to a hundred users; read consistently: who has just said yes is written to at once.
    async fn rows(&self, openids: &[String]) -> Result<Vec<Row>, Error> {
        let key = |openid: &String| [("key".to_owned(), text(self.key(openid)))].into();
        let keys: Vec<Item> = openids.iter().map(key).collect();
        read_batch(&self.state.table.client, &self.state.table.name, keys, true).await
    }

    fn change(&self, openid: &str, mark: &str) -> UpdateItemFluentBuilder {
        self.state.table.update(&self.key(openid)).expression_attribute_names("#mark", mark)
    }

    fn key(&self, openid: &str) -> String {
        format!("credit#{}#{openid}", self.appid)
    }
}
