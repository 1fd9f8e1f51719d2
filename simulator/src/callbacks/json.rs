//! Messages as WeChat writes them in JSON, in one of its ways.

use serde_json::{Map, Value};

use crate::callbacks::message::{Fields, Said};
use crate::faults::callbacks::Looseness;

/// The message in JSON.
pub(crate) fn json(fields: &Fields, looseness: Looseness) -> String {
    object(fields, looseness).to_string()
}

fn object(fields: &Fields, looseness: Looseness) -> Value {
    let fields = fields.iter().map(|(name, said)| ((*name).to_owned(), value(said, looseness)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn value(said: &Said, looseness: Looseness) -> Value {
    match said {
        Said::Text(text) => text.as_str().into(),
        Said::Number(number) if looseness.numbers_as_text => number.to_string().into(),
        Said::Number(number) => (*number).into(),
        Said::List { rows, .. } => match &rows[..] {
            [row] if looseness.list_as_object => object(row, looseness),
            rows => rows.iter().map(|row| object(row, looseness)).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::callbacks::message::fields;
    use crate::world::accounts::{MINI, MINI_ORIGINAL_ID};
    use crate::world::event::{Choice, Event, What};

    fn written(what: What, looseness: Looseness) -> Value {
        let event = Event { user: 7, at: 1_620_963_428, what };
        serde_json::from_str(&json(&fields(&event, &MINI), looseness)).unwrap()
    }

    #[test]
    fn a_sent_event_has_the_shapes_of_wechats_examples() {
        let sent = || What::Sent { msgid: 1_864_323_726_461_255_680, template_id: "a", arrived: true };
        let strict = json!({
            "ToUserName": MINI_ORIGINAL_ID, "FromUserName": MINI.openids.of(7), "CreateTime": 1_620_963_428,
            "MsgType": "event", "Event": "subscribe_msg_sent_event",
            "List": [{ "TemplateId": "a", "MsgID": 1_864_323_726_461_255_680_i64, "ErrorCode": 0, "ErrorStatus": "success" }],
        });
        assert_eq!(written(sent(), Looseness::default()), strict);
        let loose = written(sent(), Looseness { list_as_object: true, numbers_as_text: true });
        assert_eq!(loose["CreateTime"], "1620963428");
        let list = json!({ "TemplateId": "a", "MsgID": "1864323726461255680", "ErrorCode": "0", "ErrorStatus": "success" });
        assert_eq!(loose["List"], list);
    }

    #[test]
    fn a_list_of_two_is_an_array_in_every_way() {
        let choice = |template_id, accepts| Choice { template_id, accepts };
        let looseness = Looseness { list_as_object: true, ..Looseness::default() };
        let written = written(What::Change(vec![choice("a", true), choice("b", false)]), looseness);
        let list = json!([
            { "TemplateId": "a", "SubscribeStatusString": "accept" },
            { "TemplateId": "b", "SubscribeStatusString": "reject" },
        ]);
        assert_eq!(written["List"], list);
    }
}
