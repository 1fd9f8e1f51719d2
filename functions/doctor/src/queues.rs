//! `queues`: whether anything lies among the dead letters, where nobody works it off, and how much waits. How long the oldest
//! has waited SQS tells CloudWatch alone: there the alarms look at it.

use contract::{Lang, in_lang};
use shared::Error;
use shared::queue::Depth;

use crate::Function;
use crate::finding::Finding;

/// One for each queue.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let depths = doctor.depths.look().await?;
    Ok(depths.into_iter().map(|depth| look_at(lang, depth).of(depth.queue)).collect())
}

fn look_at(lang: Lang, Depth { queue, due, later, dead_letters }: Depth) -> Finding {
    let waiting = in_lang!(lang, "{due} are due, {later} come later", "{due} 条待处理，{later} 条未到时间");
    if dead_letters == 0 {
        return Finding::ok(in_lang!(
            lang,
            "{waiting}; there are no dead letters.",
            "{waiting}；死信队列是空的。"
        ));
    }
    Finding::problem(
        in_lang!(
            lang,
            "{dead_letters} were taken again and again and never done; {waiting}.",
            "{dead_letters} 条反复处理都没有成功，进了死信队列；{waiting}。"
        ),
        in_lang!(
            lang,
            "Look into the log of `{queue}`, repair what it names, then `queqiao dead-letters show` tells what lies there and `queqiao dead-letters redrive` has it done.",
            "看 `{queue}` 的日志，修好它说的问题；`queqiao dead-letters show` 查看死信，`queqiao dead-letters redrive` 重新处理。"
        ),
    )
}
