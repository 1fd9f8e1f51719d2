//! Starts everything the template describes, wired together, and ends it again.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use contract::Scope;
use serde_json::{Value, json};
use shared::Config;
use shared::session::Token;
use shared::store::{self, KeyRow, Keys};
use simulator::Simulator;
use strum::IntoEnumIterator;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::aws::Aws;
use crate::data::DataFolder;
use crate::host::Function;
use crate::ledger::Ledger;
use crate::rights::{Rights, STACK};
use crate::template::{Source, Template, Values};
use crate::{RunFile, Settings, StackError, Usage, gateway, loopback, triggers};

/// Under this name the stack's own service key sends.
const SERVICE: &str = "local";

/// How long a batch in hand may still take when the stack ends.
const LAST_BATCH: Duration = Duration::from_secs(10);

/// A running stack; it ends when it is dropped, and keeps what it is to keep when it is stopped.
pub struct Stack {
    /// The gateway's URL.
    pub gateway: String,
    /// WeChat's URL: the simulator's, or the one that was given.
    pub wechat: String,
    /// A service key that the routes take.
    pub service_key: String,
    settings: Settings,
    aws: Aws,
    queue_urls: BTreeMap<String, String>,
    /// The template's variables of all functions together.
    variables: BTreeMap<String, String>,
    functions: BTreeMap<String, Function>,
    simulator: Option<Simulator>,
    ledger: Ledger,
    /// Servers and schedules, which may end at any moment.
    tasks: JoinSet<()>,
    /// Pollers, which finish what they have in hand.
    pollers: JoinSet<()>,
    ending: CancellationToken,
    data: Option<DataFolder>,
}

impl Stack {
    /// Starts everything; when this returns, the routes answer.
    ///
    /// # Errors
    /// [`StackError`], whose text says what to do.
    pub async fn start(settings: Settings) -> Result<Self, StackError> {
        let (listener, gateway) = loopback(settings.port).await?;
        let data = settings.data.as_deref().map(DataFolder::take).transpose()?;
        let mut tasks = JoinSet::new();
        let (wechat, simulator) = start_wechat(&settings, data.as_ref(), &gateway, &mut tasks).await?;

        let source = Source::built_in()?;
        let mut values = Values { parameters: settings.parameters(&wechat), queue_urls: BTreeMap::new() };
        let plan = source.resolve(&values)?;
        let ledger = Ledger::default();
        let aws = Aws::start(&settings, data.as_ref(), Rights::of(&plan), &ledger, &mut tasks).await?;
        values.queue_urls = aws.furnish(&plan, settings.time_scale.unwrap_or(1.0)).await?;
        if let Some(data) = &data {
            Ledger::restore(&data.queue(), &aws.sqs).await?;
        }
        let template = source.resolve(&values)?;

        let service_key = match (&settings.service_key, &data) {
            (Some(key), _) => key.clone(),
            (None, Some(data)) => data.service_key()?,
            (None, None) => Token::random_key().into_text(),
        };
        let mut stack = Self {
            gateway,
            wechat,
            service_key,
            settings,
            aws,
            queue_urls: values.queue_urls,
            variables: template.functions.iter().flat_map(|one| one.environment.clone()).collect(),
            functions: BTreeMap::new(),
            simulator,
            ledger,
            tasks,
            pollers: JoinSet::new(),
            ending: CancellationToken::new(),
            data,
        };
        let routes = stack.start_functions(&template).await?;
        stack.put_service_key().await?;
        let app = gateway::router(routes).into_make_service_with_connect_info::<SocketAddr>();
        stack.tasks.spawn(async move { drop(axum::serve(listener, app).into_future().await) });
        if let Some(data) = &stack.data {
            stack.run_file().write(data.path())?;
        }
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

    /// Puts a message on a queue, as `aws sqs send-message` does.
    ///
    /// # Errors
    /// When there is no such queue or it does not take the message.
    pub async fn enqueue(&self, queue: &str, body: &str) -> Result<(), StackError> {
        let send = self.aws.sqs.send_message().queue_url(self.queue_url(queue)?).message_body(body);
        send.send().await.map_err(|error| StackError::new("put a message on the queue", error))?;
        Ok(())
    }

    /// How many messages a queue holds: waiting, held back and in hand.
    ///
    /// # Errors
    /// When there is no such queue or it does not say.
    pub async fn queued(&self, queue: &str) -> Result<usize, StackError> {
        let ask = self.aws.sqs.get_queue_attributes().queue_url(self.queue_url(queue)?);
        let answer = ask.attribute_names(QueueAttributeName::All).send().await;
        let answer = answer.map_err(|error| StackError::new("ask a queue for its length", error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let counts =
            attributes.iter().filter(|(name, _)| name.as_str().starts_with("ApproximateNumberOfMessages"));
        Ok(counts.filter_map(|(_, count)| count.parse::<usize>().ok()).sum())
    }

    fn queue_url(&self, queue: &str) -> Result<&str, StackError> {
        let url = self.queue_urls.get(queue).map(String::as_str);
        url.ok_or_else(|| StackError(format!("There is no queue {queue}.")))
    }

    /// Kills the processes of a function that runs as a program (SIGKILL); they are started again.
    pub fn kill(&self, name: &str) {
        if let Some(function) = self.functions.get(name) {
            function.kill();
        }
    }

    /// The ids of the processes of a function that runs as a program.
    pub fn processes(&self, name: &str) -> Vec<u32> {
        self.functions.get(name).map(Function::processes).unwrap_or_default()
    }

    /// What a function took from a table so far, if the settings have it metered.
    pub fn usage(&self, function: &str, table: &str) -> Usage {
        self.aws.meter.usage(function, table)
    }

    /// The addresses and the key, for a program: the ready line.
    pub fn ready(&self) -> Value {
        json!({"gateway": self.gateway, "wechat": self.wechat, "service_key": self.service_key})
    }

    fn run_file(&self) -> RunFile {
        let operator = self.settings.variables(&self.variables, STACK, &self.aws.endpoints);
        let is_needed = |name: &str| name == "KEYS_TABLE" || name.starts_with("AWS_");
        RunFile {
            gateway: self.gateway.clone(),
            service_key: self.service_key.clone(),
            operator: operator.into_iter().filter(|(name, _)| is_needed(name)).collect(),
        }
    }

    /// What a function would be told that may do everything: for a look behind the routes.
    pub fn config(&self) -> Config {
        Config::of(self.settings.variables(&self.variables, STACK, &self.aws.endpoints))
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
        let Some(data) = &self.data else { return Ok(()) };
        RunFile::remove(data.path());
        self.ledger.save(&data.queue()).map_err(|error| StackError::new("save the queue", error))?;
        if let Some(simulator) = &self.simulator {
            simulator.save(&data.wechat()).map_err(|error| StackError::new("save the simulator", error))?;
        }
        Ok(())
    }

    /// Starts the functions, their schedules and subscriptions; gives their routes.
    async fn start_functions(
        &mut self,
        template: &Template,
    ) -> Result<Vec<(String, String, Function)>, StackError> {
        let mut routes = Vec::new();
        for declared in &template.functions {
            let variables =
                self.settings.variables(&declared.environment, &declared.name, &self.aws.endpoints);
            let function =
                Function::start(declared, variables, self.settings.program(&declared.name)).await?;
            let own =
                declared.routes.iter().map(|(method, path)| (method.clone(), path.clone(), function.clone()));
            routes.extend(own);
            self.functions.insert(declared.name.clone(), function.clone());
            for (expression, input) in &declared.schedules {
                let every = triggers::rate(expression).ok_or_else(|| {
                    StackError(format!("The schedule {expression} of {} is not a rate(…).", declared.name))
                })?;
                if declared.name == "refresh" {
                    // As after a deployment: the first token is not worth waiting 100 minutes for.
                    first_token(&function, input.clone()).await;
                }
                self.tasks.spawn(triggers::schedule(function.clone(), every, input.clone()));
            }
            for subscription in &declared.subscriptions {
                let url = &self.queue_urls[&subscription.queue];
                for _ in 0..subscription.concurrency {
                    let (function, subscription) = (function.clone(), subscription.clone());
                    let ending = self.ending.clone();
                    let poller = triggers::subscribe(
                        function,
                        subscription,
                        self.aws.sqs.clone(),
                        url.clone(),
                        ending,
                    );
                    self.pollers.spawn(poller);
                }
            }
        }
        Ok(routes)
    }

    async fn put_service_key(&self) -> Result<(), StackError> {
        let id = Token::from_text(&self.service_key).id();
        let scopes = Scope::iter().collect();
        let row = KeyRow { id, name: SERVICE.to_owned(), scopes, created_at: shared::now(), ends_at: None };
        let put = async {
            let config = self.config();
            let keys = Keys::new(&config, store::client(&config)?)?;
            // Of an earlier run, with another --service-key.
            for old in keys.all().await?.iter().filter(|key| key.name == SERVICE && key.id != row.id) {
                keys.revoke(&old.id).await?;
            }
            Ok::<_, shared::lambda::Error>(keys.put(&row).await?)
        };
        put.await.map_err(|error| StackError::new("write the service key", error))
    }
}

async fn start_wechat(
    settings: &Settings,
    data: Option<&DataFolder>,
    gateway: &str,
    tasks: &mut JoinSet<()>,
) -> Result<(String, Option<Simulator>), StackError> {
    if let Some(wechat) = &settings.wechat {
        return Ok((wechat.trim_end_matches('/').to_owned(), None));
    }
    let (listener, url) = loopback(settings.simulator_port).await?;
    let callback = settings.callbacks.then(|| simulator::Callback::to(format!("{gateway}/events")));
    let own =
        simulator::Settings { followers: settings.followers, callback, ..simulator::Settings::default() };
    let simulator = match data {
        Some(data) => Simulator::restore(own, &data.wechat())
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

async fn first_token(refresh: &Function, input: Value) {
    let tried = tokio::time::timeout(Duration::from_secs(20), refresh.invoke(input)).await;
    match tried {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(%error, "there is no access token yet"),
        Err(_) => tracing::error!("there is no access token yet: WeChat does not answer"),
    }
}
