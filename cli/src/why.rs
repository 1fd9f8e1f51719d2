//! Why somebody did not get a message, and what to do about it, as people read it.

use contract::{Channel, Lang, MessageStatus, Misfit, Reason, Recipient, Rejected, TemplateProblem};

use crate::lang;
use crate::lang::say;

/// Behind one another, as sentences.
fn sentences(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(lang::pick(". ", "。"))
}

/// What to do about a reason. In Chinese it is the reason's own remedy; where the answer's says more than that (an
/// address, say), that stands behind it.
fn remedy(reason: Option<Reason>, told: Option<&str>) -> Option<String> {
    let known = reason.filter(|reason| *reason != Reason::UnknownErrcode);
    match (lang::chosen(), known) {
        (Lang::En, _) | (Lang::Zh, None) => told.map(str::to_owned),
        (Lang::Zh, Some(reason)) => {
            let remedy = reason.remedy_in(Lang::Zh).trim_end_matches('。').to_owned();
            let more = told.filter(|told| *told != reason.remedy() && *told != reason.remedy_in(Lang::Zh));
            Some(more.map_or(format!("{remedy}。"), |more| format!("{remedy}（{more}）。")))
        }
    }
}

/// Why a recipient was rejected.
pub fn of_rejected(rejected: &Rejected) -> String {
    let Rejected { reason, detail, remedy: told, .. } = rejected;
    sentences([Some(reason.to_string()), detail.clone(), remedy(Some(*reason), Some(told))])
}

/// Why a message did not go through, or not yet.
pub fn of_message(message: &MessageStatus) -> String {
    let MessageStatus { reason, detail, remedy: told, errcode, .. } = message;
    let errcode = errcode.map(|errcode| say!("errcode {errcode}", "错误码 {errcode}"));
    let named = reason.map(|reason| reason.to_string());
    sentences([named, errcode, detail.clone(), remedy(*reason, told.as_deref())])
}

/// What does not fit between a notification and its template, by an answer, whose remedy is English.
pub fn of_misfit(problem: &TemplateProblem) -> String {
    let TemplateProblem { reason, remedy, .. } = problem;
    let chinese = || format!("{}（{}）", misfit_in_chinese(*reason), remedy.trim_end_matches('.'));
    match lang::chosen() {
        Lang::En => misfit(problem, remedy),
        Lang::Zh => misfit(problem, &chinese()),
    }
}

/// The same with this remedy.
pub fn misfit(problem: &TemplateProblem, remedy: &str) -> String {
    let TemplateProblem { field, reason, channel, .. } = problem;
    let fallback = if *channel == Channel::Subscribe { "fallback: " } else { "" };
    let field = field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
    format!("{fallback}{field}{reason}{}{remedy}", lang::pick(". ", "。"))
}

fn misfit_in_chinese(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::UnknownTemplate => {
            "账号里没有这个模板，用它的消息都送不到。在微信后台添加模板，把它的模板 ID 写进通知目录。"
        }
        Misfit::UnknownField => "模板里没有这个字段，微信会悄悄丢掉它。按模板改正字段名。",
        Misfit::EmptyField => "模板的这个字段没有填，微信会拒收（47003）。在通知目录里填上。",
        Misfit::NotApproved => "值不在模板的枚举值里，微信会拒收（47003）。改成审核通过的值。",
    }
}

/// Who was named, without by what.
pub fn name(to: &Recipient) -> &str {
    match to {
        Recipient::Openid(id) | Recipient::Unionid(id) | Recipient::OaOpenid(id) => id,
    }
}
