//! What a newcomer pastes next.

use local::Stack;

use crate::lang::say;

/// The lines, with the addresses and the key of this stack.
pub fn text(stack: &Stack, console: &str) -> String {
    let Stack { gateway, wechat, service_key, .. } = stack;
    say!(
        r#"
Open {console} and send yourself the first message.

Queqiao is ready; Ctrl-C ends it.
  gateway  {gateway}
  WeChat   {wechat}

Or paste these, one after the other:

# 1. A user of the mini-program logs in (wx.login gives the code)
CODE=$(curl -s -X POST {wechat}/_sim/users/0/code | cut -d'"' -f4)
curl -sw '\n' {gateway}/login -d "{{\"code\":\"$CODE\"}}"

# 2. The Official Account's followers come into the map
curl -sw '\n' -X POST {gateway}/sync -H 'Authorization: Bearer {service_key}'

# 3. Tell that user about an approval
OPENID=$(curl -s {wechat}/_sim/users/0 | grep -o '"mini_openid":"[^"]*' | cut -d'"' -f4)
BATCH=$(curl -sw '\n' {gateway}/send -H 'Authorization: Bearer {service_key}' -d "{{\"notification\":\"approval_submitted\",
  \"to\":[{{\"openid\":\"$OPENID\"}}],\"data\":{{\"applicant\":\"张三\",\"kind\":\"年假\",
  \"submitted_at\":\"2026-11-22 09:30\",\"content\":\"回家探亲\",\"id\":\"A-42\"}}}}"); echo "$BATCH"

# 4. What became of it, and what the user sees
sleep 1; curl -sw '\n' {gateway}/send/$(echo "$BATCH" | cut -d'"' -f4) -H 'Authorization: Bearer {service_key}'
curl -sw '\n' '{wechat}/_sim/messages?user=0'
"#,
        r#"
打开 {console}，给自己发第一条消息。

鹊桥已就绪；按 Ctrl-C 结束。
  网关  {gateway}
  微信  {wechat}

也可以依次粘贴这些命令：

# 1. 一位小程序用户登录（code 由 wx.login 取得）
CODE=$(curl -s -X POST {wechat}/_sim/users/0/code | cut -d'"' -f4)
curl -sw '\n' {gateway}/login -d "{{\"code\":\"$CODE\"}}"

# 2. 公众号的粉丝进入映射表
curl -sw '\n' -X POST {gateway}/sync -H 'Authorization: Bearer {service_key}'

# 3. 给这位用户发一条审批通知
OPENID=$(curl -s {wechat}/_sim/users/0 | grep -o '"mini_openid":"[^"]*' | cut -d'"' -f4)
BATCH=$(curl -sw '\n' {gateway}/send -H 'Authorization: Bearer {service_key}' -d "{{\"notification\":\"approval_submitted\",
  \"to\":[{{\"openid\":\"$OPENID\"}}],\"data\":{{\"applicant\":\"张三\",\"kind\":\"年假\",
  \"submitted_at\":\"2026-11-22 09:30\",\"content\":\"回家探亲\",\"id\":\"A-42\"}}}}"); echo "$BATCH"

# 4. 看送达情况，和用户看到的消息
sleep 1; curl -sw '\n' {gateway}/send/$(echo "$BATCH" | cut -d'"' -f4) -H 'Authorization: Bearer {service_key}'
curl -sw '\n' '{wechat}/_sim/messages?user=0'
"#
    )
}
