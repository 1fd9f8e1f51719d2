//! The catalog: which notifications there are, who may send them, how they are filled.

mod card;
mod entry;
mod field;
mod file;
mod text;

pub use card::{Card, Rendered, Unfit};
pub use entry::{Allow, Fallback, Notification};
pub use field::{Format, TooLong};
pub use file::{Problem, Problems};
pub use text::Text;

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

/// Every notification by its name.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Catalog(HashMap<String, Notification>);

/// The catalog cannot be read; the text names the file and the place.
#[derive(Debug, thiserror::Error)]
#[error("the catalog {file} cannot be read: {problem}")]
pub struct CatalogError {
    file: String,
    problem: String,
}

impl Catalog {
    /// The text of the one this build was made with.
    pub const BUILT_IN: &str = include_str!("../../notifications.toml");

    /// Reads the file, or the catalog built in where none is named.
    ///
    /// # Errors
    /// When the file is missing, is not TOML, or has an entry that could never be sent.
    pub fn load(file: Option<&Path>) -> Result<Self, CatalogError> {
        let name = file.map_or("notifications.toml (built in)".into(), |file| file.display().to_string());
        let error = |problem: String| CatalogError { file: name.clone(), problem };
        let text = match file {
            Some(file) => std::fs::read_to_string(file).map_err(|e| error(e.to_string()))?,
            None => Self::BUILT_IN.to_owned(),
        };
        Self::parse(&text).map_err(|problems| error(problems.to_string()))
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// All that is wrong with it: when it is not TOML, has a key that no entry has, or an entry that could never be
    /// sent.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let (entries, problems) = file::read(text);
        if problems.is_empty() { Ok(Self(entries)) } else { Err(Problems(problems)) }
    }

    /// Reads a text that was taken for a catalog before, perhaps by a newer version: what that one knows beyond this
    /// is passed over, and named beside.
    ///
    /// # Errors
    /// A sentence, when this version makes nothing of it.
    pub fn parse_pushed(text: &str) -> Result<(Self, Vec<String>), String> {
        let mut unknown = Vec::new();
        let toml = toml::Deserializer::parse(text).map_err(|error| error.message().to_owned())?;
        let catalog = serde_ignored::deserialize(toml, |path| unknown.push(file::name(&path)));
        Ok((catalog.map_err(|error: toml::de::Error| error.message().to_owned())?, unknown))
    }

    /// The notification of that name.
    pub fn find(&self, name: &str) -> Option<&Notification> {
        self.0.get(name)
    }

    /// Every notification with its name, by the names.
    pub fn entries(&self) -> Vec<(&str, &Notification)> {
        let mut entries: Vec<_> = self.0.iter().map(|(name, entry)| (name.as_str(), entry)).collect();
        entries.sort_unstable_by_key(|(name, _)| *name);
        entries
    }

    /// Every template of the Official Account with the page its messages open, as the entry has it.
    pub fn templates(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.values().map(Notification::card).map(|card| (card.template_id, card.page))
    }

    /// Every template of the mini-program that an entry falls back to.
    pub fn fallback_templates(&self) -> impl Iterator<Item = &str> {
        self.0.values().filter_map(Notification::fallback).map(|card| card.template_id)
    }

    /// How many notifications there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use contract::Data;

    use super::*;

    #[test]
    fn a_misspelt_key_is_refused_in_the_file_and_passed_over_in_a_row() {
        let file = std::env::temp_dir().join(format!("catalog-{}.toml", crate::random_id()));
        std::fs::write(&file, "[a]\ntemplate_id = 't'\nkepe = '1h'\n[a.fields]\nthing1 = 'x'\n")
            .expect("a file");
        let refused = Catalog::load(Some(&file)).expect_err("a misspelt key").to_string();
        std::fs::remove_file(file).expect("the file");
        assert!(refused.ends_with("line 3: [a] kepe is none of an entry's keys"), "{refused}");
        let newer = "[a]\ntemplate_id = 't'\nnewer = 1\nfields = { thing1 = 'x' }\n";
        let (pushed, unknown) = Catalog::parse_pushed(newer).expect("a catalog");
        assert!(pushed.find("a").is_some());
        assert_eq!(unknown, ["a.newer"]);
        let newer = "[a]\ntemplate_id = 't'\nfields = { thing1 = { text = 'x', newer = 1 } }\n[a.fallback]\nnewer = 2\n";
        let (_, unknown) = Catalog::parse_pushed(newer).expect("a catalog");
        assert_eq!(unknown, ["a.fallback.newer", "a.fields.thing1.newer"]);
        assert!(Catalog::parse_pushed("[a]\nfields = 1").is_err());
        let row = serde_json::json!({ "template_id": "t", "fields": { "thing1": "x" }, "newer": 1 });
        assert!(serde_json::from_value::<Notification>(row).is_ok());
    }

    fn data() -> Data {
        let data = [
            ("applicant", "张三"),
            ("kind", "请假"),
            ("submitted_at", "2026-11-22 09:30"),
            ("content", "年假三天"),
            ("id", "42"),
        ];
        data.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn the_shipped_notifications_are_filled_from_an_approval() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        for name in ["approval_submitted", "approval_copied"] {
            let notification = catalog.find(name).expect(name);
            assert_eq!(notification.allow, Allow::Service);
            let rendered = notification.render(&data(), &Data::new(), None).expect(name);
            assert_eq!(rendered.page.as_deref(), Some("pages/approval/detail?id=42"));
            assert_eq!(rendered.data["thing1"], "张三");
        }
    }

    #[test]
    fn the_shipped_order_is_filled_from_what_a_shop_has() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        let data = [
            ("order", "7"),
            ("goods", "景德镇手绘青花瓷茶具十二件套装，含茶盘与茶巾"),
            ("total_fen", "12800"),
            ("shipped_at", "1795867380"),
            ("courier", "顺丰速运"),
            ("tracking_number", "SF1234567890123"),
        ];
        let data = data.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let order = catalog.find("order_shipped").expect("an entry");
        let rendered = order.render(&data, &Data::new(), None).expect("rendered");
        let values: Vec<_> = rendered.data.values().map(String::as_str).collect();
        let shown = [
            "¥128.00",
            "SF1234567890123",
            "景德镇手绘青花瓷茶具十二件套装，含茶盘…",
            "顺丰速运",
            "2026-11-28 20:03",
        ];
        assert_eq!(values, shown);
    }

    #[test]
    fn the_shipped_fallback_is_filled_from_what_the_approval_is() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        let fallback =
            catalog.find("approval_submitted").and_then(Notification::fallback).expect("a fallback");
        let rendered = fallback.render(&data(), &Data::new(), None).expect("rendered");
        assert_eq!(rendered.data["phrase4"], "待审批");
        assert_eq!(rendered.page.as_deref(), Some("pages/approval/detail?id=42"));
        let of_the_mini_program = "mS7kQ2vXz5Rb9LpWc3YhNt6sJ8dGa1UoEi4Kf0-BxTg";
        assert_eq!(catalog.fallback_templates().collect::<Vec<_>>(), [of_the_mini_program]);
        assert_eq!(catalog.templates().count(), 3, "the Official Account's alone");
    }

    #[test]
    fn a_missing_value_is_named() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        let mut data = data();
        data.remove("applicant");
        let error = catalog.find("approval_submitted").expect("entry").render(&data, &Data::new(), None);
        assert_eq!(error, Err(Unfit(vec!["thing1 needs data.applicant".to_owned()])));
    }

    #[test]
    fn what_fills_a_notification_is_what_its_texts_name() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        let notification = catalog.find("approval_submitted").expect("entry");
        let data = data();
        assert_eq!(notification.placeholders(None), data.keys().map(String::as_str).collect());
        assert!(notification.placeholders(Some("p?a={a}&b={b{c}&d={d")).contains("b{c"));
        assert!(!notification.placeholders(Some("p?a=b")).contains("b"));
    }

    #[test]
    fn a_page_that_is_too_long_when_it_is_filled_is_refused() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        let render = |note: &str| {
            let own = [("note".to_owned(), note.to_owned())].into();
            catalog.find("approval_submitted").expect("entry").render(&data(), &own, Some("p?note={note}"))
        };
        assert_eq!(render("7").expect("filled").page.as_deref(), Some("p?note=7"));
        assert_eq!(
            render(&"年".repeat(200)),
            Err(Unfit(vec!["page takes at most 1024 bytes, filled and escaped".to_owned()]))
        );
    }

    #[test]
    fn a_callers_page_is_not_repeated_to_them() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        let error = catalog.find("approval_submitted").expect("entry").render(
            &data(),
            &Data::new(),
            Some("{SECRET}"),
        );
        assert_eq!(error, Err(Unfit(vec!["page names a value that data has not".to_owned()])));
    }

    #[test]
    fn what_could_never_be_sent_does_not_load() {
        let entry = |page: &str, thing: &str| {
            format!("[a]\ntemplate_id='x'\npage='{page}'\nfields={{thing1='{thing}', const2=''}}")
        };
        for (page, thing, refused) in [
            ("/pages/a", "{a}", "[a] page starts with a slash"),
            ("p", "", "[a] thing1 may not be empty"),
            ("p", &"x".repeat(21), "[a] thing1 takes at most 20 characters, not 21"),
            (&"p".repeat(1025), "{a}", "[a] page takes at most 1024 bytes"),
        ] {
            let problems = Catalog::parse(&entry(page, thing)).expect_err("refused").0;
            assert!(problems[0].to_string().starts_with(refused), "{problems:?}");
        }
        for (page, thing) in [("p", "x"), ("p", "{a}"), ("", &"x".repeat(20)), (&"p".repeat(1024), "x")] {
            Catalog::parse(&entry(page, thing)).expect("a catalog");
        }
    }
}
