//! The program that `cargo run` starts: its logs hold no secret, no token and nobody's data, and it
//! ends with a sentence when it cannot start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use contract::openapi;
use contract::routes::{BodyKind, Operation, ROUTES, Route};
use harness::World;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// Stands in what a user's phone seals; the logs may not show it.
const NICKNAME: &str = "NicknameOfTheUser";

/// `cargo run`, and everything it writes.
struct Program {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    world: World,
}

/// The program itself, as `cargo run` starts it.
const PROGRAM: &str = env!("CARGO_BIN_EXE_queqiao");

impl Program {
    /// Starts it at LOG_LEVEL=trace and waits for its ready line.
    async fn start(folder: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["--port", "0", "--simulator-port", "0", "--followers", "20"]).args(more);
        command.arg("--data").arg(folder).env_clear().env("LOG_LEVEL", "trace").kill_on_drop(true);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let mut stderr = child.stderr.take().expect("its stderr");
        let stderr = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.map(|_| text).expect("text")
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("its stdout"));
        let mut ready = String::new();
        stdout.read_line(&mut ready).await.expect("a line");
        let world = World::at(&serde_json::from_str(&ready).expect("the ready line"));
        let stdout = tokio::spawn(async move {
            let mut text = String::new();
            stdout.read_to_string(&mut text).await.map(|_| text).expect("text")
        });
        Self { child, stdout, stderr, world }
    }

    /// Ends it as a terminal or an orchestrator does; gives what it wrote after the ready line.
    async fn end(mut self) -> String {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").arg(&pid).status().await.expect("kill").success());
        assert!(self.child.wait().await.expect("an end").success());
        self.stdout.await.expect("its stdout") + &self.stderr.await.expect("its stderr")
    }
}

/// Everything there is to do, and much that goes wrong; gives the bearer tokens of the users.
async fn walk(world: &World) -> Vec<String> {
    let (user, old) = (world.user(1).await, world.login(1).await);
    let session = world.login(1).await;
    let sealed = world.sealed(1, &json!({ "nickName": NICKNAME })).await;
    world.post("/decrypt", &session.token, &sealed).await.ok(200);
    world.post("/decrypt", &old.token, &sealed).await.problem(400, "decrypt_failed");
    world.post("/decrypt", "made-up", &sealed).await.problem(401, "unauthorized");
    world.sync_until_done().await;
    let id = world.send_to(&json!({ "openid": user.openid })).await;
    world.outcome(&id).await;
    world.send_as(&session.token, "approval_submitted", &json!([{ "openid": user.openid }])).await;
    world.rotate("classic", 2).await;
    let id = world.send_to(&json!({ "openid": user.openid })).await;
    assert_eq!(world.outcome(&id).await["attempts"], 2);
    vec![old.token, session.token, user.openid, user.unionid, user.oa_openid]
}

/// Every way in which WeChat fails, at every endpoint.
async fn stumble(world: &World) {
    let failures = [json!({ "errcode": -1 }), json!({ "http_status": 502 }), json!({ "cut": true })];
    for mut fault in failures {
        fault["endpoint"] = "*".into();
        world.fault(fault).await;
        let code = json!({ "code": world.code(2).await });
        world.post("/login", "", &code).await.problem(503, "wechat_unavailable");
        let id = world.send_to(&json!({ "oa_openid": world.user(2).await.oa_openid })).await;
        world.wait_for(&id, |batch| batch["counts"]["queued"].is_null()).await;
        world.clear_faults().await;
    }
    for errcode in [40013, 40125, 45009] {
        world.fault(json!({ "endpoint": "*", "errcode": errcode })).await;
        let code = json!({ "code": world.code(2).await });
        assert!(world.post("/login", "", &code).await.status >= 400);
        world.sync().await;
        world.clear_faults().await;
    }
}

/// The session keys and tokens that the simulated WeChat gave out.
fn given_out(folder: &Path) -> Vec<String> {
    let file = fs::read(folder.join("wechat.json")).expect("the saved WeChat");
    let wechat: Value = serde_json::from_slice(&file).expect("JSON");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let rotations = wechat["tokens"].as_object().expect("tokens").values();
    let tokens = rotations.flat_map(|rotation| [&rotation["current"]["text"], &rotation["previous"]["text"]]);
    let keys = wechat["logins"]["session_keys"].as_object().expect("session keys").values();
    tokens.chain(keys).filter_map(text).collect()
}

/// The lines that are logs: not those that are printed for pasting, with the service key in them.
fn logs(written: &str) -> String {
    written.lines().filter(|line| !line.contains("curl -sw")).collect::<Vec<_>>().join("\n")
}

fn hold_no_secret(logs: &str, secrets: &[String]) {
    let tell_tales = ["access_token=", "secret=", "js_code=", "session_key\":\"", NICKNAME];
    for secret in secrets.iter().map(String::as_str).chain(tell_tales) {
        assert!(secret.len() > 5, "`{secret}` is no secret");
        let line = logs.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "the logs hold {secret}");
    }
}

#[tokio::test]
async fn the_logs_hold_no_secret_whatever_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Program::start(folder.path(), &[]).await;
    let mut secrets = walk(&first.world).await;
    stumble(&first.world).await;
    secrets.extend([simulator::MINI_SECRET, simulator::OA_SECRET].map(str::to_owned));
    secrets.push(first.world.service_key.clone());
    let mut written = first.end().await;
    secrets.extend(given_out(folder.path()));

    // The same tables, tokens and sessions; WeChat itself is gone.
    let second = Program::start(folder.path(), &["--wechat", "http://127.0.0.1:1"]).await;
    second.world.post("/login", "", &json!({ "code": "0made-up" })).await.problem(503, "wechat_unavailable");
    let id = second.world.send_to(&json!({ "oa_openid": "o-somebody" })).await;
    second.world.wait_for(&id, |batch| batch["counts"]["queued"].is_null()).await;
    written += &second.end().await;

    // WeChat is there again, and the proxy that leads to it is not.
    let third = Program::start(folder.path(), &["--egress-proxy", "http://team:s3cret@127.0.0.1:2"]).await;
    let id = third.world.send_to(&json!({ "oa_openid": "o-somebody" })).await;
    third.world.wait_for(&id, |batch| batch["counts"]["queued"].is_null()).await;
    written += &third.end().await;
    secrets.push("s3cret".to_owned());

    let logs = logs(&written);
    for said in [
        "logged in",
        "tried a message",
        "fetched a token",
        "cannot be reached at http://127.0.0.1:1",
        "the proxy 127.0.0.1:2 opens no way",
    ] {
        assert!(logs.contains(said), "the logs say nothing of what they are to hold back: {said}");
    }
    assert!(secrets.len() >= 8, "{}", secrets.len());
    hold_no_secret(&logs, &secrets);
}

/// What a route takes, with `text` in one place after the other: as a value, as a name, as all there is.
fn bodies(route: &Route, text: &str) -> Vec<String> {
    let mut bodies = vec![text.to_owned(), json!(text).to_string(), json!([text]).to_string()];
    let Some(BodyKind::Json(of) | BodyKind::OptionalJson(of)) = route.request.map(|body| body.kind) else {
        return bodies;
    };
    let example = openapi::example(of);
    for place in harness::places(&example) {
        let mut changed = example.clone();
        *changed.pointer_mut(&place).expect("a place") = json!(text);
        bodies.push(changed.to_string());
        changed = example.clone();
        if let Some(members) = changed.pointer_mut(&place).and_then(Value::as_object_mut) {
            members.insert(text.to_owned(), json!(1));
            bodies.push(changed.to_string());
        }
    }
    bodies
}

#[tokio::test]
async fn nothing_that_a_caller_sends_comes_back_or_stands_in_a_log() {
    const MARK: &str = "Mark0f7ae1";
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::start(folder.path(), &[]).await;
    let world = &program.world;
    let session = world.login(1).await;
    let mut sent = 0_usize;
    for length in [10, 200, 6_000, 1024 * 1024] {
        let text = MARK.repeat(length / MARK.len());
        let short: String = text.chars().take(6_000).collect();
        for route in ROUTES {
            let path = route.at(&short);
            let mut answers = Vec::new();
            for bearer in ["", short.as_str(), &session.token, &world.service_key] {
                for body in bodies(route, &text) {
                    answers.push(world.call(route.method.clone(), &path, bearer, body).await);
                }
                let query = format!("{path}?after={short}&{short}=1&echostr={short}&signature={short}");
                answers.push(world.call(route.method.clone(), &query, bearer, "").await);
            }
            sent += answers.len();
            for answer in answers {
                // A batch that is taken names whom it was for.
                let told = answer.body.to_string();
                // The catalog is as long as its operator made it, and the doctor tells of every check.
                let may_be_long = matches!(route.operation, Operation::Templates | Operation::Doctor);
                let is_short = told.len() < 2048 || may_be_long;
                let is_quiet = !told.contains(MARK) && is_short;
                assert!(answer.status == 202 || is_quiet, "{} {}: {:.300}", route.method, route.path, told);
                assert!(answer.status < 500, "{} {}: {told:.300}", route.method, route.path);
            }
        }
    }
    let written = program.end().await;
    let logs = logs(&written);
    let line = logs.lines().find(|line| line.contains(MARK) || line.len() > 2048);
    assert_eq!(line.map(|line| line.chars().take(300).collect::<String>()), None, "after {sent} requests");
    assert!(sent > 500, "{sent}");
    let each = logs.len() / sent;
    assert!(each < 2048, "{each} bytes of log for each request");
}

#[tokio::test]
async fn what_was_accepted_outlives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = Program::start(folder.path(), &[]).await;
    let user = first.world.user(1).await;
    first.world.fault(json!({ "endpoint": "/cgi-bin/message/template/send", "errcode": -1 })).await;
    let id = first.world.send_to(&json!({ "oa_openid": user.oa_openid })).await;
    first.world.wait_for(&id, |batch| batch["counts"]["queued"].is_null()).await;
    // SIGKILL.
    first.child.kill().await.expect("killed");

    let second = Program::start(folder.path(), &[]).await;
    second.world.clear_faults().await;
    second.world.wait_for(&id, |batch| batch["counts"]["delivered"] == 1).await;
    second.end().await;
}

#[tokio::test]
async fn what_is_kept_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::start(folder.path(), &[]).await;
    program.world.login(1).await;
    program.end().await;
    let files: Vec<_> =
        std::fs::read_dir(folder.path()).expect("a folder").map(|file| file.expect("a file")).collect();
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        let mode = file.metadata().expect("its rights").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file:?}");
    }
}

#[tokio::test]
async fn a_wechat_that_is_no_address_is_refused_at_the_start() {
    for wechat in ["api.weixin.qq.com", "nonsense", "ftp://127.0.0.1"] {
        let output =
            Command::new(PROGRAM).args(["--ephemeral", "--wechat", wechat]).env_clear().output().await;
        let output = output.expect("an end");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()), "{wechat}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("--wechat") && told.contains("https://api.weixin.qq.com"), "{told}");
    }
}

#[tokio::test]
async fn a_wechat_that_is_not_there_is_told_with_its_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::start(folder.path(), &["--wechat", "http://127.0.0.1:1/"]).await;
    let written = program.end().await;
    let line = written.lines().find(|line| line.contains("could not fetch an access token"));
    let line = line.expect("a line about the token");
    assert!(line.contains("http://127.0.0.1:1 takes no connection"), "{line}");
}

#[tokio::test]
async fn a_person_at_a_terminal_can_read_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = Program::start(folder.path(), &["--log", "text"]).await;
    program.world.login(1).await;
    let written = program.end().await;
    let line = written.lines().find(|line| line.contains("logged in")).expect("a line about the login");
    assert!(!line.starts_with('{') && line.contains("INFO"), "{line}");
}

#[tokio::test]
async fn a_program_that_cannot_start_ends_with_a_sentence_and_not_with_success() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Program::start(folder.path(), &[]).await;
    let mut second = Command::new(PROGRAM);
    second.args(["--port", "0", "--simulator-port", "0", "--data"]).arg(folder.path()).env_clear();
    let second = second.output().await.expect("an end");
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("Another `cargo run` is using"));
    assert_eq!(second.stdout, b"", "no ready line");
    first.end().await;
}
