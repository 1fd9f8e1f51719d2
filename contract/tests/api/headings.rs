//! What stands around the contract's own sentences, in both languages.

use contract::Lang;

/// Headings, titles of columns, and what else is said again and again.
pub struct Headings {
    pub lang: Lang,
    pub top: &'static str,
    pub routes: &'static str,
    pub callers: &'static str,
    pub types: &'static str,
    pub who: &'static str,
    pub parameters: &'static str,
    pub body: &'static str,
    pub optional: &'static str,
    pub xml: &'static str,
    pub xml_or_json: &'static str,
    /// With `{}` for the bytes.
    pub largest: &'static str,
    pub answer: &'static str,
    pub plain: &'static str,
    pub request: &'static str,
    pub answered: &'static str,
    pub problems: &'static str,
    pub problem: &'static str,
    pub word: &'static str,
    pub yes: &'static str,
    pub one_of: &'static str,
    pub path: &'static str,
    pub query: &'static str,
    pub header: &'static str,
    pub characters: &'static str,
    pub entries: &'static str,
    pub default: &'static str,
    pub comma: &'static str,
    /// Between two sentences.
    pub gap: &'static str,
    /// Anchors of errors.md.
    pub reasons: &'static str,
    pub codes: &'static str,
}

/// In a language.
pub fn headings(lang: Lang) -> &'static Headings {
    lang.pick(&ENGLISH, &CHINESE)
}

const ENGLISH: Headings = Headings {
    lang: Lang::En,
    top: "# API\n[简体中文](zh/api.md)\n\n\
        Written from the crate `contract` by `UPDATE_DOCS=1 cargo test -p contract`; a test holds it to it. For programs the\n\
        same is in [openapi.yaml](../openapi.yaml). A server's whole call, in five languages, is in [clients.md](clients.md).\n\n\
        The address is the stack's output `Gateway`; `cargo run` prints the local one, `http://127.0.0.1:9000`. Bodies and\n\
        answers are JSON in UTF-8. Answers may get new fields, and `code`, `reason` and `state` new words; those there are\n\
        keep their meaning. Times are Unix seconds.\n",
    routes: "route | who | what it does",
    callers: "## Who calls\n\n\
        | who | how |\n\
        |---|---|\n\
        | a mini-program user | `Authorization: Bearer <token>` with the `token` that POST /login answered |\n\
        | a service key | `Authorization: Bearer <key>`. `queqiao keys create` makes one, with scopes: `send`, `read`, `sync`, `admin`. A route wants the one beside it |\n\
        | WeChat | its signature in the query |\n\n\
        What is refused is answered as `application/problem+json` (RFC 9457): `type`, `title`, `status`, `code`, `detail`, and\n\
        WeChat's `errcode` and `rid` where WeChat is the cause. Decide on `code`, show or log `detail`; each code and what to\n\
        do is in [errors.md](errors.md#what-a-route-answers). API Gateway answers by itself, with `{\"message\": \"…\"}` and\n\
        no `code`, to what is no request (400), to too large a body (413), to too many calls (429), and where a function does\n\
        not answer (500, 503).\n",
    types: "## Words\n\n\
        A `Reason` is in [errors.md](errors.md#why-a-recipient-is-rejected-or-a-message-does-not-arrive), a `Code` in\n\
        [errors.md](errors.md#what-a-route-answers).\n",
    who: "Who may: ",
    parameters: "parameter | in | type | required | limits | meaning",
    body: "Body",
    optional: "May be left out. ",
    xml: "WeChat's XML. ",
    xml_or_json: "WeChat's XML or JSON. ",
    largest: "At most {} bytes, of which a quote, a backslash and a line's end take two.",
    answer: "Answer",
    plain: "Plain text: ",
    request: "field | type | required | limits | meaning",
    answered: "field | type | always | meaning",
    problems: "### Problems",
    problem: "status | code",
    word: "word | meaning",
    yes: "yes",
    one_of: "one of them",
    path: "path",
    query: "query",
    header: "header",
    characters: " characters",
    entries: " entries",
    default: "default ",
    comma: ", ",
    gap: " ",
    reasons: "why-a-recipient-is-rejected-or-a-message-does-not-arrive",
    codes: "what-a-route-answers",
};

const CHINESE: Headings = Headings {
    lang: Lang::Zh,
    top: "# API\n[English](../api.md)\n\n\
        由 crate `contract` 生成：`UPDATE_DOCS=1 cargo test -p contract`；有测试保证两者一致。给程序用的在 [openapi.yaml](../../openapi.yaml)。后台怎样完整地调用一次，五种语言的例子在 [clients.md](clients.md)。\n\n\
        地址是堆栈的输出 `Gateway`；`cargo run` 会打印本地的地址，`http://127.0.0.1:9000`。请求体和返回都是 UTF-8 的 JSON。返回以后可能增加字段，`code`、`reason`、`state` 可能增加新的词；已有的含义不变。时间都是 Unix 秒。\n",
    routes: "接口 | 谁可以调用 | 做什么",
    callers: "## 调用方\n\n\
        | 谁 | 怎么证明身份 |\n\
        |---|---|\n\
        | 小程序用户 | `Authorization: Bearer <token>`，`token` 是 POST /login 返回的 |\n\
        | service key | `Authorization: Bearer <key>`。用 `queqiao keys create` 创建，带权限：`send`、`read`、`sync`、`admin`。接口需要的是写在它旁边的那一个 |\n\
        | 微信 | query 里的签名 |\n\n\
        被拒绝的调用返回 `application/problem+json`（RFC 9457）：`type`、`title`、`status`、`code`、`detail`；原因在微信的，还有微信的 `errcode` 和 `rid`。程序按 `code` 判断，`detail` 给人看，或写进日志；每个 code 该怎么办，见 [errors.md](errors.md#接口返回的错误)。有些情况由 API Gateway 自己响应，返回 `{\"message\": \"…\"}`，没有 `code`：请求不成形（400）、请求体太大（413）、调用太频繁（429）、函数没有响应（500、503）。\n",
    types: "## 词语\n\n\
        `Reason` 见 [errors.md](errors.md#收件人为什么被拒绝消息为什么没有送达)，`Code` 见 [errors.md](errors.md#接口返回的错误)。\n",
    who: "谁可以调用：",
    parameters: "参数 | 位置 | 类型 | 必填 | 限制 | 含义",
    body: "请求体",
    optional: "可以不带。",
    xml: "微信的 XML。",
    xml_or_json: "微信的 XML 或 JSON。",
    largest: "最多 {} 字节；引号、反斜杠和换行各算两个字节。",
    answer: "返回",
    plain: "纯文本：",
    request: "字段 | 类型 | 必填 | 限制 | 含义",
    answered: "字段 | 类型 | 总有 | 含义",
    problems: "### 错误",
    problem: "状态码 | code",
    word: "词 | 含义",
    yes: "是",
    one_of: "几个里填一个",
    path: "路径",
    query: "query",
    header: "请求头",
    characters: " 个字符",
    entries: " 项",
    default: "默认 ",
    comma: "，",
    gap: "",
    reasons: "收件人为什么被拒绝消息为什么没有送达",
    codes: "接口返回的错误",
};
