//! What a stage's mappings and templates can refer to: `$context`, `$stageVariables`, and a body.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::exchange::{Exchange, Refused};

/// The variables of an exchange, for its request or its response. Values are computed on use: most requests are proxied without
/// any.
#[derive(Clone, Copy)]
pub(super) struct Variables<'a> {
    pub(super) exchange: &'a Exchange<'a>,
    /// The request's body, or in a response the back end's.
    pub(super) body: &'a [u8],
    /// In a response, the headers of the back end's response.
    pub(super) answered: Option<&'a HeaderMap>,
    /// In a gateway response, its reason.
    pub(super) refused: Option<&'a Refused>,
}

/// The variables that AWS documents ("Variables for data transformations") and that can have a value here. One without a value
/// for a request, such as an error message without an error, is empty.
const KNOWN: &[&str] = &[
    "accountId",
    "apiId",
    "deploymentId",
    "domainName",
    "domainPrefix",
    "error.message",
    "error.messageString",
    "error.responseType",
    "error.validationErrorString",
    "extendedRequestId",
    "httpMethod",
    "identity.apiKeyId",
    "identity.sourceIp",
    "identity.userAgent",
    "path",
    "protocol",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "resourceId",
    "resourcePath",
    "stage",
];

/// The claims of the token, each a variable of its own.
const CLAIMS: &str = "authorizer.claims.";

impl<'a> Variables<'a> {
    /// Of a request on its way to the integration.
    pub(super) fn of_request(exchange: &'a Exchange<'a>) -> Self {
        Self {
            exchange,
            body: &exchange.body,
            answered: None,
            refused: None,
        }
    }

    /// Of a gateway response.
    pub(super) fn of_refusal(exchange: &'a Exchange<'a>, refused: &'a Refused) -> Self {
        Self {
            refused: Some(refused),
            ..Self::of_request(exchange)
        }
    }

    /// The body as text.
    pub(super) fn text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.body)
    }

    /// A stage variable's value; empty when the stage has no such variable.
    pub(super) fn stage_variable(&self, name: &str) -> &'a str {
        let variables = self.exchange.stage.settings.get("variables");
        let value = variables.and_then(|variables| variables[name].as_str());
        value.unwrap_or_default()
    }

    /// The value of `$context.` and this name, empty when it has none; `None` if it is unknown to AWS or not implemented.
    pub(super) fn context(&self, name: &str) -> Option<Cow<'a, str>> {
        let found = match self.refused.zip(name.strip_prefix("error.")) {
            Some((refused, name)) => of_refusal(refused, name),
            None => of_exchange(self.exchange, name),
        };
        let is_claim = || {
            let claim = name.strip_prefix(CLAIMS);
            claim.is_some_and(|claim| !claim.is_empty())
        };
        found.or_else(|| (KNOWN.contains(&name) || is_claim()).then_some("".into()))
    }
}

fn of_refusal<'a>(refused: &'a Refused, name: &str) -> Option<Cow<'a, str>> {
    Some(match name {
        "message" => Cow::Borrowed(refused.message.as_str()),
        "messageString" => json!(refused.message).to_string().into(),
        "responseType" => refused.kind.into(),
        _ => return None,
    })
}

fn of_exchange<'a>(exchange: &'a Exchange<'a>, name: &str) -> Option<Cow<'a, str>> {
    Some(match name {
        "accountId" => exchange.account.into(),
        "apiId" => exchange.api.into(),
        "deploymentId" => {
            let deployment = exchange.stage.settings.get("deploymentId")?;
            deployment.as_str()?.into()
        }
        "domainName" => Cow::Borrowed(exchange.host.as_str()),
        "domainPrefix" => exchange.host.split('.').next()?.into(),
        "extendedRequestId" => extended_request_id(&exchange.request_id).into(),
        "httpMethod" => exchange.verb.as_str().into(),
        "identity.apiKeyId" => exchange.api_key.as_deref()?.into(),
        "identity.sourceIp" => exchange.source_ip.to_string().into(),
        "identity.userAgent" => {
            let value = exchange.headers.get(header::USER_AGENT)?;
            value.to_str().ok()?.into()
        }
        "path" => Cow::Borrowed(exchange.path.as_str()),
        // API Gateway says so of HTTP/2 too.
        "protocol" => "HTTP/1.1".into(),
        "requestId" => Cow::Borrowed(exchange.request_id.as_str()),
        "requestTime" => {
            let time = exchange.now.to_zoned(TimeZone::UTC);
            time.strftime("%d/%b/%Y:%H:%M:%S %z").to_string().into()
        }
        "requestTimeEpoch" => exchange.now.as_millisecond().to_string().into(),
        "resourceId" => exchange.resource.into(),
        "resourcePath" => Cow::Borrowed(exchange.resource_path.as_str()),
        "stage" => exchange.stage_name.into(),
        _ => {
            let claim = name.strip_prefix(CLAIMS)?;
            match exchange.claims.as_ref()?.get(claim)? {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                other => other.to_string().into(),
            }
        }
    })
}

/// The id of a request in `x-amz-apigw-id`, beside the one that callers may choose: sixteen characters that end in `=`. Here it
/// follows from the request's id.
pub(super) fn extended_request_id(request_id: &str) -> String {
    let digits: Vec<u8> = request_id.bytes().filter(u8::is_ascii_hexdigit).collect();
    STANDARD.encode(digits.get(..11).unwrap_or(&digits))
}
