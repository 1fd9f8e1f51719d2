// What is different for each deployment.

module.exports = {
  baseUrl: "http://127.0.0.1:9000",
  /** The mini-program's own template (订阅消息) that notifications.toml falls back on. */
  approvalTemplate: "mS7kQ2vXz5Rb9LpWc3YhNt6sJ8dGa1UoEi4Kf0-BxTg",
};
