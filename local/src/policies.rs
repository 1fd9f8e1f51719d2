//! What each function may do, by its policies in the template: what is not granted fails here, too.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::template::{Statement, Template, arn};
use crate::wire::AwsRequest;

/// Each function's statements, by its access key, which is its name.
#[derive(Clone, Debug, Default)]
pub struct IamPolicies(BTreeMap<String, Vec<Statement>>);

/// The parts of a DynamoDB or SQS request that name a resource.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Named {
    table_name: Option<String>,
    index_name: Option<String>,
    request_items: BTreeMap<String, IgnoredAny>,
    transact_items: Vec<BTreeMap<String, Named>>,
    queue_url: Option<String>,
}

impl IamPolicies {
    /// What the template grants.
    pub fn of(template: &Template) -> Self {
        Self(template.functions.iter().map(|f| (f.name.clone(), f.statements.clone())).collect())
    }

    /// Whether whoever signed this request may make it.
    ///
    /// # Errors
    /// A sentence that names who, what and on which resource.
    pub fn check(&self, request: &AwsRequest) -> Result<(), String> {
        if request.is_admins() {
            return Ok(());
        }
        let who = request.signer().unwrap_or_default();
        let action = action(request).ok_or("the request names no action")?;
        let named: Named = serde_json::from_slice(&request.body).unwrap_or_default();
        let needed = named.needs(&action);
        match needed.iter().find(|(action, resource)| !self.grants(who, action, resource)) {
            None if needed.is_empty() => Err(format!("{action} names no resource")),
            None => Ok(()),
            Some((action, resource)) => Err(format!(
                "{who} is not authorized to perform {action} on {resource}: grant it in template.yaml"
            )),
        }
    }

    fn grants(&self, who: &str, action: &str, resource: &str) -> bool {
        let names = |named: &[String], wanted: &str| named.iter().any(|pattern| matches(pattern, wanted));
        let is_about = |statement: &&Statement| {
            names(&statement.actions, action) && names(&statement.resources, resource)
        };
        let mut about = self.0.get(who).into_iter().flatten().filter(is_about).peekable();
        about.peek().is_some() && about.all(|statement| !statement.denies)
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
    use crate::wire::ADMIN_KEY;

    fn policies() -> IamPolicies {
        let grant = Statement {
            denies: false,
            actions: vec!["dynamodb:Query".to_owned()],
            resources: vec![format!("{}/index/i", arn("dynamodb", "T"))],
        };
        IamPolicies([("send".to_owned(), vec![grant])].into())
    }

    #[test]
    fn what_is_denied_stays_denied_whatever_is_granted() {
        let mut policies = policies();
        let denial =
            Statement { denies: true, actions: vec!["*".to_owned()], resources: vec!["*".to_owned()] };
        policies.0.get_mut("send").unwrap().push(denial);
        assert!(policies.check(&AwsRequest::test("send", "Query", INDEX)).is_err());
    }

    const INDEX: &str = r#"{"TableName":"T","IndexName":"i"}"#;

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
    fn only_what_is_granted_passes() {
        let check = |who, operation, body| policies().check(&AwsRequest::test(who, operation, body));
        assert_eq!(check("send", "Query", INDEX), Ok(()));
        assert!(check("send", "Scan", INDEX).is_err());
        assert!(check("login", "Query", INDEX).is_err());
        assert!(check("send", "Query", r#"{"TableName":"T"}"#).is_err());
        assert!(check("send", "Query", "{}").is_err());
        assert_eq!(check(ADMIN_KEY, "CreateTable", "{}"), Ok(()));
    }
}
