//! API Gateway's refusals.

use super::super::operation::Refusal;

/// 400: the request makes no sense as it is.
pub(super) fn bad_request(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequestException", message)
}

/// 404: something that the request names isn't there.
pub(super) fn not_found(message: impl Into<String>) -> Refusal {
    Refusal::new(404, "NotFoundException", message)
}

/// 409: it is there already, or is in use.
pub(super) fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::new(409, "ConflictException", message)
}

/// 429: a quota of things is used up. API Gateway answers with the status of a throttle.
pub(super) fn limit_exceeded(message: impl Into<String>) -> Refusal {
    Refusal::new(429, "LimitExceededException", message)
}
