/** Why a call was refused, by the problem's code. @type {Record<string, string>} */
export const problems = {
  invalid_request: "请求不符合接口的要求。",
  unauthorized: "没有带 session token 或 service key，或者带的无效、过期了。",
  invalid_code: "微信不认这个 code：请再调一次 wx.login。",
  login_blocked: "微信不让这个用户登录，不要再试。",
  decrypt_failed: "解不开这段加密数据：请重新登录，再取一次数据。",
  forbidden: "身份有效，但没有这个权限。",
  not_found: "找不到，或者它不属于调用方。",
  conflict: "和以前的调用冲突，或者消息的状态不允许。",
  too_large: "超出了一次调用的上限。",
  too_many_requests: "调用方用完了自己的限额。",
  quota_exhausted: "这个账号在微信的额度用完了。",
  misconfigured: "微信不接受这个账号的设置。",
  wechat_unavailable: "微信暂时没有响应，过几秒再试。",
  unavailable: "鹊桥暂时无法访问自己的数据表或队列，过几秒再试。",
  internal: "这是鹊桥自己的错误，再试也没有用。",
};
