//! `/cgi-bin/token` and `/cgi-bin/stable_token`: access tokens, which only `refresh` fetches.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::ApiRequest;

/// A token as it goes into a query string; prints as nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// The token itself: for the query string and the table.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// A name for it that gives nothing away: the first 16 hex digits of its SHA-256.
    pub fn fingerprint(&self) -> String {
        Sha256::digest(self.expose()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A token as WeChat hands it out.
#[derive(Clone, Debug, Deserialize)]
pub struct IssuedToken {
    /// The token.
    #[serde(rename = "access_token")]
    pub token: AccessToken,
    /// How long it still lives, in seconds; a stable token comes with what remains of its life.
    pub expires_in: i64,
}

/// Fetches a classic token: every call makes a new one. Errcode 40001 means a wrong AppSecret here.
pub fn classic(appid: &str, secret: &SecretString) -> ApiRequest<IssuedToken> {
    ApiRequest::get("/cgi-bin/token")
        .with("grant_type", "client_credential")
        .with("appid", appid)
        .with("secret", secret.expose_secret())
}

/// Fetches the stable token; `force` renews one that is still valid.
pub fn stable(appid: &str, secret: &SecretString, force: bool) -> ApiRequest<IssuedToken> {
    let body = json!({
        "grant_type": "client_credential",
        "appid": appid,
        "secret": secret.expose_secret(),
        "force_refresh": force,
    });
    ApiRequest::post("/cgi-bin/stable_token", body)
}
