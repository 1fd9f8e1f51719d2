//! POST /send?dry_run=true: what would be sent.

use serde::{Deserialize, Serialize};

use crate::{Channel, Recipient, Rejected, TemplateProblem};

/// The most recipients of a dry run: an answer that shows a card for each has room for no more.
pub const MOST_PREVIEWS: usize = 500;

/// What a call would come to: nothing was written, counted or sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DryRun {
    /// Who would get what.
    pub messages: Vec<Preview>,
    /// Who would get nothing, as far as can be known before WeChat is asked.
    pub rejected: Vec<Rejected>,
    /// What WeChat would refuse of all of them, by the templates that the accounts have.
    pub problems: Vec<TemplateProblem>,
}

/// A message that would be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preview {
    /// The recipient's place in the call, from 1.
    pub n: u32,
    /// As the call named them.
    pub to: Recipient,
    /// By which of WeChat's messages.
    pub channel: Channel,
    /// What they would see.
    pub card: PreviewCard,
    /// What WeChat would refuse of this one, or of the fallback that stands in for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<TemplateProblem>,
}

/// A card as a user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviewCard {
    /// The template.
    pub template_id: String,
    /// The template's title; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The page that a tap opens; absent where it opens none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// In the template's order, as far as it is known.
    pub lines: Vec<PreviewLine>,
}

/// A line of a card, filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviewLine {
    /// What the template has before the value; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The field.
    pub field: String,
    /// The value as WeChat would get it.
    pub value: String,
}
