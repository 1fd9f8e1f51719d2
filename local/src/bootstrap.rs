//! The Lambda Runtime API, for one function: starts its bootstrap and hands it events.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use clock::Clock;
use parking_lot::Mutex;
use serde_json::Value;
use shared::session::Token;
use simulator::of_this_machine;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot};

use crate::meter::Meter;
use crate::wire::{ACCOUNT, REGION};
use crate::{StackError, loopback, template};

/// How long a process that died stays away.
const RESTART_PAUSE: Duration = Duration::from_millis(200);

/// What is started.
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// Takes note of what it logs, which is not shown then.
    pub meter: Option<Meter>,
    /// Whether one process takes one event after the other.
    pub is_single: bool,
}

/// A function's processes.
pub struct Bootstrap {
    events: mpsc::Sender<Invocation>,
    kill: Arc<Notify>,
    running: Arc<Mutex<BTreeSet<u32>>>,
}

struct Invocation {
    event: Value,
    answer: Answer,
}

/// Where what the function returned, or failed with, is waited for.
type Answer = oneshot::Sender<Result<Value, String>>;

/// What the processes share.
#[derive(Clone)]
struct RuntimeApi {
    waiting: Arc<AsyncMutex<mpsc::Receiver<Invocation>>>,
    in_hand: Arc<Mutex<HashMap<String, Answer>>>,
    /// How long an invocation may take; the runtime is told, the host keeps to it.
    timeout: Duration,
    clock: Clock,
}

impl Bootstrap {
    /// Starts the program with these variables and nothing else, and again when it dies.
    ///
    /// # Errors
    /// When there is no such program or no socket can be opened.
    pub async fn start(
        function: &template::Function,
        Program { path: program, meter, is_single }: &Program,
        variables: BTreeMap<String, String>,
        clock: &Clock,
    ) -> Result<Self, StackError> {
        let (name, timeout) = (&function.name, Duration::from_secs(function.timeout_seconds));
        if !program.is_file() {
            let missing = format!("{} is not there; run `cargo lambda build` first", program.display());
            return Err(StackError::new(&format!("start {name}"), missing));
        }
        let (events, waiting) = mpsc::channel(1000);
        let (waiting, kill) = (Arc::new(AsyncMutex::new(waiting)), Arc::new(Notify::new()));
        let running = Arc::<Mutex<_>>::default();
        for _ in 0..if *is_single { 1 } else { processes(function) } {
            let api = RuntimeApi {
                waiting: waiting.clone(),
                in_hand: Arc::default(),
                timeout,
                clock: clock.clone(),
            };
            let (listener, url) = loopback(0).await?;
            // Events are full of tokens: they are for whoever was told this address, which is the process alone.
            let at = format!("/{}", Token::random().into_text());
            let mut command = Command::new(program);
            command.env_clear().envs(&variables).envs(runtime_variables(name, format!("{url}{at}")));
            command.kill_on_drop(true).stdin(Stdio::null()).stdout(std::io::stderr());
            if meter.is_some() {
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
            }
            let app = router(&at, api.clone());
            tokio::spawn(async move { axum::serve(listener, app).await });
            let process = Process {
                name: name.clone(),
                command,
                kill: kill.clone(),
                running: running.clone(),
                meter: meter.clone(),
            };
            tokio::spawn(process.keep_running(api));
        }
        Ok(Self { events, kill, running })
    }

    /// Kills the processes, whatever they are doing.
    pub fn kill(&self) {
        self.kill.notify_waiters();
    }

    /// The ids of the processes that are running.
    pub fn processes(&self) -> Vec<u32> {
        self.running.lock().iter().copied().collect()
    }

    /// Hands one process the event and waits for its answer.
    ///
    /// # Errors
    /// What the function failed with.
    pub async fn invoke(&self, event: Value) -> Result<Value, String> {
        let (answer, answered) = oneshot::channel();
        let gone = "the function's process is gone";
        self.events.send(Invocation { event, answer }).await.map_err(|_| gone)?;
        answered.await.map_err(|_| gone)?
    }
}

/// As many as events may come at a time, for a process takes one at a time: what its queues may bring,
/// and two requests.
fn processes(function: &template::Function) -> usize {
    let subscriptions = function.subscriptions.iter().map(|subscription| subscription.concurrency);
    subscriptions.sum::<usize>() + function.routes.len().min(2)
}

/// One process, started again whenever it ends.
struct Process {
    name: String,
    command: Command,
    kill: Arc<Notify>,
    running: Arc<Mutex<BTreeSet<u32>>>,
    meter: Option<Meter>,
}

impl Process {
    async fn keep_running(mut self, api: RuntimeApi) {
        loop {
            let ended = match self.command.spawn() {
                Ok(child) => self.wait(child).await,
                Err(error) => error.to_string(),
            };
            tracing::warn!(function = self.name, ended, "a bootstrap ended; starting it again");
            // Whatever it had in hand will never be answered.
            api.in_hand.lock().clear();
            tokio::time::sleep(RESTART_PAUSE).await;
        }
    }

    async fn wait(&self, mut child: Child) -> String {
        let running = || self.running.lock();
        let id = child.id();
        running().extend(id);
        if let Some(meter) = &self.meter {
            let (out, err) = (child.stdout.take(), child.stderr.take());
            tokio::spawn(count_lines(self.name.clone(), out, meter.clone()));
            tokio::spawn(count_lines(self.name.clone(), err, meter.clone()));
        }
        tokio::select! {
            _ = child.wait() => {}
            () = self.kill.notified() => drop(child.start_kill()),
        }
        let ended = child.wait().await;
        running().retain(|running| Some(*running) != id);
        match ended {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

async fn count_lines(function: String, log: Option<impl AsyncRead + Unpin>, meter: Meter) {
    let Some(log) = log else { return };
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        meter.logged(&function, &line);
    }
}

fn runtime_variables(name: &str, url: String) -> [(&'static str, String); 5] {
    [
        ("AWS_LAMBDA_RUNTIME_API", url),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
    ]
}

fn router(at: &str, api: RuntimeApi) -> Router {
    let routes = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(fail))
        .route(
            "/2018-06-01/runtime/init/error",
            post(async |body: Bytes| {
                tracing::error!(error = %String::from_utf8_lossy(&body), "a function could not start");
                StatusCode::ACCEPTED
            }),
        )
        .layer(DefaultBodyLimit::disable())
        .with_state(api);
    Router::new().nest(at, routes).layer(middleware::from_fn(of_this_machine))
}

async fn next(State(api): State<RuntimeApi>) -> Response {
    let Some(invocation) = api.waiting.lock().await.recv().await else {
        // The stack is ending, and this process with it.
        std::future::pending().await
    };
    let id = shared::random_id();
    api.in_hand.lock().insert(id.clone(), invocation.answer);
    let deadline = u128::try_from(api.clock.now_ms()).unwrap_or(0) + api.timeout.as_millis();
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:local")),
    ];
    (headers, invocation.event.to_string()).into_response()
}

async fn respond(State(api): State<RuntimeApi>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    api.answer(&id, serde_json::from_slice(&body).map_err(|error| error.to_string()))
}

async fn fail(State(api): State<RuntimeApi>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    api.answer(&id, Err(String::from_utf8_lossy(&body).into_owned()))
}

impl RuntimeApi {
    fn answer(&self, id: &str, outcome: Result<Value, String>) -> StatusCode {
        let waiting = self.in_hand.lock().remove(id);
        match waiting.map(|waiting| waiting.send(outcome)) {
            Some(_) => StatusCode::ACCEPTED,
            None => StatusCode::NOT_FOUND,
        }
    }
}
