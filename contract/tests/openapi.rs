//! openapi.yaml says what the contract says, and template.yaml has the contract's routes and no others.
//! `UPDATE_DOCS=1 cargo test -p contract` writes openapi.yaml anew.

use std::collections::BTreeSet;

use contract::openapi;
use contract::routes::{BodyKind, ROUTES};
use serde_json::Value;
use serde_yaml_ng::{Mapping, Value as Yaml};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml");
const TEMPLATE: &str = include_str!("../../template.yaml");

/// The document's parts, in the order in which people read them.
const ORDER: [&str; 5] = ["openapi", "info", "servers", "paths", "components"];

#[test]
fn openapi_yaml_is_what_the_contract_says() {
    let document = openapi::document();
    assert_eq!(document.as_object().expect("an object").len(), ORDER.len());
    let ordered: Mapping = ORDER
        .into_iter()
        .map(|part| (part.into(), serde_yaml_ng::to_value(&document[part]).expect("YAML")))
        .collect();
    let page = format!(
        "# Written from the crate `contract` by `UPDATE_DOCS=1 cargo test -p contract`; a test holds it to it.\n{}",
        serde_yaml_ng::to_string(&ordered).expect("YAML")
    );
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(FILE, &page).expect("openapi.yaml is written");
    }
    let written = std::fs::read_to_string(FILE).expect("openapi.yaml is there");
    assert!(written == page, "openapi.yaml is out of date: run UPDATE_DOCS=1 cargo test -p contract");
}

#[test]
fn the_template_has_the_contracts_routes_and_no_others() {
    let template: Yaml = serde_yaml_ng::from_str(TEMPLATE).expect("YAML");
    let resources = template["Resources"].as_mapping().expect("resources").values();
    let events = resources.filter_map(|resource| resource["Properties"]["Events"].as_mapping());
    let routes = events.flat_map(Mapping::values).filter(|event| event["Type"] == "HttpApi");
    let text = |value: &Yaml| value.as_str().expect("text").to_owned();
    let declared: BTreeSet<_> = routes
        .map(|event| (text(&event["Properties"]["Method"]), text(&event["Properties"]["Path"])))
        .collect();
    let contract: BTreeSet<_> =
        ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(declared, contract);
}

/// A body that a route names and that has no schema would be a reference to nothing.
#[test]
fn every_body_a_route_names_has_a_schema_and_an_example_that_reads() {
    let document = openapi::document();
    let answers = ROUTES.iter().flat_map(|route| route.answer.types());
    let requests = ROUTES.iter().filter_map(|route| match route.request.map(|body| body.kind) {
        Some(BodyKind::Json(of) | BodyKind::OptionalJson(of)) => Some(of),
        Some(BodyKind::Xml | BodyKind::XmlOrJson) | None => None,
    });
    for of in answers.chain(requests) {
        assert!(document["components"]["schemas"][of].is_object(), "{of} has no schema");
        reads(of, openapi::example(of));
    }
}

#[test]
fn the_fields_of_requests_are_those_of_their_schemas() {
    let document = openapi::document();
    let requests = ROUTES.iter().filter_map(|route| match route.request.map(|body| body.kind) {
        Some(BodyKind::Json(of) | BodyKind::OptionalJson(of)) => Some(of),
        Some(BodyKind::Xml | BodyKind::XmlOrJson) | None => None,
    });
    let schemas = requests.chain(["To"]).map(|of| &document["components"]["schemas"][of]["properties"]);
    // One of several names has no fields of its own: those of `To` are the same.
    let fields: BTreeSet<_> = schemas.filter_map(Value::as_object).flat_map(|fields| fields.keys()).collect();
    assert_eq!(fields, contract::FIELDS.map(str::to_owned).iter().collect());
}

fn reads(of: &str, example: Value) {
    fn same<T: serde::Serialize + serde::de::DeserializeOwned>(example: &Value) -> Result<(), String> {
        let read: T = serde_json::from_value(example.clone()).map_err(|error| error.to_string())?;
        let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
        if written == *example { Ok(()) } else { Err(format!("{written} is not {example}")) }
    }
    let outcome = match of {
        "Login" => same::<contract::Login>(&example),
        "LoggedIn" => same::<contract::LoggedIn>(&example),
        "Logout" => same::<contract::Logout>(&example),
        "LoggedOut" => same::<contract::LoggedOut>(&example),
        "Recipient" => same::<contract::Recipient>(&example),
        "Diagnosis" => same::<contract::Diagnosis>(&example),
        "Forgetting" => same::<contract::Forgetting>(&example),
        "Sealed" => same::<contract::Sealed>(&example),
        "Opened" => same::<contract::Opened>(&example),
        "Subscriptions" => same::<contract::Subscriptions>(&example),
        "Credited" => same::<contract::Credited>(&example),
        "SendRequest" => same::<contract::SendRequest>(&example),
        "Accepted" => same::<contract::Accepted>(&example),
        "DryRun" => same::<contract::DryRun>(&example),
        "Templates" => same::<contract::Templates>(&example),
        "BatchStatus" => same::<contract::BatchStatus>(&example),
        "Replay" => same::<contract::Replay>(&example),
        "Replayed" => same::<contract::Replayed>(&example),
        "Advance" => same::<contract::Advance>(&example),
        "SyncProgress" => same::<contract::SyncProgress>(&example),
        of => Err(format!("{of} is unknown to this test")),
    };
    outcome.unwrap_or_else(|error| panic!("{of}: {error}"));
}
