//! Runs the functions: in this process, or each as the program that would be deployed.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use serde_json::Value;
use shared::Config;

use crate::StackError;
use crate::bootstrap::{Bootstrap, Program};
use crate::functions::{self, Handler};
use crate::meter::Meter;
use crate::template;

/// A function that can be invoked. Cheap to clone.
#[derive(Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    timeout: Duration,
    clock: Clock,
    meter: Option<Meter>,
    runs: Arc<Runs>,
}

enum Runs {
    /// In this process.
    InProcess(Handler),
    /// As the program that would be deployed, under a Lambda Runtime API.
    Bootstrap(Bootstrap),
}

/// The largest answer Lambda takes back from a function, in bytes.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// Why an invocation gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
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
        program: Option<Program>,
        clock: &Clock,
    ) -> Result<Self, StackError> {
        let name = function.name.clone();
        let timeout = Duration::from_secs(function.timeout_seconds);
        let runs = match program {
            Some(program) => Runs::Bootstrap(Bootstrap::start(function, &program, variables, clock).await?),
            None => {
                let config = Config::of(variables).with_clock(clock.clone());
                let start = async { (functions::find(&name)?.start)(config).await };
                Runs::InProcess(
                    start.await.map_err(|error| StackError::new(&format!("start {name}"), error))?,
                )
            }
        };
        Ok(Self { name, timeout, clock: clock.clone(), meter: None, runs: Arc::new(runs) })
    }

    /// The same, with its invocations counted.
    #[must_use]
    pub fn metered(self, meter: Option<Meter>) -> Self {
        Self { meter, ..self }
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
            Runs::InProcess(_) => Vec::new(),
        }
    }

    /// Hands the function one event. Its time is over when the machine's is, however the clock is moved.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke(&self, event: Value) -> Result<Value, InvokeError> {
        if let Some(meter) = &self.meter {
            meter.invoked(&self.name);
        }
        let run = async {
            match &*self.runs {
                // As its own task: a panic ends the invocation, not the stack.
                Runs::InProcess(handler) => {
                    let task = AbortOnDrop(tokio::spawn(handler(event, self.clock.time() + self.timeout)));
                    task.join().await.unwrap_or_else(|error| Err(error.to_string()))
                }
                Runs::Bootstrap(bootstrap) => {
                    // What it waits for, nobody sees from here.
                    let _work = self.clock.work();
                    bootstrap.invoke(event).await
                }
            }
        };
        match tokio::time::timeout(self.timeout, run).await {
            Ok(outcome) => within_limits(outcome).map_err(InvokeError::Error),
            Err(_) => Err(InvokeError::TimedOut(self.timeout)),
        }
    }
}

fn within_limits(outcome: Result<Value, String>) -> Result<Value, String> {
    let answer = outcome?;
    let body = answer["body"].as_str().map_or(0, str::len);
    if body > LARGEST_ANSWER / 8 && answer.to_string().len() > LARGEST_ANSWER {
        return Err("Function.ResponseSizeTooLarge: an answer has 6 MB at most".to_owned());
    }
    Ok(answer)
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
    let served = async { (functions::find(&name)?.serve)().await };
    // It ends with an error when the stack has gone before it: nobody is left to be told.
    Some(if served.await.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_has_no_more_than_lambda_takes_back() {
        let answer = |letter: &str, letters: usize| Ok(json!({ "body": letter.repeat(letters) }));
        for (answer, is_taken) in [
            (answer("a", 6_200_000), true),
            (answer("a", 6_300_000), false),
            (answer("\"", 3_100_000), true),
            (answer("\"", 3_200_000), false),
        ] {
            assert_eq!(within_limits(answer).is_ok(), is_taken);
        }
    }
}
