//! What was called how often, how it ended, and how much of it at the same time.

use std::collections::BTreeMap;

use serde::Serialize;

/// The counts that `/_sim/stats` shows.
#[derive(Default, Serialize)]
pub(crate) struct Stats {
    endpoints: BTreeMap<&'static str, EndpointStats>,
    max_concurrent: u64,
    #[serde(skip)]
    concurrent: u64,
}

#[derive(Default, Serialize)]
struct EndpointStats {
    calls: u64,
    /// By errcode; `http_502`, `body`, `redirect` and `cut` for injected failures without one.
    errors: BTreeMap<String, u64>,
    max_concurrent: u64,
    #[serde(skip)]
    concurrent: u64,
}

impl Stats {
    /// Counts a call that begins.
    pub(crate) fn started(&mut self, path: &'static str) {
        self.concurrent += 1;
        self.max_concurrent = self.max_concurrent.max(self.concurrent);
        let endpoint = self.endpoints.entry(path).or_default();
        endpoint.calls += 1;
        endpoint.concurrent += 1;
        endpoint.max_concurrent = endpoint.max_concurrent.max(endpoint.concurrent);
    }

    /// Counts the end of a call that was counted as it began.
    pub(crate) fn finished(&mut self, path: &'static str) {
        self.concurrent -= 1;
        self.endpoints.entry(path).or_default().concurrent -= 1;
    }

    /// Counts how such a call failed: an errcode, `http_502`, `body`, `redirect` or `cut`.
    pub(crate) fn failed(&mut self, path: &'static str, how: String) {
        *self.endpoints.entry(path).or_default().errors.entry(how).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_calls_at_once_are_remembered_after_they_ended() {
        let mut stats = Stats::default();
        stats.started("/a");
        stats.started("/b");
        stats.started("/a");
        ["/a", "/b", "/a"].into_iter().for_each(|path| stats.finished(path));
        stats.started("/a");
        assert_eq!(stats.max_concurrent, 3);
        assert_eq!((stats.endpoints["/a"].calls, stats.endpoints["/a"].max_concurrent), (3, 2));
        assert_eq!(stats.concurrent, 1);
    }
}
