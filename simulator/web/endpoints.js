// WeChat's endpoints in the order in which they are shown. Others that the simulator tells of come after them.

const KNOWN = [
  "/cgi-bin/token",
  "/cgi-bin/stable_token",
  "/sns/jscode2session",
  "/cgi-bin/user/get",
  "/cgi-bin/user/info",
  "/cgi-bin/user/info/batchget",
  "/cgi-bin/message/template/send",
  "/cgi-bin/message/subscribe/send",
  "/cgi-bin/template/get_all_private_template",
  "/wxaapi/newtmpl/gettemplate",
];

/**
 * @param {import("./types.js").Stats} stats
 * @param {import("./types.js").Quota[]} quota
 */
export function endpointsOf(stats, quota) {
  return [...new Set([...KNOWN, ...quota.map((row) => row.endpoint), ...Object.keys(stats.endpoints)])];
}
