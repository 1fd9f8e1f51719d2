//! WeChat's endpoints: a table of what answers where.

use crate::api::answer::Answer;
use crate::api::call::ApiCall;
use crate::api::receiver::receiver_of;
use crate::api::{followers, login, messages, quota, subscribe, templates, tokens};
use crate::state::State;
use crate::world::refusal::Refusal;

const JSON: &str = "application/json; encoding=utf-8";

/// One endpoint: a row of the table.
pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    /// The users a call is about, for faults that concern only some.
    pub(crate) users: fn(&State, &ApiCall) -> Vec<u32>,
    post_only: bool,
    answer: fn(&mut State, &ApiCall) -> Answer,
}

const fn endpoint(path: &'static str, answer: fn(&mut State, &ApiCall) -> Answer) -> Endpoint {
    Endpoint { path, post_only: false, content_type: JSON, answer, users: |_, _| Vec::new() }
}

/// All there are.
pub(crate) static ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        content_type: "text/plain",
        users: login::user_of,
        ..endpoint("/sns/jscode2session", login::jscode2session)
    },
    endpoint("/cgi-bin/token", tokens::token),
    Endpoint { post_only: true, ..endpoint("/cgi-bin/stable_token", tokens::stable_token) },
    endpoint("/cgi-bin/user/get", followers::user_get),
    Endpoint { users: followers::user_of, ..endpoint("/cgi-bin/user/info", followers::user_info) },
    Endpoint {
        post_only: true,
        users: followers::users_of,
        ..endpoint("/cgi-bin/user/info/batchget", followers::batchget)
    },
    Endpoint { post_only: true, users: receivers, ..endpoint(messages::SEND, messages::send) },
    Endpoint { post_only: true, users: receivers, ..endpoint(subscribe::SEND, subscribe::send) },
    endpoint("/cgi-bin/template/get_all_private_template", templates::get_all_private_template),
    endpoint("/wxaapi/newtmpl/gettemplate", templates::get_template),
    Endpoint { post_only: true, ..endpoint("/cgi-bin/openapi/quota/get", quota::get) },
];

fn receivers(_: &State, call: &ApiCall) -> Vec<u32> {
    receiver_of(call).into_iter().collect()
}

impl Endpoint {
    /// The endpoint with this path.
    pub(crate) fn by_path(path: &str) -> Option<&'static Self> {
        ENDPOINTS.iter().find(|endpoint| endpoint.path == path)
    }

    /// What WeChat makes of a call.
    pub(crate) fn call(&self, state: &mut State, call: &ApiCall) -> Answer {
        if self.post_only && !call.is_post {
            return Err(Refusal::new(43002));
        }
        (self.answer)(state, call)
    }
}
