//! Reads `template.yaml` and the stacks in it: what there is to start, and how it hangs together.

mod files;
mod function;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use files::Files;
use scope::Scope;

use crate::wire::{ACCOUNT, REGION};

/// The template that all others are nested in.
const ROOT: &str = "template.yaml";

/// The templates this build was made with, by their paths from the root's folder.
const BUILT_IN: &[(&str, &str)] = &[
    (ROOT, include_str!("../../template.yaml")),
    ("template/alarms.yaml", include_str!("../../template/alarms.yaml")),
    ("template/egress.yaml", include_str!("../../template/egress.yaml")),
    ("template/errors.yaml", include_str!("../../template/errors.yaml")),
];

/// The partition that everything is in.
const PARTITION: &str = "aws";

/// What the local stack starts.
#[derive(Debug, Default)]
pub struct Template {
    /// The functions, each with its routes, schedules, subscriptions and statements.
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
    /// The queues it works off.
    pub subscriptions: Vec<Subscription>,
    /// The IAM statements of its policies.
    pub statements: Vec<Statement>,
    /// Whether it is in a network of the stack's own.
    pub has_network: bool,
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
    /// The only attributes of rows that it is about; `None`: all.
    pub attributes: Option<Vec<String>>,
}

/// A queue that a function takes messages from: an `AWS::Lambda::EventSourceMapping`.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The queue's logical id.
    pub queue: String,
    /// The most messages an invocation gets.
    pub batch_size: i32,
    /// How long more messages are waited for, in seconds.
    pub window_seconds: u64,
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
#[error("{0}")]
pub struct TemplateError(String);

impl TemplateError {
    /// The same, in a file, a resource or another place.
    fn within(self, place: &str) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

/// The raw templates with their references still in place.
pub struct Source {
    files: Files,
}

impl Source {
    /// Parses the templates of this build.
    ///
    /// # Errors
    /// When one is not YAML.
    pub fn built_in() -> Result<Self, TemplateError> {
        Ok(Self { files: Files::parse(BUILT_IN)? })
    }

    /// Resolves every reference, in the root and the stacks nested in it.
    ///
    /// # Errors
    /// When a reference is undefined or a function lacks what it needs.
    pub fn resolve(&self, values: &Values) -> Result<Template, TemplateError> {
        let mut template = Template::default();
        Scope::root(&self.files, values)?.gather(&mut template)?;
        template.check_names()?;
        Ok(template)
    }
}

impl Template {
    /// On AWS a stack keeps its names apart from its parent's; here all stacks share one machine.
    fn check_names(&self) -> Result<(), TemplateError> {
        no_two_alike("functions", self.functions.iter().map(|function| &function.name))?;
        no_two_alike("tables", self.tables.iter().map(|table| &table.name))?;
        no_two_alike("queues", self.queues.iter().map(|queue| &queue.name))
    }
}

fn no_two_alike<'a>(what: &str, mut names: impl Iterator<Item = &'a String>) -> Result<(), TemplateError> {
    let mut seen = BTreeSet::new();
    match names.find(|name| !seen.insert(*name)) {
        Some(twice) => Err(TemplateError(format!("two {what} are called {twice}")).within(ROOT)),
        None => Ok(()),
    }
}

/// The ARN a resource of this template has here.
pub fn arn(service: &str, name: &str) -> String {
    let kind = if service == "dynamodb" { "table/" } else { "" };
    format!("arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{kind}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing is given, and no queue is there yet.
    pub fn no_values() -> Values {
        Values { parameters: BTreeMap::new(), queue_urls: BTreeMap::new() }
    }

    /// What these files describe, or what is wrong with them.
    pub fn resolved(files: &[(&str, &str)]) -> Result<Template, String> {
        let source = Files::parse(files).map(|files| Source { files });
        source.and_then(|source| source.resolve(&no_values())).map_err(|error| error.to_string())
    }

    /// What an expression comes to in a root of these sections, or what is wrong with it.
    pub fn value_in(sections: &str, expression: &str) -> Result<Value, String> {
        let files = Files::parse(&[(ROOT, sections)]).expect("YAML");
        let values = no_values();
        let scope = Scope::root(&files, &values).expect("a root");
        let expression = serde_yaml_ng::from_str(expression).expect("YAML");
        scope.value(&expression).map_err(|error| error.to_string())
    }

    fn template() -> Template {
        template_with(&[])
    }

    /// With these parameters beside those that have no default.
    fn template_with(more: &[(&str, &str)]) -> Template {
        let source = Source::built_in().expect("a template");
        let given = ["MiniAppid", "OaAppid", "MiniSecret", "OaSecret", "CallbackToken", "CallbackAesKey"]
            .map(|name| (name, name));
        let parameters = given.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into()));
        let values = Values { parameters: parameters.collect(), queue_urls: BTreeMap::new() };
        source.resolve(&values).expect("resolved")
    }

    #[test]
    fn every_function_is_found_with_its_events() {
        let template = template();
        let names: Vec<_> = template.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "login", "decrypt", "send", "deliver", "sync", "refresh", "callback", "events", "forget",
                "doctor"
            ]
        );
        let deliver = &template.functions[3];
        assert_eq!(deliver.subscriptions[0].queue, "DeliverQueue");
        assert_eq!(template.functions[5].schedules[0].0, "rate(100 minutes)");
    }

    #[test]
    fn stable_tokens_are_looked_after_more_often_than_they_are_renewed() {
        let template = template_with(&[("TokenMode", "stable")]);
        assert_eq!(template.functions[5].schedules[0].0, "rate(4 minutes)");
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
