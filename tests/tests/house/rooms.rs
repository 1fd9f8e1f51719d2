//! What one part of the house may not name.

use toml::Value;

use crate::workspace;

#[test]
fn a_function_speaks_to_aws_and_wechat_only_through_shared() {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    const CLIENTS: [&str; 3] = ["aws-", "hyper", "reqwest"];
    const RAW: [&str; 8] =
        ["aws_config", "aws_sdk_", "hyper", "hyper_util", "reqwest", "std::env", "std::net", "tokio::net"];
    let mut wrong = Vec::new();
    for function in workspace::functions() {
        let dependencies = function.dependencies(&KINDS).into_iter();
        let clients = dependencies.filter(|name| CLIENTS.iter().any(|client| name.starts_with(client)));
        wrong.extend(clients.map(|name| format!("{}: depends on {name}", function.place_of(&name))));
        let tokio =
            KINDS.iter().filter_map(|kind| function.manifest.get(*kind)?.get("tokio")?.get("features"));
        let mut features = tokio.filter_map(Value::as_array).flatten();
        if features.any(|feature| feature.as_str() == Some("net")) {
            wrong.push(format!("{}: asks for tokio's `net`", function.place_of("tokio")));
        }
        wrong.extend(function.sources().flat_map(|source| source.naming(&RAW)));
    }
    for line in &mut wrong {
        *line += "; a function makes no raw call: give `shared` a method for it";
    }
    workspace::nothing_in(&wrong);
}

#[test]
fn wechats_client_knows_no_table_no_queue_and_no_configuration() {
    const BEYOND: [&str; 10] = [
        "aws_sdk_",
        "crate::*",
        "crate::Authorized",
        "crate::Config",
        "crate::authorized",
        "crate::config",
        "crate::lambda",
        "crate::queue",
        "crate::store",
        "lambda_",
    ];
    let sources = workspace::package_named("shared").sources();
    let wechat: Vec<_> =
        sources.filter(|source| source.module.first().is_some_and(|room| room == "wechat")).collect();
    assert!(!wechat.is_empty(), "shared/src/wechat.rs: not there; tell this test where WeChat's client went");
    let named = wechat.iter().flat_map(|source| source.naming(&BEYOND));
    let wrong: Vec<_> = named
        .map(|named| format!("{named}; `wechat` is only about WeChat: join the two in `authorized`"))
        .collect();
    workspace::nothing_in(&wrong);
}

#[test]
fn one_place_reads_the_environment() {
    const READS: [&str; 5] =
        ["std::env::*", "std::env::var", "std::env::var_os", "std::env::vars", "std::env::vars_os"];
    /// The configuration; and the level of the logs, which must be there when the configuration fails.
    const READERS: [&str; 2] = ["shared/src/config.rs", "shared/src/telemetry.rs"];
    let sources = workspace::package_named("shared").sources();
    let others = sources.filter(|source| !READERS.contains(&source.file.as_str()));
    let named = others.flat_map(|source| source.naming(&READS));
    let wrong: Vec<_> = named
        .map(|named| format!("{named}; take it from `Config`, which reads the environment once"))
        .collect();
    workspace::nothing_in(&wrong);
}
