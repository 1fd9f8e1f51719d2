// What became of an approval: whether the approver has been told, and the decision that a card brought.

const queqiao = require("../../queqiao");
const told = require("../../words");

const STATES = {
  queued: "正在通知审批人",
  retrying: "正在通知审批人",
  parked: "通知在等待，稍后自动继续",
  sent: "已通知审批人",
  delivered: "审批人已收到",
};

Page({
  data: { id: "", decision: "", state: "", problem: "" },

  onLoad({ id, decision = "" }) {
    this.setData({ id: decodeURIComponent(id), decision: decodeURIComponent(decision) });
    return this.refresh();
  },

  async refresh() {
    const batch = wx.getStorageSync(`approval:${this.data.id}`);
    if (!batch) return;
    try {
      const { messages } = await queqiao.status(batch);
      this.setData({ state: STATES[messages[0].state] || "审批人没有收到通知", problem: "" });
    } catch (problem) {
      this.setData({ problem: told(problem) });
    }
  },
});
