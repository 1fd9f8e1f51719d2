// The one client of the program: its pages share a session.

const { createQueqiao } = require("queqiao-miniprogram");
const { baseUrl } = require("./config");

module.exports = createQueqiao({ baseUrl });
