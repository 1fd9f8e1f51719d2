//! Which Queqiao a verb is about: the local one, one at an address, or a deployed stack.

use std::path::PathBuf;

use aws_sdk_dynamodb::Client;
use local::{RunFile, StackError};
use shared::store::{self, Identities, Keys, State, TemplateLists};
use shared::{Account, Config, queue};

use crate::Failure;
use crate::api::Api;
use crate::lang::{self, say};

/// Something that a stack is asked for: as a function is told it, and the output or parameter of a deployed stack.
type Named = (&'static str, &'static str);

const KEYS: [Named; 1] = [("KEYS_TABLE", "KeysTableName")];
const STATE: [Named; 1] = [("STATE_TABLE", "StateTableName")];
const TEMPLATES: [Named; 3] =
    [("STATE_TABLE", "StateTableName"), ("MINI_APPID", "MiniAppid"), ("OA_APPID", "OaAppid")];
const IDENTITIES: [Named; 3] =
    [("IDENTITIES_TABLE", "IdentitiesTableName"), ("MINI_APPID", "MiniAppid"), ("OA_APPID", "OaAppid")];

/// What is told in Chinese of a local stack that is not there, before the English that says more.
const NOT_RUNNING: &str =
    "没有正在运行的本地环境：用 `queqiao local` 启动，用 --data 写明它的目录，或用 --stack 写明 AWS 上的堆栈";

/// The same, where a gateway may be named instead.
const NOT_RUNNING_HERE: &str =
    "没有正在运行的本地环境：用 `queqiao local` 启动，用 --data 写明它的目录，或用 --gateway 写明别的地址";

/// What is added in English there.
const OR_ELSEWHERE: &str =
    "Another's address may be named with --gateway; an --ephemeral one is found by it alone.";

/// A stack's queues, and a client that may do everything with them.
pub struct Queues {
    /// The client.
    pub client: aws_sdk_sqs::Client,
    /// Each queue's name in the template, and its URL.
    pub urls: Vec<(String, String)>,
}

/// Where a stack's tables are; left out, those of the local stack that is running here.
#[derive(clap::Args)]
pub struct Place {
    /// A deployed stack, by its CloudFormation name
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    stack: Option<String>,
    /// The folder of the local stack (its --data) [default: .local]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Whose routes are called; left out, those of the local stack that is running here. QUEQIAO_GATEWAY stands for
/// --gateway where neither --stack nor --data is given.
#[derive(clap::Args)]
pub struct Target {
    #[command(flatten)]
    place: Place,
    /// A gateway's URL; where neither --stack nor --data is given, QUEQIAO_GATEWAY stands for it
    #[arg(long, value_name = "URL", conflicts_with_all = ["stack", "data"])]
    gateway: Option<String>,
    /// The service key to call with; better set QUEQIAO_KEY than name it on a command line. A local stack's own
    /// is found
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Place {
    /// The options that name it, each behind a space, for a command that is suggested; empty where none was given.
    pub fn as_named(&self) -> String {
        let data = self.data.as_ref().map(|data| data.display().to_string());
        let options = [("stack", self.stack.as_deref()), ("data", data.as_deref())];
        options.into_iter().filter_map(|(name, value)| Some(option(name, value?))).collect()
    }

    /// The table of service keys there.
    pub async fn keys(self) -> Result<Keys, Failure> {
        let (config, client) = self.open(&KEYS).await?;
        Ok(Keys::new(&config, client)?)
    }

    /// The table that has the catalog there.
    ///
    /// # Errors
    /// Also for a local stack that goes by a file instead.
    pub async fn catalog(self) -> Result<State, Failure> {
        let (config, client) = self.open(&STATE).await?;
        pushed_to(&config)?;
        Ok(State::new(&config, client)?)
    }

    /// The same table, and what is known of the accounts' templates.
    ///
    /// # Errors
    /// Also for a local stack that goes by a file instead.
    pub async fn catalog_and_templates(self) -> Result<(State, TemplateLists), Failure> {
        let (config, client) = self.open(&TEMPLATES).await?;
        pushed_to(&config)?;
        let state = State::new(&config, client)?;
        let listed = listed(&state, &config).await?;
        Ok((state, listed))
    }

    /// What is known of the accounts' templates there.
    pub async fn templates(self) -> Result<TemplateLists, Failure> {
        let (config, client) = self.open(&TEMPLATES).await?;
        listed(&State::new(&config, client)?, &config).await
    }

    /// Whether a place was named at all.
    pub fn is_named(&self) -> bool {
        self.stack.is_some() || self.data.is_some()
    }

    /// The queues there.
    pub async fn queues(self) -> Result<Queues, Failure> {
        if let Some(stack) = &self.stack {
            let (client, urls) = deployed_queues(stack).await?;
            return Ok(Queues { client, urls });
        }
        let client = queue::client(&Config::of(self.running()?.operator))?;
        let listed = client.list_queues().send().await?;
        let name = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
        let urls = listed.queue_urls().iter().map(|url| (name(url), url.clone())).collect();
        Ok(Queues { client, urls })
    }

    /// The map there.
    pub async fn identities(self) -> Result<Identities, Failure> {
        let (config, client) = self.open(&IDENTITIES).await?;
        Ok(Identities::new(&config, client)?)
    }

    async fn open(self, named: &[Named]) -> Result<(Config, Client), Failure> {
        if let Some(stack) = self.stack {
            return deployed_tables(&stack, named).await;
        }
        let config = Config::of(self.running()?.operator);
        let client = store::client(&config)?;
        Ok((config, client))
    }

    fn running(self) -> Result<RunFile, Failure> {
        self.run_file().map_err(|error| lang::about(NOT_RUNNING, &error).into())
    }

    fn run_file(self) -> Result<RunFile, StackError> {
        RunFile::read(&self.data.unwrap_or_else(|| ".local".into()))
    }
}

/// An option behind a space, as a shell takes it.
fn option(name: &str, value: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@%+,=".contains(c);
    match !value.is_empty() && value.chars().all(is_plain) {
        true => format!(" --{name} {value}"),
        false => format!(" --{name} '{}'", value.replace('\'', r"'\''")),
    }
}

/// Refuses a local stack that goes by a file.
fn pushed_to(config: &Config) -> Result<(), Failure> {
    let Some(file) = config.catalog_file() else { return Ok(()) };
    Err(say!(
        "This local stack was started with --catalog {} and goes by that file alone: change the file and start it again, or start it without.",
        "这个本地环境用 --catalog {} 启动，只看这个文件：改文件后重新启动，或不带这个参数启动。",
        file.display()
    )
    .into())
}

async fn listed(state: &State, config: &Config) -> Result<TemplateLists, Failure> {
    let (oa, mini) = (config.appid(Account::Oa)?, config.appid(Account::Mini)?);
    Ok(state.template_lists(&oa, &mini).await?)
}

impl Target {
    /// The deployed stack that was named.
    pub fn stack(&self) -> Option<&str> {
        self.place.stack.as_deref()
    }

    /// The options that name it, each behind a space, for a command that is suggested; empty where none was given.
    pub fn as_named(&self) -> String {
        let gateway = self.gateway.as_deref().map(|gateway| option("gateway", gateway));
        gateway.unwrap_or_else(|| self.place.as_named())
    }

    /// The routes, called with a service key.
    pub async fn api(self) -> Result<Api, Failure> {
        let Self { place, gateway, key } = self;
        let there = place.as_named();
        let own_key = || {
            let key = key.clone().or_else(|| variable("QUEQIAO_KEY"));
            key.ok_or_else(|| {
                say!(
                    "Set QUEQIAO_KEY to a service key; `queqiao keys create NAME{there}` makes one.",
                    "请把 QUEQIAO_KEY 设为一个 service key；用 `queqiao keys create NAME{there}` 创建。"
                )
            })
        };
        if let Some(stack) = &place.stack {
            return Api::new(&deployed_gateway(stack).await?, &own_key()?);
        }
        let exported = || variable("QUEQIAO_GATEWAY").filter(|_| place.data.is_none());
        if let Some(gateway) = gateway.or_else(exported) {
            return Api::new(&gateway, &own_key()?);
        }
        // A key that was exported for a deployed stack is nothing to the local one.
        let run = place.run_file().map_err(|error| {
            let error = format!("{error} {}", OR_ELSEWHERE);
            lang::about(NOT_RUNNING_HERE, &error)
        })?;
        Api::new(&run.gateway, &key.unwrap_or(run.service_key))
    }
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(feature = "aws")]
use crate::deployed::{gateway as deployed_gateway, queues as deployed_queues, tables as deployed_tables};

#[cfg(not(feature = "aws"))]
fn without_aws() -> Failure {
    lang::pick(
        "This program was built without AWS; build one that has it with `cargo install --path cli --features aws`.",
        "这个程序编译时没有带 AWS；用 `cargo install --path cli --features aws` 编译带 AWS 的。",
    )
    .into()
}

#[cfg(not(feature = "aws"))]
async fn deployed_gateway(_stack: &str) -> Result<String, Failure> {
    let instead = lang::pick("Or name the gateway with --gateway.", "也可以用 --gateway 写明网关。");
    Err(format!("{}{}{instead}", without_aws(), lang::pick(" ", "")).into())
}

#[cfg(not(feature = "aws"))]
async fn deployed_queues(_stack: &str) -> Result<(aws_sdk_sqs::Client, Vec<(String, String)>), Failure> {
    Err(without_aws())
}

#[cfg(not(feature = "aws"))]
async fn deployed_tables(_stack: &str, _named: &[Named]) -> Result<(Config, Client), Failure> {
    Err(without_aws())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_suggested_names_the_stack_that_was_named() {
        let place = |stack: Option<&str>, data: Option<&str>| Place {
            stack: stack.map(str::to_owned),
            data: data.map(PathBuf::from),
        };
        let target = |place, gateway: Option<&str>| Target {
            place,
            gateway: gateway.map(str::to_owned),
            key: Some("secret".to_owned()),
        };
        assert_eq!(place(None, None).as_named(), "");
        assert_eq!(place(Some("prod"), None).as_named(), " --stack prod");
        assert_eq!(place(None, Some("/tmp/my stack's")).as_named(), r" --data '/tmp/my stack'\''s'");
        assert_eq!(target(place(Some("prod"), None), None).as_named(), " --stack prod");
        let gateway = "https://api.example.com";
        assert_eq!(target(place(None, None), Some(gateway)).as_named(), format!(" --gateway {gateway}"));
    }
}
