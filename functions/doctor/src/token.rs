//! `token`: whether each account has a token that lives, and what WeChat said when there was to be a new one.

use std::time::Duration;

use shared::queue::RefreshRequest;
use shared::store::TokenFailure;
use shared::{Account, Error};

use crate::Function;
use crate::finding::{Finding, named, span};

/// One for each account.
pub async fn check(doctor: &Function) -> Result<Vec<Finding>, Error> {
    let [oa, mini] = &doctor.accounts;
    let (oa, mini) = tokio::try_join!(look_at(doctor, oa), look_at(doctor, mini))?;
    Ok(vec![oa, mini])
}

async fn look_at(doctor: &Function, (account, appid): &(Account, String)) -> Result<Finding, Error> {
    let (ends_at, row) = tokio::try_join!(doctor.tokens.ends_at(appid), doctor.state.account_breaker(appid))?;
    let now = doctor.clock.now();
    let left = ends_at.map(|ends_at| ends_at - now).filter(|left| *left > 0);
    let finding = match (row.token_failure, left) {
        (Some(failure), left) => Finding::problem(failed(&failure, left, now), failure.cause.remedy()),
        (None, Some(left)) => Finding::ok(format!("It lives for another {}.", span(left))),
        (None, None) => {
            ask_for_one(doctor, *account).await?;
            Finding::problem(
                "There is none that lives.".to_owned(),
                "One has been asked for: look again in a minute. If there is none then, look into the log of `refresh` and whether its schedule is enabled.".to_owned(),
            )
        }
    };
    Ok(finding.of(account))
}

fn failed(failure: &TokenFailure, left: Option<i64>, now: i64) -> String {
    let times = match failure.times {
        ..=1 => String::new(),
        times => format!(", {times} times in a row"),
    };
    let left = match left {
        Some(left) if now < failure.no_token_from => {
            format!("The one there is lives for another {}", span(left))
        }
        _ => "There is none that lives".to_owned(),
    };
    format!(
        "It could not be renewed ({}){times}, the last time {} ago. {left}; WeChat is asked again in {}.",
        named(&failure.cause),
        span(now - failure.failed_at),
        span(failure.retry_at - now),
    )
}

/// Has `refresh`, which alone can, try for a token.
async fn ask_for_one(doctor: &Function, account: Account) -> Result<(), Error> {
    let request = RefreshRequest { account, failed: None, errcode: None, is_due: true };
    doctor.refresh.enqueue(&request, Duration::ZERO).await
}
