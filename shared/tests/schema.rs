//! notifications.schema.json says to editors what the catalog's types are. `UPDATE_DOCS=1 cargo test -p shared` writes
//! it anew.

use schemars::generate::SchemaSettings;
use serde_json::Value;
use shared::catalog::Catalog;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../notifications.schema.json");

/// In the draft that every editor knows.
fn schema() -> Value {
    let settings = SchemaSettings::draft07();
    let mut schema = settings.into_generator().into_root_schema_for::<Catalog>().to_value();
    schema["title"] = "notifications.toml".into();
    schema
}

/// Where a text is not what the schema says.
fn mistakes(text: &str) -> Vec<String> {
    let entries: toml::Table = text.parse().expect("TOML");
    let entries = serde_json::to_value(entries).expect("JSON");
    let validator = jsonschema::draft7::new(&schema()).expect("a JSON Schema");
    validator.iter_errors(&entries).map(|error| error.instance_path().to_string()).collect()
}

#[test]
fn the_schema_is_what_the_types_say() {
    let page = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(FILE, &page).expect("the schema is written");
    }
    let written = std::fs::read_to_string(FILE).expect("the schema is there");
    assert!(
        written == page,
        "notifications.schema.json is out of date: run UPDATE_DOCS=1 cargo test -p shared"
    );
}

#[test]
fn the_shipped_catalog_names_its_schema_and_holds_to_it() {
    assert_eq!(Catalog::BUILT_IN.lines().next(), Some("#:schema ./notifications.schema.json"));
    assert_eq!(mistakes(Catalog::BUILT_IN), Vec::<String>::new());
}

/// All that an entry can say.
const WHOLE: &str = r#"
[a]
template_id = "t"
page = "p?id={id}"
allow = "self"
prefer = "arrive"
keep = "1h 30m"
per_day = 3
too_long = "truncate"
fields.thing1 = "{a}"
fields.amount2 = { text = "{b}", format = "fen" }
fields.thing3 = { text = "{c}", too_long = "reject" }
fallback.template_id = "s"
fallback.page = "p"
fallback.too_long = "reject"
fallback.fields.date1 = { text = "{d}", format = "second" }
"#;

#[test]
fn what_the_schema_lets_pass_and_what_not_is_what_the_catalog_does() {
    let takes = |text: &str| (mistakes(text).is_empty(), Catalog::parse(text).is_ok());
    assert_eq!(takes(WHOLE), (true, true));
    for (right, wrong) in [
        ("template_id = \"t\"\n", ""),
        ("template_id = \"t\"", "template_id = \"\""),
        ("page = \"p?id={id}\"", "page = \"/p\""),
        ("\"self\"", "\"friends\""),
        ("\"arrive\"", "\"never\""),
        ("\"1h 30m\"", "\"soon\""),
        ("per_day = 3", "per_day = -3"),
        ("per_day = 3", "per_dya = 3"),
        ("too_long = \"truncate\"", "too_long = \"cut\""),
        ("fields.thing1 = \"{a}\"", "fields.thing1 = 7"),
        ("format = \"fen\"", "format = \"jiao\""),
        ("format = \"fen\"", "formt = \"fen\""),
        ("text = \"{b}\", ", ""),
        ("fallback.template_id = \"s\"\n", ""),
        ("fallback.page = \"p\"", "fallback.page = \"/p\""),
        ("fallback.fields.date1 = { text = \"{d}\", format = \"second\" }\n", ""),
        ("fallback.page = \"p\"", "fallback.allow = \"self\""),
    ] {
        let text = WHOLE.replacen(right, wrong, 1);
        assert_ne!(text, WHOLE, "{right}");
        assert_eq!(takes(&text), (false, false), "{right} → {wrong}");
    }
}
