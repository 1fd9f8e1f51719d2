//! POST /login: a wx.login code becomes a session.

use std::time::SystemTime;

use contract::login::LONGEST_CODE;
use contract::{LoggedIn, Login};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::config::SecretName;
use shared::lambda::{self, Answer, Event};
use shared::session::{self, Token, User};
use shared::store::{self, Identities, Registration, Sessions};
use shared::wechat::{WeChat, login};
use shared::{Account, AppSecret, Config, Error, http};

/// The function's clients.
pub struct Function {
    wechat: WeChat,
    mini_appid: String,
    mini_secret: AppSecret,
    sessions: Sessions,
    identities: Identities,
}

impl lambda::Function for Function {
    const NAME: &str = "login";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let client = store::client(config)?;
        Ok(Self {
            wechat: WeChat::new(&config.wechat_api_base()?, config.clock()?),
            mini_appid: config.appid(Account::Mini)?,
            mini_secret: AppSecret::read(config, SecretName::MiniSecret).await?,
            sessions: Sessions::new(config, client.clone())?,
            identities: Identities::new(config, client)?,
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        let request = event.into_request()?;
        Ok(Answer::Http(http::answer(self.log_in(&request).await)))
    }
}

impl Function {
    async fn log_in(&self, request: &Request) -> Result<Response<Body>, Error> {
        let Login { code } = http::body(request)?;
        if code.trim().is_empty() || code.chars().count() > LONGEST_CODE {
            return Err(Error::InvalidRequest("`code` must be what wx.login gave.".into()));
        }
        let exchange = |secret: &_| login::code_to_session(&self.mini_appid, secret, &code);
        let wechat = self.mini_secret.call(&self.wechat, exchange).await?;
        let openid = wechat.openid;
        let unionid = match wechat.unionid {
            Some(unionid) => Some(unionid),
            None => self.known_unionid(&openid).await?,
        };
        let user = User { openid: openid.clone(), unionid: unionid.clone(), session_key: wechat.session_key };
        let token = Token::random();
        let (mut following, is_new, ()) = tokio::try_join!(
            self.follows(unionid.as_deref()),
            self.identities.record_login(&openid, unionid.as_deref()),
            self.sessions.sign_in(&token, user, session::LIFETIME),
        )?;
        if let Some(unionid) = unionid.as_deref().filter(|_| is_new)
            && self.identities.move_to(unionid, &openid).await?
        {
            tracing::warn!(openid, "has another unionid than before: what the map knows moved to it");
            following = self.follows(Some(unionid)).await?;
        }
        metrics::counter!("LoggedIn").increment(1);
        tracing::info!(openid, bound = unionid.is_some(), following, "logged in");
        let expires_in = session::LIFETIME.as_secs();
        let logged_in = LoggedIn { token: token.into_text(), expires_in, openid, unionid, following };
        Ok(http::json(StatusCode::OK, &logged_in))
    }

    /// The unionid that an earlier login or decrypt brought.
    async fn known_unionid(&self, openid: &str) -> Result<Option<String>, Error> {
        match self.identities.registration(openid).await? {
            Registration::Bound(unionid) => Ok(Some(unionid)),
            Registration::Unbound | Registration::Never => Ok(None),
        }
    }

    async fn follows(&self, unionid: Option<&str>) -> Result<bool, Error> {
        match unionid {
            Some(unionid) => Ok(self.identities.oa_openid(unionid).await?.is_some()),
            None => Ok(false),
        }
    }
}
