//! What a crate may be built of, and whose logs are ours.

use std::collections::BTreeSet;

use crate::workspace::{self, Package};

/// What goes into a crate; what only its tests need may come from anywhere, but in no circle: see
/// `no_crate_needs_itself_to_be_tested`.
const BUILT_IN: &[&str] = &["dependencies", "build-dependencies"];

/// The crates of ours that a package may be built of, `functions` for any of them; `None` for a stranger.
fn allowed(package: &Package) -> Option<&'static [&'static str]> {
    Some(match package.folder.as_str() {
        "bench/cost" | "clock" | "contract" => &[],
        "simulator" => &["clock"],
        "console" => &["simulator"],
        "shared" => &["clock", "contract"],
        folder if folder.starts_with("functions/") => &["contract", "shared"],
        "local" => &["clock", "contract", "functions", "shared", "simulator"],
        "cli" => &["console", "contract", "cost", "local", "shared"],
        "harness" => &["clock", "contract", "local", "simulator"],
        "tests" => &["local"],
        "fuzz" => &["contract", "functions", "shared"],
        "bench" => &["cost", "functions", "harness", "local", "pieces", "shared", "simulator"],
        "bench/pieces" => &["contract", "fuzz", "shared"],
        _ => return None,
    })
}

#[test]
fn crates_depend_one_way() {
    let ours = workspace::packages();
    let mut wrong = Vec::new();
    for package in ours {
        let folder = &package.folder;
        let Some(allowed) = allowed(package) else {
            wrong.push(format!(
                "{folder}/Cargo.toml:1: new here; say where it stands, in this test's `allowed`"
            ));
            continue;
        };
        for name in package.dependencies(BUILT_IN) {
            let Some(other) = ours.iter().find(|other| other.name == name) else { continue };
            let kind = if other.folder.starts_with("functions/") { "functions" } else { &name };
            if !allowed.contains(&kind) {
                wrong.push(format!(
                    "{}: {folder} may be built of {allowed:?}, not `{name}`; move what it needs below both",
                    package.place_of(&name)
                ));
            }
        }
    }
    workspace::nothing_in(&wrong);
}

/// A test that needs a crate which needs the tested one builds that twice, and knows two of each of its types.
#[test]
fn no_crate_needs_itself_to_be_tested() {
    let ours = workspace::packages();
    let find = |name: &String| ours.iter().find(|other| other.name == *name);
    let mut wrong = Vec::new();
    for package in ours {
        let (mut seen, mut waiting) = (BTreeSet::new(), package.dependencies(&["dev-dependencies"]));
        while let Some(name) = waiting.pop() {
            if name == package.name && !package.dependencies(&["dev-dependencies"]).contains(&name) {
                wrong.push(format!("{}/Cargo.toml:1: its dev-dependencies lead back to it", package.folder));
                break;
            }
            if seen.insert(name.clone()) {
                waiting.extend(find(&name).into_iter().flat_map(|other| other.dependencies(BUILT_IN)));
            }
        }
    }
    workspace::nothing_in(&wrong);
}

#[test]
fn contract_knows_no_lambda_and_no_aws() {
    const ALLOWED: [&str; 5] = ["http", "schemars", "serde", "serde_json", "strum"];
    let contract = workspace::package_named("contract");
    let others = contract.dependencies(BUILT_IN).into_iter().filter(|name| !ALLOWED.contains(&&**name));
    let wrong: Vec<_> = others
        .map(|name| {
            let place = contract.place_of(&name);
            format!(
                "{place}: callers build on `contract`, which takes {ALLOWED:?} and no `{name}`; do without"
            )
        })
        .collect();
    workspace::nothing_in(&wrong);
}

/// Of a crate that is not listed only warnings are logged, and nobody misses the rest before a bad night.
#[test]
fn every_crate_that_logs_is_among_ours() {
    const FILE: &str = "shared/src/telemetry.rs";
    /// Their logs are for whoever runs them.
    const EXCEPTED: [&str; 3] = ["bench", "harness", "tests"];
    let text = workspace::read(FILE);
    let list =
        text.split_once("OUR_CRATES:").and_then(|(_, behind)| behind.split_once("= [")?.1.split_once("];"));
    let (list, _) =
        list.unwrap_or_else(|| panic!("{FILE}: no list OUR_CRATES; tell this test where it went"));
    let listed: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    let place = workspace::place(FILE, "OUR_CRATES:");

    let packages = workspace::packages().iter().filter(|package| !EXCEPTED.contains(&package.name.as_str()));
    let crates: Vec<_> = packages.flat_map(|package| &package.crates).collect();
    let mut wrong = Vec::new();
    for unlisted in crates.iter().filter(|one| !listed.contains(one.name.as_str())) {
        let mut logs = unlisted.sources.values().flat_map(|source| source.naming(&["tracing"]));
        wrong.extend(logs.next().map(|log| format!("{place}: add \"{}\", for {log}", unlisted.name)));
    }
    let strangers = listed.iter().filter(|name| crates.iter().all(|one| one.name != **name));
    wrong.extend(strangers.map(|name| format!("{place}: \"{name}\" is no crate of ours; take it out")));
    workspace::nothing_in(&wrong);
}
