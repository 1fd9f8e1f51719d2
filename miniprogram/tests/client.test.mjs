// The client against the local stack, over HTTP; each test is a user of its own.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import client from "../miniprogram_dist/index.js";
import { pickUp } from "./phone.mjs";
import { startStack, until } from "./stack.mjs";

const { createQueqiao, Problem } = client;
const APPROVAL = "mS7kQ2vXz5Rb9LpWc3YhNt6sJ8dGa1UoEi4Kf0-BxTg";
const DATA = { applicant: "张三", kind: "年假", submitted_at: "2026-11-28 09:30", content: "回家探亲", id: "A-42" };

/** @type {import("./stack.mjs").Stack} */
let stack;
let users = 10;

before(async () => (stack = await startStack()));
after(() => stack?.stop());

/** A phone with a client on it; of somebody who does not follow, unless it is named. */
function somebody(user = users++) {
  const phone = pickUp(stack.wechat, user);
  return { user, phone, queqiao: createQueqiao({ baseUrl: stack.gateway, wx: phone.wx }) };
}

const kept = (phone) => JSON.parse([...phone.storage.values()][0]);
const approvalTo = (openid) => ({ notification: "approval_submitted", to: [{ openid }], data: DATA });

/** The problem that a call ends with. @param {Promise<unknown>} call */
async function problemOf(call) {
  const problem = await call.then(() => assert.fail("nothing went wrong"), (error) => error);
  assert.ok(problem instanceof Problem, String(problem));
  return problem;
}

test("calls at once share one login", async () => {
  const { phone, queqiao } = somebody();
  const [one, other] = await Promise.all([queqiao.login(), queqiao.login(), queqiao.subscribe([]).catch(() => {})]);
  assert.deepEqual(one, other);
  assert.match(one.openid, /^o/);
  assert.equal(phone.logins, 1);
});

test("the session is kept for the next start of the program", async () => {
  const { phone, queqiao } = somebody();
  const user = await queqiao.login();
  const next = createQueqiao({ baseUrl: `${stack.gateway}/`, wx: phone.wx });
  assert.deepEqual(await next.login(), user);
  assert.equal(phone.logins, 1);
});

test("a session that has run out by the phone's clock is not tried", async () => {
  const { phone, queqiao } = somebody();
  await queqiao.login();
  const [[key, session]] = phone.storage;
  phone.storage.set(key, JSON.stringify({ ...JSON.parse(session), expires_at: Date.now() - 1 }));
  await createQueqiao({ baseUrl: stack.gateway, wx: phone.wx }).login();
  assert.equal(phone.logins, 2);
});

test("what is no session in storage is passed over", async () => {
  const { phone } = somebody();
  phone.storage.set(`queqiao:${stack.gateway}`, JSON.stringify({ token: 7, expires_at: Date.now() + 60_000 }));
  await createQueqiao({ baseUrl: stack.gateway, wx: phone.wx }).login();
  assert.equal(phone.logins, 1);
});

test("without storage the session lasts as long as the program", async () => {
  const { phone, queqiao } = somebody();
  phone.brokenStorage = new Error("setStorageSync:fail exceed storage max size");
  await queqiao.login();
  await queqiao.login();
  assert.equal(phone.logins, 1);
});

test("a session that the server ended is renewed once, for all calls at once", async () => {
  const { user, phone, queqiao } = somebody();
  const { openid } = await queqiao.login();
  await stack.end(kept(phone).token);
  phone.requests = [];
  const calls = [1, 2, 3].map(() => problemOf(queqiao.send(approvalTo(openid))));
  for (const problem of await Promise.all(calls)) assert.equal(problem.reason, "not_subscribed");
  assert.equal(phone.logins, 2, `user ${user}`);
  assert.equal(phone.requests.filter((route) => route === "POST /send").length, 6);
});

test("a call that learns late that the session has ended takes the one that another has renewed", async () => {
  const { phone, queqiao } = somebody();
  await queqiao.login();
  await stack.end(kept(phone).token);
  let letGo;
  const isLate = new Promise((resolve) => (letGo = resolve));
  phone.meddle = (options) => (options.url.endsWith("/late") ? isLate.then(() => options) : options);
  const late = problemOf(queqiao.status("late"));
  assert.equal((await problemOf(queqiao.status("early"))).code, "not_found");
  letGo();
  assert.equal((await late).code, "not_found");
  assert.equal(phone.logins, 2);
});

test("a session that is not taken even when it is new is a problem, and no loop", async () => {
  const { phone, queqiao } = somebody();
  phone.meddle = (options) => ({ ...options, header: { ...options.header, authorization: "Bearer none" } });
  const problem = await problemOf(queqiao.status("nowhere"));
  assert.equal(problem.code, "unauthorized");
  assert.equal(problem.status, 401);
  assert.equal(phone.logins, 2);
});

test("a fresh login tells whether the user follows by now", async () => {
  const { phone, queqiao } = somebody();
  assert.equal((await queqiao.login()).following, false);
  await phone.follow();
  await stack.sync();
  assert.equal((await queqiao.login()).following, false);
  assert.equal((await queqiao.login({ fresh: true })).following, true);
});

test("the user is logged in before sealed data is read", async () => {
  const { phone, queqiao } = somebody();
  const { data, unionid } = await queqiao.decrypt(() => phone.seal({ nickName: "张三" }));
  assert.equal(data.nickName, "张三");
  assert.match(unionid, /^o/);
  assert.equal(phone.logins, 1);
});

test("sealed data is read anew with the session that takes the place of an ended one", async () => {
  const { phone, queqiao } = somebody();
  await queqiao.login();
  await stack.end(kept(phone).token);
  const { data } = await queqiao.decrypt(() => phone.seal({ steps: 7 }));
  assert.equal(data.steps, 7);
  assert.equal(phone.logins, 2);
});

test("sealed data is read anew where somebody else has logged in since", async () => {
  const { phone, queqiao } = somebody();
  await queqiao.login();
  await createQueqiao({ baseUrl: stack.gateway, wx: { ...phone.wx, getStorageSync: () => "" } }).login();
  phone.storage.clear();
  const { data } = await queqiao.decrypt(() => phone.seal({ steps: 8 }));
  assert.equal(data.steps, 8);
  assert.equal(phone.logins, 3);
});

test("what a tap brought fails where somebody else has logged in since, and the next tap's opens", async () => {
  const { phone, queqiao } = somebody();
  await queqiao.login();
  await createQueqiao({ baseUrl: stack.gateway, wx: { ...phone.wx, getStorageSync: () => "", setStorageSync() {} } }).login();
  const problem = await problemOf(queqiao.decrypt(await phone.seal({ purePhoneNumber: "1" })));
  assert.equal(problem.code, "decrypt_failed");
  const { data } = await queqiao.decrypt(await phone.seal({ purePhoneNumber: "1" }));
  assert.equal(data.purePhoneNumber, "1");
});

test("who accepted a message and does not follow gets it as a subscribe message", async () => {
  const [applicant, approver] = [somebody(), somebody()];
  const { openid } = await approver.queqiao.login();
  const refused = await problemOf(applicant.queqiao.send(approvalTo(openid)));
  assert.equal(refused.code, "rejected");
  assert.equal(refused.reason, "unreachable");

  const subscribed = await approver.phone.tap(() => approver.queqiao.subscribe([APPROVAL]));
  assert.deepEqual(subscribed, { accepted: [APPROVAL], credits: { [APPROVAL]: 1 } });
  const { id } = await applicant.queqiao.send(approvalTo(openid));
  const status = await until(async () => {
    const batch = await applicant.queqiao.status(id);
    return batch.counts.sent === 1 && batch;
  });
  // Whether somebody else follows is none of the applicant's business.
  assert.equal(status.messages[0].channel, "template");
  const [message] = await stack.inbox(approver.user);
  assert.equal(message.channel, "subscribe");
  assert.equal(message.data.thing1, "张三");
  assert.deepEqual((await applicant.queqiao.status(id, { after: 1 })).messages, []);
});

test("a follower gets the Official Account's message", async () => {
  const follower = somebody(0);
  const { openid } = await follower.queqiao.login();
  await stack.sync();
  await somebody().queqiao.send(approvalTo(openid));
  const [message] = await until(async () => {
    const inbox = await stack.inbox(0);
    return inbox.length > 0 && inbox;
  });
  assert.equal(message.channel, "template");
});

test("a rejection says why, and what to do", async () => {
  const { queqiao } = somebody();
  const { openid } = await queqiao.login();
  const problem = await problemOf(queqiao.send(approvalTo(openid)));
  assert.equal(problem.code, "rejected");
  assert.equal(problem.reason, "not_subscribed");
  assert.match(problem.remedy, /wx.requestSubscribeMessage/);
  assert.equal(problem.rejected.length, 1);
});

test("the same key is the same batch", async () => {
  const { phone, queqiao } = somebody();
  const { openid } = await queqiao.login();
  await phone.tap(() => queqiao.subscribe([APPROVAL]));
  const one = await queqiao.send(approvalTo(openid), { idempotencyKey: "A-42" });
  const again = await queqiao.send(approvalTo(openid), { idempotencyKey: "A-42" });
  assert.equal(again.id, one.id);
});

test("who rejects has accepted nothing", async () => {
  const { phone, queqiao } = somebody();
  phone.says = { [APPROVAL]: "reject" };
  const { accepted } = await phone.tap(() => queqiao.subscribe([APPROVAL]));
  assert.deepEqual(accepted, []);
});

test("WeChat asks in a tap alone, and the problem says so", async () => {
  const problem = await problemOf(somebody().queqiao.subscribe([APPROVAL]));
  assert.equal(problem.code, "wx_failed");
  assert.match(problem.remedy, /in the handler of a tap/);
});

test("what WeChat's popup fails with is told with its errcode and the remedy", async () => {
  const { phone, queqiao } = somebody();
  phone.fails = { requestSubscribeMessage: { errMsg: "requestSubscribeMessage:fail", errCode: 20004 } };
  const problem = await problemOf(phone.tap(() => queqiao.subscribe([APPROVAL])));
  assert.equal(problem.code, "wx_failed");
  assert.equal(problem.errcode, 20004);
  assert.match(problem.remedy, /withSubscriptions/);
});

test("a base library without the popup is a problem, too", async () => {
  const { phone } = somebody();
  const queqiao = createQueqiao({ baseUrl: stack.gateway, wx: { ...phone.wx, requestSubscribeMessage: undefined } });
  const problem = await problemOf(queqiao.subscribe([APPROVAL]));
  assert.equal(problem.code, "wx_failed");
  assert.match(problem.detail, /is not a function/);
});

test("what a base library adds to the user's answer does not cost the accept", async () => {
  const { phone, queqiao } = somebody();
  phone.adds = { errno: 0 };
  const { credits } = await phone.tap(() => queqiao.subscribe([APPROVAL]));
  assert.deepEqual(credits, { [APPROVAL]: 1 });
});

test("without a login code there is a problem, too", async () => {
  const { phone, queqiao } = somebody();
  phone.fails = { login: { errMsg: "login:fail timeout", errno: 5 } };
  const problem = await problemOf(queqiao.status("nowhere"));
  assert.equal(problem.code, "wx_failed");
  assert.match(problem.detail, /login:fail timeout/);
});

test("what the server refuses is a problem with its code and its sentence", async () => {
  const { queqiao } = somebody();
  const problem = await problemOf(queqiao.send({ notification: "order_shipped", to: [{ openid: "oNobody" }] }));
  assert.equal(problem.code, "forbidden");
  assert.equal(problem.status, 403);
  assert.match(problem.detail, /`allow` opens it/);
  assert.match(problem.message, /^forbidden: A mini-program user/);
});

test("without an answer the problem says what may have happened", async () => {
  const { phone, queqiao } = somebody();
  await queqiao.login();
  phone.fails = { request: { errMsg: "request:fail timeout", errno: 5 } };
  const sent = await problemOf(queqiao.send(approvalTo("oNobody")));
  assert.equal(sent.code, "network_failed");
  assert.equal(sent.status, 0);
  assert.match(sent.detail, /request:fail timeout.*may have been carried out/);
  assert.equal(sent.mayHaveTakenEffect, true);
  const read = await problemOf(queqiao.status("nowhere"));
  assert.equal(read.mayHaveTakenEffect, false);
  assert.match(read.detail, /Nothing was changed/);
});

test("a host that the console does not list is told with the remedy", async () => {
  const { phone, queqiao } = somebody();
  phone.fails = { request: { errMsg: "request:fail url not in domain list", errno: 600002 } };
  const problem = await problemOf(queqiao.login());
  assert.match(problem.remedy, /request domains/);
  assert.equal(problem.mayHaveTakenEffect, false);
});

test("a login that failed is tried anew by the next call", async () => {
  const { phone, queqiao } = somebody();
  phone.fails = { request: { errMsg: "request:fail" } };
  await problemOf(queqiao.login());
  phone.fails = {};
  await queqiao.login();
  assert.equal(phone.logins, 2);
});

test("whoever answers with a problem, what may have been done all the same is called so", async (t) => {
  const answers = [
    [503, '{"message":"Service Unavailable"}', "unavailable", true],
    [503, '{"code":"unavailable","detail":"A table does not answer."}', "unavailable", true],
    [429, '{"message":"Too Many Requests"}', "too_many_requests", false],
    [200, "<html>Welcome to our Wi-Fi</html>", "unreadable_answer", false],
  ];
  for (const [status, body, code, mayHaveTakenEffect] of answers) {
    const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, "127.0.0.1");
    t.after(() => server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { phone } = somebody();
    const queqiao = createQueqiao({ baseUrl: `http://127.0.0.1:${server.address().port}`, wx: phone.wx });
    const problem = await problemOf(queqiao.login());
    assert.deepEqual([problem.code, problem.status, problem.mayHaveTakenEffect], [code, status, mayHaveTakenEffect]);
  }
});

test("logging out ends the session, here and there", async () => {
  const { phone, queqiao } = somebody();
  await queqiao.login();
  const { token } = kept(phone);
  assert.deepEqual(await queqiao.logout(), { ended: 1 });
  assert.equal(phone.storage.size, 0);
  await assert.rejects(stack.end(token), /401/);
  phone.requests = [];
  assert.deepEqual(await queqiao.logout(), { ended: 0 });
  assert.deepEqual(phone.requests, []);
  assert.equal(phone.logins, 1);
});

test("a logout without an answer keeps the session, so that it can be repeated", async () => {
  const { phone, queqiao } = somebody();
  await queqiao.login();
  phone.fails = { request: { errMsg: "request:fail" } };
  assert.equal((await problemOf(queqiao.logout())).code, "network_failed");
  phone.fails = {};
  assert.deepEqual(await queqiao.logout({ all: true }), { ended: 1 });
});

test("who was logged out elsewhere is logged out", async () => {
  const { phone, queqiao } = somebody();
  await queqiao.login();
  await stack.end(kept(phone).token);
  assert.deepEqual(await queqiao.logout(), { ended: 0 });
  assert.equal(phone.storage.size, 0);
});
