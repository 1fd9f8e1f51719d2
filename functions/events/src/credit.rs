//! What a user's yes or no to subscribe messages does to their credit. It is counted by one source; the other may only
//! lower it.

use shared::config::SubscriptionSource;
use shared::wechat::Failure;

use crate::Function;

/// What somebody has said of a template.
#[derive(Clone, Copy)]
pub struct Answer {
    /// Whether it was yes.
    pub accepted: bool,
    /// Whether the mini-program had asked; else they have changed it in its settings.
    pub popup: bool,
    /// When.
    pub at: i64,
}

#[derive(Debug, PartialEq, Eq)]
enum Change {
    Add,
    Withdraw,
}

/// A yes to a question is one message. A no to a question takes away nothing that was accepted before; a no in the
/// settings is for all, and a yes there is for none.
fn change(answer: Answer, source: SubscriptionSource) -> Option<Change> {
    match (answer.accepted, answer.popup, source) {
        (true, true, SubscriptionSource::Events) => Some(Change::Add),
        (false, false, _) => Some(Change::Withdraw),
        _ => None,
    }
}

impl Function {
    pub(crate) async fn credit(&self, openid: &str, template: &str, answer: Answer) -> Result<(), Failure> {
        let changed = match change(answer, self.source) {
            Some(Change::Add) => self.credits.add_told(openid, template, answer.at).await?,
            Some(Change::Withdraw) => self.credits.withdraw(openid, template, answer.at).await?,
            None => false,
        };
        let Answer { accepted, popup, .. } = answer;
        tracing::debug!(accepted, popup, changed, "what a user says of subscribe messages");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_adds_and_only_the_settings_take_away() {
        let [client, events] = [SubscriptionSource::Client, SubscriptionSource::Events];
        for (accepted, popup, by_client, by_events) in [
            (true, true, None, Some(Change::Add)),
            (false, true, None, None),
            (true, false, None, None),
            (false, false, Some(Change::Withdraw), Some(Change::Withdraw)),
        ] {
            let answer = Answer { accepted, popup, at: 0 };
            assert_eq!((change(answer, client), change(answer, events)), (by_client, by_events));
        }
    }
}
