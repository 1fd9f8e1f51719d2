//! Every input that was worth keeping, through its target once more.

use std::collections::BTreeSet;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use fuzz::TARGETS;

/// What is kept is small: the most files of a target, and the most bytes of one.
const MOST_FILES: usize = 30;
const LARGEST: usize = 4 * 1024;

fn entries(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_input_of_the_corpus_keeps_the_promises() {
    let mut broken = Vec::new();
    for (name, target) in TARGETS {
        for file in entries(&format!("corpus/{name}")) {
            let input = fs::read(&file).expect("an input");
            if panic::catch_unwind(|| target(&input)).is_err() {
                broken.push(file);
            }
        }
    }
    assert!(broken.is_empty(), "what each says is above: {broken:#?}");
}

#[test]
fn the_corpus_is_small() {
    for (name, _) in TARGETS {
        let files = entries(&format!("corpus/{name}"));
        assert!((1..=MOST_FILES).contains(&files.len()), "{name}: {} files", files.len());
        for file in files {
            let length = fs::read(&file).expect("an input").len();
            assert!(length <= LARGEST, "{}: {length} bytes", file.display());
        }
    }
}

#[test]
fn every_target_has_its_program_and_its_corpus() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for folder in ["targets", "corpus"] {
        let entries = entries(folder);
        let names = entries.iter().filter_map(|path| path.file_stem()?.to_str());
        assert_eq!(names.map(str::to_owned).collect::<BTreeSet<_>>(), targets, "{folder}/");
    }
}
