//! The language that people are told things in: chosen once, before anything is said. What programs read is the same in
//! both.

use std::env;
use std::sync::OnceLock;

use contract::Lang;

/// Where the system says it, by POSIX's order; the first that is set counts, whatever it says.
const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The option, on whatever verb.
const OPTION: &str = "--lang";

static CHOSEN: OnceLock<Lang> = OnceLock::new();

/// A sentence in both languages beside each other, of which the one is formatted that was chosen:
/// `say!("{count} sent", "已发送 {count} 条")`. What the one names and the other does not, the compiler refuses.
macro_rules! say {
    ($($told:tt)+) => { contract::in_lang!($crate::lang::chosen(), $($told)+) };
}
pub(crate) use say;

/// The language that was chosen; English before that, and in tests.
pub fn chosen() -> Lang {
    CHOSEN.get().copied().unwrap_or_default()
}

/// Chooses it, the first time that this is called.
pub fn choose(lang: Lang) {
    let _ = CHOSEN.set(lang);
}

/// The one of two texts that is in the chosen language.
pub fn pick<T>(en: T, zh: T) -> T {
    chosen().pick(en, zh)
}

/// What another part of the house says in English alone: in Chinese it stands in brackets behind what it is about.
pub fn about(zh: &str, english: &impl ToString) -> String {
    let english = english.to_string();
    match chosen() {
        Lang::En => english,
        Lang::Zh => format!("{zh}（{}）", english.trim_end_matches('.')),
    }
}

/// What these arguments ask for, else QUEQIAO_LANG, else the system's locale. It is known before the arguments are parsed:
/// their help and their mistakes are told in it.
pub fn wanted(arguments: &[String]) -> Lang {
    let asked = named(arguments).or_else(|| variable("QUEQIAO_LANG"));
    let locale = || LOCALE.iter().find_map(|name| variable(name)).or_else(sys_locale::get_locale);
    asked.or_else(locale).map_or(Lang::En, |tag| Lang::of_tag(&tag))
}

fn named(arguments: &[String]) -> Option<String> {
    let at = arguments.iter().position(|argument| argument.starts_with(OPTION))?;
    match arguments[at].strip_prefix(OPTION)? {
        "" => arguments.get(at + 1).cloned(),
        value => value.strip_prefix('=').map(str::to_owned),
    }
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_known_before_the_arguments_are() {
        let named = |line: &str| named(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(named("queqiao keys list --lang zh --json").as_deref(), Some("zh"));
        assert_eq!(named("queqiao --lang=en keys").as_deref(), Some("en"));
        for line in ["queqiao keys list", "queqiao --lang", "queqiao --language zh"] {
            assert_eq!(named(line), None, "{line}");
        }
    }
}
