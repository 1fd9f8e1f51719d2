//! `queues`: whether anything lies where nobody works it off.

use shared::queue::Depth;
use shared::{Error, Lang};

use crate::Function;
use crate::finding::Finding;

/// One for each queue.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let depths = doctor.depths.look().await?;
    Ok(depths.into_iter().map(|depth| look_at(lang, depth).of(depth.queue)).collect())
}

fn look_at(lang: Lang, Depth { queue, waiting, dead_letters }: Depth) -> Finding {
    if dead_letters == 0 {
        return Finding::ok(match lang {
            Lang::En => format!("{waiting} wait, and nothing is among its dead letters."),
            Lang::Zh => format!("{waiting} 条在排队，死信队列是空的。"),
        });
    }
    let detail = match lang {
        Lang::En => format!("{dead_letters} were taken again and again and never done; {waiting} wait."),
        Lang::Zh => format!("{dead_letters} 条反复处理都没有成功，进了死信队列；{waiting} 条在排队。"),
    };
    let remedy = match lang {
        Lang::En => format!(
            "Look into the log of `{queue}`, repair what it names, then `queqiao dead-letters show` tells what lies there and `queqiao dead-letters redrive` has it done."
        ),
        Lang::Zh => format!(
            "看 `{queue}` 的日志，修好它说的问题；`queqiao dead-letters show` 查看死信，`queqiao dead-letters redrive` 重新处理。"
        ),
    };
    Finding::problem(detail, remedy)
}
