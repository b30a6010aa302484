//! How refusals travel, by the protocol of the service or what the request looks like.

use bytes::Bytes;
use http::{Request, Response, header};

use super::super::model::{Model, Protocol};
use super::super::operation::Refusal;
use super::super::protocol::{self, Target};

/// How a refusal travels.
pub(super) struct Wire {
    pub(super) protocol: Protocol,
    pub(super) json_version: &'static str,
    pub(super) error_message: &'static str,
    pub(super) model: Option<&'static Model>,
}

impl Wire {
    pub(super) fn refused(&self, refusal: &Refusal, request_id: &str) -> Response<Bytes> {
        let json = (self.json_version, self.error_message);
        protocol::refusal(self.protocol, json, self.model, refusal, request_id)
    }
}

/// The protocol for errors about unknown services.
pub(super) fn guess(request: &Request<Bytes>) -> Wire {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let protocol = if content_type.starts_with("application/x-www-form-urlencoded") {
        Protocol::Query
    } else if Target::of(request).is_some() {
        Protocol::Json
    } else {
        Protocol::RestJson
    };
    Wire {
        protocol,
        json_version: "1.1",
        error_message: "message",
        model: None,
    }
}
