//! A function as its resolved properties describe it: environment, events and statements.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::files::beside;
use super::{Function, Statement, Subscription, TemplateError};

impl Function {
    /// Reads the properties that stand in `file`, below its `Globals`; the queues it works off stand elsewhere.
    ///
    /// # Errors
    /// When the code is not where the build puts it, or an event is of another type than those used here.
    pub(super) fn read(file: &str, globals: &Value, properties: &Value) -> Result<Self, TemplateError> {
        let code = properties["CodeUri"].as_str().unwrap_or_default();
        let path = beside(file, code);
        let name = path.strip_prefix("target/lambda/");
        let name =
            name.ok_or_else(|| TemplateError(format!("CodeUri `{code}` is not target/lambda/<name>/")))?;
        let mut function = Self {
            name: name.to_owned(),
            timeout_seconds: number(&properties["Timeout"]).or(number(&globals["Timeout"])).unwrap_or(3),
            environment: environment([globals, properties]),
            routes: Vec::new(),
            schedules: Vec::new(),
            subscriptions: Vec::new(),
            statements: statements(&properties["Policies"])?,
            has_network: properties["VpcConfig"]["SubnetIds"].is_array(),
        };
        for event in properties["Events"].as_object().into_iter().flat_map(Map::values) {
            function.add_event(&event["Type"], &event["Properties"])?;
        }
        Ok(function)
    }

    fn add_event(&mut self, kind: &Value, properties: &Value) -> Result<(), TemplateError> {
        let text = |name: &str| properties[name].as_str().unwrap_or_default().to_owned();
        match kind.as_str().unwrap_or_default() {
            "HttpApi" => self.routes.push((text("Method"), text("Path"))),
            "ScheduleV2" => {
                let input = serde_json::from_str(&text("Input")).unwrap_or_else(|_| json!({}));
                self.schedules.push((text("ScheduleExpression"), input));
            }
            "SQS" => {
                let told =
                    "events of type SQS bring rights on every queue: use an AWS::Lambda::EventSourceMapping";
                return Err(TemplateError(told.to_owned()));
            }
            kind => return Err(TemplateError(format!("events of type {kind} are not understood"))),
        }
        Ok(())
    }
}

impl Subscription {
    /// Reads an `AWS::Lambda::EventSourceMapping`.
    pub(super) fn read(properties: &Value) -> Self {
        let text = |name: &str| properties[name].as_str().unwrap_or_default();
        Self {
            queue: text("EventSourceArn").rsplit(':').next().unwrap_or_default().to_owned(),
            batch_size: number(&properties["BatchSize"]).unwrap_or(10),
            window_seconds: number(&properties["MaximumBatchingWindowInSeconds"]).unwrap_or(0),
            concurrency: number(&properties["ScalingConfig"]["MaximumConcurrency"]).unwrap_or(2),
        }
    }
}

/// A number, also as the text that a parameter makes of it.
fn number<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    T::try_from(number).ok()
}

/// The variables of both; a secret's ARN becomes the secret itself, under its local name.
fn environment(layers: [&Value; 2]) -> BTreeMap<String, String> {
    let variables = layers.into_iter().filter_map(|layer| layer["Environment"]["Variables"].as_object());
    let variables = variables.flatten().map(|(name, value)| {
        let name = name.strip_suffix("_ARN").unwrap_or(name).to_owned();
        (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    variables.collect()
}

/// What its policies state.
///
/// # Errors
/// When one states it by exception: what it leaves out is not reckoned here, and a denial must not be lost.
fn statements(policies: &Value) -> Result<Vec<Statement>, TemplateError> {
    let one_or_many = |value: &Value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    };
    let statements = each(policies).iter().flat_map(|policy| each(&policy["Statement"]));
    let statement =
        |statement: &Value| match ["NotAction", "NotResource"].iter().find(|not| !statement[not].is_null()) {
            Some(not) => Err(TemplateError(format!("statements with {not} are not understood"))),
            None => Ok(Statement {
                denies: statement["Effect"] != "Allow",
                actions: one_or_many(&statement["Action"]),
                resources: one_or_many(&statement["Resource"]),
                attributes: match &statement["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"]
                {
                    Value::Null => None,
                    attributes => Some(one_or_many(attributes)),
                },
            }),
        };
    statements.map(statement).collect()
}

/// A list's items, or the one thing that stands in place of a list.
fn each(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::resolved;
    use super::*;

    /// A template whose one function has these properties.
    fn template(properties: &str) -> String {
        format!(
            "
Parameters: {{Seconds: {{Type: Number, Default: 60}}}}
Resources:
  F: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: target/lambda/f/, {properties}}}}}
"
        )
    }

    /// A function with these properties.
    fn function(properties: &str) -> Function {
        resolved(&[("template.yaml", &template(properties))]).expect("resolved").functions.remove(0)
    }

    #[test]
    fn what_is_denied_is_no_grant() {
        let policies = "Policies: [{Statement: [{Effect: Deny, Action: 's:A', Resource: r}, \
             {Effect: Allow, Action: 's:B', Resource: r}]}]";
        let statements = function(policies).statements;
        assert_eq!(statements.iter().map(|statement| statement.denies).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn a_single_policy_and_a_single_statement_stand_for_lists() {
        let statements =
            function("Policies: {Statement: {Effect: Deny, Action: 's:*', Resource: '*'}}").statements;
        assert!(statements[0].denies && statements[0].actions == ["s:*"]);
    }

    #[test]
    fn what_is_left_out_cannot_be_reckoned() {
        for not in ["Action: 's:A', NotResource", "Resource: r, NotAction"] {
            let policies = format!("Policies: {{Statement: {{Effect: Deny, {not}: x}}}}");
            let error = resolved(&[("template.yaml", &template(&policies))]).unwrap_err().to_string();
            assert!(error.contains("are not understood"), "{error}");
        }
    }

    #[test]
    fn a_statement_can_be_about_some_attributes() {
        let policies = "Policies: {Statement: {Effect: Allow, Action: 'dynamodb:GetItem', Resource: r, \
             Condition: {'ForAllValues:StringEquals': {'dynamodb:Attributes': [key, a]}}}}";
        let attributes = vec!["key".to_owned(), "a".to_owned()];
        assert_eq!(function(policies).statements[0].attributes, Some(attributes));
    }

    #[test]
    fn the_condition_of_a_statement_is_none_of_the_templates() {
        let policies = "Policies: [{Statement: [{Effect: Allow, Action: 's:A', Resource: r, \
             Condition: {StringEquals: {'aws:SourceVpc': v}}}]}]";
        assert_eq!(function(policies).statements[0].actions, ["s:A"]);
    }

    #[test]
    fn a_parameter_can_be_a_number() {
        assert_eq!(function("Timeout: !Ref Seconds").timeout_seconds, 60);
    }

    #[test]
    fn a_queue_among_the_events_is_refused_for_the_rights_that_come_with_it() {
        let events = "Events: {Jobs: {Type: SQS, Properties: {Queue: q}}}";
        let error = resolved(&[("template.yaml", &template(events))]).unwrap_err().to_string();
        assert!(error.contains("AWS::Lambda::EventSourceMapping"), "{error}");
    }

    #[test]
    fn code_outside_the_build_is_told() {
        let properties = json!({"CodeUri": "target/lambda/f/"});
        let error = Function::read("template/egress.yaml", &Value::Null, &properties).expect_err("an error");
        assert_eq!(error.to_string(), "CodeUri `target/lambda/f/` is not target/lambda/<name>/");
    }
}
