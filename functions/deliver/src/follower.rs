//! Whether somebody still follows, where WeChat's answer to a message leaves that in doubt.

use contract::{MessageState, Reason};
use shared::Error;
use shared::job::Message;
use shared::store::BreakerKeys;
use shared::wechat::errcode::Action;
use shared::wechat::{Failure, followers};

use crate::decide::{Decision, FailedAttempt, Outcome, decide};
use crate::invocation::Invocation;

impl Invocation<'_> {
    /// WeChat says the user does not follow, or that the openid is none of this account's. Only
    /// user/info's word for it takes the user off the map: a wrong appid gets 40003 for everybody. Gives the failure
    /// that decided, too: user/info may meet what is wrong with the whole account.
    pub async fn check_follower(
        &self,
        message: &Message,
        keys: &BreakerKeys,
        attempt: FailedAttempt,
        said: Failure,
    ) -> (Decision, Failure) {
        let (action, reason, failure) =
            match self.function.oa.call(&followers::info(&message.oa_openid)).await {
                Ok(info) if info.has_left() => match self.forget(&message.oa_openid).await {
                    Ok(()) => {
                        let attempt = FailedAttempt { reason: Reason::NotFollowing, ..attempt };
                        return (attempt.finish(MessageState::Failed), said);
                    }
                    Err(action) => (action, Reason::WechatUnavailable, said),
                },
                Ok(_) => (Action::Retry, Reason::WechatUnavailable, said),
                Err(asking) => match (asking.action(), message.is_typed) {
                    (Action::DoubtFollower, true) => (Action::DoubtFollower, Reason::InvalidOpenid, said),
                    (Action::DoubtFollower, false) => (Action::DoubtFollower, Reason::Misconfigured, said),
                    // Asking is no sending: that WeChat did not answer leaves nothing open.
                    (Action::Ambiguous, _) => (Action::Retry, Reason::WechatUnavailable, said),
                    (action, _) => {
                        self.tell_breakers(keys, &asking).await;
                        (action, asking.reason(), asking)
                    }
                },
            };
        let attempt = FailedAttempt { action, reason, ..attempt };
        let decision = match decide(attempt, self.timing) {
            Outcome::Decided(decision) => decision,
            Outcome::CheckFollower => attempt.finish(MessageState::Failed),
        };
        (decision, failure)
    }

    async fn forget(&self, oa_openid: &str) -> Result<(), Action> {
        let removed = self
            .function
            .identities
            .remove_followers(vec![oa_openid.to_owned()], self.function.clock.now())
            .await;
        removed.map(drop).map_err(|error: Error| {
            tracing::warn!(cause = error.causes(), "a follower who is none any more is still on the map");
            Action::Retry
        })
    }
}
