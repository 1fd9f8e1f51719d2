//! The delivery job: what `send` puts on the queue and `deliver` takes off it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// When it was put on the queue, in Unix seconds.
    pub queued_at: i64,
    /// The messages still to send.
    pub messages: Vec<Message>,
}

/// One recipient's message, filled and addressed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its number in the batch: the recipient's place in the call, from 1.
    pub n: u32,
    /// The recipient as the caller named them.
    pub to: Recipient,
    /// The Official Account's openid it goes to.
    pub oa_openid: String,
    /// The mini-program page a tap opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Template field → value.
    pub data: BTreeMap<String, String>,
    /// How often it was tried.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
}

/// How a caller names a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recipient {
    /// By the mini-program's openid.
    Openid(String),
    /// By the unionid.
    Unionid(String),
    /// By the Official Account's openid.
    OaOpenid(String),
}

impl Job {
    /// The id WeChat dedupes by (for ten minutes): the same for every try of this message.
    ///
    /// At most 28 bytes; 32 are known to be taken.
    pub fn client_msg_id(&self, message: &Message) -> String {
        format!("{}-{}", self.batch, message.n)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}
