//! What WeChat says that became of a message, template message or subscribe message, joins it by the msgid.

use std::time::Duration;

use contract::{Channel, MessageState, Reason};
use shared::store::Receipt;
use shared::wechat::Failure;
use shared::wechat::errcode::NO_CREDIT;

use crate::Function;

/// A receipt may overtake the record of its message. It is looked for after these pauses; one that has
/// none by then is of a message that somebody else sent.
const LOOK_AGAIN: [Duration; 6] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(15 * 60),
];

/// What a callback says of a message.
pub(crate) struct Said<'a> {
    pub(crate) msgid: i64,
    pub(crate) status: &'a str,
    /// Only the mini-program's have one.
    pub(crate) errcode: Option<i64>,
}

impl Function {
    /// Has the message of this msgid be what WeChat says. A user of the mini-program who refused it has accepted no more
    /// of what they had accepted by then.
    pub(crate) async fn join(&self, said: Said<'_>, whose: Option<(&str, &str)>) -> Result<Receipt, Failure> {
        let Said { msgid, status, errcode } = said;
        let outcome = outcome(status, errcode);
        let channel = if errcode.is_some() { Channel::Subscribe } else { Channel::Template };
        let detail = match errcode {
            None | Some(0) => status.to_owned(),
            Some(errcode) => format!("{errcode} {status}"),
        };
        let receipt = self.messages.apply_receipt(channel, msgid, outcome, &detail).await?;
        let sent_at = match receipt {
            Receipt::Joined { sent_at } => {
                metrics::counter!("Receipt", "State" => outcome.0.to_string()).increment(1);
                tracing::debug!(msgid, detail, "a receipt");
                sent_at
            }
            Receipt::Known { sent_at } => {
                tracing::debug!(msgid, detail, "a receipt that was known");
                sent_at
            }
            Receipt::NoMessage => None,
        };
        if let (Some(NO_CREDIT), Some((openid, template_id)), Some(sent_at)) = (errcode, whose, sent_at) {
            // What was accepted in the same second was before.
            self.credits.withdraw(openid, template_id, sent_at + 1).await?;
        }
        Ok(receipt)
    }
}

/// How long until the message of a receipt is looked for again, after it was so many times; `None` when it was enough.
pub fn pause(tries: u32) -> Option<Duration> {
    LOOK_AGAIN.get(usize::try_from(tries).ok()?).copied()
}

/// `success`, `failed:user block`, `failed: system failed`, `failed:freq limit`, and what may come. Where there is an
/// errcode, it says whether it arrived, and the text what was in the way.
fn outcome(status: &str, errcode: Option<i64>) -> (MessageState, Option<Reason>) {
    let status = status.to_ascii_lowercase();
    let (word, cause) = status.split_once(':').unwrap_or((&status, ""));
    match (errcode, word.trim(), cause.trim()) {
        (Some(0), ..) | (None, "success", _) => (MessageState::Delivered, None),
        (Some(NO_CREDIT), ..) => (MessageState::Blocked, Some(Reason::NotSubscribed)),
        (_, _, "user block") => (MessageState::Blocked, Some(Reason::Refused)),
        (_, _, "freq limit") => (MessageState::Failed, Some(Reason::TooFrequent)),
        _ => (MessageState::Failed, Some(Reason::NotDelivered)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_that_was_seen_is_understood_and_an_unknown_one_is_kept() {
        assert_eq!(outcome("success", None), (MessageState::Delivered, None));
        assert_eq!(outcome("SUCCESS", None), (MessageState::Delivered, None));
        assert_eq!(outcome("failed:User Block", None), (MessageState::Blocked, Some(Reason::Refused)));
        assert_eq!(outcome("failed:user block", None), (MessageState::Blocked, Some(Reason::Refused)));
        assert_eq!(
            outcome("failed: system failed", None),
            (MessageState::Failed, Some(Reason::NotDelivered))
        );
        assert_eq!(outcome("failed:freq limit", None), (MessageState::Failed, Some(Reason::TooFrequent)));
        assert_eq!(outcome("failed:new in 2027", None), (MessageState::Failed, Some(Reason::NotDelivered)));
    }

    #[test]
    fn a_subscribe_messages_errcode_decides() {
        assert_eq!(outcome("success", Some(0)), (MessageState::Delivered, None));
        assert_eq!(outcome("", Some(0)), (MessageState::Delivered, None));
        assert_eq!(outcome("user refuse", Some(43101)), (MessageState::Blocked, Some(Reason::NotSubscribed)));
        assert_eq!(outcome("failed:user block", Some(-7)), (MessageState::Blocked, Some(Reason::Refused)));
        assert_eq!(outcome("success", Some(-1)), (MessageState::Failed, Some(Reason::NotDelivered)));
    }
}
