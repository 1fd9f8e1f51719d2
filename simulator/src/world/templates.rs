//! The templates (模板) of the accounts, and how they are filled: a table.

use serde_json::{Map, Value};

use crate::world::accounts::{Account, MINI, OA};
use crate::world::fields;
use crate::world::refusal::Refusal;

/// The template 审批提交通知, for `approval_submitted`.
pub const TEMPLATE_ID: &str = "kX3vQ9pTz7Rb2LmWc8YhNf5sJ1dGa6UoEi4Kt0-BxVg";
/// The template 审批抄送通知, for `approval_copied`.
pub const TEMPLATE_COPIED_ID: &str = "Wm5rHc2Zq8NvT1yLx7PbKd4fUj9Gs3_AeOi6Rt0MhXw";
/// The template 工单提醒, whose const was approved with three values.
pub const TEMPLATE_TICKET_ID: &str = "Pd7yRk3Nw9Cx5TmJv1HqZb8sLf4Ga2_UeXi6Ko0EtMg";
/// The mini-program's template 审批通知.
pub const SUBSCRIBE_TEMPLATE_ID: &str = "mS7kQ2vXz5Rb9LpWc3YhNt6sJ8dGa1UoEi4Kf0-BxTg";
/// The mini-program's template 订单发货通知, whose enum_string has three values.
pub const SUBSCRIBE_SHIPPED_ID: &str = "tF4nYb8Kx2Hs6QdWj9LcVm1pRz7Ga5_EuCi3Oo0TkNw";

/// The template 订单发货通知, for `order_shipped`.
pub const TEMPLATE_SHIPPED_ID: &str = "Hq6nVx4Jt9Zw2KdRb7MfLs1cYp8Ga3_EuTi5Oy0SvDk";

/// WeChat cuts what it says about a bad value to this many characters.
const COMPLAINT: usize = 30;

/// A template that an account added for itself: one row of the table.
pub(crate) struct Template {
    account: &'static Account,
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) content: &'static str,
    pub(crate) example: &'static str,
}

const CONTENT: &str = "申请人:{{thing1.DATA}}\n审批类型:{{thing2.DATA}}\n提交时间:{{time3.DATA}}\n\
                       申请内容:{{thing4.DATA}}\n单号:{{character_string5.DATA}}";
const EXAMPLE: &str = "申请人:王小明\n审批类型:请假\n提交时间:2026-03-01 09:30\n\
                       申请内容:年假三天\n单号:QJ-20260301-0007";

/// All there are. A further row is listed, filled and checked at once.
static TEMPLATES: &[Template] = &[
    Template {
        account: &OA, id: TEMPLATE_ID, title: "审批提交通知", content: CONTENT, example: EXAMPLE
    },
    Template {
        account: &OA,
        id: TEMPLATE_COPIED_ID,
        title: "审批抄送通知",
        content: CONTENT,
        example: EXAMPLE,
    },
    Template {
        account: &OA,
        id: TEMPLATE_SHIPPED_ID,
        title: "订单发货通知",
        content: "商品名称:{{thing1.DATA}}\n订单金额:{{amount2.DATA}}\n发货时间:{{time3.DATA}}\n\
                  快递公司:{{thing4.DATA}}\n快递单号:{{character_string5.DATA}}",
        example: "商品名称:茶具套装\n订单金额:¥128.00\n发货时间:2026-03-01 09:30\n\
                  快递公司:顺丰速运\n快递单号:SF1234567890123",
    },
    Template {
        account: &OA,
        id: TEMPLATE_TICKET_ID,
        title: "工单提醒",
        content: "工单类型:{{const3.DATA}}\n工单名称:{{thing1.DATA}}\n提交时间:{{time4.DATA}}",
        example: "工单类型:报修\n工单名称:空调漏水\n提交时间:2026-03-01 09:30",
    },
    Template {
        account: &MINI,
        id: SUBSCRIBE_TEMPLATE_ID,
        title: "审批通知",
        content: "申请人:{{thing1.DATA}}\n审批类型:{{thing2.DATA}}\n提交时间:{{time3.DATA}}\n\
                  状态:{{phrase4.DATA}}\n",
        example: "申请人:王小明\n审批类型:请假\n提交时间:2026-03-01 09:30\n状态:待审批\n",
    },
    Template {
        account: &MINI,
        id: SUBSCRIBE_SHIPPED_ID,
        title: "订单发货通知",
        content: "订单编号:{{character_string1.DATA}}\n商品名称:{{thing2.DATA}}\n发货时间:{{time3.DATA}}\n\
                  配送方式:{{enum_string4.DATA}}\n",
        example: "订单编号:QJ-20260301-0007\n商品名称:茶具套装\n发货时间:2026-03-01 09:30\n配送方式:快递\n",
    },
];

/// The values that were approved for a field of a template; a field that does not stand here takes any of its type.
static APPROVED: &[(&str, &str, &[&str])] = &[
    (TEMPLATE_TICKET_ID, "const3", &["报修", "投诉", "咨询"]),
    (SUBSCRIBE_SHIPPED_ID, "enum_string4", &["快递", "同城配送", "自提"]),
];

impl Template {
    /// The templates of an account.
    pub(crate) fn all_of(account: &Account) -> impl Iterator<Item = &'static Self> {
        TEMPLATES.iter().filter(|template| template.account.appid == account.appid)
    }

    /// The template of an account with this id.
    pub(crate) fn of(account: &Account, id: &str) -> Result<&'static Self, Refusal> {
        Self::all_of(account).find(|template| template.id == id).ok_or_else(|| Refusal::new(40037))
    }

    /// The template with this id, of whichever account.
    pub(crate) fn by_id(id: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.id == id)
    }

    /// Whose it is.
    pub(crate) fn account(&self) -> &'static Account {
        self.account
    }

    /// What the card shows, from top to bottom: a label, and the key of the value behind it.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.content.lines().filter_map(|line| {
            let (label, rest) = line.split_once("{{")?;
            let (key, _) = rest.split_once(".DATA}}")?;
            Some((label.trim().trim_end_matches([':', '：']), key))
        })
    }

    fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.content.split("{{").skip(1).filter_map(|rest| Some(rest.split_once(".DATA}}")?.0))
    }

    /// The values of its enums, by key; those of a const are told to nobody.
    pub(crate) fn enums(&self) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        self.keys().filter(|key| key.starts_with("enum")).filter_map(|key| Some((key, self.approved(key)?)))
    }

    fn approved(&self, key: &str) -> Option<&'static [&'static str]> {
        let row = APPROVED.iter().find(|(id, of, _)| *id == self.id && *of == key);
        row.map(|(_, _, values)| *values)
    }

    /// An empty const is none of its values, and is taken all the same.
    fn takes(&self, key: &str, value: &str) -> bool {
        let is_approved = |values: &[&str]| value.is_empty() || values.contains(&value);
        fields::is_valid(key, value) && self.approved(key).is_none_or(is_approved)
    }

    /// The values as they will stand on the card; keys the template does not have are dropped.
    pub(crate) fn fill(&self, data: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        self.keys()
            .map(|key| {
                let value = data.get(key).and_then(|field| text(&field["value"]));
                match value {
                    Some(value) if self.takes(key, &value) => Ok((key.to_owned(), value.into())),
                    _ => Err(invalid(key)),
                }
            })
            .collect()
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn invalid(key: &str) -> Refusal {
    let complaint: String = format!("data.{key}.value invalid").chars().take(COMPLAINT).collect();
    Refusal::saying(47003, format!("argument invalid! {complaint}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn data() -> Value {
        json!({
            "thing1": {"value": "王小明"},
            "thing2": {"value": "请假"},
            "time3": {"value": "2026-03-01 09:30"},
            "thing4": {"value": "年假三天"},
            "character_string5": {"value": "QJ-20260301-0007"},
        })
    }

    fn fill(data: &Value) -> Result<Map<String, Value>, Refusal> {
        Template::of(&OA, TEMPLATE_ID).unwrap().fill(data.as_object().unwrap())
    }

    #[test]
    fn a_template_knows_its_keys() {
        let keys: Vec<_> = TEMPLATES[0].keys().collect();
        assert_eq!(keys, ["thing1", "thing2", "time3", "thing4", "character_string5"]);
    }

    #[test]
    fn a_template_knows_its_lines() {
        let lines: Vec<_> = TEMPLATES[0].lines().take(2).collect();
        assert_eq!(lines, [("申请人", "thing1"), ("审批类型", "thing2")]);
        for template in TEMPLATES {
            let keys: Vec<_> = template.lines().map(|(_, key)| key).collect();
            assert_eq!(keys, template.keys().collect::<Vec<_>>(), "{}", template.title);
        }
    }

    #[test]
    fn a_const_and_an_enum_take_their_approved_values_and_only_an_enums_are_told() {
        for (account, id, key, mut data) in [
            (
                &OA,
                TEMPLATE_TICKET_ID,
                "const3",
                json!({"thing1": {"value": "空调漏水"}, "time4": {"value": "09:30"}}),
            ),
            (
                &MINI,
                SUBSCRIBE_SHIPPED_ID,
                "enum_string4",
                json!({"character_string1": {"value": "QJ-7"},
                "thing2": {"value": "茶具"}, "time3": {"value": "09:30"}}),
            ),
        ] {
            let template = Template::of(account, id).unwrap();
            let approved = template.approved(key).unwrap();
            assert_eq!(template.enums().next(), (account.appid == MINI.appid).then_some((key, approved)));
            let mut takes = |value: &str| {
                data[key] = json!({ "value": value });
                template.fill(data.as_object().unwrap()).is_ok()
            };
            assert!(approved.iter().all(|value| takes(value)), "{key}");
            assert_eq!([takes("别的"), takes("")], [false, key == "const3"], "{key}");
        }
    }

    #[test]
    fn keys_the_template_does_not_have_are_dropped_without_a_word() {
        let mut data = data();
        data["remark"] = json!({"value": "again"});
        assert_eq!(fill(&data).unwrap().len(), 5);
    }

    #[test]
    fn a_missing_key_is_named() {
        let mut data = data();
        data.as_object_mut().unwrap().remove("thing4");
        assert_eq!(fill(&data), Err(Refusal::saying(47003, "argument invalid! data.thing4.value invalid")));
    }

    #[test]
    fn the_complaint_about_a_long_key_is_cut_off() {
        let mut data = data();
        data["character_string5"]["value"] = "单号七".into();
        assert_eq!(
            fill(&data),
            Err(Refusal::saying(47003, "argument invalid! data.character_string5.value i"))
        );
    }

    #[test]
    fn template_ids_have_wechats_length() {
        assert!(TEMPLATES.iter().all(|template| template.id.len() == 43));
    }
}
