//! POST /decrypt: opens a user's encryptedData with the session's key.

use std::time::SystemTime;

use contract::{Opened, Sealed};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use serde_json::{Map, Value};
use shared::lambda::{self, Answer, Event};
use shared::session::{Token, User};
use shared::store::{self, Callers, Identities, Sessions};
use shared::wechat::crypto;
use shared::{Account, Config, Error, http};

/// The function's clients.
pub struct Function {
    mini_appid: String,
    callers: Callers,
    sessions: Sessions,
    identities: Identities,
}

impl lambda::Function for Function {
    const NAME: &str = "decrypt";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let client = store::client(config)?;
        Ok(Self {
            mini_appid: config.appid(Account::Mini)?,
            callers: Callers::new(config, client.clone())?,
            sessions: Sessions::new(config, client.clone())?,
            identities: Identities::new(config, client)?,
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
        let data = self.open(&user, &http::body(request)?)?;
        let unionid = data.get("unionId").and_then(Value::as_str).map(str::trim);
        let unionid = unionid.filter(|unionid| !unionid.is_empty()).map(str::to_owned);
        if let Some(unionid) = unionid.as_deref().filter(|unionid| user.unionid.as_deref() != Some(*unionid))
        {
            let token = Token::of(request.headers())?;
            tokio::try_join!(
                self.identities.record_login(&user.openid, Some(unionid)),
                self.sessions.set_unionid(&token, unionid),
            )?;
            tracing::info!(openid = user.openid, "learned a unionid");
        }
        metrics::counter!("Decrypted").increment(1);
        Ok(http::json(StatusCode::OK, &Opened { data, unionid }))
    }

    fn open(&self, user: &User, sealed: &Sealed) -> Result<Map<String, Value>, Error> {
        match (&sealed.raw_data, &sealed.signature) {
            (None, None) => {}
            (Some(raw_data), Some(signature)) => {
                if !crypto::is_signed(&user.session_key, raw_data, signature) {
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
        let data = crypto::open(&user.session_key, &sealed.encrypted_data, &sealed.iv, &self.mini_appid)?;
        match data.get("openId") {
            Some(openid) if openid.as_str() != Some(&user.openid) => {
                Err(Error::DecryptFailed("`encryptedData` is another user's."))
            }
            _ => Ok(data),
        }
    }
}
