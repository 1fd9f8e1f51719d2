//! GET /templates: the catalog beside the templates that the accounts really have.

use serde::{Deserialize, Serialize};

use crate::Channel;

/// The catalog in force beside the accounts' templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Templates {
    /// What each notification is sent by: the Official Account's message and, where it has one, its fallback.
    pub entries: Vec<EntryCard>,
    /// The templates that no notification uses.
    pub unused: Vec<UnusedTemplate>,
    /// How old the lists are that this goes by.
    pub fetched_at: FetchedAt,
}

/// When WeChat listed the templates, in Unix seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FetchedAt {
    /// Those of the Official Account; absent where it never has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oa: Option<i64>,
    /// Those of the mini-program; absent where it never has: they are listed where the catalog has a fallback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mini: Option<i64>,
}

/// A card as the catalog fills it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntryCard {
    /// The entry of the catalog.
    pub notification: String,
    /// Whether it is the Official Account's message or the fallback.
    pub channel: Channel,
    /// The template that the entry names.
    pub template_id: String,
    /// The template's title; absent where the account has no such template, or its templates were never listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The page that a tap opens, with its placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The template's lines in their order, then fields that it does not have.
    pub lines: Vec<CardLine>,
    /// What WeChat would refuse, or not show.
    pub problems: Vec<TemplateProblem>,
}

/// A template that the catalog does not name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnusedTemplate {
    /// What messages of it would be: the Official Account's, or the mini-program's.
    pub channel: Channel,
    /// Its id.
    pub template_id: String,
    /// Its title.
    pub title: String,
    /// Its lines in their order.
    pub lines: Vec<CardLine>,
}

/// A line of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CardLine {
    /// What the template has before the value; absent where the template is not known, or has no such field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The field.
    pub field: String,
    /// What the catalog fills it with, with its placeholders; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What the catalog says of the value, where it says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The values that are approved for it, where WeChat tells them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// What a value is given in, or how much of it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// An amount is given in fen, a hundredth of a yuan.
    Fen,
    /// A time is shown to the day: `2026-11-28`. What a `date` has by itself.
    Day,
    /// A time is shown to the minute: `2026-11-28 20:03`. What a `time` has by itself.
    Minute,
    /// A time is shown to the second: `2026-11-28 20:03:00`.
    Second,
}

/// Something about a notification that the account's template does not bear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TemplateProblem {
    /// The entry of the catalog.
    pub notification: String,
    /// In its message, or in its fallback.
    pub channel: Channel,
    /// In which field, where it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What.
    pub reason: Misfit,
    /// What to do about it, in a sentence.
    pub remedy: String,
}

/// Why a notification and its template do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Misfit {
    /// The account has no such template: no message of it arrives.
    UnknownTemplate,
    /// The template has no such field: WeChat drops it without a word.
    UnknownField,
    /// The template has a field that is left empty: WeChat refuses the message (47003).
    EmptyField,
    /// A field has a text that is none of the approved values: WeChat refuses the message (47003).
    NotApproved,
}
