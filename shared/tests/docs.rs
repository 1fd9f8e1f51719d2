//! docs/errors.md says what the code says. `UPDATE_DOCS=1 cargo test -p shared` writes it anew.

use std::fmt::Write;

use shared::wechat::{Failure, errcode};
use shared::{Error, Reason};
use strum::IntoEnumIterator;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md");

#[test]
fn the_errors_page_is_what_the_code_does() {
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(FILE, &page).expect("docs/errors.md is written");
    }
    let written = std::fs::read_to_string(FILE).expect("docs/errors.md is there");
    assert!(written == page, "docs/errors.md is out of date: run UPDATE_DOCS=1 cargo test -p shared");
}

fn page() -> String {
    let mut page = String::from(
        "# Errors\n\n\
         Written from the code by `UPDATE_DOCS=1 cargo test -p shared`; a test holds it to it.\n\n\
         ## What a route answers\n\n\
         `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code`, `detail`, and WeChat's\n\
         `errcode` and `rid` where WeChat is the cause. Decide on `code`; show or log `detail`.\n\n\
         | code | status | detail |\n|---|---|---|\n",
    );
    for error in errors() {
        let _ = writeln!(page, "| `{}` | {} | {error} |", error.code(), error.code().status().as_u16());
    }
    page += "\n## Why a recipient is rejected or a message does not arrive\n\n| reason | what to do |\n|---|---|\n";
    for reason in Reason::iter() {
        let _ = writeln!(page, "| `{reason}` | {} |", reason.remedy());
    }
    page += "\n## WeChat's errcodes and what Queqiao does\n\n\
The scope says how much of the sending waits where the action is `await_repair` or `next_day`.\n\n| errcode | meaning | action | scope | reason |\n|---|---|---|---|---|\n";
    for entry in errcode::TABLE {
        let errcode::Entry { errcode, action, scope, reason, meaning } = entry;
        let _ = writeln!(page, "| {errcode} | {meaning} | `{action}` | `{scope}` | `{reason}` |");
    }
    page += "\nAny other errcode: `give_up`, `unknown_errcode`, and its rid in the log.\n\n\
A subscribe message is for a user of the mini-program, who need not follow and has to have accepted it. There it is:\n\n\
| errcode | action | reason |\n|---|---|---|\n";
    for entry in errcode::TABLE {
        let errcode::Entry { errcode, action, reason, .. } = errcode::of_subscribe_message(entry.errcode);
        if (action, reason) != (entry.action, entry.reason) {
            let _ = writeln!(page, "| {errcode} | `{action}` | `{reason}` |");
        }
    }
    page
}

/// One of each; `…` stands for what depends on the call.
fn errors() -> [Error; 14] {
    let text = || "…".to_owned();
    let failure = |errcode| Failure::Refused { errcode, errmsg: text() };
    [
        Error::InvalidRequest(text()),
        Error::Unauthorized,
        Error::InvalidCode(failure(40029)),
        Error::LoginBlocked(failure(40226)),
        Error::DecryptFailed("…"),
        Error::Forbidden(text()),
        Error::NotFound(text()),
        Error::Conflict(text()),
        Error::TooLarge(text()),
        Error::TooManyRequests(text()),
        Error::QuotaExhausted(failure(45011)),
        Error::Misconfigured { remedy: text(), failure: failure(40013) },
        Error::WechatUnavailable(failure(-1)),
        Error::unavailable("…"),
    ]
}
