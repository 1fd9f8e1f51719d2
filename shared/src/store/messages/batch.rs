//! A batch: whom a call named, where each message goes, and what fills it.

use contract::{Channel, Data, Reason, Recipient};
use serde::{Deserialize, Serialize};

use super::KEPT_FOR;
use crate::catalog::Notification;

/// How many recipients one item names at most, and with how many bytes of their own. Item 0 names the first,
/// item -1 the next, and so on, so that a batch of any size stays below DynamoDB's 400 KB an item.
const RECIPIENTS_PER_ITEM: usize = 100;
const BYTES_PER_ITEM: usize = 128 * 1024;

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
    /// The follower it goes to; without this and the next one, the recipient was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oa_openid: Option<String>,
    /// The mini-program's openid that the notification's fallback goes to, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    /// Why the recipient was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What exactly, where the reason does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Batch {
    /// Those of the accepted recipients to whom a message may go: all but who was forgotten since.
    pub fn reachable(&self) -> impl Iterator<Item = (u32, &Addressed)> {
        self.accepted().filter(|(_, recipient)| recipient.reason.is_none())
    }

    /// The accepted recipients with their numbers: a recipient's number is their place in the call.
    pub fn accepted(&self) -> impl Iterator<Item = (u32, &Addressed)> {
        (1..).zip(&self.recipients).filter(|(_, recipient)| recipient.is_accepted())
    }
}

impl Addressed {
    /// Somebody of whom nothing is known yet but the name.
    pub fn rejected(to: Recipient) -> Self {
        Self { to, data: Data::new(), oa_openid: None, openid: None, reason: None, detail: None }
    }

    /// Whether there is a way to them.
    pub(super) fn is_accepted(&self) -> bool {
        self.oa_openid.is_some() || self.openid.is_some()
    }

    /// By which of WeChat's messages they are to be reached.
    pub fn channel(&self) -> Channel {
        if self.oa_openid.is_none() && self.openid.is_some() { Channel::Subscribe } else { Channel::Template }
    }

    /// How many bytes of their own they add to an item, names of attributes aside.
    fn weight(&self) -> usize {
        let data: usize = self.data.iter().map(|(name, value)| name.len() + value.len()).sum();
        data + self.detail.as_ref().map_or(0, String::len)
    }
}

/// An item that names recipients; item 0 describes the batch, too.
#[derive(Serialize, Deserialize)]
pub struct Part {
    pub(super) batch: String,
    pub(super) n: i64,
    pub(super) sender: String,
    pub(super) notification: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<Notification>,
    data: Data,
    page: Option<String>,
    pub(super) recipients: Vec<Addressed>,
    pub(super) created_at: i64,
    expires_at: i64,
    /// In item 0: how many items the batch has. A call that was interrupted may have left more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parts: Option<usize>,
    /// In item 0: which item names whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<Index>,
}

/// Which item of a batch names whom.
#[derive(Serialize, Deserialize)]
pub struct Index {
    /// The number of each item's first recipient, item 0's first.
    pub starts: Vec<u32>,
    /// How many recipients were accepted.
    pub accepted: u64,
}

impl Batch {
    /// The items of a batch; the first is item 0, which a batch always has.
    pub(super) fn parts(&self) -> Vec<Part> {
        let cut = self.cut();
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
            parts: (n == 0).then_some(cut.len()),
            index: (n == 0).then(|| self.index(&cut)),
        };
        (0..).zip(cut.iter().copied()).map(part).collect()
    }

    fn index(&self, cut: &[&[Addressed]]) -> Index {
        let mut next = 1;
        let start = |part: &&[Addressed]| {
            let start = next;
            next += u32::try_from(part.len()).unwrap_or(u32::MAX);
            start
        };
        Index { starts: cut.iter().map(start).collect(), accepted: self.accepted().count() as u64 }
    }

    /// The recipients of each item; of the first perhaps none.
    fn cut(&self) -> Vec<&[Addressed]> {
        let (mut cut, mut rest) = (Vec::new(), self.recipients.as_slice());
        while !rest.is_empty() || cut.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take(RECIPIENTS_PER_ITEM).take_while(|recipient| {
                bytes += recipient.weight();
                bytes <= BYTES_PER_ITEM
            });
            // One alone always goes in: what one has is bounded.
            let (item, others) = rest.split_at(fits.count().max(1).min(rest.len()));
            cut.push(item);
            rest = others;
        }
        cut
    }

    /// The batch of these items; `None` while item 0, which is written last, is not there.
    pub(super) fn whole(mut parts: Vec<Part>) -> Option<Self> {
        parts.sort_by_key(|part| -part.n);
        let mut parts = parts.into_iter();
        let first = parts.next().filter(|part| part.n == 0)?;
        let more = first.parts.map_or(usize::MAX, |parts| parts.saturating_sub(1));
        let mut recipients = first.recipients;
        recipients.extend(parts.take(more).flat_map(|part| part.recipients));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(recipients: usize, bytes: usize) -> Batch {
        let recipient = |n: usize| Addressed {
            data: [("a".to_owned(), "x".repeat(bytes))].into(),
            ..Addressed::rejected(Recipient::Openid(format!("o{n}")))
        };
        Batch {
            id: "b".to_owned(),
            sender: "s".to_owned(),
            notification: "n".to_owned(),
            entry: None,
            data: Data::new(),
            page: None,
            recipients: (0..recipients).map(recipient).collect(),
            created_at: 0,
        }
    }

    #[test]
    fn a_batch_is_cut_by_recipients_and_by_bytes_and_read_in_its_order() {
        for (recipients, bytes, items) in
            [(0, 0, 1), (1, 8192, 1), (100, 10, 1), (101, 10, 2), (100, 8191, 7)]
        {
            let parts = batch(recipients, bytes).parts();
            assert_eq!(parts.len(), items, "{recipients} recipients of {bytes} bytes");
            for part in &parts {
                assert!(serde_json::to_string(part).expect("JSON").len() < 400 * 1024);
            }
            let whole = Batch::whole(parts).expect("a batch");
            let order: Vec<_> = whole.recipients.iter().map(|one| one.to.clone()).collect();
            let expected: Vec<_> = (0..recipients).map(|n| Recipient::Openid(format!("o{n}"))).collect();
            assert_eq!(order, expected);
        }
    }

    #[test]
    fn what_an_interrupted_call_left_behind_belongs_to_no_batch() {
        let mut parts = batch(1, 10).parts();
        parts.extend(batch(300, 10).parts().into_iter().skip(1));
        assert_eq!(Batch::whole(parts).expect("a batch").recipients.len(), 1);
    }

    #[test]
    fn an_item_that_does_not_count_its_parts_has_all_there_are() {
        let mut parts = batch(300, 10).parts();
        parts[0].parts = None;
        assert_eq!(Batch::whole(parts).expect("a batch").recipients.len(), 300);
    }
}
