//! The inbox where messages arrive, and what it knows about duplicates.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::world::event::Told;
use crate::world::sent::Sent;

/// The same `client_msg_id` to the same openid is one message for ten minutes, in seconds.
const DEDUPE_WINDOW: i64 = 600;
/// The same content to the same openid is a repeat for this long, in seconds.
const REPEAT_WINDOW: i64 = 60;
/// The inbox forgets its oldest messages beyond this many, about 100 MB.
const KEPT: usize = 200_000;

/// By which way a message came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    /// The Official Account's template messages.
    #[default]
    Template,
    /// The mini-program's subscribe messages.
    Subscribe,
}

/// A message as it arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    #[serde(default)]
    pub(crate) channel: Channel,
    pub(crate) user: u32,
    pub(crate) msgid: i64,
    pub(crate) template_id: String,
    pub(crate) client_msg_id: Option<String>,
    pub(crate) data: Map<String, Value>,
    pub(crate) page: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) at: i64,
    /// Of a subscribe message, as its sender gave it: which version of the mini-program it opens.
    #[serde(default)]
    pub(crate) miniprogram_state: Option<String>,
    /// Of a subscribe message, as its sender gave it.
    #[serde(default)]
    pub(crate) lang: Option<String>,
    /// How far the telling of its receipt has come; `None` while nobody is told of it.
    #[serde(default)]
    pub(crate) receipt: Option<Told>,
}

impl Message {
    /// Names its receiver and `client_msg_id`.
    fn fingerprint(&self) -> Option<u64> {
        Some(fingerprint(self.user, self.client_msg_id.as_deref()?))
    }

    /// Names its receiver, batch and content.
    fn content(&self) -> Option<u64> {
        let (batch, _) = self.client_msg_id.as_deref()?.rsplit_once('-')?;
        let data = Value::Object(self.data.clone()).to_string();
        Some(hash((self.user, batch, &self.template_id, data, &self.page, &self.url)))
    }
}

fn fingerprint(user: u32, client_msg_id: &str) -> u64 {
    hash((user, client_msg_id))
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What arrived, newest last.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Inbox {
    messages: VecDeque<Message>,
    pub(crate) delivered: u64,
    pub(crate) duplicates: u64,
    last_msgid: i64,
    /// By receiver and `client_msg_id`.
    #[serde(skip)]
    sent: Sent,
    /// By receiver, batch and content.
    #[serde(skip)]
    contents: Sent,
}

impl Inbox {
    /// Forgets these messages, and gives how many there were. What was sent is remembered as sent.
    pub(crate) fn remove(&mut self, is_one: impl Fn(&Message) -> bool) -> usize {
        let before = self.messages.len();
        self.messages.retain(|message| !is_one(message));
        before - self.messages.len()
    }

    /// Remembers what the kept messages say about duplicates. What waited to be told of them was not kept.
    pub(crate) fn remember(&mut self) {
        for message in &mut self.messages {
            add(&mut self.sent, message.fingerprint(), message);
            add(&mut self.contents, message.content(), message);
            if message.receipt == Some(Told::Queued) {
                message.receipt = Some(Told::Lost);
            }
        }
    }

    /// Goes on after another inbox: none of its msgids comes again.
    pub(crate) fn succeed(&mut self, before: &Self) {
        self.last_msgid = self.last_msgid.max(before.last_msgid);
    }

    /// Records how far the telling of a message's receipt has come; of one that is not here, nothing.
    pub(crate) fn record_receipt(&mut self, msgid: i64, told: Told) {
        // They lie in the order of their msgids.
        if let Ok(place) = self.messages.binary_search_by_key(&msgid, |message| message.msgid) {
            self.messages[place].receipt = Some(told);
        }
    }

    /// The newest messages first, of one user or of all.
    pub(crate) fn newest(&self, user: Option<u32>) -> impl Iterator<Item = &Message> {
        self.messages.iter().rev().filter(move |message| user.is_none_or(|user| message.user == user))
    }

    /// The msgid of the message that a second one would be.
    pub(crate) fn sent_within_window(&self, user: u32, client_msg_id: &str, now: i64) -> Option<i64> {
        let (msgid, at) = self.sent.last(fingerprint(user, client_msg_id))?;
        (now - at < DEDUPE_WINDOW).then_some(msgid)
    }

    /// Whether the same content arrived there a moment ago.
    pub(crate) fn has_repeat(&self, message: &Message) -> bool {
        let recent = self.messages.iter().rev().take_while(|other| message.at - other.at < REPEAT_WINDOW);
        let content = |message: &Message| (message.user, message.template_id.clone(), message.data.clone());
        recent.into_iter().any(|other| content(other) == content(message))
    }

    /// A number that grows with time, so that it is new even to a store older than this simulator.
    pub(crate) fn new_msgid(&mut self, now: i64) -> i64 {
        self.last_msgid = (self.last_msgid + 1).max(now.saturating_mul(2_000_000_000));
        self.last_msgid
    }

    /// Takes a message that will not arrive.
    pub(crate) fn accept(&mut self, message: &Message) {
        add(&mut self.sent, message.fingerprint(), message);
    }

    /// Has a message arrive.
    pub(crate) fn deliver(&mut self, message: Message) {
        let is_new = [
            add(&mut self.sent, message.fingerprint(), &message),
            add(&mut self.contents, message.content(), &message),
        ];
        self.delivered += 1;
        self.duplicates += u64::from(is_new.contains(&false));
        if self.messages.len() == KEPT {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
    }
}

/// Notes that a message was sent with this hash, if it has one; `false` if another was before.
fn add(sent: &mut Sent, hash: Option<u64>, message: &Message) -> bool {
    hash.is_none_or(|hash| sent.add(hash, message.msgid, message.at))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn message(user: u32, client_msg_id: &str, text: &str, at: i64) -> Message {
        let data = json!({ "thing1": text }).as_object().cloned().unwrap();
        let client_msg_id = Some(client_msg_id.into());
        Message {
            channel: Channel::Template,
            user,
            msgid: at,
            template_id: "t".into(),
            client_msg_id,
            data,
            page: None,
            url: None,
            at,
            miniprogram_state: None,
            lang: None,
            receipt: None,
        }
    }

    #[test]
    fn a_client_msg_id_is_remembered_for_ten_minutes_and_one_openid() {
        let mut inbox = Inbox::default();
        inbox.deliver(message(7, "b-1", "x", NOW));
        assert_eq!(inbox.sent_within_window(7, "b-1", NOW + 599), Some(NOW));
        assert_eq!(inbox.sent_within_window(7, "b-1", NOW + 600), None);
        assert_eq!(inbox.sent_within_window(8, "b-1", NOW), None);
        assert_eq!(inbox.sent_within_window(7, "b-2", NOW), None);
    }

    #[test]
    fn a_second_copy_after_the_window_is_a_duplicate() {
        let mut inbox = Inbox::default();
        inbox.deliver(message(7, "b-1", "x", NOW));
        inbox.deliver(message(8, "b-1", "x", NOW));
        assert_eq!((inbox.delivered, inbox.duplicates), (2, 0));
        inbox.deliver(message(7, "b-1", "x", NOW + 600));
        assert_eq!((inbox.delivered, inbox.duplicates), (3, 1));
    }

    #[test]
    fn the_same_content_under_another_number_is_a_duplicate_only_within_its_batch() {
        let mut inbox = Inbox::default();
        inbox.deliver(message(7, "b-1", "x", NOW));
        inbox.deliver(message(7, "c-1", "x", NOW));
        inbox.deliver(message(7, "b-2", "y", NOW));
        assert_eq!(inbox.duplicates, 0);
        inbox.deliver(message(7, "b-3", "x", NOW));
        assert_eq!(inbox.duplicates, 1);
    }

    #[test]
    fn a_restart_forgets_no_message_that_was_sent() {
        let mut before = Inbox::default();
        before.deliver(message(7, "b-1", "x", NOW));
        let mut after: Inbox = serde_json::from_slice(&serde_json::to_vec(&before).unwrap()).unwrap();
        after.remember();
        assert_eq!(after.sent_within_window(7, "b-1", NOW + 1), Some(NOW));
        after.deliver(message(7, "b-2", "x", NOW));
        assert_eq!((after.delivered, after.duplicates), (2, 1));
    }

    #[test]
    fn a_receipt_is_kept_with_its_message_and_one_that_waited_is_lost_over_a_restart() {
        let mut before = Inbox::default();
        (0..3).for_each(|n| before.deliver(message(7, &format!("b-{n}"), "x", NOW + n)));
        before.record_receipt(NOW, Told::Taken);
        before.record_receipt(NOW + 2, Told::Queued);
        before.record_receipt(NOW + 3, Told::Taken);
        let mut after: Inbox = serde_json::from_slice(&serde_json::to_vec(&before).unwrap()).unwrap();
        after.remember();
        let receipts = |inbox: &Inbox| -> Vec<_> { inbox.newest(None).map(|one| one.receipt).collect() };
        assert_eq!(receipts(&before), [Some(Told::Queued), None, Some(Told::Taken)]);
        assert_eq!(receipts(&after), [Some(Told::Lost), None, Some(Told::Taken)]);
    }

    #[test]
    fn a_msgid_needs_more_than_a_floats_53_bits_and_is_always_new() {
        let mut inbox = Inbox::default();
        let first = inbox.new_msgid(NOW);
        assert!(first > 1 << 53);
        assert_eq!(inbox.new_msgid(NOW), first + 1);
        assert!(inbox.new_msgid(NOW - 1000) > first);
    }
}
