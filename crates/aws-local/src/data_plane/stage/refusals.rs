//! API Gateway's own error responses if an integration fails.
//!
//! The configuration errors are those that its execution log calls "Execution failed due to configuration error".

use aws_facts::limits::lambda::LARGEST_PAYLOAD;

use super::exchange::Refused;

/// The `x-amzn-ErrorType` of everything that is not the caller's fault.
pub(super) const INTERNAL_ERROR: &str = "InternalServerErrorException";

/// 500: the method can't work as it is configured. `why` is for the log.
pub(super) fn configuration(why: impl Into<String>) -> Refused {
    Refused::new(
        "API_CONFIGURATION_ERROR",
        INTERNAL_ERROR,
        "Internal server error",
        why,
    )
}

/// 504: the back end can't be reached.
pub(super) fn unreachable(why: impl Into<String>) -> Refused {
    Refused::new(
        "INTEGRATION_FAILURE",
        INTERNAL_ERROR,
        "Network error communicating with endpoint",
        why,
    )
}

/// 500 or 502: a function can't be called, or its answer is none.
///
/// AWS's type for both is this one: reported, DataBiosphere/azul#8258 (an access log of a 502), and for throttled functions by
/// <https://stackoverflow.com/questions/36363280>.
pub(super) fn failed(status: u16, why: impl Into<String>) -> Refused {
    Refused {
        status: Some(status),
        ..Refused::new(
            "INTEGRATION_FAILURE",
            INTERNAL_ERROR,
            "Internal server error",
            why,
        )
    }
}

/// 413: the function can't be sent that much.
pub(super) fn event_too_large(bytes: usize) -> Refused {
    Refused::new(
        "REQUEST_TOO_LARGE",
        "RequestEntityTooLargeException",
        "Request Too Long",
        format!("the function's event has {bytes} bytes, and Lambda takes {LARGEST_PAYLOAD}"),
    )
}

/// 504: the back end did not answer within the integration's timeout.
pub(super) fn timed_out(milliseconds: u64) -> Refused {
    Refused::new(
        "INTEGRATION_TIMEOUT",
        INTERNAL_ERROR,
        "Endpoint request timed out",
        format!("the back end did not answer within {milliseconds} ms"),
    )
}

/// 415: no template is for this kind of body, and the integration doesn't pass it on.
pub(super) fn unsupported(media_type: &str) -> Refused {
    Refused::new(
        "UNSUPPORTED_MEDIA_TYPE",
        "BadRequestException",
        "Unsupported Media Type",
        format!("the integration has no template for {media_type}"),
    )
}

/// 400: a mapping or a template reads the body as JSON, and it isn't JSON.
pub(super) fn unreadable_body() -> Refused {
    Refused::new(
        "BAD_REQUEST_BODY",
        "BadRequestException",
        "Could not parse request body into json",
        "a mapping reads the body as JSON, and it is not JSON",
    )
}
