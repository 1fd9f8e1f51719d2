//! GET /doctor: looks at the deployment, and says of each thing whether it is as it should be and what to do if not.
//!
//! One file a check, which gives its findings, and a line of `Function::checks`. It has no AppSecret: what WeChat
//! said to `refresh` stands in the account's row, and `refresh` is asked where a token is to be tried for. What it asks WeChat
//! itself, it asks by the way that all calls for the accounts take.

mod breakers;
mod callback;
mod catalog;
mod clock;
mod finding;
mod open_platform;
mod queues;
mod quota;
mod sync;
mod templates;
mod token;
mod token_replaced;

use std::time::{Duration, SystemTime};

use contract::routes::Operation;
use contract::{Check, CheckState, Diagnosis};
use futures::future::{BoxFuture, join_all};
use lambda_http::http::header::ACCEPT_LANGUAGE;
use lambda_http::{Body, Request, Response};
use shared::clock::TimedOut;
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, Depths, RefreshQueue};
use shared::store::{self, Callers, Identities, State, Tokens};
use shared::{Account, Authorized, Clock, Config, CurrentCatalog, Error, Lang, http};

use finding::Finding;

/// A check that takes longer is given up, and the rest is told: API Gateway waits for 30 s.
const LONGEST: Duration = Duration::from_secs(24);

/// The function's clients.
pub struct Function {
    /// Each account with its appid.
    accounts: [(Account, String); 2],
    /// WeChat in each account's name.
    wechat: [(Account, Authorized); 2],
    catalog: CurrentCatalog,
    callers: Callers,
    tokens: Tokens,
    state: State,
    identities: Identities,
    refresh: RefreshQueue,
    depths: Depths,
    /// Whether WeChat's receipts are kept; else nothing is heard of a message.
    receipts: bool,
    clock: Clock,
}

/// What a check found; at least one thing.
type Findings<'a> = BoxFuture<'a, Result<Vec<Finding>, Error>>;

impl lambda::Function for Function {
    const NAME: &str = "doctor";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let (client, queues) = (store::client(config)?, queue::client(config)?);
        let by_oa = Authorized::new(Account::Oa, config, client.clone(), queues.clone()).await?;
        let by_mini = by_oa.of(Account::Mini, config)?;
        let state = State::new(config, client.clone())?;
        let account = |account| config.appid(account).map(|appid| (account, appid));
        Ok(Self {
            accounts: [account(Account::Oa)?, account(Account::Mini)?],
            wechat: [(Account::Oa, by_oa), (Account::Mini, by_mini)],
            catalog: CurrentCatalog::new(config, state.clone())?,
            callers: Callers::new(config, client.clone())?,
            identities: Identities::new(config, client.clone())?,
            tokens: Tokens::new(config, client)?,
            state,
            refresh: RefreshQueue::new(config, queues.clone())?,
            depths: Depths::new(config, queues)?,
            receipts: config.receipts()?,
            clock: config.clock()?,
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        let request = event.into_request()?;
        Ok(Answer::Http(http::answer(self.answer(&request).await)))
    }
}

impl Function {
    /// Every check by its name, in the order in which they are told.
    fn checks(&self, lang: Lang) -> [(&'static str, Findings<'_>); 11] {
        [
            ("token", Box::pin(token::check(self, lang))),
            ("token_replaced", Box::pin(token_replaced::check(self, lang))),
            ("clock", Box::pin(clock::check(self, lang))),
            ("quota", Box::pin(quota::check(self, lang))),
            ("open_platform", Box::pin(open_platform::check(self, lang))),
            ("sync", Box::pin(sync::check(self, lang))),
            ("callback", Box::pin(callback::check(self, lang))),
            ("queues", Box::pin(queues::check(self, lang))),
            ("breakers", Box::pin(breakers::check(self, lang))),
            ("catalog", Box::pin(catalog::check(self, lang))),
            ("templates", Box::pin(templates::check(self, lang))),
        ]
    }

    async fn answer(&self, request: &Request) -> Result<Response<Body>, Error> {
        let route = http::route(request)?;
        self.callers.caller(request.headers()).await?.may(route.who)?;
        match route.operation {
            Operation::Doctor => Ok(http::json(route.status, &self.diagnosis(language(request)).await)),
            _ => Err(http::no_such_route()),
        }
    }

    /// Looks at everything. What cannot be looked at keeps nobody from the rest.
    async fn diagnosis(&self, lang: Lang) -> Diagnosis {
        let looked = self.checks(lang).map(|(name, findings)| async move {
            let found = self.clock.timeout(LONGEST, findings).await;
            let found = found.unwrap_or_else(|TimedOut| Ok(vec![too_slow(lang)]));
            let findings = found.unwrap_or_else(|error| {
                tracing::warn!(check = name, cause = error.causes(), "a check could not be made: {error}");
                vec![Finding::unknown(error.code().remedy_in(lang))]
            });
            findings.into_iter().map(|finding| finding.named(name)).collect::<Vec<_>>()
        });
        let checks: Vec<Check> = join_all(looked).await.into_iter().flatten().collect();
        let problems = checks.iter().filter(|check| check.state == CheckState::Problem).count();
        metrics::counter!("Examined").increment(1);
        tracing::info!(problems, "looked at the deployment");
        Diagnosis { checks }
    }

    /// The Official Account's appid.
    fn oa_appid(&self) -> &str {
        let [(_, appid), _] = &self.accounts;
        appid
    }
}

fn too_slow(lang: Lang) -> Finding {
    Finding::unknown(
        lang.pick("It took too long to look; try again in a minute.", "检查用时太长，过一分钟再试。"),
    )
}

/// The language that the caller reads best.
fn language(request: &Request) -> Lang {
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    Lang::accepted(header.unwrap_or_default())
}
