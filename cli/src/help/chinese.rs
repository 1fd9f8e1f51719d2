//! The help in Chinese, by verb and argument.

/// What a verb does; its first line alone stands in the list of verbs.
pub fn of_command(path: &str) -> Option<&'static str> {
    Some(match path {
        "" => {
            "用公众号的模板消息，触达小程序的用户\n\n不写命令就是 `queqiao local`：在本机运行模拟的微信、数据表、队列、全部函数和网关。"
        }
        "local" => {
            "在本机运行全部组件\n\n模拟的微信、数据表、队列、全部函数和网关。就绪后在 stdout 打印一行 JSON，其余都写到 stderr。\n要用自己的账号，设置环境变量 MINI_APPID、MINI_SECRET、OA_APPID、OA_SECRET 和 TOKEN_MODE。"
        }
        "send" => "发送一种通知；收件人写在命令行里或 CSV 文件里",
        "status" => "查看一个批次的送达情况",
        "replay" => "重新发送一个批次里失败的和结果未知的消息",
        "templates" => "列出通知目录和账号里的模板，指出不相符的地方",
        "catalog" => "检查、推送、查看、回退通知目录；为模板起草一项通知",
        "catalog check" => {
            "检查文件，指出全部错误；加 --stack 或 --data，还会对照那里账号的模板，指出微信会拒绝什么"
        }
        "catalog push" => "检查文件，也对照账号的模板，然后推送，一分钟内生效",
        "catalog pull" => "为账号里的一个模板打印一项通知，填好后放进文件",
        "catalog show" => "打印生效的通知目录，或以前的版本；stderr 列出保留的版本",
        "catalog rollback" => "让以前的版本重新生效，一分钟之内",
        "keys" => "创建、列出、吊销 service key",
        "keys create" => "创建 service key 并打印，只显示这一次：系统只保存它的 SHA-256",
        "keys list" => "列出 service key",
        "keys revoke" => "吊销 service key，立即生效",
        "import" => "导入以前在别处登录过的用户",
        "sync" => "同步粉丝的映射表",
        "doctor" => "检查部署是否正常，不正常的该怎么办",
        "dead-letters" => "查看死信，送回原来的队列重新处理",
        "dead-letters show" => "列出有多少条、最早的时间和所属的批次；只看，不动",
        "dead-letters redrive" => "问题解决后，把死信送回原来的队列",
        "forget" => "删除一位用户的全部数据",
        "cost" => "估算 AWS 每月的费用",
        "mcp" => "让 AI 助手通过 MCP（Model Context Protocol）查看，不能发送",
        "completions" => "打印命令行补全脚本",
        _ => return None,
    })
}

/// What an argument of a verb is.
pub fn of_argument(path: &str, argument: &str) -> Option<&'static str> {
    of_one_verb(path, argument).or_else(|| of_any_verb(argument))
}

/// The arguments that say the same wherever they stand.
fn of_any_verb(argument: &str) -> Option<&'static str> {
    Some(match argument {
        "lang" => "输出用的语言：`en` 或 `zh` [env: QUEQIAO_LANG] [默认：系统的语言]",
        "help" => "显示帮助",
        "version" => "显示版本",
        "json" => "输出一行 JSON",
        "stack" => "AWS 上的堆栈，写它在 CloudFormation 里的名称",
        "data" => "本地环境的目录（它的 --data）[默认：.local]",
        "gateway" => "网关的 URL；没有写 --stack 和 --data 时，也可以用环境变量 QUEQIAO_GATEWAY",
        "key" => "调用所用的 service key；最好设在 QUEQIAO_KEY 里，不要写在命令行上。本地环境的会自动找到",
        _ => return None,
    })
}

fn of_one_verb(path: &str, argument: &str) -> Option<&'static str> {
    match path {
        "" | "local" => of_local(argument),
        "send" => of_send(argument),
        "keys create" | "keys revoke" => of_keys(argument),
        "cost" => of_cost(argument),
        _ => of_the_others(path, argument),
    }
}

fn of_local(argument: &str) -> Option<&'static str> {
    Some(match argument {
        "port" => "网关的端口；0 表示任选一个空闲的",
        "simulator_port" => "模拟微信的端口；0 表示任选一个空闲的",
        "console_port" => "试用页面的端口；0 表示任选一个空闲的。不写则用 9002，被占用时任选一个",
        "followers" => "模拟的公众号有多少粉丝",
        "data" => "数据保存在哪里，下次运行接着用",
        "ephemeral" => "什么都不保存",
        "wechat" => "不用模拟的微信，用这个地址，如 https://api.weixin.qq.com [env: WECHAT_API_BASE]",
        "egress_proxy" => {
            "公众号的调用都经过这个代理（白名单里有它的 IP），如 http://user:password@10.0.0.7:3128 [env: EGRESS_PROXY]"
        }
        "catalog" => "不用自带的通知目录，用这个文件",
        "service_key" => "用这个 service key，不随机生成",
        "bootstraps" => {
            "不用本进程里的函数，运行 DIR 里编译好的程序（`cargo lambda build` 的输出：target/lambda）"
        }
        "log" => "stderr 上日志的格式：`text` 或 `json`；不写则在终端里用 `text`，否则用 `json`",
        _ => return None,
    })
}

fn of_send(argument: &str) -> Option<&'static str> {
    Some(match argument {
        "notification" => "哪一种通知：通知目录里的名字",
        "to" => "收件人，可以写多次：`openid:…`、`unionid:…` 或 `oa_openid:…`；不写前缀就是 openid",
        "csv" => {
            "从 CSV 文件读收件人：表头要有一列 openid、unionid 或 oa_openid，其余每一列都是这位收件人的数据；空着的，用 --set 的值"
        }
        "set" => "所有收件人共用的数据，可以写多次",
        "page" => "点开的小程序页面，代替通知目录里的；前面不带斜杠",
        "dry_run" => "不发送，只显示每个人会收到什么",
        "skip_bad" => "跳过文件里有误的行；不加时，有一行不对就都不发送",
        "idempotency_key" => "续发中断的那一次，填当时打印的 key：24 小时内，已受理的不会重复发送",
        "wait" => "最多等多少秒看送达情况",
        "no_wait" => "不等送达情况",
        _ => return None,
    })
}

fn of_keys(argument: &str) -> Option<&'static str> {
    Some(match argument {
        "name" => "由谁持有；批次会记下是用这个名字发送的",
        "scope" => "权限，多个用逗号隔开：send、read、sync、admin",
        "days" => "多少天后失效；不写则一直有效，直到吊销",
        "id" => "它的 id、id 的开头，或持有人的名字",
        _ => return None,
    })
}

fn of_cost(argument: &str) -> Option<&'static str> {
    Some(match argument {
        "messages" => "每月发多少条消息",
        "per_call" => "每次调用发给多少人",
        "followers" => "公众号有多少粉丝",
        "without_receipts" => "不收送达回执：参数 Receipts=false",
        "with_keys" => "每次调用都带 Idempotency-Key",
        _ => return None,
    })
}

fn of_the_others(path: &str, argument: &str) -> Option<&'static str> {
    Some(match (path, argument) {
        ("status", "json") => "每页输出一行 JSON",
        ("status" | "replay", "id") => "批次，POST /send 返回的 id",
        ("status", "all") => "显示全部消息，不只前一百条",
        ("replay", "n") => "只发这一条；不写则发全部失败的和结果未知的",
        ("catalog check" | "catalog push", "file") => "通知目录文件，格式同 notifications.toml",
        ("catalog check", "data") => "本地环境的目录：对照它的模板检查",
        ("catalog push", "onto") => "只在这个版本生效时才推送：文件是从它改来的",
        ("catalog push", "force") => "和账号的模板不相符也推送：也许模板刚刚改过",
        ("catalog pull", "template_id") => "模板 ID，和微信后台显示的一样",
        ("catalog pull", "name") => "通知的名字 [默认：模板的标题]",
        ("catalog show", "version") => "以前的版本",
        ("catalog show", "json") => "全部内容输出成一行 JSON",
        ("catalog rollback", "version") => "哪个版本；不写则是上一个",
        ("import", "file") => {
            "小程序 openid 和 unionid 的对应：表头为 `openid,unionid` 的 CSV，或每行一个 JSON 对象：{\"openid\": \"…\", \"unionid\": \"…\"}"
        }
        ("import", "dry_run") => "不写入，只说会写入什么",
        ("sync", "force") => "即使粉丝列表可疑，也照它同步",
        ("sync", "anew") => "重新查询所有人，已有映射的也查：用在 unionid 变了以后",
        ("dead-letters show" | "dead-letters redrive", "queue") => {
            "只处理这个队列：写死信队列或来源队列的名称"
        }
        ("dead-letters redrive", "yes") => "不再询问",
        ("forget", "yes") => "不再询问；不在终端里运行时，本来就不询问",
        ("forget", "openid") => "用户在小程序里的 openid",
        ("forget", "unionid") => "用户的 unionid",
        ("forget", "oa_openid") => "用户在公众号里的 openid",
        ("completions", "shell") => "哪种 shell：bash、zsh、fish、elvish 或 powershell",
        _ => return None,
    })
}
