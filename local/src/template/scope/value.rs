//! What a piece of a template comes to.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use serde_yaml_ng::Value as Yaml;

use super::Scope;
use super::intrinsic::intrinsic;
use crate::template::TemplateError;

impl Scope<'_> {
    /// The value with every function carried out; `Null` for `AWS::NoValue`.
    pub fn value(&self, yaml: &Yaml) -> Result<Value, TemplateError> {
        Ok(self.value_if_any(yaml)?.unwrap_or_default())
    }

    /// The value as CloudFormation makes one text of it.
    pub(super) fn text(&self, yaml: &Yaml) -> Result<String, TemplateError> {
        into_text(self.value(yaml)?)
    }

    /// A mapping of texts, which may be left out.
    pub(super) fn texts(&self, yaml: &Yaml) -> Result<BTreeMap<String, String>, TemplateError> {
        match self.value(yaml)? {
            Value::Null => Ok(BTreeMap::new()),
            Value::Object(map) => {
                let texts = map.into_iter().map(|(name, value)| match into_text(value) {
                    Ok(text) => Ok((name, text)),
                    Err(error) => Err(error.within(&name)),
                });
                texts.collect()
            }
            _ => Err(TemplateError("it needs a value for each name".into())),
        }
    }

    /// `None` for what comes to `AWS::NoValue`: it is as if it were not written.
    fn value_if_any(&self, yaml: &Yaml) -> Result<Option<Value>, TemplateError> {
        if let Some((name, argument)) = intrinsic(yaml) {
            return self.call(&name, argument);
        }
        Ok(Some(match yaml {
            Yaml::Sequence(items) => {
                let values = items.iter().filter_map(|item| self.value_if_any(item).transpose());
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            Yaml::Mapping(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let key = key.as_str().ok_or_else(|| TemplateError("a key is not text".into()))?;
                    map.extend(self.value_if_any(value)?.map(|value| (key.to_owned(), value)));
                }
                Value::Object(map)
            }
            scalar => serde_json::to_value(scalar).map_err(|error| TemplateError(error.to_string()))?,
        }))
    }

    fn call(&self, name: &str, argument: &Yaml) -> Result<Option<Value>, TemplateError> {
        let called = match name {
            "If" => {
                return self.value_if_any(&argument[if self.test(&argument[0])? { 1 } else { 2 }]);
            }
            "Ref" if argument == "AWS::NoValue" => return Ok(None),
            "Ref" => self.text(argument).and_then(|name| self.reference(&name)),
            "GetAtt" => self.attribute_path(argument).and_then(|path| self.attribute(&path)).map(Value::from),
            "Sub" => self.substitute(argument).map(Value::from),
            "Join" => self.join(argument),
            "Select" => self.select(argument),
            "Split" => self.split(argument),
            "FindInMap" => self.find_in_map(argument),
            name => Err(TemplateError(format!("!{name} is not understood"))),
        };
        called.map(Some)
    }

    /// `!Join [delimiter, list]`
    fn join(&self, argument: &Yaml) -> Result<Value, TemplateError> {
        let texts =
            self.list("!Join", &argument[1])?.into_iter().map(into_text).collect::<Result<Vec<_>, _>>();
        Ok(texts?.join(&self.text(&argument[0])?).into())
    }

    /// `!Select [index, list]`
    fn select(&self, argument: &Yaml) -> Result<Value, TemplateError> {
        let index = self.text(&argument[0])?;
        let mut list = self.list("!Select", &argument[1])?;
        match index.parse() {
            Ok(index) if index < list.len() => Ok(list.swap_remove(index)),
            _ => Err(TemplateError(format!("!Select {index} is not in a list of {}", list.len()))),
        }
    }

    /// `!Split [delimiter, text]`
    fn split(&self, argument: &Yaml) -> Result<Value, TemplateError> {
        let (delimiter, text) = (self.text(&argument[0])?, self.text(&argument[1])?);
        Ok(text.split(&delimiter).collect())
    }

    /// `!FindInMap [map, key, key]`
    fn find_in_map(&self, argument: &Yaml) -> Result<Value, TemplateError> {
        let [map, first, second] = [0, 1, 2].map(|place| self.text(&argument[place]));
        let (map, first, second) = (map?, first?, second?);
        match &self.document["Mappings"][&map][&first][&second] {
            Yaml::Null => Err(TemplateError(format!("!FindInMap {map}.{first}.{second} is undefined"))),
            found => self.value(found),
        }
    }

    fn list(&self, function: &str, yaml: &Yaml) -> Result<Vec<Value>, TemplateError> {
        match self.value(yaml)? {
            Value::Array(items) => Ok(items),
            _ => Err(TemplateError(format!("{function} needs a list"))),
        }
    }
}

/// A scalar as CloudFormation hands it on: numbers and truth become texts.
pub fn into_text(value: Value) -> Result<String, TemplateError> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is_true) => Ok(is_true.to_string()),
        Value::Null => Err(TemplateError("a text is missing".into())),
        Value::Array(_) => Err(TemplateError("a list stands where a text is needed".into())),
        Value::Object(_) => Err(TemplateError("a mapping stands where a text is needed".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::value_in;
    use serde_json::json;

    const SECTIONS: &str = "
Parameters: {Stage: {Default: live}}
Mappings: {Limits: {live: {Rate: 5, Zones: [a, b]}}}
Resources: {T: {Type: AWS::DynamoDB::Table}}
";

    #[test]
    fn texts_and_lists_are_put_together_and_taken_apart() {
        for (written, expected) in [
            ("!Join ['-', [a, !Ref Stage, 7, !Ref AWS::NoValue]]", json!("a-live-7")),
            ("!Join ['', !Split [',', 'a,b']]", json!("ab")),
            ("!Select ['1', [a, !Ref Stage]]", json!("live")),
            ("!Select [0, !Split ['.', a.b]]", json!("a")),
            ("!FindInMap [Limits, !Ref Stage, Rate]", json!(5)),
            ("!Select [1, !FindInMap [Limits, live, Zones]]", json!("b")),
            ("{On: true, Off: null, Rate: 0.5}", json!({"On": true, "Off": null, "Rate": 0.5})),
        ] {
            assert_eq!(value_in(SECTIONS, written), Ok(expected), "{written}");
        }
    }

    #[test]
    fn what_cannot_be_carried_out_is_told() {
        for (written, problem) in [
            ("!ImportValue Shared", "!ImportValue is not understood"),
            ("{'Fn::Cidr': [a, 1, 8]}", "!Cidr is not understood"),
            ("!Join [',', a]", "!Join needs a list"),
            ("!Join [',', [[a]]]", "a list stands where a text is needed"),
            ("!Select [2, [a, b]]", "!Select 2 is not in a list of 2"),
            ("!Select [-1, [a, b]]", "!Select -1 is not in a list of 2"),
            ("!FindInMap [Limits, test, Rate]", "!FindInMap Limits.test.Rate is undefined"),
            ("!Ref [T]", "a list stands where a text is needed"),
            ("!If [[a], b, c]", "!If needs the name of a condition"),
        ] {
            assert_eq!(value_in(SECTIONS, written), Err(problem.into()), "{written}");
        }
    }
}
