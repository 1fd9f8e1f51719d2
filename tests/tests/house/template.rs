//! What template.yaml grants to whom, and that a function is everywhere under one name.

use std::collections::{BTreeMap, BTreeSet};

use contract::routes::{ROUTES, Route, Who};
use serde_yaml_ng::Value;

use crate::workspace::{self, Package};

const FILE: &str = "template.yaml";

pub type Resources = BTreeMap<String, Value>;

pub fn template() -> Value {
    serde_yaml_ng::from_str(&workspace::read(FILE)).expect("template.yaml is YAML")
}

/// The resources by their logical ids.
pub fn resources() -> Resources {
    serde_yaml_ng::from_value(template()["Resources"].clone()).expect("template.yaml has resources")
}

pub fn functions() -> Resources {
    resources().into_iter().filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function").collect()
}

/// Where a resource begins: `template.yaml:90`.
pub fn place(id: &str) -> String {
    workspace::place(FILE, &format!("  {id}:"))
}

/// A value in one line, as it stands there: `!GetAtt KeysTable.Arn`.
pub fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Tagged(tagged) => format!("{} {}", tagged.tag, written(&tagged.value)),
        other => serde_yaml_ng::to_string(other).expect("YAML").trim().replace('\n', " "),
    }
}

/// What stands there, or on either side of an `!If`.
fn either(value: &Value) -> Vec<&Value> {
    match value {
        Value::Tagged(tagged) if tagged.tag == "If" => tagged
            .value
            .as_sequence()
            .into_iter()
            .flatten()
            .skip(1)
            .filter(|side| side.is_mapping())
            .collect(),
        one => vec![one],
    }
}

/// One value, or each of a list.
fn each(value: &Value) -> Vec<String> {
    match value {
        Value::Sequence(values) => values.iter().map(written).collect(),
        one => vec![written(one)],
    }
}

/// The policy that keeps functions from the catalog's rows.
const OPERATORS: &str = "!Ref CatalogIsTheOperators";

/// The actions and resources that a function is granted; an error, if it is granted any in another way.
fn grants(id: &str, function: &Value) -> Result<BTreeSet<(String, String)>, String> {
    let unreadable = |what: &str| {
        format!("{}: {id} has {what}; grant by statements of Effect, Action and Resource alone", place(id))
    };
    let (role, policies) = (&function["Properties"]["Role"], &function["Properties"]["Policies"]);
    if !role.is_null() || !(policies.is_null() || policies.is_sequence()) {
        return Err(unreadable("a Role, or Policies that are no list"));
    }
    let mut grants = BTreeSet::new();
    // What only denies, grants nothing.
    let policies = policies.as_sequence().into_iter().flatten().filter(|policy| written(policy) != OPERATORS);
    for policy in policies {
        let statements =
            policy["Statement"].as_sequence().ok_or_else(|| unreadable("no list of statements"))?;
        for statement in statements.iter().flat_map(either).filter(|statement| statement["Effect"] != "Deny")
        {
            let (actions, resources) = (&statement["Action"], each(&statement["Resource"]));
            if actions.is_null() || statement["Resource"].is_null() {
                return Err(unreadable("a statement without Action or Resource"));
            }
            for action in each(actions) {
                grants.extend(resources.iter().map(|resource| (action.clone(), resource.clone())));
            }
        }
    }
    Ok(grants)
}

#[test]
fn secrets_are_given_to_those_alone_who_need_them() {
    const BOTH: &[&str] = &["LoginFunction", "RefreshFunction"];
    const REFRESH: &[&str] = &["RefreshFunction"];
    const CALLBACK: &[&str] = &["CallbackFunction"];
    const PROXIED: &[&str] =
        &["DeliverFunction", "DoctorFunction", "EventsFunction", "RefreshFunction", "SyncFunction"];
    let allowed = [
        ("MINI_SECRET_ARN", BOTH),
        ("MiniSecretValue", BOTH),
        ("MiniSecret", &[]),
        ("OA_SECRET_ARN", REFRESH),
        ("OaSecretValue", REFRESH),
        ("OaSecret", &[]),
        ("EGRESS_PROXY_ARN", PROXIED),
        ("EgressProxyValue", PROXIED),
        ("EgressProxy", &[]),
        ("MINI_CALLBACK_TOKEN_ARN", CALLBACK),
        ("MiniCallbackTokenValue", CALLBACK),
        ("MiniCallbackToken", &[]),
        ("MINI_CALLBACK_AES_KEY_ARN", CALLBACK),
        ("MiniCallbackAesKeyValue", CALLBACK),
        ("MiniCallbackAesKey", &[]),
    ];
    let mut readers = functions();
    readers.insert("Globals".to_owned(), template()["Globals"].clone());
    let mut wrong = Vec::new();
    for (id, reader) in &readers {
        let text = serde_yaml_ng::to_string(reader).expect("YAML");
        let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for (word, holders) in &allowed {
            match (words.contains(word), holders.contains(&id.as_str())) {
                (true, false) => {
                    wrong.push(format!(
                        "{}: {id} has {word}, which is for {holders:?}; take it out",
                        place(id)
                    ));
                }
                (false, true) => wrong.push(format!("{}: {id} lacks {word}; give it back", place(id))),
                _ => {}
            }
        }
    }
    workspace::nothing_in(&wrong);
}

#[test]
fn the_callback_may_put_events_on_their_queue_and_read_two_secrets_of_each_account_and_nothing_else() {
    let id = "CallbackFunction";
    let allowed = [
        ("secretsmanager:GetSecretValue", "!Ref CallbackAesKeyValue"),
        ("secretsmanager:GetSecretValue", "!Ref CallbackTokenValue"),
        ("secretsmanager:GetSecretValue", "!Ref MiniCallbackAesKeyValue"),
        ("secretsmanager:GetSecretValue", "!Ref MiniCallbackTokenValue"),
        ("sqs:SendMessage", "!GetAtt EventsQueue.Arn"),
    ];
    let allowed = allowed.map(|(action, resource)| (action.to_owned(), resource.to_owned()));
    let functions = functions();
    let function = functions.get(id).unwrap_or_else(|| panic!("{FILE}:1: no {id}; tell this test its name"));
    let granted = grants(id, function).unwrap_or_else(|unreadable| panic!("{unreadable}"));
    let place = place(id);
    assert_eq!(
        granted,
        BTreeSet::from(allowed),
        "{place}: {id} faces the Internet; let `events` do the rest"
    );
}

/// What each function may do with the tables that hold secrets: nothing is granted that is not listed.
fn may_with_secrets(table: &str, function: &str, action: &str) -> bool {
    match table {
        // Only the operator writes keys.
        "KeysTable" => action == "dynamodb:GetItem",
        "TokensTable" => match function {
            "RefreshFunction" => action == "dynamodb:UpdateItem",
            "DeliverFunction" | "SyncFunction" | "EventsFunction" | "DoctorFunction" => {
                action == "dynamodb:GetItem"
            }
            _ => false,
        },
        "SessionKeysTable" => match function {
            "LoginFunction" => ["dynamodb:PutItem", "dynamodb:DeleteItem"].contains(&action),
            "DecryptFunction" => action == "dynamodb:GetItem",
            "ForgetFunction" => action == "dynamodb:DeleteItem",
            _ => false,
        },
        _ => true,
    }
}

#[test]
fn tables_that_hold_secrets_are_for_those_who_need_them() {
    let mut wrong = Vec::new();
    for (id, function) in functions() {
        let granted = grants(&id, &function).unwrap_or_else(|unreadable| {
            wrong.push(unreadable);
            BTreeSet::new()
        });
        for (action, resource) in granted {
            let is_any_table = resource.contains('*') && (action.starts_with("dynamodb:") || action == "*");
            let mut names = resource.split(|char: char| !char.is_ascii_alphanumeric());
            if is_any_table || names.any(|name| !may_with_secrets(name, &id, &action)) {
                wrong.push(format!(
                    "{}: {id} may {action} on {resource}; this test's `may_with_secrets` says who may what",
                    place(&id)
                ));
            }
        }
    }
    workspace::nothing_in(&wrong);
}

/// It counts who is in the map.
#[test]
fn the_doctor_reads_of_the_map_who_is_in_it_and_not_by_which_openid() {
    let doctor = &functions()["DoctorFunction"]["Properties"]["Policies"];
    let statements =
        doctor.as_sequence().into_iter().flatten().flat_map(|policy| policy["Statement"].as_sequence());
    let about = statements.flatten().filter(|one| written(&one["Resource"]).contains("IdentitiesTable"));
    let about: Vec<_> = about.collect();
    assert!(!about.is_empty(), "it may count");
    let wrong = about.into_iter().filter(|statement| {
        let condition = &statement["Condition"];
        let attributes = each(&condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]);
        // Without it, whoever names no attribute gets them all.
        let names_them = condition["StringEqualsIfExists"]["dynamodb:Select"] == "SPECIFIC_ATTRIBUTES";
        attributes != ["unionid", "account"] || !names_them
    });
    let told =
        wrong.map(|_| format!("{}: the doctor may read more of IdentitiesTable", place("DoctorFunction")));
    workspace::nothing_in(&told.collect::<Vec<_>>());
}

#[test]
fn who_writes_into_the_table_of_states_is_kept_from_the_catalog() {
    const READS: [&str; 2] = ["dynamodb:GetItem", "dynamodb:BatchGetItem"];
    let statements =
        resources()["CatalogIsTheOperators"]["Properties"]["PolicyDocument"]["Statement"].clone();
    let [denied] = statements.as_sequence().expect("statements").as_slice() else { panic!("{statements:?}") };
    assert_eq!(
        (&denied["Effect"], written(&denied["Resource"])),
        (&Value::from("Deny"), "!GetAtt StateTable.Arn".into())
    );
    let keys = &denied["Condition"]["ForAnyValue:StringLike"]["dynamodb:LeadingKeys"];
    assert_eq!(each(keys), ["catalog", "catalog#*"], "where shared::store::state::catalog keeps it");
    let denied = each(&denied["Action"]);
    let wrong = functions().into_iter().filter(|(id, function)| {
        let granted = grants(id, function).unwrap_or_default();
        let writes = granted
            .iter()
            .any(|(action, table)| table.contains("StateTable") && !READS.contains(&action.as_str()));
        let is_denied =
            |(action, _): &(String, String)| READS.contains(&action.as_str()) || denied.contains(action);
        let on_it = granted.iter().filter(|(_, table)| table.contains("StateTable"));
        assert!(on_it.clone().all(is_denied), "{id}: deny all of its writes");
        let policies = function["Properties"]["Policies"].as_sequence().into_iter().flatten();
        writes && policies.map(written).all(|policy| policy != OPERATORS)
    });
    let wrong = wrong.map(|(id, _)| {
        format!("{}: {id} writes into StateTable; add {OPERATORS} to its Policies", place(&id))
    });
    workspace::nothing_in(&wrong.collect::<Vec<_>>());
}

#[test]
fn a_route_that_strangers_may_call_has_a_throttle_of_its_own() {
    let api = &resources()["Api"]["Properties"];
    let rate = |settings: &Value| settings["ThrottlingRateLimit"].as_u64().unwrap_or(u64::MAX);
    let for_all = rate(&api["DefaultRouteSettings"]);
    let is_open = |route: &&&Route| matches!(route.who, Who::Anyone | Who::Wechat);
    let wrong = ROUTES.iter().filter(is_open).filter_map(|route| {
        let key = format!("{} {}", route.method, route.path);
        let is_tighter = rate(&api["RouteSettings"][key.as_str()]) < for_all;
        (!is_tighter)
            .then(|| format!("{}: anyone may call {key}; give it a RouteSettings entry", place("Api")))
    });
    workspace::nothing_in(&wrong.collect::<Vec<_>>());
}

#[test]
fn every_function_is_a_folder_a_package_a_binary_and_a_resource() {
    let resources = resources();
    let mut ids = BTreeSet::new();
    let mut wrong = Vec::new();
    for package in workspace::functions() {
        let name = package.folder.trim_start_matches("functions/");
        let start = name[..1].to_uppercase() + &name[1..];
        let checks =
            in_its_folder(package, name).into_iter().chain(in_the_template(&resources, name, &start));
        let failed = checks.filter(|(holds, ..)| !holds);
        wrong.extend(failed.map(|(_, place, what)| format!("{place}: {what}")));
        ids.insert(format!("{start}Function"));
    }
    let strangers = functions().into_keys().filter(|id| !ids.contains(id));
    wrong.extend(strangers.map(|id| format!("{}: {id} has no folder in functions/; add it", place(&id))));
    workspace::nothing_in(&wrong);
}

/// What holds or does not, where, and what to do if not.
type Check = (bool, String, String);

fn in_its_folder(package: &Package, name: &str) -> Vec<Check> {
    let folder = &package.folder;
    let [manifest, lib, main] =
        ["Cargo.toml", "src/lib.rs", "src/main.rs"].map(|file| format!("{folder}/{file}"));
    let is_binary =
        package.crates.iter().any(|one| one.name == name && one.sources.values().any(|it| it.file == main));
    let has_name = workspace::read(&lib).contains(&format!("const NAME: &str = \"{name}\";"));
    let is_short = !is_binary || workspace::read(&main).lines().count() <= 6;
    let mut checks = vec![
        (package.name == name, workspace::place(&manifest, "name ="), format!("call the package `{name}`")),
        (is_binary, workspace::place(&manifest, "[[bin]]"), format!("call the binary, {main}, `{name}`")),
        (has_name, workspace::place(&lib, "const NAME"), format!("const NAME: &str = \"{name}\"")),
        (is_short, format!("{main}:1"), "keep it to one line; the rest is for lib.rs".to_owned()),
    ];
    for file in [".ci/run", "README.md"] {
        let text = workspace::read(file);
        let words: Vec<_> = text.split_whitespace().collect();
        let is_built = words.windows(2).any(|pair| pair == ["-p", name]);
        checks.push((
            is_built,
            workspace::place(file, "cargo lambda build"),
            format!("build it with -p {name}"),
        ));
    }
    checks
}

fn in_the_template(resources: &Resources, name: &str, start: &str) -> [Check; 2] {
    let (id, logs, uri) =
        (format!("{start}Function"), format!("{start}Logs"), format!("target/lambda/{name}/"));
    let properties = &resources.get(&id).unwrap_or(&Value::Null)["Properties"];
    let has_code = written(&properties["CodeUri"]) == uri;
    let has_logs = written(&properties["LoggingConfig"]["LogGroup"]) == format!("!Ref {logs}")
        && resources.get(&logs).is_some_and(|group| group["Type"] == "AWS::Logs::LogGroup");
    [
        (has_code, place(&id), format!("functions/{name} is {id}, with CodeUri: {uri}")),
        (has_logs, place(&id), format!("{id} logs to !Ref {logs}, a log group of its own")),
    ]
}

/// Lambda takes it for a mistake, and drops the message after about sixteen rounds.
#[test]
fn a_function_that_puts_messages_on_its_own_queue_may() {
    let resources = resources();
    let mappings = resources.values().filter(|one| one["Type"] == "AWS::Lambda::EventSourceMapping");
    let loops = mappings.filter_map(|mapping| {
        let of = |name: &str| written(&mapping["Properties"][name]);
        let id = of("FunctionName").replace("!Ref ", "").replace(".Alias", "");
        let queue = of("EventSourceArn");
        let function = &resources[&id];
        let may_send = grants(&id, function).ok()?.contains(&("sqs:SendMessage".to_owned(), queue));
        Some((id.clone(), may_send, !function["Properties"]["RecursiveLoop"].is_null()))
    });
    // `forget` is asked by a caller, and never by itself.
    let wrong = loops.filter(|(id, may_send, is_allowed)| id != "ForgetFunction" && may_send != is_allowed);
    let told = |(id, may_send, _): (String, bool, bool)| {
        let what = if may_send { "sends to the queue it takes from: give it" } else { "needs no" };
        format!("{}: {id} {what} RecursiveLoop", place(&id))
    };
    workspace::nothing_in(&wrong.map(told).collect::<Vec<_>>());
}

/// So many messages are refused at most before a breaker is open for all workers.
#[test]
fn no_more_than_a_hundred_messages_are_in_flight() {
    let source = &resources()["DeliverJobs"]["Properties"];
    assert_eq!(written(&source["ScalingConfig"]["MaximumConcurrency"]), "!Ref DeliverWorkers");
    let workers =
        template()["Parameters"]["DeliverWorkers"]["MaxValue"].as_u64().expect("a limit of workers");
    let in_flight = workers * deliver::CONCURRENCY as u64;
    assert!(in_flight <= 100, "{workers} workers of {} messages each", deliver::CONCURRENCY);
}
