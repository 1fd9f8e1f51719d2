//! What a newcomer pastes next.

use local::Stack;

/// The lines, with the addresses and the key of this stack.
pub fn text(stack: &Stack, console: &str) -> String {
    let Stack { gateway, wechat, service_key, .. } = stack;
    format!(
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
"#
    )
}
