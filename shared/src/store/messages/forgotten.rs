//! One user taken out of all batches. What is left of a message of theirs says that there was one, and nothing of
//! whom it was for or what it said.

use aws_sdk_dynamodb::types::AttributeValue;
use contract::{MessageState, Reason, Recipient};
use serde::{Deserialize, Serialize};

use super::batch::{Addressed, Part};
use super::{Messages, Record};
use crate::Error;
use crate::store::{UserIds, from_item, number, text, to_item};

/// In place of a name; no user's.
const NOBODY: &str = "forgotten";

/// A place in the table, where a scan goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    batch: String,
    n: i64,
}

/// A megabyte of the table.
pub struct ScannedPage {
    /// How many items it has.
    pub items: u64,
    /// Where the next one begins; `None` after the last.
    pub next: Option<Place>,
    parts: Vec<Part>,
}

impl Messages {
    /// The part of the table that begins after this place.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn scan(&self, after: Option<&Place>) -> Result<ScannedPage, Error> {
        let scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let scan = scan.filter_expression("n <= :zero").expression_attribute_values(":zero", number(0));
        let answer = scan.set_exclusive_start_key(after.map(to_item).transpose()?).send().await;
        let answer = answer.map_err(Error::unavailable)?;
        Ok(ScannedPage {
            items: u64::try_from(answer.scanned_count).unwrap_or(0),
            next: answer.last_evaluated_key.map(from_item).transpose()?,
            parts: answer.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<_, _>>()?,
        })
    }

    /// Takes a user out of the batches of this page; gives how many messages were theirs.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; what was taken out by then stays so.
    pub async fn forget(&self, page: &ScannedPage, ids: &UserIds) -> Result<u64, Error> {
        let mut forgotten = 0;
        for part in &page.parts {
            let places = part.places_of(ids);
            let is_senders = part.is_sent_by(ids);
            if places.is_empty() && !is_senders {
                continue;
            }
            self.take_out(part, &places, is_senders).await?;
            self.end(&part.batch).await?;
            forgotten += places.len() as u64;
        }
        Ok(forgotten)
    }

    async fn take_out(&self, part: &Part, places: &[usize], is_senders: bool) -> Result<(), Error> {
        let mut changes: Vec<_> =
            places.iter().map(|place| format!("recipients[{place}] = :nobody")).collect();
        let key = Place { batch: part.batch.clone(), n: part.n };
        let mut update = self.client.update_item().table_name(&self.table).set_key(Some(to_item(&key)?));
        if !places.is_empty() {
            let nobody = AttributeValue::M(to_item(&Addressed::forgotten())?);
            update = update.expression_attribute_values(":nobody", nobody);
        }
        if is_senders {
            changes.push("sender = :sender".to_owned());
            update = update.expression_attribute_values(":sender", text(format!("user:{NOBODY}")));
        }
        // What all recipients of a batch share is nobody's in particular, unless there is but one, or a user wrote it.
        if part.n == 0 && (is_senders || part.is_for_nobody_but(places)) {
            changes.extend(["#data = :none".to_owned(), "page = :null".to_owned()]);
            update = update
                .expression_attribute_names("#data", "data")
                .expression_attribute_values(":none", AttributeValue::M([].into()))
                .expression_attribute_values(":null", AttributeValue::Null(true));
        }
        // No place in the list ever changes: whatever else happens to the item, these are the user's.
        let update = update.update_expression(format!("SET {}", changes.join(", ")));
        update.condition_expression("attribute_exists(n)").send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// A message that is still on its way ends here: a worker that takes its job up finds its record final.
    async fn end(&self, batch: &str) -> Result<(), Error> {
        let Some((batch, records)) = self.find(batch).await? else { return Ok(()) };
        let forgotten = (1..).zip(&batch.recipients).filter(|(_, one)| one.reason == Some(Reason::Forgotten));
        for (n, _) in forgotten {
            let record = records.iter().find(|record| record.n == n);
            if record.is_some_and(|record| record.state.is_final()) {
                continue;
            }
            let now = self.clock.now();
            let record = record.cloned().unwrap_or_else(|| Record::queued(n, now));
            let ended = Record { detail: None, updated_at: now, ..record };
            self.put_record(&batch.id, &ended.ended(MessageState::Failed, Reason::Forgotten)).await?;
        }
        Ok(())
    }
}

impl Addressed {
    fn forgotten() -> Self {
        Self {
            to: Recipient::Openid(NOBODY.to_owned()),
            data: contract::Data::new(),
            oa_openid: None,
            reason: Some(Reason::Forgotten),
            detail: None,
        }
    }
}

impl Part {
    /// Where this user stands in it.
    fn places_of(&self, ids: &UserIds) -> Vec<usize> {
        let is_theirs = |one: &Addressed| {
            ids.has(&one.to) || one.oa_openid.as_ref().is_some_and(|openid| ids.oa_openids.contains(openid))
        };
        (0..).zip(&self.recipients).filter(|(_, one)| is_theirs(one)).map(|(place, _)| place).collect()
    }

    fn is_sent_by(&self, ids: &UserIds) -> bool {
        self.sender.strip_prefix("user:").is_some_and(|openid| ids.openids.contains(openid))
    }

    /// Whether the batch is for these of its recipients, and those who were forgotten before.
    fn is_for_nobody_but(&self, places: &[usize]) -> bool {
        let is_gone = |(place, one): (usize, &Addressed)| {
            places.contains(&place) || one.reason == Some(Reason::Forgotten)
        };
        self.parts.is_none_or(|parts| parts == 1) && self.recipients.iter().enumerate().all(is_gone)
    }
}
