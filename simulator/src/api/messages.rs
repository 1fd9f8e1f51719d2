//! `/cgi-bin/message/template/send`: template messages, and every reason why not.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::answer::Answer;
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::World;
use crate::world::accounts::{Account, Kind};
use crate::world::event::{Status, What};
use crate::world::inbox::{Channel, Message};
use crate::world::refusal::Refusal;
use crate::world::templates::Template;

/// The path of this family's one endpoint.
pub(crate) const SEND: &str = "/cgi-bin/message/template/send";

/// The longest url or `client_msg_id`, in bytes: WeChat has limits of its own (40039 is `url`'s) and names none of them.
const LONGEST: usize = 1024;

#[derive(Deserialize)]
struct TemplateMessage {
    #[serde(default)]
    touser: String,
    #[serde(default)]
    template_id: String,
    url: Option<String>,
    miniprogram: Option<Miniprogram>,
    client_msg_id: Option<String>,
    data: Map<String, Value>,
}

#[derive(Deserialize)]
struct Miniprogram {
    #[serde(default)]
    appid: String,
    pagepath: Option<String>,
}

impl Miniprogram {
    fn page(self) -> Result<Option<String>, Refusal> {
        let account = Account::by_appid(&self.appid);
        if account.is_none_or(|account| account.kind != Kind::MiniProgram) {
            return Err(Refusal::new(40013));
        }
        Ok(self.pagepath)
    }
}

impl TemplateMessage {
    fn message(self, world: &World, account: &Account) -> Result<Message, Refusal> {
        let user = account.openids.user(&self.touser).ok_or_else(|| Refusal::new(40003))?;
        if !world.followers.is_following(user) {
            return Err(Refusal::new(43004));
        }
        let template = Template::of(account, &self.template_id)?;
        let page = self.miniprogram.map(Miniprogram::page).transpose()?.flatten();
        if !world.console.has(template.id) {
            return Err(Refusal::new(40037));
        }
        if page.as_deref().is_some_and(|page| !world.console.publishes(page)) {
            return Err(Refusal::new(40165));
        }
        within_limit(self.url.as_deref(), 40039)?;
        within_limit(self.client_msg_id.as_deref(), 40035)?;
        Ok(Message {
            channel: Channel::Template,
            user,
            msgid: 0,
            data: template.fill(&self.data)?,
            template_id: self.template_id,
            client_msg_id: self.client_msg_id.filter(|id| !id.is_empty()),
            page,
            url: self.url,
            at: world.clock.now(),
            miniprogram_state: None,
            lang: None,
            receipt: None,
        })
    }
}

/// POST /cgi-bin/message/template/send
pub(crate) fn send(state: &mut State, call: &ApiCall) -> Answer {
    let account = call.authorize(&mut state.world, Kind::OfficialAccount)?;
    let mut message = call.json::<TemplateMessage>()?.message(&state.world, account)?;
    if call.overlaps {
        return Err(Refusal::new(43108));
    }
    let (user, now) = (message.user, message.at);
    if state.world.console.refuses_repeats && state.world.inbox.has_repeat(&message) {
        return Err(Refusal::new(40241));
    }
    let sent =
        message.client_msg_id.as_deref().and_then(|id| state.world.inbox.sent_within_window(user, id, now));
    if let Some(msgid) = sent {
        return Ok(accepted(msgid));
    }
    if state.world.followers.refuses(user) {
        return Err(Refusal::new(43101));
    }
    message.msgid = state.world.inbox.new_msgid(now);
    let msgid = message.msgid;
    let status = receipt_status(state, user);
    match status {
        Status::Success => state.deliver(message),
        Status::UserBlock | Status::SystemFailed => state.world.inbox.accept(&message),
    }
    state.emit(user, What::Receipt { msgid, status });
    Ok(accepted(msgid))
}

/// Refuses what goes along with a message and is longer than anybody's is, with this errcode.
pub(crate) fn within_limit(text: Option<&str>, errcode: i64) -> Result<(), Refusal> {
    match text {
        Some(text) if text.len() > LONGEST => Err(Refusal::new(errcode)),
        Some(_) | None => Ok(()),
    }
}

/// What becomes of an accepted message, which its sender hears from the callback only.
fn receipt_status(state: &mut State, user: u32) -> Status {
    if state.world.followers.blocks(user) {
        Status::UserBlock
    } else if state.callbacks.lock().system_fails() {
        Status::SystemFailed
    } else {
        Status::Success
    }
}

/// WeChat took a message.
pub(crate) fn accepted(msgid: i64) -> Value {
    json!({ "errcode": 0, "errmsg": "ok", "msgid": msgid })
}
