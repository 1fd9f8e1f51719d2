//! How a stack is to be started, and the environment its functions get from that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clock::Clock;

/// How a stack is to be started.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The gateway's port; 0 picks a free one.
    pub port: u16,
    /// The simulator's port; 0 picks a free one.
    pub simulator_port: u16,
    /// How many users follow the simulated account.
    pub followers: u32,
    /// Where everything is kept; `None` forgets it at the end.
    pub data: Option<PathBuf>,
    /// A WeChat to use instead of the simulator.
    pub wechat: Option<String>,
    /// A catalog to use instead of the one built in.
    pub catalog: Option<PathBuf>,
    /// The service key; made up where there is none.
    pub service_key: Option<String>,
    /// A folder of built bootstraps (`<name>/bootstrap`) to run instead of the functions in this process.
    pub bootstraps: Option<PathBuf>,
    /// Functions by name that run as this program, in processes of their own.
    pub programs: BTreeMap<String, PathBuf>,
    /// Whether a function that runs as a program does so as one process, so that what it remembers between calls can be
    /// told from what it reads.
    pub single_processes: bool,
    /// Whether the simulated WeChat calls back when users follow, unfollow, get a message, or say whether they want
    /// some: for both accounts. Without it the mini-program's callbacks are taken only where the environment has its token.
    pub callbacks: bool,
    /// Whether [`Stack::usage`](crate::Stack::usage) and [`Stack::load`](crate::Stack::load) keep count, which costs
    /// every call a little; what programs log is counted instead of shown.
    pub meters: bool,
    /// Whether [`Stack::take_written`](crate::Stack::take_written) keeps what is written, which costs every call a little.
    pub records: bool,
    /// Whether pollers wait for more messages as long as the template says. Nobody waits for that where only what
    /// becomes of messages matters.
    pub windows: bool,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// The clock to go by, a movable one; `None`, one that starts with the machine's time.
    pub clock: Option<Clock>,
    /// Whether the template's schedules run. Without them a test can move the clock by a day and meet
    /// nothing but what it asked for.
    pub schedules: bool,
    /// Variables that outdo the template's and the simulator's: `MINI_APPID`, `AWS_ENDPOINT_URL_SQS`, …
    pub environment: BTreeMap<String, String>,
    /// Functions by name that go by no proxy, where the others go by that of the variable `EGRESS_PROXY`.
    pub without_proxy: BTreeSet<String>,
}

/// What AWS does wrong on purpose, to the functions and never to the stack itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Seeds the dice, the simulated WeChat's among them.
    pub seed: u64,
    /// The share of DynamoDB calls answered by throttling, of batches perhaps in part, or by a 500, half of
    /// the latter after the call was carried out.
    pub dynamodb: f64,
    /// The share of calls that put messages on a queue answered by a 500, none of which were carried out.
    pub sqs: f64,
    /// How many more times than once the delivery queue delivers each job.
    pub extra_copies: u32,
}

/// Where AWS answers on this machine.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// DynamoDB's URL.
    pub dynamodb: String,
    /// SQS's URL.
    pub sqs: String,
}

impl Settings {
    /// The program that a function is to run as, if not in this process.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        let built = || Some(self.bootstraps.as_ref()?.join(name).join("bootstrap"));
        self.programs.get(name).cloned().or_else(built)
    }

    /// Whether any function runs in processes of its own.
    pub(crate) fn has_programs(&self) -> bool {
        self.bootstraps.is_some() || !self.programs.is_empty()
    }

    /// A variable that is to outdo the template's; an empty one is none.
    pub(crate) fn set(&self, name: &str) -> Option<String> {
        self.environment.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// The template's parameters: what the environment says, else the simulator's accounts.
    pub(crate) fn parameters(&self, wechat: &str) -> BTreeMap<String, String> {
        let or = |name: &str, simulated: &str| self.set(name).unwrap_or_else(|| simulated.to_owned());
        // What is built in, everybody knows: beside a real WeChat it would let anybody speak as WeChat.
        let is_real = wechat.starts_with("https://");
        let [token, aes_key] = if is_real {
            [made_up(22), made_up(43)]
        } else {
            [simulator::CALLBACK_TOKEN.to_owned(), simulator::ENCODING_AES_KEY.to_owned()]
        };
        let mut parameters = BTreeMap::from([
            ("WechatApiBase".to_owned(), wechat.to_owned()),
            ("MiniAppid".to_owned(), or("MINI_APPID", simulator::MINI_APPID)),
            ("MiniSecret".to_owned(), or("MINI_SECRET", simulator::MINI_SECRET)),
            ("OaAppid".to_owned(), or("OA_APPID", simulator::OA_APPID)),
            ("OaSecret".to_owned(), or("OA_SECRET", simulator::OA_SECRET)),
            ("CallbackToken".to_owned(), or("CALLBACK_TOKEN", &token)),
            ("CallbackAesKey".to_owned(), or("CALLBACK_AES_KEY", &aes_key)),
        ]);
        if self.callbacks && !is_real {
            parameters.insert("MiniCallbackToken".to_owned(), simulator::MINI_CALLBACK_TOKEN.to_owned());
            parameters.insert("MiniCallbackAesKey".to_owned(), simulator::MINI_ENCODING_AES_KEY.to_owned());
        }
        for (variable, parameter) in [
            ("FORWARD_URL", "ForwardUrl"),
            ("MINI_CALLBACK_TOKEN", "MiniCallbackToken"),
            ("MINI_CALLBACK_AES_KEY", "MiniCallbackAesKey"),
            ("CALLBACK_MODE", "CallbackMode"),
            ("RECEIPTS", "Receipts"),
            ("SUBSCRIPTION_SOURCE", "SubscriptionSource"),
            ("BATCH_WINDOW_SECONDS", "BatchWindowSeconds"),
            ("TOKEN_MODE", "TokenMode"),
            ("SENDS_PER_SECOND", "SendsPerSecond"),
            ("LOGIN_ENDS_OLDER_SESSIONS", "LoginEndsOlderSessions"),
            ("EGRESS", "Egress"),
        ] {
            parameters.extend(self.set(variable).map(|value| (parameter.to_owned(), value)));
        }
        if let Some(proxy) = self.set("EGRESS_PROXY") {
            parameters.extend(
                [("Egress", "proxy"), ("EgressProxy", &proxy)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned())),
            );
        }
        parameters
    }

    /// A function's environment: the template's variables and what Lambda adds.
    pub(crate) fn variables(
        &self,
        declared: &BTreeMap<String, String>,
        access_key: &str,
        endpoints: &Endpoints,
    ) -> BTreeMap<String, String> {
        let added = [
            ("AWS_REGION", Some(self.region())),
            ("AWS_ACCESS_KEY_ID", Some(access_key.to_owned())),
            ("AWS_SECRET_ACCESS_KEY", Some("local".to_owned())),
            ("AWS_ENDPOINT_URL_DYNAMODB", Some(endpoints.dynamodb.clone())),
            ("AWS_ENDPOINT_URL_SQS", Some(endpoints.sqs.clone())),
            ("CATALOG_FILE", self.catalog.as_ref().map(|file| file.display().to_string())),
            ("LOG_LEVEL", self.set("LOG_LEVEL")),
        ];
        let mut variables = declared.clone();
        variables.extend(added.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        variables
    }

    /// The region that requests are signed for.
    pub(crate) fn region(&self) -> String {
        self.set("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned())
    }
}

/// A secret that nobody knows: that many letters and digits, which are base64, too.
fn made_up(length: usize) -> String {
    // The last character of an EncodingAESKey holds four bits alone.
    let ids: String = (0..4).map(|_| shared::random_id()).collect();
    let letters = ids.chars().filter(char::is_ascii_alphanumeric);
    letters.take(length - 1).chain(['A']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_opens_nothing_beside_a_real_wechat() {
        let called_back = Settings { callbacks: true, ..Settings::default() };
        let names = ["MiniCallbackToken", "MiniCallbackAesKey"];
        let of_the_mini_program = |wechat: &str| {
            let parameters = called_back.parameters(wechat);
            names.map(|name| parameters.get(name).cloned())
        };
        let known = [simulator::MINI_CALLBACK_TOKEN, simulator::MINI_ENCODING_AES_KEY];
        assert_eq!(of_the_mini_program("http://127.0.0.1:9000"), known.map(|known| Some(known.to_owned())));
        assert_eq!(of_the_mini_program("https://api.weixin.qq.com"), [None, None]);
        let secrets = |wechat: &str| {
            let parameters = Settings::default().parameters(wechat);
            [&parameters["CallbackToken"], &parameters["CallbackAesKey"]].map(String::clone)
        };
        let built_in = [simulator::CALLBACK_TOKEN, simulator::ENCODING_AES_KEY];
        assert_eq!(secrets("http://127.0.0.1:9000"), built_in);
        let (one, another) = (secrets("https://api.weixin.qq.com"), secrets("https://api.weixin.qq.com"));
        assert_eq!([one[0].len(), one[1].len()], [22, 43]);
        assert!(
            one[0] != another[0] && one[1] != another[1] && one[0] != built_in[0] && one[1] != built_in[1]
        );
    }
}
