//! What an event says: names and values in WeChat's order, before they are written as XML or JSON.

use crate::world::accounts::Account;
use crate::world::event::{Choice, Event, Status, What};

/// The scene value of the one QR code that users scan here, and its ticket.
const SCENE: &str = "123123";
const TICKET: &str = "gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9xLzAyc1ZrZ3d6ZUQ";
/// Where the popup was: in the mini-program's own pages.
const POPUP_SCENE: i64 = 0;

/// Names and their values, in order.
pub(crate) type Fields = Vec<(&'static str, Said)>;

/// The value of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Text(String),
    Number(i64),
    List {
        /// What stands around all of it, in XML alone.
        around: &'static str,
        rows: Vec<Fields>,
    },
}

fn text(said: impl Into<String>) -> Said {
    Said::Text(said.into())
}

/// What is pushed of an event, in the clear.
pub(crate) fn fields(event: &Event, account: &Account) -> Fields {
    let (name, more) = told(&event.what);
    let mut fields = vec![
        ("ToUserName", text(account.original_id)),
        ("FromUserName", text(account.openids.of(event.user))),
        ("CreateTime", Said::Number(event.at)),
        ("MsgType", text("event")),
        ("Event", text(name)),
    ];
    fields.extend(more);
    fields
}

/// What WeChat calls an event.
pub(crate) fn name(what: &What) -> &'static str {
    told(what).0
}

/// The name of an event, and what only this kind has.
fn told(what: &What) -> (&'static str, Fields) {
    match what {
        What::Subscribe => ("subscribe", vec![("EventKey", text(""))]),
        What::Unsubscribe => ("unsubscribe", vec![("EventKey", text(""))]),
        What::Scan => ("SCAN", vec![("EventKey", text(SCENE)), ("Ticket", text(TICKET))]),
        What::Receipt { msgid, status } => {
            ("TEMPLATESENDJOBFINISH", vec![("MsgID", Said::Number(*msgid)), ("Status", text(words(*status)))])
        }
        What::Popup(choices) => {
            let scene = ("PopupScene", Said::Number(POPUP_SCENE));
            let rows = choices.iter().map(|choice| chosen(choice).into_iter().chain([scene.clone()]));
            ("subscribe_msg_popup_event", list("SubscribeMsgPopupEvent", rows.map(Iterator::collect)))
        }
        What::Change(choices) => {
            ("subscribe_msg_change_event", list("SubscribeMsgChangeEvent", choices.iter().map(chosen)))
        }
        What::Sent { msgid, template_id, arrived } => {
            let (code, status) = if *arrived { (0, "success") } else { (-1, "failed") };
            let row = vec![
                ("TemplateId", text(*template_id)),
                ("MsgID", Said::Number(*msgid)),
                ("ErrorCode", Said::Number(code)),
                ("ErrorStatus", text(status)),
            ];
            ("subscribe_msg_sent_event", list("SubscribeMsgSentEvent", [row]))
        }
    }
}

fn list(around: &'static str, rows: impl IntoIterator<Item = Fields>) -> Fields {
    vec![("List", Said::List { around, rows: rows.into_iter().collect() })]
}

fn chosen(choice: &Choice) -> Fields {
    let status = if choice.accepts { "accept" } else { "reject" };
    vec![("TemplateId", text(choice.template_id)), ("SubscribeStatusString", text(status))]
}

/// WeChat's words, one with a space after the colon and one without.
pub(crate) fn words(status: Status) -> &'static str {
    match status {
        Status::Success => "success",
        Status::UserBlock => "failed:user block",
        Status::SystemFailed => "failed: system failed",
    }
}
