//! Which Queqiao a verb is about: the local one, one at an address, or a deployed stack.

use std::path::PathBuf;

use aws_sdk_dynamodb::Client;
use local::RunFile;
use shared::store::{self, Identities, Keys, State, TemplateLists};
use shared::{Account, Config};

use crate::Failure;
use crate::api::Api;

/// Something that a stack is asked for: as a function is told it, and the output or parameter of a deployed stack.
type Named = (&'static str, &'static str);

const KEYS: [Named; 1] = [("KEYS_TABLE", "KeysTableName")];
const STATE: [Named; 1] = [("STATE_TABLE", "StateTableName")];
const TEMPLATES: [Named; 3] =
    [("STATE_TABLE", "StateTableName"), ("MINI_APPID", "MiniAppid"), ("OA_APPID", "OaAppid")];
const IDENTITIES: [Named; 3] =
    [("IDENTITIES_TABLE", "IdentitiesTableName"), ("MINI_APPID", "MiniAppid"), ("OA_APPID", "OaAppid")];

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
    /// A gateway's URL
    #[arg(long, value_name = "URL", conflicts_with_all = ["stack", "data"])]
    gateway: Option<String>,
    /// The service key to call with; better set QUEQIAO_KEY than name it on a command line. A local stack's own
    /// is found
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Place {
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

    /// The map there.
    pub async fn identities(self) -> Result<Identities, Failure> {
        let (config, client) = self.open(&IDENTITIES).await?;
        Ok(Identities::new(&config, client)?)
    }

    async fn open(self, named: &[Named]) -> Result<(Config, Client), Failure> {
        if let Some(stack) = self.stack {
            return deployed_tables(&stack, named).await;
        }
        let config = Config::of(self.run_file()?.operator);
        let client = store::client(&config)?;
        Ok((config, client))
    }

    fn run_file(self) -> Result<RunFile, Failure> {
        Ok(RunFile::read(&self.data.unwrap_or_else(|| ".local".into()))?)
    }
}

/// Refuses a local stack that goes by a file.
fn pushed_to(config: &Config) -> Result<(), Failure> {
    let Some(file) = config.catalog_file() else { return Ok(()) };
    Err(format!(
        "This local stack was started with --catalog {} and goes by that file alone: change the file and start it again, or start it without.",
        file.display()
    )
    .into())
}

async fn listed(state: &State, config: &Config) -> Result<TemplateLists, Failure> {
    let (oa, mini) = (config.appid(Account::Oa)?, config.appid(Account::Mini)?);
    Ok(state.template_lists(&oa, &mini).await?)
}

impl Target {
    /// The routes, called with a service key.
    pub async fn api(self) -> Result<Api, Failure> {
        let Self { place, gateway, key } = self;
        let own_key = || {
            let key = key.clone().or_else(|| variable("QUEQIAO_KEY"));
            key.ok_or("Set QUEQIAO_KEY to a service key; `queqiao keys create` makes one.")
        };
        if let Some(stack) = &place.stack {
            return Api::new(&deployed_gateway(stack).await?, &own_key()?);
        }
        let exported = || variable("QUEQIAO_GATEWAY").filter(|_| place.data.is_none());
        if let Some(gateway) = gateway.or_else(exported) {
            return Api::new(&gateway, &own_key()?);
        }
        // A key that was exported for a deployed stack is nothing to the local one.
        let run = place.run_file()?;
        Api::new(&run.gateway, &key.unwrap_or(run.service_key))
    }
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(feature = "aws")]
use crate::deployed::{gateway as deployed_gateway, tables as deployed_tables};

#[cfg(not(feature = "aws"))]
const WITHOUT_AWS: &str = "This program was built without AWS; build one that has it with \
     `cargo install --path cli --features aws`, or name the gateway with --gateway.";

#[cfg(not(feature = "aws"))]
async fn deployed_gateway(_stack: &str) -> Result<String, Failure> {
    Err(WITHOUT_AWS.into())
}

#[cfg(not(feature = "aws"))]
async fn deployed_tables(_stack: &str, _named: &[Named]) -> Result<(Config, Client), Failure> {
    Err(WITHOUT_AWS.into())
}
