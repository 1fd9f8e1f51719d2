//! Runs the functions: each handler in this process, through the events Lambda would hand it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Context, LambdaEvent, Request, Response, Service, service_fn};
use serde_json::Value;
use shared::Config;

use crate::StackError;
use crate::bootstrap::Bootstrap;
use crate::template;

/// Takes an event and the time there is for it, gives what the function returned, or the text it failed
/// with.
type Handler = Box<dyn Fn(Value, Duration) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

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
                let config = Config::read(&|name| variables.get(name).cloned());
                let handler = async { handler(&name, &config?).await };
                Runs::Here(handler.await.map_err(|error| StackError::new(&format!("start {name}"), error))?)
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

    /// The ids of its processes, if it has any of its own and they are running.
    pub fn processes(&self) -> Vec<u32> {
        match &*self.runs {
            Runs::Bootstrap(bootstrap) => bootstrap.processes(),
            Runs::Here(_) => Vec::new(),
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
                    let task = AbortOnDrop(tokio::spawn(handler(event, self.timeout)));
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

/// Runs as the bootstrap of a function, when this process was started as one; `None` when it was not.
/// A program of this workspace can thus be the function it starts, in a process that can be watched
/// and killed.
pub async fn run_as_function() -> Option<ExitCode> {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API")?;
    let name = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    shared::telemetry::init();
    let run = async {
        let handler = &handler(&name, &Config::from_env()?).await?;
        lambda_runtime::run(lambda_runtime::service_fn(|event: LambdaEvent<_>| async move {
            let time_left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
            handler(event.payload, time_left).await.map_err(lambda_http::Error::from)
        }))
        .await
    };
    // It ends with an error when the stack has gone before it: nobody is left to be told.
    Some(if run.await.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn handler(name: &str, config: &Config) -> Result<Handler, lambda_http::Error> {
    Ok(match name {
        "login" => {
            let login = Arc::new(login::Login::new(config).await?);
            http(move |request| {
                let login = login.clone();
                async move { login.handle(request).await }
            })
        }
        "decrypt" => {
            let decrypt = Arc::new(decrypt::Decrypt::new(config));
            http(move |request| {
                let decrypt = decrypt.clone();
                async move { decrypt.handle(request).await }
            })
        }
        "send" => {
            let send = Arc::new(send::Send::new(config)?);
            http(move |request| {
                let send = send.clone();
                async move { send.handle(request).await }
            })
        }
        "deliver" => {
            let deliver = Arc::new(deliver::Deliver::new(config));
            event(move |payload, time_left| {
                let deliver = deliver.clone();
                async move {
                    let jobs = serde_json::from_value(payload)?;
                    Ok(serde_json::to_value(deliver.handle(jobs, time_left).await)?)
                }
            })
        }
        "sync" => {
            let sync = Arc::new(sync::Sync::new(config));
            event(move |payload, _| {
                let sync = sync.clone();
                async move { sync.handle(payload).await }
            })
        }
        "refresh" => {
            let refresh = Arc::new(refresh::Refresh::new(config).await?);
            event(move |payload, _| {
                let refresh = refresh.clone();
                async move { refresh.handle(payload).await }
            })
        }
        "events" => {
            let events = Arc::new(events::Events::new(config).await?);
            event(move |payload, _| {
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
    event(move |payload, _| {
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

fn event<F>(handle: impl Fn(Value, Duration) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = Result<Value, lambda_http::Error>> + Send + 'static,
{
    Box::new(move |payload, time_left| {
        let outcome = handle(payload, time_left);
        Box::pin(async move { outcome.await.map_err(|error| error.to_string()) })
    })
}
