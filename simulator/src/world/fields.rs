//! What a template field may hold: WeChat's table of typed parameters.

/// Whether a value fits the type its key names (`thing1` is a `thing`).
pub(crate) fn is_valid(key: &str, value: &str) -> bool {
    if value.trim().is_empty() || value.chars().any(char::is_control) {
        return false;
    }
    let length = value.chars().count();
    match key.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "thing" | "const" | "enum" | "enum_string" => length <= 20,
        "short_thing" => length <= 5,
        "character_string" => length <= 32 && value.chars().all(is_ascii_text),
        "number" => length <= 32 && is_number(value),
        "letter" => length <= 32 && value.chars().all(|c| c.is_ascii_alphabetic()),
        "symbol" => length <= 5 && !value.chars().any(char::is_alphanumeric),
        "phrase" => length <= 5 && value.chars().all(is_chinese),
        "name" => is_name(value, length),
        "amount" => is_amount(value),
        "phone_number" => length <= 17 && value.chars().all(|c| is_ascii_text(c) && !c.is_ascii_alphabetic()),
        "car_number" => length <= 8 && is_car_number(value, length),
        "time" | "date" => is_time(value),
        // A template from before the types: anything goes.
        _ => true,
    }
}

fn is_ascii_text(c: char) -> bool {
    c.is_ascii_graphic() || c == ' '
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

fn is_number(value: &str) -> bool {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    digits(whole) && digits(decimals)
}

/// Ten characters if one of them is Chinese, else twenty; never a digit.
fn is_name(value: &str, length: usize) -> bool {
    let longest = if value.chars().any(is_chinese) { 10 } else { 20 };
    length <= longest && !value.chars().any(char::is_numeric)
}

/// At most one sign of a currency, ten digits, and 元.
fn is_amount(value: &str) -> bool {
    let value = value.strip_suffix('元').unwrap_or(value);
    let value = value.strip_prefix(|c: char| !c.is_alphanumeric() && c != '.' && c != '-').unwrap_or(value);
    is_number(value) && value.chars().filter(char::is_ascii_digit).count() <= 10
}

/// 粤A8Z888挂: only the first and the last may be Chinese.
fn is_car_number(value: &str, length: usize) -> bool {
    value.chars().enumerate().all(|(n, c)| {
        let at_an_end = n == 0 || n + 1 == length;
        c.is_ascii_alphanumeric() || (at_an_end && is_chinese(c))
    })
}

/// A date, a time of day or both, or a range of these with `~`.
fn is_time(value: &str) -> bool {
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

fn is_time_of_day(word: &str) -> bool {
    match numbers(word, ":").as_deref() {
        Some([hour, minute]) => *hour < 24 && *minute < 60,
        Some([hour, minute, second]) => *hour < 24 && *minute < 60 && *second < 60,
        _ => false,
    }
}

/// y年m月d日, y年m月, m月d日, or the same with `-`, `/` or `.` between the numbers.
fn is_date(word: &str) -> bool {
    let chinese = word.strip_suffix(['日', '月']).map(|rest| rest.replace(['年', '月'], "-"));
    let dashed = chinese.as_deref().unwrap_or(word);
    let parts = ["-", "/", "."].into_iter().find_map(|separator| numbers(dashed, separator));
    match parts.as_deref() {
        Some([year, month, day]) => is_year(*year) && is_month(*month) && is_day(*day),
        Some([year, month]) if is_year(*year) => is_month(*month),
        Some([month, day]) => is_month(*month) && is_day(*day),
        _ => false,
    }
}

fn is_year(number: u32) -> bool {
    (1000..10_000).contains(&number)
}

fn is_month(number: u32) -> bool {
    (1..=12).contains(&number)
}

fn is_day(number: u32) -> bool {
    (1..=31).contains(&number)
}

/// Two or more numbers with this separator between them.
fn numbers(word: &str, separator: &str) -> Option<Vec<u32>> {
    let parts: Vec<&str> = word.split(separator).collect();
    let all_digits = parts.iter().all(|part| part.chars().all(|c| c.is_ascii_digit()));
    if parts.len() < 2 || !all_digits {
        return None;
    }
    parts.into_iter().map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_valid(key: &str, values: &[&str]) {
        for value in values {
            assert!(is_valid(key, value), "{key} takes {value:?}");
        }
    }

    fn none_valid(key: &str, values: &[&str]) {
        for value in values {
            assert!(!is_valid(key, value), "{key} refuses {value:?}");
        }
    }

    #[test]
    fn a_thing_has_up_to_twenty_characters_on_one_line() {
        all_valid("thing1", &["请假", "一二三四五六七八九十一二三四五六七八九十", "a b, c!"]);
        none_valid(
            "thing1",
            &["", "  ", "一二三四五六七八九十一二三四五六七八九十一", "two\nlines", "tab\t"],
        );
    }

    #[test]
    fn a_character_string_has_no_chinese() {
        all_valid("character_string12", &["QJ-20260301-0007", &"9".repeat(32)]);
        none_valid("character_string12", &["单号7", &"9".repeat(33)]);
    }

    #[test]
    fn a_time_is_a_date_a_time_of_day_or_both() {
        for key in ["time3", "date3"] {
            all_valid(
                key,
                &["15:01", "15:01:30", "2019年10月1日 15:01", "2019年10月1日", "2019年10月", "10月1日"],
            );
            all_valid(key, &["2019-12-25 09:42", "2019/12/25", "2019.12.25", "2025-11-29 10:00:00~12:00:00"]);
            none_valid(
                key,
                &["tomorrow", "2019-13-25", "25:00", "2019-12-25T09:42:00Z", "1577238120", "明天", "1~2~3"],
            );
            none_valid(
                key,
                &[
                    "2019-12-32",
                    "12月32日",
                    "00:60",
                    "10:00 2019-12-25",
                    "2019-12-25 09:42 10:00",
                    "~",
                    "2019年10月1日x",
                ],
            );
        }
    }

    #[test]
    fn the_other_types_keep_to_their_table() {
        all_valid("number1", &["7", "7.25"]);
        none_valid("number1", &["7a", "1.", "-", "1.2.3", "七"]);
        all_valid("letter1", &["abcXYZ"]);
        none_valid("letter1", &["abc1"]);
        all_valid("symbol1", &["+-*"]);
        none_valid("symbol1", &["+-*/=!", "a"]);
        all_valid("phrase1", &["已通过"]);
        none_valid("phrase1", &["一二三四五六", "ok", "已通过!"]);
        all_valid("name1", &["王小明", "John Smith"]);
        none_valid("name1", &["一二三四五六七八九十一", "abcdefghijklmnopqrstu", "王小明1"]);
        all_valid("amount1", &["¥100.50", "100元", "￥1234567890", "$3"]);
        none_valid("amount1", &["12345678901", "¥¥1", "-3", "元"]);
        all_valid("phone_number1", &["+86-0766-66888866"]);
        none_valid("phone_number1", &["+86-0766-668888666", "call me"]);
        all_valid("car_number1", &["粤A8Z888挂"]);
        none_valid("car_number1", &["粤A8挂888", "粤A8Z88888挂"]);
        none_valid("const1", &["一二三四五六七八九十一二三四五六七八九十一"]);
    }
}
