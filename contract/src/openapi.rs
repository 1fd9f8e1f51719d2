//! The contract as an OpenAPI document (3.1), made of the routes and the types' JSON Schemas.

use http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::routes::{Answer, Body, BodyKind, Parameter, Place, ROUTES, Route, Who};
use crate::{
    Accepted, Advance, BatchStatus, Code, Credited, Diagnosis, DryRun, Forgetting, LoggedIn, LoggedOut,
    Login, Logout, Opened, Problem, Recipient, Replay, Replayed, Sealed, SendRequest, Subscriptions,
    SyncProgress, Templates,
};

/// What API Gateway answers by itself, on any route: to what is no request, to too large a body, to too many
/// calls, and where a function does not answer it.
const GATEWAYS_OWN: [StatusCode; 5] = [
    StatusCode::BAD_REQUEST,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// The document.
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Queqiao",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Reach a mini-program's users with the Official Account's template messages.",
            "description": "Answers may get new fields, and `code`, `reason` and `state` new words; those there are keep their meaning.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{
            "url": "{gateway}",
            "description": "The stack's output `Gateway`; `cargo run` prints the local one.",
            "variables": { "gateway": { "default": "http://127.0.0.1:9000" } },
        }],
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "session": { "type": "http", "scheme": "bearer", "description": "`token` of POST /login." },
                "key": { "type": "http", "scheme": "bearer", "description": "A service key, made by `queqiao keys create`; the scopes beside it are those a route wants." },
            },
        },
    })
}

/// The bodies and every type they are made of. What is named here may stand in [`ROUTES`].
fn schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let bodies: [fn(&mut SchemaGenerator); 21] = [
        add::<Login>,
        add::<LoggedIn>,
        add::<Logout>,
        add::<LoggedOut>,
        add::<Sealed>,
        add::<Opened>,
        add::<Subscriptions>,
        add::<Credited>,
        add::<SendRequest>,
        add::<Accepted>,
        add::<DryRun>,
        add::<Templates>,
        add::<BatchStatus>,
        add::<Replay>,
        add::<Replayed>,
        add::<Advance>,
        add::<SyncProgress>,
        add::<Recipient>,
        add::<Forgetting>,
        add::<Diagnosis>,
        add::<Problem>,
    ];
    bodies.into_iter().for_each(|add| add(&mut generator));
    let mut schemas = generator.take_definitions(true);
    schemas.insert("GatewayMessage".to_owned(), gateway_message());
    schemas
}

fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

fn gateway_message() -> Value {
    json!({
        "type": "object",
        "description": "API Gateway's own answer, when it throttles or a function does not answer it.",
        "properties": { "message": { "type": "string" } },
        "required": ["message"],
    })
}

fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation(route);
    }
    paths
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": route.operation.to_string(),
        "summary": route.summary,
        "security": security(route.who),
        "responses": responses(route),
    });
    if !route.parameters.is_empty() {
        operation["parameters"] = route.parameters.iter().map(parameter).collect();
    }
    if let Some(body) = route.request {
        operation["requestBody"] = request_body(body);
    }
    operation
}

fn request_body(body: Body) -> Value {
    let description = format!(
        "At most {} bytes, of which a quote, a backslash and a line's end take two.{}",
        body.largest, body.note
    );
    let text = json!({ "schema": { "type": "string" } });
    let (required, content) = match body.kind {
        BodyKind::Json(of) => (true, json!({ "application/json": content(of) })),
        BodyKind::OptionalJson(of) => {
            let mut content = content(of);
            content["schema"] = json!({ "anyOf": [reference(of), { "type": "null" }] });
            (false, json!({ "application/json": content }))
        }
        BodyKind::Xml => (true, json!({ "text/xml": text })),
        BodyKind::XmlOrJson => (true, json!({ "text/xml": text, "application/json": {} })),
    };
    json!({ "description": description, "required": required, "content": content })
}

/// WeChat's signature is no scheme that OpenAPI has: such a route is open, and its parameters say the rest.
fn security(who: Who) -> Value {
    match who {
        Who::Anyone | Who::Wechat => json!([]),
        Who::Session => json!([{ "session": [] }]),
        Who::Key(scope) => json!([{ "key": [scope] }]),
        Who::SessionOrKey(scope) => json!([{ "session": [] }, { "key": [scope] }]),
    }
}

fn parameter(parameter: &Parameter) -> Value {
    let Parameter { name, place, description, required, schema } = parameter;
    let schema: Value = serde_json::from_str(schema).expect("a parameter's schema is JSON");
    let required = *required || *place == Place::Path;
    json!({ "name": name, "in": place.to_string(), "description": description, "required": required, "schema": schema })
}

fn content(of: &str) -> Value {
    json!({ "schema": reference(of), "example": example(of) })
}

fn reference(of: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{of}") })
}

fn responses(route: &Route) -> Map<String, Value> {
    let mut responses = Map::new();
    let mut add = |status: StatusCode, content: Value| {
        let description = status.canonical_reason().unwrap_or_default();
        responses
            .insert(status.as_str().to_owned(), json!({ "description": description, "content": content }));
    };
    let json = |of: &str| json!({ "application/json": content(of) });
    match route.answer {
        Answer::Json(of) => add(route.status, json(of)),
        Answer::Either { of, status, other } => {
            add(route.status, json(of));
            add(status, json(other));
        }
        Answer::Text(description) => {
            let schema = json!({ "type": "string", "description": description });
            add(route.status, json!({ "text/plain": { "schema": schema } }));
        }
    }
    for code in route.codes {
        let status = code.status();
        if !responses.contains_key(status.as_str()) {
            responses.insert(status.as_str().to_owned(), problems(route, status));
        }
    }
    // API Gateway answers these by itself.
    for status in GATEWAYS_OWN {
        let response = responses.entry(status.as_str()).or_insert_with(|| json!({ "content": {} }));
        response["description"] = status.canonical_reason().into();
        response["content"]["application/json"] = json!({ "schema": reference("GatewayMessage") });
    }
    responses
}

/// The problems that a route answers with one status.
fn problems(route: &Route, status: StatusCode) -> Value {
    let codes: Vec<_> = route.codes.iter().filter(|code| code.status() == status).collect();
    let examples: Map<String, Value> =
        codes.iter().map(|code| (code.to_string(), json!({ "value": problem(**code) }))).collect();
    let schema = json!({
        "allOf": [reference("Problem")],
        "properties": { "code": { "enum": codes }, "status": { "const": status.as_u16() } },
    });
    json!({
        "description": status.canonical_reason(),
        "content": { "application/problem+json": { "schema": schema, "examples": examples } },
    })
}

/// What an answer of this code looks like.
fn problem(code: Code) -> Problem {
    let (detail, errcode) = match code {
        Code::InvalidRequest => {
            ("The body is not the JSON this route takes: missing field `…` (line 1 column 2).", None)
        }
        Code::Unauthorized => (
            "Send a session token (from POST /login) or a service key as `Authorization: Bearer …`; this one is missing, unknown or expired.",
            None,
        ),
        Code::InvalidCode => (
            "WeChat does not accept this code; call wx.login again and send the new one. A code serves once, within five minutes; if none ever serves, compare the mini-program's appid with MINI_APPID here.",
            Some(40029),
        ),
        Code::LoginBlocked => ("WeChat blocks this user from logging in; do not try again.", Some(40226)),
        Code::DecryptFailed => (
            "`encryptedData` does not open with this session's key. Call wx.login and POST /login first, then fetch the data again and send it with the new session.",
            None,
        ),
        Code::Forbidden => ("This route needs a service key.", None),
        Code::NotFound => ("There is no such batch, or it is not yours.", None),
        Code::Conflict => {
            ("This Idempotency-Key stands for another body; use a new key for a new call.", None)
        }
        Code::TooLarge => ("One call takes at most 10000 recipients, not 10001; split it.", None),
        Code::TooManyRequests => {
            ("A user may send `approval_submitted` 20 times a day; try again tomorrow.", None)
        }
        Code::QuotaExhausted => (
            "WeChat's limit for this account is used up: errcode 45011, minute quota used up. Nothing to do for a minute quota; a daily one is reset at midnight Beijing time, or cleared in WeChat's console.",
            Some(45011),
        ),
        Code::Misconfigured => (
            "WeChat does not accept this account's settings: add the IP 47.94.148.108 to the account's whitelist (公众号: 微信开发者平台 → 我的业务 → 公众号/服务号 → 基础信息 → 开发密钥; 小程序: 公众平台 → 管理 → 开发管理 → 开发设置).",
            Some(40164),
        ),
        Code::WechatUnavailable => {
            ("WeChat cannot answer at the moment; try again in a few seconds.", Some(-1))
        }
        Code::Unavailable => {
            ("The service cannot reach its tables or queues at the moment; try again in a few seconds.", None)
        }
        Code::Internal => {
            ("The service made a mistake that trying again does not mend; its operators are told.", None)
        }
    };
    let rid = errcode.map(|_| "6b034c09-008203ae-127b27a6".to_owned());
    Problem { errcode, rid, ..Problem::new(code, detail.to_owned()) }
}

/// One of each body that a route takes or answers.
///
/// # Panics
/// For a body that has no example: each needs one.
pub fn example(of: &str) -> Value {
    let data = json!({ "applicant": "张三", "kind": "年假", "submitted_at": "2026-11-22 09:30", "content": "回家探亲", "id": "A-42" });
    let (openid, unionid) = ("oGx4MnA1FHGxwuufitytlkMBvjDA", "oR5GjjXG6mySCmaj8i0NTIhIdNlw");
    match of {
        "Login" => json!({ "code": "0a1Ws2ml2ZKBkg4jC9ml2nBrXd0Ws2mY" }),
        "LoggedIn" => json!({
            "token": "eSvMt3KChuj2bVMTr_sQEpOtNCiQJ-e0NS7MD41aQ_I", "expires_in": 259_200,
            "openid": openid, "unionid": unionid, "following": false,
        }),
        "Logout" => json!({ "all": true }),
        "LoggedOut" => json!({ "ended": 2 }),
        "Sealed" => json!({
            "encryptedData": "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS",
            "iv": "r7BXXKkLb8qrSNn05n0qiA==",
        }),
        "Opened" => json!({
            "data": {
                "openId": openid, "nickName": "Band", "unionId": unionid,
                "watermark": { "appid": "wx4f4bc4dec97d474b", "timestamp": 1_795_378_184 },
            },
            "unionid": unionid,
        }),
        "Subscriptions" => json!({
            "results": {
                "bQ7mLw2xTz9KfYh4sRc8Vn1jPd6aGuEoXi3NtB0-yWk": "accept",
                "c1NvJ8rYk5ZqWx0mTs7LdHf3bUgAe9PiOy2RtE6-uQl": "reject",
                "errMsg": "requestSubscribeMessage:ok",
            },
        }),
        "Credited" => json!({ "credits": { "bQ7mLw2xTz9KfYh4sRc8Vn1jPd6aGuEoXi3NtB0-yWk": 1 } }),
        "SendRequest" => json!({
            "notification": "approval_submitted", "to": [{ "openid": openid }, { "openid": "oStranger" }],
            "data": data,
        }),
        "Accepted" => json!({
            "id": "nq3KETWQvXGEWJME9l76cw", "accepted": 1,
            "rejected": [{
                "to": { "openid": "oStranger" }, "reason": "never_logged_in",
                "remedy": crate::Reason::NeverLoggedIn.remedy(),
            }],
        }),
        "DryRun" => json!({
            "messages": [{
                "n": 1, "to": { "openid": openid }, "channel": "template",
                "card": {
                    "template_id": "kX3vQ9pTz7Rb2LmWc8YhNf5sJ1dGa6UoEi4Kt0-BxVg", "title": "审批提交通知",
                    "page": "pages/approval/detail?id=A-42",
                    "lines": [{ "label": "申请人", "field": "thing1", "value": "张三" }],
                },
            }],
            "rejected": [],
            "problems": [],
        }),
        "Templates" => json!({
            "entries": [{
                "notification": "approval_submitted", "channel": "template",
                "template_id": "kX3vQ9pTz7Rb2LmWc8YhNf5sJ1dGa6UoEi4Kt0-BxVg", "title": "审批提交通知",
                "page": "pages/approval/detail?id={id}",
                "lines": [
                    { "label": "申请人", "field": "thing1", "text": "{applicant}" },
                    { "label": "审批类型", "field": "thing2" },
                ],
                "problems": [{
                    "notification": "approval_submitted", "channel": "template", "field": "thing2",
                    "reason": "empty_field",
                    "remedy": "Fill the template's field thing2 (审批类型): WeChat refuses a message that leaves one empty.",
                }],
            }],
            "unused": [{
                "channel": "subscribe", "template_id": "tF4nYb8Kx2Hs6QdWj9LcVm1pRz7Ga5_EuCi3Oo0TkNw",
                "title": "订单发货通知",
                "lines": [{ "label": "配送方式", "field": "enum_string4", "values": ["快递", "自提"] }],
            }],
            "fetched_at": { "oa": 1_795_378_184, "mini": 1_795_378_184 },
        }),
        "BatchStatus" => json!({
            "id": "nq3KETWQvXGEWJME9l76cw", "notification": "approval_submitted", "counts": { "sent": 1 },
            "messages": [{
                "n": 1, "to": { "openid": openid }, "channel": "template", "state": "sent", "attempts": 1,
                "updated_at": 1_795_378_184,
            }],
        }),
        "Replay" => json!({ "n": 2 }),
        "Replayed" => {
            json!({ "id": "nq3KETWQvXGEWJME9l76cw", "replayed": 1, "may_arrive_twice": 0, "unfit": 0 })
        }
        "Advance" => json!({ "force": false, "anew": false }),
        "SyncProgress" => json!({
            "state": "done", "run": "NtngokH7TghK2CL_mZ3Pow", "total": 1000, "listed": 1000, "known": 0,
            "new": 1000, "removed": 0, "without_unionid": 0, "not_looked_up": 0,
            "calls": { "user/get": 2, "user/info/batchget": 10 },
            "started_at": 1_795_378_184, "updated_at": 1_795_378_184,
        }),
        "Recipient" => json!({ "openid": openid }),
        "Forgetting" => json!({
            "id": "hw4lqEKP9UDBcD0-DGuDKjHBrKmSZdnRvdcfKtlDcUY", "state": "done",
            "deleted": { "identities": 2, "sessions": 1, "credits": 3, "messages": 12 }, "scanned": 73012,
            "started_at": 1_795_378_184, "updated_at": 1_795_378_190,
        }),
        "Diagnosis" => json!({
            "checks": [
                { "check": "token", "subject": "mini", "state": "ok", "detail": "It lives for another 1 h 12 min." },
                {
                    "check": "token", "subject": "oa", "state": "problem",
                    "detail": "It could not be renewed (errcode 40164), 3 times in a row, the last time 4 min ago. The one there is lives for another 11 min.",
                    "remedy": "add the IP 47.94.148.108 to the account's whitelist (公众号: 微信开发者平台 → 我的业务 → 公众号/服务号 → 基础信息 → 开发密钥; 小程序: 公众平台 → 管理 → 开发管理 → 开发设置).",
                },
            ],
        }),
        of => panic!("{of} has no example"),
    }
}
