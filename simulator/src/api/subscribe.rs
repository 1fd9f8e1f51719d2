//! `/cgi-bin/message/subscribe/send`: the mini-program's subscribe messages, one for each time their user accepted.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::answer::Answer;
use crate::api::call::ApiCall;
use crate::api::messages::{accepted, within_limit};
use crate::state::State;
use crate::world::World;
use crate::world::accounts::{Account, Kind};
use crate::world::event::What;
use crate::world::inbox::{Channel, Message};
use crate::world::refusal::Refusal;
use crate::world::templates::Template;

/// The path of this family's one endpoint.
pub(crate) const SEND: &str = "/cgi-bin/message/subscribe/send";

/// There is no `client_msg_id`: the same call twice is two messages.
#[derive(Deserialize)]
struct SubscribeMessage {
    #[serde(default)]
    touser: String,
    #[serde(default)]
    template_id: String,
    page: Option<String>,
    miniprogram_state: Option<String>,
    lang: Option<String>,
    data: Map<String, Value>,
}

impl SubscribeMessage {
    /// The message, and its template.
    fn message(self, world: &World, account: &Account) -> Result<(Message, &'static Template), Refusal> {
        let user = account.openids.user(&self.touser).ok_or_else(|| Refusal::new(40003))?;
        let template = Template::of(account, &self.template_id)?;
        if !world.console.has(template.id) {
            return Err(Refusal::new(40037));
        }
        let page = self.page.filter(|page| !page.is_empty());
        if page.as_deref().is_some_and(|page| !world.console.publishes(page)) {
            return Err(Refusal::new(41030));
        }
        within_limit(self.miniprogram_state.as_deref(), 40035)?;
        within_limit(self.lang.as_deref(), 40035)?;
        let message = Message {
            channel: Channel::Subscribe,
            user,
            msgid: 0,
            data: template.fill(&self.data)?,
            template_id: self.template_id,
            client_msg_id: None,
            page,
            url: None,
            at: world.clock.now(),
            miniprogram_state: self.miniprogram_state,
            lang: self.lang,
            receipt: None,
        };
        Ok((message, template))
    }
}

/// POST /cgi-bin/message/subscribe/send
pub(crate) fn send(state: &mut State, call: &ApiCall) -> Answer {
    let account = call.authorize(&mut state.world, Kind::MiniProgram)?;
    let (mut message, template) = call.json::<SubscribeMessage>()?.message(&state.world, account)?;
    if call.overlaps {
        let errmsg = "Cannot make concurrent calls to the same OpenID, please try again";
        return Err(Refusal::saying(43108, errmsg));
    }
    let user = message.user;
    state.world.subscriptions.take(user, template.id)?;
    message.msgid = state.world.inbox.new_msgid(message.at);
    let msgid = message.msgid;
    let arrived = !state.mini_callbacks.lock().system_fails();
    if arrived {
        state.deliver(message);
    }
    state.emit(user, What::Sent { msgid, template_id: template.id, arrived });
    Ok(accepted(msgid))
}
