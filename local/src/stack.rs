//! Starts everything the template describes, wired together, and ends it again.

use std::collections::BTreeMap;
use std::fs::File;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use shared::Config;
use shared::session::Token;
use shared::store::{self, Sessions};
use simulator::Simulator;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::host::Function;
use crate::ledger::Ledger;
use crate::rights::{Rights, STACK};
use crate::template::{Source, Template, Values};
use crate::{StackError, events, gateway, loopback, queues, tables};

/// Under this name the stack's own service key sends.
const SERVICE: &str = "local";

/// How long a batch in hand may still take when the stack ends.
const LAST_BATCH: Duration = Duration::from_secs(10);

/// How a stack is to be started.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The gateway's port; 0 picks a free one.
    pub port: u16,
    /// The simulator's port; 0 picks a free one.
    pub simulator_port: u16,
    /// How many users follow the simulated account.
    pub followers: u32,
    /// Where everything is kept; `None` forgets it at the end.
    pub data: Option<PathBuf>,
    /// A WeChat to use instead of the simulator.
    pub wechat: Option<String>,
    /// A catalog to use instead of the one built in.
    pub catalog: Option<PathBuf>,
    /// The service key; made up where there is none.
    pub service_key: Option<String>,
    /// A folder of built bootstraps (`<name>/bootstrap`) to run instead of the functions in this process.
    pub bootstraps: Option<PathBuf>,
    /// Variables that outdo the template's and the simulator's: `MINI_APPID`, `AWS_ENDPOINT_URL_SQS`, …
    pub environment: BTreeMap<String, String>,
}

/// A running stack; it ends when it is dropped, and keeps what it is to keep when it is stopped.
pub struct Stack {
    /// The gateway's URL.
    pub gateway: String,
    /// WeChat's URL: the simulator's, or the one that was given.
    pub wechat: String,
    /// A service key that the routes take.
    pub service_key: String,
    settings: Settings,
    functions: BTreeMap<String, Function>,
    simulator: Option<Simulator>,
    ledger: Ledger,
    /// Servers and schedules, which may end at any moment.
    tasks: JoinSet<()>,
    /// Pollers, which finish what they have in hand.
    pollers: JoinSet<()>,
    ending: CancellationToken,
    _lock: Option<File>,
}

/// Where DynamoDB and SQS answer.
struct Endpoints {
    dynamodb: String,
    sqs: String,
}

impl Stack {
    /// Starts everything; when this returns, the routes answer.
    ///
    /// # Errors
    /// [`StackError`], whose text says what to do.
    pub async fn start(settings: Settings) -> Result<Self, StackError> {
        let (listener, gateway) = loopback(settings.port).await?;
        let lock = settings.data.as_deref().map(lock).transpose()?;
        let ending = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (wechat, simulator) = start_wechat(&settings, &mut tasks).await?;

        let source = Source::built_in()?;
        let mut values = Values { parameters: parameters(&settings, &wechat), queue_urls: BTreeMap::new() };
        let plan = source.resolve(&values)?;
        let ledger = Ledger::default();
        let endpoints = start_endpoints(&settings, &plan, &ledger, &mut tasks).await?;
        values.queue_urls = furnish(&settings, &plan, &endpoints).await?;
        let template = source.resolve(&values)?;

        let mut stack = Self {
            gateway,
            wechat,
            service_key: service_key(&settings)?,
            settings,
            functions: BTreeMap::new(),
            simulator,
            ledger,
            tasks,
            pollers: JoinSet::new(),
            ending,
            _lock: lock,
        };
        let routes = stack.start_functions(&template, &endpoints, &values.queue_urls).await?;
        stack.admit_service_key(&template, &endpoints).await?;
        let app = gateway::router(routes).into_make_service_with_connect_info::<SocketAddr>();
        stack.tasks.spawn(async move { drop(axum::serve(listener, app).into_future().await) });
        Ok(stack)
    }

    /// Hands a function an event, as `aws lambda invoke` does.
    ///
    /// # Errors
    /// What the function failed with, or that there is no such function.
    pub async fn invoke(&self, name: &str, event: Value) -> Result<Value, String> {
        let function = self.functions.get(name).ok_or_else(|| format!("there is no function {name}"))?;
        function.invoke(event).await.map_err(|failed| failed.to_string())
    }

    /// The addresses and the key, for a program: the ready line.
    pub fn ready(&self) -> Value {
        json!({"gateway": self.gateway, "wechat": self.wechat, "service_key": self.service_key})
    }

    /// Ends everything and writes what the emulators would forget.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub async fn stop(mut self) -> Result<(), StackError> {
        self.ending.cancel();
        let finished = async { while self.pollers.join_next().await.is_some() {} };
        // What is not finished by then stays on its queue.
        let _ = tokio::time::timeout(LAST_BATCH, finished).await;
        self.pollers.shutdown().await;
        self.tasks.shutdown().await;
        let Some(data) = &self.settings.data else { return Ok(()) };
        self.ledger.save(&queue_file(data)).map_err(|error| StackError::new("save the queue", error))?;
        if let Some(simulator) = &self.simulator {
            simulator
                .save(&wechat_file(data))
                .map_err(|error| StackError::new("save the simulator", error))?;
        }
        Ok(())
    }

    /// Starts the functions, their schedules and subscriptions; gives their routes.
    async fn start_functions(
        &mut self,
        template: &Template,
        endpoints: &Endpoints,
        queue_urls: &BTreeMap<String, String>,
    ) -> Result<Vec<(String, String, Function)>, StackError> {
        let mut routes = Vec::new();
        for declared in &template.functions {
            let variables = variables(&self.settings, &declared.environment, &declared.name, endpoints);
            let function = Function::start(declared, variables, self.settings.bootstraps.as_ref()).await?;
            let own =
                declared.routes.iter().map(|(method, path)| (method.clone(), path.clone(), function.clone()));
            routes.extend(own);
            self.functions.insert(declared.name.clone(), function.clone());
            for (expression, input) in &declared.schedules {
                let every = events::rate(expression).ok_or_else(|| {
                    StackError(format!("The schedule {expression} of {} is not a rate(…).", declared.name))
                })?;
                if declared.name == "refresh" {
                    // As after a deployment: the first token is not worth waiting 100 minutes for.
                    first_token(&function, input.clone()).await;
                }
                self.tasks.spawn(events::schedule(function.clone(), every, input.clone()));
            }
            let client = sqs_client(&self.settings, endpoints);
            for subscription in &declared.subscriptions {
                let url = &queue_urls[&subscription.queue];
                for _ in 0..subscription.concurrency {
                    let (function, subscription) = (function.clone(), subscription.clone());
                    let ending = self.ending.clone();
                    let poller =
                        events::subscribe(function, subscription, client.clone(), url.clone(), ending);
                    self.pollers.spawn(poller);
                }
            }
        }
        Ok(routes)
    }

    async fn admit_service_key(&self, template: &Template, endpoints: &Endpoints) -> Result<(), StackError> {
        let any =
            template.functions.first().map(|function| &function.environment).cloned().unwrap_or_default();
        let variables = variables(&self.settings, &any, STACK, endpoints);
        let config = Config::read(&|name| variables.get(name).cloned());
        let config = config.map_err(|error| StackError::new("configure the stack", error))?;
        let sessions = Sessions::new(&config, store::client(&config));
        let admitted = sessions.admit_service(&Token::from_text(&self.service_key), SERVICE).await;
        admitted.map_err(|error| StackError::new("write the service key", error))
    }
}

async fn start_wechat(
    settings: &Settings,
    tasks: &mut JoinSet<()>,
) -> Result<(String, Option<Simulator>), StackError> {
    if let Some(wechat) = &settings.wechat {
        return Ok((wechat.trim_end_matches('/').to_owned(), None));
    }
    let (listener, url) = loopback(settings.simulator_port).await?;
    let own = simulator::Settings { followers: settings.followers, ..simulator::Settings::default() };
    let simulator = match &settings.data {
        Some(data) => Simulator::restore(own, &wechat_file(data))
            .map_err(|error| StackError::new("read the saved simulator", error))?,
        None => Simulator::new(own),
    };
    let serving = simulator.clone();
    tasks.spawn(async move {
        if let Err(error) = serving.serve(listener, std::future::pending()).await {
            tracing::error!(%error, "the simulator is gone");
        }
    });
    Ok((url, Some(simulator)))
}

/// The template's parameters: what the environment says, else the simulator's accounts.
fn parameters(settings: &Settings, wechat: &str) -> BTreeMap<String, String> {
    let set = |name: &str| settings.environment.get(name).filter(|value| !value.is_empty()).cloned();
    let or = |name: &str, simulated: &str| set(name).unwrap_or_else(|| simulated.to_owned());
    let mut parameters = BTreeMap::from([
        ("WechatApiBase".to_owned(), wechat.to_owned()),
        ("MiniAppid".to_owned(), or("MINI_APPID", simulator::MINI_APPID)),
        ("MiniSecret".to_owned(), or("MINI_SECRET", simulator::MINI_SECRET)),
        ("OaAppid".to_owned(), or("OA_APPID", simulator::OA_APPID)),
        ("OaSecret".to_owned(), or("OA_SECRET", simulator::OA_SECRET)),
    ]);
    parameters.extend(set("TOKEN_MODE").map(|mode| ("TokenMode".to_owned(), mode)));
    parameters
}

async fn start_endpoints(
    settings: &Settings,
    plan: &Template,
    ledger: &Ledger,
    tasks: &mut JoinSet<()>,
) -> Result<Endpoints, StackError> {
    let rights = Rights::of(plan);
    let given = |name: &str| settings.environment.get(name).filter(|url| !url.is_empty()).cloned();
    let dynamodb = match given("AWS_ENDPOINT_URL_DYNAMODB") {
        Some(url) => url,
        None => {
            let file = settings.data.as_deref().map(|data| data.join("tables.sqlite"));
            tables::serve(file.as_deref(), rights.clone(), tasks).await?
        }
    };
    let sqs = match given("AWS_ENDPOINT_URL_SQS") {
        Some(url) => url,
        None => queues::serve(rights, ledger.clone(), tasks).await?,
    };
    Ok(Endpoints { dynamodb, sqs })
}

/// Creates the tables and queues that are missing; gives the queues' URLs.
async fn furnish(
    settings: &Settings,
    plan: &Template,
    endpoints: &Endpoints,
) -> Result<BTreeMap<String, String>, StackError> {
    tables::create(&dynamodb_client(settings, endpoints), &plan.tables).await?;
    let sqs = sqs_client(settings, endpoints);
    let urls = queues::create(&sqs, &plan.queues).await?;
    queues::configure(&sqs, &plan.queues, &urls).await?;
    if let Some(data) = &settings.data {
        Ledger::restore(&queue_file(data), &sqs).await?;
    }
    Ok(urls)
}

/// A function's environment: the template's variables and what Lambda adds.
fn variables(
    settings: &Settings,
    declared: &BTreeMap<String, String>,
    access_key: &str,
    endpoints: &Endpoints,
) -> BTreeMap<String, String> {
    let mut variables = declared.clone();
    let catalog = settings.catalog.as_ref().map(|file| ("CATALOG_FILE", file.display().to_string()));
    let log_level = settings.environment.get("LOG_LEVEL").map(|level| ("LOG_LEVEL", level.clone()));
    let added = [
        ("AWS_REGION", region(settings)),
        ("AWS_ACCESS_KEY_ID", access_key.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoints.dynamodb.clone()),
        ("AWS_ENDPOINT_URL_SQS", endpoints.sqs.clone()),
    ];
    variables.extend(
        added.into_iter().chain(catalog).chain(log_level).map(|(name, value)| (name.to_owned(), value)),
    );
    variables
}

fn region(settings: &Settings) -> String {
    settings.environment.get("AWS_REGION").cloned().unwrap_or_else(|| "us-east-1".to_owned())
}

fn credentials() -> aws_sdk_dynamodb::config::Credentials {
    aws_sdk_dynamodb::config::Credentials::new(STACK, "local", None, None, "local")
}

fn dynamodb_client(settings: &Settings, endpoints: &Endpoints) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_dynamodb::config::Region::new(region(settings)))
        .credentials_provider(credentials())
        .endpoint_url(&endpoints.dynamodb);
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

fn sqs_client(settings: &Settings, endpoints: &Endpoints) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_sqs::config::Region::new(region(settings)))
        .credentials_provider(credentials())
        .endpoint_url(&endpoints.sqs);
    aws_sdk_sqs::Client::from_conf(config.build())
}

async fn first_token(refresh: &Function, input: Value) {
    let tried = tokio::time::timeout(Duration::from_secs(20), refresh.invoke(input)).await;
    match tried {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(%error, "there is no access token yet"),
        Err(_) => tracing::error!("there is no access token yet: WeChat does not answer"),
    }
}

/// The key that was given, the one this folder has, or a new one.
fn service_key(settings: &Settings) -> Result<String, StackError> {
    if let Some(key) = &settings.service_key {
        return Ok(key.clone());
    }
    let Some(data) = &settings.data else { return Ok(Token::random().into_text()) };
    let file = data.join("service_key");
    if let Ok(key) = std::fs::read_to_string(&file) {
        return Ok(key);
    }
    let key = Token::random().into_text();
    std::fs::write(&file, &key).map_err(|error| StackError::new("save the service key", error))?;
    Ok(key)
}

/// Creates the folder and takes it for this process alone.
fn lock(data: &Path) -> Result<File, StackError> {
    let folder = data.display();
    std::fs::create_dir_all(data).map_err(|error| StackError::new(&format!("create {folder}"), error))?;
    let file = File::create(data.join("lock"));
    let file = file.map_err(|error| StackError::new(&format!("write into {folder}"), error))?;
    file.try_lock().map_err(|_| {
        StackError(format!(
            "Another `cargo run` is using {folder}. End that one, or start this one with --ephemeral or another --data."
        ))
    })?;
    Ok(file)
}

fn queue_file(data: &Path) -> PathBuf {
    data.join("queue.json")
}

fn wechat_file(data: &Path) -> PathBuf {
    data.join("wechat.json")
}
