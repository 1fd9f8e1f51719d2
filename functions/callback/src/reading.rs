//! What a callback that is WeChat's means for the map, the messages and the credits.

use shared::Account;
use shared::event::Event;
use shared::wechat::reader::is_id;

use crate::fields::{Fields, Message};

/// Of so many things one event tells at most. WeChat asks a user about five templates at a time.
const MOST_TOLD: usize = 100;

/// What an authentic callback says: each thing that happened, as far as it can be understood; nothing for a user's
/// message, and for an event that means nothing here.
pub type Reading = Vec<Result<Event, NotUnderstood>>;

/// This field of it is missing or cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct NotUnderstood(pub &'static str);

/// Reads a message to one of the accounts. Event names are matched whatever their case: WeChat's own pages disagree.
pub fn read(message: &Message, account: Account, now: i64) -> Reading {
    let event = match message.fields.required("MsgType") {
        Ok("event") => message.fields.required("Event"),
        Ok(_) => return Vec::new(),
        Err(not_understood) => Err(not_understood),
    };
    match event.map(str::to_ascii_lowercase) {
        Ok(event) => match account {
            Account::Oa => of_the_official_account(&message.fields, &event, now).into_iter().collect(),
            Account::Mini => of_the_mini_program(message, &event, now),
        },
        Err(not_understood) => vec![Err(not_understood)],
    }
}

fn of_the_official_account(fields: &Fields, event: &str, now: i64) -> Option<Result<Event, NotUnderstood>> {
    let read = || {
        let openid = || fields.id("FromUserName");
        Ok(Some(match event {
            "subscribe" | "scan" => Event::Followed { openid: openid()?, at: fields.at(now)?, tries: 0 },
            "unsubscribe" => Event::Unfollowed { openid: openid()?, at: fields.at(now)?, rechecked: false },
            // These name the user in a field of their own.
            "user_authorization_revoke" | "user_authorization_cancellation" => {
                let openid = fields.id("OpenID").or_else(|_| openid())?;
                Event::Unfollowed { openid, at: fields.at(now)?, rechecked: false }
            }
            "templatesendjobfinish" => Event::Receipt {
                msgid: fields.required_number("MsgID")?,
                status: fields.required("Status")?.to_owned(),
                errcode: None,
                openid: openid().ok(),
                template_id: None,
                tries: 0,
            },
            _ => return Ok(None),
        }))
    };
    read().transpose()
}

fn of_the_mini_program(message: &Message, event: &str, now: i64) -> Reading {
    let told = |list: &Fields| match event {
        "subscribe_msg_popup_event" => answer(&message.fields, list, now, true),
        "subscribe_msg_change_event" => answer(&message.fields, list, now, false),
        "subscribe_msg_sent_event" => sent(&message.fields, list).map(Some),
        _ => Ok(None),
    };
    match message.lists.len() {
        0 if event.starts_with("subscribe_msg_") => vec![Err(NotUnderstood("List"))],
        0..=MOST_TOLD => message.lists.iter().filter_map(|list| told(list).transpose()).collect(),
        _ => vec![Err(NotUnderstood("List"))],
    }
}

/// What a user said of a template: WeChat's words for yes begin with `accept`; what is neither yes nor no is not theirs.
fn answer(fields: &Fields, list: &Fields, now: i64, popup: bool) -> Result<Option<Event>, NotUnderstood> {
    let said = list.required("SubscribeStatusString")?;
    let accepted = said.starts_with("accept");
    if !accepted && said != "reject" {
        return Ok(None);
    }
    let (openid, template_id) = (fields.id("FromUserName")?, list.id("TemplateId")?);
    Ok(Some(Event::SubscriptionChanged { openid, template_id, accepted, at: fields.at(now)?, popup }))
}

fn sent(fields: &Fields, list: &Fields) -> Result<Event, NotUnderstood> {
    let errcode = list.required_number("ErrorCode")?;
    let usual = if errcode == 0 { "success" } else { "failed" };
    Ok(Event::Receipt {
        msgid: list.required_number("MsgID")?,
        status: list.text("ErrorStatus").unwrap_or(usual).to_owned(),
        errcode: Some(errcode),
        openid: fields.id("FromUserName").ok(),
        template_id: list.id("TemplateId").ok(),
        tries: 0,
    })
}

impl Fields {
    fn required(&self, name: &'static str) -> Result<&str, NotUnderstood> {
        self.text(name).ok_or(NotUnderstood(name))
    }

    fn required_number(&self, name: &'static str) -> Result<i64, NotUnderstood> {
        self.number(name).ok_or(NotUnderstood(name))
    }

    fn id(&self, name: &'static str) -> Result<String, NotUnderstood> {
        self.required(name)
            .and_then(|id| if is_id(id) { Ok(id.to_owned()) } else { Err(NotUnderstood(name)) })
    }

    /// When it happened. What is to come would outlast all that comes after it.
    fn at(&self, now: i64) -> Result<i64, NotUnderstood> {
        self.required_number("CreateTime").map(|at| at.min(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2]]></FromUserName><CreateTime>1395658920</CreateTime><MsgType><![CDATA[event]]></MsgType>";

    /// Some time after those of the pages.
    const NOW: i64 = 1_500_000_000;

    fn some(event: Event) -> Reading {
        vec![Ok(event)]
    }

    fn misses(field: &'static str) -> Reading {
        vec![Err(NotUnderstood(field))]
    }

    fn read(text: &str) -> Reading {
        super::read(&Message::read(text), Account::Oa, NOW)
    }

    fn read_mini(text: &str) -> Reading {
        super::read(&Message::read(text), Account::Mini, NOW)
    }

    #[test]
    fn the_events_of_wechats_pages_are_read() {
        let at = 1_395_658_920;
        let openid = "oia2".to_owned();
        let subscribe =
            format!("{HEAD}<Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[]]></EventKey></xml>");
        assert_eq!(read(&subscribe), some(Event::Followed { openid: openid.clone(), at, tries: 0 }));
        let unsubscribe = format!("{HEAD}<Event><![CDATA[unsubscribe]]></Event></xml>");
        let gone = Event::Unfollowed { openid: openid.clone(), at, rechecked: false };
        assert_eq!(read(&unsubscribe), some(gone.clone()));
        for event in ["user_authorization_revoke", "user_authorization_cancellation"] {
            let revoked = format!("{HEAD}<Event>{event}</Event><OpenID>oia2</OpenID><AppID>wx</AppID></xml>");
            assert_eq!(read(&revoked), some(gone.clone()));
        }
        let receipt = format!(
            "{HEAD}<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>3717005636572528642</MsgID><Status><![CDATA[failed:user block]]></Status></xml>"
        );
        let (msgid, status) = (3_717_005_636_572_528_642, "failed:user block".to_owned());
        assert_eq!(
            read(&receipt),
            some(Event::Receipt {
                msgid,
                status,
                errcode: None,
                openid: Some(openid),
                template_id: None,
                tries: 0
            })
        );
        let text = HEAD.replace("[event]", "[text]") + "<Content>subscribe</Content></xml>";
        assert_eq!(read(&text), Reading::new());
        assert_eq!(read(&format!("{HEAD}<Event>VIEW</Event></xml>")), Reading::new());
    }

    #[test]
    fn what_cannot_be_understood_is_told_by_its_field() {
        let head = |from: &str, at: &str| {
            HEAD.replace("oia2", from).replace("1395658920", at) + "<Event>subscribe</Event></xml>"
        };
        assert_eq!(read(&head("o\u{200b}", "1")), misses("FromUserName"));
        assert_eq!(read(&head(&"o".repeat(65), "1")), misses("FromUserName"));
        assert_eq!(read(&head("oia2", "soon")), misses("CreateTime"));
        for status in ["", "<Status></Status>"] {
            let receipt = format!("{HEAD}<Event>TEMPLATESENDJOBFINISH</Event><MsgID>1</MsgID>{status}</xml>");
            assert_eq!(read(&receipt), misses("Status"));
        }
    }

    #[test]
    fn no_event_is_of_a_time_to_come() {
        let follow = HEAD.replace("1395658920", "1395658920000") + "<Event>SCAN</Event></xml>";
        assert_eq!(read(&follow), some(Event::Followed { openid: "oia2".to_owned(), at: NOW, tries: 0 }));
    }

    #[test]
    fn what_cannot_be_read_says_what_is_missing() {
        assert_eq!(read(""), misses("MsgType"));
        assert_eq!(read(HEAD), misses("Event"));
        for (text, missing) in [
            (HEAD.replace("1395658920", "now") + "<Event>subscribe</Event>", "CreateTime"),
            (HEAD.replace("oia2", " ") + "<Event>subscribe</Event>", "FromUserName"),
            (HEAD.to_owned() + "<Event>templatesendjobfinish</Event><MsgID>x</MsgID>", "MsgID"),
        ] {
            assert_eq!(read(&text), misses(missing));
        }
    }

    fn changed(template_id: &str, accepted: bool, popup: bool) -> Result<Event, NotUnderstood> {
        let (openid, template_id) = ("oia2".to_owned(), template_id.to_owned());
        Ok(Event::SubscriptionChanged { openid, template_id, accepted, at: 1_395_658_920, popup })
    }

    /// An event of the mini-program's in each of WeChat's forms: XML with its wrapper and without, JSON with an array.
    fn in_each_form(event: &str, lists: &[&[(&str, &str)]]) -> [String; 4] {
        let wrapper = event.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>();
        let xml = |list: &&[(&str, &str)]| {
            let fields = list.iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"));
            format!("<List>{}</List>", fields.collect::<String>())
        };
        let json = |list: &&[(&str, &str)]| {
            let fields = list.iter().map(|(name, value)| match value.parse::<i64>() {
                Ok(number) => format!("\"{name}\": {number}"),
                Err(_) => format!("\"{name}\": \"{value}\""),
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        };
        let head = format!(
            r#"{{"ToUserName": "gh", "FromUserName": "oia2", "CreateTime": "1395658920", "MsgType": "event", "Event": "{event}", "List": "#
        );
        let (xmls, jsons): (Vec<_>, Vec<_>) = lists.iter().map(|list| (xml(list), json(list))).unzip();
        let first = if jsons.len() == 1 { jsons[0].clone() } else { format!("[{}]", jsons.join(", ")) };
        [
            format!("{HEAD}<Event>{event}</Event><{wrapper}>{}</{wrapper}></xml>", xmls.concat()),
            format!("{HEAD}<Event><![CDATA[{event}]]></Event>\n{}</xml>", xmls.join("\n")),
            format!("{head}[{}]}}", jsons.join(", ")),
            format!("\u{feff} {head}{first}}}"),
        ]
    }

    #[test]
    fn what_a_user_says_of_templates_is_read_in_every_form() {
        let said =
            |template, word| [("TemplateId", template), ("SubscribeStatusString", word), ("PopupScene", "0")];
        let [yes, no, other, loud] = [
            said("VRR0", "accept"),
            said("9nLI", "reject"),
            said("aaaa", "ban"),
            said("b-_1", "acceptWithAudio"),
        ];
        for (event, popup) in [("subscribe_msg_popup_event", true), ("subscribe_msg_change_event", false)] {
            for text in in_each_form(event, &[&yes, &no, &other, &loud]) {
                let told = [
                    changed("VRR0", true, popup),
                    changed("9nLI", false, popup),
                    changed("b-_1", true, popup),
                ];
                assert_eq!(read_mini(&text), told, "{text}");
            }
            for text in in_each_form(event, &[&no]) {
                assert_eq!(read_mini(&text), [changed("9nLI", false, popup)], "{text}");
            }
        }
    }

    #[test]
    fn what_became_of_subscribe_messages_is_read_in_every_form() {
        let sent = |msgid, errcode, status| {
            [("TemplateId", "a"), ("MsgID", msgid), ("ErrorCode", errcode), ("ErrorStatus", status)]
        };
        let lists = [
            sent("1864323726461255680", "0", "success"),
            sent("7", "43101", "user refuse"),
            sent("8", "-1", ""),
        ];
        let lists: Vec<&[_]> = lists.iter().map(|list| &list[..]).collect();
        let receipt = |msgid, errcode, status: &str| {
            let (status, openid) = (status.to_owned(), Some("oia2".to_owned()));
            let template_id = Some("a".to_owned());
            Ok(Event::Receipt { msgid, status, errcode: Some(errcode), openid, template_id, tries: 0 })
        };
        let told = [
            receipt(1_864_323_726_461_255_680, 0, "success"),
            receipt(7, 43101, "user refuse"),
            receipt(8, -1, "failed"),
        ];
        for text in in_each_form("subscribe_msg_sent_event", &lists) {
            assert_eq!(read_mini(&text), told, "{text}");
        }
        for text in in_each_form("subscribe_msg_sent_event", &lists[..1]) {
            assert_eq!(read_mini(&text), told[..1], "{text}");
        }
    }

    #[test]
    fn what_of_a_list_cannot_be_understood_is_in_nobodys_way() {
        let good: &[_] = &[("TemplateId", "VRR0"), ("SubscribeStatusString", "reject")];
        let event = "subscribe_msg_change_event";
        for (bad, field) in [
            (&[("TemplateId", "a")][..], "SubscribeStatusString"),
            (&[("SubscribeStatusString", "reject")], "TemplateId"),
            (&[("TemplateId", "<a>"), ("SubscribeStatusString", "accept")], "TemplateId"),
        ] {
            for text in in_each_form(event, &[bad, good]) {
                assert_eq!(
                    read_mini(&text),
                    [Err(NotUnderstood(field)), changed("VRR0", false, false)],
                    "{text}"
                );
            }
        }
        for text in in_each_form(event, &vec![good; MOST_TOLD + 1]) {
            assert_eq!(read_mini(&text), misses("List"));
        }
        for text in in_each_form(event, &vec![good; MOST_TOLD]) {
            assert_eq!(read_mini(&text).len(), MOST_TOLD);
        }
        assert_eq!(read_mini(&format!("{HEAD}<Event>{event}</Event></xml>")), misses("List"));
        let no_number = &[("MsgID", "1"), ("ErrorCode", "x")][..];
        assert_eq!(
            read_mini(&in_each_form("subscribe_msg_sent_event", &[no_number])[0]),
            misses("ErrorCode")
        );
    }

    /// Both accounts' users have openids of one form, and are other users.
    #[test]
    fn an_event_is_of_the_account_that_it_was_told_to() {
        for event in ["subscribe", "unsubscribe", "user_authorization_revoke", "templatesendjobfinish"] {
            assert_eq!(read_mini(&format!("{HEAD}<Event>{event}</Event></xml>")), Reading::new());
        }
        let said: &[_] = &[("TemplateId", "a"), ("SubscribeStatusString", "accept")];
        for text in in_each_form("subscribe_msg_popup_event", &[said]) {
            assert_eq!(read(&text), Reading::new());
        }
    }
}
