//! Both languages; and the verbs that need no stack.

use serde_json::Value;
use tokio::net::TcpListener;

use super::{alone, text, world};

/// What a stack that is not there is told by, in each language.
const NOWHERE: [&str; 4] = ["status", "x", "--data", "/nowhere"];

#[tokio::test]
async fn the_language_is_the_options_else_the_variables_else_the_locales() {
    let english = "No local stack is running";
    let chinese = "没有正在运行的本地环境";
    for (variables, option, told) in [
        (&[][..], None, english),
        (&[("LANG", "zh_CN.UTF-8")], None, chinese),
        (&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")], None, english),
        (&[("LANG", "de_DE.UTF-8"), ("LC_MESSAGES", "zh_TW")], None, chinese),
        (&[("LANG", "zh_CN.UTF-8"), ("QUEQIAO_LANG", "en")], None, english),
        (&[("LANG", "en_US.UTF-8"), ("QUEQIAO_LANG", "zh")], None, chinese),
        (&[("QUEQIAO_LANG", "en")], Some("zh"), chinese),
        (&[("QUEQIAO_LANG", "zh")], Some("en"), english),
    ] {
        for is_first in [true, false] {
            let lang: Vec<_> = option.iter().flat_map(|lang| ["--lang", lang]).collect();
            let arguments =
                if is_first { [&lang, &NOWHERE[..]].concat() } else { [&NOWHERE[..], &lang].concat() };
            let output = alone(variables, &arguments).await;
            let printed = text(&output.stderr);
            assert!(printed.contains(told) && output.status.code() == Some(1), "{variables:?}: {printed}");
            // The English says more, and stands behind the Chinese.
            assert_eq!(printed.starts_with(english), told == english, "{printed}");
        }
    }
}

#[tokio::test]
async fn help_and_mistakes_are_told_in_chinese() {
    let help = text(&alone(&[], &["--lang", "zh", "--help"]).await.stdout);
    for told in ["用法：queqiao", "退出码：", "查看一个批次的送达情况"] {
        assert!(help.contains(told), "{help}");
    }
    for (arguments, told) in [
        (&["keys", "make"][..], "没有 make 这个命令"),
        (&["sync", "--now"], "没有 --now 这个参数"),
        (&["send", "n"], "缺少参数：<--to <ID>|--csv <FILE>>"),
        (&["send", "n", "--to", "phone:1"], "phone 不是 openid、unionid 或 oa_openid"),
        (&["keys", "list", "--stack", "a", "--data", "b"], "--stack <NAME> 不能和 --data <DIR> 一起用"),
        (&["--port", "1", "keys", "list"], "--port 不能和 keys 一起用"),
        (&["cost", "--messages", "1", "--messages", "2"], "--messages <N> 只能写一次"),
        (&["status", "a", "b"], "无法识别的参数：b"),
        (&["keys", "create", "a", "--days", "0"], "--days <N> 不能是 0：范围是 1 到 36500"),
        (&["keys", "create", "a", "--days", "x"], "--days <N> 不能是 x：要写整数"),
    ] {
        let output = alone(&[("QUEQIAO_LANG", "zh")], arguments).await;
        let printed = text(&output.stderr);
        assert!(printed.starts_with("错误：") && printed.contains(told), "{arguments:?}: {printed}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_problem_is_told_in_chinese_and_what_programs_read_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = world(folder.path()).await;
    let data = folder.path().to_str().expect("a path");
    let zh = [("QUEQIAO_LANG", "zh")];
    let output = alone(&zh, &["status", "nobodys", "--data", data]).await;
    let printed = text(&output.stderr);
    assert!(printed.starts_with("找不到，或者它不属于调用方。（"), "{printed}");
    let to = serde_json::json!([{ "openid": "oStranger" }]);
    world.send(&to).await;
    let told = alone(&zh, &["doctor", "--data", data]).await;
    assert!(text(&told.stdout).contains("情况和处理办法") && told.status.code() == Some(1), "{told:?}");
    let listed = |lang| async move {
        let output = alone(&[("QUEQIAO_LANG", lang)], &["keys", "list", "--json", "--data", data]).await;
        text(&output.stdout)
    };
    assert_eq!(listed("en").await, listed("zh").await);
}

#[tokio::test]
async fn the_stack_on_this_machine_speaks_chinese_too() {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_queqiao"));
    command.args([
        "--lang",
        "zh",
        "--ephemeral",
        "--port",
        "0",
        "--simulator-port",
        "0",
        "--console-port",
        "0",
    ]);
    command.env_clear().kill_on_drop(true).stdout(std::process::Stdio::piped());
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("started");
    let mut ready = [0; 1];
    tokio::io::AsyncReadExt::read_exact(child.stdout.as_mut().expect("its stdout"), &mut ready)
        .await
        .expect("the ready line");
    let pid = child.id().expect("it runs").to_string();
    tokio::process::Command::new("kill").arg(&pid).status().await.expect("kill");
    let output = child.wait_with_output().await.expect("an end");
    let told = text(&output.stderr);
    for line in ["鹊桥已就绪；按 Ctrl-C 结束。", "# 3. 给这位用户发一条审批通知", "正在结束。"]
    {
        assert!(told.contains(line), "{told}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let output = alone(&[], &["--lang", "zh", "--ephemeral", "--port", &port, "--simulator-port", "0"]).await;
    let told = text(&output.stderr);
    assert!(told.contains("启动不了（") && output.status.code() == Some(1), "{told}");
}

#[tokio::test]
async fn a_month_is_reckoned_without_a_stack() {
    let cost = async |more: &[&str]| {
        let output = alone(&[], &[&["cost", "--messages", "1000000", "--json"], more].concat()).await;
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    let (alone_each, together) = (cost(&[]).await, cost(&["--per-call", "1000"]).await);
    let sum = |told: &Value| told["sum"].as_f64().expect("a sum");
    assert!(sum(&alone_each) - sum(&together) > 5.0, "{alone_each} {together}");
    assert_eq!(together["currency"], "USD");
    let output = alone(&[], &["cost", "--messages", "1000000"]).await;
    let (told, noted) = (text(&output.stdout), text(&output.stderr));
    assert!(told.contains(&format!("${:.2}", sum(&alone_each))) && noted.contains("NAT"), "{told} {noted}");
}

#[tokio::test]
async fn a_shell_completes_every_verb() {
    for shell in ["bash", "zsh", "fish"] {
        let output = alone(&[], &["completions", shell]).await;
        let script = text(&output.stdout);
        for verb in ["send", "dead-letters", "redrive", "idempotency-key"] {
            assert!(output.status.success() && script.contains(verb), "{shell}: {verb}");
        }
    }
    let mut checked = tokio::process::Command::new("bash");
    let script = alone(&[], &["completions", "bash"]).await.stdout;
    let line = format!(
        "{}\nCOMP_WORDS=(queqiao dead-letters re) COMP_CWORD=2; _queqiao queqiao re dead-letters; echo ${{COMPREPLY[@]}}",
        text(&script)
    );
    let output = checked.args(["-c", &line]).output().await.expect("an end");
    assert_eq!(text(&output.stdout).trim(), "redrive", "{output:?}");
}
