//! What API Gateway answers itself when an integration can't, in its own words.
//!
//! The configuration errors are those that its execution log calls "Execution failed due to configuration error".

use std::fmt::Display;

use super::exchange::Refused;

/// What `x-amzn-ErrorType` says of everything that is not the caller's fault.
const INTERNAL: &str = "InternalServerErrorException";

/// 501: the local AWS does not have this, and says so rather than pretend.
pub(super) fn not_here(what: impl Display) -> Refused {
    let message = format!("the local AWS does not have {what}");
    Refused {
        kind: NOT_IMPLEMENTED,
        why: message.clone(),
        message,
        error_type: "NotImplemented",
    }
}

/// The kind of [`not_here`], for which AWS has no gateway response.
pub(super) const NOT_IMPLEMENTED: &str = "NOT_IMPLEMENTED";

/// 500: the method can't work as it is configured. `why` is for whoever watches.
pub(super) fn configuration(why: impl Into<String>) -> Refused {
    Refused {
        kind: "API_CONFIGURATION_ERROR",
        message: "Internal server error".into(),
        error_type: INTERNAL,
        why: why.into(),
    }
}

/// 504: the back end can't be talked to.
pub(super) fn unreachable(why: impl Into<String>) -> Refused {
    Refused {
        kind: "INTEGRATION_FAILURE",
        message: "Network error communicating with endpoint".into(),
        error_type: INTERNAL,
        why: why.into(),
    }
}

/// 504: the back end did not answer in the time that the integration gives it.
pub(super) fn timed_out(milliseconds: u64) -> Refused {
    Refused {
        kind: "INTEGRATION_TIMEOUT",
        message: "Endpoint request timed out".into(),
        error_type: INTERNAL,
        why: format!("the back end did not answer within {milliseconds} ms"),
    }
}

/// 415: no template takes this kind of body, and the integration passes no other.
pub(super) fn unsupported(media_type: &str) -> Refused {
    Refused {
        kind: "UNSUPPORTED_MEDIA_TYPE",
        message: "Unsupported Media Type".into(),
        error_type: "BadRequestException",
        why: format!("the integration has no template for {media_type}"),
    }
}

/// 400: a mapping or a template reads the body as JSON, and it is none.
pub(super) fn unreadable_body() -> Refused {
    Refused {
        kind: "BAD_REQUEST_BODY",
        message: "Could not parse request body into json".into(),
        error_type: "BadRequestException",
        why: "a mapping reads the body as JSON, and it is none".into(),
    }
}
