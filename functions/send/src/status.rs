//! GET /send/{id}: the batch, with every message's state and reason.

use std::collections::HashMap;

use contract::routes::{SEND, Who};
use contract::{BatchStatus, Channel, Lang, MessageState, MessageStatus, Reason};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use shared::session::Caller;
use shared::store::{Addressed, Batch, BatchPage, Record, StateCounts, counted};
use shared::wechat::errcode;
use shared::{Error, http};

use crate::Function;
use crate::reader::Reader;

/// How many messages one answer shows.
const PAGE: usize = 100;

impl Function {
    /// What became of a batch, for its sender or a service key that may read.
    pub(crate) async fn status(
        &self,
        caller: &Caller,
        who: Who,
        id: &str,
        after: Option<&str>,
    ) -> Result<Response<Body>, Error> {
        let after: Option<u32> = after
            .map(str::parse)
            .transpose()
            .map_err(|_| Error::InvalidRequest("`after` must be a message's number.".to_owned()))?;
        let seen = match caller {
            Caller::Service(_) => self.messages.page(id, after, PAGE).await?.map(Seen::page),
            // They may name few, and are told of others less than they are counted as.
            Caller::User(_) => None,
        };
        let reader = Reader::of(caller);
        let seen = match seen {
            Some(seen) => seen,
            None => {
                let (batch, records) = self.messages.find(id).await?.ok_or_else(unknown)?;
                Seen::of(batch, records, (after, &reader))
            }
        };
        // Whoever may send reads what was sent under their name.
        let is_own = seen.sender == caller.sender() && caller.may(SEND.who).is_ok();
        if !is_own {
            // To a user it is as if there were none.
            caller.may(who)?;
            if let Caller::User(_) = caller {
                return Err(unknown());
            }
        }
        let mut status = seen.status(id, &reader);
        if let Caller::Service(_) = caller {
            self.say_what_is_waited_for(&mut status).await?;
        }
        Ok(http::json(StatusCode::OK, &status))
    }

    /// Where WeChat refuses all of an account's calls, what it says now, with the IP that it refused last.
    async fn say_what_is_waited_for(&self, status: &mut BatchStatus) -> Result<(), Error> {
        let is_parked = |message: &&mut MessageStatus| message.state == MessageState::Parked;
        if !status.messages.iter_mut().any(|message| is_parked(&message)) {
            return Ok(());
        }
        let (oa, mini) = tokio::try_join!(
            self.state.account_causes(&self.oa_appid),
            self.state.account_causes(&self.mini_appid)
        )?;
        for message in status.messages.iter_mut().filter(is_parked) {
            let causes = match message.channel {
                Channel::Template => &oa,
                Channel::Subscribe => &mini,
            };
            let cause = causes.iter().find(|cause| cause.errcode == message.errcode);
            if let Some(cause) = cause {
                message.remedy = Some(cause.remedy());
            }
        }
        Ok(())
    }
}

/// What is shown of a batch.
struct Seen {
    sender: String,
    notification: String,
    created_at: i64,
    counts: Option<StateCounts>,
    messages: Vec<(u32, Addressed, Option<Record>)>,
    has_more: bool,
}

impl Seen {
    fn page(page: BatchPage) -> Self {
        let BatchPage { sender, notification, created_at, recipients, mut records, has_more, counts } = page;
        let message = |(n, one): (u32, Addressed)| (n, one, records.remove(&n));
        let messages = recipients.into_iter().map(message).collect();
        Self { sender, notification, created_at, counts, messages, has_more }
    }

    fn of(batch: Batch, records: Vec<Record>, (after, reader): (Option<u32>, &Reader<'_>)) -> Self {
        let mut records: HashMap<_, _> = records.into_iter().map(|record| (record.n, record)).collect();
        let states = batch.accepted().map(|(n, one)| reader.state(&one.to, state(&records, n)));
        let counts = Some(counted(states)).filter(|_| after.is_none());
        let mut rest = batch.accepted().filter(|(n, _)| *n > after.unwrap_or_default());
        let page = rest.by_ref().take(PAGE).map(|(n, one)| (n, one.clone(), records.remove(&n)));
        let (messages, has_more) = (page.collect(), rest.next().is_some());
        let (sender, notification) = (batch.sender.clone(), batch.notification.clone());
        Self { sender, notification, created_at: batch.created_at, counts, messages, has_more }
    }

    fn status(self, id: &str, reader: &Reader<'_>) -> BatchStatus {
        let last = self.messages.last().map(|(n, ..)| *n);
        let message = |(n, one, record)| reader.message(message(n, &one, record, self.created_at));
        BatchStatus {
            id: id.to_owned(),
            notification: self.notification,
            counts: self.counts,
            messages: self.messages.into_iter().map(message).collect(),
            next: last.filter(|_| self.has_more),
        }
    }
}

fn state(records: &HashMap<u32, Record>, n: u32) -> MessageState {
    records.get(&n).map_or(MessageState::Queued, |record| record.state)
}

fn message(n: u32, to: &Addressed, record: Option<Record>, created_at: i64) -> MessageStatus {
    let queued = || Record { channel: to.channel(), ..Record::queued(n, created_at) };
    let record = record.unwrap_or_else(queued);
    MessageStatus {
        n,
        to: to.to.clone(),
        channel: record.channel,
        state: record.state,
        reason: record.reason,
        detail: record.detail,
        remedy: record.reason.map(|reason| remedy(reason, record.state, record.errcode)),
        errcode: record.errcode,
        rid: record.rid,
        attempts: record.attempts,
        updated_at: record.updated_at,
    }
}

/// What whoever asks for a batch is told that is not there, or not theirs.
pub fn unknown() -> Error {
    Error::NotFound("There is no such batch, or it is not yours.".into())
}

/// What is waited for is named by WeChat's code; what is over, by its reason.
fn remedy(reason: Reason, state: MessageState, errcode: Option<i64>) -> String {
    match errcode.filter(|_| state == MessageState::Parked) {
        Some(errcode) => errcode::remedy(Lang::En, errcode, reason, None),
        None => reason.remedy().to_owned(),
    }
}
