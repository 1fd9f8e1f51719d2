//! Events as WeChat writes them: XML.

use crate::world::accounts::{OA, OA_ORIGINAL_ID};
use crate::world::event::{Event, Status, What};

/// The scene value of the one QR code that users scan here, and its ticket.
const SCENE: &str = "123123";
const TICKET: &str = "gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9xLzAyc1ZrZ3d6ZUQ";

/// By which the Official Account knows the event's user.
pub(crate) fn openid(event: &Event) -> String {
    OA.openids.of(event.user)
}

/// The message as WeChat writes it, before encryption.
pub(crate) fn xml(event: &Event) -> String {
    let (openid, at) = (openid(event), event.at);
    let (name, more) = match event.what {
        What::Subscribe => ("subscribe", "<EventKey><![CDATA[]]></EventKey>\n".into()),
        What::Unsubscribe => ("unsubscribe", "<EventKey><![CDATA[]]></EventKey>\n".into()),
        What::Scan => (
            "SCAN",
            format!("<EventKey><![CDATA[{SCENE}]]></EventKey>\n<Ticket><![CDATA[{TICKET}]]></Ticket>\n"),
        ),
        What::Receipt { msgid, status } => (
            "TEMPLATESENDJOBFINISH",
            format!("<MsgID>{msgid}</MsgID>\n<Status><![CDATA[{}]]></Status>\n", words(status)),
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

/// WeChat's words, one with a space after the colon and one without.
fn words(status: Status) -> &'static str {
    match status {
        Status::Success => "success",
        Status::UserBlock => "failed:user block",
        Status::SystemFailed => "failed: system failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_has_the_shape_of_wechats_example() {
        let what = What::Receipt { msgid: 3_487_542_469_355_618_313, status: Status::UserBlock };
        let written = xml(&Event { user: 7, at: 1_395_658_984, what });
        let expected = format!(
            "<xml><ToUserName><![CDATA[{OA_ORIGINAL_ID}]]></ToUserName>\n<FromUserName><![CDATA[{}]]></FromUserName>\n<CreateTime>1395658984</CreateTime>\n<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>\n<MsgID>3487542469355618313</MsgID>\n<Status><![CDATA[failed:user block]]></Status>\n</xml>",
            OA.openids.of(7)
        );
        assert_eq!(written, expected);
    }

    #[test]
    fn a_subscription_carries_an_empty_event_key() {
        let written = xml(&Event { user: 7, at: 1_800_000_000, what: What::Subscribe });
        assert!(
            written
                .contains("<Event><![CDATA[subscribe]]></Event>\n<EventKey><![CDATA[]]></EventKey>\n</xml>")
        );
    }
}
