//! A template where it is used: with the parameters it is given, and the files it is nested in.

mod condition;
mod intrinsic;
mod reference;
mod resource;
mod stack;
mod value;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_yaml_ng::Value as Yaml;

use super::files::Files;
use super::{Function, Queue, ROOT, Subscription, Table, Template, TemplateError, Values};
use resource::Kind;

/// One use of a file; a file that two stacks name has two.
pub struct Scope<'a> {
    files: &'a Files,
    values: &'a Values,
    file: &'a str,
    document: &'a Yaml,
    /// What the parent gives; what it does not give has its default.
    parameters: BTreeMap<String, String>,
    /// The files this one is nested in, the outermost first.
    around: Vec<&'a str>,
    /// What is being looked up at this moment, the outermost first.
    pending: RefCell<Vec<String>>,
}

impl<'a> Scope<'a> {
    /// The template that the others are nested in.
    ///
    /// # Errors
    /// When it is not among the files.
    pub fn root(files: &'a Files, values: &'a Values) -> Result<Self, TemplateError> {
        let (file, document) = files.find(ROOT)?;
        let (parameters, around) = (values.parameters.clone(), Vec::new());
        Ok(Self { files, values, file, document, parameters, around, pending: RefCell::default() })
    }

    /// Adds what this file and the stacks in it describe.
    ///
    /// # Errors
    /// When a reference is undefined, a stack has no file, or a function lacks what it needs.
    pub fn gather(&self, template: &mut Template) -> Result<(), TemplateError> {
        let resources = self.document["Resources"].as_mapping().into_iter().flatten();
        for (name, resource) in resources.filter_map(|(name, resource)| Some((name.as_str()?, resource))) {
            let added = self.add(name, resource, template);
            added.map_err(|error| error.within(name).within(self.file))?;
        }
        Ok(())
    }

    fn add(&self, name: &str, resource: &Yaml, template: &mut Template) -> Result<(), TemplateError> {
        if !self.is_there(resource)? {
            return Ok(());
        }
        let (name_here, properties) = (name.to_owned(), &resource["Properties"]);
        match Kind::of(resource) {
            Kind::Function => {
                let globals = self.value(&self.document["Globals"]["Function"])?;
                let function = Function::read(self.file, &globals, &self.value(properties)?)?;
                let subscriptions = self.subscriptions_of(name)?;
                template.functions.push(Function { subscriptions, ..function });
            }
            Kind::Table => {
                template.tables.push(Table { name: name_here, properties: self.value(properties)? });
            }
            Kind::Queue => {
                template.queues.push(Queue { name: name_here, properties: self.value(properties)? });
            }
            Kind::Stack(location) => self.stack(name, location, properties)?.gather(template)?,
            Kind::Subscription | Kind::Secret | Kind::Remote => {}
        }
        Ok(())
    }

    /// The queues that a function works off: the template says so beside it.
    fn subscriptions_of(&self, function: &str) -> Result<Vec<Subscription>, TemplateError> {
        let mut subscriptions = Vec::new();
        for (name, resource) in self.document["Resources"].as_mapping().into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            let is_one = matches!(Kind::of(resource), Kind::Subscription);
            if !is_one || !self.is_there(resource).map_err(|error| error.within(name))? {
                continue;
            }
            let properties = self.value(&resource["Properties"]).map_err(|error| error.within(name))?;
            if properties["FunctionName"] == function {
                subscriptions.push(Subscription::read(&properties));
            }
        }
        Ok(subscriptions)
    }

    /// Whether a resource or an output is to be made: it has no condition, or one that holds.
    fn is_there(&self, described: &Yaml) -> Result<bool, TemplateError> {
        match &described["Condition"] {
            Yaml::Null => Ok(true),
            Yaml::String(name) => self.condition(name),
            _ => Err(TemplateError("its Condition is not the name of one".into())),
        }
    }

    /// A resource that is there.
    fn resource(&self, name: &str) -> Result<&'a Yaml, TemplateError> {
        let resource = &self.document["Resources"][name];
        if resource.is_null() {
            return Err(TemplateError(format!("{name} is undefined")));
        }
        match self.is_there(resource) {
            Ok(true) => Ok(resource),
            Ok(false) => Err(TemplateError(format!("{name} is not there, for its condition does not hold"))),
            Err(error) => Err(error.within(name)),
        }
    }

    /// Looks up what could lead back to itself, and would then never end.
    fn once<T>(
        &self,
        what: &str,
        look_up: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.pending.borrow().iter().any(|pending| pending == what) {
            return Err(TemplateError(format!("{what} leads back to itself")));
        }
        self.pending.borrow_mut().push(what.to_owned());
        let found = look_up();
        self.pending.borrow_mut().pop();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{resolved, value_in};

    #[test]
    fn a_resource_whose_condition_does_not_hold_is_not_there() {
        let template = "
Conditions: {Never: !Equals [a, b], Always: !Equals [a, a]}
Resources:
  A: {Type: AWS::SQS::Queue, Condition: Never}
  B: {Type: AWS::SQS::Queue, Condition: Always}
";
        let queues = resolved(&[("template.yaml", template)]).expect("resolved").queues;
        assert_eq!(queues.iter().map(|queue| queue.name.as_str()).collect::<Vec<_>>(), ["B"]);
        let error = value_in(template, "!Ref A").expect_err("it is not there");
        assert_eq!(error, "A is not there, for its condition does not hold");
        assert_eq!(value_in(template, "!Ref B"), Ok("B".into()));
    }

    #[test]
    fn a_mistake_is_told_with_its_file_and_resource() {
        let template = "Resources: {A: {Type: AWS::SQS::Queue, Properties: {X: !Ref Missing}}}";
        let error = resolved(&[("template.yaml", template)]).expect_err("a mistake");
        assert_eq!(error, "template.yaml: A: Missing is undefined");
    }
}
