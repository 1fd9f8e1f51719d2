//! Messages as WeChat writes them in XML.

use crate::callbacks::message::{Fields, Said};

/// The message in XML.
pub(crate) fn xml(fields: &Fields) -> String {
    format!("<xml>{}</xml>", elements(fields))
}

fn elements(fields: &Fields) -> String {
    fields.iter().map(|(name, said)| element(name, said)).collect()
}

fn element(name: &str, said: &Said) -> String {
    match said {
        Said::Text(text) => format!("<{name}><![CDATA[{text}]]></{name}>\n"),
        Said::Number(number) => format!("<{name}>{number}</{name}>\n"),
        Said::List { around, rows } => {
            let rows: String =
                rows.iter().map(|row| format!("<{name}>\n{}</{name}>\n", elements(row))).collect();
            format!("<{around}>\n{rows}</{around}>\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callbacks::message::fields;
    use crate::world::accounts::{MINI, MINI_ORIGINAL_ID, OA, OA_ORIGINAL_ID};
    use crate::world::event::{Choice, Event, Status, What};

    fn written(user: u32, at: i64, what: What) -> String {
        let account = what.account();
        xml(&fields(&Event { user, at, what }, account))
    }

    #[test]
    fn a_receipt_has_the_shape_of_wechats_example() {
        let what = What::Receipt { msgid: 3_487_542_469_355_618_313, status: Status::UserBlock };
        let expected = format!(
            "<xml><ToUserName><![CDATA[{OA_ORIGINAL_ID}]]></ToUserName>\n<FromUserName><![CDATA[{}]]></FromUserName>\n<CreateTime>1395658984</CreateTime>\n<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>\n<MsgID>3487542469355618313</MsgID>\n<Status><![CDATA[failed:user block]]></Status>\n</xml>",
            OA.openids.of(7)
        );
        assert_eq!(written(7, 1_395_658_984, what), expected);
    }

    #[test]
    fn a_subscription_carries_an_empty_event_key() {
        assert!(
            written(7, 1_800_000_000, What::Subscribe)
                .contains("<Event><![CDATA[subscribe]]></Event>\n<EventKey><![CDATA[]]></EventKey>\n</xml>")
        );
    }

    /// The shape of pushes that were seen, waro163/wechat-message.
    #[test]
    fn a_popup_repeats_its_list_for_each_template() {
        let choice = |template_id, accepts| Choice { template_id, accepts };
        let what = What::Popup(vec![choice("a", false), choice("b", true)]);
        let expected = format!(
            "<xml><ToUserName><![CDATA[{MINI_ORIGINAL_ID}]]></ToUserName>\n<FromUserName><![CDATA[{}]]></FromUserName>\n<CreateTime>1676138120</CreateTime>\n<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[subscribe_msg_popup_event]]></Event>\n<SubscribeMsgPopupEvent>\n<List>\n<TemplateId><![CDATA[a]]></TemplateId>\n<SubscribeStatusString><![CDATA[reject]]></SubscribeStatusString>\n<PopupScene>0</PopupScene>\n</List>\n<List>\n<TemplateId><![CDATA[b]]></TemplateId>\n<SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString>\n<PopupScene>0</PopupScene>\n</List>\n</SubscribeMsgPopupEvent>\n</xml>",
            MINI.openids.of(7)
        );
        assert_eq!(written(7, 1_676_138_120, what), expected);
    }
}
