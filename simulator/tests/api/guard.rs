//! The control routes and somebody else's page in a browser on this machine.

use reqwest::StatusCode;
use reqwest::header::{HOST, HeaderName, ORIGIN};

use crate::wechat::Wechat;

#[tokio::test]
async fn the_control_routes_are_for_this_machine_alone() {
    let wechat = Wechat::start().await;
    let asked = async |path: &str, header: HeaderName, value: &str| {
        let request = wechat.http.post(format!("{}{path}", wechat.base)).header(header, value);
        request.send().await.unwrap().status()
    };
    for elsewhere in ["http://evil.example", "null", "http://localhost.evil.example"] {
        assert_eq!(asked("/_sim/clock", ORIGIN, elsewhere).await, StatusCode::FORBIDDEN, "{elsewhere}");
    }
    assert_eq!(asked("/_sim/clock", HOST, "evil.example:80").await, StatusCode::FORBIDDEN);
    for (header, here) in
        [(ORIGIN, "http://localhost:3000"), (ORIGIN, "http://127.0.0.1:9000"), (HOST, "localhost")]
    {
        assert_ne!(asked("/_sim/clock", header, here).await, StatusCode::FORBIDDEN, "{here}");
    }
    // WeChat itself answers whoever asks.
    assert_ne!(asked("/cgi-bin/token", HOST, "api.weixin.qq.com").await, StatusCode::FORBIDDEN);
}
