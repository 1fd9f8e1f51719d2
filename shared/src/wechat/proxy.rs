//! The proxy that calls for the Official Account go through, where the account's whitelist wants one address of them.

use std::fmt;

use reqwest::Url;

/// A proxy with an address that stays. Prints as its host and port: the rest may be a password.
#[derive(Clone)]
pub struct Proxy {
    pub(super) http: reqwest::Proxy,
    pub(super) at: String,
}

impl Proxy {
    /// Reads `http://user:password@host:port`, or https; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !is_plain || !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let at = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
        Some(Self { http: reqwest::Proxy::all(url).ok()?, at })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_with_or_without_who_may_use_it() {
        let at = |text: &str| Proxy::parse(text).map(|proxy| proxy.at);
        assert_eq!(at("http://team:s3cret%40@10.0.0.7:3128").as_deref(), Some("10.0.0.7:3128"));
        assert_eq!(at("https://proxy.example.com").as_deref(), Some("proxy.example.com:443"));
        for text in
            ["", "none", "10.0.0.7:3128", "socks5://a:1", "http://a:1/path", "http://a:1?b", "http://"]
        {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn a_proxys_password_is_never_printed() {
        let proxy = Proxy::parse("http://team:s3cret@10.0.0.7:3128").expect("a proxy");
        let wechat = crate::wechat::WeChat::new("https://x", Some(&proxy), clock::Clock::default());
        for printed in [format!("{proxy:?}"), format!("{wechat:?}")] {
            assert!(!printed.contains("s3cret") && !printed.contains("team"), "{printed}");
        }
    }
}
