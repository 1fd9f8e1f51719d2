//! The WeChat that is measured at: a simulated one, whose latency and faults are ours, or another that answers alike.

use std::collections::BTreeMap;

use local::Settings;
use shared::wechat::followers;
use shared::{Account, Authorized, Config, queue, store};

/// What another WeChat knows us by, where it is not by the simulator's accounts.
const ACCOUNTS: [&str; 4] = ["MINI_APPID", "MINI_SECRET", "OA_APPID", "OA_SECRET"];

/// The address of a WeChat other than the simulated one. WeChat's own is none: everybody who follows would be written to.
///
/// # Errors
/// A sentence.
pub fn address(text: &str) -> Result<String, String> {
    match text.contains("weixin.qq.com") {
        true => {
            Err("that is WeChat itself, and all who follow would be written to; name one for tests"
                .to_owned())
        }
        false => Ok(text.trim_end_matches('/').to_owned()),
    }
}

/// A stack at it, which says what is wrong alone.
pub fn settings(at: Option<&str>) -> Settings {
    let mut environment = BTreeMap::from([("LOG_LEVEL".to_owned(), "error".to_owned())]);
    if at.is_some() {
        environment
            .extend(ACCOUNTS.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))));
    }
    Settings { wechat: at.map(str::to_owned), environment, ..Settings::default() }
}

/// What calls it for the Official Account.
pub async fn account(config: &Config) -> Authorized {
    let tables = store::client(config).expect("the stack's own tables");
    let queues = queue::client(config).expect("the stack's own queues");
    Authorized::new(Account::Oa, config, tables, queues).await.expect("an account")
}

/// So many who follow it, as WeChat lists them.
pub async fn followers(account: &Authorized, most: u32) -> Vec<String> {
    let (most, mut all, mut after) = (most as usize, Vec::new(), None);
    loop {
        let page = account.call(&followers::page(after.as_deref())).await.expect("a page");
        let (openids, next) = page.into_parts();
        all.extend(openids);
        after = next;
        if after.is_none() || all.len() >= most {
            all.truncate(most);
            return all;
        }
    }
}
