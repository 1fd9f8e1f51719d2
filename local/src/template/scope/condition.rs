//! Conditions: whether a resource, an output or a value is wanted.

use serde_yaml_ng::Value as Yaml;

use super::Scope;
use super::intrinsic::intrinsic;
use crate::template::TemplateError;

impl Scope<'_> {
    /// Whether the condition of this name holds.
    pub(super) fn condition(&self, name: &str) -> Result<bool, TemplateError> {
        let what = format!("the condition {name}");
        self.once(&what, || {
            self.holds(&self.document["Conditions"][name]).map_err(|error| error.within(&what))
        })
    }

    /// Whether the condition holds that `!If` names.
    pub(super) fn test(&self, name: &Yaml) -> Result<bool, TemplateError> {
        let name = name.as_str();
        self.condition(name.ok_or_else(|| TemplateError("!If needs the name of a condition".into()))?)
    }

    /// Whether a condition, or a part of one, holds.
    fn holds(&self, condition: &Yaml) -> Result<bool, TemplateError> {
        // Only in conditions is this a reference; a policy's statement has a `Condition` of its own.
        if let Yaml::Mapping(entries) = condition
            && let Some(Yaml::String(name)) = entries.get("Condition")
        {
            return self.condition(name);
        }
        let Some((name, argument)) = intrinsic(condition) else {
            return Err(TemplateError("it is undefined".into()));
        };
        let parts = || argument.as_sequence().ok_or_else(|| TemplateError(format!("!{name} needs a list")));
        match name.as_str() {
            // Parameters are texts, so `!Ref Count` equals 0 when it is "0".
            "Equals" => Ok(self.text(&argument[0])? == self.text(&argument[1])?),
            "Condition" => self.condition(argument.as_str().unwrap_or_default()),
            "Not" => Ok(!self.holds(&argument[0])?),
            "And" => parts()?.iter().try_fold(true, |all, part| Ok(self.holds(part)? && all)),
            "Or" => parts()?.iter().try_fold(false, |any, part| Ok(self.holds(part)? || any)),
            name => Err(TemplateError(format!("!{name} is not understood"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::value_in;
    use serde_json::json;

    #[test]
    fn conditions_are_read_as_cloudformation_reads_them() {
        let sections = "
Parameters: {Egress: {Default: none}}
Conditions:
  None: !Equals [!Ref Egress, none]
  Some: !Not [!Condition None]
  Both: !And [!Condition None, !Condition Some]
  Either: !Or [!Condition Some, !Condition None]
";
        let variables = "{A: !If [Some, a, b], B: !If [Both, a, b], C: !If [Either, a, b], \
             D: !If [Some, d, !Ref AWS::NoValue], E: !Ref AWS::NoValue}";
        assert_eq!(value_in(sections, variables), Ok(json!({"A": "b", "B": "b", "C": "a"})));
    }

    #[test]
    fn the_long_forms_of_conditions_are_understood() {
        let sections = "
Conditions:
  Yes: {'Fn::Equals': [a, a]}
  No: {'Fn::Not': [{Condition: Yes}]}
  Either: {'Fn::Or': [{Condition: No}, !Condition Yes]}
";
        let variables = "[!If [Yes, a, b], !If [No, a, b], !If [Either, a, b]]";
        assert_eq!(value_in(sections, variables), Ok(json!(["a", "b", "a"])));
    }

    #[test]
    fn what_is_compared_is_compared_as_text() {
        let sections = "
Parameters: {Count: {Type: Number, Default: 0}, Flag: {Type: String, Default: 'true'}}
Conditions:
  None: !Equals [!Ref Count, 0]
  Set: !Equals [!Ref Flag, true]
  One: !Equals [!Ref Count, '1']
";
        let variables = "[!If [None, a, b], !If [Set, a, b], !If [One, a, b]]";
        assert_eq!(value_in(sections, variables), Ok(json!(["a", "a", "b"])));
    }

    #[test]
    fn an_undefined_condition_and_one_of_itself_are_told() {
        let sections =
            "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A], C: !Not {Condition: A}, D: !And A}";
        let error = |name: &str| value_in(sections, &format!("!If [{name}, a, b]")).expect_err("a mistake");
        assert_eq!(error("Z"), "the condition Z: it is undefined");
        assert_eq!(error("C"), "the condition C: it is undefined");
        assert_eq!(error("D"), "the condition D: !And needs a list");
        assert!(error("A").ends_with("the condition A leads back to itself"), "{}", error("A"));
    }
}
