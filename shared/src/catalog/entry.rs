//! An entry of `notifications.toml`: a notification.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use contract::{Channel, Data};
use serde::{Deserialize, Serialize};

use super::card::{Card, Rendered, Unfit};
use super::field::{Table, TooLong};
use super::text::Text;
use crate::job::{Job, Prefer};

/// What a message may wait: less is over before a second try, more than the queue keeps it is no use.
const KEEPS: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(14 * 24 * 3600);

/// One entry of `notifications.toml`.
// As such it is kept with the batches it was used for: what a newer deployment adds to it is passed over there, and
// refused in the file.
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
    #[cfg_attr(
        feature = "schema",
        schemars(with = "String", regex(pattern = r"^ *([0-9]+ *[A-Za-z]+ *)+$"))
    )]
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
#[serde(expecting = "a table")]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

    /// Both, each with what it is sent by.
    pub fn cards(&self) -> impl Iterator<Item = (Channel, Card<'_>)> {
        let fallback = self.fallback().map(|card| (Channel::Subscribe, card));
        [(Channel::Template, self.card())].into_iter().chain(fallback)
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
    /// As there.
    pub fn render(&self, shared: &Data, own: &Data, page: Option<&str>) -> Result<Rendered, Unfit> {
        self.card().render(shared, own, page)
    }

    /// What its texts name and those of its fallback, and `page` instead of their own where the caller gave one.
    pub fn placeholders<'a>(&'a self, page: Option<&'a str>) -> HashSet<&'a str> {
        self.cards().flat_map(|(_, card)| card.placeholders(page)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;

    const LONG: &str = "一二三四五六七八九十一二三四五六七八九十一";
    const CUT: &str = "一二三四五六七八九十一二三四五六七八九…";

    fn entry(text: &str) -> Notification {
        let catalog = Catalog::parse(&format!("[a]\n{text}")).expect("a catalog");
        catalog.find("a").expect("an entry").clone()
    }

    fn data<const N: usize>(data: [(&str, &str); N]) -> Data {
        data.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn a_long_text_is_cut_where_the_field_or_else_the_entry_says_so() {
        let entry = entry(
            "template_id = 't'\ntoo_long = 'truncate'\nfields = { thing1 = '{x}', thing2 = { text = '{y}', too_long = 'reject' } }",
        );
        let render = |x, y| entry.render(&data([("x", x), ("y", y)]), &Data::new(), None);
        assert_eq!(render(LONG, "y").expect("cut").data["thing1"], CUT);
        assert_eq!(
            render("x", LONG),
            Err(Unfit(vec!["thing2 takes at most 20 characters, not 21".to_owned()]))
        );
    }

    #[test]
    fn a_fallback_is_a_message_of_its_own_with_the_entrys_policy_unless_it_has_one() {
        let text = "template_id = 't'\ntoo_long = 'truncate'\nfields.thing1 = '{x}'\n\
                    fallback = { template_id = 's', page = 'p?y={y}', fields = { thing7 = '{x}', date8 = '{at}' } }";
        let whole = entry(text);
        let fallback = whole.fallback().expect("a fallback");
        assert_eq!((fallback.template_id, fallback.page), ("s", Some("p?y={y}")));
        let filled = data([("x", LONG), ("y", "1&2"), ("at", "1795881600")]);
        let rendered = fallback.render(&filled, &Data::new(), None).expect("rendered");
        assert_eq!(rendered.page.as_deref(), Some("p?y=1%262"));
        assert_eq!(rendered.data, data([("thing7", CUT), ("date8", "2026-11-29")]));
        let own = entry(&text.replace("'s',", "'s', too_long = 'reject',"));
        let refused = own.fallback().expect("a fallback").render(&filled, &Data::new(), None);
        assert_eq!(refused, Err(Unfit(vec!["thing7 takes at most 20 characters, not 21".to_owned()])));
        // What either needs is kept with a batch.
        assert_eq!(whole.placeholders(None), ["x", "y", "at"].into());
        assert_eq!(whole.placeholders(Some("q?z={z}")), ["x", "z", "at"].into());
        assert!(entry("template_id = 't'\nfields.thing1 = 'x'").fallback().is_none());
    }

    #[test]
    fn an_entry_is_kept_as_it_was_written_and_one_of_before_is_read() {
        let plain = json!({
            "template_id": "t", "page": null, "fields": { "thing1": "{x}" }, "allow": "service", "prefer": "once",
            "keep": "1day", "per_day": 20,
        });
        let read: Notification = serde_json::from_value(plain.clone()).expect("an entry of before");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), plain);
        let mut whole = plain;
        whole["too_long"] = json!("truncate");
        whole["fields"]["time2"] = json!({ "text": "{at}", "format": "day" });
        whole["fields"]["thing3"] = json!({ "text": "{x}", "too_long": "reject" });
        whole["fallback"] =
            json!({ "template_id": "s", "page": "p", "fields": { "thing1": "{x}" }, "too_long": "reject" });
        let read: Notification = serde_json::from_value(whole.clone()).expect("an entry");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), whole);
    }
}
