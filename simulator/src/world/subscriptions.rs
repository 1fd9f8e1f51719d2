//! What users let the mini-program send them: one message of a template for each time they accepted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::world::refusal::Refusal;

/// What `wx.requestSubscribeMessage` says of one template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Reply {
    Accept,
    AcceptWithAudio,
    /// Not in WeChat's documents, and seen.
    AcceptWithAlert,
    /// Not in WeChat's documents, and seen.
    AcceptWithForcePush,
    Reject,
    /// WeChat banned the template, so that nobody was asked.
    Ban,
    /// WeChat left the template out for having the title of another, so that nobody was asked.
    Filter,
}

impl Reply {
    /// What the user chose; `None` if nobody was asked.
    pub(crate) fn accepts(self) -> Option<bool> {
        match self {
            Self::Accept | Self::AcceptWithAudio | Self::AcceptWithAlert | Self::AcceptWithForcePush => {
                Some(true)
            }
            Self::Reject => Some(false),
            Self::Ban | Self::Filter => None,
        }
    }
}

/// How many messages each user still takes, by template.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Subscriptions {
    credits: BTreeMap<u32, BTreeMap<String, u32>>,
}

impl Subscriptions {
    /// One message more.
    pub(crate) fn accept(&mut self, user: u32, template_id: &str) {
        *self.credits.entry(user).or_default().entry(template_id.to_owned()).or_default() += 1;
    }

    /// None any more.
    pub(crate) fn refuse(&mut self, user: u32, template_id: &str) {
        self.credits.entry(user).or_default().remove(template_id);
    }

    /// Uses up one; 43101 if there is none.
    pub(crate) fn take(&mut self, user: u32, template_id: &str) -> Result<(), Refusal> {
        let left = self.credits.get_mut(&user).and_then(|credits| credits.get_mut(template_id));
        let left = left.filter(|left| **left > 0).ok_or_else(|| Refusal::new(43101))?;
        *left -= 1;
        Ok(())
    }

    /// What is left of a user's, by template.
    pub(crate) fn of(&self, user: u32) -> BTreeMap<&str, u32> {
        let credits = self.credits.get(&user).into_iter().flatten();
        credits.filter(|(_, left)| **left > 0).map(|(id, left)| (id.as_str(), *left)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: i64 = 43101;

    fn take(subscriptions: &mut Subscriptions, user: u32, template_id: &str) -> i64 {
        subscriptions.take(user, template_id).err().map_or(0, |refusal| refusal.errcode)
    }

    #[test]
    fn one_accept_is_one_message_of_that_template_to_that_user() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.accept(7, "a");
        subscriptions.accept(7, "a");
        assert_eq!([take(&mut subscriptions, 8, "a"), take(&mut subscriptions, 7, "b")], [REFUSED; 2]);
        assert_eq!([(); 3].map(|()| take(&mut subscriptions, 7, "a")), [0, 0, REFUSED]);
        subscriptions.accept(7, "a");
        assert_eq!(subscriptions.of(7), BTreeMap::from([("a", 1)]));
    }

    #[test]
    fn whoever_refuses_a_template_takes_none_of_it_and_others_as_before() {
        let mut subscriptions = Subscriptions::default();
        ["a", "a", "b"].into_iter().for_each(|template| subscriptions.accept(7, template));
        subscriptions.refuse(7, "a");
        assert_eq!([take(&mut subscriptions, 7, "a"), take(&mut subscriptions, 7, "b")], [REFUSED, 0]);
    }

    #[test]
    fn whatever_starts_with_accept_is_a_message_and_a_ban_asks_nobody() {
        for (reply, accepts) in [
            ("accept", Some(true)),
            ("acceptWithAudio", Some(true)),
            ("acceptWithAlert", Some(true)),
            ("acceptWithForcePush", Some(true)),
            ("reject", Some(false)),
            ("ban", None),
            ("filter", None),
        ] {
            let read: Reply = serde_json::from_value(reply.into()).unwrap();
            assert_eq!((read.accepts(), serde_json::json!(read)), (accepts, reply.into()));
        }
    }
}
