//! What happens to a user of the Official Account, and its XML.

use crate::world::accounts::OA_ORIGINAL_ID;
use crate::world::users::Id;

/// The scene value of the one QR code that users scan here, and its ticket.
const SCENE: &str = "123123";
const TICKET: &str = "gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9xLzAyc1ZrZ3d6ZUQ";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) user: u32,
    /// Unix seconds by the simulator's clock.
    pub(crate) at: i64,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Subscribe,
    Unsubscribe,
    /// A follower scanned the account's QR code.
    Scan,
    /// A template message reached its end.
    Receipt {
        msgid: i64,
        status: Status,
    },
}

/// What became of a template message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    UserBlock,
    SystemFailed,
}

impl Status {
    /// WeChat's words, one with a space after the colon and one without.
    fn words(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::UserBlock => "failed:user block",
            Self::SystemFailed => "failed: system failed",
        }
    }
}

impl Event {
    pub(crate) fn openid(&self) -> String {
        Id::OaOpenid.of(self.user)
    }

    /// The message as WeChat writes it, before encryption.
    pub(crate) fn xml(&self) -> String {
        let (openid, at) = (self.openid(), self.at);
        let (name, more) = match self.what {
            What::Subscribe => ("subscribe", "<EventKey><![CDATA[]]></EventKey>\n".into()),
            What::Unsubscribe => ("unsubscribe", "<EventKey><![CDATA[]]></EventKey>\n".into()),
            What::Scan => (
                "SCAN",
                format!("<EventKey><![CDATA[{SCENE}]]></EventKey>\n<Ticket><![CDATA[{TICKET}]]></Ticket>\n"),
            ),
            What::Receipt { msgid, status } => (
                "TEMPLATESENDJOBFINISH",
                format!("<MsgID>{msgid}</MsgID>\n<Status><![CDATA[{}]]></Status>\n", status.words()),
            ),
        };
        format!(
            "<xml><ToUserName><![CDATA[{OA_ORIGINAL_ID}]]></ToUserName>\n\
             <FromUserName><![CDATA[{openid}]]></FromUserName>\n\
             <CreateTime>{at}</CreateTime>\n\
             <MsgType><![CDATA[event]]></MsgType>\n\
             <Event><![CDATA[{name}]]></Event>\n\
             {more}</xml>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_has_the_shape_of_wechats_example() {
        let what = What::Receipt { msgid: 3_487_542_469_355_618_313, status: Status::UserBlock };
        let xml = Event { user: 7, at: 1_395_658_984, what }.xml();
        let expected = format!(
            "<xml><ToUserName><![CDATA[{OA_ORIGINAL_ID}]]></ToUserName>\n<FromUserName><![CDATA[{}]]></FromUserName>\n<CreateTime>1395658984</CreateTime>\n<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>\n<MsgID>3487542469355618313</MsgID>\n<Status><![CDATA[failed:user block]]></Status>\n</xml>",
            Id::OaOpenid.of(7)
        );
        assert_eq!(xml, expected);
    }

    #[test]
    fn a_subscription_carries_an_empty_event_key() {
        let xml = Event { user: 7, at: 1_800_000_000, what: What::Subscribe }.xml();
        assert!(
            xml.contains("<Event><![CDATA[subscribe]]></Event>\n<EventKey><![CDATA[]]></EventKey>\n</xml>")
        );
    }
}
