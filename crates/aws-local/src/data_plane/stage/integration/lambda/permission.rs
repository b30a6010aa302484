//! Whether API Gateway may call the function.

use aws_facts::arns::Arn;
use aws_facts::regions;
use serde_json::Value;

use super::super::super::super::super::apigateway::text;
use super::super::super::super::super::iam::Take;
use super::super::super::super::super::lambda::state::Function;
use super::super::super::super::super::operation::{Object, seconds};
use super::super::super::super::super::policy::{self, Context, Decision, Principal, Request};
use super::super::super::super::super::state::Region;
use super::super::super::exchange::{Exchange, Refused};
use super::super::super::refusals::configuration;
use super::Named;

const ACTION: &str = "lambda:InvokeFunction";

/// The name with which API Gateway asks.
const API_GATEWAY: &str = "apigateway.amazonaws.com";

/// Checks the policy of what the URI names: the function, a version or an alias has one each.
pub(super) fn check(
    exchange: &Exchange<'_>,
    settings: &Object,
    function: &Function,
    named: &Named<'_>,
) -> Result<(), Refused> {
    let credentials = text(settings, "credentials");
    if !credentials.is_empty() {
        return with_role(exchange, credentials, named);
    }
    let source = source_arn(exchange);
    let request = Request {
        principal: Principal::Service(API_GATEWAY),
        action: ACTION,
        resource: named.arn,
        context: Context::default()
            .with("aws:SourceArn", source.as_str())
            .with("aws:SourceAccount", exchange.account),
    };
    let policy = function.policy(named.qualifier);
    let statements: Vec<Value> = policy
        .into_iter()
        .flat_map(|policy| policy.statements.iter().cloned().map(Value::Object))
        .collect();
    if decided(&statements, &request)? == Decision::Allowed {
        return Ok(());
    }
    Err(configuration(format!(
        "no permission of {} allows {API_GATEWAY} to call it for {source}",
        named.arn
    )))
}

/// What asks: a method of a stage. The path is the resource's, with its parameters as they are written.
fn source_arn(exchange: &Exchange<'_>) -> String {
    let resource = exchange.resource_path.trim_start_matches('/');
    aws_facts::arns::arn(
        "execute-api",
        exchange.region,
        exchange.account,
        format_args!(
            "{}/{}/{}/{resource}",
            exchange.api, exchange.stage_name, exchange.verb
        ),
    )
}

/// Checks that API Gateway may take the role, and that the role may call the function.
fn with_role(exchange: &Exchange<'_>, role: &str, named: &Named<'_>) -> Result<(), Refused> {
    let is_role = Arn::parse(role).is_some_and(|arn| arn.resource.starts_with("role/"));
    if !is_role {
        // `arn:aws:iam::*:user/*` passes the caller's own on.
        return Err(Refused::not_implemented(format_args!(
            "the credentials {role} of an integration"
        )));
    }
    let nothing = Region::default();
    let global = exchange.state.regions.get(regions::GLOBAL);
    let iam = &global.unwrap_or(&nothing).iam;
    let take = Take {
        service: API_GATEWAY,
        policy: None,
        now: seconds(exchange.now),
    };
    if !iam.may_take(role, exchange.account, take) {
        return Err(configuration(format!(
            "{API_GATEWAY} can't assume the role {role}: it isn't there, or it doesn't trust it"
        )));
    }
    let policies = iam.policies_of(role, exchange.account, take.now);
    let request = Request {
        principal: Principal::Aws {
            arn: role,
            account: exchange.account,
        },
        action: ACTION,
        resource: named.arn,
        context: Context::default(),
    };
    let policies = policies.unwrap_or_default();
    let statements = policies.iter().flat_map(policy::statements);
    match decided(statements, &request)? {
        Decision::Allowed => Ok(()),
        _ => Err(configuration(format!(
            "no policy of the role {role} allows {ACTION} on {}",
            named.arn
        ))),
    }
}

fn decided<'s>(
    statements: impl IntoIterator<Item = &'s Value>,
    request: &Request<'_>,
) -> Result<Decision, Refused> {
    policy::decide(statements, request)
        .map_err(|policy::Unknown(what)| Refused::not_implemented(what))
}
