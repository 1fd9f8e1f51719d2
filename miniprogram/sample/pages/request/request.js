// An approval is asked for. The approver is whoever shared the link to this page.

const { approvalTemplate } = require("../../config");
const queqiao = require("../../queqiao");
const told = require("../../words");

Page({
  data: { approver: "", applicant: "", kind: "年假", content: "", problem: "" },

  onLoad({ approver = "" }) {
    this.setData({ approver });
  },

  write({ currentTarget, detail }) {
    this.setData({ [currentTarget.dataset.field]: detail.value });
  },

  async submit() {
    // First thing in the tap: WeChat asks only then. Who says no may ask for an approval all the same.
    const asked = queqiao.subscribe([approvalTemplate]).catch(() => undefined);
    try {
      await asked;
      wx.navigateTo({ url: await this.send() });
    } catch (problem) {
      this.setData({ problem: told(problem) });
    }
  },

  /** Tells the approver. @returns The page that shows what became of it. */
  async send() {
    const { approver, applicant, kind, content } = this.data;
    const { openid } = await queqiao.login();
    const now = Date.now();
    const id = `QJ-${now}`;
    const data = { id, applicant, kind, content, submitted_at: now, from: openid };
    const batch = await queqiao.send({ notification: "approval_submitted", to: [{ openid: approver }], data });
    wx.setStorageSync(`approval:${id}`, batch.id);
    return `/pages/state/state?id=${id}`;
  },
});
