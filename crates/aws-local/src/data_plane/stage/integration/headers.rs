//! The headers that API Gateway drops or renames.
//!
//! From the table in "Important notes" of its developer guide; where AWS differs from the table, public recordings are used
//! (LocalStack's snapshots of tests against AWS, December 2024).

use ::http::header::{self, Entry, HeaderMap, HeaderName, HeaderValue};

/// Always dropped from requests, even for mappings. The length follows from the body.
const DROPPED_ON_ARRIVAL: &[&str] = &[
    "connection",
    "content-length",
    "content-md5",
    "expect",
    "keep-alive",
    "max-forwards",
    "proxy-authenticate",
    "proxy-connection",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];

/// What a proxy does not pass on of the rest.
const DROPPED_BY_PROXY: &[&str] = &["content-encoding", "host"];

/// What a back end does not get even if it is mapped.
const DROPPED_AFTER_MAPPING: &[&str] = &["connection", "expect", "proxy-authenticate", "te", "via"];

/// Mapping these fails the request.
const UNMAPPABLE: &[&str] = &["content-length", "transfer-encoding", TRACE_ID, API_ID];

/// X-Ray's.
pub(super) const TRACE_ID: &str = "x-amzn-trace-id";
const API_ID: &str = "x-amzn-apigateway-api-id";

/// Renamed in every response, with the prefix [`RENAMED`]. API Gateway has its own request id.
const REMAPPED: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "max-forwards",
    "server",
    "user-agent",
    "www-authenticate",
    "x-amzn-requestid",
];

/// What is renamed in an answer whose headers are mapped; a proxy drops it.
const REMAPPED_OR_DROPPED: &[&str] =
    &["expect", "host", "proxy-authenticate", "trailer", "upgrade"];

/// What a proxy leaves out of an answer besides.
const DROPPED_FROM_PROXIED: &[&str] = &["keep-alive", "te", "transfer-encoding", "via"];

const RENAMED: &str = "x-amzn-remapped-";

/// What a proxy passes on of a request's headers.
pub(super) fn passed_on(arrived: &HeaderMap) -> HeaderMap {
    let mut headers = arrived.clone();
    for name in DROPPED_ON_ARRIVAL.iter().chain(DROPPED_BY_PROXY) {
        headers.remove(*name);
    }
    let signed = headers
        .get(header::AUTHORIZATION)
        .is_some_and(|value| value.as_bytes().starts_with(b"AWS4-"));
    if signed {
        headers.remove(header::AUTHORIZATION);
    }
    headers
}

/// Whether a mapping or a template may read a header of the request.
pub(in super::super) fn arrives(name: &str) -> bool {
    !DROPPED_ON_ARRIVAL
        .iter()
        .any(|dropped| dropped.eq_ignore_ascii_case(name))
}

/// Whether a mapping may write a header of a request to a function. What it maps is ignored, but for these.
pub(super) fn is_mappable_to_aws(name: &str) -> bool {
    const UNMAPPABLE_TO_AWS: &[&str] = &[
        "authorization",
        "connection",
        "content-length",
        "expect",
        "proxy-authenticate",
        "te",
        "transfer-encoding",
    ];
    !UNMAPPABLE_TO_AWS
        .iter()
        .any(|unmappable| unmappable.eq_ignore_ascii_case(name))
}

/// What of a request's headers a function's event has.
pub(super) fn in_event(arrived: &HeaderMap) -> HeaderMap {
    let mut headers = arrived.clone();
    for name in DROPPED_ON_ARRIVAL {
        headers.remove(*name);
    }
    headers
}

/// Whether a mapping may write a header of the request to the back end.
pub(super) fn is_mappable(name: &HeaderName) -> bool {
    !UNMAPPABLE.contains(&name.as_str())
}

/// Removes and adds the headers that are fixed for every back end.
pub(super) fn complete(
    headers: &mut HeaderMap,
    api: HeaderValue,
    trace: HeaderValue,
    agent: HeaderValue,
) {
    for name in DROPPED_AFTER_MAPPING {
        headers.remove(*name);
    }
    headers
        .entry(header::ACCEPT)
        .or_insert(HeaderValue::from_static(super::content::JSON));
    headers.entry(header::USER_AGENT).or_insert(agent);
    headers.entry(TRACE_ID).or_insert(trace);
    headers.insert(API_ID, api);
}

/// A back end's headers to those of a proxied response.
pub(super) fn proxied(headers: &mut HeaderMap) {
    for name in DROPPED_FROM_PROXIED.iter().chain(REMAPPED_OR_DROPPED) {
        headers.remove(*name);
    }
    remap(headers, REMAPPED);
}

/// Mapped headers to those of a response.
pub(super) fn mapped(headers: &mut HeaderMap) {
    headers.remove(header::TRANSFER_ENCODING);
    remap(headers, REMAPPED);
    remap(headers, REMAPPED_OR_DROPPED);
}

fn remap(headers: &mut HeaderMap, table: &[&'static str]) {
    for name in table {
        let Entry::Occupied(found) = headers.entry(*name) else {
            continue;
        };
        let (_, values) = found.remove_entry_mult();
        let values: Vec<_> = values.collect();
        if let Ok(renamed) = HeaderName::try_from(format!("{RENAMED}{name}")) {
            for value in values {
                headers.append(renamed.clone(), value);
            }
        }
    }
}
