//! POST /login: a wx.login code becomes a session. POST /logout: sessions end.

use std::time::SystemTime;

use contract::routes::{LOGIN, LOGOUT, Operation};
use contract::{LoggedIn, LoggedOut, Login, Logout};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::config::SecretName;
use shared::lambda::{self, Answer, Event};
use shared::session::{self, Token, User};
use shared::store::{self, Callers, Identities, Registration, SessionKeys, Sessions, State};
use shared::wechat::WeChat;
use shared::wechat::login::{CodeSession, code_to_session};
use shared::{Account, AppSecret, Config, Error, http};

/// How many codes of one address WeChat may refuse in a minute before none of it is taken for the rest of that:
/// every made-up one is a call to WeChat, which counts them for everybody.
const REFUSED_IN_A_MINUTE: u32 = 20;

/// The function's clients.
pub struct Function {
    wechat: WeChat,
    mini_appid: String,
    mini_secret: AppSecret,
    callers: Callers,
    sessions: Sessions,
    session_keys: SessionKeys,
    identities: Identities,
    state: State,
    /// Whether a login ends the user's older sessions.
    ends_older: bool,
}

impl lambda::Function for Function {
    const NAME: &str = "login";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let client = store::client(config)?;
        Ok(Self {
            wechat: WeChat::new(&config.wechat_api_base()?, None, config.clock()?),
            mini_appid: config.appid(Account::Mini)?,
            mini_secret: AppSecret::read(config, SecretName::MiniSecret).await?,
            callers: Callers::new(config, client.clone())?,
            sessions: Sessions::new(config, client.clone())?,
            session_keys: SessionKeys::new(config, client.clone())?,
            identities: Identities::new(config, client.clone())?,
            state: State::new(config, client)?,
            ends_older: config.login_ends_older_sessions()?,
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        let request = event.into_request()?;
        Ok(Answer::Http(http::answer_anyone(self.answer(&request).await)))
    }
}

impl Function {
    async fn answer(&self, request: &Request) -> Result<Response<Body>, Error> {
        match http::route(request)?.operation {
            Operation::Login => Ok(http::json(StatusCode::OK, &self.log_in(request).await?)),
            Operation::Logout => Ok(http::json(StatusCode::OK, &self.log_out(request).await?)),
            _ => Err(http::no_such_route()),
        }
    }

    async fn log_in(&self, request: &Request) -> Result<LoggedIn, Error> {
        let login: Login = http::body(request, LOGIN.largest())?;
        if !login.is_one() {
            return Err(Error::InvalidRequest("`code` must be what wx.login gave.".into()));
        }
        let CodeSession { openid, unionid: told, session_key } = self.exchange(request, &login.code).await?;
        let unionid = match &told {
            Some(unionid) => Some(unionid.clone()),
            None => self.known_unionid(&openid).await?,
        };
        let token = Token::random();
        let user = User { session: token.id(), openid: openid.clone(), unionid: unionid.clone() };
        let (mut following, has_moved, (), (), ()) = tokio::try_join!(
            self.follows(unionid.as_deref()),
            self.take_along(told.as_deref(), &openid),
            self.record(&openid, told.as_deref(), unionid.as_deref()),
            self.session_keys.put(&user.session, session_key, session::LIFETIME),
            self.begin(user.clone()),
        )?;
        if has_moved {
            tracing::warn!("a user has another unionid than before: what the map knows moved to it");
            following = self.follows(unionid.as_deref()).await?;
        }
        metrics::counter!("LoggedIn").increment(1);
        tracing::info!(bound = unionid.is_some(), following, "logged in");
        let expires_in = session::LIFETIME.as_secs();
        Ok(LoggedIn { token: token.into_text(), expires_in, openid, unionid, following })
    }

    /// What WeChat gives for a code, unless too many of this address were none.
    async fn exchange(&self, request: &Request, code: &str) -> Result<CodeSession, Error> {
        let address = http::address(request);
        if let Some(address) = &address
            && self.state.refused_codes(address).await? >= REFUSED_IN_A_MINUTE
        {
            return Err(Error::TooManyRequests(
                "WeChat refused too many codes of this address; try again in a minute.".into(),
            ));
        }
        let call = |secret: &_| code_to_session(&self.mini_appid, secret, code);
        let outcome = self.mini_secret.call(&self.wechat, call).await.map_err(Error::from);
        if let (Some(address), Err(Error::InvalidCode(_))) = (&address, &outcome) {
            self.state.count_refused_code(address).await?;
        }
        outcome
    }

    /// Begins a session; the user's older ones end where the deployment wants it so.
    async fn begin(&self, user: User) -> Result<(), Error> {
        if self.ends_older {
            self.end(self.sessions.of(&user.openid).await?).await?;
        }
        self.sessions.sign_in(user, session::LIFETIME).await
    }

    async fn log_out(&self, request: &Request) -> Result<LoggedOut, Error> {
        let user = self.callers.caller(request.headers()).await?.user()?;
        let logout: Logout = http::optional_body(request, LOGOUT.largest())?;
        let mut sessions = if logout.all { self.sessions.of(&user.openid).await? } else { Vec::new() };
        if !sessions.contains(&user.session) {
            sessions.push(user.session);
        }
        let ended = sessions.len() as u64;
        self.end(sessions).await?;
        tracing::info!(ended, "logged out");
        Ok(LoggedOut { ended })
    }

    async fn end(&self, sessions: Vec<String>) -> Result<(), Error> {
        tokio::try_join!(self.session_keys.delete(&sessions), self.sessions.end(&sessions))?;
        Ok(())
    }

    /// The unionid that an earlier login or decrypt brought.
    async fn known_unionid(&self, openid: &str) -> Result<Option<String>, Error> {
        match self.identities.registration(openid).await? {
            Registration::Bound(unionid) => Ok(Some(unionid)),
            Registration::Unbound | Registration::Never => Ok(None),
        }
    }

    /// Writes what WeChat told. Where that is no unionid, what the map knows stays as it is: it may be imported, and
    /// WeChat has not confirmed it.
    async fn record(&self, openid: &str, told: Option<&str>, known: Option<&str>) -> Result<(), Error> {
        match (told, known) {
            (None, Some(_)) => Ok(()),
            (told, _) => self.identities.record_login(openid, told).await,
        }
    }

    /// What the map has of the user under another unionid comes along.
    async fn take_along(&self, unionid: Option<&str>, openid: &str) -> Result<bool, Error> {
        match unionid {
            Some(unionid) => self.identities.move_to(unionid, openid).await,
            None => Ok(false),
        }
    }

    async fn follows(&self, unionid: Option<&str>) -> Result<bool, Error> {
        match unionid {
            Some(unionid) => Ok(self.identities.oa_openid(unionid).await?.is_some()),
            None => Ok(false),
        }
    }
}
