//! The catalog: which notifications there are, who may send them, how they are filled.

mod field;
mod file;

pub use file::{Problem, Problems};

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use contract::Data;
use contract::send::LONGEST_PAGE;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde::{Deserialize, Serialize};

use crate::job::{Job, Prefer};

/// What stands for itself in a query value (RFC 3986, unreserved).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a message may wait: less is over before a second try, more than the queue keeps it is no use.
const KEEPS: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(14 * 24 * 3600);

/// Every notification by its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Catalog(HashMap<String, Notification>);

/// One entry of `notifications.toml`, and as such kept with the batches it was used for: what a newer deployment
/// adds to it is passed over there, and refused in the file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Notification {
    /// The Official Account's template.
    pub template_id: String,
    /// The mini-program page a tap opens, with placeholders; none, the card opens nothing.
    page: Option<String>,
    /// Template field → text with placeholders.
    fields: BTreeMap<String, String>,
    /// Who may send it.
    #[serde(default)]
    pub allow: Allow,
    /// Whether a message that may have arrived is worth a second copy.
    #[serde(default)]
    pub prefer: Prefer,
    /// How long after it was accepted a message may still go out.
    #[serde(default = "Notification::default_keep", with = "humantime_serde")]
    pub keep: Duration,
    /// How many of it one mini-program user may send in a day.
    #[serde(default = "Notification::default_per_day")]
    pub per_day: u32,
}

/// Who may send a notification; a service key always may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Allow {
    /// Nobody else.
    #[default]
    Service,
    /// A mini-program user, to themselves.
    #[serde(rename = "self")]
    Oneself,
    /// A mini-program user, to anyone.
    Anyone,
}

/// A notification filled with one recipient's data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rendered {
    /// Template field → value.
    pub data: BTreeMap<String, String>,
    /// The page with its placeholders filled.
    pub page: Option<String>,
}

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
        let catalog = serde_ignored::deserialize(toml, |path| unknown.push(path.to_string()));
        Ok((catalog.map_err(|error: toml::de::Error| error.message().to_owned())?, unknown))
    }

    /// The notification of that name.
    pub fn find(&self, name: &str) -> Option<&Notification> {
        self.0.get(name)
    }

    /// Every template with the page its messages open, as the entry has it.
    pub fn templates(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.values().map(|entry| (entry.template_id.as_str(), entry.page.as_deref()))
    }

    /// How many notifications there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl Notification {
    fn default_per_day() -> u32 {
        20
    }

    fn default_keep() -> Duration {
        Duration::from_secs(Job::default_keep().unsigned_abs())
    }

    /// What keeps it from ever being sent: each key, and what is wrong with it.
    fn problems(&self) -> impl Iterator<Item = (String, String)> {
        let page = self.page.as_deref();
        let wrong = [
            (self.template_id.is_empty(), "template_id", "template_id is empty"),
            (self.fields.is_empty(), "fields", "has no fields"),
            (!KEEPS.contains(&self.keep), "keep", "keep is not between 1m and 14d"),
            (
                page.is_some_and(|page| page.starts_with('/')),
                "page",
                "page starts with a slash; WeChat does not open such pages",
            ),
        ];
        let wrong = wrong.into_iter().filter(|(is_wrong, ..)| *is_wrong);
        let wrong = wrong.map(|(_, key, what)| (key.to_owned(), what.to_owned()));
        // What needs no data is now what it will be.
        let needs_none = |text: &str| pieces(text).all(|(_, name)| name.is_none());
        let fields = self.fields.iter().filter(move |(_, text)| needs_none(text));
        let fields = fields
            .filter_map(|(name, text)| Some((format!("fields.{name}"), field::check(name, text).err()?)));
        let page = page.filter(move |page| needs_none(page)).and_then(|page| check_page(page).err());
        wrong.chain(fields).chain(page.map(|what| ("page".to_owned(), what)))
    }

    /// Fills the fields and the page, or `page` where the caller gave one, with a recipient's own data over the
    /// call's, and checks every value.
    ///
    /// # Errors
    /// The first field that is missing or not of its type, as a sentence.
    pub fn render(&self, shared: &Data, own: &Data, page: Option<&str>) -> Result<Rendered, String> {
        let value = |name: &str| own.get(name).or_else(|| shared.get(name)).map(String::as_str);
        let mut rendered = BTreeMap::new();
        for (name, text) in &self.fields {
            let filled = fill(text, value, str::to_owned);
            let filled = filled.map_err(|missing| format!("{name} needs data.{missing}"))?;
            field::check(name, &filled)?;
            rendered.insert(name.clone(), filled);
        }
        let page = match (page, &self.page) {
            // What its braces hold is the caller's, and is not repeated.
            (Some(page), _) => Some(
                fill(page, value, encode).map_err(|_| "page names a value that data has not".to_owned())?,
            ),
            (None, Some(page)) => {
                Some(fill(page, value, encode).map_err(|missing| format!("page needs data.{missing}"))?)
            }
            (None, None) => None,
        };
        page.as_deref().map_or(Ok(()), check_page)?;
        Ok(Rendered { data: rendered, page })
    }

    /// What its texts name, and `page` instead of its own where the caller gave one.
    pub fn placeholders<'a>(&'a self, page: Option<&'a str>) -> HashSet<&'a str> {
        let page = page.or(self.page.as_deref());
        let texts = self.fields.values().map(String::as_str).chain(page);
        texts.flat_map(pieces).filter_map(|(_, name)| name).collect()
    }
}

/// Refuses a filled page that WeChat would not take.
fn check_page(page: &str) -> Result<(), String> {
    if page.len() <= LONGEST_PAGE {
        return Ok(());
    }
    Err(format!("page takes at most {LONGEST_PAGE} bytes, filled and escaped"))
}

/// A text in pieces: what stands before each `{name}`, and the name; at last, what follows.
fn pieces(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let named = text.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)));
        let Some((before, (name, after))) = named else { return Some((text, None)) };
        rest = Some(after);
        Some((before, Some(name)))
    })
}

/// Replaces each `{name}` by its value, escaped; an error names what is missing.
fn fill<'a>(
    text: &str,
    value: impl Fn(&str) -> Option<&'a str>,
    escape: fn(&str) -> String,
) -> Result<String, &str> {
    let mut filled = String::with_capacity(text.len());
    for (before, name) in pieces(text) {
        filled.push_str(before);
        if let Some(name) = name {
            filled.push_str(&escape(value(name).ok_or(name)?));
        }
    }
    Ok(filled)
}

/// Percent-encodes everything that could end a query value.
fn encode(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
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
    fn a_missing_value_is_named() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        let mut data = data();
        data.remove("applicant");
        let error = catalog.find("approval_submitted").expect("entry").render(&data, &Data::new(), None);
        assert_eq!(error, Err("thing1 needs data.applicant".into()));
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
            Err("page takes at most 1024 bytes, filled and escaped".to_owned())
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
        assert_eq!(error, Err("page names a value that data has not".to_owned()));
    }

    #[test]
    fn a_value_cannot_add_a_parameter_to_the_page() {
        let filled = fill("a?id={id}", |_| Some("1&admin=1"), encode);
        assert_eq!(filled, Ok("a?id=1%26admin%3D1".into()));
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
