//! One user taken out of all batches. What is left of a message of theirs says that there was one, and nothing of
//! whom it was for or what it said.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use contract::{MessageState, Reason, Recipient};
use serde::{Deserialize, Serialize};

use super::batch::{Addressed, Part};
use super::{Messages, Record};
use crate::Error;
use crate::store::{Item, UserIds, from_item, number, text, to_item};

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
        let read = |item: Item| match from_item::<Part>(item) {
            Ok(part) => Some(part),
            Err(error) => {
                tracing::error!(
                    cause = error.causes(),
                    "an item of a batch does not read: it is passed over"
                );
                None
            }
        };
        Ok(ScannedPage {
            items: u64::try_from(answer.scanned_count).unwrap_or(0),
            next: answer.last_evaluated_key.map(from_item).transpose()?,
            parts: answer.items.unwrap_or_default().into_iter().filter_map(read).collect(),
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
            // First, for afterwards nobody knows which are theirs.
            let is_for_them_alone = self.end(&part.batch, ids).await?;
            self.take_out(part, &places, is_senders, is_for_them_alone).await?;
            forgotten += places.len() as u64;
        }
        Ok(forgotten)
    }

    async fn take_out(
        &self,
        part: &Part,
        places: &[usize],
        is_senders: bool,
        is_for_them_alone: bool,
    ) -> Result<(), Error> {
        let mut changes = Vec::new();
        let mut values = HashMap::from([(":none".to_owned(), AttributeValue::M([].into()))]);
        for (place, one) in part.recipients.iter().enumerate() {
            if places.contains(&place) {
                let nobody = one.forgotten();
                // One value for all that are alike.
                let reason = nobody.reason.map_or_else(String::new, |reason| reason.to_string());
                let name = format!(
                    ":{reason}_{}{}",
                    u8::from(nobody.oa_openid.is_some()),
                    u8::from(nobody.openid.is_some())
                );
                changes.push(format!("recipients[{place}] = {name}"));
                values.insert(name, AttributeValue::M(to_item(&nobody)?));
            } else if is_senders && !one.data.is_empty() {
                changes.push(format!("recipients[{place}].#data = :none"));
            }
        }
        if is_senders {
            changes.push("sender = :sender".to_owned());
            values.insert(":sender".to_owned(), text(format!("user:{NOBODY}")));
        }
        // What all recipients of a batch share is nobody's in particular, unless there is but one, or a user wrote it.
        if part.n == 0 && (is_senders || is_for_them_alone) {
            changes.extend(["#data = :none".to_owned(), "page = :null".to_owned()]);
            values.insert(":null".to_owned(), AttributeValue::Null(true));
        }
        let changes = changes.join(", ");
        let mut update = self.client.update_item().table_name(&self.table);
        // What an expression does not name may not be given.
        if changes.contains("#data") {
            update = update.expression_attribute_names("#data", "data");
        } else {
            values.remove(":none");
        }
        let key = Place { batch: part.batch.clone(), n: part.n };
        let update = update
            .set_key(Some(to_item(&key)?))
            // No place in the list ever changes: whatever else happens to the item, these are the user's.
            .update_expression(format!("SET {changes}"))
            .condition_expression("attribute_exists(n)")
            .set_expression_attribute_values(Some(values));
        update.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Messages of theirs end here, as of a round that no replay comes to: a worker that takes a job of one up finds
    /// its record final. Gives whether the whole batch was for them, and for others who were forgotten.
    async fn end(&self, batch: &str, ids: &UserIds) -> Result<bool, Error> {
        let Some((batch, records)) = self.find(batch).await? else { return Ok(false) };
        for (n, _) in batch.accepted().filter(|(_, one)| one.is_of(ids)) {
            let now = self.clock.now();
            let record = records.iter().find(|record| record.n == n);
            let record = record.cloned().unwrap_or_else(|| Record::queued(n, now));
            let last = Record { round: u32::MAX, detail: None, updated_at: now, ..record };
            let last = match last.state {
                // It may have arrived.
                MessageState::Retrying => last.ended(MessageState::Unknown, Reason::Forgotten),
                MessageState::Queued | MessageState::Parked => {
                    last.ended(MessageState::Failed, Reason::Forgotten)
                }
                MessageState::Sent
                | MessageState::Delivered
                | MessageState::Blocked
                | MessageState::Refused
                | MessageState::Failed
                | MessageState::Unknown => last,
            };
            self.put_record(&batch.id, &last).await?;
        }
        Ok(batch.recipients.iter().all(|one| one.is_of(ids) || one.is_forgotten()))
    }
}

impl ScannedPage {
    /// The other names that the batches of this page have for the user of these.
    pub fn names_beside(&self, ids: &UserIds) -> UserIds {
        let recipients = self.parts.iter().flat_map(|part| &part.recipients);
        let theirs = recipients.filter(|one| one.is_of(ids) && !one.is_forgotten());
        theirs.fold(UserIds::default(), |found, one| {
            let oa_openid = one.oa_openid.clone().map(Recipient::OaOpenid);
            let openid = one.openid.clone().map(Recipient::Openid);
            let also = [oa_openid, openid].into_iter().flatten().map(|name| UserIds::of(&name));
            also.fold(found.and(UserIds::of(&one.to)), UserIds::and)
        })
    }
}

impl Addressed {
    fn is_of(&self, ids: &UserIds) -> bool {
        ids.has(&self.to)
            || self.oa_openid.as_ref().is_some_and(|openid| ids.oa_openids.contains(openid))
            || self.openid.as_ref().is_some_and(|openid| ids.openids.contains(openid))
    }

    fn is_forgotten(&self) -> bool {
        self.to == Recipient::Openid(NOBODY.to_owned())
    }

    /// What is left of it: that there was one, and why it was rejected if it was.
    fn forgotten(&self) -> Self {
        let nobody = |name: &Option<String>| name.is_some().then(|| NOBODY.to_owned());
        let was_accepted = self.is_accepted();
        Self {
            to: Recipient::Openid(NOBODY.to_owned()),
            data: contract::Data::new(),
            oa_openid: nobody(&self.oa_openid),
            openid: nobody(&self.openid),
            reason: if was_accepted { Some(Reason::Forgotten) } else { self.reason },
            detail: None,
        }
    }
}

impl Part {
    /// Where this user stands in it.
    fn places_of(&self, ids: &UserIds) -> Vec<usize> {
        (0..).zip(&self.recipients).filter(|(_, one)| one.is_of(ids)).map(|(place, _)| place).collect()
    }

    fn is_sent_by(&self, ids: &UserIds) -> bool {
        self.sender.strip_prefix("user:").is_some_and(|openid| ids.openids.contains(openid))
    }
}
