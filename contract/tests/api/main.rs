//! docs/api.md and its Chinese twin say what the contract says. `UPDATE_DOCS=1 cargo test -p contract` writes them anew.

mod example;
mod fields;
mod headings;
mod kinds;
mod page;
mod words;

use contract::Lang;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

#[test]
fn the_api_pages_are_what_the_contract_says() {
    for (lang, file) in [(Lang::En, "api.md"), (Lang::Zh, "zh/api.md")] {
        let (file, page) = (format!("{DOCS}/{file}"), page::page(lang));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&file, &page).expect("the page is written");
        }
        let written = std::fs::read_to_string(&file).expect("the page is there");
        assert!(written == page, "{file} is out of date: run UPDATE_DOCS=1 cargo test -p contract");
    }
}

/// What is left in English has lost its Chinese because the English was changed; what is left over, too.
#[test]
fn every_sentence_of_the_page_has_a_chinese_one_and_none_is_left_over() {
    let _ = page::page(Lang::Zh);
    let (untranslated, unused) = words::unsettled();
    assert!(
        untranslated.is_empty(),
        "contract/tests/api/zh.txt has no Chinese of:\n{}",
        untranslated.join("\n")
    );
    assert!(
        unused.is_empty(),
        "contract/tests/api/zh.txt has Chinese of what the contract does not say:\n{}",
        unused.join("\n")
    );
}
