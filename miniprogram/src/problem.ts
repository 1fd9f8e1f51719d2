// Everything that can go wrong with a call, as one class.

import type { Problem as Answered, Reason, Rejected } from "./words";
import type { WxError } from "./wx";

/** Queqiao's own words, and those for what goes wrong on the phone. Newer servers may answer with words not listed here. */
export type ProblemCode = Answered["code"] | "network_failed" | "unreadable_answer" | "wx_failed" | "rejected";

interface Facts {
  code: ProblemCode;
  status?: number;
  detail: string;
  errcode?: number | null;
  rid?: string | null;
  reason?: Reason;
  remedy?: string;
  rejected?: Rejected[];
  mayHaveTakenEffect?: boolean;
}

/** Decide on `code`, and on `reason` where it is `rejected`; log `detail` and `rid`. */
export class Problem extends Error {
  /**
   * What the server answered, or `network_failed`: no answer came; `unreadable_answer`: one that is not Queqiao's;
   * `wx_failed`: an API of `wx` refused; `rejected`: nobody gets the message.
   */
  readonly code: ProblemCode;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** What happened, in a sentence for developers. */
  readonly detail: string;
  /** WeChat's code, where WeChat is the cause: its server's, or that of an API of `wx`. */
  readonly errcode?: number;
  /** WeChat's id of the call, for its own log (kept seven days). */
  readonly rid?: string;
  /** Of `rejected`: why the first recipient gets nothing. */
  readonly reason?: Reason;
  /** What to do about it, where it is known and `detail` does not say. */
  readonly remedy?: string;
  /** Of `rejected`: all of them. */
  readonly rejected: Rejected[];
  /** Whether the server may have done what it was asked, although no word of that came back. */
  readonly mayHaveTakenEffect: boolean;

  constructor(facts: Facts) {
    super(`${facts.code}: ${[facts.detail, facts.remedy].filter(Boolean).join(" ")}`);
    this.name = "Problem";
    this.code = facts.code;
    this.status = facts.status ?? 0;
    this.detail = facts.detail;
    this.errcode = facts.errcode ?? undefined;
    this.rid = facts.rid ?? undefined;
    this.reason = facts.reason;
    this.remedy = facts.remedy;
    this.rejected = facts.rejected ?? [];
    this.mayHaveTakenEffect = facts.mayHaveTakenEffect ?? false;
  }
}

/** WeChat's errno for a host that the mini-program's console does not list; nothing was sent. */
const UNLISTED_DOMAIN = 600002;

/** `wx.request` failed. `writes`: whether the call was to change something. */
export function networkFailed(error: WxError, writes: boolean): Problem {
  const errcode = error.errno ?? error.errCode;
  if (errcode === UNLISTED_DOMAIN || error.errMsg.includes("not in domain list")) {
    return new Problem({
      code: "network_failed",
      errcode,
      detail: `WeChat did not send the call (${error.errMsg}).`,
      remedy: "List the host of `baseUrl` among the mini-program's request domains (mp.weixin.qq.com, 开发管理, 服务器域名).",
    });
  }
  const effect = writes ? "It may have been carried out all the same." : "Nothing was changed.";
  return new Problem({
    code: "network_failed",
    errcode,
    detail: `No answer came to the call (${error.errMsg}). ${effect}`,
    remedy: "Try again when the phone is online.",
    mayHaveTakenEffect: writes,
  });
}

/** Nobody gets the message. */
export function nobodyGets(status: number, rejected: [Rejected, ...Rejected[]]): Problem {
  const [{ reason, remedy, detail }] = rejected;
  return new Problem({ code: "rejected", status, reason, remedy, rejected, detail: detail ?? `Nobody gets it: ${reason}.` });
}

/** What developers can do about the failures of `wx.requestSubscribeMessage`, by WeChat's errCode. */
const SUBSCRIBE_REMEDIES: Record<number, string> = {
  10002: "Try again when the phone is online.",
  10003: "Try again when the phone is online.",
  10005: "Call it while the mini-program is in the foreground.",
  20001: "Compare the template ids with those in the mini-program's console (订阅消息); each mini-program has its own.",
  20002: "Ask for one-time and for long-term templates in calls of their own.",
  20003: "Ask for fewer templates at a time; WeChat shows up to three.",
  20004: "The user turned all subscribe messages off; wx.openSetting({ withSubscriptions: true }) leads to the switch.",
};
const IN_A_TAP = "Call `subscribe` first thing in the handler of a tap, before anything is awaited.";

/** `wx.requestSubscribeMessage` failed; the user has accepted nothing. */
export function subscribeFailed({ errMsg, errCode }: WxError): Problem {
  const remedy = errMsg.includes("TAP gesture") ? IN_A_TAP : SUBSCRIBE_REMEDIES[errCode ?? 0];
  return new Problem({ code: "wx_failed", errcode: errCode, detail: `WeChat did not ask the user (${errMsg}).`, remedy });
}

/** `wx.login` failed. */
export function loginFailed({ errMsg, errno }: WxError): Problem {
  const remedy = "Try again when the phone is online.";
  return new Problem({ code: "wx_failed", errcode: errno, detail: `WeChat gave no login code (${errMsg}).`, remedy });
}
