//! From a call to a batch on the queue.

use std::collections::HashSet;
use std::time::Duration;

use contract::{Accepted, Reason, Recipient, Rejected, SendRequest, To};
use serde_json::{Map, Value};
use shared::Error;
use shared::catalog::{Allow, Notification, Rendered};
use shared::job::{self, Job, Message, Progress};
use shared::session::{Caller, User};
use shared::store::{Addressed, Batch};

use crate::Function;

impl Function {
    /// Addresses the call's recipients, writes the batch and fills the queue.
    pub(crate) async fn accept(
        &self,
        caller: &Caller,
        call: &SendRequest,
        id: String,
    ) -> Result<Accepted, Error> {
        let notification = self.notification(&call.notification)?;
        if let Caller::User(user) = caller {
            self.allow(user, notification, call).await?;
        }
        let batch = Batch {
            id,
            sender: caller.sender(),
            notification: call.notification.clone(),
            data: call.data.clone(),
            page: call.page.clone(),
            recipients: self.address(notification, call).await?,
            created_at: self.clock.now(),
        };
        self.messages.put_batch(&batch).await?;
        self.enqueue(notification, &batch).await
    }

    /// Does what is left of [`Self::accept`] after a call that did not come to its end: the jobs may be
    /// on the queue already, and a second one sends nothing twice.
    pub(crate) async fn accept_again(
        &self,
        caller: &Caller,
        call: &SendRequest,
        id: &str,
    ) -> Result<Accepted, Error> {
        match self.messages.find(id).await? {
            Some((batch, _)) => self.enqueue(self.notification(&batch.notification)?, &batch).await,
            None => self.accept(caller, call, id.to_owned()).await,
        }
    }

    /// The answer that a batch was accepted with.
    pub(crate) async fn accepted(&self, id: &str) -> Result<Accepted, Error> {
        let found = self.messages.find(id).await?;
        let (batch, _) = found.ok_or_else(|| Error::unavailable("a settled batch is not there"))?;
        Ok(accepted(&batch))
    }

    async fn enqueue(&self, notification: &Notification, batch: &Batch) -> Result<Accepted, Error> {
        let messages = batch.accepted().filter_map(|(n, recipient)| {
            message(notification, batch, (n, recipient), Progress::default()).ok()
        });
        self.put_on_queue(notification, &batch.id, messages.collect()).await?;
        let accepted = accepted(batch);
        metrics::counter!("Accepted").increment(accepted.accepted);
        tracing::info!(
            batch = batch.id,
            notification = batch.notification,
            accepted = accepted.accepted,
            rejected = accepted.rejected.len(),
            "accepted a batch"
        );
        Ok(accepted)
    }

    /// Puts messages of a batch on the queue, in jobs.
    pub(crate) async fn put_on_queue(
        &self,
        notification: &Notification,
        batch: &str,
        messages: Vec<Message>,
    ) -> Result<(), Error> {
        let job = |messages: &[Message]| Job {
            batch: batch.to_owned(),
            template_id: notification.template_id.clone(),
            prefer: notification.prefer,
            queued_at: self.clock.now(),
            messages: messages.to_vec(),
        };
        let jobs: Vec<_> = messages.chunks(job::MOST_RECIPIENTS).map(job).collect();
        self.queue.enqueue(&jobs, Duration::ZERO).await
    }

    /// What a mini-program user may send is what the catalog opens, so many a day, to its own page.
    async fn allow(&self, user: &User, notification: &Notification, call: &SendRequest) -> Result<(), Error> {
        let own = |to: &Recipient| match to {
            Recipient::Openid(openid) => *openid == user.openid,
            Recipient::Unionid(unionid) => Some(unionid) == user.unionid.as_ref(),
            Recipient::OaOpenid(_) => false,
        };
        let allowed = match notification.allow {
            Allow::Service => false,
            Allow::Oneself => call.to.iter().all(|to| own(&to.recipient())),
            Allow::Anyone => true,
        };
        let name = &call.notification;
        if !allowed {
            return Err(Error::Forbidden(format!(
                "A mini-program user may not send `{name}` to these recipients; the catalog's `allow` opens it, or send it with a service key."
            )));
        }
        if call.page.is_some() {
            return Err(Error::Forbidden("Only a service key may choose the page.".into()));
        }
        let messages = u32::try_from(call.to.len()).unwrap_or(u32::MAX);
        let counter = format!("{name}#{}", user.openid);
        if self.state.count(&counter, notification.per_day, messages).await? {
            return Ok(());
        }
        let limit = notification.per_day;
        Err(Error::TooManyRequests(format!(
            "A user may send `{name}` {limit} times a day; try again tomorrow."
        )))
    }

    /// Finds each recipient's address and tries their values; whoever cannot be reached is rejected.
    async fn address(
        &self,
        notification: &Notification,
        call: &SendRequest,
    ) -> Result<Vec<Addressed>, Error> {
        let addresses = self.resolve(call.to.iter().map(To::recipient)).await?;
        let mut seen = HashSet::new();
        let addressed = call.to.iter().zip(addresses).map(|(to, address)| {
            let mut addressed = Addressed {
                to: to.recipient(),
                data: to.data.clone(),
                oa_openid: None,
                reason: address.as_ref().err().copied(),
                detail: None,
            };
            let Ok(oa_openid) = address else { return addressed };
            match render(notification, &call.data, &to.data, call.page.as_deref()) {
                Err(detail) => {
                    addressed.reason = Some(Reason::InvalidField);
                    addressed.detail = Some(detail);
                }
                Ok(rendered) if seen.insert((oa_openid.clone(), rendered.clone())) => {
                    addressed.oa_openid = Some(oa_openid);
                }
                Ok(_) => addressed.reason = Some(Reason::DuplicateRecipient),
            }
            addressed
        });
        Ok(addressed.collect())
    }
}

/// The answer that a batch was accepted with.
fn accepted(batch: &Batch) -> Accepted {
    let rejected = batch.recipients.iter().filter_map(|recipient| {
        let (to, reason, detail) = (recipient.to.clone(), recipient.reason?, recipient.detail.clone());
        Some(Rejected { to, reason, detail, remedy: reason.remedy().to_owned() })
    });
    Accepted { id: batch.id.clone(), accepted: batch.accepted().count() as u64, rejected: rejected.collect() }
}

/// A recipient's message, filled anew from what the batch keeps.
///
/// # Errors
/// The first value that does not fit, where the catalog has changed since.
pub fn message(
    notification: &Notification,
    batch: &Batch,
    (n, recipient): (u32, &Addressed),
    progress: Progress,
) -> Result<Message, String> {
    let rendered = render(notification, &batch.data, &recipient.data, batch.page.as_deref())?;
    let oa_openid = recipient.oa_openid.clone().unwrap_or_default();
    Ok(Message { n, oa_openid, page: rendered.page, data: rendered.data, progress })
}

/// Fills a notification with the call's data and the recipient's own over it.
fn render(
    notification: &Notification,
    data: &Map<String, Value>,
    own: &Map<String, Value>,
    page: Option<&str>,
) -> Result<Rendered, String> {
    if own.is_empty() {
        return notification.render(data, page);
    }
    let mut data = data.clone();
    data.extend(own.clone());
    notification.render(&data, page)
}
