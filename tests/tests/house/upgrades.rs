//! What no release may do to the tables that are out there; and who reads as a released version reads, reads by nothing
//! that moves on.

use std::collections::BTreeMap;
use std::fs;

use harness::shapes::{self, Version};
use serde_yaml_ng::Value;

use crate::{template, workspace};

/// Tables by their logical ids; of each its key, under `key`, and its indexes by their names, in words.
type Tables = BTreeMap<String, BTreeMap<String, String>>;

fn today() -> Tables {
    let resources = template::resources().into_iter();
    let tables = resources.filter(|(_, resource)| resource["Type"] == "AWS::DynamoDB::Table");
    tables.map(|(id, table)| (id, keys(&table["Properties"]))).collect()
}

fn keys(table: &Value) -> BTreeMap<String, String> {
    let each = |value: &Value| value.as_sequence().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kinds: BTreeMap<_, _> = each(&table["AttributeDefinitions"])
        .iter()
        .map(|attribute| (text(&attribute["AttributeName"]), text(&attribute["AttributeType"])))
        .collect();
    let key = |schema: &Value| {
        let part = |part: &Value| {
            let name = text(&part["AttributeName"]);
            format!("{} {name} {}", text(&part["KeyType"]), kinds.get(&name).map_or("?", String::as_str))
        };
        each(schema).iter().map(part).collect::<Vec<_>>().join(", ")
    };
    let index = |index: &Value| {
        let projection = serde_yaml_ng::to_string(&index["Projection"]).expect("YAML");
        (text(&index["IndexName"]), format!("{}; {}", key(&index["KeySchema"]), projection.trim()))
    };
    let indexes = each(&table["GlobalSecondaryIndexes"]);
    let own = ("key".to_owned(), key(&table["KeySchema"]));
    indexes.iter().map(index).chain([own]).collect()
}

/// The golden files: the tables of each version in which they changed.
fn golden() -> BTreeMap<Version, Tables> {
    let files = shapes::entries(&shapes::folder("tables"));
    let read = |file| fs::read_to_string(file).expect("a file that can be read");
    let tables = files.iter().map(|file| {
        let tables = serde_json::from_str(&read(file)).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        (shapes::version(file), tables)
    });
    tables.collect()
}

/// What CloudFormation would answer with an empty table, and what DynamoDB refuses.
fn impossible(then: &Tables, now: &Tables) -> Vec<String> {
    let none = BTreeMap::new();
    let of_one = |(id, then): (&String, &BTreeMap<String, String>)| {
        let now = now.get(id).unwrap_or(&none);
        if now.get("key") != then.get("key") {
            return Some(format!(
                "{id} is gone or has another key: whoever updates a stack gets an empty table for it; keep it, and \
                 add another table beside it"
            ));
        }
        let names = then.keys().chain(now.keys().filter(|name| !then.contains_key(*name)));
        let changed: Vec<_> = names.filter(|name| then.get(*name) != now.get(*name)).collect();
        (changed.len() > 1).then(|| {
            format!("{id} has more than one index added, removed or changed, {changed:?}: one table, one index a release")
        })
    };
    then.iter().filter_map(of_one).collect()
}

#[test]
fn the_golden_file_of_the_tables_says_what_the_template_says() {
    let (today, golden) = (today(), golden());
    let newest = golden.values().next_back();
    if newest == Some(&today) {
        return;
    }
    assert!(
        shapes::is_update(),
        "The keys or indexes of a table are not as the newest file in vectors/tables has them. If that is meant, \
         UPDATE_GOLDEN=1 writes it; CONTRIBUTING.md says more: \"What is stored or queued\"."
    );
    let file = shapes::folder("tables").join(format!("{}.json", shapes::in_the_making()));
    let text = serde_json::to_string_pretty(&today).expect("JSON") + "\n";
    fs::write(file, text).expect("a file that can be written");
}

#[test]
fn no_release_changes_a_tables_key_or_two_of_its_indexes() {
    let versions: Vec<_> = golden().into_iter().collect();
    let wrong = versions.windows(2).flat_map(|pair| {
        let [(_, then), (version, now)] = pair else { return Vec::new() };
        impossible(then, now).into_iter().map(|what| format!("vectors/tables, {version:?}: {what}")).collect()
    });
    workspace::nothing_in(&wrong.collect::<Vec<_>>());
}

#[test]
fn another_key_and_a_second_index_are_seen() {
    let tables = |keys: &[(&str, &str)]| -> Tables {
        let keys = keys.iter().map(|(name, key)| ((*name).to_owned(), (*key).to_owned()));
        [("T".to_owned(), keys.collect())].into()
    };
    let then = tables(&[("key", "a"), ("by_b", "b")]);
    for (now, is_possible) in [
        (then.clone(), true),
        (tables(&[("key", "a")]), true),
        (tables(&[("key", "a"), ("by_b", "c")]), true),
        (tables(&[("key", "a"), ("by_b", "b"), ("by_c", "c")]), true),
        (tables(&[("key", "a"), ("by_c", "c")]), false),
        (tables(&[("key", "a"), ("by_b", "c"), ("by_c", "c")]), false),
        (tables(&[("key", "b"), ("by_b", "b")]), false),
        (Tables::new(), false),
    ] {
        assert_eq!(impossible(&then, &now).is_empty(), is_possible, "{now:?}");
    }
}

/// Else it would move on with the code, and read whatever that writes.
#[test]
fn who_reads_as_a_released_version_reads_imports_nothing_of_ours() {
    const READERS: &str = "harness/src/shapes/";
    let others: Vec<_> = workspace::packages().iter().flat_map(|package| &package.crates).collect();
    let others: Vec<_> = others.iter().map(|other| other.name.as_str()).chain(["crate", "super"]).collect();
    let sources = workspace::package_named("harness").sources();
    let readers: Vec<_> = sources.filter(|source| source.file.starts_with(READERS)).collect();
    assert!(!readers.is_empty(), "{READERS}: nothing there; tell this test where the frozen readers went");
    let named = readers.iter().flat_map(|reader| reader.naming(&others));
    let wrong =
        named.map(|named| format!("{named}; what a released version reads by, stays as it is: copy it"));
    workspace::nothing_in(&wrong.collect::<Vec<_>>());
}
