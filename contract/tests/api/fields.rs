//! The fields of a body, one a row, those of what it holds included: `rejected[].reason`.

use serde_json::{Map, Value};

/// One field.
pub struct Field {
    /// Where it stands: `to[].openid`.
    pub path: String,
    /// Its JSON Schema.
    pub schema: Value,
    /// How it is needed.
    pub needed: Needed,
}

/// Whether a field has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// Always.
    Yes,
    /// It may be left out, or be absent.
    No,
    /// One of several such fields, and only one.
    OneOf,
}

/// What a schema refers to, or is itself; without the `null` that it may be instead.
pub fn resolved(schema: &Value, document: &Value) -> Value {
    if let Some(choices) = schema["anyOf"].as_array() {
        let mut others = choices.iter().filter(|choice| choice["type"] != "null");
        return resolved(others.next().expect("something besides null"), document);
    }
    match schema["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).expect("what is referred to").clone(),
        None => schema.clone(),
    }
}

/// The name of what a schema refers to.
pub fn name(schema: &Value) -> Option<String> {
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.iter().find_map(name);
    }
    schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned)
}

/// The fields of an object, by their names; of a choice of objects, those of all of them, with what is said of each.
pub fn properties(schema: &Value, document: &Value) -> Map<String, Value> {
    let schema = resolved(schema, document);
    if let Some(own) = schema["properties"].as_object() {
        return own.clone();
    }
    let mut all = Map::new();
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        for (name, field) in choice["properties"].as_object().into_iter().flatten() {
            let mut field = field.clone();
            field["description"] = choice["description"].clone();
            all.insert(name.clone(), field);
        }
    }
    all
}

/// Their names: first those that are always there, as the contract has them, then the others by the alphabet.
pub fn ordered(schema: &Value, document: &Value) -> Vec<String> {
    let all = properties(schema, document);
    let schema = resolved(schema, document);
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    let required = [&schema].into_iter().chain(choices).filter_map(|schema| schema["required"].as_array());
    let mut names: Vec<_> = required.flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let others: Vec<_> = all.keys().filter(|name| !names.contains(name)).cloned().collect();
    names.extend(others);
    names
}

/// Every field of a body, in its order.
pub fn fields(body: &Value, document: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    add(&mut found, "", body, document);
    found
}

fn add(found: &mut Vec<Field>, prefix: &str, schema: &Value, document: &Value) {
    let fields = properties(schema, document);
    let object = resolved(schema, document);
    for field in ordered(schema, document) {
        let schema = &fields[&field];
        let path = format!("{prefix}{field}");
        let needed = if is_among(&object["required"], &field) {
            Needed::Yes
        } else if object["oneOf"]
            .as_array()
            .is_some_and(|of| of.iter().any(|of| is_among(&of["required"], &field)))
        {
            Needed::OneOf
        } else {
            Needed::No
        };
        found.push(Field { path: path.clone(), schema: schema.clone(), needed });
        // One user under one of three names is a row of its own page's, as words are.
        if name(schema).as_deref() == Some("Recipient") {
            continue;
        }
        let inner = resolved(schema, document);
        if inner["properties"].is_object() {
            add(found, &format!("{path}."), schema, document);
        } else if inner["items"].is_object() && name(&inner["items"]).as_deref() != Some("Recipient") {
            add(found, &format!("{path}[]."), &inner["items"], document);
        }
    }
}

fn is_among(names: &Value, name: &str) -> bool {
    names.as_array().is_some_and(|names| names.iter().any(|one| one == name))
}
