//! The API's resource policy, as the deployment has it.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html>. A policy wants an explicit
//! allowance, whether a method has no authorizer or one of Cognito, whose token is checked first.

use http::header;
use serde_json::Value;

use super::super::super::apigateway::text;
use super::super::super::operation::seconds;
use super::super::super::policy::{self, Context, Decision, Principal, Request};
use super::exchange::{Exchange, Refused};

/// The error type of a caller whom the policy does not let in.
pub(super) const DENIED: &str = "AccessDeniedException";

/// Checks a request that matched a method.
pub(super) fn check(exchange: &Exchange<'_>) -> Result<(), Refused> {
    let policy = text(&exchange.definition.settings, "policy");
    if policy.is_empty() {
        return Ok(());
    }
    // API Gateway keeps every quote escaped once more.
    let document: Value = serde_json::from_str(&policy.replace("\\\"", "\"")).unwrap_or_default();
    let path = exchange.path_in_stage.trim_start_matches('/');
    let resource = |account: &str| {
        aws_facts::arns::arn(
            "execute-api",
            exchange.region,
            account,
            format_args!(
                "{}/{}/{}/{path}",
                exchange.api, exchange.stage_name, exchange.verb
            ),
        )
    };
    let request = Request {
        principal: Principal::Anonymous,
        action: "execute-api:Invoke",
        resource: &resource(exchange.account),
        context: context(exchange),
    };
    let decision = policy::decide(policy::statements(&document), &request)
        .map_err(|policy::Unknown(what)| Refused::not_implemented(what))?;
    let (explicitly, why) = match decision {
        Decision::Allowed => return Ok(()),
        Decision::Denied => (" with an explicit deny", "denies it"),
        Decision::NotAllowed => ("", "does not allow it"),
    };
    // AWS shows four digits of the account.
    let digits = exchange.account.len().saturating_sub(4);
    let masked = format!("********{}", &exchange.account[digits..]);
    let message = format!(
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: {}{explicitly}",
        resource(&masked)
    );
    let why = format!("the API's resource policy {why}");
    Err(Refused::new("ACCESS_DENIED", DENIED, &message, why))
}

/// What conditions can ask about. Networks of callers in VPCs are not there.
fn context(exchange: &Exchange<'_>) -> Context {
    let mut context = Context::default()
        .with("aws:SourceIp", exchange.source_ip.to_string())
        .with("aws:SecureTransport", "true")
        .with("aws:CurrentTime", exchange.now.to_string())
        .with(
            "aws:EpochTime",
            format!("{:.0}", seconds(exchange.now).trunc()),
        );
    for (key, name) in [
        ("aws:UserAgent", header::USER_AGENT),
        ("aws:Referer", header::REFERER),
    ] {
        let value = exchange.headers.get(name);
        if let Some(value) = value.and_then(|value| value.to_str().ok()) {
            context = context.with(key, value);
        }
    }
    context
}
