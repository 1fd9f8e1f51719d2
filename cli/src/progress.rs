//! How far a verb is, on stderr, for whoever watches.

use indicatif::{ProgressBar, ProgressStyle};

use crate::lang::say;

/// A bar of so many of these, their number still unknown; hidden where nobody watches.
pub fn bar(of: &str) -> ProgressBar {
    let style = say!(
        "{{bar:40}} {{pos}} of {{len}} {of}, {{elapsed}}; {{msg}}",
        "{{bar:40}} {{pos}} / {{len}} {of}，{{elapsed}}；{{msg}}"
    );
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(&style).expect("a template that indicatif takes"));
    bar
}
