//! What is measured of the release bootstraps from outside, by scripts that CI calls, too.

use std::process::{Command, ExitCode};

use crate::figure::{Figure, Report};

/// The built programs.
#[derive(clap::Args)]
pub struct Built {
    /// The folder of the built programs (from `cargo lambda build --release`)
    #[arg(long, value_name = "DIR", default_value = "target/lambda")]
    bootstraps: String,
}

/// How long each takes to its first poll and first answer, and how large it is.
pub fn cold_start(built: &Built, report: &mut Report) -> ExitCode {
    run("tests/cold_start.py", built, report)
}

/// What each needs at most of what Lambda gives it.
pub fn memory(built: &Built, report: &mut Report) -> ExitCode {
    run("tests/memory.py", built, report)
}

fn run(script: &str, built: &Built, report: &mut Report) -> ExitCode {
    let asked = Command::new("python3").args([script, "--json", "--bootstraps", &built.bootstraps]).output();
    let answered = match asked {
        Ok(answered) => answered,
        Err(error) => {
            eprintln!("{script} needs Python, in the project's folder: {error}");
            return ExitCode::FAILURE;
        }
    };
    let said = String::from_utf8_lossy(&answered.stdout);
    for figure in said.lines().filter_map(|line| serde_json::from_str::<Figure>(line).ok()) {
        report.add(&figure);
    }
    if answered.status.success() {
        return ExitCode::SUCCESS;
    }
    eprint!("{script}: {}", String::from_utf8_lossy(&answered.stderr));
    ExitCode::FAILURE
}
