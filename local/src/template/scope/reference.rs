//! References: to parameters, to resources, and to what AWS itself knows.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_yaml_ng::Value as Yaml;

use super::Scope;
use super::resource::Kind;
use super::value::into_text;
use crate::template::{PARTITION, TemplateError, arn};
use crate::wire::{ACCOUNT, REGION};

impl Scope<'_> {
    /// `!Ref`
    pub(super) fn reference(&self, name: &str) -> Result<Value, TemplateError> {
        if let Some(value) = pseudo_parameter(name) {
            return Ok(value.into());
        }
        if let Some(value) = self.parameter(name)? {
            return Ok(value);
        }
        // A function's alias is the function here: there is one version of each.
        let name = name.strip_suffix(".Alias").unwrap_or(name);
        let resource = self.resource(name)?;
        Ok(match Kind::of(resource) {
            Kind::Queue => self.queue_url(name).into(),
            Kind::Secret => self.secret(name, resource)?.into(),
            Kind::Function | Kind::Table | Kind::Subscription | Kind::Stack(_) | Kind::Remote => name.into(),
        })
    }

    /// `X.Arn` of `!GetAtt X.Arn`, or of its list form.
    pub(super) fn attribute_path(&self, argument: &Yaml) -> Result<String, TemplateError> {
        match self.value(argument)? {
            Value::Array(parts) => {
                Ok(parts.into_iter().map(into_text).collect::<Result<Vec<_>, _>>()?.join("."))
            }
            path => into_text(path),
        }
    }

    /// `!GetAtt`
    pub(super) fn attribute(&self, path: &str) -> Result<String, TemplateError> {
        let nowhere = || TemplateError(format!("!GetAtt {path} is undefined"));
        let (name, attribute) = path.split_once('.').ok_or_else(nowhere)?;
        let resource = self.resource(name)?;
        match (Kind::of(resource), attribute) {
            (Kind::Table, "Arn") => Ok(arn("dynamodb", name)),
            (Kind::Queue, "Arn") => Ok(arn("sqs", name)),
            (Kind::Queue, "QueueUrl") => Ok(self.queue_url(name)),
            (Kind::Queue, "QueueName") => Ok(name.to_owned()),
            (Kind::Secret, "Id") => self.secret(name, resource),
            (Kind::Stack(location), _) => {
                let output = attribute.strip_prefix("Outputs.").ok_or_else(nowhere)?;
                self.stack(name, location, &resource["Properties"])?.output(output)
            }
            (Kind::Table | Kind::Queue | Kind::Secret, _) => Err(nowhere()),
            // There is no such thing here, and nobody who would use it: any text does.
            (Kind::Function | Kind::Subscription | Kind::Remote, _) => Ok(name.to_owned()),
        }
    }

    /// `!Sub text`, or `!Sub [text, {Name: value}]`
    pub(super) fn substitute(&self, argument: &Yaml) -> Result<String, TemplateError> {
        match argument.as_sequence() {
            Some(_) => self.fill(&self.text(&argument[0])?, &self.texts(&argument[1])?),
            None => self.fill(&self.text(argument)?, &BTreeMap::new()),
        }
    }

    fn fill(&self, text: &str, own: &BTreeMap<String, String>) -> Result<String, TemplateError> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| TemplateError(format!("`{text}` lacks a }}")))?;
            filled += before;
            filled += &match (name.strip_prefix('!'), own.get(name)) {
                (Some(literal), _) => format!("${{{literal}}}"),
                (None, Some(value)) => value.clone(),
                (None, None) if name.contains('.') => self.attribute(name)?,
                (None, None) => into_text(self.reference(name)?)?,
            };
            rest = after;
        }
        Ok(filled + rest)
    }

    /// What a parameter was given, or its default; `None` if there is no parameter of this name.
    fn parameter(&self, name: &str) -> Result<Option<Value>, TemplateError> {
        let declared = &self.document["Parameters"][name];
        if declared.is_null() {
            return Ok(None);
        }
        let text = match self.parameters.get(name) {
            Some(given) => given.clone(),
            None => self
                .text(&declared["Default"])
                .map_err(|_| TemplateError(format!("the parameter {name} has no value")))?,
        };
        let kind = declared["Type"].as_str().unwrap_or_default();
        let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        Ok(Some(if is_list { text.split(',').map(str::trim).collect() } else { text.into() }))
    }

    /// There is no Secrets Manager here: a secret stands for what it holds.
    fn secret(&self, name: &str, resource: &Yaml) -> Result<String, TemplateError> {
        let secret = &resource["Properties"]["SecretString"];
        self.once(&format!("the secret {name}"), || {
            Ok(self.value(secret)?.as_str().unwrap_or_default().to_owned())
        })
    }

    /// Its name until there is a queue.
    fn queue_url(&self, name: &str) -> String {
        self.values.queue_urls.get(name).map_or(name, String::as_str).to_owned()
    }
}

/// What CloudFormation knows without being told, as far as it means something here.
fn pseudo_parameter(name: &str) -> Option<&'static str> {
    match name {
        "AWS::Region" => Some(REGION),
        "AWS::AccountId" => Some(ACCOUNT),
        "AWS::Partition" => Some(PARTITION),
        "AWS::StackName" => Some("local"),
        "AWS::URLSuffix" => Some("amazonaws.com"),
        // In a text; where it is a value of its own, it is left out.
        "AWS::NoValue" => Some(""),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::value_in;
    use super::*;
    use serde_json::json;

    const SECTIONS: &str = "
Parameters:
  Name: {Type: String, Default: n}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>', Default: 'a, b'}
  Unset: {Type: String}
Resources:
  T: {Type: AWS::DynamoDB::Table}
  Q: {Type: AWS::SQS::Queue}
  Vpc: {Type: AWS::EC2::VPC}
  Circle: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: !Ref Circle}}
";

    fn value(expression: &str) -> Result<Value, String> {
        value_in(SECTIONS, expression)
    }

    #[test]
    fn what_a_laptop_does_not_have_is_called_by_its_logical_id() {
        let written = "[!Ref Vpc, !GetAtt Vpc.Arn, !GetAtt Vpc.DefaultSecurityGroup, !Sub '${Vpc.VpcId}']";
        assert_eq!(value(written), Ok(json!(["Vpc", "Vpc", "Vpc", "Vpc"])));
    }

    #[test]
    fn a_reference_to_what_is_undefined_is_an_error() {
        for written in ["!Ref Vcp", "!GetAtt Vcp.Arn", "!Sub '${Vcp}'", "!Sub '${Vcp.Arn}'"] {
            assert_eq!(value(written), Err("Vcp is undefined".into()), "{written}");
        }
        for path in ["T.StreamArn", "Q.Name", "T"] {
            assert_eq!(value(&format!("!GetAtt {path}")), Err(format!("!GetAtt {path} is undefined")));
        }
        assert_eq!(value("!Ref AWS::StackTrace"), Err("AWS::StackTrace is undefined".into()));
        assert_eq!(value("!Ref Unset"), Err("the parameter Unset has no value".into()));
        assert_eq!(value("!Ref Circle"), Err("the secret Circle leads back to itself".into()));
    }

    #[test]
    fn an_arn_written_out_is_the_one_that_getatt_gives() {
        let written = "!Sub 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${T}'";
        assert_eq!(value(written), value("!GetAtt T.Arn"));
        let written = "!Sub 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${Q.QueueName}'";
        assert_eq!(value(written), value("!GetAtt Q.Arn"));
        assert_eq!(value("!Sub '${AWS::StackName}.${AWS::URLSuffix}'"), Ok("local.amazonaws.com".into()));
    }

    #[test]
    fn a_sub_takes_values_of_its_own_before_all_others() {
        let written = "!Sub ['${Name}/${T.Arn}/${Q}', {Name: !Join ['-', [x, !Ref Name]], T.Arn: 1}]";
        assert_eq!(value(written), Ok("x-n/1/Q".into()));
        assert_eq!(value("!Sub '${!Name} ${Name}'"), Ok("${Name} n".into()));
        assert_eq!(value("!Sub '${Name'"), Err("`${Name` lacks a }".into()));
        assert_eq!(value("!Sub '${Subnets}'"), Err("a list stands where a text is needed".into()));
    }

    #[test]
    fn a_parameter_that_is_a_list_is_taken_apart() {
        assert_eq!(value("!Ref Subnets"), Ok(json!(["a", "b"])));
        assert_eq!(value("!Select [1, !Ref Subnets]"), Ok("b".into()));
    }
}
