//! An entry of `notifications.toml`: a notification.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use contract::Data;
use serde::{Deserialize, Serialize};

use super::card::{Card, Rendered};
use super::field::{Table, TooLong};
use super::text::Text;
use crate::job::{Job, Prefer};

/// What a message may wait: less is over before a second try, more than the queue keeps it is no use.
const KEEPS: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(14 * 24 * 3600);

/// One entry of `notifications.toml`, and as such kept with the batches it was used for: what a newer deployment
/// adds to it is passed over there, and refused in the file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Notification {
    /// The Official Account's template.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub template_id: String,
    /// The mini-program page a tap opens, without a leading slash, with placeholders; none, the card opens nothing.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^([^/]|$)")))]
    page: Option<String>,
    /// Template field → text with placeholders.
    #[cfg_attr(feature = "schema", schemars(extend("minProperties" = 1)))]
    fields: BTreeMap<String, Text>,
    /// What becomes of a text that is longer than its field takes.
    #[serde(default, skip_serializing_if = "TooLong::is_reject")]
    too_long: TooLong,
    /// Who may send it.
    #[serde(default)]
    pub allow: Allow,
    /// Whether a message that may have arrived is worth a second copy.
    #[serde(default)]
    pub prefer: Prefer,
    /// How long after it was accepted a message may still go out: from "1m" to "14d".
    #[serde(default = "Notification::default_keep", with = "humantime_serde")]
    #[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = r"^ *([0-9]+ *[A-Za-z]+ *)+$")))]
    pub keep: Duration,
    /// How many of it one mini-program user may send in a day.
    #[serde(default = "Notification::default_per_day")]
    pub per_day: u32,
    /// What is sent instead to whom the Official Account cannot reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fallback: Option<Fallback>,
}

/// A subscribe message of the mini-program, for users who do not follow the Official Account.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, extend("required" = ["template_id", "fields"]))
)]
pub struct Fallback {
    /// The mini-program's template.
    // What is missing is told with all else that is wrong, and not alone.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    template_id: String,
    /// The mini-program page a tap opens, without a leading slash, with placeholders; none, the card opens nothing.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = r"^([^/]|$)")))]
    page: Option<String>,
    /// Template field → text with placeholders.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("minProperties" = 1)))]
    fields: BTreeMap<String, Text>,
    /// What becomes of a text that is longer than its field takes; the entry's, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    too_long: Option<TooLong>,
}

/// Who may send a notification; a service key always may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

impl Notification {
    fn default_per_day() -> u32 {
        20
    }

    fn default_keep() -> Duration {
        Duration::from_secs(Job::default_keep().unsigned_abs())
    }

    /// The Official Account's message.
    pub fn card(&self) -> Card<'_> {
        Card {
            table: Table::Template,
            template_id: &self.template_id,
            page: self.page.as_deref(),
            fields: &self.fields,
            too_long: self.too_long,
        }
    }

    /// The subscribe message of the mini-program that stands in for it.
    pub fn fallback(&self) -> Option<Card<'_>> {
        self.fallback.as_ref().map(|fallback| Card {
            table: Table::Subscribe,
            template_id: &fallback.template_id,
            page: fallback.page.as_deref(),
            fields: &fallback.fields,
            too_long: fallback.too_long.unwrap_or(self.too_long),
        })
    }

    /// What keeps it from ever being sent: each key, and what is wrong with it.
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = self.card().problems();
        if !KEEPS.contains(&self.keep) {
            problems.push(("keep".to_owned(), "keep is not between 1m and 14d".to_owned()));
        }
        let fallback = self.fallback().map(|card| card.problems()).unwrap_or_default();
        let named = |(key, what)| (format!("fallback.{key}"), format!("fallback: {what}"));
        problems.extend(fallback.into_iter().map(named));
        problems
    }

    /// [`Card::render`] of the Official Account's message.
    ///
    /// # Errors
    /// The first field that is missing or not of its type, as a sentence.
    pub fn render(&self, shared: &Data, own: &Data, page: Option<&str>) -> Result<Rendered, String> {
        self.card().render(shared, own, page)
    }

    /// What its texts name and those of its fallback, and `page` instead of their own where the caller gave one.
    pub fn placeholders<'a>(&'a self, page: Option<&'a str>) -> HashSet<&'a str> {
        let cards = [Some(self.card()), self.fallback()].into_iter().flatten();
        cards.flat_map(|card| card.placeholders(page)).collect()
    }
}
