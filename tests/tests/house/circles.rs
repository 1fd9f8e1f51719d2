//! No two files of a crate import each other in a circle. A module may know those it is inside of: an import
//! of one's parent, or of what the parent passes on, ties nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Source;
use crate::workspace::{self, Crate};

/// How often a name that is passed on is followed to where it comes from.
const MOST_HOPS: usize = 8;

/// Whom each module imports, and the lines that say so.
type Graph<'a> = BTreeMap<&'a [String], BTreeMap<&'a [String], Vec<String>>>;

#[test]
fn no_two_files_of_a_crate_import_each_other_in_a_circle() {
    let crates = workspace::packages().iter().flat_map(|package| &package.crates);
    let found: Vec<String> = crates.flat_map(circles).collect();
    workspace::nothing_in(&found);
}

/// Each circle of a crate, with the imports that tie it.
fn circles(of: &Crate) -> Vec<String> {
    let graph = graph(of);
    let reached: BTreeMap<_, _> = graph.keys().map(|module| (*module, reachable(&graph, module))).collect();
    let mut told = BTreeSet::new();
    let mut circles = Vec::new();
    for (module, from_here) in &reached {
        if !from_here.contains(module) || told.contains(module) {
            continue;
        }
        let circle: BTreeSet<_> = from_here.iter().filter(|other| reached[*other].contains(module)).collect();
        told.extend(circle.iter().copied().copied());
        let files: Vec<_> = circle.iter().map(|module| of.sources[**module].file.as_str()).collect();
        let ties = circle.iter().flat_map(|from| graph[**from].iter().filter(|(to, _)| circle.contains(to)));
        let ties: Vec<_> = ties.flat_map(|(_, lines)| lines).map(|line| format!("  {line}")).collect();
        circles.push(format!(
            "{} import each other in a circle; move what both need below both:\n{}",
            files.join(", "),
            ties.join("\n")
        ));
    }
    circles
}

fn graph(of: &Crate) -> Graph<'_> {
    let mut graph = Graph::new();
    for source in of.sources.values() {
        let edges = graph.entry(&source.module).or_default();
        for named in source.paths.iter().filter(|named| named.path[0] == "crate") {
            let home = home(of, &named.path[1..], MOST_HOPS);
            if !source.module.starts_with(&home.module) {
                let (path, line) = (named.path.join("::"), named.line);
                let import = format!("{}:{line} names {path}, of {}", source.file, home.file);
                edges.entry(home.module.as_slice()).or_default().push(import);
            }
        }
    }
    graph
}

/// The file where that is written which the path names: the deepest module on the path,
/// or where that one has it from.
fn home<'a>(of: &'a Crate, path: &[String], hops: usize) -> &'a Source {
    let lengths = (0..=path.len()).rev();
    let (length, here) = lengths
        .filter_map(|length| Some((length, of.sources.get(&path[..length])?)))
        .next()
        .expect("every crate has a root");
    let passed_on = path.get(length).and_then(|name| here.names.get(name));
    match passed_on.filter(|name| name[0] == "crate" && hops > 0) {
        Some(name) => home(of, &[&name[1..], &path[length + 1..]].concat(), hops - 1),
        None => here,
    }
}

fn reachable<'a>(graph: &Graph<'a>, from: &[String]) -> BTreeSet<&'a [String]> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&[String]> = graph[from].keys().copied().collect();
    while let Some(module) = waiting.pop() {
        if reached.insert(module) {
            waiting.extend(graph[module].keys());
        }
    }
    reached
}
