//! Every answer is held against openapi.yaml, so that the whole suite is the contract's test.

use std::collections::HashMap;
use std::sync::LazyLock;

use ::contract::routes::Route;
use jsonschema::Validator;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The contract as it is committed.
const OPENAPI: &str = include_str!("../../openapi.yaml");

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::read);

/// What may be sent and answered.
struct Contract {
    /// By operation.
    requests: HashMap<String, Validator>,
    /// By operation, status and content type.
    answers: HashMap<(String, u16, String), Validator>,
}

/// Holds an exchange against the contract; a path that has no route is the gateway's own to answer.
///
/// # Panics
/// When the answer is not one that the contract has, or a body was taken that it does not allow.
pub fn hold(method: &Method, path: &str, sent: &[u8], answer: &super::Answer) {
    let Some(route) = Route::of(method, path) else { return };
    assert_ne!(answer.status, 500, "a function failed to answer: {}", answer.body);
    let key = (route.operation.to_string(), answer.status, answer.essence().to_owned());
    let allowed = CONTRACT.answers.get(&key);
    let allowed = allowed.unwrap_or_else(|| panic!("openapi.yaml has no answer {key:?}: {}", answer.body));
    let mistakes: Vec<_> = allowed.iter_errors(&answer.body).map(|error| told(&error)).collect();
    assert!(mistakes.is_empty(), "{key:?} is not what openapi.yaml says: {mistakes:?} in {}", answer.body);
    let was_taken = StatusCode::from_u16(answer.status).is_ok_and(|status| route.is_taken(status));
    if let Some(request) = CONTRACT.requests.get(&key.0).filter(|_| was_taken && !sent.is_empty()) {
        let sent: Value = serde_json::from_slice(sent).expect("a body that was taken is JSON");
        let mistakes: Vec<_> = request.iter_errors(&sent).map(|error| told(&error)).collect();
        assert!(mistakes.is_empty(), "{} took what openapi.yaml does not: {mistakes:?}", route.operation);
    }
}

fn told(error: &jsonschema::ValidationError<'_>) -> String {
    format!("{}: {error}", error.instance_path())
}

impl Contract {
    fn read() -> Self {
        let mut document: Value = serde_yaml_ng::from_str(OPENAPI).expect("YAML");
        let mut contract = Self { requests: HashMap::new(), answers: HashMap::new() };
        let schemas = document["components"]["schemas"].as_object_mut().expect("schemas");
        schemas.values_mut().for_each(close);
        let components = json!({ "schemas": schemas });
        let validator = |media: &Value| {
            let mut schema = media["schema"].clone();
            schema["components"] = components.clone();
            jsonschema::draft202012::new(&schema).expect("a JSON Schema")
        };
        let paths = document["paths"].as_object().expect("paths").values();
        for operation in paths.flat_map(|path| path.as_object().expect("methods").values()) {
            let id = operation["operationId"].as_str().expect("an operationId").to_owned();
            // WeChat's is as WeChat writes it.
            let body = operation["requestBody"]["content"].get("application/json");
            if let Some(body) = body.filter(|body| body.get("schema").is_some()) {
                contract.requests.insert(id.clone(), validator(body));
            }
            for (status, response) in operation["responses"].as_object().expect("responses") {
                for (essence, media) in response["content"].as_object().into_iter().flatten() {
                    let key = (id.clone(), status.parse().expect("a status"), essence.clone());
                    contract.answers.insert(key, validator(media));
                }
            }
        }
        contract
    }
}

/// Programs made from the contract have to bear new fields; the suite lets none pass that it does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let is_object = members.get("type").is_some_and(|kind| kind == "object");
            if is_object
                && members.contains_key("properties")
                && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
