//! Stacks in a stack: their files, what they are given, and what they put out.

use std::collections::BTreeMap;

use serde_yaml_ng::Value as Yaml;

use super::Scope;
use crate::template::TemplateError;
use crate::template::files::beside;

impl Scope<'_> {
    /// The stack `name` of this one, with its parameters resolved here; its property `location` says where
    /// its file is.
    pub(super) fn stack(&self, name: &str, location: &str, properties: &Yaml) -> Result<Self, TemplateError> {
        let path = self.text(&properties[location]).map_err(|error| error.within(location))?;
        let parameters = self.once(&format!("the stack {name}"), || {
            self.texts(&properties["Parameters"]).map_err(|error| error.within("Parameters"))
        })?;
        self.nested(&beside(self.file, &path), parameters)
    }

    /// What this stack puts out under a name.
    pub(super) fn output(&self, name: &str) -> Result<String, TemplateError> {
        let what = format!("the output {name}");
        let output = &self.document["Outputs"][name];
        let value = match self.is_there(output) {
            Ok(true) if !output.is_null() => self.text(&output["Value"]),
            Ok(_) => Err(TemplateError("it is undefined".into())),
            Err(error) => Err(error),
        };
        value.map_err(|error| error.within(&what).within(self.file))
    }

    fn nested(&self, path: &str, parameters: BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let (file, document) = self.files.find(path)?;
        let around = [self.around.as_slice(), &[self.file]].concat();
        if around.contains(&file) {
            return Err(TemplateError(format!("a circle of stacks: {} → {file}", around.join(" → "))));
        }
        let is_unknown = |name: &&String| document["Parameters"][name.as_str()].is_null();
        if let Some(name) = parameters.keys().find(is_unknown) {
            return Err(TemplateError(format!("{file} has no parameter {name}")));
        }
        let (files, values, pending) = (self.files, self.values, Default::default());
        Ok(Self { files, values, file, document, parameters, around, pending })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{no_values, resolved};
    use crate::template::{Files, ROOT, Source, Template};

    /// A root of one function, which has these variables, and one stack.
    fn root(variables: &str) -> String {
        format!(
            "
Parameters: {{Mode: {{Type: String, Default: nat}}}}
Conditions: {{Never: !Equals [!Ref Mode, none]}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: target/lambda/f/, Environment: {{Variables: {variables}}}}}
  Egress:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: template/egress.yaml, Parameters: {{Mode: !Ref Mode}}}}
"
        )
    }

    const EGRESS: &str = "
Parameters: {Mode: {Type: String}, Size: {Type: String, Default: small}}
Conditions: {Nat: !Equals [!Ref Mode, nat], Never: !Equals [a, b]}
Globals: {Function: {Timeout: 7}}
Resources:
  Vpc: {Type: AWS::EC2::VPC}
  T: {Type: AWS::DynamoDB::Table}
  Q: {Type: AWS::SQS::Queue}
  G:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../target/lambda/g/
      Environment: {Variables: {MODE: !Ref Mode}}
  Jobs:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref G, EventSourceArn: !GetAtt Q.Arn}
Outputs:
  Vpc: {Value: !Ref Vpc}
  Size: {Value: !Sub '${Mode}-${Size}'}
  Rate: {Condition: Nat, Value: 5}
  Url: {Value: !Ref Q}
  No: {Condition: Never, Value: !Ref Missing}
";

    /// What comes of this root and this file of its stack.
    fn with(root: &str, egress: &str) -> Result<Template, String> {
        resolved(&[(ROOT, root), ("template/egress.yaml", egress)])
    }

    /// The variable `A` of the root's function.
    fn a(template: Result<Template, String>) -> Result<String, String> {
        template.map(|mut template| template.functions.swap_remove(0).environment["A"].clone())
    }

    fn names(template: &Template) -> [Vec<&str>; 3] {
        [
            template.functions.iter().map(|function| function.name.as_str()).collect(),
            template.tables.iter().map(|table| table.name.as_str()).collect(),
            template.queues.iter().map(|queue| queue.name.as_str()).collect(),
        ]
    }

    #[test]
    fn functions_tables_and_queues_of_a_nested_stack_count_like_the_parents() {
        let template = with(&root("{}"), EGRESS).expect("resolved");
        assert_eq!(names(&template), [vec!["f", "g"], vec!["T"], vec!["Q"]]);
        let [parent, nested] = &template.functions[..] else { panic!("two functions") };
        assert_eq!((parent.timeout_seconds, nested.timeout_seconds), (3, 7));
        assert_eq!((&*nested.environment["MODE"], &*nested.subscriptions[0].queue), ("nat", "Q"));
    }

    #[test]
    fn what_a_stack_puts_out_reaches_its_parent() {
        for (written, expected) in [
            ("!GetAtt Egress.Outputs.Vpc", "Vpc"),
            ("!Sub 'x${Egress.Outputs.Size}'", "xnat-small"),
            ("!GetAtt [Egress, Outputs.Rate]", "5"),
            ("!Ref Egress", "Egress"),
        ] {
            assert_eq!(
                a(with(&root(&format!("{{A: {written}}}")), EGRESS)),
                Ok(expected.into()),
                "{written}"
            );
        }
    }

    #[test]
    fn what_a_stack_does_not_put_out_is_told_by_name() {
        let told = |path: &str| a(with(&root(&format!("{{A: !GetAtt {path}}}")), EGRESS)).expect_err(path);
        for name in ["Nothing", "No"] {
            let undefined = format!("{ROOT}: F: template/egress.yaml: the output {name}: it is undefined");
            assert_eq!(told(&format!("Egress.Outputs.{name}")), undefined);
        }
        assert_eq!(told("Egress.Arn"), "template.yaml: F: !GetAtt Egress.Arn is undefined");
    }

    #[test]
    fn a_queue_of_a_nested_stack_has_its_url() {
        let root = root("{A: !GetAtt Egress.Outputs.Url}");
        let files = Files::parse(&[(ROOT, &root), ("template/egress.yaml", EGRESS)]).expect("YAML");
        let mut values = no_values();
        values.queue_urls.insert("Q".into(), "http://q".into());
        let template = Source { files }.resolve(&values).map_err(|error| error.to_string());
        assert_eq!(a(template), Ok("http://q".into()));
    }

    #[test]
    fn a_stack_whose_condition_does_not_hold_is_not_there() {
        let root = |variables| root(variables) + "    Condition: Never\n";
        let template = with(&root("{A: !If [Never, !GetAtt Egress.Outputs.Vpc, without]}"), EGRESS);
        assert_eq!(names(template.as_ref().expect("resolved")), [vec!["f"], vec![], vec![]]);
        assert_eq!(a(template), Ok("without".into()));
        let absent = "template.yaml: F: Egress is not there, for its condition does not hold";
        assert_eq!(a(with(&root("{A: !GetAtt Egress.Outputs.Vpc}"), EGRESS)), Err(absent.into()));
    }

    #[test]
    fn a_stack_in_a_stack_is_found_beside_its_parent() {
        let egress = "
Parameters: {Mode: {Type: String}}
Resources: {Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml}}}
Outputs: {Q: {Value: !GetAtt Inner.Outputs.Q}}
";
        let inner = "
Resources: {Q: {Type: AWS::SQS::Queue}}
Outputs: {Q: {Value: !GetAtt Q.Arn}}
";
        let root = root("{A: !GetAtt Egress.Outputs.Q}");
        let files = [(ROOT, &*root), ("template/egress.yaml", egress), ("template/inner.yaml", inner)];
        let template = resolved(&files);
        assert_eq!(names(template.as_ref().expect("resolved")), [vec!["f"], vec![], vec!["Q"]]);
        assert_eq!(a(template), Ok("arn:aws:sqs:local:000000000000:Q".into()));
    }

    /// A root of two stacks of one file, of which each is given `X`.
    fn pair(first: &str, second: &str) -> Result<Template, String> {
        let root = format!(
            "
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: target/lambda/f/, Environment: {{Variables: {{A: !GetAtt B.Outputs.Y}}}}}}
  A: {{Type: AWS::Serverless::Application, Properties: {{Location: one.yaml, Parameters: {{X: {first}}}}}}}
  B: {{Type: AWS::Serverless::Application, Properties: {{Location: one.yaml, Parameters: {{X: {second}}}}}}}
"
        );
        let one = "{Parameters: {X: {Type: String}}, Outputs: {Y: {Value: !Sub 'y${X}'}}}";
        resolved(&[(ROOT, &root), ("one.yaml", one)])
    }

    #[test]
    fn one_stack_is_given_what_another_puts_out() {
        assert_eq!(a(pair("1", "!GetAtt A.Outputs.Y")), Ok("yy1".into()));
    }

    #[test]
    fn stacks_that_wait_for_each_other_are_told() {
        let error = pair("!GetAtt B.Outputs.Y", "!GetAtt A.Outputs.Y").expect_err("a circle");
        assert!(error.ends_with("the stack B leads back to itself"), "{error}");
    }

    #[test]
    fn a_stack_that_cannot_be_read_is_told_by_its_path() {
        let missing = "template.yaml: Egress: template/egress.yaml is not among the templates of this build";
        assert_eq!(resolved(&[(ROOT, &root("{}"))]).expect_err("no file"), missing);
        let told = |egress| with(&root("{}"), egress).expect_err("a mistake");
        let stranger = "template.yaml: Egress: template/egress.yaml has no parameter Mode";
        assert_eq!(told("Outputs: {}"), stranger);
        let mistaken = "{Parameters: {Mode: {Default: x}}, Resources: {Q: {Type: AWS::SQS::Queue, \
             Properties: {X: !Ref Missing}}}}";
        assert_eq!(told(mistaken), "template.yaml: Egress: template/egress.yaml: Q: Missing is undefined");
    }

    #[test]
    fn a_stack_in_itself_is_told_by_its_path() {
        let egress = "{Parameters: {Mode: {Default: x}}, Resources: {S: {Type: AWS::CloudFormation::Stack, \
             Properties: {TemplateURL: egress.yaml}}}}";
        let circle = "S: a circle of stacks: template.yaml → template/egress.yaml → template/egress.yaml";
        let error = with(&root("{}"), egress).expect_err("a circle");
        assert_eq!(error, format!("template.yaml: Egress: template/egress.yaml: {circle}"));
    }

    #[test]
    fn two_stacks_cannot_have_a_queue_of_one_name() {
        let root = root("{}") + "  Q: {Type: AWS::SQS::Queue}\n";
        let error = with(&root, EGRESS).expect_err("two");
        assert_eq!(error, "template.yaml: two queues are called Q");
    }
}
