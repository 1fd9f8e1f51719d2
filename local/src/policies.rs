//! What each function may do, by its policies in the template: what is not granted fails here, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::template::{Statement, Template, arn};
use crate::wire::AwsRequest;

/// Each function's statements, by its name. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct IamPolicies {
    statements: Arc<BTreeMap<String, Vec<Statement>>>,
    /// Who did what on which resource so far.
    used: Arc<Mutex<BTreeSet<[String; 3]>>>,
}

/// The parts of a DynamoDB or SQS request that name a resource.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Named {
    table_name: Option<String>,
    index_name: Option<String>,
    request_items: BTreeMap<String, IgnoredAny>,
    transact_items: Vec<BTreeMap<String, Named>>,
    queue_url: Option<String>,
    key: BTreeMap<String, IgnoredAny>,
    projection_expression: Option<String>,
    expression_attribute_names: BTreeMap<String, String>,
}

impl IamPolicies {
    /// What the template grants.
    pub fn of(template: &Template) -> Self {
        Self::new(template.functions.iter().map(|f| (f.name.clone(), f.statements.clone())).collect())
    }

    fn new(statements: BTreeMap<String, Vec<Statement>>) -> Self {
        Self { statements: Arc::new(statements), used: Arc::default() }
    }

    /// What is granted and was not made use of so far: who may do what on which resource.
    pub fn unused(&self) -> Vec<String> {
        let used = self.used.lock();
        let mut unused = Vec::new();
        for (who, statements) in &*self.statements {
            for statement in statements.iter().filter(|statement| !statement.denies) {
                for (action, resource) in statement.grants() {
                    let is_it = |[by, did, on]: &[String; 3]| {
                        by == who && matches(action, did) && matches(resource, on)
                    };
                    if !used.iter().any(is_it) {
                        unused.push(format!("{who} may {action} on {resource}"));
                    }
                }
            }
        }
        unused
    }

    /// The functions that the template has, by name.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.statements.keys().map(String::as_str)
    }

    /// Whether whoever makes this request may.
    ///
    /// # Errors
    /// A sentence that names who, what and on which resource.
    pub fn check(&self, request: &AwsRequest) -> Result<(), String> {
        if request.is_the_stacks() {
            return Ok(());
        }
        let who = request.by.as_str();
        let action = action(request).ok_or("the request names no action")?;
        let named: Named = serde_json::from_slice(&request.body).unwrap_or_default();
        let attributes = named.attributes();
        let needed = named.needs(&action);
        let is_granted =
            |action: &str, resource: &str| self.grants(who, action, resource, attributes.as_deref());
        match needed.iter().find(|(action, resource)| !is_granted(action, resource)) {
            None if needed.is_empty() => Err(format!("{action} names no resource")),
            None => {
                let used = needed.into_iter().map(|(action, resource)| [who.to_owned(), action, resource]);
                self.used.lock().extend(used);
                Ok(())
            }
            Some((action, resource)) => Err(format!(
                "{who} is not authorized to perform {action} on {resource}: grant it in template.yaml"
            )),
        }
    }

    /// `attributes` are those of a row that are asked for; `None`: all.
    fn grants(&self, who: &str, action: &str, resource: &str, attributes: Option<&[String]>) -> bool {
        let names = |named: &[String], wanted: &str| named.iter().any(|pattern| matches(pattern, wanted));
        let is_about = |statement: &&Statement| {
            names(&statement.actions, action)
                && names(&statement.resources, resource)
                && statement.attributes.as_ref().is_none_or(|granted| {
                    attributes.is_some_and(|asked| asked.iter().all(|name| granted.contains(name)))
                })
        };
        let mut about = self.statements.get(who).into_iter().flatten().filter(is_about).peekable();
        about.peek().is_some() && about.all(|statement| !statement.denies)
    }
}

impl Statement {
    fn grants(&self) -> impl Iterator<Item = (&str, &str)> {
        self.actions.iter().flat_map(|action| {
            self.resources.iter().map(move |resource| (action.as_str(), resource.as_str()))
        })
    }
}

/// Whether an IAM pattern (`dynamodb:*Item`, `*`) is about this; `*` stands for anything, `?` for one character.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once(['*', '?']) {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            if pattern.as_bytes()[before.len()] == b'?' {
                return ends.nth(1).is_some_and(|at| matches(after, &rest[at..]));
            }
            ends.any(|at| matches(after, &rest[at..]))
        }),
    }
}

impl Named {
    /// The attributes of a row that a read names, its key's among them; `None` when it names none and gets all.
    fn attributes(&self) -> Option<Vec<String>> {
        let named = self.projection_expression.as_ref()?.split(',').map(|path| {
            // `#a.b[0]` is about what `#a` stands for.
            let name = path.trim().split(['.', '[']).next().unwrap_or_default();
            self.expression_attribute_names.get(name).map_or(name, String::as_str)
        });
        Some(named.chain(self.key.keys().map(String::as_str)).map(str::to_owned).collect())
    }

    /// Each action with its resource; a transaction needs the rights of its parts.
    fn needs(self, action: &str) -> Vec<(String, String)> {
        let table = self.table_name.map(|table| match self.index_name {
            Some(index) => format!("{}/index/{index}", arn("dynamodb", &table)),
            None => arn("dynamodb", &table),
        });
        let batch = self.request_items.into_keys().map(|table| arn("dynamodb", &table));
        let queue = self.queue_url.map(|url| arn("sqs", url.rsplit('/').next().unwrap_or_default()));
        let own = table.into_iter().chain(batch).chain(queue).map(|resource| (action.to_owned(), resource));
        let parts = self.transact_items.into_iter().flatten();
        // `Put` → `dynamodb:PutItem`, `ConditionCheck` → `dynamodb:ConditionCheckItem`.
        own.chain(parts.flat_map(|(part, named)| named.needs(&format!("dynamodb:{part}Item")))).collect()
    }
}

/// `DynamoDB_20120810.PutItem` → `dynamodb:PutItem`; SQS's batch calls need the right of the single one.
fn action(request: &AwsRequest) -> Option<String> {
    let (service, operation) = request.target()?;
    Some(if service.starts_with("DynamoDB") {
        format!("dynamodb:{operation}")
    } else {
        format!("sqs:{}", operation.strip_suffix("Batch").unwrap_or(operation))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_keys::STACK;

    fn policies(more: Option<Statement>) -> IamPolicies {
        let grant = Statement {
            denies: false,
            actions: vec!["dynamodb:Query".to_owned()],
            resources: vec![format!("{}/index/i", arn("dynamodb", "T"))],
            attributes: None,
        };
        IamPolicies::new([("send".to_owned(), [grant].into_iter().chain(more).collect())].into())
    }

    #[test]
    fn what_is_denied_stays_denied_whatever_is_granted() {
        let (actions, resources) = (vec!["*".to_owned()], vec!["*".to_owned()]);
        let denial = Statement { denies: true, actions, resources, attributes: None };
        assert!(policies(Some(denial)).check(&AwsRequest::test("send", "Query", INDEX)).is_err());
    }

    const INDEX: &str = r#"{"TableName":"T","IndexName":"i"}"#;

    #[test]
    fn what_is_granted_and_not_used_is_told() {
        let policies = policies(None);
        let unused = [format!("send may dynamodb:Query on {}/index/i", arn("dynamodb", "T"))];
        assert_eq!(policies.unused(), unused);
        assert!(policies.clone().check(&AwsRequest::test("send", "Scan", INDEX)).is_err());
        assert_eq!(policies.unused(), unused);
        assert_eq!(policies.clone().check(&AwsRequest::test("send", "Query", INDEX)), Ok(()));
        assert!(policies.unused().is_empty());
    }

    #[test]
    fn patterns_are_iams() {
        for (pattern, name, is_so) in [
            ("*", "dynamodb:PutItem", true),
            ("dynamodb:*", "dynamodb:PutItem", true),
            ("dynamodb:*Item", "dynamodb:PutItem", true),
            ("dynamodb:*Item", "dynamodb:Query", false),
            ("table/T/index/*", "table/T/index/by_openid", true),
            ("table/T/index/*", "table/T", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("ab?", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), is_so, "{pattern} {name}");
        }
    }

    #[test]
    fn whoever_may_read_some_attributes_names_them_and_no_others() {
        let policies = policies(Some(Statement {
            denies: false,
            actions: vec!["dynamodb:GetItem".to_owned()],
            resources: vec![arn("dynamodb", "T")],
            attributes: Some(vec!["id".to_owned(), "ends".to_owned()]),
        }));
        for (body, passes) in [
            (r#"{"TableName":"T","Key":{"id":{}},"ProjectionExpression":"ends"}"#, true),
            (
                r##"{"TableName":"T","Key":{"id":{}},"ProjectionExpression":"#e, id","ExpressionAttributeNames":{"#e":"ends"}}"##,
                true,
            ),
            (
                r##"{"TableName":"T","Key":{"id":{}},"ProjectionExpression":"ends, #t.x","ExpressionAttributeNames":{"#t":"token"}}"##,
                false,
            ),
            (r#"{"TableName":"T","Key":{"other":{}},"ProjectionExpression":"ends"}"#, false),
            (r#"{"TableName":"T","Key":{"id":{}}}"#, false),
        ] {
            assert_eq!(policies.check(&AwsRequest::test("send", "GetItem", body)).is_ok(), passes, "{body}");
        }
    }

    #[test]
    fn only_what_is_granted_passes() {
        let check = |who, operation, body| policies(None).check(&AwsRequest::test(who, operation, body));
        assert_eq!(check("send", "Query", INDEX), Ok(()));
        assert!(check("send", "Scan", INDEX).is_err());
        assert!(check("login", "Query", INDEX).is_err());
        assert!(check("send", "Query", r#"{"TableName":"T"}"#).is_err());
        assert!(check("send", "Query", "{}").is_err());
        assert_eq!(check(STACK, "CreateTable", "{}"), Ok(()));
    }
}
