//! The two languages that people are told things in.

/// A language of the sentences that people read; words for programs are the same in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese, simplified.
    Zh,
}

impl Lang {
    /// By a tag such as `zh-CN`, `zh_CN.UTF-8` or `en`; any other language is told English.
    pub fn of_tag(tag: &str) -> Self {
        Self::named(tag).unwrap_or_default()
    }

    /// What a caller reads best, by its `Accept-Language` (RFC 9110, 12.5.4); without one, English.
    pub fn accepted(header: &str) -> Self {
        let weighed = header.split(',').filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse().ok())?;
            Some((weight, Self::named(tag)?)).filter(|(weight, _)| *weight > 0.0)
        });
        // Of two that weigh the same the one that was named first.
        let best = weighed.reduce(|best: (f32, Self), next| if next.0 > best.0 { next } else { best });
        best.map_or(Self::En, |(_, lang)| lang)
    }

    /// One of the two, by a tag that names it.
    fn named(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_', '.', ';']).next().unwrap_or_default();
        language.to_ascii_lowercase().parse().ok()
    }

    /// As an HTTP header names it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// The one of two texts that is in this language.
    pub fn pick<T>(self, en: T, zh: T) -> T {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

/// A sentence in both languages beside each other, of which the one is formatted that is asked for:
/// `in_lang!(lang, "{count} sent", "已发送 {count} 条")`. What the one names and the other does not, the compiler refuses.
#[macro_export]
macro_rules! in_lang {
    ($lang:expr, $en:literal, $zh:literal $(, $($arguments:tt)+)?) => {
        match $lang {
            $crate::Lang::En => format!($en $(, $($arguments)+)?),
            $crate::Lang::Zh => format!($zh $(, $($arguments)+)?),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::Lang;

    #[test]
    fn a_caller_is_told_what_it_reads_best() {
        for (header, lang) in [
            ("", Lang::En),
            ("zh-CN", Lang::Zh),
            ("zh-CN,zh;q=0.9,en;q=0.8", Lang::Zh),
            ("en;q=0.8, zh;q=0.9", Lang::Zh),
            ("fr, zh-TW;q=0.5", Lang::Zh),
            ("fr", Lang::En),
            ("en,zh", Lang::En),
            ("zh;q=0, en;q=0.1", Lang::En),
            ("zh;q=x", Lang::En),
            ("*", Lang::En),
            (";;;,,q=", Lang::En),
        ] {
            assert_eq!(Lang::accepted(header), lang, "{header}");
        }
    }

    #[test]
    fn a_locale_names_a_language() {
        for (tag, lang) in [
            ("zh_CN.UTF-8", Lang::Zh),
            ("zh-Hans-CN", Lang::Zh),
            ("en_US", Lang::En),
            ("C", Lang::En),
            ("zhx", Lang::En),
        ] {
            assert_eq!(Lang::of_tag(tag), lang, "{tag}");
        }
    }
}
