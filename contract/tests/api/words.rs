//! The words of the page in both languages, and the Chinese of the contract's own sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex};

use contract::Lang;

/// Pairs of lines: a sentence of the contract, and the same in Chinese. By its words, so that who changes the English
/// is told of the Chinese.
const CHINESE: &str = include_str!("zh.txt");

static PAIRS: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let pairs = CHINESE.split("\n\n").map(|pair| pair.trim().split_once('\n').expect("two lines each"));
    pairs.collect()
});

/// What was looked up so far.
static USED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// A sentence of the contract, in a language.
pub fn told(english: &str, lang: Lang) -> String {
    let english = english.split_whitespace().collect::<Vec<_>>().join(" ");
    if lang == Lang::En || english.is_empty() {
        return english;
    }
    let chinese = PAIRS.get(english.as_str()).map(|&chinese| chinese.to_owned());
    USED.lock().expect("no panic while it was held").insert(english.clone());
    chinese.unwrap_or(english)
}

/// Sentences that were looked up and have no Chinese, and Chinese of sentences that nobody asked for.
pub fn unsettled() -> (Vec<String>, Vec<String>) {
    let used = USED.lock().expect("no panic while it was held");
    let untranslated = used.iter().filter(|english| !PAIRS.contains_key(english.as_str())).cloned();
    let unused = PAIRS.keys().filter(|english| !used.contains(**english)).map(|&english| english.to_owned());
    (untranslated.collect(), unused.collect())
}
