// Opened by itself: the approver invites applicants, and accepts a message. Opened from a card: the approval is decided.

const { approvalTemplate } = require("../../config");
const queqiao = require("../../queqiao");
const told = require("../../words");

Page({
  data: { openid: "", following: false, approval: null, credits: 0, decision: "", problem: "" },

  onLoad(query) {
    if (query.id) this.setData({ approval: decoded(query) });
    return this.attempt(async () => {
      const { openid, following } = await queqiao.login();
      this.setData({ openid, following });
    });
  },

  onShareAppMessage() {
    return { title: "请从这里提交申请", path: `/pages/request/request?approver=${this.data.openid}` };
  },

  receive() {
    return this.attempt(async () => {
      const { credits } = await queqiao.subscribe([approvalTemplate]);
      this.setData({ credits: credits[approvalTemplate] });
    });
  },

  approve() {
    return this.decide("已通过");
  },

  reject() {
    return this.decide("已拒绝");
  },

  decide(decision) {
    const { from, ...approval } = this.data.approval;
    return this.attempt(async () => {
      await queqiao.send({ notification: "approval_decided", to: [{ openid: from }], data: { ...approval, decision } });
      this.setData({ decision });
    });
  },

  async attempt(call) {
    try {
      await call();
    } catch (problem) {
      this.setData({ problem: told(problem) });
    }
  },
});

/** A card's page comes as it was written, with its values escaped. */
function decoded(query) {
  return Object.keys(query).reduce((all, key) => ({ ...all, [key]: decodeURIComponent(query[key]) }), {});
}
