//! `/cgi-bin/template/…`: the templates an account has.

use serde_json::{Value, json};

use crate::api::answer::Answer;
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::accounts::Kind;
use crate::world::templates::Template;

/// GET /cgi-bin/template/get_all_private_template
pub(crate) fn get_all_private_template(state: &mut State, call: &ApiCall) -> Answer {
    let account = call.authorize(&mut state.world, Kind::OfficialAccount)?;
    let console = &state.world.console;
    let list: Vec<Value> = Template::all_of(account)
        .filter(|template| console.has(template.id, None).is_ok())
        .map(|template| {
            json!({
                "template_id": template.id,
                "title": template.title,
                "primary_industry": "",
                "deputy_industry": "",
                "content": template.content,
                "example": template.example,
            })
        })
        .collect();
    Ok(json!({ "template_list": list }))
}
