//! `queqiao doctor`: whether the deployment is as it should be, and what to do if not. The function tells what it sees from
//! inside; what is seen from outside alone, is looked at here.

#[cfg(feature = "aws")]
mod alarms;
mod outside;

use contract::{Check, CheckState, Diagnosis, routes};

use crate::api::Api;
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
    let stack = target.stack().map(str::to_owned);
    let api = target.api().await?;
    let diagnosis = diagnosis(&api, stack.as_deref()).await;
    match json {
        true => print_json(&diagnosis)?,
        false => print(&diagnosis),
    }
    let count = |state| diagnosis.checks.iter().filter(|check| check.state == state).count();
    match (count(CheckState::Problem), count(CheckState::Unknown)) {
        (0, 0) => Ok(Outcome::Done),
        (0, unknown) => Err(say!(
            "Checks that could not be made: {unknown}. Try again.",
            "有 {unknown} 项没能检查；请再试一次。"
        )
        .into()),
        (1, _) => Err(pick("There is a problem.", "有一个问题。").into()),
        (problems, _) => Err(say!("There are {problems} problems.", "有 {problems} 个问题。").into()),
    }
}

/// From outside and from inside. Where the function does not answer, the rest may say why.
async fn diagnosis(api: &Api, stack: Option<&str>) -> Diagnosis {
    let (outside, inside, alarms) =
        tokio::join!(outside::look(api, stack), api.get(&routes::DOCTOR, routes::DOCTOR.path), alarms(stack));
    let mut checks = outside;
    checks.extend(alarms);
    match inside {
        Ok(Diagnosis { checks: inside }) => checks.extend(inside),
        Err(error) => checks.push(problem("doctor", crate::with_causes(&error), None)),
    }
    Diagnosis { checks }
}

#[cfg(feature = "aws")]
async fn alarms(stack: Option<&str>) -> Vec<Check> {
    match stack {
        Some(stack) => alarms::look(stack).await,
        None => Vec::new(),
    }
}

#[cfg(not(feature = "aws"))]
async fn alarms(_stack: Option<&str>) -> Vec<Check> {
    Vec::new()
}

fn ok(check: &str, detail: String) -> Check {
    Check { check: check.to_owned(), subject: None, state: CheckState::Ok, detail, remedy: None }
}

fn problem(check: &str, detail: String, remedy: Option<&str>) -> Check {
    let remedy = remedy.map(str::to_owned);
    Check { check: check.to_owned(), subject: None, state: CheckState::Problem, detail, remedy }
}

fn unknown(check: &str, detail: String) -> Check {
    Check { check: check.to_owned(), subject: None, state: CheckState::Unknown, detail, remedy: None }
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
