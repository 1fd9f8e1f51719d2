//! `catalog`: whether this release can read what was pushed last; else it goes by what was there before.

use shared::Error;
use shared::catalog::Catalog;

use crate::Function;
use crate::finding::Finding;

/// One for the newest version.
pub async fn check(doctor: &Function) -> Result<Vec<Finding>, Error> {
    let newest = doctor.state.catalog_version().await?;
    if newest == 0 {
        let told = "None was pushed: the one that this release was built with is in force.";
        return Ok(vec![Finding::ok(told.to_owned())]);
    }
    let pushed = doctor.state.catalog(newest).await?.ok_or_else(|| "its row is gone".to_owned());
    Ok(vec![match pushed.and_then(|pushed| Catalog::parse_pushed(&pushed.text)) {
        Err(problem) => Finding::problem(
            format!("Version {newest} cannot be read, and the one before it is in force: {problem}."),
            "push one that `queqiao catalog check` of this release takes, or `queqiao catalog rollback`"
                .to_owned(),
        ),
        Ok((_, unknown)) if !unknown.is_empty() => Finding::problem(
            format!("Version {newest} has keys that this release passes over: {}.", unknown.join(", ")),
            "deploy the release that it was pushed with, or push one without them".to_owned(),
        ),
        Ok((catalog, _)) => {
            Finding::ok(format!("Version {newest} is in force: {} notifications.", catalog.count()))
        }
    }])
}
