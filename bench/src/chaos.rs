//! The scenarios of bad weather, in large.

use std::process::ExitCode;

use harness::chaos::SCENARIOS;

/// The chaos suite, in large.
#[derive(clap::Args)]
pub struct Size {
    /// How many messages each scenario sends
    #[arg(long, default_value_t = 20_000)]
    messages: u32,
    /// Seeds all dice
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs this scenario alone: 1 to 15
    #[arg(long)]
    scenario: Option<u32>,
}

/// Runs one scenario after the other, and prints a line of JSON for each; fails with those that went wrong.
pub async fn run(size: &Size) -> ExitCode {
    // The workers that are killed are this program, too.
    let this = std::env::current_exe().expect("this program");
    let mut faults = Vec::new();
    for scenario in
        SCENARIOS.iter().filter(|scenario| size.scenario.is_none_or(|one| one == scenario.number()))
    {
        let verdict = scenario.run(size.messages, size.seed, &this).await;
        println!("{}", verdict.line());
        faults.extend(scenario.faults(&verdict).iter().map(|fault| format!("{}: {fault}", scenario.name)));
    }
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
