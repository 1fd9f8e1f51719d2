//! The types of template fields, by WeChat's parameter table: how long each may be, and what it takes.

use super::characters::{is_chinese, is_currency, is_symbol};
use super::moment::is_time;

/// The types of the table. A field's name is its type and a number: `thing1`, `character_string5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Thing,
    /// Not in the table; nothing longer than five characters is seen.
    ShortThing,
    Number,
    Letter,
    Symbol,
    CharacterString,
    Time,
    Date,
    Amount,
    PhoneNumber,
    CarNumber,
    Name,
    Phrase,
    /// One of the values that WeChat approved for the template, or the empty one.
    Const,
    Enum,
    /// Old templates' `keyword1` and what WeChat may add.
    Other,
}

impl Kind {
    pub(super) fn of(field: &str) -> Self {
        match field.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "thing" => Self::Thing,
            "short_thing" => Self::ShortThing,
            "number" => Self::Number,
            "letter" => Self::Letter,
            "symbol" => Self::Symbol,
            "character_string" => Self::CharacterString,
            "time" => Self::Time,
            "date" => Self::Date,
            "amount" => Self::Amount,
            "phone_number" => Self::PhoneNumber,
            "car_number" => Self::CarNumber,
            "name" => Self::Name,
            "phrase" => Self::Phrase,
            "const" => Self::Const,
            "enum" | "enum_string" => Self::Enum,
            _ => Self::Other,
        }
    }

    /// Whether the type is text, and what is left of it is still true.
    pub(super) fn can_be_cut(self) -> bool {
        match self {
            Self::Thing | Self::ShortThing | Self::CharacterString | Self::Name | Self::Other => true,
            Self::Number
            | Self::Letter
            | Self::Symbol
            | Self::Time
            | Self::Date
            | Self::Amount
            | Self::PhoneNumber
            | Self::CarNumber
            | Self::Phrase
            | Self::Const
            | Self::Enum => false,
        }
    }

    /// The most characters (Unicode, not bytes) WeChat takes.
    pub(super) fn longest(self, value: &str) -> usize {
        match self {
            Self::Thing | Self::Const | Self::Enum => 20,
            Self::Number | Self::Letter | Self::CharacterString => 32,
            Self::ShortThing | Self::Symbol | Self::Phrase => 5,
            // A range of two dated times with seconds, the longest form there is, has 41.
            Self::Time | Self::Date => 48,
            // A currency sign, 12 digits, a point, and 元.
            Self::Amount => 15,
            Self::PhoneNumber => 17,
            Self::CarNumber => 8,
            Self::Name if value.chars().any(is_chinese) => 10,
            Self::Name => 20,
            Self::Other => 200,
        }
    }

    pub(super) fn takes(self, value: &str) -> bool {
        let all = |allowed: fn(char) -> bool| value.chars().all(allowed);
        match self {
            Self::Thing | Self::ShortThing | Self::Const | Self::Enum | Self::Other => true,
            Self::Number => is_decimal(value),
            Self::Letter => all(|c| c.is_ascii_alphabetic()),
            Self::Symbol => all(is_symbol),
            Self::CharacterString => all(|c| c.is_ascii_alphanumeric() || is_symbol(c)),
            Self::Time | Self::Date => is_time(value),
            Self::Amount => is_amount(value),
            Self::PhoneNumber => all(|c| c.is_ascii_digit() || is_symbol(c)),
            Self::CarNumber => is_car_number(value),
            Self::Name => all(|c| !c.is_ascii_digit()),
            Self::Phrase => all(is_chinese),
        }
    }

    pub(super) fn wants(self) -> &'static str {
        match self {
            Self::Thing | Self::ShortThing | Self::Const | Self::Enum | Self::Other => "text",
            Self::Number => "a number such as 42 or 12.5, digits only",
            Self::Letter => "letters only",
            Self::Symbol => "symbols only",
            Self::CharacterString => "letters, digits and symbols, no Chinese",
            Self::Time | Self::Date => "a time such as 15:01 or 2026-11-22 15:01, or two of them joined by ~",
            Self::Amount => "an amount such as ¥100.00 or 100元, of at most 12 digits and without commas",
            Self::PhoneNumber => "digits and symbols",
            Self::CarNumber => "letters and digits, and Chinese as its first and last character",
            Self::Name => "a name, without digits",
            Self::Phrase => "Chinese characters only",
        }
    }
}

/// Digits, and perhaps a point with more of them.
pub(super) fn is_decimal(value: &str) -> bool {
    let are_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let (whole, decimals) = value.split_once('.').unwrap_or((value, "0"));
    are_digits(whole) && are_digits(decimals)
}

/// Perhaps a currency sign, digits, perhaps 元. Subscribe messages have 10 digits, template messages 12.
fn is_amount(value: &str) -> bool {
    let number = value.strip_suffix('元').unwrap_or(value);
    let number = number.strip_prefix(is_currency).unwrap_or(number);
    is_decimal(number) && number.chars().filter(char::is_ascii_digit).count() <= 12
}

/// 粤A8Z888挂.
fn is_car_number(value: &str) -> bool {
    let middle = value.strip_prefix(is_chinese).unwrap_or(value);
    let middle = middle.strip_suffix(is_chinese).unwrap_or(middle);
    middle.chars().all(|c| c.is_ascii_alphanumeric())
}
