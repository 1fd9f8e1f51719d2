//! The mini-program's side of WeChat in a test: what users let it send them, and what its server is told.

use serde_json::{Map, Value, json};

use crate::World;

impl World {
    /// Has a user accept in the mini-program's popup; gives what the client is told. One message of each template may be
    /// sent more.
    pub async fn accept(&self, user: u32, template_ids: &[&str]) -> Value {
        let replies = template_ids.iter().map(|id| ((*id).to_owned(), json!("accept")));
        self.reply(user, &Value::Object(replies.collect::<Map<_, _>>())).await
    }

    /// Has a user answer the popup, by template: `accept`, `acceptWithAudio`, `reject`, `ban`, …; gives what the client
    /// is told.
    pub async fn reply(&self, user: u32, replies: &Value) -> Value {
        self.tell(&format!("/_sim/users/{user}/subscribe"), replies).await
    }

    /// Has a user turn a template off in the mini-program's settings: nothing of it is taken any more.
    pub async fn refuse_subscription(&self, user: u32, template_id: &str) {
        self.tell(&format!("/_sim/users/{user}/subscriptions"), &json!({ template_id: "reject" })).await;
    }

    /// How many messages a user still takes, by template, as WeChat knows it.
    pub async fn subscriptions_of(&self, user: u32) -> Value {
        self.ask(&format!("/_sim/users/{user}/subscriptions")).await
    }

    /// The subscribe messages on a user's phone, the newest first.
    pub async fn subscribe_messages_of(&self, user: u32) -> Vec<Value> {
        let mut messages = self.messages_of(user).await;
        messages.retain(|message| message["channel"] == "subscribe");
        messages
    }

    /// Saves a server configuration of the mini-program: `url`, and what is not as usual.
    pub async fn configure_mini_callback(&self, configuration: &Value) {
        self.tell("/_sim/mini/callback", configuration).await;
    }

    /// How pushing the mini-program's callbacks went.
    pub async fn mini_callbacks(&self) -> Value {
        self.ask("/_sim/mini/callback/stats").await
    }

    /// Lets such shares of the mini-program's callbacks go wrong, in place of those before.
    pub async fn mini_callback_fault(&self, shares: Value) {
        self.tell("/_sim/mini/callback/faults", &shares).await;
    }

    /// WeChat keeps the mini-program's callbacks for later.
    pub async fn pause_mini_callbacks(&self) {
        self.tell("/_sim/mini/callback/pause", &Value::Null).await;
    }

    /// WeChat pushes what it kept of them.
    pub async fn resume_mini_callbacks(&self) {
        self.tell("/_sim/mini/callback/resume", &Value::Null).await;
    }
}

#[cfg(test)]
mod tests {
    use simulator::{MINI_APPID, MINI_SECRET, SUBSCRIBE_TEMPLATE_ID};

    use super::*;
    use crate::WeChat;

    #[tokio::test]
    async fn what_a_user_accepts_may_be_sent_once_and_what_is_refused_may_not() {
        let wechat = WeChat::with_followers(1).await;
        let world = wechat.alone();
        let told = world.accept(0, &[SUBSCRIBE_TEMPLATE_ID]).await;
        let expected = json!({ "errMsg": "requestSubscribeMessage:ok", SUBSCRIBE_TEMPLATE_ID: "accept" });
        assert_eq!(told, expected);
        let account = format!("grant_type=client_credential&appid={MINI_APPID}&secret={MINI_SECRET}");
        let token = world.ask(&format!("/cgi-bin/token?{account}")).await;
        let path = format!(
            "/cgi-bin/message/subscribe/send?access_token={}",
            token["access_token"].as_str().unwrap()
        );
        let message = json!({
            "touser": world.user(0).await.openid,
            "template_id": SUBSCRIBE_TEMPLATE_ID,
            "data": {
                "thing1": { "value": "张三" },
                "thing2": { "value": "年假" },
                "time3": { "value": "2026-11-22 09:30" },
                "phrase4": { "value": "待审批" },
            },
        });
        let sent = world.tell(&path, &message).await;
        assert_eq!(world.subscribe_messages_of(0).await[0]["msgid"], sent["msgid"], "{sent}");
        world.reply(0, &json!({ SUBSCRIBE_TEMPLATE_ID: "acceptWithAudio" })).await;
        assert_eq!(world.subscriptions_of(0).await, json!({ SUBSCRIBE_TEMPLATE_ID: 1 }));
        world.refuse_subscription(0, SUBSCRIBE_TEMPLATE_ID).await;
        assert_eq!(world.subscriptions_of(0).await, json!({}));
        assert_eq!(world.tell(&path, &message).await["errcode"], 43101);
        assert_eq!(world.mini_callbacks().await["pending"], 0);
    }
}
