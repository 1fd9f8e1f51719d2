//! The functions there are, each as something that can be started by its name.

use std::sync::Arc;
use std::time::SystemTime;

use futures::FutureExt;
use futures::future::{BoxFuture, LocalBoxFuture};
use serde_json::Value;
use shared::Config;
use shared::lambda::{self, Error, Function};

/// A started function: takes an event and the moment by which it is to be done, gives what it returned, or
/// the text it failed with.
pub type Handler = Box<dyn Fn(Value, SystemTime) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

/// A function by its name.
pub struct Entry {
    name: &'static str,
    /// Starts it in this process.
    pub start: fn(Config) -> BoxFuture<'static, Result<Handler, Error>>,
    /// Has this process be the function, under Lambda's Runtime API.
    pub serve: fn() -> LocalBoxFuture<'static, Result<(), Error>>,
}

static ALL: [Entry; 10] = [
    entry::<login::Function>(),
    entry::<decrypt::Function>(),
    entry::<send::Function>(),
    entry::<deliver::Function>(),
    entry::<sync::Function>(),
    entry::<refresh::Function>(),
    entry::<callback::Function>(),
    entry::<events::Function>(),
    entry::<forget::Function>(),
    entry::<doctor::Function>(),
];

/// The function of this name.
///
/// # Errors
/// When there is none: a crate that is in the template and not here.
pub fn find(name: &str) -> Result<&'static Entry, Error> {
    let entry = ALL.iter().find(|entry| entry.name == name);
    entry.ok_or_else(|| format!("local/src/functions.rs does not know the function {name}").into())
}

const fn entry<F: Function>() -> Entry {
    Entry { name: F::NAME, start: start::<F>, serve: || lambda::serve::<F>().boxed_local() }
}

fn start<F: Function>(config: Config) -> BoxFuture<'static, Result<Handler, Error>> {
    async move {
        let function = Arc::new(F::init(&config).await?);
        let handler: Handler = Box::new(move |event, deadline| {
            let function = function.clone();
            async move {
                lambda::invoke(&*function, event, deadline).await.map_err(|error| error.to_string())
            }
            .boxed()
        });
        Ok(handler)
    }
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Source, Values};
    use std::collections::BTreeMap;

    /// What is read before there is a function, whatever it is, for the log and the metrics; and what nobody reads, so
    /// that a version can be made anew.
    const FOR_ALL: [&str; 3] = ["LOG_LEVEL", "STACK_NAME", "REVISION"];

    /// What Lambda itself sets.
    const LAMBDA: [&str; 3] = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

    /// Values that every variable takes.
    fn sound(name: &str, value: &str) -> String {
        match name {
            "CALLBACK_AES_KEY" => "k3VbQ9sTzW2mYcR8nLxD5fHgJ7pAqE4uC6vBtN1wXyZ".to_owned(),
            _ => value.to_owned(),
        }
    }

    async fn starts(name: &str, environment: &BTreeMap<String, String>) -> Result<(), String> {
        let started = (find(name).expect("a function").start)(Config::of(environment.clone())).await;
        started.map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_function_is_given_the_variables_it_reads_and_no_others() {
        let parameters =
            ["MiniAppid", "OaAppid", "MiniSecret", "OaSecret", "CallbackToken", "CallbackAesKey"]
                .map(|name| (name.into(), name.into()));
        let values = Values { parameters: parameters.into(), queue_urls: BTreeMap::new() };
        let template = Source::built_in().expect("a template").resolve(&values).expect("resolved");
        assert_eq!(template.functions.len(), ALL.len());
        for function in template.functions {
            let declared = function.environment.iter().filter(|(name, _)| !FOR_ALL.contains(&name.as_str()));
            let mut environment: BTreeMap<_, _> =
                declared.map(|(name, value)| (name.clone(), sound(name, value))).collect();
            let declared: Vec<_> = environment.keys().cloned().collect();
            environment.extend(LAMBDA.map(|name| (name.to_owned(), "local".to_owned())));
            assert_eq!(starts(&function.name, &environment).await, Ok(()), "{}", function.name);
            for name in declared {
                let value = environment.remove(&name).expect("declared");
                let refusal = starts(&function.name, &environment).await.expect_err(&name);
                assert_eq!(
                    refusal,
                    format!("the environment variable {name} is not set"),
                    "{}",
                    function.name
                );
                environment.insert(name, value);
            }
        }
    }
}
