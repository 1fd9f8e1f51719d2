//! GET /send/{id}: the batch, with every message's state and reason.

use std::collections::{BTreeMap, HashMap};

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde::Serialize;
use shared::job::Recipient;
use shared::session::Caller;
use shared::store::{Batch, Outcome, Record};
use shared::{Error, Reason, http};

use crate::Send;

/// How many messages one answer shows.
const PAGE: usize = 100;

#[derive(Serialize)]
struct Status {
    id: String,
    notification: String,
    counts: BTreeMap<Outcome, usize>,
    messages: Vec<Message>,
    /// The `after` of the next page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u32>,
}

#[derive(Serialize)]
struct Message {
    n: u32,
    to: Recipient,
    state: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errcode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rid: Option<String>,
    attempts: u32,
    updated_at: i64,
}

impl Send {
    /// What became of a batch, for its sender or a service key.
    pub(crate) async fn status(
        &self,
        caller: &Caller,
        id: &str,
        after: Option<&str>,
    ) -> Result<Response<Body>, Error> {
        let after = match after {
            Some(after) => after
                .parse()
                .map_err(|_| Error::InvalidRequest("`after` must be a message's number.".to_owned()))?,
            None => 0,
        };
        let unknown = || Error::NotFound("There is no such batch, or it is not yours.".into());
        let (batch, records) = self.messages.find(id).await?.ok_or_else(unknown)?;
        match caller {
            Caller::User(_) if batch.sender != caller.sender() => Err(unknown()),
            _ => Ok(http::json(StatusCode::OK, &status(batch, records, after))),
        }
    }
}

fn status(batch: Batch, records: Vec<Record>, after: u32) -> Status {
    let mut records: HashMap<_, _> = records.into_iter().map(|record| (record.n, record)).collect();
    let mut counts = BTreeMap::new();
    for (n, _) in batch.accepted() {
        let state = records.get(&n).map_or(Outcome::Queued, |record| record.state);
        *counts.entry(state).or_default() += 1;
    }
    let mut rest = batch.accepted().filter(|(n, _)| *n > after);
    let page = rest.by_ref().take(PAGE);
    let messages: Vec<_> =
        page.map(|(n, to)| message(n, to.to.clone(), records.remove(&n), batch.created_at)).collect();
    let next = rest.next().and(messages.last().map(|message| message.n));
    Status { id: batch.id.clone(), notification: batch.notification.clone(), counts, messages, next }
}

fn message(n: u32, to: Recipient, record: Option<Record>, created_at: i64) -> Message {
    let record = record.unwrap_or_else(|| Record::queued(n, created_at));
    Message {
        n,
        to,
        state: record.state,
        reason: record.reason,
        detail: record.detail,
        remedy: record.reason.map(Reason::remedy),
        errcode: record.errcode,
        rid: record.rid,
        attempts: record.attempts,
        updated_at: record.updated_at,
    }
}
