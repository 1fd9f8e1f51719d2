//! What WeChat's console does before it saves a server configuration: a GET that only the account can answer.

use clock::Clock;
use reqwest::{Client, StatusCode};

use crate::callbacks::TIMEOUT;
use crate::callbacks::config::Callback;
use crate::callbacks::crypto::{new_nonce, signature};

impl Callback {
    /// Asks for the echostr back, in the clear even in safe mode; `Err` is a sentence.
    pub(crate) async fn verify(&self, http: &Client, clock: &Clock) -> Result<(), String> {
        let (timestamp, nonce) = (clock.now().to_string(), new_nonce());
        let echostr = rand::random::<u64>().to_string();
        let signature = signature(&[&self.token, &timestamp, &nonce]);
        let query =
            [("signature", &signature), ("timestamp", &timestamp), ("nonce", &nonce), ("echostr", &echostr)];
        let asked = async {
            let response = http.get(&self.url).query(&query).send().await?;
            let status = response.status();
            Ok((status, response.text().await?))
        };
        let Ok(answer) = clock.timeout::<reqwest::Result<_>>(TIMEOUT, asked).await else {
            return Err(format!("{} did not answer in time.", self.url));
        };
        match answer {
            Ok((StatusCode::OK, body)) if body == echostr => Ok(()),
            Ok((StatusCode::OK, _)) => Err(format!("{} did not give the echostr back.", self.url)),
            Ok((status, _)) => Err(format!("{} answered {status}.", self.url)),
            Err(error) => Err(format!("{} cannot be reached: {}.", self.url, error.without_url())),
        }
    }
}
