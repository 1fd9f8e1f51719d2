//! POST /decrypt: opens a user's encryptedData with the session's key.
//!
//! A cipher without a MAC says nothing of who sealed what it opens: that is data for the caller. One thing is learnt
//! from it, where nothing was known, for accounts to whose wx.login WeChat gives no unionid.

use std::time::SystemTime;

use contract::routes::DECRYPT;
use contract::{Opened, Sealed};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use secrecy::SecretString;
use serde_json::{Map, Value};
use shared::lambda::{self, Answer, Event};
use shared::session::User;
use shared::store::{self, Callers, Identities, SessionKeys, Sessions, State};
use shared::wechat::crypto;
use shared::wechat::reader::is_id;
use shared::{Account, Config, Error, http};

/// How often a session may call in an hour: a mini-program opens a few blobs, who looks for one to forge needs
/// millions.
const CALLS_IN_AN_HOUR: u32 = 60;

/// The function's clients.
pub struct Function {
    mini_appid: String,
    callers: Callers,
    sessions: Sessions,
    session_keys: SessionKeys,
    identities: Identities,
    state: State,
}

impl lambda::Function for Function {
    const NAME: &str = "decrypt";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let client = store::client(config)?;
        Ok(Self {
            mini_appid: config.appid(Account::Mini)?,
            callers: Callers::new(config, client.clone())?,
            sessions: Sessions::new(config, client.clone())?,
            session_keys: SessionKeys::new(config, client.clone())?,
            identities: Identities::new(config, client.clone())?,
            state: State::new(config, client)?,
        })
    }

    async fn handle(&self, event: Event, _deadline: SystemTime) -> Result<Answer, lambda::Error> {
        let request = event.into_request()?;
        Ok(Answer::Http(http::answer(self.decrypt(&request).await)))
    }
}

impl Function {
    async fn decrypt(&self, request: &Request) -> Result<Response<Body>, Error> {
        let user = self.callers.caller(request.headers()).await?.user()?;
        let sealed: Sealed = http::body(request, DECRYPT.largest())?;
        let data = self.open(&sealed, &self.key(&user).await?, &user)?;
        let learned = self.learn_unionid(&user, &data).await?;
        let unionid = learned.or(user.unionid);
        metrics::counter!("Decrypted").increment(1);
        Ok(http::json(StatusCode::OK, &Opened { data, unionid }))
    }

    /// The session's key, so many times an hour.
    async fn key(&self, user: &User) -> Result<SecretString, Error> {
        let counter = format!("decrypt#{}", user.session);
        let (counted, key) = tokio::try_join!(
            self.state.count_in_hour(&counter, CALLS_IN_AN_HOUR),
            self.session_keys.find(&user.session),
        )?;
        if !counted {
            return Err(Error::TooManyRequests(format!(
                "A session opens {CALLS_IN_AN_HOUR} times an hour; try again later."
            )));
        }
        key.ok_or(Error::DecryptFailed("This session's key is not kept any more."))
    }

    fn open(&self, sealed: &Sealed, key: &SecretString, user: &User) -> Result<Map<String, Value>, Error> {
        match (&sealed.raw_data, &sealed.signature) {
            (None, None) => {}
            (Some(raw_data), Some(signature)) => {
                if !crypto::is_signed(key, raw_data, signature) {
                    return Err(Error::DecryptFailed(
                        "`signature` is not rawData's under this session's key.",
                    ));
                }
            }
            _ => {
                return Err(Error::InvalidRequest(
                    "Send `rawData` and `signature` together, or neither.".into(),
                ));
            }
        }
        let data = crypto::open(key, &sealed.encrypted_data, &sealed.iv, &self.mini_appid)?;
        match data.get("openId") {
            Some(openid) if openid.as_str() != Some(&user.openid) => Err(crypto::FOREIGN.into()),
            _ => Ok(data),
        }
    }

    /// The unionid that WeChat sealed for this very user, where WeChat has told none at a login: there was none, or
    /// what there was is imported; and the map has it for nobody else.
    async fn learn_unionid(&self, user: &User, data: &Map<String, Value>) -> Result<Option<String>, Error> {
        let text = |name| data.get(name).and_then(Value::as_str).map(str::trim);
        let sealed = text("unionId").filter(|unionid| is_id(unionid));
        let Some(unionid) = sealed.filter(|_| text("openId") == Some(&user.openid)) else { return Ok(None) };
        if let Some(known) = &user.unionid
            && !self.identities.is_imported(&user.openid, known).await?
        {
            return Ok(None);
        }
        if !self.identities.learn_unionid(&user.openid, unionid).await? {
            tracing::warn!(
                "sealed data names a unionid that is another user's, or not the one known: passed over"
            );
            return Ok(None);
        }
        self.sessions.set_unionid(user, unionid).await?;
        tracing::info!("learned a unionid");
        Ok(Some(unionid.to_owned()))
    }
}
