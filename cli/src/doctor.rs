//! `queqiao doctor`: whether the deployment is as it should be, and what to do if not.

use comfy_table::Table;
use contract::{CheckState, Diagnosis, routes};

use crate::target::Target;
use crate::{Failure, print_json, tell};

/// What to look at.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Has it looked at, and fails where there is a problem, or nobody knows.
pub async fn run(Arguments { json, target }: Arguments) -> Result<(), Failure> {
    let api = target.api().await?;
    let diagnosis: Diagnosis = api.get(&routes::DOCTOR, routes::DOCTOR.path).await?;
    match json {
        true => print_json(&diagnosis)?,
        false => print(&diagnosis),
    }
    let count = |state| diagnosis.checks.iter().filter(|check| check.state == state).count();
    match (count(CheckState::Problem), count(CheckState::Unknown)) {
        (0, 0) => Ok(()),
        (0, unknown) => Err(format!("{unknown} of the checks could not be made; try again.").into()),
        (1, _) => Err("There is a problem.".into()),
        (problems, _) => Err(format!("There are {problems} problems.").into()),
    }
}

fn print(diagnosis: &Diagnosis) {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["check", "of", "state", "what, and what to do"]);
    for check in &diagnosis.checks {
        let subject = check.subject.clone().unwrap_or_default();
        let what = [Some(check.detail.clone()), check.remedy.clone()];
        let what = what.into_iter().flatten().collect::<Vec<_>>().join("\n");
        table.add_row([check.check.clone(), subject, check.state.to_string(), what]);
    }
    tell(&table.to_string());
}
