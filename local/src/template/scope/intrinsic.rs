//! CloudFormation's functions in either of their forms.

use serde_yaml_ng::Value as Yaml;

/// The name of a function and what it is given: of `!Sub x`, and of `{Fn::Sub: x}`, which some tools write.
pub fn intrinsic(yaml: &Yaml) -> Option<(String, &Yaml)> {
    match yaml {
        Yaml::Tagged(tagged) => {
            Some((tagged.tag.to_string().trim_start_matches('!').to_owned(), &tagged.value))
        }
        Yaml::Mapping(entries) if entries.len() == 1 => {
            let (key, argument) = entries.iter().next()?;
            let key = key.as_str()?;
            let name = if key == "Ref" { key } else { key.strip_prefix("Fn::")? };
            Some((name.to_owned(), argument))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::value_in;

    const SECTIONS: &str =
        "{Conditions: {Never: !Equals [a, b]}, Resources: {T: {Type: AWS::DynamoDB::Table}}}";

    #[test]
    fn the_long_forms_mean_what_the_short_ones_mean() {
        for (long, short) in [
            ("{Ref: T}", "!Ref T"),
            ("{'Fn::GetAtt': [T, Arn]}", "!GetAtt T.Arn"),
            ("{'Fn::GetAtt': T.Arn}", "!GetAtt [T, Arn]"),
            ("{'Fn::Sub': '${T.Arn}/index/i'}", "!Sub '${T.Arn}/index/i'"),
            ("{'Fn::If': [Never, a, {Ref: T}]}", "!If [Never, a, !Ref T]"),
            ("{'Fn::Join': ['/', [{Ref: T}, b]]}", "!Join ['/', [!Ref T, b]]"),
            ("[{Ref: 'AWS::NoValue'}, {Ref: T}]", "[!Ref AWS::NoValue, !Ref T]"),
        ] {
            let value = value_in(SECTIONS, long);
            assert!(value.is_ok(), "{long}: {value:?}");
            assert_eq!(value, value_in(SECTIONS, short), "{long}");
        }
    }

    #[test]
    fn a_mapping_of_more_keys_is_no_function() {
        let written = "{Ref: T, Condition: Never}";
        assert_eq!(value_in(SECTIONS, written), Ok(serde_json::json!({"Ref": "T", "Condition": "Never"})));
    }
}
