//! GET /send/{id}: the batch, with every message's state and reason.

use std::collections::{BTreeMap, HashMap};

use contract::routes::{SEND, Who};
use contract::{BatchStatus, Channel, MessageState, MessageStatus, Reason};
use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use shared::session::Caller;
use shared::store::{Addressed, Batch, Record};
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
        let after = match after {
            Some(after) => after
                .parse()
                .map_err(|_| Error::InvalidRequest("`after` must be a message's number.".to_owned()))?,
            None => 0,
        };
        let (batch, records) = self.messages.find(id).await?.ok_or_else(unknown)?;
        // Whoever may send reads what was sent under their name.
        let is_own = batch.sender == caller.sender() && caller.may(SEND.who).is_ok();
        if !is_own {
            // To a user it is as if there were none.
            caller.may(who)?;
            if let Caller::User(_) = caller {
                return Err(unknown());
            }
        }
        let reader = Reader::of(caller);
        let mut status = status(&reader, batch, records, after);
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

fn status(reader: &Reader<'_>, batch: Batch, records: Vec<Record>, after: u32) -> BatchStatus {
    let mut records: HashMap<_, _> = records.into_iter().map(|record| (record.n, record)).collect();
    let mut counts = BTreeMap::new();
    for (n, one) in batch.accepted() {
        let state = records.get(&n).map_or(MessageState::Queued, |record| record.state);
        *counts.entry(reader.state(&one.to, state)).or_default() += 1;
    }
    let mut rest = batch.accepted().filter(|(n, _)| *n > after);
    let page = rest.by_ref().take(PAGE);
    let message =
        |(n, one): (u32, &Addressed)| reader.message(message(n, one, records.remove(&n), batch.created_at));
    let messages: Vec<_> = page.map(message).collect();
    let next = rest.next().and(messages.last().map(|message| message.n));
    BatchStatus { id: batch.id.clone(), notification: batch.notification.clone(), counts, messages, next }
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
        Some(errcode) => errcode::remedy(errcode, reason, None),
        None => reason.remedy().to_owned(),
    }
}
