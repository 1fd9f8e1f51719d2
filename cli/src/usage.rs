//! The command line: parsed, and what is wrong with it told in the language of the rest.

use std::error::Error;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, FromArgMatches};
use contract::Lang;

use crate::{Queqiao, help, lang, note};

/// What an option of the program itself is, that any verb may have before it.
const OF_ALL: &str = "lang";

/// What is asked for; or else, once that was printed, the code to exit with.
pub fn parse() -> Result<Queqiao, ExitCode> {
    let mut command = help::command();
    let parsed = command.try_get_matches_from_mut(std::env::args_os()).and_then(|matches| {
        is_of_one_verb(&command, &matches)?;
        Queqiao::from_arg_matches(&matches)
    });
    parsed.map_err(|error| {
        match in_chinese(&error).filter(|_| lang::chosen() == Lang::Zh) {
            Some(told) => note(&told),
            // A reader that has gone has seen enough.
            None => drop(error.print()),
        }
        u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
    })
}

/// Without a verb the program takes the arguments of `local`; those are nothing to another verb.
fn is_of_one_verb(command: &Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    let Some(verb) = matches.subcommand_name() else { return Ok(()) };
    let is_given = |id: &&str| *id != OF_ALL && matches.value_source(id) == Some(ValueSource::CommandLine);
    let named = command.get_arguments().map(|argument| argument.get_id().as_str());
    let Some(id) = named.into_iter().find(is_given) else { return Ok(()) };
    let option = format!("--{}", id.replace('_', "-"));
    let mut error = clap::Error::new(ErrorKind::ArgumentConflict).with_cmd(command);
    error.insert(ContextKind::InvalidArg, ContextValue::String(option));
    error.insert(ContextKind::PriorArg, ContextValue::String(verb.to_owned()));
    Err(error)
}

/// A mistake in Chinese; `None` for what is none, and for the rarer ones.
fn in_chinese(error: &clap::Error) -> Option<String> {
    let said = |kind| error.get(kind).map(text).unwrap_or_default();
    let (argument, value) = (said(ContextKind::InvalidArg), said(ContextKind::InvalidValue));
    let what = match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => format!("没有 {argument} 这个参数"),
        ErrorKind::UnknownArgument => format!("无法识别的参数：{argument}"),
        ErrorKind::InvalidSubcommand => format!("没有 {} 这个命令", said(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingRequiredArgument => format!("缺少参数：{argument}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} 后面要有值"),
        ErrorKind::InvalidValue => {
            format!("{argument} 不能是 {value}，可以是：{}", said(ContextKind::ValidValue))
        }
        ErrorKind::ValueValidation => {
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            format!("{argument} 不能是 {value}：{}", of_number(&why).unwrap_or(why))
        }
        // It is clap's word for an argument that stands there twice.
        ErrorKind::ArgumentConflict if said(ContextKind::PriorArg) == argument => {
            format!("{argument} 只能写一次")
        }
        ErrorKind::ArgumentConflict => {
            format!("{argument} 不能和 {} 一起用", said(ContextKind::PriorArg))
        }
        _ => return None,
    };
    let suggested =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let suggested = suggested.into_iter().map(said).find(|one| !one.is_empty());
    let hint = suggested.map(|one| format!("。是不是 {one}？")).unwrap_or_default();
    Some(format!("错误：{what}{hint}\n\n运行 --help 查看用法。"))
}

/// Why a number is none in Chinese, by what clap and Rust say in English; `None` for what speaks of something else.
fn of_number(why: &str) -> Option<String> {
    if let Some((_, range)) = why.rsplit_once(" is not in ") {
        let (least, most) = range.split_once("..=")?;
        return Some(match most {
            "" => format!("最小是 {least}"),
            most => format!("范围是 {least} 到 {most}"),
        });
    }
    let says = |words: &str| why.contains(words);
    let what = match () {
        () if says("number too large") => "太大了",
        () if says("number too small") => "太小了",
        () if says("invalid digit") || says("from empty string") => "要写整数",
        () => return None,
    };
    Some(what.to_owned())
}

fn text(value: &ContextValue) -> String {
    match value {
        ContextValue::String(one) => one.clone(),
        ContextValue::Strings(several) => several.join("、"),
        ContextValue::StyledStr(styled) => styled.to_string(),
        _ => String::new(),
    }
}
