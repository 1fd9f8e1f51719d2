//! Queqiao in bad weather: seeded scenarios over the local stack, in small with the other tests, in
//! large by hand. Nothing may be lost, nothing may arrive twice, and no state may say what is not so.

mod client;
mod scenario;
mod verdict;
mod weather;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use futures::{FutureExt, StreamExt, stream};
use scenario::SCENARIOS;

/// Sends messages through a Queqiao to which all kinds of things happen. Prints one line of JSON per
/// scenario.
#[derive(Parser)]
struct Arguments {
    /// How many messages each scenario sends.
    #[arg(long, default_value_t = 300)]
    messages: u32,
    /// Seeds all dice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs this scenario alone.
    #[arg(long)]
    scenario: Option<u32>,
    #[command(flatten)]
    harness: Harness,
}

/// What `cargo test` passes on to a test's program.
#[derive(clap::Args)]
struct Harness {
    #[arg(hide = true)]
    filters: Vec<String>,
    #[arg(long, hide = true)]
    list: bool,
    #[arg(long, hide = true)]
    ignored: bool,
    #[arg(long, hide = true, aliases = ["no-capture", "include-ignored", "exact", "show-output"])]
    nocapture: bool,
    #[arg(long, short, hide = true)]
    quiet: bool,
    #[arg(long, hide = true, aliases = ["format", "color"])]
    test_threads: Option<String>,
    #[arg(long, hide = true)]
    skip: Vec<String>,
}

impl Arguments {
    fn chosen(&self) -> Vec<&'static scenario::Scenario> {
        let named = |name: &str, filters: &[String]| filters.iter().any(|filter| name.contains(&**filter));
        let Harness { filters, skip, ignored, .. } = &self.harness;
        let is_chosen = |scenario: &&scenario::Scenario| {
            let name = format!("chaos::{}", scenario.name);
            self.scenario.is_none_or(|number| number == scenario.number())
                && (filters.is_empty() || named(&name, filters))
                && !named(&name, skip)
                && !ignored
        };
        SCENARIOS.iter().filter(is_chosen).collect()
    }
}

/// Runs what the command line asks for. A test closes with the summary that tests close with; an example
/// leaves stdout to the lines of JSON.
pub async fn run(is_test: bool) -> ExitCode {
    if let Some(ended) = local::run_as_function().await {
        return ended;
    }
    let arguments = Arguments::parse();
    let chosen = arguments.chosen();
    if arguments.harness.list {
        chosen.iter().for_each(|scenario| println!("chaos::{}: test", scenario.name));
        return ExitCode::SUCCESS;
    }
    let started = Instant::now();
    let mut failed = 0;
    let (messages, seed) = (arguments.messages, arguments.seed);
    // In small they mostly wait; in large they would only take each other's time.
    let at_a_time = if messages > scenario::LARGE { 1 } else { 4 };
    let runs =
        chosen.iter().map(|scenario| scenario.run(messages, seed).map(move |v| (scenario, v)).boxed_local());
    let mut verdicts = stream::iter(runs).buffered(at_a_time);
    while let Some((scenario, verdict)) = verdicts.next().await {
        println!("{}", verdict.line());
        let faults = scenario.faults(&verdict);
        failed += usize::from(!faults.is_empty());
        faults.iter().for_each(|fault| eprintln!("chaos::{}: {fault}", scenario.name));
    }
    let (passed, filtered) = (chosen.len() - failed, SCENARIOS.len() - chosen.len());
    let outcome = if failed == 0 { "ok" } else { "FAILED" };
    let seconds = started.elapsed().as_secs_f64();
    let summary = format!(
        "test result: {outcome}. {passed} passed; {failed} failed; 0 ignored; 0 measured; \
         {filtered} filtered out; finished in {seconds:.2}s"
    );
    if is_test {
        println!("\n{summary}\n")
    } else {
        eprintln!("{summary}")
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
