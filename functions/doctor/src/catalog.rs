//! `catalog`: whether this release can read what was pushed last; else it goes by what was there before.

use shared::Error;
use shared::catalog::Catalog;

use crate::Function;
use crate::finding::Finding;

/// One for the newest version.
pub async fn check(doctor: &Function) -> Result<Vec<Finding>, Error> {
    let (newest, in_force) = (doctor.state.catalog_version().await?, doctor.catalog.version().await?);
    let named = in_force.map_or("the one of this release".to_owned(), |version| format!("version {version}"));
    if newest == 0 || in_force.is_none() && doctor.catalog.is_fixed() {
        return Ok(vec![Finding::ok(format!("In force is {named}."))]);
    }
    if in_force != Some(newest) {
        let detail = format!("Version {newest} cannot be read, and in force is {named}.");
        let remedy = "push one that `queqiao catalog check` of this release takes, or deploy the release that it was pushed with";
        return Ok(vec![Finding::problem(detail, remedy.to_owned())]);
    }
    let pushed = doctor.state.catalog(newest).await?.map(|pushed| Catalog::parse_pushed(&pushed.text));
    let unknown = pushed.and_then(Result::ok).map(|(_, unknown)| unknown).unwrap_or_default();
    Ok(vec![match unknown[..] {
        [] => Finding::ok(format!("In force is {named}.")),
        _ => Finding::problem(
            format!("Version {newest} has keys that this release passes over: {}.", unknown.join(", ")),
            "deploy the release that it was pushed with, or push one without them".to_owned(),
        ),
    }])
}
