//! When a list is not to be believed about who is gone.

/// So few may always be missing from a list: no fault of WeChat's looks like it.
const ALWAYS_REMOVED: u64 = 10;

/// WeChat's own count may run ahead of its list by this share: the list is no snapshot.
const COUNT_SLACK_PERCENT: u64 = 1;

/// A list beside the map.
#[derive(Clone, Copy, Debug)]
pub struct ListCheck {
    /// Followers on the list.
    pub listed: u64,
    /// WeChat's own count.
    pub total: u64,
    /// Known and not listed.
    pub gone: u64,
    /// Followers in the map.
    pub known: u64,
}

impl ListCheck {
    /// Why the list is not to be believed about who is gone; `None` when it is.
    pub fn problem(self, most_removed_percent: u64) -> Option<String> {
        let Self { listed, total, gone, known } = self;
        if listed == 0 && known > 0 {
            return Some(format!("the list is empty, the map knows {known} followers."));
        }
        if listed + total * COUNT_SLACK_PERCENT / 100 < total {
            return Some(format!("the list ended after {listed} of {total} followers."));
        }
        if gone > ALWAYS_REMOVED && listed + gone <= total {
            return Some(format!(
                "{gone} known followers are not on the list, and WeChat counts {total}, not {listed}."
            ));
        }
        if gone > ALWAYS_REMOVED && gone * 100 > known * most_removed_percent {
            return Some(format!("{gone} of {known} known followers are not on the list."));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::ListCheck;

    fn is_doubted(listed: u64, total: u64, gone: u64, known: u64) -> bool {
        ListCheck { listed, total, gone, known }.problem(20).is_some()
    }

    #[test]
    fn a_list_that_fits_the_map_is_believed() {
        assert!(!is_doubted(25_049, 25_049, 12, 25_000));
        assert!(!is_doubted(0, 0, 0, 0));
        assert!(!is_doubted(770_242, 770_270, 0, 770_000));
        assert!(!is_doubted(2, 2, 1, 3));
    }

    #[test]
    fn a_list_that_is_empty_cut_short_or_much_shorter_is_doubted() {
        assert!(is_doubted(0, 0, 5, 5));
        assert!(is_doubted(10_000, 25_050, 0, 0));
        assert!(is_doubted(10_000, 10_050, 50, 10_050));
        assert!(is_doubted(700, 700, 300, 1_000));
    }
}
