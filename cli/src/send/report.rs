//! What a run of `queqiao send` came to.

use std::time::Duration;

use contract::Accepted;
use serde::Serialize;

use super::follow::{self, Followed, MOST_TOLD};
use crate::api::Api;
use crate::lang::{pick, say};
use crate::outcome::Outcome;
use crate::{Failure, answer_json, note, progress, table, tell, why};

/// What it came to, so far.
#[derive(Serialize)]
pub struct Report {
    /// The run's key; a call's is this and its place.
    pub key: String,
    /// What was accepted, call by call.
    pub batches: Vec<Accepted>,
    /// How many lines of the file were left out.
    left_out: usize,
    /// How a verb is told which stack was meant.
    #[serde(skip)]
    target: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    followed: Option<Followed>,
    /// Whether it was to be followed, and could not be.
    #[serde(skip)]
    is_lost: bool,
}

impl Report {
    /// Nothing yet.
    pub fn new(key: String, left_out: usize, target: String) -> Self {
        Self { key, batches: Vec::new(), left_out, target, followed: None, is_lost: false }
    }

    /// Waits so long at most for what becomes of the messages.
    pub async fn follow(&mut self, api: &Api, patience: Duration) {
        if self.accepted() == 0 {
            return;
        }
        let bar = progress::bar(pick("messages", "条消息"));
        bar.set_length(self.accepted());
        let followed = follow::follow(api, &self.batches, patience, &bar).await;
        bar.finish_and_clear();
        match followed {
            Ok(followed) => self.followed = Some(followed),
            // They are on their way all the same.
            Err(error) => {
                note(&crate::with_causes(&error));
                self.is_lost = true;
            }
        }
    }

    fn accepted(&self) -> u64 {
        self.batches.iter().map(|batch| batch.accepted).sum()
    }

    fn rejected(&self) -> usize {
        self.batches.iter().map(|batch| batch.rejected.len()).sum()
    }

    /// How far it came.
    ///
    /// # Errors
    /// When nobody was accepted.
    pub fn outcome(&self) -> Result<Outcome, Failure> {
        if self.accepted() == 0 {
            return Err(pick("Nobody was accepted.", "没有受理任何收件人。").into());
        }
        let is_delivered = self.followed.as_ref().is_none_or(Followed::is_delivered);
        Ok(Outcome::of(self.rejected() == 0 && self.left_out == 0 && is_delivered && !self.is_lost))
    }

    /// Tells it.
    pub fn print(&self, json: bool) {
        if json {
            return answer_json(self);
        }
        for Accepted { id, accepted, rejected } in &self.batches {
            let rejected = rejected.len();
            tell(&say!(
                "{id}: {accepted} accepted, {rejected} rejected",
                "{id}：受理 {accepted} 位，拒绝 {rejected} 位"
            ));
        }
        if let Some(followed) = &self.followed {
            let counts = followed.counts.iter().map(|(state, count)| format!("{count} {state}"));
            tell(&counts.collect::<Vec<_>>().join(pick(", ", "，")));
        }
        self.print_those_without();
        tell_left_out(self.left_out);
        let all = || self.batches.iter().map(|batch| batch.id.clone()).collect();
        let open = if self.is_lost {
            all()
        } else {
            self.followed.iter().flat_map(|seen| seen.open.clone()).collect()
        };
        let open: Vec<String> = open;
        for id in open {
            let target = &self.target;
            note(&say!(
                "Not all is known yet: `queqiao status {id}{target}` tells it later.",
                "还有消息没有结果：稍后用 `queqiao status {id}{target}` 查看。"
            ));
        }
    }

    /// Who got nothing, or nothing yet, and why.
    fn print_those_without(&self) {
        let mut table = table(pick(["to", "state", "why"], ["收件人", "状态", "原因"]));
        let rejected = self.batches.iter().flat_map(|batch| &batch.rejected).map(|rejected| {
            let state = pick("rejected", "已拒绝").to_owned();
            [why::name(&rejected.to).to_owned(), state, why::of_rejected(rejected)]
        });
        let undelivered = self.followed.iter().flat_map(|followed| &followed.undelivered).map(|one| {
            let message = &one.message;
            [why::name(&message.to).to_owned(), message.state.to_string(), why::of_message(message)]
        });
        for row in rejected.chain(undelivered).take(MOST_TOLD) {
            table.add_row(row);
        }
        if !table.is_empty() {
            tell(&table.to_string());
        }
        let all = self.rejected() as u64 + self.followed.as_ref().map_or(0, Followed::undelivered);
        let more = all.saturating_sub(MOST_TOLD as u64);
        if more > 0 {
            let target = &self.target;
            note(&say!(
                "{more} more were rejected or are not known to have arrived: --json tells of all that were rejected, `queqiao status ID --all{target}` of the others.",
                "还有 {more} 位被拒绝，或者不能确定收到了：用 --json 列出全部被拒绝的，用 `queqiao status ID --all{target}` 查看其余的。"
            ));
        }
    }
}

/// Tells how many lines of the file nothing came of.
pub fn tell_left_out(lines: usize) {
    if lines > 0 {
        note(&say!("Lines left out: {lines}.", "跳过了 {lines} 行。"));
    }
}
