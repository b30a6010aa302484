//! The templates of mock responses.

use std::collections::BTreeSet;

use serde_json::Value;

/// The request template with a mock's status.
pub(super) fn request_template(status: u16) -> String {
    format!("{{\"statusCode\": {status}}}")
}

/// The status in a mock's request template, if it contains nothing else.
pub(super) fn status(template: &str) -> Option<u16> {
    let Value::Object(members) = serde_json::from_str(template).ok()? else {
        return None;
    };
    let status = members.get("statusCode").filter(|_| members.len() == 1)?;
    status
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
}

/// The beginning of a template that allows a page's own origin, up to its conditions: as AWS's CDK writes it. AWS compares the case of
/// a header's name, which depends on the version of HTTP.
const ORIGIN: &str = r#"#set($origin = $input.params().header.get("Origin"))
#if($origin == "")
#set($origin = $input.params().header.get("origin"))
#end
#if("#;
/// What follows the conditions.
const ALLOWED: &str = ")
#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end
";
const OR: &str = " || ";

/// The template of a response that allows one of these origins, if there are any, with exactly this text.
pub(super) fn answer_template(origins: &BTreeSet<String>, body: &str) -> String {
    let mut template = String::new();
    if !origins.is_empty() {
        let conditions = origins
            .iter()
            .map(|origin| format!("$origin == \"{origin}\""));
        let conditions = conditions.collect::<Vec<_>>().join(OR);
        template = format!("{ORIGIN}{conditions}{ALLOWED}");
    }
    template + &body_template(body)
}

/// The origins and the text of a template; `None` if it computes something else.
pub(super) fn answer(template: &str) -> Option<(BTreeSet<String>, String)> {
    let Some((conditions, rest)) = template
        .strip_prefix(ORIGIN)
        .and_then(|rest| rest.split_once(ALLOWED))
    else {
        return Some((BTreeSet::new(), body(template)?));
    };
    let origin = |condition: &str| {
        let quoted = condition.strip_prefix("$origin == \"")?.strip_suffix('"')?;
        (!quoted.contains(['"', '$', '#'])).then(|| quoted.to_owned())
    };
    let origins: Option<BTreeSet<String>> = conditions.split(OR).map(origin).collect();
    Some((origins?, body(rest)?))
}

/// Special characters of templates, each with the variable that contains it.
const SPECIAL: &[(char, &str)] = &[('$', "${dollar}"), ('#', "${hash}"), ('\\', "${backslash}")];
/// What sets these variables.
const PREAMBLE: &str = r"#set($dollar='$')#set($hash='#')#set($backslash='\')";

/// The template for exactly this text.
fn body_template(body: &str) -> String {
    if !body.contains(['$', '#']) {
        return body.to_owned();
    }
    let escaped = body.chars().map(|character| {
        SPECIAL
            .iter()
            .find(|(special, _)| *special == character)
            .map_or_else(
                || character.to_string(),
                |(_, variable)| (*variable).to_owned(),
            )
    });
    format!("{PREAMBLE}{}", escaped.collect::<String>())
}

/// The text of a template; `None` if it computes something.
fn body(template: &str) -> Option<String> {
    let Some(escaped) = template.strip_prefix(PREAMBLE) else {
        return (!template.contains(['$', '#'])).then(|| template.to_owned());
    };
    let mut body = escaped.to_owned();
    // The dollar comes last, since variables contain one.
    for (special, variable) in SPECIAL.iter().rev() {
        body = body.replace(variable, &special.to_string());
    }
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_as_it_was_written() {
        for text in [
            "",
            r#"{"ok": true}"#,
            "costs $5 or #1, C:\\x, $ref ${ref} \\$ $hash ${hash}",
            "C:\\plain",
        ] {
            assert_eq!(body(&body_template(text)).as_deref(), Some(text));
        }
    }

    #[test]
    fn origins_come_back_as_they_were_written() {
        let listed = |list: &[&str]| {
            list.iter()
                .map(|one| (*one).to_owned())
                .collect::<BTreeSet<_>>()
        };
        for origins in [
            &[][..],
            &["https://a.example"],
            &["http://[::1]:3000", "https://b.example"],
        ] {
            for text in ["", "hi", "costs $5"] {
                let template = answer_template(&listed(origins), text);
                assert_eq!(answer(&template), Some((listed(origins), text.to_owned())));
            }
        }
        let both = answer_template(&listed(&["https://a.example", "https://b.example"]), "");
        for other in [
            both.replace(
                "$origin == \"https://b.example\"",
                "$origin.matches(\"https://b.*\")",
            ),
            both.replace("||", "&&"),
            both.replace("Allow-Origin = $origin", "Allow-Origin = \"*\""),
        ] {
            assert_eq!(answer(&other), None, "{other}");
        }
    }

    #[test]
    fn a_template_that_computes_is_no_text() {
        assert_eq!(body(r#"{"id": "$context.requestId"}"#), None);
    }

    #[test]
    fn only_a_plain_status_is_one() {
        assert_eq!(status(&request_template(204)), Some(204));
        assert_eq!(status("{ \"statusCode\" : 200 }"), Some(200));
        assert_eq!(status("#if(true){\"statusCode\": 200}#end"), None);
        assert_eq!(status(r#"{"statusCode": 200, "more": 1}"#), None);
    }
}
