//! POST /decrypt: opens a user's encryptedData with the session's key.

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::session::{Token, User};
use shared::store::{self, Identities, Sessions};
use shared::wechat::crypto;
use shared::{Config, Error, http};

/// The function's clients.
pub struct Decrypt {
    mini_appid: String,
    sessions: Sessions,
    identities: Identities,
}

/// What wx.getUserInfo and its like hand to the mini-program.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sealed {
    encrypted_data: String,
    iv: String,
    raw_data: Option<String>,
    signature: Option<String>,
}

#[derive(Serialize)]
struct Opened {
    data: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
}

impl Decrypt {
    /// Builds the clients; once, in init.
    pub fn new(config: &Config) -> Self {
        let client = store::client(config);
        Self {
            mini_appid: config.mini_appid.clone(),
            sessions: Sessions::new(config, client.clone()),
            identities: Identities::new(config, client),
        }
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        http::answer(self.decrypt(request).await)
    }

    async fn decrypt(&self, request: Request) -> Result<Response<Body>, Error> {
        http::method(&request, Method::POST)?;
        let token = Token::of(request.headers())?;
        let user = self.sessions.caller(&token).await?.user()?;
        let data = self.open(&user, &http::body(&request)?)?;
        let unionid = data.get("unionId").and_then(Value::as_str).map(str::to_owned);
        if let Some(unionid) = unionid.as_deref().filter(|unionid| user.unionid.as_deref() != Some(*unionid))
        {
            tokio::try_join!(
                self.identities.logged_in(&user.openid, Some(unionid)),
                self.sessions.learn_unionid(&token, unionid),
            )?;
            tracing::info!(openid = user.openid, "learned a unionid");
        }
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
