//! WeChat's list of followers, page after page.

use std::collections::{HashSet, VecDeque};

use shared::wechat::{Failure, followers};

use crate::run::{Patience, Run};

/// Under this name its calls are counted.
pub const USER_GET: &str = "user/get";

/// How many pages wait at most: 290 KB each. A walk that goes on may well end before it comes to them.
const MOST_AHEAD: usize = 100;
const MOST_AHEAD_LATER: usize = 1;

/// The list, some pages of which may wait to be walked.
pub struct List {
    /// Pages, and at their end perhaps why there are no more: what was listed before is walked first.
    waiting: VecDeque<Result<Page, Failure>>,
    /// The next page to be listed is the one after this openid.
    after: Option<String>,
    /// Where pages began: one that comes again would have the list go round for ever.
    begun: HashSet<String>,
    has_ended: bool,
}

/// A page.
pub struct Page {
    /// Up to 10,000, each on a line: in one piece they take 29 bytes each, and no allocation of their own.
    pub openids: String,
    /// How many that is.
    pub count: u64,
    /// All followers, by WeChat's own count.
    pub total: u64,
    /// Where the next page starts; `None` after the last.
    pub next: Option<String>,
}

impl List {
    /// The list from this openid on, or from its beginning.
    pub fn after(after: Option<String>) -> Self {
        let begun = after.iter().cloned().collect();
        Self { waiting: VecDeque::new(), after, begun, has_ended: false }
    }

    /// The next page.
    pub async fn next(&mut self, run: &Run<'_>) -> Result<Page, Failure> {
        match self.waiting.pop_front() {
            Some(page) => page,
            None => self.list(run).await,
        }
    }

    /// Lists a page, if none is waiting and there is one.
    pub async fn prefetch_one(&mut self, run: &Run<'_>) {
        if self.waiting.is_empty() && !self.has_ended {
            let page = self.list(run).await;
            self.waiting.push_back(page);
        }
    }

    /// Lists page after page while it is worth while, but not too many.
    pub async fn prefetch_while(&mut self, run: &Run<'_>, is_worth_while: impl Fn() -> bool) {
        let most = if self.after.is_none() { MOST_AHEAD } else { MOST_AHEAD_LATER };
        while is_worth_while() && !self.has_ended && self.waiting.len() < most {
            let page = self.list(run).await;
            self.waiting.push_back(page);
        }
    }

    async fn list(&mut self, run: &Run<'_>) -> Result<Page, Failure> {
        let after = self.after.take();
        let request = followers::page(after.as_deref());
        let page = run.call(USER_GET, &request, Patience::All).await;
        let page = page.inspect_err(|_| self.has_ended = true)?;
        let total = page.total;
        let (openids, next) = page.into_parts();
        let next = next.filter(|next| self.begun.insert(next.clone()));
        self.has_ended = next.is_none();
        self.after.clone_from(&next);
        Ok(Page { count: openids.len() as u64, openids: openids.join("\n"), total, next })
    }
}
