//! What goes wrong with the list of followers on demand: it is empty or cut short, and unionids are
//! missing or at other people's openids.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::dice::{Dice, are_shares};

/// What a test asked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Order {
    /// `user/get` knows nobody.
    empty: bool,
    /// `user/get` ends after so many openids, and counts all of them.
    cut_after: Option<usize>,
    /// The share of batchget's answers in which, from some row on, each has the next one's unionid.
    shift_batch: f64,
    /// The share in which, from some row on, each has the unionid of the one before.
    shift_back: f64,
    /// The share of batchget's answers in which some row lacks its unionid.
    missing_unionid: f64,
    /// How many answers it still corrupts; `None` is for ever.
    times: Option<u64>,
}

impl Order {
    /// `Err` is a sentence about what is wrong with it.
    pub(crate) fn validate(&self) -> Result<(), &'static str> {
        if !are_shares(&[self.shift_batch, self.shift_back, self.missing_unionid]) {
            return Err("shift_batch, shift_back and missing_unionid are shares between 0 and 1.");
        }
        Ok(())
    }
}

/// The order in force, and its dice.
pub(crate) struct FollowerFaults {
    order: Order,
    dice: Dice,
}

impl FollowerFaults {
    /// Nothing goes wrong yet.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { order: Order::default(), dice: Dice::seeded(seed) }
    }

    /// What is in force.
    pub(crate) fn order(&self) -> &Order {
        &self.order
    }

    /// Puts this in force in place of what was.
    pub(crate) fn set(&mut self, order: Order) {
        self.order = order;
    }

    /// Whether the list has nobody this time.
    pub(crate) fn empties(&mut self) -> bool {
        self.order.empty && self.fires()
    }

    /// Cuts off what the list is not to show of a page that `before` openids go before.
    pub(crate) fn cut(&mut self, page: &mut Vec<String>, before: impl Fn() -> usize) {
        let Some(most) = self.order.cut_after.map(|most| most.saturating_sub(before())) else { return };
        if page.len() > most && self.fires() {
            page.truncate(most);
        }
    }

    /// Corrupts the unionids of batchget's answer.
    pub(crate) fn corrupt(&mut self, infos: &mut [Value]) {
        let row = self.dice.pick(infos.len());
        let shifted = self.dice.hit(self.order.shift_batch);
        let shifted_back = self.dice.hit(self.order.shift_back);
        let missing = self.dice.hit(self.order.missing_unionid);
        if !(shifted || shifted_back || missing) || !self.fires() {
            return;
        }
        let mut unionids: Vec<_> = infos.iter().map(unionid).collect();
        if shifted {
            unionids.remove(row);
        } else if shifted_back {
            let row = row.min(infos.len().saturating_sub(2));
            unionids.insert(row, unionids[row].clone());
        } else {
            unionids[row] = None;
        }
        infos
            .iter_mut()
            .zip(unionids.into_iter().chain([None]))
            .for_each(|(info, unionid)| set(info, unionid));
    }

    fn fires(&mut self) -> bool {
        let fires = self.order.times != Some(0);
        self.order.times = self.order.times.map(|times| times.saturating_sub(1));
        fires
    }
}

fn unionid(info: &Value) -> Option<Value> {
    info.get("unionid").cloned()
}

fn set(info: &mut Value, unionid: Option<Value>) {
    if let Some(fields) = info.as_object_mut() {
        fields.remove("unionid");
        fields.extend(unionid.map(|unionid| ("unionid".to_owned(), unionid)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(order: Value) -> FollowerFaults {
        let order: Order = serde_json::from_value(order).unwrap();
        assert_eq!(order.validate(), Ok(()));
        FollowerFaults { order, ..FollowerFaults::seeded(7) }
    }

    /// The unionids of rows 0 to 9 after an answer was corrupted, by their numbers.
    fn corrupted(faults: &mut FollowerFaults) -> Vec<Option<u64>> {
        let mut infos: Vec<_> = (0..10).map(|row| json!({ "openid": "o", "unionid": row })).collect();
        faults.corrupt(&mut infos);
        infos.iter().map(|info| info.get("unionid").and_then(Value::as_u64)).collect()
    }

    #[test]
    fn nothing_goes_wrong_unless_asked_for() {
        let mut faults = faults(json!({}));
        let mut page = vec!["o1".to_owned()];
        faults.cut(&mut page, || 0);
        assert!(!faults.empties() && page.len() == 1);
        assert_eq!(corrupted(&mut faults), (0..10).map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn a_shift_moves_unionids_to_the_row_before_and_leaves_the_last_without() {
        let mut faults = faults(json!({ "shift_batch": 1.0, "times": 1 }));
        let unionids = corrupted(&mut faults);
        let from = unionids.iter().zip(0..).take_while(|(unionid, row)| **unionid == Some(*row)).count();
        let shifted: Vec<_> = (0..10).filter(|row| *row != from as u64).map(Some).chain([None]).collect();
        assert_eq!(unionids, shifted);
        assert!(corrupted(&mut faults).iter().all(Option::is_some), "once is once");
    }

    #[test]
    fn a_shift_back_gives_a_row_the_unionid_of_the_one_before_and_loses_the_last() {
        let unionids = corrupted(&mut faults(json!({ "shift_back": 1.0 })));
        let from =
            unionids.iter().zip(0..).take_while(|(unionid, row)| **unionid == Some(*row)).count() as u64;
        assert_eq!(unionids, (0..from).chain(from - 1..9).map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn one_unionid_is_missing_and_the_others_stay() {
        let unionids = corrupted(&mut faults(json!({ "missing_unionid": 1.0 })));
        let right = unionids.iter().zip(0..).filter(|(unionid, row)| **unionid == Some(*row));
        assert_eq!((right.count(), unionids.iter().flatten().count()), (9, 9));
    }

    #[test]
    fn a_list_is_cut_wherever_its_pages_end() {
        let mut faults = faults(json!({ "cut_after": 3 }));
        let mut left = |before| {
            let mut page = vec!["o".to_owned(); 2];
            faults.cut(&mut page, || before);
            page.len()
        };
        assert_eq!([left(0), left(2), left(4)], [2, 1, 0]);
    }
}
