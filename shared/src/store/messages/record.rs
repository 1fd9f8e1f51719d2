//! What became of a message.

use contract::{Channel, MessageState, Reason};
use serde::{Deserialize, Serialize};

use crate::job::{LastFailure, Message, NO_MSGID, Parked, Progress};
use crate::wechat::Failure;

/// What is known of a message that a worker has had in hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The message's number in its batch.
    pub n: u32,
    /// By which of WeChat's messages it went, or is to go.
    #[serde(default, skip_serializing_if = "is_template")]
    pub channel: Channel,
    /// What became of it.
    pub state: MessageState,
    /// Why it did not go through, or not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What exactly, where the reason does not say: the field that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// WeChat's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// WeChat's id of the call, for its own log (kept seven days).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    /// WeChat's id of the message; its receipt names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msgid: Option<i64>,
    /// How often it was tried.
    pub attempts: u32,
    /// How often an operator had it sent anew.
    #[serde(default, rename = "replay")]
    pub round: u32,
    /// How often it was requeued since then.
    #[serde(default, rename = "turn")]
    pub requeues: u32,
    /// Unix seconds.
    pub updated_at: i64,
}

impl Record {
    /// Whether a worker that holds this message has nothing left to do: it is finished, or somebody
    /// else put it back on the queue since.
    pub fn supersedes(&self, progress: &Progress) -> bool {
        let ahead = (self.round, self.requeues) > (progress.round, progress.requeues);
        ahead || self.state.is_final() && self.round == progress.round
    }

    /// A message in hand, of which nothing is said yet.
    pub fn of(message: &Message, now: i64) -> Self {
        let progress = &message.progress;
        let (attempts, round, requeues) = (progress.attempts, progress.round, progress.requeues);
        Self { channel: message.channel(), attempts, round, requeues, ..Self::queued(message.n, now) }
    }

    /// WeChat took it under this msgid, or under [`NO_MSGID`].
    #[must_use]
    pub fn sent(self, msgid: i64) -> Self {
        Self { state: MessageState::Sent, msgid: Some(msgid).filter(|msgid| *msgid != NO_MSGID), ..self }
    }

    /// It came to this, for this reason.
    #[must_use]
    pub fn ended(self, state: MessageState, reason: Reason) -> Self {
        Self { state, reason: Some(reason), ..self }
    }

    /// It waits for this.
    #[must_use]
    pub fn parked(self, parked: Parked) -> Self {
        Self { errcode: parked.errcode, ..self.ended(MessageState::Parked, parked.reason) }
    }

    /// This is what WeChat said last.
    #[must_use]
    pub fn after(self, last: Option<LastFailure>) -> Self {
        let Some(LastFailure { errcode, rid }) = last else { return self };
        Self { errcode: Some(errcode), rid, ..self }
    }

    /// It ended while it waited for this.
    #[must_use]
    pub fn having_waited_for(self, parked: Option<Parked>) -> Self {
        let Some(Parked { reason, errcode }) = parked else { return self };
        let detail = Some(format!("It waited for this to be repaired: {reason}."));
        Self { errcode: errcode.or(self.errcode), detail, ..self }
    }

    /// This is what WeChat said.
    #[must_use]
    pub fn caused_by(self, failure: &Failure) -> Self {
        let detail = failure.field().map(|field| format!("WeChat does not take the value of {field}."));
        Self { errcode: failure.errcode(), rid: failure.rid().map(str::to_owned), detail, ..self }
    }

    /// A message nobody has had in hand yet.
    pub fn queued(n: u32, created_at: i64) -> Self {
        Self {
            n,
            channel: Channel::Template,
            state: MessageState::Queued,
            reason: None,
            detail: None,
            errcode: None,
            rid: None,
            msgid: None,
            attempts: 0,
            round: 0,
            requeues: 0,
            updated_at: created_at,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_template(channel: &Channel) -> bool {
    *channel == Channel::Template
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{from_item, to_item};

    #[test]
    fn a_reason_that_a_newer_version_wrote_is_one_that_is_not_known() {
        let row = serde_json::json!({
            "n": 1, "state": "failed", "reason": "eaten_by_a_whale", "attempts": 1, "updated_at": 2, "whale": { "m": 30 },
        });
        let record: Record = from_item(to_item(&row).expect("an item")).expect("a record");
        assert_eq!((record.state, record.reason), (MessageState::Failed, Some(Reason::UnknownErrcode)));
    }
}
