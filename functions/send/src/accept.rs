//! From a call to a batch on the queue.

use std::collections::HashSet;
use std::time::Duration;

use contract::{Accepted, Data, MessageState, Reason, Recipient, Rejected, SendRequest, To};
use serde_json::Map;
use shared::Error;
use shared::catalog::{Card, Catalog, Notification, Rendered, Unfit};
use shared::job::{self, Fallback, Job, Message, Progress};
use shared::session::{Caller, User};
use shared::store::{Addressed, Batch, Record};

use crate::reader::Reader;
use crate::resolve::Address;
use crate::{Function, notification};

impl Function {
    /// Addresses the call's recipients, writes the batch and fills the queue.
    pub(crate) async fn accept(
        &self,
        caller: &Caller,
        call: &SendRequest,
        id: String,
        catalog: &Catalog,
    ) -> Result<Accepted, Error> {
        let notification = notification(catalog, &call.notification)?;
        if let Caller::User(user) = caller {
            self.count(user, notification, call).await?;
        }
        let needs = notification.placeholders(call.page.as_deref());
        let (recipients, messages) = self.address(notification, call, &needs, |unfit| unfit.first()).await?;
        let batch = Batch {
            id,
            sender: caller.sender(),
            notification: call.notification.clone(),
            entry: Some(notification.clone()),
            data: needed(&call.data, &needs),
            page: call.page.clone(),
            recipients,
            created_at: self.clock.now(),
        };
        self.messages.put_batch(&batch).await?;
        self.put_on_queue(notification, &batch, batch.created_at, messages).await?;
        Ok(report(caller, &batch))
    }

    /// Does what is left of [`Self::accept`] after a call that did not come to its end: the jobs may be
    /// on the queue already, and a second one sends nothing twice.
    pub(crate) async fn accept_again(
        &self,
        caller: &Caller,
        call: &SendRequest,
        id: &str,
        catalog: &Catalog,
    ) -> Result<Accepted, Error> {
        let Some((batch, _)) = self.messages.find(id).await? else {
            return self.accept(caller, call, id.to_owned(), catalog).await;
        };
        let notification = match &batch.entry {
            Some(entry) => entry,
            None => notification(catalog, &batch.notification)?,
        };
        let (messages, unfit) = fill(notification, &batch);
        self.put_on_queue(notification, &batch, batch.created_at, messages).await?;
        for (n, detail) in unfit {
            let record =
                Record::queued(n, self.clock.now()).ended(MessageState::Failed, Reason::InvalidField);
            self.messages.put_record(&batch.id, &Record { detail: Some(detail), ..record }).await?;
        }
        Ok(report(caller, &batch))
    }

    /// The answer that a batch was accepted with.
    pub(crate) async fn accepted(&self, caller: &Caller, id: &str) -> Result<Accepted, Error> {
        let found = self.messages.find(id).await?;
        let (batch, _) = found.ok_or_else(|| Error::unavailable("a settled batch is not there"))?;
        Ok(accepted(caller, &batch))
    }

    /// Puts messages of a batch on the queue, in jobs.
    pub(crate) async fn put_on_queue(
        &self,
        notification: &Notification,
        batch: &Batch,
        accepted_at: i64,
        messages: Vec<Message>,
    ) -> Result<(), Error> {
        let job = |messages: &[Message]| Job {
            batch: batch.id.clone(),
            template_id: notification.template_id.clone(),
            prefer: notification.prefer,
            accepted_at,
            keep: i64::try_from(notification.keep.as_secs()).unwrap_or(i64::MAX),
            enqueued_at: Some(self.clock.now()),
            messages: messages.to_vec(),
            newer: Map::new(),
        };
        if messages.iter().any(|message| message.by_fallback().is_none()) {
            self.gone.park_if_gone(&self.oa_appid, &notification.template_id).await;
        }
        if let Some(fallback) = messages.iter().find_map(Message::by_fallback) {
            self.gone.park_if_gone(&self.mini_appid, &fallback.template_id).await;
        }
        // An older version cannot parse a job of those who have no follower's address, and leaves all of it alone.
        let (followers, others): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| !message.oa_openid.is_empty());
        let jobs = [followers, others];
        let jobs: Vec<_> =
            jobs.iter().flat_map(|messages| messages.chunks(job::MOST_RECIPIENTS)).map(job).collect();
        self.queue.enqueue(&jobs, Duration::ZERO).await
    }

    /// A mini-program user may send a notification so many times a day.
    async fn count(&self, user: &User, notification: &Notification, call: &SendRequest) -> Result<(), Error> {
        let messages = u32::try_from(call.to.len()).unwrap_or(u32::MAX);
        let counter = format!("{}#{}", call.notification, user.openid);
        let limit = notification.per_day;
        if self.state.count(&counter, limit, messages).await? {
            return Ok(());
        }
        Err(Error::TooManyRequests(format!(
            "A user may send this notification {limit} times a day; try again tomorrow."
        )))
    }

    /// Finds each recipient's address and fills their message; whoever cannot be reached is rejected, and whose data
    /// does not fit, with what `tell` makes of that.
    pub(crate) async fn address(
        &self,
        notification: &Notification,
        call: &SendRequest,
        needs: &HashSet<&str>,
        tell: fn(&Unfit) -> String,
    ) -> Result<(Vec<Addressed>, Vec<Message>), Error> {
        let fallback = notification.fallback().map(|card| card.template_id);
        let addresses = self.resolve(call.to.iter().map(To::recipient), fallback).await?;
        let (mut recipients, mut messages, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for ((n, to), address) in (1..).zip(&call.to).zip(addresses) {
            let mut recipient =
                Addressed { data: needed(&to.data, needs), ..Addressed::rejected(to.recipient()) };
            let filling = Filling { shared: &call.data, own: &to.data, page: call.page.as_deref() };
            match address.map(|address| (filling.cards(notification, &address), address)) {
                Err(unreachable) => recipient.reason = Some(unreachable),
                Ok((Err(unfit), _)) => {
                    (recipient.reason, recipient.detail) = (Some(Reason::InvalidField), Some(tell(&unfit)));
                }
                Ok((Ok(cards), address))
                    if seen.insert((address.user().to_owned(), cards.shown().cloned())) =>
                {
                    messages.push(message((n, &recipient.to), &address, cards));
                    (recipient.oa_openid, recipient.openid) = (address.oa_openid, address.openid);
                }
                Ok(_) => recipient.reason = Some(Reason::DuplicateRecipient),
            }
            recipients.push(recipient);
        }
        Ok((recipients, messages))
    }
}

/// A batch's messages, filled from the entry it was accepted with; and which of them do not fit it, and why: the
/// rules for values may have changed since.
fn fill(notification: &Notification, batch: &Batch) -> (Vec<Message>, Vec<(u32, String)>) {
    let (mut messages, mut unfit) = (Vec::new(), Vec::new());
    for (n, recipient) in batch.reachable() {
        match fill_one(notification, batch, (n, recipient)) {
            Ok(message) => messages.push(message),
            Err(what) => unfit.push((n, what.first())),
        }
    }
    (messages, unfit)
}

/// A recipient's message, filled anew from what the batch keeps.
///
/// # Errors
/// What does not fit.
pub fn fill_one(
    notification: &Notification,
    batch: &Batch,
    (n, recipient): (u32, &Addressed),
) -> Result<Message, Unfit> {
    let filling = Filling { shared: &batch.data, own: &recipient.data, page: batch.page.as_deref() };
    let address = Address::of(recipient);
    Ok(message((n, &recipient.to), &address, filling.cards(notification, &address)?))
}

/// What fills a recipient's cards.
struct Filling<'a> {
    shared: &'a Data,
    own: &'a Data,
    page: Option<&'a str>,
}

/// What a recipient gets: the one, or if that cannot be, the other.
struct Cards {
    template: Option<Rendered>,
    fallback: Option<(String, Rendered)>,
}

impl Cards {
    /// The one that is tried first.
    fn shown(&self) -> Option<&Rendered> {
        self.template.as_ref().or(self.fallback.as_ref().map(|(_, card)| card))
    }
}

impl Filling<'_> {
    /// The cards that this address can get.
    ///
    /// # Errors
    /// What does not fit. Both have to fit, whoever it is for: it must not tell who follows.
    fn cards(&self, notification: &Notification, address: &Address) -> Result<Cards, Unfit> {
        let render = |card: Card<'_>| card.render(self.shared, self.own, self.page);
        let template = render(notification.card());
        let fallback = notification.fallback().map(|card| (card.template_id.to_owned(), render(card)));
        let (template, fallback) = match (template, fallback) {
            (Ok(template), None) => (template, None),
            (Ok(template), Some((id, Ok(fallback)))) => (template, Some((id, fallback))),
            (template, fallback) => {
                let of_the_fallback =
                    fallback.and_then(|(_, card)| card.err()).into_iter().flat_map(|unfit| unfit.0);
                let of_the_fallback = of_the_fallback.map(|what| format!("fallback: {what}"));
                let of_the_template = template.err().into_iter().flat_map(|unfit| unfit.0);
                return Err(Unfit(of_the_template.chain(of_the_fallback).collect()));
            }
        };
        let fallback = fallback.filter(|_| address.openid.is_some());
        match (&address.oa_openid, &fallback) {
            (None, None) => Err(Unfit(vec![
                "fallback: the catalog has none any more, and the user does not follow".to_owned(),
            ])),
            (follower, _) => Ok(Cards { template: follower.as_ref().map(|_| template), fallback }),
        }
    }
}

fn message((n, to): (u32, &Recipient), address: &Address, Cards { template, fallback }: Cards) -> Message {
    let (page, data) = template.map(|card| (card.page, card.data)).unwrap_or_default();
    let fallback = address.openid.clone().zip(fallback).map(|(openid, (template_id, card))| Fallback {
        openid,
        template_id,
        page: card.page,
        data: card.data,
    });
    Message {
        n,
        oa_openid: address.oa_openid.clone().unwrap_or_default(),
        is_typed: matches!(to, Recipient::OaOpenid(_)),
        page,
        data,
        fallback,
        progress: Progress::default(),
        newer: Map::new(),
    }
}

/// What of `data` fills something: nothing else is kept.
fn needed(data: &Data, needs: &HashSet<&str>) -> Data {
    let needed = data.iter().filter(|(name, _)| needs.contains(name.as_str()));
    needed.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The answer that a batch was accepted with, said in the log and counted as well.
fn report(caller: &Caller, batch: &Batch) -> Accepted {
    let accepted = accepted(caller, batch);
    metrics::counter!("Accepted").increment(accepted.accepted);
    tracing::info!(
        batch = batch.id,
        notification = batch.notification,
        accepted = accepted.accepted,
        rejected = accepted.rejected.len(),
        "accepted a batch"
    );
    accepted
}

/// The answer that a batch was accepted with.
fn accepted(caller: &Caller, batch: &Batch) -> Accepted {
    let reader = Reader::of(caller);
    let rejected = batch.recipients.iter().filter_map(rejected).map(|rejected| reader.rejected(rejected));
    Accepted { id: batch.id.clone(), accepted: batch.accepted().count() as u64, rejected: rejected.collect() }
}

/// Why a recipient gets nothing, where that is so.
pub fn rejected(recipient: &Addressed) -> Option<Rejected> {
    let (to, reason, detail) = (recipient.to.clone(), recipient.reason?, recipient.detail.clone());
    Some(Rejected { to, reason, detail, remedy: reason.remedy().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_longer_fits_is_named_and_the_rest_is_filled() {
        let catalog = Catalog::load(None).expect("the shipped catalog");
        let data = |applicant: &str| -> Data {
            let data = [
                ("applicant", applicant),
                ("kind", "a"),
                ("content", "b"),
                ("id", "1"),
                ("submitted_at", "10:00"),
            ];
            data.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        };
        let to = |applicant: &str| Addressed {
            data: data(applicant),
            oa_openid: Some("o1".to_owned()),
            ..Addressed::rejected(Recipient::OaOpenid("o1".to_owned()))
        };
        let batch = Batch {
            id: "b".to_owned(),
            sender: "s".to_owned(),
            notification: "approval_submitted".to_owned(),
            entry: None,
            data: Data::new(),
            page: None,
            recipients: vec![to("Li"), to(&"Li".repeat(11)), to("Wu")],
            created_at: 0,
        };
        let (messages, unfit) = fill(catalog.find("approval_submitted").expect("an entry"), &batch);
        assert_eq!(messages.iter().map(|message| message.n).collect::<Vec<_>>(), [1, 3]);
        assert!(messages.iter().all(|message| message.is_typed));
        let [(2, detail)] = &unfit[..] else { panic!("{unfit:?}") };
        assert!(detail.starts_with("thing1 takes at most 20 characters"), "{detail}");
    }
}
