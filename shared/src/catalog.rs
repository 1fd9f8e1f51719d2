//! The catalog: which notifications there are, who may send them, how they are filled.

mod field;

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use contract::Data;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde::{Deserialize, Serialize};

use crate::job::{Job, Prefer};

/// The catalog this build was made with.
const BUILT_IN: &str = include_str!("../../notifications.toml");

/// What stands for itself in a query value (RFC 3986, unreserved).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a message may wait: less is over before a second try, more than the queue keeps it is no use.
const KEEPS: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(14 * 24 * 3600);

/// Every notification by its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Catalog(HashMap<String, Notification>);

/// One entry of `notifications.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
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
    /// Reads the file, or the catalog built in where none is named.
    ///
    /// # Errors
    /// When the file is missing, is not TOML, or has an entry that could never be sent.
    pub fn load(file: Option<&Path>) -> Result<Self, CatalogError> {
        let name = file.map_or("notifications.toml (built in)".into(), |file| file.display().to_string());
        let error = |problem: String| CatalogError { file: name.clone(), problem };
        let text = match file {
            Some(file) => std::fs::read_to_string(file).map_err(|e| error(e.to_string()))?,
            None => BUILT_IN.to_owned(),
        };
        let catalog: Self = toml::from_str(&text).map_err(|e| error(e.to_string()))?;
        for (name, notification) in &catalog.0 {
            notification.check().map_err(|problem| error(format!("[{name}] {problem}")))?;
        }
        Ok(catalog)
    }

    /// The notification of that name.
    pub fn find(&self, name: &str) -> Option<&Notification> {
        self.0.get(name)
    }
}

impl Notification {
    fn default_per_day() -> u32 {
        20
    }

    fn default_keep() -> Duration {
        Duration::from_secs(Job::default_keep().unsigned_abs())
    }

    fn check(&self) -> Result<(), String> {
        if self.template_id.is_empty() {
            return Err("template_id is empty".into());
        }
        if self.fields.is_empty() {
            return Err("has no fields".into());
        }
        if !KEEPS.contains(&self.keep) {
            return Err("keep is not between 1m and 14d".into());
        }
        if self.page.as_deref().is_some_and(|page| page.starts_with('/')) {
            return Err("page starts with a slash; WeChat does not open such pages".into());
        }
        Ok(())
    }

    /// Fills the fields and the page, or `page` where the caller gave one, and checks every value.
    ///
    /// # Errors
    /// The first field that is missing or not of its type, as a sentence.
    pub fn render(&self, data: &Data, page: Option<&str>) -> Result<Rendered, String> {
        let mut rendered = BTreeMap::new();
        for (name, text) in &self.fields {
            let value = fill(text, data, str::to_owned).map_err(|e| format!("{name} needs {e}"))?;
            field::check(name, &value)?;
            rendered.insert(name.clone(), value);
        }
        let page = match page.or(self.page.as_deref()) {
            Some(page) => Some(fill(page, data, encode).map_err(|e| format!("page needs {e}"))?),
            None => None,
        };
        Ok(Rendered { data: rendered, page })
    }
}

/// Replaces each `{name}` by `data.name`, escaped; an error names what `data` lacks.
fn fill(text: &str, data: &Data, escape: fn(&str) -> String) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(&escape(data.get(name).ok_or_else(|| format!("data.{name}"))?));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Percent-encodes everything that could end a query value.
fn encode(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let rendered = notification.render(&data(), None).expect(name);
            assert_eq!(rendered.page.as_deref(), Some("pages/approval/detail?id=42"));
            assert_eq!(rendered.data["thing1"], "张三");
        }
    }

    #[test]
    fn a_missing_value_is_named() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        let mut data = data();
        data.remove("applicant");
        let error = catalog.find("approval_submitted").expect("entry").render(&data, None);
        assert_eq!(error, Err("thing1 needs data.applicant".into()));
    }

    #[test]
    fn a_value_cannot_add_a_parameter_to_the_page() {
        let filled = fill("a?id={id}", &[("id".to_owned(), "1&admin=1".to_owned())].into(), encode);
        assert_eq!(filled, Ok("a?id=1%26admin%3D1".into()));
    }

    #[test]
    fn a_page_with_a_leading_slash_does_not_load() {
        let text = "[a]\ntemplate_id='x'\npage='/pages/a'\nfields={thing1='{a}'}";
        let file = std::env::temp_dir().join(format!("catalog-{}.toml", crate::random_id()));
        std::fs::write(&file, text).expect("written");
        let error = Catalog::load(Some(&file)).expect_err("refused").to_string();
        assert!(error.contains("[a] page starts with a slash"), "{error}");
    }
}
