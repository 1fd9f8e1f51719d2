//! What kinds of resources there are on one machine.

use serde_yaml_ng::Value as Yaml;

/// A resource's type, as far as it matters here.
pub enum Kind {
    Function,
    Table,
    Queue,
    /// Who works off a queue.
    Subscription,
    Secret,
    /// A stack of its own, and the property that says where its file is.
    Stack(&'static str),
    /// What is on AWS alone: a network, a log group, an alarm.
    Remote,
}

impl Kind {
    pub fn of(resource: &Yaml) -> Self {
        match resource["Type"].as_str().unwrap_or_default() {
            "AWS::Serverless::Function" => Self::Function,
            "AWS::DynamoDB::Table" => Self::Table,
            "AWS::SQS::Queue" => Self::Queue,
            "AWS::Lambda::EventSourceMapping" => Self::Subscription,
            "AWS::SecretsManager::Secret" => Self::Secret,
            "AWS::CloudFormation::Stack" => Self::Stack("TemplateURL"),
            "AWS::Serverless::Application" => Self::Stack("Location"),
            _ => Self::Remote,
        }
    }
}
