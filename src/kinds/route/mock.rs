//! The templates of mock responses.

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

/// Special characters of templates, each with the variable that contains it.
const SPECIAL: &[(char, &str)] = &[('$', "${dollar}"), ('#', "${hash}"), ('\\', "${backslash}")];
/// What sets these variables.
const PREAMBLE: &str = r"#set($dollar='$')#set($hash='#')#set($backslash='\')";

/// The template for exactly this text.
pub(super) fn body_template(body: &str) -> String {
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
pub(super) fn body(template: &str) -> Option<String> {
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
