//! docs/errors.md and its Chinese twin say what the code says. `UPDATE_DOCS=1 cargo test -p shared` writes them anew.

use std::fmt::Write;

use contract::problem::Code;
use shared::wechat::errcode;
use shared::{Lang, Reason};
use strum::IntoEnumIterator;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

#[test]
fn the_errors_pages_are_what_the_code_does() {
    for (lang, file) in [(Lang::En, "errors.md"), (Lang::Zh, "zh/errors.md")] {
        let (file, page) = (format!("{DOCS}/{file}"), page(&words(lang)));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&file, &page).expect("the page is written");
        }
        let written = std::fs::read_to_string(&file).expect("the page is there");
        assert!(written == page, "{file} is out of date: run UPDATE_DOCS=1 cargo test -p shared");
    }
}

/// What stands around the tables.
struct Words {
    lang: Lang,
    title: &'static str,
    problems: &'static str,
    reasons: &'static str,
    errcodes: &'static str,
    any_other: &'static str,
    subscribe: &'static str,
}

fn words(lang: Lang) -> Words {
    let english = Words {
        lang,
        title: "# Errors\n[简体中文](zh/errors.md)\n\nWritten from the code by `UPDATE_DOCS=1 cargo test -p shared`; a test holds it to it.",
        problems: "## What a route answers\n\n\
            `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code`, `detail`, and WeChat's\n\
            `errcode` and `rid` where WeChat is the cause. Decide on `code`; show or log `detail`.\n\n\
            | code | status | what to do |",
        reasons: "## Why a recipient is rejected or a message does not arrive\n\n| reason | what to do |",
        errcodes: "## WeChat's errcodes and what Queqiao does\n\n\
            The scope says how much of the sending waits where the action is `await_repair` or `next_day`.\n\n\
            | errcode | meaning | action | scope | reason |",
        any_other: "Any other errcode: `give_up`, `unknown_errcode`, and its rid in the log.",
        subscribe: "A subscribe message is for a user of the mini-program, who need not follow and has to have accepted it. There it is:\n\n\
            | errcode | action | reason |",
    };
    let chinese = Words {
        lang,
        title: "# 错误\n[English](../errors.md)\n\n由代码生成：`UPDATE_DOCS=1 cargo test -p shared`；有测试保证两者一致。",
        problems: "## 接口返回的错误\n\n\
            `application/problem+json`（RFC 9457），有 `type`、`title`、`status`、`code`、`detail`；原因在微信的，还有微信的\n\
            `errcode` 和 `rid`。程序按 `code` 判断；`detail` 给人看，或写进日志。\n\n\
            | code | 状态码 | 怎么办 |",
        reasons: "## 收件人为什么被拒绝，消息为什么没有送达\n\n| reason | 怎么办 |",
        errcodes: "## 微信的错误码，鹊桥怎么处理\n\n\
            action 是 `await_repair` 或 `next_day` 时，scope 说明有多少发送要等。\n\n\
            | errcode | 含义 | action | scope | reason |",
        any_other: "其他错误码：`give_up`，`unknown_errcode`，rid 写进日志。",
        subscribe: "订阅消息发给小程序的用户：不必关注，但要授权过。这时：\n\n| errcode | action | reason |",
    };
    lang.pick(english, chinese)
}

fn page(words: &Words) -> String {
    let lang = words.lang;
    let mut page = format!("{}\n\n{}\n|---|---|---|\n", words.title, words.problems);
    for code in Code::iter() {
        let _ = writeln!(page, "| `{code}` | {} | {} |", code.status().as_u16(), code.remedy_in(lang));
    }
    let _ = writeln!(page, "\n{}\n|---|---|", words.reasons);
    for reason in Reason::iter() {
        let _ = writeln!(page, "| `{reason}` | {} |", reason.remedy_in(lang));
    }
    let _ = writeln!(page, "\n{}\n|---|---|---|---|---|", words.errcodes);
    for entry in errcode::TABLE {
        let errcode::Entry { errcode, action, scope, reason, .. } = entry;
        let meaning = entry.meaning(lang);
        let _ = writeln!(page, "| {errcode} | {meaning} | `{action}` | `{scope}` | `{reason}` |");
    }
    let _ = writeln!(page, "\n{}\n\n{}\n|---|---|---|", words.any_other, words.subscribe);
    for entry in errcode::TABLE {
        let errcode::Entry { errcode, action, reason, .. } = errcode::of_subscribe_message(entry.errcode);
        if (action, reason) != (entry.action, entry.reason) {
            let _ = writeln!(page, "| {errcode} | `{action}` | `{reason}` |");
        }
    }
    page
}
