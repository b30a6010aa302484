//! API Gateway's refusals.

use super::super::operation::Refusal;

/// 400: the request is invalid.
pub(crate) fn bad_request(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequestException", message)
}

/// 404: something in the request doesn't exist.
pub(crate) fn not_found(message: impl Into<String>) -> Refusal {
    Refusal::new(404, "NotFoundException", message)
}

/// 409: it exists already, or is in use.
pub(crate) fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::new(409, "ConflictException", message)
}

/// 429: a resource quota is reached. API Gateway uses the status of a throttle.
pub(super) fn limit_exceeded(message: impl Into<String>) -> Refusal {
    Refusal::new(429, "LimitExceededException", message)
}
