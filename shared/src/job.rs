//! The delivery job: what `send` puts on the queue and `deliver` takes off it.

use std::collections::BTreeMap;

use contract::{Channel, Reason};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::wechat::Failure;

/// The most recipients in one job: with one second a call and five at a time, a job is done long
/// before its function's time is up.
pub const MOST_RECIPIENTS: usize = 20;

/// Some messages of one batch. The job on the queue, not the table, is what makes a message certain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The batch the messages belong to.
    pub batch: String,
    /// The Official Account's template.
    pub template_id: String,
    /// Whether a message that may have arrived is worth a second copy.
    #[serde(default)]
    pub prefer: Prefer,
    /// When its messages were accepted, or an operator had them sent anew, in Unix seconds.
    #[serde(alias = "queued_at")]
    pub accepted_at: i64,
    /// How long after that a message may still go out, in seconds.
    #[serde(default = "Job::default_keep")]
    pub keep: i64,
    /// When it was put on the queue the last time, in Unix seconds.
    #[serde(default)]
    pub enqueued_at: Option<i64>,
    /// The messages still to send.
    pub messages: Vec<Message>,
    /// What a newer version says besides: it stays with the job when this one puts it back.
    #[serde(flatten)]
    pub newer: Map<String, Value>,
}

/// What to do when WeChat no longer dedupes and nobody knows whether a message arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    /// Leave it as `unknown`: the user gets it at most once.
    #[default]
    Once,
    /// Keep trying as long as it may wait: the user may get it twice.
    Arrive,
}

/// One recipient's message, filled and addressed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its number in the batch: the recipient's place in the call, from 1.
    pub n: u32,
    /// The Official Account's openid it goes to; empty where it has none, and goes by its fallback. An older version
    /// cannot parse that, and leaves it on the queue.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oa_openid: String,
    /// Whether the caller named that openid: what is wrong with it then is the caller's mistake.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_typed: bool,
    /// The mini-program page a tap opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Template field → value.
    pub data: BTreeMap<String, String>,
    /// The subscribe message that goes instead to a user who does not follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
    /// How far it has come.
    #[serde(flatten)]
    pub progress: Progress,
    /// What a newer version says besides.
    #[serde(flatten)]
    pub newer: Map<String, Value>,
}

/// A subscribe message of the mini-program, filled and addressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The mini-program's openid it goes to.
    pub openid: String,
    /// The mini-program's template.
    pub template_id: String,
    /// The page a tap opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Template field → value.
    pub data: BTreeMap<String, String>,
}

/// In place of a msgid where WeChat took a message and gave none that can be read.
pub const NO_MSGID: i64 = 0;

/// What a message remembers between two tries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// How often an operator had it sent anew.
    #[serde(rename = "replay")]
    pub round: u32,
    /// How often it was requeued since then.
    #[serde(rename = "turn")]
    pub requeues: u32,
    /// How often it was tried since then, with a token or without.
    pub attempts: u32,
    /// How many of those calls left open whether WeChat took it.
    pub ambiguous: u32,
    /// When WeChat first left that open, in Unix seconds.
    pub ambiguous_since: Option<i64>,
    /// WeChat said that the user does not follow: it goes by its fallback.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fell_back: bool,
    /// WeChat took it under this msgid ([`NO_MSGID`]: under one that cannot be read), and only the record is
    /// missing.
    pub sent: Option<i64>,
    /// What it is parked for; its record says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<Parked>,
    /// What WeChat said at the last try, where it failed and WeChat answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<LastFailure>,
}

/// What WeChat said when a try failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFailure {
    /// Its code.
    pub errcode: i64,
    /// Its id of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
}

impl Message {
    /// Its fallback, where it goes by that.
    pub fn by_fallback(&self) -> Option<&Fallback> {
        self.fallback.as_ref().filter(|_| self.oa_openid.is_empty() || self.progress.fell_back)
    }

    /// By which of WeChat's messages it goes.
    pub fn channel(&self) -> Channel {
        if self.by_fallback().is_some() { Channel::Subscribe } else { Channel::Template }
    }

    /// The user it goes to, in the account that writes to them.
    pub fn touser(&self) -> &str {
        self.by_fallback().map_or(&self.oa_openid, |fallback| &fallback.openid)
    }
}

impl LastFailure {
    /// `None` where WeChat did not answer.
    pub fn of(failure: &Failure) -> Option<Self> {
        Some(Self { errcode: failure.errcode()?, rid: failure.rid().map(str::to_owned) })
    }
}

/// What a parked message waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// As callers see it.
    pub reason: Reason,
    /// WeChat's code, where WeChat answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
}

impl Job {
    /// How long a message may wait where nobody says otherwise, in seconds.
    pub const fn default_keep() -> i64 {
        24 * 3600
    }

    /// When its messages are of no use any more, in Unix seconds.
    pub fn ends_at(&self) -> i64 {
        self.accepted_at.saturating_add(self.keep)
    }

    /// The id WeChat dedupes by (for ten minutes): the same for every try of this message.
    ///
    /// At most 32 bytes, the length WeChat is known to take.
    pub fn client_msg_id(&self, message: &Message) -> String {
        match message.progress.round {
            0 => format!("{}-{}", self.batch, message.n),
            round => format!("{}-{}r{round}", self.batch, message.n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_newer_version_says_stays_with_a_job_that_is_put_back() {
        let newer = json!({
            "batch": "b", "template_id": "t", "prefer": "once", "accepted_at": 1, "keep": 60, "enqueued_at": 2,
            "priority": {"class": 1}, "messages": [{
                "n": 1, "oa_openid": "o", "page": "p", "data": {"thing1": "a"}, "replay": 1, "turn": 2, "attempts": 3,
                "ambiguous": 1, "ambiguous_since": 5, "sent": null, "channel": "sms", "openids": ["a", 1, null],
            }],
        });
        let job: Job = serde_json::from_value(newer.clone()).expect("a job");
        assert_eq!(job.messages[0].progress.requeues, 2);
        assert_eq!(serde_json::to_value(&job).expect("JSON"), newer);
    }
}
