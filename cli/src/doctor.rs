//! `queqiao doctor`: whether the deployment is as it should be, and what to do if not.

use contract::{CheckState, Diagnosis, routes};

use crate::lang::{pick, say};
use crate::outcome::Outcome;
use crate::target::Target;
use crate::{Failure, print_json, table, tell};

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
pub async fn run(Arguments { json, target }: Arguments) -> Result<Outcome, Failure> {
    let api = target.api().await?;
    let diagnosis: Diagnosis = api.get(&routes::DOCTOR, routes::DOCTOR.path).await?;
    match json {
        true => print_json(&diagnosis)?,
        false => print(&diagnosis),
    }
    let count = |state| diagnosis.checks.iter().filter(|check| check.state == state).count();
    match (count(CheckState::Problem), count(CheckState::Unknown)) {
        (0, 0) => Ok(Outcome::Done),
        (0, unknown) => Err(say!(
            "{unknown} of the checks could not be made; try again.",
            "有 {unknown} 项没能检查；请再试一次。"
        )
        .into()),
        (1, _) => Err(pick("There is a problem.", "有一个问题。").into()),
        (problems, _) => Err(say!("There are {problems} problems.", "有 {problems} 个问题。").into()),
    }
}

fn print(diagnosis: &Diagnosis) {
    let english = ["check", "of", "state", "what, and what to do"];
    let mut table = table(pick(english, ["检查", "对象", "状态", "情况和处理办法"]));
    for check in &diagnosis.checks {
        let subject = check.subject.clone().unwrap_or_default();
        let what = [Some(check.detail.clone()), check.remedy.clone()];
        let what = what.into_iter().flatten().collect::<Vec<_>>().join("\n");
        table.add_row([check.check.clone(), subject, check.state.to_string(), what]);
    }
    tell(&table.to_string());
}
