// What users are told when something goes wrong; `detail` and `remedy` are for developers.

const REASONS = {
  unreachable: "对方现在收不到通知：请他关注公众号，或在“审批”页点“接收通知”。",
  never_logged_in: "对方还没有打开过这个小程序。",
  invalid_field: "有内容没有填，或者太长。",
};
const CODES = {
  network_failed: "网络不通，请稍后再试。",
  too_many_requests: "今天发得太多了，明天再试。",
};

/** @param {import("queqiao-miniprogram").Problem} problem */
module.exports = function told(problem) {
  console.warn(problem);
  return REASONS[problem.reason] || CODES[problem.code] || "出了点问题，请稍后再试。";
};
