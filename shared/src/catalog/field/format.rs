//! What programs have, in the forms of WeChat's table: timestamps and ISO 8601 as Beijing's time, bare numbers as
//! amounts, long texts cut.

use contract::Format;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Iso8601;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};
use unicode_segmentation::UnicodeSegmentation;

use super::kind::is_decimal;
use super::moment::{is_moment, is_time};

/// Beijing's offset from UTC, all year.
const BEIJING: UtcOffset = match UtcOffset::from_hms(8, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

/// What stands for what was cut off.
const ELLIPSIS: char = '…';

/// What becomes of a text that is longer than its field takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TooLong {
    /// The message is rejected: nothing is lost without a word.
    #[default]
    Reject,
    /// It is cut between two characters as people see them, and ends in an ellipsis.
    Truncate,
}

impl TooLong {
    pub(in crate::catalog) fn is_reject(&self) -> bool {
        *self == Self::Reject
    }
}

/// A moment, or two joined by `~`, each of which is WeChat's already or can be read; `None` where that is not so, and
/// where nothing is to be done.
pub(super) fn time(value: &str, shown: Format) -> Option<String> {
    if is_time(value) {
        return None;
    }
    let ends = value.split('~').map(str::trim);
    let ends = ends.map(|end| match is_moment(end) {
        true => Some(end.to_owned()),
        false => in_beijing(end).map(|at| show(at, shown)),
    });
    Some(ends.collect::<Option<Vec<_>>>()?.join("~"))
}

fn show(at: OffsetDateTime, shown: Format) -> String {
    let day = format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day());
    match shown {
        Format::Second => format!("{day} {:02}:{:02}:{:02}", at.hour(), at.minute(), at.second()),
        Format::Minute => format!("{day} {:02}:{:02}", at.hour(), at.minute()),
        Format::Day | Format::Fen => day,
    }
}

/// A timestamp, or a date and time of ISO 8601. Without an offset it is Beijing's: so are the users.
fn in_beijing(text: &str) -> Option<OffsetDateTime> {
    if let Some(at) = timestamp(text) {
        return OffsetDateTime::from_unix_timestamp(at).ok()?.checked_to_offset(BEIJING);
    }
    // RFC 3339 lets a blank stand for the T, and small letters for both.
    let text = text.to_ascii_uppercase().replacen(' ', "T", 1);
    match OffsetDateTime::parse(&text, &Iso8601::PARSING) {
        // The parser takes a few more than there are.
        Ok(at) if at.offset().whole_hours().unsigned_abs() < 24 => at.checked_to_offset(BEIJING),
        Ok(_) => None,
        Err(_) => Some(PrimitiveDateTime::parse(&text, &Iso8601::PARSING).ok()?.assume_offset(BEIJING)),
    }
}

/// Unix seconds, of 10 digits and perhaps with a fraction, or milliseconds, of 13: from 2001 to 2286. A number of 8, 12 or
/// 14 digits is rather a date written in one, and so are some of 10: they are left for WeChat's table to refuse.
fn timestamp(text: &str) -> Option<i64> {
    let whole = text.split('.').next()?;
    let number: i64 = whole.parse().ok().filter(|_| is_decimal(text))?;
    match whole.len() {
        10 if number >= 1_000_000_000 && !is_date_and_hour(whole) => Some(number),
        13 if number >= 1_000_000_000_000 => Some(number / 1000),
        _ => None,
    }
}

/// `2026112820`: eight in the evening, or a moment of 2034.
fn is_date_and_hour(ten_digits: &str) -> bool {
    let pair = |at: usize| ten_digits[at..at + 2].parse().unwrap_or(u8::MAX);
    pair(0) == 20 && (1..=12).contains(&pair(4)) && (1..=31).contains(&pair(6)) && pair(8) < 24
}

/// An amount with its sign, of a number without one. Decimals are filled up to two, and never cut.
pub(super) fn yuan(value: &str) -> String {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let whole = whole.trim_start_matches('0');
    format!("¥{whole:0>1}.{decimals:0<2}")
}

/// An amount with its sign, of whole fen.
pub(super) fn fen(value: &str) -> String {
    let padded = format!("{:0>3}", value.trim_start_matches('0'));
    let (yuan, fen) = padded.split_at(padded.len() - 2);
    format!("¥{yuan}.{fen}")
}

/// So much of a text as leaves room for the ellipsis; `None` where that is nothing.
pub(super) fn truncate(value: &str, longest: usize) -> Option<String> {
    let (mut kept, mut length) = (String::new(), 0);
    for cluster in value.graphemes(true) {
        length += cluster.chars().count();
        if length >= longest {
            break;
        }
        kept += cluster;
    }
    let kept = kept.trim_end();
    (!kept.is_empty()).then(|| format!("{kept}{ELLIPSIS}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::unescape;
    use super::super::{Rules, Table, render};
    use super::*;

    /// What an entry says, as the vectors' column `rules` has it: a format, a policy, or whose table it is.
    fn rules(name: &str) -> (Table, Rules) {
        let quoted = serde_json::Value::from(name);
        let format = serde_json::from_value(quoted.clone()).ok();
        let too_long: Option<TooLong> = serde_json::from_value(quoted).ok();
        let table = if name == "subscribe" { Table::Subscribe } else { Table::Template };
        let is_known = name.is_empty() || format.is_some() || too_long.is_some() || name == "subscribe";
        assert!(is_known, "{name} is no rule");
        (table, Rules { format, too_long: too_long.unwrap_or_default() })
    }

    #[test]
    fn every_vector_is_rendered_or_refused_as_it_says() {
        let (mut wrong, mut count) = (Vec::new(), 0);
        for row in include_str!("../../../../vectors/formats.tsv").lines().skip(1) {
            let [kind, named, value, verdict, result, _why] = row.split('\t').collect::<Vec<_>>()[..] else {
                panic!("six columns: {row}");
            };
            let expected = match verdict {
                "rendered" => Ok(unescape(result)),
                "refused" => Err(result.to_owned()),
                _ => panic!("{verdict} is no verdict"),
            };
            let (table, rules) = rules(named);
            let rendered = render(table, &format!("{kind}1"), &unescape(value), rules);
            if rendered != expected {
                wrong.push(format!("{kind} {named} {value}: {rendered:?}, and not {expected:?}"));
            }
            // What was rendered once is rendered: nothing is formatted twice.
            if let Ok(Err(again)) =
                rendered.map(|once| match render(table, &format!("{kind}1"), &once, rules) {
                    Ok(twice) if twice == once => Ok(()),
                    again => Err(again),
                })
            {
                wrong.push(format!("{kind} {named} {value} a second time: {again:?}"));
            }
            count += 1;
        }
        assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
        assert!(count >= 250, "{count}");
    }
}
