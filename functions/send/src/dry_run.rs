//! POST /send?dry_run=true: who would get what. Nothing is written, counted or sent.

use contract::{DryRun, Preview, PreviewCard, PreviewLine, SendRequest};
use shared::Error;
use shared::catalog::Catalog;
use shared::job::Message;
use shared::preflight::{Lists, preflight_entry};
use shared::wechat::templates::Line;

use crate::accept::rejected;
use crate::templates::{in_order, shown};
use crate::{Function, notification};

impl Function {
    /// What [`Self::accept`] would come to.
    pub(crate) async fn dry_run(&self, call: &SendRequest, catalog: &Catalog) -> Result<DryRun, Error> {
        let notification = notification(catalog, &call.notification)?;
        let needs = notification.placeholders(call.page.as_deref());
        let ((recipients, messages), listed) =
            tokio::try_join!(self.address(notification, call, &needs), self.template_lists())?;
        let preview = |message: Message| Preview {
            n: message.n,
            to: recipients[message.n as usize - 1].to.clone(),
            channel: message.channel(),
            card: card(&message, &notification.template_id, listed.known()),
        };
        Ok(DryRun {
            messages: messages.into_iter().map(preview).collect(),
            rejected: recipients.iter().filter_map(rejected).collect(),
            problems: preflight_entry(&call.notification, notification, listed.known()),
        })
    }
}

/// The card that goes first: the Official Account's, if the user follows.
fn card(message: &Message, template_id: &str, lists: Lists<'_>) -> PreviewCard {
    let (template_id, page, data) = match message.by_fallback() {
        Some(fallback) => (fallback.template_id.as_str(), &fallback.page, &fallback.data),
        None => (template_id, &message.page, &message.data),
    };
    let template = lists.find(message.channel(), template_id);
    let fields = in_order(template, data.keys().map(String::as_str));
    let line = |Line { label, field, .. }: Line| {
        let value = data.get(&field)?.clone();
        Some(PreviewLine { label: shown(label), field, value })
    };
    PreviewCard {
        template_id: template_id.to_owned(),
        title: template.map(|template| template.title.clone()),
        page: page.clone(),
        lines: fields.filter_map(line).collect(),
    }
}
