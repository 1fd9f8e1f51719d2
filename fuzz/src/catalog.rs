//! `notifications.toml`, and the entries that are kept with their batches.

use std::time::Duration;

use contract::Data;
use contract::send::LONGEST_PAGE;
use serde_json::Value;
use shared::catalog::{Card, Catalog, Notification, Problems};

/// Takes the input for the text of a catalog.
pub fn catalog(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let catalog = match Catalog::parse(text) {
        Ok(catalog) => catalog,
        Err(problems) => return assert_are_told(text, &problems),
    };
    let (pushed, unknown) = Catalog::parse_pushed(text).expect("what was checked can be read");
    assert_eq!((pushed.count(), unknown.len()), (catalog.count(), 0));
    let entries: toml::Table = text.parse().expect("what a catalog is read from is TOML");
    for name in entries.keys() {
        let notification = catalog.find(name).expect("every table is an entry");
        assert_is_sendable(notification);
        kept_with_a_batch(notification);
        cards(notification).for_each(filled);
    }
}

/// Something is told, and each on a line that there is.
fn assert_are_told(text: &str, Problems(problems): &Problems) {
    let lines = 1 + text.bytes().filter(|byte| *byte == b'\n').count();
    assert!(!problems.is_empty() && problems.iter().all(|problem| (1..=lines).contains(&problem.line)));
}

fn assert_is_sendable(notification: &Notification) {
    let keeps = Duration::from_secs(60)..=Duration::from_secs(14 * 24 * 3600);
    assert!(keeps.contains(&notification.keep));
    for card in cards(notification) {
        assert!(!card.template_id.is_empty());
        // Of what needs no data nothing can be missing, and nothing can be wrong.
        if card.placeholders(None).is_empty() {
            assert_eq!(card.render(&Data::new(), &Data::new(), None).err(), None);
        }
    }
}

/// The message, and the one that stands in for it.
fn cards(notification: &Notification) -> impl Iterator<Item = Card<'_>> {
    [Some(notification.card()), notification.fallback()].into_iter().flatten()
}

/// What is written beside a batch is read as what it was.
fn kept_with_a_batch(notification: &Notification) {
    let written = json(notification);
    let read: Notification = serde_json::from_value(written.clone()).expect("an entry that was kept");
    assert_eq!(json(&read), written);
}

fn json(notification: &Notification) -> Value {
    serde_json::to_value(notification).expect("an entry is JSON")
}

/// With everything that its texts name nothing is missing, and without it something is.
fn filled(card: Card<'_>) {
    let needs = card.placeholders(None);
    let data: Data = needs.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect();
    match card.render(&data, &Data::new(), None) {
        Ok(rendered) => assert!(rendered.page.is_none_or(|page| page.len() <= LONGEST_PAGE)),
        Err(problem) => assert!(!problem.to_string().contains("needs data."), "{problem}"),
    }
    let own = card.render(&Data::new(), &data, None);
    assert_eq!(own, card.render(&data, &Data::new(), None));
    assert!(needs.is_empty() || card.render(&Data::new(), &Data::new(), None).is_err());
}
