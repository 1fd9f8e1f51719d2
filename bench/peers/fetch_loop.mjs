#!/usr/bin/env node
// What a loop by hand takes in Node: messages by its own fetch (undici), so many at a time, of which nothing is stored;
// blobs opened by node:crypto. Prints a line of JSON a figure, as bench does.
//
//   node bench/peers/fetch_loop.mjs [program, target/release/wechat-simulator] [messages, 5000]
//
// Starts the simulator itself and ends it.
import { spawn } from "node:child_process";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { createInterface } from "node:readline";

const [program = "target/release/wechat-simulator", count = "5000"] = process.argv.slice(2);
const AT_A_TIME = 64;
const LATENCY_MS = 50;
const SEND = "/cgi-bin/message/template/send";

const tell = (what, figure, unit, more = {}) =>
  console.log(JSON.stringify({ job: "node", what, figure, unit, ...more }));

const json = async (url, body) =>
  (await fetch(url, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })).json();

const simulator = spawn(program, ["--port", "0", "--followers", count], { stdio: ["ignore", "pipe", "ignore"] });
process.on("exit", () => simulator.kill("SIGINT"));
const lines = createInterface({ input: simulator.stdout });
const ready = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);

const { wechat, oa_appid, oa_secret, template_id } = ready;
const users = [];
for (let from = 0; from < Number(count); from += 10_000) {
  users.push(...(await json(`${wechat}/_sim/users?from=${from}&n=${Math.min(10_000, Number(count) - from)}`)));
}
const grant = `grant_type=client_credential&appid=${oa_appid}&secret=${oa_secret}`;
const { access_token } = await json(`${wechat}/cgi-bin/token?${grant}`);
await json(`${wechat}/_sim/faults`, { endpoint: SEND, latency_ms: LATENCY_MS });
const data = Object.fromEntries(
  Object.entries({ thing1: "王小明", thing2: "请假", time3: "2026-03-01 09:30", thing4: "年假三天", character_string5: "QJ-1" })
    .map(([field, value]) => [field, { value }]),
);

const waiting = users.values();
const worker = async () => {
  for (const { oa_openid } of waiting) {
    const answer = await json(`${wechat}${SEND}?access_token=${access_token}`, { touser: oa_openid, template_id, data });
    if (answer.errcode !== 0) throw new Error(JSON.stringify(answer));
  }
};
const started = performance.now();
const before = process.cpuUsage();
await Promise.all(Array.from({ length: AT_A_TIME }, worker));
const { user, system } = process.cpuUsage(before);
const perSecond = (users.length / (performance.now() - started)) * 1000;
const bound = AT_A_TIME / (LATENCY_MS / 1000);
tell(`${users.length} messages, ${AT_A_TIME} at a time`, perSecond, "/s", {
  bound, ratio: perSecond / bound, held_against: `${AT_A_TIME} at a time of ${LATENCY_MS} ms each`,
  beside: { "ms CPU a message": (user + system) / 1000 / users.length },
});
simulator.kill("SIGINT");

const [key, iv] = [Buffer.from("0123456789abcdef"), Buffer.from("fedcba9876543210")];
const object = { openId: "o", avatarUrl: "", watermark: { timestamp: 1477314187, appid: "wx4f4bc4dec97d474b" } };
object.avatarUrl = "h".repeat(399 - JSON.stringify(object).length);
const cipher = createCipheriv("aes-128-cbc", key, iv);
const sealed = cipher.update(JSON.stringify(object), "utf8", "base64") + cipher.final("base64");
const open = () => {
  const decipher = createDecipheriv("aes-128-cbc", key, iv);
  const opened = JSON.parse(decipher.update(sealed, "base64", "utf8") + decipher.final("utf8"));
  if (opened.watermark.appid !== object.watermark.appid) throw new Error("another mini-program's");
};
const TIMES = 20_000;
for (let n = 0; n < TIMES; n += 1) open();
const began = performance.now();
for (let n = 0; n < TIMES; n += 1) open();
tell("encryptedData of 400 bytes opened", (TIMES / (performance.now() - began)) * 1000, "/s");
