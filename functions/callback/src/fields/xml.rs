//! WeChat's XML.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::{Fields, LIST, Message};

/// What stands before the ciphertext.
pub const ENCRYPT: &str = "<Encrypt>";

/// Reads a message; an event's `<List>` stands under the root, or under an element of the event's own.
pub fn message(text: &str) -> Message {
    let mut reader = Reader::from_str(text);
    let mut message = Message::default();
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) => {
                path.push(tag.name().as_ref().to_owned());
                text.clear();
                if is_list(&path) {
                    message.lists.push(Fields::default());
                }
            }
            Event::Text(more) => text.push_str(&more.xml10_content()),
            Event::CData(more) => text.push_str(&more.xml10_content()),
            Event::GeneralRef(entity) => {
                text.push_str(resolve_predefined_entity(&entity).unwrap_or_default());
                text.extend(entity.resolve_char_ref().ok().flatten());
            }
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                let list = if is_list(&path) { message.lists.last_mut() } else { None };
                match list {
                    Some(fields) => fields.put(name, &text),
                    None if path.len() == 1 => message.fields.put(name, &text),
                    None => {}
                }
                text.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    message
}

fn is_list(path: &[String]) -> bool {
    (2..=3).contains(&path.len()) && path.last().is_some_and(|name| name == LIST)
}

/// The text until `</Encrypt>`, without the blanks around it, which are not signed.
pub fn sealed(rest: &str) -> Option<String> {
    let (sealed, _) = rest.split_once("</Encrypt>")?;
    let sealed = sealed.trim();
    let inner = sealed.strip_prefix("<![CDATA[").and_then(|sealed| sealed.strip_suffix("]]>"));
    Some(inner.unwrap_or(sealed).trim().to_owned())
}
