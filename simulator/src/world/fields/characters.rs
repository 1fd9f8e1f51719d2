//! The kinds of characters in WeChat's table.

pub(super) fn is_ascii_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A Chinese character: 〇, extension A, the first block, the compatibility block, planes 2 and 3.
pub(super) fn is_chinese(c: char) -> bool {
    matches!(u32::from(c), 0x3007 | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// All that is no letter and no digit, a blank too.
pub(super) fn is_symbol(c: char) -> bool {
    !c.is_alphanumeric()
}

pub(super) fn is_currency_sign(c: char) -> bool {
    "$¢£¤¥＄￠￡￥￦".contains(c) || matches!(c, '\u{20a0}'..='\u{20cf}')
}

/// Blank or invisible: a value of such characters alone is empty.
pub(super) fn shows_nothing(c: char) -> bool {
    c.is_whitespace() || spoils_the_line(c) || is_default_ignorable(c)
}

/// Breaks the line, turns its direction, or hides in it. Emoji and variants of Chinese characters need some
/// invisible ones: the joiner U+200D, variation selectors, and tags.
pub(super) fn spoils_the_line(c: char) -> bool {
    match u32::from(c) {
        0x200d | 0xfe00..=0xfe0f | 0xe0020..=0xe007f | 0xe0100..=0xe01ef => false,
        // Separators of lines and paragraphs; directions; the blank of braille; marks of annotations.
        0x2028..=0x202e | 0x2800 | 0xfff9..=0xfffb => true,
        // What Unicode will never make a character.
        0xfdd0..=0xfdef => true,
        code if code & 0xfffe == 0xfffe => true,
        _ => c.is_control() || is_default_ignorable(c),
    }
}

/// Unicode's property of that name: what a program that does not know it shows as nothing.
fn is_default_ignorable(c: char) -> bool {
    matches!(u32::from(c), 0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
        | 0xfff0..=0xfff8 | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}
