//! Mocks: API Gateway responds with the status in the request's template.

use std::sync::LazyLock;

use ::http::{HeaderMap, Response, header};
use bytes::Bytes;
use regex::Regex;

use super::super::super::super::apigateway::Integration;
use super::super::exchange::{Exchange, Refused};
use super::super::refusals::configuration;
use super::super::template;
use super::super::variables::Variables;
use super::answer;
use super::content::{JSON, media_type, of_request, request_template};

/// A status in lenient JSON. API Gateway takes keys without quotes, as CDK writes them.
static STATUS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?s)^\s*\{(?:.*,)?\s*(?:statusCode|"statusCode"|'statusCode')\s*:\s*([0-9]+)\s*(?:,.*)?\}\s*$"#)
        .expect("it is a pattern")
});

pub(super) fn answer(
    exchange: &Exchange<'_>,
    integration: &Integration,
) -> Result<Response<Bytes>, Refused> {
    let settings = &integration.settings;
    let kind = media_type(&exchange.headers, header::CONTENT_TYPE);
    let template = request_template(settings, kind.unwrap_or(JSON))?;
    let body = of_request(exchange, settings, template.is_some())?;
    let told = match template {
        Some(template) => {
            let variables = Variables {
                body: &body,
                ..Variables::of_request(exchange)
            };
            template::fill(template, &variables)?
        }
        None => String::from_utf8_lossy(&body).into_owned(),
    };
    let status = status(&told).ok_or_else(|| {
        configuration("the mock's request template names no statusCode that is a whole number")
    })?;
    answer::choose(exchange, integration, &status)?.response(exchange, &HeaderMap::new(), b"")
}

fn status(told: &str) -> Option<String> {
    Some(STATUS.captures(told)?[1].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_whole_number_in_something_like_json() {
        for told in [
            r#"{"statusCode": 200}"#,
            "{ statusCode: 200 }",
            "{'statusCode': 200, '': ''}",
            r#"{"statusCode": 200 , }"#,
            r#"{"a": {"b": 1}, "statusCode":200}"#,
            "\n{\n  \"statusCode\": 200\n}\n",
        ] {
            assert_eq!(status(told).as_deref(), Some("200"), "{told}");
        }
        for told in [
            "",
            "statusCode: 200",
            r#"{"statusCode": "200"}"#,
            r#"{"statusCode": 200"#,
            r#"{"statusCode': 200 }"#,
            r#"{'statusCode: 200 }"#,
            r#"{"status": 200}"#,
        ] {
            assert_eq!(status(told), None, "{told}");
        }
    }
}
