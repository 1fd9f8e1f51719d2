//! Who reads what became of messages: a service key learns all, a mini-program user of other users only whether
//! they were reached, and nothing of how the account stands with WeChat.

use contract::{Channel, MessageState, MessageStatus, Reason, Recipient, Rejected};
use shared::session::Caller;

/// Who reads.
pub enum Reader<'a> {
    /// A backend.
    Service,
    /// The mini-program user of this openid.
    User(&'a str),
}

impl<'a> Reader<'a> {
    /// Who calls.
    pub fn of(caller: &'a Caller) -> Self {
        match caller {
            Caller::Service(_) => Self::Service,
            Caller::User(user) => Self::User(&user.openid),
        }
    }

    /// Where the message to this recipient stands.
    pub fn state(&self, to: &Recipient, state: MessageState) -> MessageState {
        match state {
            MessageState::Refused | MessageState::Blocked if self.is_strange(to) => MessageState::Failed,
            // Receipts come for one channel, perhaps, and not for the other.
            MessageState::Delivered if self.is_strange(to) => MessageState::Sent,
            state => state,
        }
    }

    /// What became of a message.
    pub fn message(&self, message: MessageStatus) -> MessageStatus {
        let Self::User(_) = self else { return message };
        // What an unfinished one waits for is how the account stands.
        let reason = message.reason.filter(|_| message.state.is_final());
        let reason = reason.map(|reason| self.reason(&message.to, reason));
        // Which one it is says whether they follow.
        let channel = if self.is_strange(&message.to) { Channel::default() } else { message.channel };
        MessageStatus {
            channel,
            state: self.state(&message.to, message.state),
            reason,
            detail: message.detail.filter(|_| reason == Some(Reason::InvalidField)),
            remedy: reason.map(|reason| reason.remedy().to_owned()),
            errcode: None,
            rid: None,
            // Who falls back is tried once more.
            attempts: if self.is_strange(&message.to) { message.attempts.min(1) } else { message.attempts },
            ..message
        }
    }

    /// Why a recipient gets nothing.
    pub fn rejected(&self, rejected: Rejected) -> Rejected {
        let reason = self.reason(&rejected.to, rejected.reason);
        Rejected { reason, remedy: reason.remedy().to_owned(), ..rejected }
    }

    fn reason(&self, to: &Recipient, reason: Reason) -> Reason {
        match reason {
            // What is the caller's own fault, and what nobody knows.
            Reason::InvalidField
            | Reason::DuplicateRecipient
            | Reason::DuplicateContent
            | Reason::OutcomeUnknown => reason,
            _ if self.is_strange(to) => Reason::Unreachable,
            reason => reason,
        }
    }

    fn is_strange(&self, to: &Recipient) -> bool {
        match (self, to) {
            (Self::Service, _) => false,
            (Self::User(own), Recipient::Openid(openid)) => own != openid,
            (Self::User(_), Recipient::Unionid(_) | Recipient::OaOpenid(_)) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &str, state: MessageState, reason: Reason) -> MessageStatus {
        MessageStatus {
            n: 1,
            to: Recipient::Openid(to.to_owned()),
            channel: Channel::Subscribe,
            state,
            reason: Some(reason),
            detail: Some("detail".to_owned()),
            remedy: Some("add the IP 1.2.3.4".to_owned()),
            errcode: Some(40164),
            rid: Some("rid".to_owned()),
            attempts: 1,
            updated_at: 0,
        }
    }

    #[test]
    fn a_user_learns_of_another_only_that_they_were_not_reached() {
        for (state, reason) in [
            (MessageState::Refused, Reason::Refused),
            (MessageState::Blocked, Reason::Refused),
            (MessageState::Failed, Reason::NotFollowing),
            (MessageState::Failed, Reason::Misconfigured),
        ] {
            let seen = Reader::User("o1").message(message("o2", state, reason));
            assert_eq!((seen.state, seen.reason), (MessageState::Failed, Some(Reason::Unreachable)));
            assert_eq!((seen.detail, seen.errcode, seen.rid), (None, None, None));
            assert_eq!(seen.channel, Channel::Template, "whether they follow");
        }
    }

    #[test]
    fn a_user_learns_of_themselves_why_and_nothing_of_the_account() {
        let seen = Reader::User("o1").message(message("o1", MessageState::Parked, Reason::Misconfigured));
        assert_eq!((seen.state, seen.reason, seen.channel), (MessageState::Parked, None, Channel::Subscribe));
        assert_eq!((seen.errcode, seen.detail, seen.remedy), (None, None, None));
        let seen = Reader::User("o1").message(message("o1", MessageState::Failed, Reason::NotFollowing));
        assert_eq!((seen.state, seen.reason), (MessageState::Failed, Some(Reason::NotFollowing)));
        assert!(!seen.remedy.expect("a remedy").contains("1.2.3.4"));
    }

    #[test]
    fn a_user_learns_nothing_of_another_by_a_receipt() {
        let another = Recipient::Openid("o2".to_owned());
        assert_eq!(Reader::User("o1").state(&another, MessageState::Delivered), MessageState::Sent);
        let own = Recipient::Openid("o1".to_owned());
        assert_eq!(Reader::User("o1").state(&own, MessageState::Delivered), MessageState::Delivered);
    }

    #[test]
    fn a_service_key_learns_all() {
        let seen = Reader::Service.message(message("o2", MessageState::Refused, Reason::Refused));
        assert_eq!((seen.state, seen.errcode), (MessageState::Refused, Some(40164)));
    }
}
