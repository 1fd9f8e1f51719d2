//! A batch: whom a call named, where each message goes, and what fills it.

use contract::{Data, Reason, Recipient};
use serde::{Deserialize, Serialize};

use super::KEPT_FOR;
use crate::catalog::Notification;

/// How many recipients one item names. Item 0 names the first, item -1 the next, and so on, so that
/// a batch of any size stays below DynamoDB's 400 KB an item.
const RECIPIENTS_PER_ITEM: usize = 100;

/// One call of POST /send.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its id.
    pub id: String,
    /// Who sent it ([`crate::session::Caller::sender`]).
    pub sender: String,
    /// Which notification of the catalog.
    pub notification: String,
    /// The catalog's entry as it was then.
    pub entry: Option<Notification>,
    /// What fills the messages of all recipients.
    pub data: Data,
    /// The page that the caller gave instead of the catalog's.
    pub page: Option<String>,
    /// Every recipient of the call, in its order.
    pub recipients: Vec<Addressed>,
    /// When it was accepted, in Unix seconds.
    pub created_at: i64,
}

/// A recipient of a batch, and what became of the address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Addressed {
    /// As the caller named them.
    pub to: Recipient,
    /// Their own data, over the batch's.
    #[serde(default, skip_serializing_if = "Data::is_empty")]
    pub data: Data,
    /// Where the message goes; `None` when the recipient was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oa_openid: Option<String>,
    /// Why the recipient was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What exactly, where the reason does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Batch {
    /// The accepted recipients with their numbers: a recipient's number is their place in the call.
    pub fn accepted(&self) -> impl Iterator<Item = (u32, &Addressed)> {
        (1..).zip(&self.recipients).filter(|(_, recipient)| recipient.oa_openid.is_some())
    }
}

/// An item that names recipients; item 0 describes the batch, too.
#[derive(Serialize, Deserialize)]
pub struct Part {
    batch: String,
    n: i64,
    sender: String,
    notification: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<Notification>,
    data: Data,
    page: Option<String>,
    recipients: Vec<Addressed>,
    created_at: i64,
    expires_at: i64,
}

impl Batch {
    /// The items of a batch; the first is item 0, which a batch always has.
    pub(super) fn parts(&self) -> Vec<Part> {
        let rest = self.recipients.chunks(RECIPIENTS_PER_ITEM).skip(1);
        let first = self.recipients.get(..RECIPIENTS_PER_ITEM).unwrap_or(&self.recipients);
        let part = |(n, recipients): (i64, &[Addressed])| Part {
            batch: self.id.clone(),
            n: -n,
            sender: self.sender.clone(),
            notification: self.notification.clone(),
            entry: self.entry.clone().filter(|_| n == 0),
            data: if n == 0 { self.data.clone() } else { Data::new() },
            page: self.page.clone(),
            recipients: recipients.to_vec(),
            created_at: self.created_at,
            expires_at: self.created_at + KEPT_FOR,
        };
        (0..).zip(std::iter::once(first).chain(rest)).map(part).collect()
    }

    /// The batch of these items; `None` while item 0, which is written last, is not there.
    pub(super) fn whole(mut parts: Vec<Part>) -> Option<Self> {
        parts.sort_by_key(|part| -part.n);
        let mut parts = parts.into_iter();
        let first = parts.next().filter(|part| part.n == 0)?;
        let mut recipients = first.recipients;
        recipients.extend(parts.flat_map(|part| part.recipients));
        Some(Self {
            id: first.batch,
            sender: first.sender,
            notification: first.notification,
            entry: first.entry,
            data: first.data,
            page: first.page,
            recipients,
            created_at: first.created_at,
        })
    }
}
