// Values that look like somebody's, so that the first message needs no typing.

import { dateOf, minuteOf } from "/_sim/ui/time.js";
import { kindOf } from "./catalog.js";

/** @import { Field } from "./catalog.js" */

/** @type {Record<string, string>} */
const BY_NAME = {
  applicant: "张三",
  approver: "李静",
  name: "张三",
  user: "张三",
  kind: "年假",
  content: "回家探亲",
  reason: "回家探亲",
  status: "待审批",
  id: "A-42",
  order: "QJ-20261128-07",
  goods: "云南小粒咖啡豆",
  product: "云南小粒咖啡豆",
  total: "128.00",
  amount: "128.00",
  courier: "顺丰速运",
  tracking_number: "SF1420387765501",
  address: "上海市徐汇区漕溪北路 18 号",
  phone: "021-60000000",
  remark: "请尽快处理",
};

/** @type {Record<string, string>} */
const BY_KIND = {
  thing: "示例内容",
  short_thing: "示例",
  number: "42",
  letter: "ABC",
  symbol: "#",
  character_string: "QJ-0042",
  amount: "128.00",
  phone_number: "021-60000000",
  car_number: "粤A8Z888",
  name: "张三",
  phrase: "待处理",
};

/** An amount in fen is a whole number. */
const FEN = "12800";

/**
 * @param {Field} field
 * @param {number} now  Unix seconds
 */
export function exampleOf({ name, field = "", format, values }, now) {
  if (values?.length) return values[0];
  if (format === "fen") return FEN;
  const kind = kindOf(field);
  if (kind === "time" || kind === "date" || /_at$|time|date/.test(name)) return `${dateOf(now)} ${minuteOf(now)}`;
  return BY_NAME[name] ?? BY_KIND[kind] ?? (/id$|number$|^no$/.test(name) ? "A-42" : "示例");
}
