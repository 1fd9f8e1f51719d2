//! Template messages: `/cgi-bin/message/template/send` and the inbox where they arrive.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api::answer::{Answer, Refusal};
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::accounts::{Account, MINI_APPID};
use crate::world::event::{Status, What};
use crate::world::templates::Template;
use crate::world::users::Id;

pub(crate) const SEND: &str = "/cgi-bin/message/template/send";
/// The same `client_msg_id` to the same openid is one message for ten minutes, in seconds.
const DEDUPE_WINDOW: i64 = 600;
/// The inbox forgets its oldest messages beyond this many, about 100 MB.
const KEPT: usize = 200_000;

/// A message as it arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) user: u32,
    pub(crate) msgid: i64,
    pub(crate) template_id: String,
    pub(crate) client_msg_id: Option<String>,
    pub(crate) data: Map<String, Value>,
    pub(crate) page: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) at: i64,
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

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Inbox {
    messages: VecDeque<Message>,
    pub(crate) delivered: u64,
    pub(crate) duplicates: u64,
    last_msgid: i64,
    /// The msgid and time of what was sent, by receiver and `client_msg_id`.
    #[serde(skip)]
    sent: HashMap<u64, (i64, i64)>,
    #[serde(skip)]
    contents: HashSet<u64>,
}

impl Inbox {
    /// Remembers what the kept messages say about duplicates.
    pub(crate) fn remember(&mut self) {
        for message in &self.messages {
            self.sent.extend(message.fingerprint().map(|sent| (sent, (message.msgid, message.at))));
            self.contents.extend(message.content());
        }
    }

    /// The newest messages first, of one user or of all.
    pub(crate) fn newest(&self, user: Option<u32>) -> impl Iterator<Item = &Message> {
        self.messages.iter().rev().filter(move |message| user.is_none_or(|user| message.user == user))
    }

    fn sent_within_window(&self, user: u32, client_msg_id: &str, now: i64) -> Option<i64> {
        let (msgid, at) = *self.sent.get(&fingerprint(user, client_msg_id))?;
        (now - at < DEDUPE_WINDOW).then_some(msgid)
    }

    /// A number that grows with time, so that it is new even to a store older than this simulator.
    fn new_msgid(&mut self, now: i64) -> i64 {
        self.last_msgid = (self.last_msgid + 1).max(now.saturating_mul(2_000_000_000));
        self.last_msgid
    }

    fn accept(&mut self, message: &Message) {
        self.sent.extend(message.fingerprint().map(|sent| (sent, (message.msgid, message.at))));
    }

    fn deliver(&mut self, message: Message) {
        let seen = message.fingerprint().is_some_and(|sent| self.sent.contains_key(&sent));
        let same = message.content().is_some_and(|content| !self.contents.insert(content));
        self.delivered += 1;
        self.duplicates += u64::from(seen || same);
        self.accept(&message);
        if self.messages.len() == KEPT {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
    }
}

#[derive(Deserialize)]
struct TemplateMessage {
    #[serde(default)]
    touser: String,
    #[serde(default)]
    template_id: String,
    url: Option<String>,
    miniprogram: Option<Miniprogram>,
    client_msg_id: Option<String>,
    data: Map<String, Value>,
}

#[derive(Deserialize)]
struct Miniprogram {
    #[serde(default)]
    appid: String,
    pagepath: Option<String>,
}

impl Miniprogram {
    fn page(self) -> Result<Option<String>, Refusal> {
        if self.appid != MINI_APPID {
            return Err(Refusal::new(40013));
        }
        match self.pagepath {
            Some(page) if page.starts_with('/') => Err(Refusal::new(40165)),
            page => Ok(page),
        }
    }
}

impl TemplateMessage {
    fn message(self, state: &State) -> Result<Message, Refusal> {
        let user = receiver(&self.touser).ok_or_else(|| Refusal::new(40003))?;
        if !state.followers.is_following(user) {
            return Err(Refusal::new(43004));
        }
        let template = Template::by_id(&self.template_id)?;
        let page = self.miniprogram.map(Miniprogram::page).transpose()?.flatten();
        Ok(Message {
            user,
            msgid: 0,
            data: template.fill(&self.data)?,
            template_id: self.template_id,
            client_msg_id: self.client_msg_id.filter(|id| !id.is_empty()),
            page,
            url: self.url,
            at: state.clock.now(),
        })
    }
}

fn receiver(touser: &str) -> Option<u32> {
    Id::OaOpenid.user(touser)
}

/// The user a call sends a message to; `None` if it names none or is no call of `template/send`.
pub(crate) fn receiver_of(call: &ApiCall) -> Option<u32> {
    #[derive(Deserialize)]
    struct To {
        touser: String,
    }
    if call.path != SEND {
        return None;
    }
    receiver(&serde_json::from_slice::<To>(&call.body).ok()?.touser)
}

/// POST /cgi-bin/message/template/send
pub(crate) fn send(state: &mut State, call: &ApiCall) -> Answer {
    state.authorize(call, Account::Oa)?;
    let mut message = call.json::<TemplateMessage>()?.message(state)?;
    if call.overlaps {
        return Err(Refusal::new(43108));
    }
    let (user, now) = (message.user, message.at);
    let sent = message.client_msg_id.as_deref().and_then(|id| state.inbox.sent_within_window(user, id, now));
    if let Some(msgid) = sent {
        return Ok(accepted(msgid));
    }
    if state.followers.refuses(user) {
        return Err(Refusal::new(43101));
    }
    message.msgid = state.inbox.new_msgid(now);
    let msgid = message.msgid;
    let status = receipt_status(state, user);
    match status {
        Status::Success => state.inbox.deliver(message),
        Status::UserBlock | Status::SystemFailed => state.inbox.accept(&message),
    }
    state.emit(user, What::Receipt { msgid, status });
    Ok(accepted(msgid))
}

/// What becomes of an accepted message, which its sender hears from the callback only.
fn receipt_status(state: &mut State, user: u32) -> Status {
    if state.followers.blocks(user) {
        Status::UserBlock
    } else if state.callbacks.system_fails() {
        Status::SystemFailed
    } else {
        Status::Success
    }
}

fn accepted(msgid: i64) -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "msgid": msgid })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn message(user: u32, client_msg_id: &str, text: &str, at: i64) -> Message {
        let data = json!({ "thing1": text }).as_object().cloned().unwrap();
        let client_msg_id = Some(client_msg_id.into());
        Message { user, msgid: at, template_id: "t".into(), client_msg_id, data, page: None, url: None, at }
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
    fn a_msgid_needs_more_than_a_floats_53_bits_and_is_always_new() {
        let mut inbox = Inbox::default();
        let first = inbox.new_msgid(NOW);
        assert!(first > 1 << 53);
        assert_eq!(inbox.new_msgid(NOW), first + 1);
        assert!(inbox.new_msgid(NOW - 1000) > first);
    }
}
