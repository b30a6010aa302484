//! `$context`: what API Gateway tells mappings and templates of a request.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::exchange::Exchange;

/// `$context` of one request. Values are worked out when they are asked for: most requests are proxied without any.
#[derive(Clone, Default)]
pub(super) struct Context<'a> {
    exchange: Option<&'a Exchange<'a>>,
    set: BTreeMap<&'static str, Cow<'a, str>>,
}

/// The variables that AWS documents ("Variables for data transformations") and that can have a value here. One that has none for a request,
/// such as a message where nothing failed, is empty.
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

/// What is known of any request, whether or not it finds a stage.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'a> {
    /// The host name it was sent to.
    pub(super) host: &'a str,
    pub(super) request_id: &'a str,
    pub(super) source_ip: IpAddr,
    pub(super) now: Timestamp,
}

impl<'a> Arrival<'a> {
    const NAMES: &'static [&'static str] = &[
        "domainName",
        "domainPrefix",
        "extendedRequestId",
        "identity.sourceIp",
        "protocol",
        "requestId",
        "requestTime",
        "requestTimeEpoch",
    ];

    fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        Some(match name {
            "domainName" => self.host.into(),
            "domainPrefix" => self.host.split('.').next()?.into(),
            "extendedRequestId" => extended_request_id(self.request_id).into(),
            "identity.sourceIp" => self.source_ip.to_string().into(),
            // API Gateway says so of HTTP/2 too.
            "protocol" => "HTTP/1.1".into(),
            "requestId" => self.request_id.into(),
            "requestTime" => {
                let time = self.now.to_zoned(TimeZone::UTC);
                time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string().into()
            }
            "requestTimeEpoch" => self.now.as_millisecond().to_string().into(),
            _ => return None,
        })
    }
}

impl<'a> Context<'a> {
    /// Of a request that found its method.
    pub(super) fn of(exchange: &'a Exchange<'a>) -> Self {
        Self {
            exchange: Some(exchange),
            set: BTreeMap::new(),
        }
    }

    /// Of a request that did not.
    pub(super) fn arrived(arrival: Arrival<'a>) -> Self {
        let mut context = Self::default();
        for name in Arrival::NAMES {
            if let Some(value) = arrival.get(name) {
                context.set(name, value);
            }
        }
        context
    }

    /// Gives a variable a value, over any that it had.
    pub(super) fn set(&mut self, name: &'static str, value: impl Into<Cow<'a, str>>) {
        self.set.insert(name, value.into());
    }

    /// A variable's value by its name without the `$context.`, empty when it has none; `None` when AWS has no such variable, or the local
    /// AWS never a value for it.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some(value) = self.set.get(name) {
            return Some(Cow::Borrowed(value));
        }
        let found = self
            .exchange
            .and_then(|exchange| of_exchange(exchange, name));
        let is_known = KNOWN.contains(&name)
            || name
                .strip_prefix(CLAIMS)
                .is_some_and(|claim| !claim.is_empty());
        found.or(is_known.then_some("".into()))
    }
}

fn of_exchange<'a>(exchange: &'a Exchange<'a>, name: &str) -> Option<Cow<'a, str>> {
    let arrival = Arrival {
        host: &exchange.host,
        request_id: &exchange.request_id,
        source_ip: exchange.source_ip,
        now: exchange.now,
    };
    let text = match name {
        "accountId" => exchange.account,
        "apiId" => exchange.api,
        "deploymentId" => exchange.stage.settings.get("deploymentId")?.as_str()?,
        "httpMethod" => exchange.verb.as_str(),
        "identity.apiKeyId" => exchange.api_key.as_deref()?,
        "identity.userAgent" => exchange.headers.get(header::USER_AGENT)?.to_str().ok()?,
        "path" => &exchange.path,
        "resourceId" => exchange.resource,
        "resourcePath" => &exchange.resource_path,
        "stage" => exchange.stage_name,
        _ => {
            return match name.strip_prefix(CLAIMS) {
                Some(claim) => Some(match exchange.claims.as_ref()?.get(claim)? {
                    Value::String(text) => text.into(),
                    other => other.to_string().into(),
                }),
                None => arrival.get(name),
            };
        }
    };
    Some(text.into())
}

/// The id that API Gateway gives a request besides the one that callers may choose, as it stands in `x-amz-apigw-id`: sixteen characters
/// that end in `=`. Here it follows from the request's id.
pub(super) fn extended_request_id(request_id: &str) -> String {
    let mut bytes = [0_u8; 11];
    for (index, byte) in request_id.bytes().enumerate() {
        let at = index % bytes.len();
        bytes[at] = bytes[at].wrapping_mul(31).wrapping_add(byte);
    }
    STANDARD.encode(bytes)
}
