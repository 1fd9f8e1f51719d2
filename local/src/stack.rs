//! Starts everything the template describes, wired together, and ends it again.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use clock::Clock;
use contract::Scope;
use serde_json::{Value, json};
use shared::Config;
use shared::session::Token;
use shared::store::{self, KeyRow, Keys};
use simulator::Simulator;
use strum::IntoEnumIterator;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::access_keys::STACK;
use crate::aws::Aws;
use crate::bootstrap::Program;
use crate::data::DataFolder;
use crate::host::Function;
use crate::policies::IamPolicies;
use crate::sqs::Sqs;
use crate::template::{Source, Subscription, Template, Values};
use crate::triggers::PolledQueue;
use crate::{Load, RunFile, Settings, StackError, Usage, Written, gateway, loopback, triggers, wechat};

/// Under this name the stack's own service key sends.
const SERVICE: &str = "local";

/// What the operator's program is told, beside how AWS is reached.
const OF_AN_OPERATOR: [&str; 7] =
    ["KEYS_TABLE", "STATE_TABLE", "IDENTITIES_TABLE", "MINI_APPID", "OA_APPID", "CATALOG_FILE", "CLOCK_FILE"];

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
    policies: IamPolicies,
    queue_urls: BTreeMap<String, String>,
    /// The template's variables of all functions together.
    variables: BTreeMap<String, String>,
    functions: BTreeMap<String, Function>,
    networked: Vec<String>,
    simulator: Option<Simulator>,
    clock: Clock,
    /// Where the clock is kept, if it is for this run alone.
    _temporary: Option<TempDir>,
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
        let (clock, temporary) = start_clock(&settings, data.as_ref())
            .map_err(|error| StackError::new("keep the clock", error))?;
        let mut tasks = JoinSet::new();
        let (wechat, simulator) =
            wechat::start(&settings, data.as_ref(), &gateway, &clock, &mut tasks).await?;

        let source = Source::built_in()?;
        let mut values = Values { parameters: settings.parameters(&wechat), queue_urls: BTreeMap::new() };
        let template = source.resolve(&values)?;
        let policies = IamPolicies::of(&template);
        let aws = Aws::start(&settings, data.as_ref(), policies.clone(), &clock, &mut tasks).await?;
        values.queue_urls = aws.provision(&template).await?;
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
            policies,
            queue_urls: values.queue_urls,
            variables: template.functions.iter().flat_map(|one| one.environment.clone()).collect(),
            functions: BTreeMap::new(),
            networked: networked(&template),
            simulator,
            clock,
            _temporary: temporary,
            tasks,
            pollers: JoinSet::new(),
            ending: CancellationToken::new(),
            data,
        };
        let routes = stack.start_functions(&template).await?;
        stack.put_service_key().await?;
        let app = gateway::router(routes, &stack.clock).into_make_service_with_connect_info::<SocketAddr>();
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
        let send = self.aws.sqs_client.send_message().queue_url(self.queue_url(queue)?).message_body(body);
        send.send().await.map_err(|error| StackError::new("put a message on the queue", error))?;
        Ok(())
    }

    /// How many messages a queue holds: waiting, held back and in hand.
    ///
    /// # Errors
    /// When there is no such queue or it does not say.
    pub async fn queued(&self, queue: &str) -> Result<usize, StackError> {
        let ask = self.aws.sqs_client.get_queue_attributes().queue_url(self.queue_url(queue)?);
        let answer = ask.attribute_names(QueueAttributeName::All).send().await;
        let answer = answer.map_err(|error| StackError::new("ask a queue for its length", error))?;
        let attributes = answer.attributes.unwrap_or_default();
        let counts =
            attributes.iter().filter(|(name, _)| name.as_str().starts_with("ApproximateNumberOfMessages"));
        Ok(counts.filter_map(|(_, count)| count.parse::<usize>().ok()).sum())
    }

    /// Moves what is among the dead letters back to where it came from, as `aws sqs start-message-move-task` does.
    ///
    /// # Errors
    /// When there is no such queue or it has no dead letters of another.
    pub async fn redrive(&self, dead_letters: &str) -> Result<(), StackError> {
        let sqs = &self.aws.sqs_client;
        let ask = sqs.get_queue_attributes().queue_url(self.queue_url(dead_letters)?);
        let answer = ask.attribute_names(QueueAttributeName::QueueArn).send().await;
        let answer = answer.map_err(|error| StackError::new("ask a queue for its ARN", error))?;
        let arn =
            answer.attributes.and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn));
        let moved = sqs.start_message_move_task().set_source_arn(arn).send().await;
        moved.map_err(|error| StackError::new("move the dead letters back", error))?;
        Ok(())
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

    /// The rights on tables and queues that no function has made use of so far: who may do what on which resource.
    pub fn unused_rights(&self) -> Vec<String> {
        let is_here = |right: &String| !right.contains("secretsmanager:");
        self.policies.unused().into_iter().filter(is_here).collect()
    }

    /// Has every call of the functions to tables and queues be answered by a 500 and not be carried out, until it
    /// is over.
    pub fn set_outage(&self, is_out: bool) {
        self.aws.outage.store(is_out, Ordering::Relaxed);
    }

    /// The ids of the processes of a function that runs as a program.
    pub fn processes(&self, name: &str) -> Vec<u32> {
        self.functions.get(name).map(Function::processes).unwrap_or_default()
    }

    /// What a function took from a table so far, if the settings have it metered.
    pub fn usage(&self, function: &str, table: &str) -> Usage {
        self.aws.meter.usage(function, table)
    }

    /// What was written to tables and queues since this was asked last, if the settings have it recorded.
    pub fn take_written(&self) -> Vec<Written> {
        self.aws.recorder.take()
    }

    /// What a function took so far of all that is billed by count, if the settings have it metered.
    pub fn load(&self, function: &str) -> Load {
        self.aws.meter.load(function)
    }

    /// The functions that would be in a network of the stack's own, and leave it by its address.
    pub fn networked(&self) -> &[String] {
        &self.networked
    }

    /// The sum of a counter in a function's log so far, where it runs as a program and the settings have it metered.
    pub fn metric(&self, function: &str, name: &str) -> f64 {
        self.aws.meter.metric(function, name)
    }

    /// The addresses and the key, for a program: the ready line.
    pub fn ready(&self) -> Value {
        json!({"gateway": self.gateway, "wechat": self.wechat, "service_key": self.service_key})
    }

    /// The simulated WeChat, where it is one.
    pub fn simulator(&self) -> Option<Simulator> {
        self.simulator.clone()
    }

    fn run_file(&self) -> RunFile {
        let operator = self.operator();
        let is_needed = |name: &str| OF_AN_OPERATOR.contains(&name) || name.starts_with("AWS_");
        RunFile {
            gateway: self.gateway.clone(),
            service_key: self.service_key.clone(),
            operator: operator.into_iter().filter(|(name, _)| is_needed(name)).collect(),
        }
    }

    /// What a function would be told that may do everything: for a look behind the routes.
    pub fn config(&self) -> Config {
        Config::of(self.operator()).with_clock(self.clock.clone())
    }

    /// The same, of one that may do no more than this function.
    pub fn config_of(&self, function: &str) -> Config {
        Config::of(self.variables_of(function, &self.variables)).with_clock(self.clock.clone())
    }

    fn operator(&self) -> BTreeMap<String, String> {
        self.variables_of(STACK, &self.variables)
    }

    /// Variables, and what Lambda adds for whoever has this name.
    fn variables_of(&self, name: &str, declared: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let access_key = self.aws.keys.of(name);
        let mut variables = self.settings.variables(declared, access_key, &self.aws.endpoints);
        let file = self.clock.file().map(|file| file.display().to_string());
        variables.extend(file.map(|file| ("CLOCK_FILE".to_owned(), file)));
        variables
    }

    /// What time it is here: for functions, queues and the simulated WeChat.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether no message and no callback waits for anything but the clock. Who works on one already, has
    /// said so to the clock: see [`Clock::idle_generation`].
    pub fn is_idle(&self) -> bool {
        self.aws.sqs.as_ref().is_none_or(Sqs::is_idle)
            && self.simulator.as_ref().is_none_or(Simulator::is_idle)
    }

    /// Ends everything and writes what the simulator would forget.
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
            let mut variables = self.variables_of(&declared.name, &declared.environment);
            if self.settings.without_proxy.contains(&declared.name) {
                variables.insert("EGRESS_PROXY".to_owned(), "none".to_owned());
            }
            let meter = self.settings.meters.then(|| self.aws.meter.clone());
            let path = self.settings.program(&declared.name);
            let is_single = self.settings.single_processes;
            let program = path.map(|path| Program { path, meter: meter.clone(), is_single });
            let function = Function::start(declared, variables, program, &self.clock).await?.metered(meter);
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
                if self.settings.schedules {
                    let clock = self.clock.clone();
                    self.tasks.spawn(triggers::schedule(function.clone(), every, input.clone(), clock));
                }
            }
            for subscription in &declared.subscriptions {
                let window_seconds = if self.settings.windows { subscription.window_seconds } else { 0 };
                let subscription = Subscription { window_seconds, ..subscription.clone() };
                let url = self.queue_urls[&subscription.queue].clone();
                let queue = PolledQueue::open(self.aws.sqs_client_of(&declared.name), url).await;
                let queue = queue.map_err(|error| {
                    StackError::new(&format!("have {} take from its queue", declared.name), error)
                })?;
                for _ in 0..subscription.concurrency {
                    let (function, subscription) = (function.clone(), subscription.clone());
                    let (queue, ending) = (queue.clone(), self.ending.clone());
                    self.pollers.spawn(triggers::subscribe(function, subscription, queue, ending));
                }
            }
        }
        Ok(routes)
    }

    async fn put_service_key(&self) -> Result<(), StackError> {
        let id = Token::from_text(&self.service_key).id();
        let scopes = Scope::iter().collect();
        let row =
            KeyRow { id, name: SERVICE.to_owned(), scopes, created_at: self.clock.now(), ends_at: None };
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

fn networked(template: &Template) -> Vec<String> {
    let functions = template.functions.iter().filter(|function| function.has_network);
    functions.map(|function| function.name.clone()).collect()
}

/// A clock that is kept in the data folder, where the next run finds it; where there is none and functions
/// have processes of their own, which follow it, in a folder for this run alone.
fn start_clock(settings: &Settings, data: Option<&DataFolder>) -> io::Result<(Clock, Option<TempDir>)> {
    if let Some(clock) = &settings.clock {
        return Ok((clock.clone(), None));
    }
    if let Some(data) = data {
        return Ok((Clock::kept_in(&data.clock())?, None));
    }
    let temporary = settings.has_programs().then(tempfile::tempdir).transpose()?;
    let file = temporary.as_ref().map(|folder| folder.path().join("clock"));
    Ok((file.map_or_else(|| Ok(Clock::movable()), |file| Clock::kept_in(&file))?, temporary))
}

async fn first_token(refresh: &Function, input: Value) {
    let tried = tokio::time::timeout(Duration::from_secs(20), refresh.invoke(input)).await;
    match tried {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(%error, "there is no access token yet"),
        Err(_) => tracing::error!("there is no access token yet: WeChat does not answer"),
    }
}
