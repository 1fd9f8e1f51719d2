//! `token_replaced`: whether somebody else fetches the accounts' tokens, and so kills ours.

use shared::{Account, Error};

use crate::Function;
use crate::finding::{Finding, span};

const REMEDY: &str = "Only one may fetch an account's classic tokens: find the other stack, server or person who does. Deploy one of the two with TokenMode=stable, whose tokens are apart from the classic ones, or give it an account of its own.";

/// One for each account.
pub async fn check(doctor: &Function) -> Result<Vec<Finding>, Error> {
    let [oa, mini] = &doctor.accounts;
    let (oa, mini) = tokio::try_join!(look_at(doctor, oa), look_at(doctor, mini))?;
    Ok(vec![oa, mini])
}

async fn look_at(doctor: &Function, (account, appid): &(Account, String)) -> Result<Finding, Error> {
    let now = doctor.clock.now();
    let replacement = doctor.state.account_breaker(appid).await?.token_replacement;
    let finding = match replacement.filter(|replacement| replacement.is_recent(now)) {
        None => {
            Finding::ok("WeChat called none of our tokens dead before its time in the last day.".to_owned())
        }
        Some(replacement) => {
            let (times, since) = (replacement.times, span(now - replacement.since));
            let detail = format!(
                "Somebody else fetches this account's tokens: WeChat called ours dead before its time, {times} × in {since}, the last time {} ago. What met the dead token was tried again with a new one.",
                span(now - replacement.last_at)
            );
            Finding::problem(detail, REMEDY.to_owned())
        }
    };
    Ok(finding.of(account))
}
