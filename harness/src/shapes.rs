//! Whatever functions write to tables and queues is held against `vectors/shapes/` and read as the versions read it
//! that are out there, so that the whole suite is the test of upgrades.

mod v0_1_0;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use local::Written;
use serde_json::Value;

/// Where everything lies.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What to do when this is red.
const SEE: &str = "CONTRIBUTING.md says what to do: \"What is stored or queued\"";

/// A version, as it is compared.
pub type Version = [u64; 3];

/// Rows in DynamoDB's JSON, or messages as they are queued, by their shape: `StateTable.sync`, `DeliverQueue`.
pub type Shapes = BTreeMap<String, Vec<Value>>;

/// How a version reads a shape: what it sees there; `None` for a shape that it does not have.
pub type Reader = fn(shape: &str, body: &Value) -> Option<Result<Value, serde_json::Error>>;

/// The versions that may be out there, each with what it reads by.
pub const READERS: [(Version, Reader); 1] = [([0, 1, 0], v0_1_0::read)];

/// The golden files.
pub static GOLDEN: LazyLock<BTreeMap<Version, Shapes>> = LazyLock::new(golden);

/// What may stand where in what is written today, by shape.
static PLACES: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let places = |(shape, bodies): (String, Vec<Value>)| {
        let places = bodies.iter().flat_map(|body| places(&plain(&shape, body), "")).collect();
        (shape, places)
    };
    newest().into_iter().map(places).collect()
});

/// Holds what functions have written against the golden files, and has every version read it. Of what operators have
/// written it is only seen that there is a golden file: tests write rows by hand as well, to see what comes of them.
///
/// # Panics
/// When a shape has no golden file, when the newest file of it lacks something, or when a version does not read it.
pub fn hold(written: &[Written]) {
    let is_by_a_function = |one: &Written| one.by != Written::BY_THE_STACK;
    for one in written.iter().filter(|one| is_by_a_function(one) || is_a_row(&one.place)) {
        let shape = shape(one);
        let Some(golden) = PLACES.get(&shape) else {
            panic!("{} writes {shape}, of which there is no golden file. {SEE}.", one.by)
        };
        if !is_by_a_function(one) {
            continue;
        }
        let body = plain(&shape, &one.body);
        let found = places(&body, "");
        let new: Vec<_> = found.difference(golden).collect();
        assert!(new.is_empty(), "{} writes {shape} with {new:?}, which no golden file has. {SEE}.", one.by);
        for (version, read) in READERS {
            if let Some(Err(error)) = read(&shape, &body) {
                panic!("{version:?} does not read {shape} as {} writes it: {error}. {SEE}.", one.by);
            }
        }
    }
}

/// The newest golden file of each shape, which is what is written today.
pub fn newest() -> Shapes {
    GOLDEN.values().flatten().map(|(shape, bodies)| (shape.clone(), bodies.clone())).collect()
}

/// What it is: the table or queue, and which of its kinds, where it has several.
pub fn shape(Written { place, body, .. }: &Written) -> String {
    let kind = match place.as_str() {
        "StateTable" => body["key"]["S"].as_str().and_then(|key| key.split('#').next()).map(str::to_owned),
        "IdentitiesTable" => {
            body["unionid"]["S"].as_str().and_then(|key| key.split_once('#')).map(|(kind, _)| kind.to_owned())
        }
        "MessagesTable" => {
            let is_a_batchs = body["n"]["N"].as_str().is_some_and(|n| n == "0" || n.starts_with('-'));
            Some(if is_a_batchs { "batch" } else { "message" }.to_owned())
        }
        "EventsQueue" => body["event"].as_str().map(str::to_owned),
        _ => None,
    };
    kind.map_or_else(|| place.clone(), |kind| format!("{place}.{kind}"))
}

/// The body as plain JSON: a row without DynamoDB's names of types.
pub fn plain(shape: &str, body: &Value) -> Value {
    if is_a_row(shape) { members(body) } else { body.clone() }
}

fn is_a_row(shape: &str) -> bool {
    shape.split('.').next().is_some_and(|place| place.ends_with("Table"))
}

fn members(row: &Value) -> Value {
    row.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(typed: &Value) -> Value {
    let (kind, value) = typed.as_object().and_then(|one| one.iter().next()).expect("an attribute");
    match kind.as_str() {
        "N" => serde_json::from_str(value.as_str().expect("a number as text")).expect("a number"),
        "NULL" => Value::Null,
        "M" => members(value),
        "L" => value.as_array().into_iter().flatten().map(attribute).collect(),
        _ => value.clone(),
    }
}

/// Every place in a body with the type of what stands there: `outage.cause.reason: text`.
fn places(body: &Value, place: &str) -> BTreeSet<String> {
    /// Maps whose keys are not ours.
    const OPEN: [&str; 7] = ["calls", "counts", "data", "fields", "repairs", "taken", "told"];
    let below = |value: &Value, name: &str| places(value, &format!("{place}.{name}"));
    let is_open = OPEN.iter().any(|open| place.ends_with(&format!(".{open}")));
    match body {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| below(value, if is_open { "*" } else { name })).collect()
        }
        Value::Array(values) => values.iter().flat_map(|value| below(value, "*")).collect(),
        Value::String(_) => [format!("{place}: text")].into(),
        Value::Number(_) => [format!("{place}: number")].into(),
        Value::Bool(_) => [format!("{place}: yes or no")].into(),
        Value::Null => [format!("{place}: null")].into(),
    }
}

/// Writes the golden file of a shape, into the folder of the version that is being made.
///
/// # Panics
/// When that version is released: what it wrote is out there, and its files stay as they are.
pub fn write(shape: &str, bodies: &[Value]) {
    let folder = folder("shapes").join(in_the_making());
    fs::create_dir_all(&folder).expect("a folder");
    let lines: Vec<_> = bodies.iter().map(Value::to_string).collect();
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    fs::write(folder.join(format!("{shape}.json")), text).expect("a file that can be written");
}

/// The version that is being made.
///
/// # Panics
/// When it is released.
pub fn in_the_making() -> &'static str {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    let changes = fs::read_to_string(Path::new(ROOT).join("CHANGELOG.md")).expect("CHANGELOG.md");
    let is_released = changes.lines().any(|line| line.starts_with(&format!("## [{VERSION}]")));
    assert!(
        !is_released,
        "{VERSION} is released, and its golden files stay: raise the version in Cargo.toml"
    );
    VERSION
}

/// Whether golden files are to be written where they differ.
pub fn is_update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// A folder of `vectors/`.
pub fn folder(name: &str) -> PathBuf {
    Path::new(ROOT).join("vectors").join(name)
}

/// The version that a folder or file is named by.
///
/// # Panics
/// When it is named otherwise.
pub fn version(path: &Path) -> Version {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().trim_end_matches(".json");
    let parts: Option<Vec<u64>> = name.split('.').map(|part| part.parse().ok()).collect();
    let version = parts.and_then(|parts| parts.try_into().ok());
    version.unwrap_or_else(|| panic!("{}: its name is no version (1.2.3)", path.display()))
}

/// What is in a folder, in order.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn golden() -> BTreeMap<Version, Shapes> {
    let shapes = |folder: &Path| {
        let shape = |file: &PathBuf| {
            let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let bodies = serde_json::from_str(&text);
            let bodies = bodies.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            (file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), bodies)
        };
        entries(folder).iter().map(shape).collect()
    };
    entries(&folder("shapes")).iter().map(|folder| (version(folder), shapes(folder))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "[0, 1, 0] does not read StateTable.sync as sync writes it")]
    fn a_word_that_an_older_version_does_not_know_is_not_to_be_written() {
        let mut body = newest()["StateTable.sync"][1].clone();
        let place = "StateTable".to_owned();
        hold(&[Written { by: "sync".to_owned(), place: place.clone(), body: body.clone() }]);
        body["run"]["M"]["progress"]["M"]["state"]["S"] = "paused".into();
        hold(&[Written { by: "sync".to_owned(), place, body }]);
    }
}
