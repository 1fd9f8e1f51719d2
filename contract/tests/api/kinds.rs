//! What a field takes: its type, with a link to its words where it has some, and its limits.

use serde_json::Value;

use crate::fields::{name, resolved};
use crate::headings::Headings;

/// A field's type.
pub fn kind(schema: &Value, document: &Value, words: &Headings) -> String {
    let inner = resolved(schema, document);
    match name(schema).as_deref() {
        Some("Reason") => return format!("[`Reason`](errors.md#{})", words.reasons),
        Some("Code") => return format!("[`Code`](errors.md#{})", words.codes),
        Some(of) if inner["oneOf"].is_array() && inner["properties"].is_null() => {
            return format!("[`{of}`](#{})", of.to_lowercase());
        }
        _ => {}
    }
    if inner["items"].is_object() {
        return format!("{}[]", kind(&inner["items"], document, words));
    }
    let of = &inner["additionalProperties"];
    if inner["properties"].is_null() && of.is_object() {
        return format!("`{{…: {}}}`", types(of).join("/"));
    }
    types(&inner).join("/")
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::Array(several) => {
            several.iter().filter_map(Value::as_str).filter(|of| *of != "null").collect()
        }
        one => one.as_str().into_iter().collect(),
    }
}

/// What a value has to keep to.
pub fn limits(schema: &Value, words: &Headings) -> String {
    let of = |least: &str, most: &str, what: &str| {
        let (least, most) = (&schema[least], &schema[most]);
        match (least.is_null(), most.is_null()) {
            (true, true) => None,
            (true, false) => Some(format!("≤ {most}{what}")),
            (false, true) => Some(format!("≥ {least}{what}")),
            (false, false) => Some(format!("{least}–{most}{what}")),
        }
    };
    let found = [
        of("minLength", "maxLength", words.characters),
        of("minItems", "maxItems", words.entries),
        of("minProperties", "maxProperties", words.entries),
        of("minimum", "maximum", ""),
        // A bar would end the table's cell.
        schema["pattern"].as_str().map(|pattern| format!("`{}`", pattern.replace('|', "\\|"))),
        schema.get("default").map(|value| format!("{}`{value}`", words.default)),
    ];
    found.into_iter().flatten().collect::<Vec<_>>().join(words.comma)
}
