// How a mini-program in TypeScript uses the package; compiled, never run.

import { createQueqiao, Problem, type MessageState, type Wx } from "queqiao-miniprogram";

const platform: Wx = wx;
const queqiao = createQueqiao({ baseUrl: "https://push.example.com", wx: platform });

export async function approve(openid: string): Promise<MessageState | undefined> {
  const { id, rejected } = await queqiao.send({ notification: "approval_submitted", to: [{ openid }], data: { id: 42 } });
  const reason: string | undefined = rejected[0]?.reason;
  const { messages } = await queqiao.status(id);
  return reason ? undefined : messages[0]?.state;
}

export async function steps(): Promise<unknown> {
  const { data } = await queqiao.decrypt(() => wx.getWeRunData());
  return data.stepInfoList;
}

export function isRefusal(problem: unknown): boolean {
  return problem instanceof Problem && problem.code === "rejected" && problem.reason === "not_subscribed";
}

// @ts-expect-error: a mini-program user names recipients by the mini-program's openid alone.
void queqiao.send({ notification: "approval_submitted", to: [{ unionid: "o" }] });
// @ts-expect-error: only a service key may choose the page.
void queqiao.send({ notification: "approval_submitted", to: [{ openid: "o" }], page: "pages/index" });
// @ts-expect-error: there is no such word.
export const isTypo = (problem: Problem) => problem.code === "unauthorised";
