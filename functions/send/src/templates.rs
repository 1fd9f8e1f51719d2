//! GET /templates: the catalog beside the templates that the accounts have.

use std::collections::HashSet;

use contract::{CardLine, Channel, EntryCard, FetchedAt, Templates, UnusedTemplate};
use shared::Error;
use shared::catalog::{Catalog, Text};
use shared::preflight::preflight_entry;
use shared::store::TemplateLists;
use shared::wechat::templates::{Line, Template};

use crate::Function;

impl Function {
    /// Every entry of the catalog in force with its template, and the templates of none.
    pub(crate) async fn templates(&self) -> Result<Templates, Error> {
        let (catalog, listed) = tokio::try_join!(self.catalog.current(), self.template_lists())?;
        Ok(side_by_side(&catalog, &listed))
    }

    /// What is known of the accounts' templates.
    pub(crate) async fn template_lists(&self) -> Result<TemplateLists, Error> {
        self.state.template_lists(&self.oa_appid, &self.mini_appid).await
    }
}

fn side_by_side(catalog: &Catalog, listed: &TemplateLists) -> Templates {
    let (lists, mut entries, mut used) = (listed.known(), Vec::new(), HashSet::new());
    for (name, notification) in catalog.entries() {
        let problems = preflight_entry(name, notification, lists);
        for (channel, card) in notification.cards() {
            let template = lists.find(channel, card.template_id);
            used.insert((channel, card.template_id));
            entries.push(EntryCard {
                notification: name.to_owned(),
                channel,
                template_id: card.template_id.to_owned(),
                title: template.map(|template| template.title.clone()),
                page: card.page.map(str::to_owned),
                lines: lines(template, card.fields.keys().map(String::as_str), |field| {
                    card.fields.get(field)
                }),
                problems: problems.iter().filter(|problem| problem.channel == channel).cloned().collect(),
            });
        }
    }
    let unused = [Channel::Template, Channel::Subscribe].into_iter().flat_map(|channel| {
        let templates = lists.of(channel).into_iter().flatten().map(move |template| (channel, template));
        templates.filter(|(channel, template)| !used.contains(&(*channel, template.id.as_str())))
    });
    let unused = unused.map(|(channel, template)| UnusedTemplate {
        channel,
        template_id: template.id.clone(),
        title: template.title.clone(),
        lines: lines(Some(template), [].into_iter(), |_| None),
    });
    let fetched_at = FetchedAt {
        oa: listed.oa.as_ref().map(|listed| listed.fetched_at),
        mini: listed.mini.as_ref().map(|listed| listed.fetched_at),
    };
    Templates { entries, unused: unused.collect(), fetched_at }
}

fn lines<'a>(
    template: Option<&'a Template>,
    fields: impl Iterator<Item = &'a str>,
    text: impl Fn(&str) -> Option<&'a Text>,
) -> Vec<CardLine> {
    let line = |line: Line| {
        let text = text(&line.field);
        CardLine {
            label: shown(line.label),
            text: text.map(|text| text.text().to_owned()),
            format: text.and_then(Text::format),
            field: line.field,
            values: line.values,
        }
    };
    in_order(template, fields).map(line).collect()
}

/// A template's lines in their order, and then fields that are not the template's.
pub fn in_order<'a>(
    template: Option<&'a Template>,
    fields: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = Line> {
    let own = template.map(|template| &template.lines[..]).unwrap_or_default();
    let foreign = fields.filter(|field| !own.iter().any(|line| line.field == *field));
    let foreign = foreign.map(|field| Line { field: field.to_owned(), ..Line::default() });
    own.iter().cloned().chain(foreign)
}

/// A label, where the template has one.
pub fn shown(label: String) -> Option<String> {
    Some(label).filter(|label| !label.is_empty())
}
