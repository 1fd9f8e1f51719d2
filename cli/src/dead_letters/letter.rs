//! What a dead letter is, as far as it may be shown.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use shared::event::Event;
use shared::job::Job;
use strum::IntoStaticStr;

use crate::batch_id;

/// What is on the queue: words of our own, none of the message's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Messages of a batch.
    Job,
    /// Somebody follows.
    Followed,
    /// Somebody follows no more.
    Unfollowed,
    /// What became of a message.
    Receipt,
    /// What somebody said of subscribe messages.
    Subscription,
    /// This version cannot parse it.
    Unknown,
}

/// A dead letter.
#[derive(Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it is.
    pub kind: Kind,
    /// When it was put on its queue the last time, in Unix seconds.
    pub sent_at: Option<i64>,
    /// Of a job the batch, and how many messages of it.
    pub job: Option<(String, usize)>,
}

impl Letter {
    /// That of a message.
    pub fn of(message: &Message) -> Self {
        let sent =
            message.attributes.as_ref().and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
        let sent_at = sent.and_then(|ms| ms.parse::<i64>().ok()).map(|ms| ms / 1000);
        let (kind, job) = read(message.body().unwrap_or_default());
        Self { kind, sent_at, job }
    }
}

fn read(body: &str) -> (Kind, Option<(String, usize)>) {
    if let Ok(Job { batch, messages, .. }) = serde_json::from_str(body) {
        // What does not look like a batch of ours may be anything.
        let job = batch_id(&batch).ok().map(|batch| (batch, messages.len()));
        return (Kind::Job, job);
    }
    let kind = serde_json::from_str(body).map_or(Kind::Unknown, |event| match event {
        Event::Followed { .. } => Kind::Followed,
        Event::Unfollowed { .. } => Kind::Unfollowed,
        Event::Receipt { .. } => Kind::Receipt,
        Event::SubscriptionChanged { .. } => Kind::Subscription,
    });
    (kind, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_what_it_is_and_nothing_of_what_it_holds() {
        let job = r#"{"batch": "b-1", "template_id": "t", "accepted_at": 1, "messages": [
            {"n": 1, "oa_openid": "o", "data": {}}, {"n": 2, "oa_openid": "o2", "data": {}}]}"#;
        assert_eq!(read(job), (Kind::Job, Some(("b-1".to_owned(), 2))));
        assert_eq!(read(&job.replace("b-1", "b 1")), (Kind::Job, None));
        assert_eq!(read(r#"{"event": "follows", "openid": "o", "at": 1}"#), (Kind::Followed, None));
        for other in ["", "{}", "secret", r#"{"event": "secret"}"#] {
            assert_eq!(read(other), (Kind::Unknown, None), "{other}");
        }
    }
}
