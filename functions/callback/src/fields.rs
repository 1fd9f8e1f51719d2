//! The fields of WeChat's XML, as far as they can be read. What a user wrote stands in `<Content>` as it is, `]]>`
//! and markup included; whatever says who sent it and what it is stands before that.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// The fields right under the root, each by its first appearance: a later one may be a user's.
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Reads a message until its end, or until where it is no XML any more.
    pub fn read(message: &str) -> Self {
        let mut reader = Reader::from_str(message);
        let mut fields = BTreeMap::new();
        let mut path = Vec::new();
        let mut text = String::new();
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(tag) => {
                    path.push(tag.name().as_ref().to_owned());
                    text.clear();
                }
                Event::Text(more) => text.push_str(&more.xml10_content()),
                Event::CData(more) => text.push_str(&more.xml10_content()),
                Event::GeneralRef(entity) => {
                    text.push_str(resolve_predefined_entity(&entity).unwrap_or_default());
                    text.extend(entity.resolve_char_ref().ok().flatten());
                }
                Event::End(_) => {
                    let name = path.pop().unwrap_or_default();
                    if path.len() == 1 {
                        fields.entry(name).or_insert_with(|| text.trim().to_owned());
                    }
                    text.clear();
                }
                Event::Eof => break,
                _ => {}
            }
        }
        Self(fields)
    }

    /// A field's text without the blanks around it; `None` when it is not there, or blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A field that is a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }
}

/// What stands in the last and in the first `<Encrypt>` of a body, one of which is WeChat's: in compatible mode a user's
/// text, where no parser finds its way, stands beside it.
pub fn encrypts(body: &str) -> impl Iterator<Item = &str> {
    let (first, last) = (body.split_once("<Encrypt>"), body.rsplit_once("<Encrypt>"));
    last.into_iter().chain(first).filter_map(|(_, rest)| sealed(rest))
}

/// The text until `</Encrypt>`, without the blanks around it, which are not signed.
fn sealed(rest: &str) -> Option<&str> {
    let (sealed, _) = rest.split_once("</Encrypt>")?;
    let sealed = sealed.trim();
    let inner = sealed.strip_prefix("<![CDATA[").and_then(|sealed| sealed.strip_suffix("]]>"));
    Some(inner.unwrap_or(sealed).trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "<xml><ToUserName><![CDATA[gh]]></ToUserName><FromUserName><![CDATA[o]]></FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType>";

    #[test]
    fn a_users_text_hides_nothing_and_claims_nothing() {
        for content in [
            "<xml><a><![CDATA[gh]]></a><status><![CDATA[1]]></status></xml>",
            "a]]></b>",
            "]]>a & b < c",
            "]]></Content><FromUserName>other</FromUserName><MsgType>event</MsgType><Content><![CDATA[",
            "]]></Content></xml><xml><MsgType>event</MsgType><Content>",
            "\u{0}\u{fffd}&#xFFFFFFFF;",
        ] {
            let fields = Fields::read(&format!("{HEAD}<Content><![CDATA[{content}]]></Content></xml>"));
            assert_eq!(fields.text("FromUserName"), Some("o"), "{content}");
            assert_eq!(fields.text("MsgType"), Some("text"), "{content}");
        }
    }

    #[test]
    fn fields_may_be_nested_blank_doubled_or_foreign() {
        let fields = Fields::read(
            "\u{feff}<?xml version=\"1.0\"?><xml><A> 1 </A><A>2</A><B/><C></C><D><A>3</A><E>4</E></D><F>a&amp;&#x9e4a;<![CDATA[b]]></F></xml>",
        );
        assert_eq!((fields.number("A"), fields.text("F")), (Some(1), Some("a&鹊b")));
        assert_eq!([fields.text("B"), fields.text("C"), fields.text("E")], [None; 3]);
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = r#"<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><A>&b;</A></xml>"#;
        assert_eq!(Fields::read(bomb).text("A"), None);
    }

    #[test]
    fn blanks_around_encrypt_are_not_its() {
        for body in [
            "<xml><Encrypt><![CDATA[c2Vh]]></Encrypt></xml>",
            "<xml><Encrypt>\n  <![CDATA[ c2Vh\n]]>\n </Encrypt></xml>",
            "<xml>\n <Encrypt>\n  c2Vh\n </Encrypt>\n</xml>",
            "<xml><Content><![CDATA[<Encrypt>x</Encrypt>]]></b></Content><Encrypt>c2Vh</Encrypt></xml>",
            "<xml><Encrypt>c2Vh</Encrypt><Content><![CDATA[<Encrypt>x</Encrypt>]]></b></Content></xml>",
        ] {
            assert!(encrypts(body).any(|encrypt| encrypt == "c2Vh"), "{body}");
        }
        assert_eq!(encrypts("<xml><Encrypt>c2Vh").next(), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<|>|/|!|\\[CDATA\\[|\\]\\]>|&|;|Encrypt|a|.){0,60}") {
            Fields::read(&text);
            encrypts(&text).for_each(drop);
        }
    }
}
