//! What WeChat's table calls Chinese, symbols and control characters.

/// A Chinese character, those of the extensions and 〇 too.
pub(super) fn is_chinese(c: char) -> bool {
    // The second and third plane hold nothing else.
    matches!(c, '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Neither letter nor digit of any script.
pub(super) fn is_symbol(c: char) -> bool {
    !c.is_alphanumeric()
}

/// The currency signs of Unicode (`Sc`) that money has today.
pub(super) fn is_currency(c: char) -> bool {
    matches!(c, '$' | '¢'..='¥' | '\u{20a0}'..='\u{20cf}' | '＄' | '￠' | '￡' | '￥' | '￦')
}

/// Control characters, and what shows nothing: separators of lines, marks of direction, zero-width spaces,
/// fillers, noncharacters. Unicode's `Default_Ignorable_Code_Point` and the braille blank, without what [`is_joiner`] has.
pub(super) fn is_hidden(c: char) -> bool {
    let ignorable = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    let noncharacter =
        matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) || ('\u{fdd0}'..='\u{fdef}').contains(&c);
    c.is_control() || noncharacter || (ignorable && !is_joiner(c))
}

/// What joins or varies the characters beside it, in emoji and in Chinese; alone it shows nothing.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}
