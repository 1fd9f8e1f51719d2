//! POST /send/{id}/replay: an operator has messages sent anew that did not arrive.

use std::collections::{HashMap, HashSet};

use contract::{MessageState, Reason, Replay, Replayed};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use shared::catalog::Notification;
use shared::job::{Message, Progress};
use shared::store::{Addressed, Batch, Record};
use shared::{Error, http};

use crate::accept::fill_one;
use crate::resolve::Address;
use crate::status::unknown;
use crate::{Function, notification};

impl Function {
    /// Puts the messages on the queue as a new round. Two replays at once make one: the round is the
    /// record's plus one, and a worker does no round twice.
    pub(crate) async fn replay(&self, id: &str, replay: Replay) -> Result<Response<Body>, Error> {
        let (batch, records) = self.messages.find(id).await?.ok_or_else(unknown)?;
        // Whoever has corrected the catalog wants the corrected one.
        let catalog = self.catalog.current().await?;
        let notification = match (catalog.find(&batch.notification), &batch.entry) {
            (Some(now), _) => now,
            (None, Some(then)) => then,
            (None, None) => notification(&catalog, &batch.notification)?,
        };
        let chosen = choose(records, &replay)?;
        let recipients = self.addressed_now(notification, &batch, &chosen).await?;
        let (mut messages, mut unfit, mut may_arrive_twice) = (Vec::new(), Vec::new(), 0);
        for record in &chosen {
            let Some(recipient) = recipients.get(&record.n) else { continue };
            let progress = Progress { round: record.round + 1, ..Progress::default() };
            match fill_one(notification, &batch, (record.n, recipient)) {
                Ok(message) => {
                    messages.push(Message { progress, ..message });
                    may_arrive_twice += u64::from(record.state == MessageState::Unknown);
                }
                Err(what) => unfit.push(what),
            }
        }
        if let (true, Some(what)) = (messages.is_empty(), unfit.first()) {
            return Err(Error::InvalidRequest(format!(
                "The catalog has changed and the batch's data no longer fits: {what}."
            )));
        }
        let (replayed, unfit) = (messages.len() as u64, unfit.len() as u64);
        self.put_on_queue(notification, &batch, self.clock.now(), messages).await?;
        tracing::info!(batch = id, replayed, may_arrive_twice, unfit, "replayed messages");
        let answer = Replayed { id: id.to_owned(), replayed, may_arrive_twice, unfit };
        Ok(http::json(StatusCode::ACCEPTED, &answer))
    }
}

impl Function {
    /// The recipients of these messages by number, at the addresses that they have by now: who did not follow may have
    /// done what the remedy says. Who has none any more is tried where they were.
    async fn addressed_now(
        &self,
        notification: &Notification,
        batch: &Batch,
        chosen: &[Record],
    ) -> Result<HashMap<u32, Addressed>, Error> {
        let wanted: HashSet<_> = chosen.iter().map(|record| record.n).collect();
        let recipients: Vec<_> = batch.reachable().filter(|(n, _)| wanted.contains(n)).collect();
        let fallback = notification.fallback().map(|card| card.template_id);
        let named = recipients.iter().map(|(_, recipient)| recipient.to.clone());
        let addresses = self.resolve(named, fallback).await?;
        let now = |((n, recipient), address): ((u32, &Addressed), Result<Address, Reason>)| {
            let then = Address::of(recipient);
            let Address { oa_openid, openid } = address.unwrap_or(then);
            (n, Addressed { oa_openid, openid, ..recipient.clone() })
        };
        Ok(recipients.into_iter().zip(addresses).map(now).collect())
    }
}

fn choose(records: Vec<Record>, replay: &Replay) -> Result<Vec<Record>, Error> {
    let Some(n) = replay.n else {
        let lost = |record: &Record| matches!(record.state, MessageState::Failed | MessageState::Unknown);
        return Ok(records.into_iter().filter(lost).collect());
    };
    let one = records.into_iter().find(|record| record.n == n);
    match one.filter(|record| can_be_replayed(record.state)) {
        Some(record) => Ok(vec![record]),
        None => Err(Error::Conflict(format!(
            "Message {n} is not one that failed, was refused or blocked, or is unknown; it cannot be replayed."
        ))),
    }
}

fn can_be_replayed(state: MessageState) -> bool {
    match state {
        MessageState::Failed | MessageState::Unknown | MessageState::Refused | MessageState::Blocked => true,
        MessageState::Queued
        | MessageState::Retrying
        | MessageState::Parked
        | MessageState::Sent
        | MessageState::Delivered => false,
    }
}
