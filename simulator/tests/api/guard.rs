//! The control routes and somebody else's page in a browser on this machine.

use reqwest::StatusCode;
use reqwest::header::{HOST, HeaderName, ORIGIN};
use simulator::{OA_APPID, OA_SECRET};

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

#[tokio::test]
async fn somebody_elses_page_fetches_no_token_and_so_takes_none_from_others() {
    let wechat = Wechat::start().await;
    let token = format!(
        "{}/cgi-bin/token?grant_type=client_credential&appid={OA_APPID}&secret={OA_SECRET}",
        wechat.base
    );
    let fetched = async |headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(wechat.http.get(&token), |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap().status()
    };
    for foreign in [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(fetched(&[foreign]).await, StatusCode::FORBIDDEN, "{foreign:?}");
    }
    assert!(wechat.get("/_sim/stats").await["endpoints"]["/cgi-bin/token"].is_null());
    for ours in [
        &[][..],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:3000")],
    ] {
        assert_eq!(fetched(ours).await, StatusCode::OK, "{ours:?}");
    }
}
