//! The workspace as it lies on the disk: its packages, and the crates that each of them builds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use toml::{Table, Value};

use crate::source::{self, Source};

/// Where the workspace is.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// One member.
pub struct Package {
    pub name: String,
    /// From the root: `functions/login`.
    pub folder: String,
    pub manifest: Table,
    pub crates: Vec<Crate>,
}

/// One library or program, without its tests.
pub struct Crate {
    /// As the compiler and the logs call it.
    pub name: String,
    /// By the path of the module inside the crate; the root's is empty.
    pub sources: BTreeMap<Vec<String>, Source>,
}

impl Package {
    /// What it depends on, by the tables of its manifest that are called one of `kinds`.
    pub fn dependencies(&self, kinds: &[&str]) -> Vec<String> {
        let targets = self.manifest.get("target").and_then(Value::as_table).into_iter().flatten();
        let tables = targets.filter_map(|(_, target)| target.as_table()).chain([&self.manifest]);
        let found = tables.flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)?.as_table()));
        found
            .flatten()
            .map(|(key, value)| value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned())
            .collect()
    }

    /// Where its manifest names the dependency: `functions/login/Cargo.toml:14`.
    pub fn place_of(&self, dependency: &str) -> String {
        let file = format!("{}/Cargo.toml", self.folder);
        let text = read(&file);
        let mut lines = text.lines().enumerate().skip_while(|(_, line)| !line.contains("dependencies"));
        let line = lines.find(|(_, line)| {
            line.split(['.', ' ', '=', ']']).next() == Some(dependency)
                || line.contains(&format!("dependencies.{dependency}]"))
        });
        format!("{file}:{}", line.map_or(1, |(n, _)| n + 1))
    }

    /// Every file of its crates.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.crates.iter().flat_map(|one| one.sources.values())
    }
}

/// The members that are there; read once.
pub fn packages() -> &'static [Package] {
    static PACKAGES: OnceLock<Vec<Package>> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let root: Table = read("Cargo.toml").parse().expect("Cargo.toml is TOML");
        let members = root["workspace"]["members"].as_array().expect("members are a list");
        let folders = members.iter().flat_map(|member| folders(member.as_str().expect("a member is text")));
        folders.filter(|folder| exists(&format!("{folder}/Cargo.toml"))).map(package).collect()
    })
}

/// The member of that name.
pub fn package_named(name: &str) -> &'static Package {
    packages().iter().find(|package| package.name == name).unwrap_or_else(|| panic!("no package `{name}`"))
}

/// The members in `functions/`.
pub fn functions() -> impl Iterator<Item = &'static Package> {
    packages().iter().filter(|package| package.folder.starts_with("functions/"))
}

/// The text of a file, by its path from the root.
pub fn read(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The place of the first line that has `part` in it: `README.md:7`; of the file, if none has.
pub fn place(file: &str, part: &str) -> String {
    let line = read(file).lines().position(|line| line.contains(part));
    format!("{file}:{}", line.map_or(1, |line| line + 1))
}

/// Fails with all that is wrong, if anything is.
pub fn nothing_in(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn exists(file: &str) -> bool {
    Path::new(ROOT).join(file).is_file()
}

/// What a member stands for: itself, or every folder of `functions/*`.
fn folders(member: &str) -> Vec<String> {
    match member.strip_suffix("/*") {
        Some(parent) => entries(parent).into_iter().map(|name| format!("{parent}/{name}")).collect(),
        None => vec![member.to_owned()],
    }
}

/// The names in a folder, sorted; none, if there is no such folder.
fn entries(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(Path::new(ROOT).join(folder)).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn package(folder: String) -> Package {
    let manifest = read(&format!("{folder}/Cargo.toml")).parse();
    let manifest: Table = manifest.unwrap_or_else(|error| panic!("{folder}/Cargo.toml: {error}"));
    let name = manifest["package"]["name"].as_str().expect("a package has a name").to_owned();
    let crates = roots(&folder, &name, &manifest).into_iter();
    let crates = crates.map(|(file, name)| Crate { name: name.replace('-', "_"), sources: tree(&file) });
    Package { crates: crates.collect(), name, folder, manifest }
}

/// The files at the roots of a package's crates, and the crates' names, as cargo finds them.
fn roots(folder: &str, package: &str, manifest: &Table) -> BTreeMap<String, String> {
    let text = |table: &Value, key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
    let library = manifest.get("lib").and_then(|lib| text(lib, "name")).unwrap_or_else(|| package.to_owned());
    let mut roots =
        BTreeMap::from([("src/lib.rs".to_owned(), library), ("src/main.rs".to_owned(), package.to_owned())]);
    let programs = entries(&format!("{folder}/src/bin")).into_iter();
    roots.extend(programs.map(|file| (format!("src/bin/{file}"), file.trim_end_matches(".rs").to_owned())));
    for bin in manifest.get("bin").and_then(Value::as_array).into_iter().flatten() {
        let file = text(bin, "path").unwrap_or_else(|| "src/main.rs".to_owned());
        roots.extend(text(bin, "name").map(|name| (file, name)));
    }
    let roots = roots.into_iter().map(|(file, name)| (format!("{folder}/{file}"), name));
    roots.filter(|(file, _)| exists(file)).collect()
}

/// A crate's files: the root, and what each declares with `mod`.
fn tree(root: &str) -> BTreeMap<Vec<String>, Source> {
    let (beside, _) = root.rsplit_once('/').expect("a root is in a folder");
    let mut sources = BTreeMap::new();
    let mut waiting = vec![(Vec::new(), root.to_owned())];
    while let Some((module, file)) = waiting.pop() {
        let source = source::parse(&file, &read(&file), module.clone());
        for child in &source.children {
            let path = format!("{beside}/{}", child.join("/"));
            let mut places = [format!("{path}.rs"), format!("{path}/mod.rs")].into_iter();
            let found = places.find(|place| exists(place));
            let found = found.unwrap_or_else(|| panic!("{file}: declares {path}.rs, which is not there"));
            waiting.push((child.clone(), found));
        }
        sources.insert(module, source);
    }
    sources
}
