//! `/cgi-bin/template/…` and `/wxaapi/newtmpl/…`: the templates that an account has.

use serde_json::{Value, json};

use crate::api::answer::Answer;
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::accounts::{Account, Kind};
use crate::world::templates::Template;

/// 一次性订阅: one accept is one message.
const ONE_TIME: u32 = 2;

/// GET /cgi-bin/template/get_all_private_template
pub(crate) fn get_all_private_template(state: &mut State, call: &ApiCall) -> Answer {
    let account = call.authorize(&mut state.world, Kind::OfficialAccount)?;
    let list: Vec<Value> = templates(state, account)
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

/// GET /wxaapi/newtmpl/gettemplate
pub(crate) fn get_template(state: &mut State, call: &ApiCall) -> Answer {
    let account = call.authorize(&mut state.world, Kind::MiniProgram)?;
    let data: Vec<Value> = templates(state, account).map(listed).collect();
    Ok(json!({ "errcode": 0, "errmsg": "ok", "data": data }))
}

fn listed(template: &Template) -> Value {
    let mut listed = json!({
        "priTmplId": template.id,
        "title": template.title,
        "content": template.content,
        "example": template.example,
        "type": ONE_TIME,
    });
    let enums: Vec<_> = template
        .enums()
        .map(|(key, values)| json!({ "enumValueList": values, "keywordCode": format!("{key}.DATA") }))
        .collect();
    if !enums.is_empty() {
        listed["keywordEnumValueList"] = enums.into();
    }
    listed
}

fn templates(state: &State, account: &Account) -> impl Iterator<Item = &'static Template> {
    Template::all_of(account).filter(|template| state.world.console.has(template.id))
}
