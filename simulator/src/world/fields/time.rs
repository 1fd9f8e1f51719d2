//! What a `time` and a `date` may hold.

use std::ops::RangeInclusive;

use super::characters::is_ascii_digits;

/// A date, a time of day or both, or a range of these with `~`.
pub(super) fn is_time(value: &str) -> bool {
    let ends: Vec<&str> = value.split('~').collect();
    ends.len() <= 2 && ends.into_iter().all(is_moment)
}

fn is_moment(text: &str) -> bool {
    let spaced = text.replace('日', "日 ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    match words.as_slice() {
        [one] => is_date(one) || is_time_of_day(one),
        [date, time] => is_date(date) && is_time_of_day(time),
        _ => false,
    }
}

/// 24 hours; H:MM or HH:MM, perhaps with seconds.
fn is_time_of_day(word: &str) -> bool {
    let parts: Vec<&str> = word.split(':').collect();
    match parts.as_slice() {
        [hour, rest @ ..] if matches!(rest.len(), 1 | 2) => {
            is_number(hour, 1..=2, 0..=23) && rest.iter().all(|part| is_number(part, 2..=2, 0..=59))
        }
        _ => false,
    }
}

fn is_date(word: &str) -> bool {
    is_chinese_date(word) || ["-", "/", "."].into_iter().any(|mark| is_marked_date(word, mark))
}

/// y年m月d日, y年m月, m月d日.
fn is_chinese_date(word: &str) -> bool {
    let (year, rest) = word.split_once('年').map_or((None, word), |(year, rest)| (Some(year), rest));
    let Some((month, rest)) = rest.split_once('月') else { return false };
    let day_fits = match rest.strip_suffix('日') {
        Some(day) => is_day(day),
        None => rest.is_empty() && year.is_some(),
    };
    year.is_none_or(is_year) && is_month(month) && day_fits
}

/// The same three with one mark between the numbers.
fn is_marked_date(word: &str, mark: &str) -> bool {
    let parts: Vec<&str> = word.split(mark).collect();
    match parts.as_slice() {
        [year, month, day] => is_year(year) && is_month(month) && is_day(day),
        [year, month] if is_year(year) => is_month(month),
        [month, day] => is_month(month) && is_day(day),
        _ => false,
    }
}

fn is_year(text: &str) -> bool {
    is_number(text, 4..=4, 1000..=9999)
}

fn is_month(text: &str) -> bool {
    is_number(text, 1..=2, 1..=12)
}

/// Days are not counted by the month: nobody has seen what WeChat says to a 30th of February.
fn is_day(text: &str) -> bool {
    is_number(text, 1..=2, 1..=31)
}

fn is_number(text: &str, digits: RangeInclusive<usize>, range: RangeInclusive<u16>) -> bool {
    digits.contains(&text.len())
        && is_ascii_digits(text)
        && text.parse().is_ok_and(|number| range.contains(&number))
}
