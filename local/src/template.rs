//! Reads `template.yaml`: what there is to start, and how it hangs together.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

/// The template this build was made with.
const TEMPLATE: &str = include_str!("../../template.yaml");

/// What the local stack starts.
#[derive(Debug)]
pub struct Template {
    /// The functions, each with its routes, schedules, subscriptions and rights.
    pub functions: Vec<Function>,
    /// The tables, as CreateTable takes them.
    pub tables: Vec<Table>,
    /// The queues.
    pub queues: Vec<Queue>,
}

/// An `AWS::Serverless::Function`.
#[derive(Debug)]
pub struct Function {
    /// Its folder, from `CodeUri: target/lambda/<name>/`.
    pub name: String,
    /// After this many seconds Lambda ends an invocation.
    pub timeout_seconds: u64,
    /// Its variables, with every reference resolved.
    pub environment: BTreeMap<String, String>,
    /// Method and path of each HTTP event.
    pub routes: Vec<(String, String)>,
    /// Expression and input of each schedule.
    pub schedules: Vec<(String, Value)>,
    /// Queue (logical id), batch size and concurrency of each subscription.
    pub subscriptions: Vec<Subscription>,
    /// The IAM statements of its policies.
    pub rights: Vec<Statement>,
}

/// An IAM statement.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// Whether it denies, which goes before every grant.
    pub denies: bool,
    /// `dynamodb:PutItem`, …
    pub actions: Vec<String>,
    /// ARNs.
    pub resources: Vec<String>,
}

/// A queue that a function takes messages from.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The queue's logical id.
    pub queue: String,
    /// The most messages an invocation gets.
    pub batch_size: i32,
    /// How many invocations run at a time.
    pub concurrency: usize,
}

/// An `AWS::DynamoDB::Table`.
#[derive(Debug)]
pub struct Table {
    /// Its logical id, which is its name here.
    pub name: String,
    /// `Properties`, in CloudFormation's words, which are DynamoDB's.
    pub properties: Value,
}

/// An `AWS::SQS::Queue`.
#[derive(Debug)]
pub struct Queue {
    /// Its logical id, which is its name here.
    pub name: String,
    /// `Properties`, in CloudFormation's words, which are SQS's.
    pub properties: Value,
}

/// What `!Ref` and `!GetAtt` give here.
pub struct Values {
    /// The template's parameters; those not named keep their defaults.
    pub parameters: BTreeMap<String, String>,
    /// Logical id of a queue → its URL, once there is one.
    pub queue_urls: BTreeMap<String, String>,
}

/// The template does not say what is needed; the text says where.
#[derive(Debug, thiserror::Error)]
#[error("template.yaml: {0}")]
pub struct TemplateError(String);

/// The raw template with its references still in place.
pub struct Source {
    document: Yaml,
}

impl Source {
    /// Parses the template.
    ///
    /// # Errors
    /// When it is not YAML.
    pub fn built_in() -> Result<Self, TemplateError> {
        let document = serde_yaml_ng::from_str(TEMPLATE).map_err(|e| TemplateError(e.to_string()))?;
        Ok(Self { document })
    }

    /// Resolves every reference.
    ///
    /// # Errors
    /// When a reference leads nowhere or a function lacks what it needs.
    pub fn resolve(&self, values: &Values) -> Result<Template, TemplateError> {
        let resolver = Resolver { source: self, values };
        let properties = |resource: &Yaml| resolver.value(&resource["Properties"]);
        let mut functions = Vec::new();
        for (_, resource) in self.resources("AWS::Serverless::Function") {
            functions.push(resolver.function(&properties(resource)?)?);
        }
        let mut tables = Vec::new();
        for (name, resource) in self.resources("AWS::DynamoDB::Table") {
            tables.push(Table { name: name.to_owned(), properties: properties(resource)? });
        }
        let mut queues = Vec::new();
        for (name, resource) in self.resources("AWS::SQS::Queue") {
            queues.push(Queue { name: name.to_owned(), properties: properties(resource)? });
        }
        Ok(Template { functions, tables, queues })
    }

    fn resources(&self, kind: &str) -> impl Iterator<Item = (&str, &Yaml)> {
        let resources = self.document["Resources"].as_mapping().into_iter().flatten();
        resources
            .filter(move |(_, resource)| resource["Type"].as_str() == Some(kind))
            .filter_map(|(name, resource)| Some((name.as_str()?, resource)))
    }

    fn type_of(&self, logical_id: &str) -> Option<&str> {
        self.document["Resources"][logical_id]["Type"].as_str()
    }
}

/// The ARN a resource of this template has here.
pub fn arn(service: &str, name: &str) -> String {
    match service {
        "dynamodb" => format!("arn:aws:dynamodb:local:000000000000:table/{name}"),
        service => format!("arn:aws:{service}:local:000000000000:{name}"),
    }
}

struct Resolver<'a> {
    source: &'a Source,
    values: &'a Values,
}

impl Resolver<'_> {
    fn value(&self, yaml: &Yaml) -> Result<Value, TemplateError> {
        Ok(match yaml {
            Yaml::Tagged(tagged) => return self.intrinsic(&tagged.tag.to_string(), &tagged.value),
            Yaml::Sequence(items) => {
                let items = items.iter().filter(|item| !self.is_no_value(item));
                Value::Array(items.map(|item| self.value(item)).collect::<Result<_, _>>()?)
            }
            Yaml::Mapping(entries) => {
                let mut map = Map::new();
                for (key, value) in entries.iter().filter(|(_, value)| !self.is_no_value(value)) {
                    let key = key.as_str().ok_or_else(|| TemplateError("a key is not text".into()))?;
                    map.insert(key.to_owned(), self.value(value)?);
                }
                Value::Object(map)
            }
            scalar => serde_json::to_value(scalar).map_err(|e| TemplateError(e.to_string()))?,
        })
    }

    fn intrinsic(&self, tag: &str, argument: &Yaml) -> Result<Value, TemplateError> {
        let text = || argument.as_str().ok_or_else(|| TemplateError(format!("{tag} needs a text")));
        Ok(match tag {
            "!Ref" => self.reference(text()?)?.into(),
            "!GetAtt" => self.attribute(text()?)?.into(),
            "!Sub" => self.substitute(text()?)?.into(),
            "!If" if self.condition(argument[0].as_str().unwrap_or_default())? => self.value(&argument[1])?,
            "!If" => self.value(&argument[2])?,
            tag => return Err(TemplateError(format!("{tag} is not understood"))),
        })
    }

    fn reference(&self, name: &str) -> Result<String, TemplateError> {
        if let Some(value) = self.parameter(name) {
            return Ok(value);
        }
        match self.source.type_of(name) {
            Some("AWS::SQS::Queue") => {
                Ok(self.values.queue_urls.get(name).cloned().unwrap_or_else(|| name.to_owned()))
            }
            // There is no Secrets Manager here: a secret stands for what it holds.
            Some("AWS::SecretsManager::Secret") => {
                let secret = &self.source.document["Resources"][name]["Properties"]["SecretString"];
                Ok(self.value(secret)?.as_str().unwrap_or_default().to_owned())
            }
            Some(_) => Ok(name.to_owned()),
            None => Err(TemplateError(format!("!Ref {name} leads nowhere"))),
        }
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let given = self.values.parameters.get(name).cloned();
        given.or_else(|| match &self.source.document["Parameters"][name]["Default"] {
            Yaml::String(text) => Some(text.clone()),
            Yaml::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    fn attribute(&self, path: &str) -> Result<String, TemplateError> {
        let (name, attribute) = path.split_once('.').unwrap_or((path, ""));
        match (self.source.type_of(name), attribute) {
            (Some("AWS::DynamoDB::Table"), "Arn") => Ok(arn("dynamodb", name)),
            (Some("AWS::SQS::Queue"), "Arn") => Ok(arn("sqs", name)),
            _ => Err(TemplateError(format!("!GetAtt {path} leads nowhere"))),
        }
    }

    fn substitute(&self, text: &str) -> Result<String, TemplateError> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| TemplateError(format!("`{text}` lacks a }}")))?;
            filled.push_str(before);
            filled.push_str(&if name.contains('.') { self.attribute(name)? } else { self.reference(name)? });
            rest = after;
        }
        Ok(filled + rest)
    }

    /// Whether this is `!Ref AWS::NoValue`, or an `!If` that comes to it: as if it were not written.
    fn is_no_value(&self, value: &Yaml) -> bool {
        let Yaml::Tagged(tagged) = value else { return false };
        let argument = &tagged.value;
        match tagged.tag.to_string().as_str() {
            "!Ref" => argument.as_str() == Some("AWS::NoValue"),
            "!If" => {
                let chosen = self.condition(argument[0].as_str().unwrap_or_default());
                chosen.is_ok_and(|holds| self.is_no_value(&argument[if holds { 1 } else { 2 }]))
            }
            _ => false,
        }
    }

    fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        self.holds(&self.source.document["Conditions"][name])
            .map_err(|TemplateError(problem)| TemplateError(format!("the condition {name}: {problem}")))
    }

    /// Whether a condition, or a part of one, holds.
    fn holds(&self, condition: &Yaml) -> Result<bool, TemplateError> {
        let Yaml::Tagged(tagged) = condition else { return Err(TemplateError("it is undefined".into())) };
        let (tag, argument) = (tagged.tag.to_string(), &tagged.value);
        let mut parts = argument.as_sequence().into_iter().flatten();
        match tag.as_str() {
            "!Equals" => Ok(self.value(&argument[0])? == self.value(&argument[1])?),
            "!Condition" => self.condition(argument.as_str().unwrap_or_default()),
            "!Not" => Ok(!self.holds(&argument[0])?),
            "!And" => parts.try_fold(true, |all, part| Ok(self.holds(part)? && all)),
            "!Or" => parts.try_fold(false, |any, part| Ok(self.holds(part)? || any)),
            tag => Err(TemplateError(format!("{tag} is not understood"))),
        }
    }

    fn function(&self, properties: &Value) -> Result<Function, TemplateError> {
        let globals = self.value(&self.source.document["Globals"]["Function"])?;
        let code = properties["CodeUri"].as_str().unwrap_or_default().trim_end_matches('/');
        let name = code.strip_prefix("target/lambda/");
        let name =
            name.ok_or_else(|| TemplateError(format!("CodeUri `{code}` is not target/lambda/<name>/")))?;
        let mut function = Function {
            name: name.to_owned(),
            timeout_seconds: properties["Timeout"].as_u64().or(globals["Timeout"].as_u64()).unwrap_or(3),
            environment: environment([&globals, properties]),
            routes: Vec::new(),
            schedules: Vec::new(),
            subscriptions: Vec::new(),
            rights: rights(&properties["Policies"]),
        };
        for event in properties["Events"].as_object().into_iter().flat_map(Map::values) {
            function.add_event(&event["Type"], &event["Properties"])?;
        }
        Ok(function)
    }
}

impl Function {
    fn add_event(&mut self, kind: &Value, properties: &Value) -> Result<(), TemplateError> {
        let text = |name: &str| properties[name].as_str().unwrap_or_default().to_owned();
        match kind.as_str().unwrap_or_default() {
            "HttpApi" => self.routes.push((text("Method"), text("Path"))),
            "ScheduleV2" => {
                let input = serde_json::from_str(&text("Input")).unwrap_or_else(|_| json!({}));
                self.schedules.push((text("ScheduleExpression"), input));
            }
            "SQS" => self.subscriptions.push(Subscription {
                queue: text("Queue").rsplit(':').next().unwrap_or_default().to_owned(),
                batch_size: properties["BatchSize"]
                    .as_i64()
                    .and_then(|n| i32::try_from(n).ok())
                    .unwrap_or(10),
                concurrency: properties["ScalingConfig"]["MaximumConcurrency"]
                    .as_u64()
                    .and_then(|n| usize::try_from(n).ok())
                    .unwrap_or(2),
            }),
            kind => return Err(TemplateError(format!("events of type {kind} are not understood"))),
        }
        Ok(())
    }
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

fn rights(policies: &Value) -> Vec<Statement> {
    let one_or_many = |value: &Value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        one => one.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    };
    let statements =
        policies.as_array().into_iter().flatten().filter_map(|policy| policy["Statement"].as_array());
    let statement = |statement: &Value| Statement {
        denies: statement["Effect"] != "Allow",
        actions: one_or_many(&statement["Action"]),
        resources: one_or_many(&statement["Resource"]),
    };
    statements.flatten().map(statement).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        let source = Source::built_in().expect("a template");
        let parameters =
            ["MiniAppid", "OaAppid", "MiniSecret", "OaSecret", "CallbackToken", "CallbackAesKey"]
                .map(|name| (name.into(), name.into()));
        let values = Values { parameters: parameters.into(), queue_urls: BTreeMap::new() };
        source.resolve(&values).expect("resolved")
    }

    #[test]
    fn every_function_is_found_with_its_events() {
        let template = template();
        let names: Vec<_> = template.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(names, ["login", "decrypt", "send", "deliver", "sync", "refresh", "callback", "events"]);
        let deliver = &template.functions[3];
        assert_eq!(deliver.subscriptions[0].queue, "DeliverQueue");
        assert_eq!(template.functions[5].schedules[0].0, "rate(100 minutes)");
    }

    /// A template of these conditions, with this in the environment of its one function.
    fn resolved(conditions: &str, variables: &str, policies: &str) -> Function {
        let document = format!(
            "Parameters: {{Egress: {{Default: none}}}}\nConditions:\n{conditions}\nGlobals: {{Function: {{}}}}\n\
             Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
             CodeUri: target/lambda/f/\n      Environment: {{Variables: {variables}}}\n      Policies: {policies}\n"
        );
        let source = Source { document: serde_yaml_ng::from_str(&document).expect("YAML") };
        let values = Values { parameters: BTreeMap::new(), queue_urls: BTreeMap::new() };
        source.resolve(&values).expect("resolved").functions.remove(0)
    }

    #[test]
    fn conditions_are_read_as_cloudformation_reads_them() {
        let conditions = "  None: !Equals [!Ref Egress, none]\n  Some: !Not [!Condition None]\n  \
             Both: !And [!Condition None, !Condition Some]\n  Either: !Or [!Condition Some, !Condition None]";
        let variables = "{A: !If [Some, a, b], B: !If [Both, a, b], C: !If [Either, a, b], \
             D: !If [Some, d, !Ref AWS::NoValue], E: !Ref AWS::NoValue}";
        let environment = resolved(conditions, variables, "[]").environment;
        let expected = [("A", "b"), ("B", "b"), ("C", "a")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(environment, BTreeMap::from(expected));
    }

    #[test]
    fn what_is_denied_is_no_grant() {
        let policies = "[{Statement: [{Effect: Deny, Action: 's:A', Resource: r}, {Effect: Allow, Action: 's:B', Resource: r}]}]";
        let rights = resolved("  None: !Equals [a, a]", "{}", policies).rights;
        assert_eq!(rights.iter().map(|statement| statement.denies).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn only_login_and_refresh_get_an_app_secret() {
        for function in template().functions {
            let secrets: Vec<_> = function
                .environment
                .keys()
                .filter(|name| name.ends_with("_SECRET"))
                .map(String::as_str)
                .collect();
            let expected: &[_] = match function.name.as_str() {
                "login" => &["MINI_SECRET"],
                "refresh" => &["MINI_SECRET", "OA_SECRET"],
                _ => &[],
            };
            assert_eq!(secrets, expected, "{}", function.name);
        }
    }
}
