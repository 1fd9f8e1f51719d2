//! The help of every verb: in English it is the doc comments, in Chinese it stands in `help/chinese.rs`; and an example of
//! each.

mod chinese;
mod examples;

use clap::{Arg, Command, CommandFactory};
use contract::Lang;

use crate::{Queqiao, lang};

/// What the exit codes say; see `outcome`.
const CODES: &str = "\
Exit codes:
  0  done
  1  it could not be done, or a check of `doctor` is not ok
  2  wrong command line
  3  done in part: some were rejected, failed, left out or are still on their way
  4  not known whether it was done: no answer came; the output says how to find out";

/// The same in Chinese.
const CODES_IN_CHINESE: &str = "\
退出码：
  0  已完成
  1  没能完成，或 `doctor` 有检查项不正常
  2  命令行参数有误
  3  部分完成：有的被拒绝、失败、被跳过，或还没有结果
  4  不知道是否完成：没有收到响应；输出里写着怎样查明";

/// The verb that clap adds.
const HELP: &str = "help";

/// Where clap puts what.
const TEMPLATE_IN_CHINESE: &str = "\
{before-help}{about-with-newline}
用法：{usage}

{all-args}{after-help}";

/// The command line, with its help in the language of the rest.
pub fn command() -> Command {
    complete(lang::chosen())
}

fn complete(lang: Lang) -> Command {
    let mut command = told(Queqiao::command(), "", lang);
    // Only what was built has the verb `help`.
    command.build();
    match lang {
        Lang::En => command,
        Lang::Zh => with_help_in_chinese(command),
    }
}

/// What a command has below it, and each of those that have something below them, can be asked for by `help`.
fn with_help_in_chinese(command: Command) -> Command {
    let with_more = |below: &&Command| below.get_name() == HELP || below.has_subcommands();
    let names: Vec<_> =
        command.get_subcommands().filter(with_more).map(|below| below.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(&name, |below| match name.as_str() {
            HELP => {
                let below = below.about("显示一个命令的帮助").help_template(TEMPLATE_IN_CHINESE);
                below.subcommand_help_heading("命令")
            }
            _ => with_help_in_chinese(below),
        })
    })
}

/// A command and all below it; its path is what stands before it on a command line.
fn told(command: Command, path: &str, lang: Lang) -> Command {
    let mut command = match lang {
        Lang::En => command,
        Lang::Zh => in_chinese(command, path),
    };
    let names: Vec<_> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in names {
        let path = format!("{path} {name}");
        command = command.mut_subcommand(name, |below| told(below, path.trim_start(), lang));
    }
    let example =
        examples::of(path).map(|line| format!("{}\n  queqiao {line}", lang.pick("Example:", "例：")));
    let codes = path.is_empty().then(|| lang.pick(CODES, CODES_IN_CHINESE).to_owned());
    let after: Vec<_> = codes.into_iter().chain(example).collect();
    command.after_help(after.join("\n\n"))
}

fn in_chinese(command: Command, path: &str) -> Command {
    let about = chinese::of_command(path).unwrap_or_default();
    let short = about.lines().next().unwrap_or_default().to_owned();
    let long = about.contains('\n').then_some(about);
    let command = match long {
        Some(long) => command.about(short).long_about(long),
        None => command.about(short).long_about(None::<&str>),
    };
    let command = command.help_template(TEMPLATE_IN_CHINESE).subcommand_help_heading("命令");
    let command = command.subcommand_value_name("命令").disable_help_flag(true);
    let help = Arg::new("help").short('h').long("help").action(clap::ArgAction::Help);
    let mut command = command.arg(help);
    if path.is_empty() {
        let version = Arg::new("version").short('V').long("version").action(clap::ArgAction::Version);
        command = command.disable_version_flag(true).arg(version);
    }
    command.mut_args(|arg| {
        let text = chinese::of_argument(path, arg.get_id().as_str()).unwrap_or_default();
        let heading = if arg.is_positional() { "参数" } else { "选项" };
        // The text names them.
        let hides = arg.get_action().takes_values();
        arg.help(text).long_help(None::<&str>).help_heading(heading).hide_possible_values(hides)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command with its path, the program itself first.
    fn all(command: &Command, path: &str) -> Vec<(String, Command)> {
        let below = command.get_subcommands().flat_map(|below| {
            let path = format!("{path} {}", below.get_name());
            all(below, path.trim_start())
        });
        let below: Vec<_> = below.collect();
        [(path.to_owned(), command.clone())].into_iter().chain(below).collect()
    }

    fn is_chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn every_verb_and_every_argument_has_its_help_in_chinese() {
        let mut without = Vec::new();
        for (path, command) in all(&Queqiao::command(), "") {
            if !chinese::of_command(&path).is_some_and(is_chinese) {
                without.push(path.clone());
            }
            for argument in command.get_arguments().map(|argument| argument.get_id().as_str()) {
                if !chinese::of_argument(&path, argument).is_some_and(is_chinese) {
                    without.push(format!("{path}: {argument}"));
                }
            }
        }
        assert_eq!(without, Vec::<String>::new());
    }

    #[test]
    fn what_has_a_long_help_in_one_language_has_it_in_the_other() {
        let has = |command: &Command| command.get_long_about().is_some();
        let (en, zh) = (told(Queqiao::command(), "", Lang::En), told(Queqiao::command(), "", Lang::Zh));
        for ((path, en), (_, zh)) in all(&en, "").iter().zip(all(&zh, "")) {
            assert_eq!(has(en), has(&zh), "{path}");
            let long = en.get_arguments().find(|argument| argument.get_long_help().is_some());
            assert!(long.is_none(), "{path}: {long:?} would say more in English");
        }
    }

    #[test]
    fn the_verb_help_tells_what_the_option_does_in_both_languages() {
        for lang in [Lang::En, Lang::Zh] {
            for words in
                [&["help"][..], &["help", "send"], &["help", "keys", "create"], &["keys", "help", "create"]]
            {
                let verb: Vec<_> = words.iter().filter(|word| **word != "help").copied().collect();
                let help = |line: Vec<&str>| {
                    let line = ["queqiao"].into_iter().chain(line);
                    let parsed = complete(lang).try_get_matches_from(line);
                    parsed.expect_err("help is told").to_string()
                };
                assert_eq!(
                    help(words.to_vec()),
                    help([&verb[..], &["--help"]].concat()),
                    "{lang:?} {words:?}"
                );
            }
            let help = complete(lang).render_help().to_string();
            let line = help.lines().find(|line| line.trim_start().starts_with("help ")).expect("a verb");
            assert_eq!(is_chinese(line), lang == Lang::Zh, "{line}");
        }
    }

    #[test]
    fn the_help_is_all_in_one_language() {
        for (path, mut command) in all(&told(Queqiao::command(), "", Lang::Zh), "") {
            let help = command.render_long_help().to_string();
            for english in
                ["Usage:", "Options:", "Commands:", "Arguments:", "Print help", "Example:", "Possible values"]
            {
                assert!(!help.contains(english), "{path}: {english}\n{help}");
            }
        }
        for (path, mut command) in all(&told(Queqiao::command(), "", Lang::En), "") {
            assert!(!is_chinese(&command.render_long_help().to_string().replace("年假", "")), "{path}");
        }
    }

    #[test]
    fn every_verb_has_an_example_that_the_program_takes() {
        for lang in [Lang::En, Lang::Zh] {
            for (path, command) in all(&told(Queqiao::command(), "", lang), "") {
                if command.has_subcommands() && !path.is_empty() {
                    continue;
                }
                let line = examples::of(&path).unwrap_or_else(|| panic!("{path} has no example"));
                let line = line.split(" > ").next().unwrap_or_default();
                assert!(line.starts_with(&path), "{line}");
                let words = ["queqiao"].into_iter().chain(line.split(' '));
                let parsed = told(Queqiao::command(), "", lang).try_get_matches_from(words);
                assert!(parsed.is_ok(), "{line}: {parsed:?}");
                let help = command.clone().render_help().to_string();
                assert!(help.contains(line), "{help}");
            }
        }
    }

    #[test]
    fn the_command_line_is_sound_in_both_languages() {
        told(Queqiao::command(), "", Lang::En).debug_assert();
        told(Queqiao::command(), "", Lang::Zh).debug_assert();
    }
}
