//! `templates`: whether what the catalog sends fits the templates that the accounts have, and how old the lists of them
//! are.

use shared::preflight::preflight;
use shared::store::KnownTemplates;
use shared::{Account, Error};

use crate::Function;
use crate::finding::{Finding, span};

/// They are listed once a day; after this, in seconds, twice in a row it has failed.
const STALE_AFTER: i64 = 49 * 3600;

const LOOK: &str = "`queqiao sync` has them listed at once; the log of `sync` says why they could not be.";

/// One for each thing that does not fit, and each list that is missing or old; or one that all is well.
pub async fn check(doctor: &Function) -> Result<Vec<Finding>, Error> {
    let [(oa, oa_appid), (mini, mini_appid)] = &doctor.accounts;
    let (catalog, listed) =
        tokio::try_join!(doctor.catalog.current(), doctor.state.template_lists(oa_appid, mini_appid))?;
    let now = doctor.clock.now();
    let has_fallback = catalog.fallback_templates().next().is_some();
    let lists = [Some((oa, &listed.oa)), Some((mini, &listed.mini)).filter(|_| has_fallback)];
    let lists = lists.into_iter().flatten();
    let mut findings: Vec<_> =
        lists.filter_map(|(account, list)| look_at(*account, list.as_ref(), now)).collect();
    findings.extend(preflight(&catalog, listed.known()).into_iter().map(|problem| {
        let field = problem.field.map(|field| format!(" {field}")).unwrap_or_default();
        let detail = format!("Its {} message does not fit ({}{field}).", problem.channel, problem.reason);
        Finding::problem(detail, problem.remedy).of(problem.notification)
    }));
    Ok(match findings[..] {
        [] => {
            vec![Finding::ok(format!("All {} notifications fit the accounts' templates.", catalog.count()))]
        }
        _ => findings,
    })
}

/// What is wrong with a list itself.
fn look_at(account: Account, list: Option<&KnownTemplates>, now: i64) -> Option<Finding> {
    let Some(list) = list else {
        let detail =
            format!("They were not listed yet, and nobody knows whether the catalog fits them. {LOOK}");
        return Some(Finding::unknown(detail).of(account));
    };
    let age = now - list.fetched_at;
    let detail = || format!("They were listed {} ago, and not since.", span(age));
    (age >= STALE_AFTER).then(|| Finding::problem(detail(), LOOK.to_owned()).of(account))
}

#[cfg(test)]
mod tests {
    use contract::CheckState;

    use super::*;

    #[test]
    fn a_list_that_is_missing_is_told_and_an_old_one_is_a_problem() {
        let state = |age: Option<i64>| {
            let list = age.map(|age| KnownTemplates { fetched_at: 1_000_000 - age, templates: Vec::new() });
            look_at(Account::Oa, list.as_ref(), 1_000_000).map(|finding| finding.named("templates").state)
        };
        let told = [None, Some(0), Some(STALE_AFTER - 1), Some(STALE_AFTER)].map(state);
        assert_eq!(told, [Some(CheckState::Unknown), None, None, Some(CheckState::Problem)]);
    }
}
