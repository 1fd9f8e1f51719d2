//! Examples as JSON that is read by people: in the order of the fields' table, and broken where it is long.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::fields::{ordered, properties, resolved};

/// As wide as a block of code is without being scrolled.
const WIDEST: usize = 110;

/// The example, laid out by its schema.
pub fn laid_out(example: &Value, schema: &Value, document: &Value) -> String {
    let mut text = String::new();
    lay_out(&mut text, example, schema, document, 0);
    text
}

fn lay_out(text: &mut String, value: &Value, schema: &Value, document: &Value, depth: usize) {
    let short = on_a_line(value, schema, document);
    let is_flat = short.chars().count() + 2 * depth <= WIDEST;
    let inner = "  ".repeat(depth + 1);
    match value {
        Value::Object(fields) if !is_flat => {
            text.push('{');
            for (at, (name, value, schema)) in members(fields, schema, document).into_iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                let _ = write!(text, "{comma}\n{inner}{}: ", Value::from(name));
                lay_out(text, value, &schema, document, depth + 1);
            }
            let _ = write!(text, "\n{}}}", "  ".repeat(depth));
        }
        Value::Array(items) if !is_flat => {
            let of = &resolved(schema, document)["items"];
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                let _ = write!(text, "{comma}\n{inner}");
                lay_out(text, item, of, document, depth + 1);
            }
            let _ = write!(text, "\n{}]", "  ".repeat(depth));
        }
        _ => text.push_str(&short),
    }
}

fn on_a_line(value: &Value, schema: &Value, document: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let members = members(fields, schema, document).into_iter();
            let members = members.map(|(name, value, schema)| {
                format!("{}: {}", Value::from(name), on_a_line(value, &schema, document))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let of = &resolved(schema, document)["items"];
            let items = items.iter().map(|item| on_a_line(item, of, document));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

/// The fields of an example in their order, each with its schema.
fn members<'a>(
    fields: &'a Map<String, Value>,
    schema: &Value,
    document: &Value,
) -> Vec<(&'a str, &'a Value, Value)> {
    let known = properties(schema, document);
    let of = |name: &str| known.get(name).cloned().unwrap_or_default();
    let names = ordered(schema, document).into_iter().filter(|name| fields.contains_key(name));
    let rest = fields.keys().filter(|name| !known.contains_key(*name)).cloned();
    let names: Vec<_> = names.chain(rest).collect();
    names
        .into_iter()
        .filter_map(|name| fields.get_key_value(&name).map(|(key, value)| (key.as_str(), value, of(&name))))
        .collect()
}
