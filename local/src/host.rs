//! Runs the functions: each handler in this process, through the events Lambda would hand it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Context, LambdaEvent, Request, Response, Service, service_fn};
use serde_json::Value;
use shared::Config;

use crate::StackError;
use crate::bootstrap::Bootstrap;
use crate::template;

/// Takes an event, gives what the function returned, or the text it failed with.
type Handler = Box<dyn Fn(Value) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

/// A function that can be invoked. Cheap to clone.
#[derive(Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    timeout: Duration,
    runs: Arc<Runs>,
}

enum Runs {
    /// In this process.
    Here(Handler),
    /// As the program that would be deployed, under a Lambda Runtime API.
    Bootstrap(Bootstrap),
}

/// Why an invocation gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The function took longer than the template allows.
    #[error("the function took longer than its {0:?}")]
    TimedOut(Duration),
    /// The function returned an error, panicked or died.
    #[error("{0}")]
    Error(String),
}

impl Function {
    /// Starts a function with these variables.
    ///
    /// # Errors
    /// When its initialization fails, as a cold start would.
    pub async fn start(
        function: &template::Function,
        variables: BTreeMap<String, String>,
        program: Option<PathBuf>,
    ) -> Result<Self, StackError> {
        let name = function.name.clone();
        let timeout = Duration::from_secs(function.timeout_seconds);
        let runs = match program {
            Some(program) => Runs::Bootstrap(Bootstrap::start(function, &program, variables).await?),
            None => {
                let handler = handler(&name, &variables, timeout).await;
                Runs::Here(handler.map_err(|error| StackError::new(&format!("start {name}"), error))?)
            }
        };
        Ok(Self { name, timeout, runs: Arc::new(runs) })
    }

    /// Kills its processes, if it has any of its own.
    pub fn kill(&self) {
        if let Runs::Bootstrap(bootstrap) = &*self.runs {
            bootstrap.kill();
        }
    }

    /// Hands the function one event.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn invoke(&self, event: Value) -> Result<Value, Failed> {
        let run = async {
            match &*self.runs {
                // As its own task: a panic ends the invocation, not the stack.
                Runs::Here(handler) => {
                    let task = AbortOnDrop(tokio::spawn(handler(event)));
                    task.join().await.unwrap_or_else(|error| Err(error.to_string()))
                }
                Runs::Bootstrap(bootstrap) => bootstrap.invoke(event).await,
            }
        };
        match tokio::time::timeout(self.timeout, run).await {
            Ok(outcome) => outcome.map_err(Failed::Error),
            Err(_) => Err(Failed::TimedOut(self.timeout)),
        }
    }
}

/// Ends the task with the invocation, as Lambda ends the process.
struct AbortOnDrop(tokio::task::JoinHandle<Result<Value, String>>);

impl AbortOnDrop {
    async fn join(mut self) -> Result<Result<Value, String>, tokio::task::JoinError> {
        (&mut self.0).await
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn handler(
    name: &str,
    variables: &BTreeMap<String, String>,
    timeout: Duration,
) -> Result<Handler, lambda_http::Error> {
    let config = Config::read(&|name| variables.get(name).cloned())?;
    Ok(match name {
        "login" => {
            let login = Arc::new(login::Login::new(&config).await?);
            http(move |request| {
                let login = login.clone();
                async move { login.handle(request).await }
            })
        }
        "decrypt" => {
            let decrypt = Arc::new(decrypt::Decrypt::new(&config));
            http(move |request| {
                let decrypt = decrypt.clone();
                async move { decrypt.handle(request).await }
            })
        }
        "send" => {
            let send = Arc::new(send::Send::new(&config)?);
            http(move |request| {
                let send = send.clone();
                async move { send.handle(request).await }
            })
        }
        "deliver" => {
            let deliver = Arc::new(deliver::Deliver::new(&config));
            event(move |payload| {
                let deliver = deliver.clone();
                async move {
                    Ok(serde_json::to_value(deliver.handle(serde_json::from_value(payload)?, timeout).await)?)
                }
            })
        }
        "sync" => {
            let sync = Arc::new(sync::Sync::new(&config));
            event(move |payload| {
                let sync = sync.clone();
                async move { sync.handle(payload).await }
            })
        }
        "refresh" => {
            let refresh = Arc::new(refresh::Refresh::new(&config).await?);
            event(move |payload| {
                let refresh = refresh.clone();
                async move { refresh.handle(payload).await }
            })
        }
        "events" => {
            let events = Arc::new(events::Events::new(&config).await?);
            event(move |payload| {
                let events = events.clone();
                async move { events.handle(payload).await }
            })
        }
        name => return Err(format!("local/src/host.rs does not know the function {name}").into()),
    })
}

/// An HTTP function, through the very adapter that `lambda_http::run` puts before it.
fn http<F>(handle: impl Fn(Request) -> F + Clone + Send + Sync + 'static) -> Handler
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    event(move |payload| {
        let handle = handle.clone();
        async move {
            let request: LambdaRequest = serde_json::from_str(&payload.to_string())?;
            let answer = move |request| {
                let answer = handle(request);
                async { Ok::<_, Infallible>(answer.await) }
            };
            let response =
                Adapter::from(service_fn(answer)).call(LambdaEvent::new(request, Context::default()));
            Ok(serde_json::to_value(response.await?)?)
        }
    })
}

fn event<F>(handle: impl Fn(Value) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = Result<Value, lambda_http::Error>> + Send + 'static,
{
    Box::new(move |payload| {
        let outcome = handle(payload);
        Box::pin(async move { outcome.await.map_err(|error| error.to_string()) })
    })
}
