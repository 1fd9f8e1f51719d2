//! What was measured, beside what it is held against.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One figure.
#[derive(Serialize, Deserialize)]
pub struct Figure {
    job: String,
    what: String,
    figure: f64,
    unit: String,
    /// What it would be at best, or may be at most: `held_against` says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound: Option<f64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    held_against: String,
    /// The figure divided by the bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    /// What else was counted on the way.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    beside: BTreeMap<String, f64>,
}

impl Figure {
    /// One that is held against nothing.
    pub fn of(job: &str, what: impl Into<String>, figure: f64, unit: &str) -> Self {
        Self {
            job: job.to_owned(),
            what: what.into(),
            figure,
            unit: unit.to_owned(),
            bound: None,
            held_against: String::new(),
            ratio: None,
            beside: BTreeMap::new(),
        }
    }

    /// Held against this, which is so much in the same unit.
    pub fn against(self, what: impl Into<String>, bound: f64) -> Self {
        Self { bound: Some(bound), held_against: what.into(), ratio: Some(self.figure / bound), ..self }
    }

    /// With this beside it.
    pub fn beside(mut self, name: &str, count: f64) -> Self {
        self.beside.insert(name.to_owned(), count);
        self
    }
}

/// Where figures are told, as they come.
pub struct Report {
    is_json: bool,
    has_begun: bool,
}

impl Report {
    /// As a table for people, or as lines of JSON.
    pub fn new(is_json: bool) -> Self {
        Self { is_json, has_begun: false }
    }

    /// Tells one.
    pub fn add(&mut self, figure: &Figure) {
        if self.is_json {
            println!("{}", serde_json::to_string(figure).expect("numbers and names"));
            return;
        }
        if !self.has_begun {
            println!("| job | what | figure | held against | ratio | beside it |\n|---|---|---|---|---|---|");
            self.has_begun = true;
        }
        let Figure { job, what, figure, unit, bound, held_against, ratio, beside } = figure;
        let bound = bound.map(|bound| format!("{} {unit}: {held_against}", short(bound))).unwrap_or_default();
        let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let beside: Vec<_> = beside.iter().map(|(name, count)| format!("{} {name}", short(*count))).collect();
        println!(
            "| {job} | {what} | {} {unit} | {bound} | {ratio} | {} |",
            short(*figure),
            beside.join(", ")
        );
    }
}

/// With as many digits as mean something.
fn short(number: f64) -> String {
    match number.abs() {
        1000.0.. => {
            let digits = format!("{number:.0}");
            let groups = digits.as_bytes().rchunks(3).rev();
            groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join(",")
        }
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        _ if number.fract() == 0.0 => format!("{number:.0}"),
        1.0.. => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}
