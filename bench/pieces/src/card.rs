//! A message's card, from the catalog and a caller's data.

use std::hint::black_box;

use contract::Data;
use shared::catalog::Catalog;

/// Renders it.
pub fn render() -> Box<dyn Fn()> {
    let catalog = Catalog::load(None).expect("the catalog that is built in");
    let shared = [
        ("applicant", "张三"),
        ("kind", "年假"),
        ("submitted_at", "2026-11-22T09:30:00+08:00"),
        ("content", "回家看望父母"),
    ];
    let data = |texts: &[(&str, &str)]| -> Data {
        texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    let (shared, own) = (data(&shared), data(&[("id", "A-42")]));
    Box::new(move || {
        let notification = catalog.find("approval_submitted").expect("an entry");
        black_box(notification.render(&shared, &own, None).expect("a card"));
    })
}
