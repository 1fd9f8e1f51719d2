//! A page of a batch, for what a page costs to read, however large the batch; and, where they are asked for, the counts
//! of all of it, which cost what it costs.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::MessageState;

use super::batch::{Addressed, Part};
use super::{Messages, Record};
use crate::Error;
use crate::store::{Item, from_item, number, text};

/// Some of a batch's accepted recipients, one after the other, and the records there are of them.
pub struct BatchPage {
    /// Who sent the batch.
    pub sender: String,
    /// Which notification of the catalog.
    pub notification: String,
    /// When it was accepted, in Unix seconds.
    pub created_at: i64,
    /// With their numbers.
    pub recipients: Vec<(u32, Addressed)>,
    /// By number.
    pub records: HashMap<u32, Record>,
    /// Whether there are recipients behind these.
    pub has_more: bool,
    /// How many messages of the whole batch are in each state that any is in; where they were asked for.
    pub counts: Option<StateCounts>,
}

/// State → how many messages are in it.
pub type StateCounts = BTreeMap<MessageState, u64>;

/// How many there are of each.
pub fn counted(states: impl Iterator<Item = MessageState>) -> StateCounts {
    let mut counts = StateCounts::new();
    states.for_each(|state| *counts.entry(state).or_default() += 1);
    counts
}

/// Whom a batch names: in item 0, and in those behind it.
#[derive(Clone, Copy)]
struct Named<'a> {
    id: &'a str,
    first: &'a [Addressed],
    /// The number of each item's first recipient.
    starts: &'a [u32],
}

impl Messages {
    /// So many of a batch's accepted recipients behind that number, or the first of them and the counts of all; `None` when
    /// there is no such batch, or it was written before it was known which item names whom.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn page(&self, id: &str, after: Option<u32>, size: usize) -> Result<Option<BatchPage>, Error> {
        let (is_counted, after) = (after.is_none(), after.unwrap_or_default());
        let is_first = after == 0;
        // Item 0 and the first records stand side by side.
        let mut items = self.between(id, 0, if is_first { i64::MAX } else { 0 }, 1 + size).await?.into_iter();
        let part = items.next().map(from_item::<Part>).transpose()?.filter(|part| part.n == 0);
        let Some((index, part)) = part.and_then(|mut part| Some((part.index.take()?, part))) else {
            return Ok(None);
        };
        let named = Named { id, first: &part.recipients, starts: &index.starts };
        let is_whole = is_first && usize::try_from(index.accepted).is_ok_and(|accepted| accepted <= size);
        let (counts, (mut recipients, records)) = if is_counted && !is_whole {
            // Counted first: whoever has waited for a count finds the messages as far, or further.
            (Some(self.states(id).await?), self.behind(named, after, size).await?)
        } else if is_first {
            (None, (self.recipients(named, after, size).await?, items.collect()))
        } else {
            (None, self.behind(named, after, size).await?)
        };
        let records: Result<Vec<Record>, _> = records.into_iter().map(from_item).collect();
        let records: HashMap<_, _> = records?.into_iter().map(|record| (record.n, record)).collect();
        let has_more = recipients.len() > size;
        recipients.truncate(size);
        let counted_here = || counted(records.values().map(|record| record.state));
        let mut counts = counts.or_else(|| is_counted.then(counted_here));
        if let Some(counts) = &mut counts {
            let queued = index.accepted.saturating_sub(counts.values().sum());
            counts.extend(Some((MessageState::Queued, queued)).filter(|_| queued > 0));
        }
        let Part { sender, notification, created_at, .. } = part;
        Ok(Some(BatchPage { sender, notification, created_at, counts, recipients, records, has_more }))
    }

    /// The recipients behind this number, one more than the page has where there are, and their records.
    async fn behind(
        &self,
        named: Named<'_>,
        after: u32,
        size: usize,
    ) -> Result<(Vec<(u32, Addressed)>, Vec<Item>), Error> {
        let records = self.between(named.id, i64::from(after) + 1, i64::MAX, size);
        tokio::try_join!(self.recipients(named, after, size), records)
    }

    /// How many records of a batch are in each state.
    async fn states(&self, id: &str) -> Result<StateCounts, Error> {
        let query = self.query_between(id, 1, i64::MAX).projection_expression("#state");
        let mut pages = query.expression_attribute_names("#state", "state").into_paginator().send();
        let mut counts: HashMap<String, u64> = HashMap::new();
        while let Some(page) = pages.next().await {
            for item in page.map_err(Error::unavailable)?.items.unwrap_or_default() {
                let Some(AttributeValue::S(state)) = item.get("state") else { continue };
                match counts.get_mut(state) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(state.clone(), 1)),
                }
            }
        }
        let parsed = |(state, count): (String, u64)| {
            serde_json::from_value(state.into()).map(|state| (state, count)).map_err(Error::unavailable)
        };
        counts.into_iter().map(parsed).collect()
    }

    /// One more of the recipients than the page has, where there are.
    async fn recipients(
        &self,
        Named { id, first, starts }: Named<'_>,
        after: u32,
        size: usize,
    ) -> Result<Vec<(u32, Addressed)>, Error> {
        let mut found = Vec::new();
        // The item that names the next number; those before it name none that is wanted.
        let place = starts.partition_point(|start| *start <= after.saturating_add(1)).saturating_sub(1);
        for (place, start) in (0..).zip(starts).skip(place) {
            let recipients = match place {
                0 => first.to_vec(),
                _ => self.part(id, -place).await?.recipients,
            };
            let wanted = (*start..).zip(recipients).filter(|(n, one)| *n > after && one.is_accepted());
            found.extend(wanted);
            if found.len() > size {
                break;
            }
        }
        Ok(found)
    }

    async fn part(&self, id: &str, n: i64) -> Result<Part, Error> {
        let item = self.between(id, n, n, 1).await?.into_iter().next();
        from_item(item.ok_or_else(|| Error::unavailable("a part of a batch is not there"))?)
    }

    /// A batch's items from one number to another, so many at most.
    async fn between(&self, id: &str, from: i64, to: i64, most: usize) -> Result<Vec<Item>, Error> {
        let query = self.query_between(id, from, to).limit(i32::try_from(most).unwrap_or(i32::MAX));
        let (mut items, mut pages) = (Vec::new(), query.into_paginator().send());
        while items.len() < most
            && let Some(page) = pages.next().await
        {
            items.extend(page.map_err(Error::unavailable)?.items.unwrap_or_default());
        }
        items.truncate(most);
        Ok(items)
    }

    fn query_between(&self, id: &str, from: i64, to: i64) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        query
            .key_condition_expression("#batch = :batch AND n BETWEEN :from AND :to")
            .expression_attribute_names("#batch", "batch")
            .expression_attribute_values(":batch", text(id))
            .expression_attribute_values(":from", number(from))
            .expression_attribute_values(":to", number(to))
    }
}
