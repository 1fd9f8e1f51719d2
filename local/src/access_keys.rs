//! Who calls the tables and queues: the stack and each function have an access key that is made up for this run, and
//! nobody else on the machine knows one.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::session::Token;

/// Who has the key that may do everything, in place of a function's name.
pub const STACK: &str = "stack";

/// The access keys of a run. Cheap to clone.
#[derive(Clone)]
pub struct AccessKeys {
    /// By who has it.
    keys: Arc<BTreeMap<String, String>>,
    /// Who has it, by the key's hash: how long a search takes tells nothing of a key.
    holders: Arc<BTreeMap<String, String>>,
}

impl AccessKeys {
    /// New ones, for the stack and these functions.
    pub fn issue<'a>(functions: impl Iterator<Item = &'a str>) -> Self {
        let keys: BTreeMap<_, _> =
            functions.chain([STACK]).map(|holder| (holder.to_owned(), made_up())).collect();
        let holders = keys.iter().map(|(holder, key)| (Token::from_text(key).id(), holder.clone())).collect();
        Self { keys: Arc::new(keys), holders: Arc::new(holders) }
    }

    /// The key of a function, or of [`STACK`].
    pub fn of(&self, holder: &str) -> &str {
        self.keys.get(holder).expect("every function of the template was issued one")
    }

    /// Who has this key; `None` where it is none of this run.
    pub fn holder(&self, key: &str) -> Option<&str> {
        self.holders.get(&Token::from_text(key).id()).map(String::as_str)
    }
}

/// 128 random bits, in digits and letters: DynamoDB Local, where it is used instead, takes nothing else.
fn made_up() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_one_run_and_of_one_holder() {
        let issue = || AccessKeys::issue(["send", "login"].into_iter());
        let (keys, another_runs) = (issue(), issue());
        for holder in ["send", "login", STACK] {
            assert_eq!(keys.holder(keys.of(holder)), Some(holder));
            assert_eq!(keys.holder(another_runs.of(holder)), None);
            assert_eq!(keys.holder(holder), None, "a name is no key");
        }
        assert_eq!(keys.holder(""), None);
    }
}
