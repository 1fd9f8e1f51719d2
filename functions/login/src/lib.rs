//! POST /login: a wx.login code becomes a session.

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use shared::config::SecretName;
use shared::queue::Queues;
use shared::session::{self, Token, User};
use shared::store::{self, Identities, Login as Known, Sessions, State};
use shared::wechat::{Tokens, WeChat};
use shared::{Config, Error, http};

/// WeChat's codes have 32 characters; whatever is longer than this is none.
const LONGEST_CODE: usize = 128;

/// The function's clients.
pub struct Login {
    wechat: WeChat,
    mini_appid: String,
    mini_secret: SecretString,
    sessions: Sessions,
    identities: Identities,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Serialize)]
struct LoggedIn {
    token: String,
    expires_in: u64,
    openid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
    following: bool,
}

impl Login {
    /// Builds the clients; once, in init.
    ///
    /// # Errors
    /// When the mini-program's AppSecret is not to be had.
    pub async fn new(config: &Config) -> Result<Self, lambda_http::Error> {
        let client = store::client(config);
        let tokens = Tokens::new(config, State::new(config, client.clone()), Queues::new(config));
        Ok(Self {
            wechat: WeChat::new(config, tokens),
            mini_appid: config.mini_appid.clone(),
            mini_secret: config.secret(SecretName::MiniSecret).await?,
            sessions: Sessions::new(config, client.clone()),
            identities: Identities::new(config, client),
        })
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        http::answer(self.log_in(request).await)
    }

    async fn log_in(&self, request: Request) -> Result<Response<Body>, Error> {
        http::method(&request, Method::POST)?;
        let Code { code } = http::body(&request)?;
        if code.trim().is_empty() || code.len() > LONGEST_CODE {
            return Err(Error::InvalidRequest("`code` must be what wx.login gave.".into()));
        }
        let wechat = self.wechat.code_to_session(&self.mini_appid, &self.mini_secret, &code).await?;
        let openid = wechat.openid;
        let unionid = match wechat.unionid {
            Some(unionid) => Some(unionid),
            None => self.known_unionid(&openid).await?,
        };
        let user = User { openid: openid.clone(), unionid: unionid.clone(), session_key: wechat.session_key };
        let token = Token::random();
        let (following, (), ()) = tokio::try_join!(
            self.follows(unionid.as_deref()),
            self.identities.logged_in(&openid, unionid.as_deref()),
            self.sessions.sign_in(&token, user, session::LIFETIME),
        )?;
        tracing::info!(openid, bound = unionid.is_some(), following, "logged in");
        let expires_in = session::LIFETIME.as_secs();
        let logged_in = LoggedIn { token: token.into_text(), expires_in, openid, unionid, following };
        Ok(http::json(StatusCode::OK, &logged_in))
    }

    /// The unionid that an earlier login or decrypt brought.
    async fn known_unionid(&self, openid: &str) -> Result<Option<String>, Error> {
        match self.identities.login(openid).await? {
            Known::Bound(unionid) => Ok(Some(unionid)),
            Known::Unbound | Known::Never => Ok(None),
        }
    }

    async fn follows(&self, unionid: Option<&str>) -> Result<bool, Error> {
        match unionid {
            Some(unionid) => Ok(self.identities.follower(unionid).await?.is_some()),
            None => Ok(false),
        }
    }
}
