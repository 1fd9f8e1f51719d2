// What to do, by the gateway's reason. Where its English sentence names something, so does the one here; where that is
// not to be found in it, there is none here.

import { errcodes } from "/_sim/ui/words/errcodes-zh.js";

/** @typedef {{ reason?: string | null, errcode?: number | null }} Told  What the sentence is about. */

const TEMPLATE_AGAIN = "把得到的模板 ID 写进通知目录。更换服务类目会删除模板。";
const WHITELIST = "公众号：微信开发者平台 → 我的业务 → 公众号/服务号 → 基础信息 → 开发密钥；小程序：公众平台 → 管理 → 开发管理 → 开发设置";

/** @type {Record<string, string | ((said: string, told: Told) => string | undefined)>} */
export const remedies = {
  never_logged_in: "请用户打开小程序登录一次（POST /login）；也核对一下，这是不是小程序的 openid。",
  no_unionid: "把小程序和公众号绑定到同一个微信开放平台账号，再请用户登录一次。",
  not_following: "请用户关注公众号；已经关注的，等粉丝同步完（GET /sync）。",
  not_subscribed: "请用户关注公众号，或在小程序里授权一次（wx.requestSubscribeMessage，再 POST /subscriptions）；授权一次可以发一条。",
  unreachable: "无需处理；用 service key 可以查到原因。",
  refused: "通知是用户自己关闭的，只有 TA 自己能再打开。",
  invalid_field: "改正上面说的字段，在 `data` 里改，或在通知目录里改。",
  duplicate_recipient: "一次调用里，同一个收件人只写一次。",
  duplicate_content: "同样的内容一分钟内发给同一用户，微信会拒绝；确实要再发，请隔一分钟。",
  invalid_openid: "要写这个公众号的 openid，不是小程序的，也不是别的账号的；最好直接写小程序的 openid 或 unionid。",
  expired: "先解决它当时在等的问题；还用得上就重新发送。最多等多久，由通知目录里的 `keep` 决定。",
  template_gone: `在公众号里重新添加这个模板，${TEMPLATE_AGAIN}`,
  template_restricted: "查看公众号后台的站内通知：微信限制了这个模板或它的内容。",
  invalid_page: "发布通知目录里写的小程序页面，路径前面不带斜杠。",
  quota_exhausted: "每分钟的额度不用处理；每天的额度在北京时间零点恢复，也可以在公众平台清零。",
  too_frequent: "同一时间给这个用户少发几条。",
  wechat_unavailable: "不用处理，会自动重试。",
  outcome_unknown: "先问用户有没有收到，没有收到再重新发送。",
  token_invalid: "不用处理，正在换新的 access_token。如果一直这样，查查是不是有别人在取这个账号的 access_token。",
  misconfigured,
  invalid_call: "这是鹊桥的问题，请把错误码和 rid 报给我们。",
  user_restricted: "微信限制了这个用户，无需处理。",
  not_delivered: "重新发送；如果一直这样，拿上面的详情到公众平台查。",
  forgotten: "无需处理：这是用户要求的，或有人替 TA 要求的。",
  unknown_errcode: "拿错误码和 rid 到公众平台查。",

  unknown_template: `在公众平台添加这个模板，${TEMPLATE_AGAIN}`,
  unknown_field: named(/instead: (.+)\. WeChat/, (fields) => `去掉它，或换成模板里有的字段：${fields}。别的字段微信不显示。`),
  empty_field: named(/field (.+?): /, (field) => `填上模板的字段 ${field}：有字段空着，微信就不收这条消息。`),
  not_approved: named(/: (.+)\.$/, (values) => `换成审核通过的值之一：${values.replace(/, and (\d+) more$/, "，另有 $1 个")}。`),
};

/**
 * @param {RegExp} place  Where the gateway's sentence names something.
 * @param {(name: string) => string} says
 * @returns {(said: string) => string | undefined}
 */
function named(place, says) {
  return (said) => {
    const [, name] = place.exec(said) ?? [];
    return name && says(name);
  };
}

/** The sentence names the very address that WeChat refused, or what the code means. @param {string} said @param {Told} told */
function misconfigured(said, { errcode }) {
  if (errcode === 40164) return `把${/the IP \S+/.exec(said)?.[0].slice(3) ?? "出口 IP"} 加进这个账号的 IP 白名单（${WHITELIST}）。`;
  const means = errcodes[String(errcode)];
  if (said.startsWith("errcode ") && !means) return undefined;
  return `${means ? `${means}：` : ""}在 docs/errors.md 里查这个错误码，改正账号的设置。`;
}

/** As the gateway says it, where there is none here. @param {string} said @param {Told} told */
export function remedyOf(said, told) {
  const says = remedies[told.reason ?? ""];
  return (typeof says === "function" ? says(said, told) : says) ?? said;
}
