//! The values that fill a notification, in a field of every type and in a page.

use std::sync::LazyLock;

use contract::Data;
use contract::send::LONGEST_PAGE;
use shared::catalog::{Catalog, Notification};

/// The types of WeChat's table, and the most characters that each takes.
const KINDS: [(&str, usize); 17] = [
    ("amount", 15),
    ("car_number", 8),
    ("character_string", 32),
    ("const", 20),
    ("date", 48),
    ("enum", 20),
    ("first", 200),
    ("keyword", 200),
    ("letter", 32),
    ("name", 20),
    ("number", 32),
    ("phone_number", 17),
    ("phrase", 5),
    ("short_thing", 5),
    ("symbol", 5),
    ("thing", 20),
    ("time", 48),
];

/// Of these a value may come to stand there in another form.
const FORMATTED: [&str; 3] = ["amount", "date", "time"];

/// Those of which a long text is cut where the entry says so.
const CUT: [&str; 6] = ["character_string", "first", "keyword", "name", "short_thing", "thing"];

/// Values each of which some types do not take: what is told of them is all that is told of a type.
const PROBES: [&str; 7] = ["", " ", "\u{1}x", "x", "1", "张", "-"];

/// An entry with one field for each type, one for each that is cut, and one with a page.
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let entry = |kind| format!("[{kind}]\ntemplate_id = 't'\nfields.{kind}1 = '{{value}}'\n");
    let page = "[page]\ntemplate_id = 't'\npage = 'p?a={value}&b={value}'\nfields.thing1 = '1'\n";
    let entries: String = KINDS.iter().map(|(kind, _)| entry(kind)).collect();
    let cut = |kind| {
        format!("[cut_{kind}]\ntemplate_id = 't'\ntoo_long = 'truncate'\nfields.{kind}1 = '{{value}}'\n")
    };
    let cut: String = CUT.into_iter().map(cut).collect();
    Catalog::parse(&format!("{entries}{cut}{page}")).expect("it is a catalog")
});

/// Takes the input for a value, and for a page that a caller chose.
pub fn fields(data: &[u8]) {
    let Ok(value) = str::from_utf8(data) else { return };
    let data: Data = [("value".to_owned(), value.to_owned())].into();
    for (kind, longest) in KINDS {
        in_a_field(kind, longest, value, &data);
    }
    for kind in CUT {
        cut(kind, value, &data);
    }
    in_a_page(value, &data);
    for_a_page(value, &data);
}

fn in_a_field(kind: &str, longest: usize, value: &str, data: &Data) {
    let field = format!("{kind}1");
    match entry(kind).render(data, &Data::new(), None) {
        Ok(rendered) => {
            let rendered = &rendered.data[&field];
            assert!(rendered == value || FORMATTED.contains(&kind), "{kind} {value:?} {rendered:?}");
            assert!(rendered.chars().count() <= longest, "{kind} {rendered:?}");
            assert!(!value.trim().is_empty() || kind == "const", "{kind} {value:?}");
            assert!(!value.chars().any(char::is_control), "{kind} {value:?}");
        }
        Err(told) => assert!(is_ours(&told.to_string(), kind, longest, value), "{told}"),
    }
}

/// What is left of a text that is cut is its beginning.
fn cut(kind: &str, value: &str, data: &Data) {
    let longest = KINDS.iter().find(|(name, _)| *name == kind).expect("a type").1;
    let Ok(rendered) = entry(&format!("cut_{kind}")).render(data, &Data::new(), None) else { return };
    let rendered = &rendered.data[&format!("{kind}1")];
    assert!(rendered.chars().count() <= longest, "{kind} {rendered:?}");
    let kept = rendered.strip_suffix('…').unwrap_or_default();
    assert!(rendered == value || (!kept.is_empty() && value.starts_with(kept)), "{kind} {value:?}");
}

/// Whether a refusal says of a value how long it is, and nothing else.
fn is_ours(told: &str, kind: &str, longest: usize, value: &str) -> bool {
    let lengths = told.strip_prefix(kind).and_then(|told| told.strip_prefix("1 takes at most "));
    if let Some((most, length)) = lengths.and_then(|lengths| lengths.split_once(" characters, not ")) {
        return most.parse().is_ok_and(|most: usize| most <= longest)
            && length.parse() == Ok(value.chars().count());
    }
    PROBES.iter().any(|probe| {
        let probe = [("value".to_owned(), (*probe).to_owned())].into();
        entry(kind)
            .render(&probe, &Data::new(), None)
            .is_err_and(|of_the_probe| of_the_probe.to_string() == told)
    })
}

/// A value is one parameter's, and stays what it is.
fn in_a_page(value: &str, data: &Data) {
    match entry("page").render(data, &Data::new(), None) {
        Ok(rendered) => {
            let page = rendered.page.expect("the entry has a page");
            assert!(page.len() <= LONGEST_PAGE);
            let query = page.strip_prefix("p?").expect("the page's path");
            let parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
            assert_eq!(parameters, [("a".into(), value.into()), ("b".into(), value.into())]);
        }
        Err(told) => assert_eq!(told.to_string(), "page takes at most 1024 bytes, filled and escaped"),
    }
}

/// What a caller's page names is not repeated.
fn for_a_page(page: &str, data: &Data) {
    match entry("page").render(data, &Data::new(), Some(page)) {
        Ok(rendered) => assert!(rendered.page.is_some_and(|page| page.len() <= LONGEST_PAGE)),
        Err(told) => {
            let ours =
                ["page takes at most 1024 bytes, filled and escaped", "page names a value that data has not"];
            assert!(ours.contains(&told.to_string().as_str()), "{told}");
        }
    }
}

fn entry(name: &str) -> &'static Notification {
    CATALOG.find(name).expect("it is in the catalog")
}
