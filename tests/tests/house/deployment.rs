//! What template.yaml must say so that it deploys beside another of its kind, survives its changes, and has somebody
//! told.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

use crate::template::{Resources, functions, place, resources, template, written};
use crate::workspace;

/// The names of the parameters of these properties, those of conditions among them.
fn parameters_of(value: &Value) -> BTreeSet<String> {
    let text = serde_yaml_ng::to_string(value).expect("YAML");
    let document = template();
    let named = |section: &str, name: &str| !document[section][name].is_null();
    let words = || text.split(|char: char| !char.is_ascii_alphanumeric());
    let conditions = words().filter(|word| named("Conditions", word));
    let behind = conditions.map(|name| written(&document["Conditions"][name])).collect::<Vec<_>>().join(" ");
    let behind = behind.split(|char: char| !char.is_ascii_alphanumeric()).map(str::to_owned);
    words().map(str::to_owned).chain(behind).filter(|word| named("Parameters", word)).collect()
}

/// CloudFormation makes no new version when only a parameter has another value, and the alias would go on calling the
/// version that has the old one. And Lambda publishes none of what has not changed, which fails the deployment.
#[test]
fn a_version_names_every_parameter_that_its_function_is_told() {
    let document = template();
    let globals = &document["Globals"]["Function"];
    let for_all = ["Architectures", "Environment"].map(|name| parameters_of(&globals[name]));
    let mut wrong = Vec::new();
    for (id, function) in functions() {
        let properties = &function["Properties"];
        let told = ["Environment", "VpcConfig", "MemorySize", "Timeout"]
            .map(|name| parameters_of(&properties[name]));
        // Of a secret it is told whether there is one, by a condition, and no more.
        let told: BTreeSet<_> =
            told.into_iter().flatten().chain(for_all.clone().into_iter().flatten()).collect();
        let described = parameters_of(&properties["VersionDescription"]);
        if described != told {
            let place = place(&id);
            wrong.push(format!("{place}: VersionDescription of {id} has {described:?}, it is told {told:?}"));
        }
    }
    workspace::nothing_in(&wrong);
}

/// A name of ours is taken when the second stack comes.
#[test]
fn nothing_has_a_name_of_its_own() {
    let names = [
        "FunctionName",
        "TableName",
        "QueueName",
        "TopicName",
        "RoleName",
        "LogGroupName",
        "AlarmName",
        "Name",
    ];
    let mut wrong = Vec::new();
    for (id, resource) in resources() {
        let properties = &resource["Properties"];
        let is_mapping = resource["Type"] == "AWS::Lambda::EventSourceMapping";
        let named = names.iter().filter(|name| properties[**name].is_string() && !is_mapping);
        wrong.extend(named.map(|name| format!("{}: {id} has a {name}; take it out", place(&id))));
        for (event, described) in properties["Events"].as_mapping().into_iter().flatten() {
            if described["Type"] == "ScheduleV2" && described["Properties"]["OmitName"] != true {
                wrong.push(format!("{}: {id}'s {} lacks OmitName: true", place(&id), written(event)));
            }
        }
    }
    workspace::nothing_in(&wrong);
}

/// What is lost with them cannot be had again.
#[test]
fn the_tables_that_nobody_could_fill_again_outlive_their_stack() {
    let resources = resources();
    let wrong = ["IdentitiesTable", "KeysTable", "MessagesTable", "StateTable"].into_iter().filter(|id| {
        let table = &resources[*id];
        let properties = &table["Properties"];
        let is_kept = table["DeletionPolicy"] == "Retain" && table["UpdateReplacePolicy"] == "Retain";
        let is_protected = written(&properties["DeletionProtectionEnabled"]) == "!Ref DeletionProtection";
        let recovers = &properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        !(is_kept && is_protected && *recovers == true)
    });
    let wrong = wrong.map(|id| format!("{}: retain it, protect it, and have it recover", place(id)));
    workspace::nothing_in(&wrong.collect::<Vec<_>>());
}

/// Lambda counts a batch that it could not start as received.
#[test]
fn no_message_is_given_up_before_it_was_received_ten_times() {
    let few = resources().into_iter().filter(|(_, resource)| {
        let most = &resource["Properties"]["RedrivePolicy"]["maxReceiveCount"];
        most.as_u64().is_some_and(|most| most < 10)
    });
    workspace::nothing_in(
        &few.map(|(id, _)| format!("{}: raise its maxReceiveCount", place(&id))).collect::<Vec<_>>(),
    );
}

/// Whose calls WeChat's whitelist guards: all but `login`'s, which are for the mini-program.
#[test]
fn who_calls_for_the_official_account_leaves_by_the_address_on_its_whitelist() {
    let mut wrong = Vec::new();
    for (id, function) in functions() {
        let properties = &function["Properties"];
        let calls =
            !properties["Environment"]["Variables"]["WECHAT_API_BASE"].is_null() && id != "LoginFunction";
        let by_proxy = written(&properties["Environment"]["Variables"]["EGRESS_PROXY_ARN"]);
        let ways = [written(&properties["VpcConfig"]).contains("UsesNat"), by_proxy.contains("UsesProxy")];
        if ways.iter().any(|has_way| *has_way != calls) {
            let what = if calls {
                "give it the VpcConfig and EGRESS_PROXY_ARN of the others"
            } else {
                "it needs no way out"
            };
            wrong.push(format!("{}: {id}: {what}", place(&id)));
        }
    }
    workspace::nothing_in(&wrong);
}

#[test]
fn every_function_has_an_alarm_that_rolls_a_new_version_back() {
    let errors: Value = serde_yaml_ng::from_str(&workspace::read("template/errors.yaml")).expect("YAML");
    let given = &resources()["Errors"]["Properties"]["Parameters"];
    let wrong = functions().into_iter().filter(|(id, function)| {
        let alarm = format!("{}Errors", id.trim_end_matches("Function"));
        let described = &errors["Resources"][alarm.as_str()]["Properties"];
        let preference = written(&function["Properties"]["DeploymentPreference"]["Alarms"]);
        !(preference.contains(&format!("!GetAtt Errors.Outputs.{alarm}"))
            && written(&described["Dimensions"]).contains(&format!("!Ref {id}"))
            && written(&given[id.as_str()]) == format!("!Ref {id}")
            && written(&errors["Outputs"][alarm.as_str()]["Value"]) == format!("!Ref {alarm}"))
    });
    let told = |(id, _): (String, Value)| {
        format!(
            "{}: {id} lacks its alarm in template/errors.yaml, or its DeploymentPreference does",
            place(&id)
        )
    };
    workspace::nothing_in(&wrong.map(told).collect::<Vec<_>>());
}

/// Each alarm by its id, and the file that it stands in.
fn alarms() -> Vec<(&'static str, String, Value)> {
    let in_file = |file: &'static str| {
        let document: Value = serde_yaml_ng::from_str(&workspace::read(file)).expect("YAML");
        let resources: Resources =
            serde_yaml_ng::from_value(document["Resources"].clone()).expect("resources");
        resources.into_iter().map(move |(id, resource)| (file, id, resource))
    };
    let all = ["template/alarms.yaml", "template/errors.yaml"].into_iter().flat_map(in_file);
    all.filter(|(_, _, resource)| resource["Type"] == "AWS::CloudWatch::Alarm").collect()
}

/// The metrics that an alarm watches: one, or those that it reckons with.
fn metrics_of(alarm: &Value) -> Vec<&Value> {
    let properties = &alarm["Properties"];
    match properties["Metrics"].as_sequence() {
        None => vec![properties],
        Some(queries) => {
            queries.iter().map(|one| &one["MetricStat"]["Metric"]).filter(|one| !one.is_null()).collect()
        }
    }
}

/// Without a dimension, a metric of AWS's counts what everybody in the region does.
#[test]
fn no_alarm_watches_what_others_do() {
    let mut wrong = Vec::new();
    for (file, id, alarm) in alarms() {
        let is_ours = |metric: &&Value| written(&metric["Dimensions"]).contains("!Ref ");
        if !metrics_of(&alarm).iter().all(is_ours) {
            let place = workspace::place(file, &format!("  {id}:"));
            wrong.push(format!("{place}: {id} has a metric without a dimension of the stack's"));
        }
    }
    workspace::nothing_in(&wrong);
}

#[test]
fn whichever_function_is_throttled_somebody_is_told() {
    let (file, _, alarm) = alarms().into_iter().find(|(_, id, _)| id == "Throttles").expect("an alarm");
    let queries = alarm["Properties"]["Metrics"].as_sequence().expect("metrics");
    let sum = queries.iter().find(|one| one["ReturnData"] == true).expect("what they add up to");
    let sum = written(&sum["Expression"]);
    let added = queries.iter().filter(|one| sum.split(" + ").any(|id| one["Id"] == id));
    let name =
        |one: &Value| written(&one["MetricStat"]["Metric"]["Dimensions"][0]["Value"]).replace("!Ref ", "");
    let given = &resources()["Alarms"]["Properties"]["Parameters"];
    let watched: BTreeSet<_> = added.map(|one| written(&given[name(one)])).collect();
    let functions: BTreeSet<_> = functions().keys().map(|id| format!("!Ref {id}")).collect();
    let place = workspace::place(file, "  Throttles:");
    assert_eq!(watched, functions, "{place}: which functions it adds up");
    assert!(functions.len() <= 10, "{place}: an alarm reckons with ten metrics at most; make it two");
}

/// The page that whoever is woken opens.
#[test]
fn every_alarm_is_a_heading_of_the_operations_page() {
    let page = workspace::read("docs/operations.md");
    let headings: Vec<_> = page.lines().filter(|line| line.starts_with('#')).collect();
    let mut wrong = Vec::new();
    for (file, id, _) in alarms() {
        let kind = ["Errors", "LoopsCut"].into_iter().find(|kind| id.ends_with(kind)).unwrap_or(&id);
        if !headings.iter().any(|line| line.contains(&format!("`{kind}`"))) {
            let place = workspace::place(file, &format!("  {id}:"));
            wrong.push(format!("{place}: docs/operations.md has no heading `{kind}`"));
        }
    }
    workspace::nothing_in(&wrong);
}
