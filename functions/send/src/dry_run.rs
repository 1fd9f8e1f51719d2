//! POST /send?dry_run=true: who would get what. Nothing is written, counted or sent.

use std::collections::BTreeMap;

use contract::{Channel, DryRun, Preview, PreviewCard, PreviewLine, SendRequest};
use shared::Error;
use shared::catalog::{Catalog, Unfit};
use shared::job::{Fallback, Message};
use shared::preflight::{Lists, preflight_card, preflight_entry};
use shared::wechat::templates::Line;

use crate::accept::rejected;
use crate::templates::{in_order, shown};
use crate::{Function, notification};

impl Function {
    /// What [`Self::accept`] would come to.
    pub(crate) async fn dry_run(&self, call: &SendRequest, catalog: &Catalog) -> Result<DryRun, Error> {
        let notification = notification(catalog, &call.notification)?;
        let needs = notification.placeholders(call.page.as_deref());
        let address = self.address(notification, call, &needs, Unfit::to_string);
        let ((recipients, messages), listed) = tokio::try_join!(address, self.template_lists())?;
        let lists = listed.known();
        let preview = |message: Message| {
            let cards = cards(&message, &notification.template_id);
            let problems = |card: &Card<'_>| {
                preflight_card((&call.notification, notification), card.channel, card.data, lists)
            };
            Preview {
                n: message.n,
                to: recipients[message.n as usize - 1].to.clone(),
                channel: message.channel(),
                problems: cards.iter().flat_map(problems).collect(),
                card: shown_card(&cards[0], lists),
            }
        };
        Ok(DryRun {
            messages: messages.into_iter().map(preview).collect(),
            rejected: recipients.iter().filter_map(rejected).collect(),
            problems: preflight_entry(&call.notification, notification, lists),
        })
    }
}

/// A filled card.
struct Card<'a> {
    channel: Channel,
    template_id: &'a str,
    page: &'a Option<String>,
    data: &'a BTreeMap<String, String>,
}

/// A message's cards in the order in which they are tried: the Official Account's, if the user follows.
fn cards<'a>(message: &'a Message, template_id: &'a str) -> Vec<Card<'a>> {
    let Message { oa_openid, page, data, fallback, .. } = message;
    let template = Card { channel: Channel::Template, template_id, page, data };
    let fallback = fallback.as_ref().map(|Fallback { template_id, page, data, .. }| Card {
        channel: Channel::Subscribe,
        template_id,
        page,
        data,
    });
    Some(template).filter(|_| !oa_openid.is_empty()).into_iter().chain(fallback).collect()
}

/// As the user would see it.
fn shown_card(&Card { channel, template_id, page, data }: &Card<'_>, lists: Lists<'_>) -> PreviewCard {
    let template = lists.find(channel, template_id);
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
