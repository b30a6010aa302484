//! `[api.gateway_responses]`: types, headers, and bodies with variables.

use std::sync::LazyLock;

use aws_facts::gateway_responses::TYPES;
use regex::{Captures, Regex};

use super::Judge;
use super::api::is_media_range;
use super::headers::{self, Of};
use crate::stack::diagnostic::Code;
use crate::stack::file::{Api, GatewayResponse};
use crate::stack::spans::KeyPath;

/// The variables that only a gateway response has (developer guide, "Variables for data transformations for API Gateway").
const OF_ERRORS: [&str; 4] = [
    "error.message",
    "error.messageString",
    "error.responseType",
    "error.validationErrorString",
];

pub(super) fn check(judge: &mut Judge<'_>) {
    let Some(api) = &judge.file.api else { return };
    let table = KeyPath::from(["api", "gateway_responses"]);
    for name in judge.names(&table) {
        let path = table.join(&name);
        if !TYPES.iter().any(|(known, _)| *known == name) {
            let known = TYPES.iter().map(|(known, _)| *known);
            let list: Vec<&str> = known.clone().collect();
            let otherwise = format!("expected one of {}", list.join(", "));
            let help = judge.did_you_mean(&name, known, otherwise);
            let message = format!("API Gateway has no gateway response `{name}`");
            judge.key_error(Code::BadName, &path, message, help);
        }
        if let Some(response) = api.gateway_responses.get(&name) {
            of(judge, &path, api, response);
        }
    }
}

fn of(judge: &mut Judge<'_>, path: &KeyPath, api: &Api, response: &GatewayResponse) {
    let of = Of::GatewayResponse;
    headers::check(judge, &path.join("headers"), api, &response.headers, &of);
    let Some(bodies) = &response.body else { return };
    let table = path.join("body");
    for (media_type, body) in &bodies.0 {
        // A body that is a text stands for itself.
        let entry = table.join(media_type);
        let here = if judge.has(&entry) { &entry } else { &table };
        if !is_media_range(media_type) || media_type.contains('*') {
            let message = format!("`{media_type}` is not a media type");
            let help = "write it as in \"application/json\" or \"text/html\"";
            judge.key_error(Code::WrongValue, here, message, help);
            continue;
        }
        let body = judge.sample(body);
        if variables(judge, here, &body) && media_type == "application/json" {
            json(judge, here, &body);
        }
    }
}

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    let name = r"((?:context|stageVariables|method\.request)(?:\.[\w-]+)+)";
    Regex::new(&format!(r"\$\{{{name}\}}|\${name}")).expect("the pattern is constant")
});

/// The name in one of its two forms, with and without braces.
fn name<'a>(found: &Captures<'a>) -> &'a str {
    let name = found.get(1).or_else(|| found.get(2));
    name.map_or("", |name| name.as_str())
}

/// Whether the variables of a body are known.
fn variables(judge: &mut Judge<'_>, path: &KeyPath, body: &str) -> bool {
    let names = VARIABLE.captures_iter(body);
    let names: Vec<String> = names
        .filter_map(|found| name(&found).strip_prefix("context.").map(str::to_owned))
        .collect();
    let is_known = |name: &String| OF_ERRORS.contains(&name.as_str()) || headers::is_context(name);
    let Some(unknown) = names.iter().find(|name| !is_known(name)) else {
        return true;
    };
    let message = format!("gatestack knows no variable `$context.{unknown}` of gateway responses");
    let known = OF_ERRORS.iter().chain(headers::CONTEXT).copied();
    let help = match judge.findings.closest(unknown, known) {
        Some(near) => format!("did you mean `$context.{near}`?"),
        None => "it is empty if API Gateway knows none either".to_owned(),
    };
    judge.warning(Code::WrongValue, path, message, help);
    false
}

/// Warns about a body that is not JSON once its variables are replaced.
fn json(judge: &mut Judge<'_>, path: &KeyPath, body: &str) {
    let filled = VARIABLE.replace_all(body, |found: &Captures<'_>| match name(found) {
        "context.error.messageString" => "\"Unauthorized\"",
        "context.requestTimeEpoch" => "1700000000000",
        _ => "some text",
    });
    let Err(error) = serde_json::from_str::<serde_json::Value>(&filled) else {
        return;
    };
    let message = format!("the body is not JSON once its variables are replaced: {error}");
    let help = match body.contains("\"$context.error.messageString\"") {
        true => "`$context.error.messageString` has its own quotation marks: remove yours",
        false => {
            "put variables into quotation marks, except `$context.error.messageString`, which has its own; for another media type \
             write `body = { \"text/plain\" = \"…\" }`"
        }
    };
    judge.warning(Code::WrongValue, path, message, help);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{codes, edited, read};

    fn response(name: &str, settings: &str) -> Vec<Code> {
        let table = format!("gateway_responses.{name} = {{ {settings} }}\n[api.routes]");
        codes(&edited("[api.routes]", &table))
    }

    #[test]
    fn a_hint_can_be_pasted() {
        let told = |name: &str, settings: &str| {
            let table = format!("gateway_responses.{name} = {{ {settings} }}\n[api.routes]");
            let diagnostics = match read(&edited("[api.routes]", &table)) {
                Ok(checked) => checked.warnings,
                Err(diagnostics) => diagnostics,
            };
            diagnostics.list()[0].help.clone().unwrap_or_default()
        };
        assert_eq!(
            told("unauthorized", "status = 418"),
            "did you mean `UNAUTHORIZED`?"
        );
        assert_eq!(
            told(
                "UNAUTHORIZED",
                r#"body = "{\"a\": \"$context.error.mesage\"}""#
            ),
            "did you mean `$context.error.message`?"
        );
        assert_eq!(
            told(
                "UNAUTHORIZED",
                r#"headers = { X-Ip = { from = "context.identity.sourceIP" } }"#
            ),
            "did you mean `context.identity.sourceIp`?"
        );
    }

    #[test]
    fn a_response_is_of_a_type_of_aws() {
        for (name, _) in TYPES {
            assert_eq!(response(name, "status = 418"), [], "{name}");
        }
        for bad in ["unauthorized", "UNAUTHORISED", "NOT_FOUND"] {
            assert_eq!(response(bad, "status = 418"), [Code::BadName], "{bad}");
        }
        assert_eq!(response("THROTTLED", "status = 99"), [Code::OutOfRange]);
        assert_eq!(
            response("THROTTLED", "headers = { Retry-After = \"it's\" }"),
            [Code::WrongValue]
        );
        assert_eq!(
            response(
                "THROTTLED",
                "headers = { X = { from = \"method.request.body\" } }"
            ),
            [Code::WrongValue]
        );
    }

    #[test]
    fn bodies_have_known_variables_and_are_json() {
        for good in [
            r#"'{"message": $context.error.messageString, "id": "$context.requestId"}'"#,
            r#"'{"type": "$context.error.responseType", "at": $context.requestTimeEpoch}'"#,
            r#"{ "text/html" = "<p>$context.error.message</p>", "application/json" = "{}" }"#,
            r#"'{"account": "${account.id}", "host": "${stageVariables.host}"}'"#,
        ] {
            let settings = format!("body = {good}");
            let table = format!(
                "stage_variables = {{ host = \"a.example\" }}\ngateway_responses.UNAUTHORIZED = {{ {settings} }}\n[api.routes]"
            );
            assert_eq!(codes(&edited("[api.routes]", &table)), [], "{good}");
        }
        for bad in [
            r#"'{"message": "$context.error.messageString"}'"#,
            r#"'{"message": $context.error.message}'"#,
            r#"'{"message": "$context.error.messsage"}'"#,
            r#"'no JSON'"#,
            r#"{ "json" = "{}" }"#,
        ] {
            let settings = format!("body = {bad}");
            assert_eq!(
                response("UNAUTHORIZED", &settings),
                [Code::WrongValue],
                "{bad}"
            );
        }
    }
}
