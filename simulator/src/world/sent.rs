//! What was sent, by hashes of it: the newest of them, for nobody asks after the others.

use std::collections::{BTreeSet, HashMap};

/// So many hashes are kept: as many as there are messages, and all of ten minutes at 300 messages a second.
const KEPT: usize = 200_000;

/// For each hash the message that was last sent with it.
#[derive(Default)]
pub(crate) struct Sent {
    /// Its msgid, and its time in Unix seconds.
    last: HashMap<u64, (i64, i64)>,
    /// The same by msgid.
    order: BTreeSet<(i64, u64)>,
}

impl Sent {
    /// A message was sent with this hash; `true` if none is known that was before.
    pub(crate) fn add(&mut self, hash: u64, msgid: i64, at: i64) -> bool {
        let before = self.last.insert(hash, (msgid, at));
        if let Some((before, _)) = before {
            self.order.remove(&(before, hash));
        }
        self.order.insert((msgid, hash));
        if self.order.len() > KEPT
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.last.remove(&oldest);
        }
        before.is_none()
    }

    /// The msgid and the time of the last message with this hash.
    pub(crate) fn last(&self, hash: u64) -> Option<(i64, i64)> {
        self.last.get(&hash).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_and_one_that_was_sent_again_is_not_the_oldest() {
        let mut sent = Sent::default();
        let most = KEPT as u64;
        (0..most).for_each(|hash| assert!(sent.add(hash, hash as i64, 1)));
        assert!(!sent.add(0, KEPT as i64, 2));
        assert!(sent.add(most, KEPT as i64 + 1, 3));
        assert_eq!([sent.last(0), sent.last(1)], [Some((KEPT as i64, 2)), None]);
        assert_eq!((sent.last.len(), sent.order.len()), (KEPT, KEPT));
    }
}
