//! A request to a stage, with what is known of it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method as Verb};
use jiff::Timestamp;

use super::super::super::apigateway::{Definition, Method, Stage};
use super::super::super::operation::Object;
use super::super::super::state::State;
use super::super::spelling::Spelling;

/// A request that matched a method of a deployment.
pub(super) struct Exchange<'a> {
    /// The whole state when the request came in.
    pub(super) state: &'a State,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) now: Timestamp,
    pub(super) request_id: String,
    pub(super) api: &'a str,
    pub(super) stage_name: &'a str,
    pub(super) stage: &'a Stage,
    /// The deployment's snapshot.
    pub(super) definition: &'a Definition,
    /// The resource's id in the snapshot, and its path as it is written: `/policies/{id}`.
    pub(super) resource: &'a str,
    pub(super) resource_path: String,
    pub(super) method: &'a Method,
    /// The request's own verb, which differs from the method's when that is `ANY`.
    pub(super) verb: Verb,
    /// The host name the request was sent to.
    pub(super) host: String,
    /// The path as it was sent: with the stage, or with the base path on an own domain.
    pub(super) path: String,
    /// The path behind the stage or base path, still percent-encoded.
    pub(super) path_in_stage: String,
    /// The resource's path parameters, decoded.
    pub(super) path_parameters: BTreeMap<String, String>,
    /// The query, decoded, in the order it came.
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) spelling: Spelling,
    pub(super) body: Bytes,
    pub(super) source_ip: IpAddr,
    /// The claims of the token that the authorizer accepted.
    pub(super) claims: Option<Object>,
    /// The id of the accepted API key.
    pub(super) api_key: Option<String>,
}

/// A response of API Gateway itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    /// The gateway response's type, such as `UNAUTHORIZED`: it decides status, headers and template. [`NOT_IMPLEMENTED`] is no type of
    /// AWS's.
    pub(super) kind: &'static str,
    /// `$context.error.message`: AWS's words.
    pub(super) message: String,
    /// What goes into `x-amzn-ErrorType`, such as `UnauthorizedException`.
    pub(super) error_type: &'static str,
    /// The status where it isn't that of the type. An API's own gateway response still decides.
    pub(super) status: Option<u16>,
    /// The reason for the log, in a sentence without a full stop and without secrets.
    pub(super) why: String,
}

/// The kind of a refusal of what the local AWS does not have: 501 in its own words, whatever gateway responses the API has.
pub(super) const NOT_IMPLEMENTED: &str = "NOT_IMPLEMENTED";

impl Refused {
    /// A refusal with a gateway response's type, the error type, AWS's words and the reason.
    pub(super) fn new(
        kind: &'static str,
        error_type: &'static str,
        message: &str,
        why: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            message: message.to_owned(),
            error_type,
            status: None,
            why: why.into(),
        }
    }

    /// The local AWS does not have this.
    pub(super) fn not_implemented(what: impl Display) -> Self {
        let message = format!("the local AWS does not have {what}");
        Self {
            kind: NOT_IMPLEMENTED,
            message: message.clone(),
            error_type: "NotImplemented",
            status: None,
            why: message,
        }
    }
}
