use http::Response;

/// The header that distinguishes API Gateway's own responses from a backend's.
const ERROR_TYPE: &str = "x-amzn-errortype";

/// The meaning of API Gateway's own responses (API Gateway developer guide, "Gateway response types").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// No token, or none that the authorizer accepts.
    Unauthorized,
    /// An expired token.
    ExpiredToken,
    /// No API key, or none on the stage's usage plans.
    Forbidden,
    /// The stage has no such route.
    NoRoute,
    /// The usage plan's quota is used up.
    Quota,
    /// More calls at once than a usage plan or the stage allows.
    Throttle,
    /// The backend took too long.
    Timeout,
    /// The backend can't be reached.
    Unreachable,
    /// API Gateway can't call the backend.
    Failed,
    /// The backend failed, or API Gateway can't use its answer.
    BadAnswer,
}

/// The error type of API Gateway's own response, such as `ForbiddenException`; none for a backend's.
pub fn error_type<B>(answer: &Response<B>) -> Option<&str> {
    let named = answer.headers().get(ERROR_TYPE)?.to_str().ok()?;
    // Some AWS services append a URL to the name.
    named.split(':').next()
}

impl Refusal {
    /// The meaning of this response, if it is a known one of API Gateway's own.
    pub fn of(answer: &Response<impl AsRef<[u8]>>) -> Option<Self> {
        let kind = error_type(answer)?;
        let says = |words: &str| {
            let body = String::from_utf8_lossy(answer.body().as_ref());
            body.to_ascii_lowercase().contains(words)
        };
        match (kind, answer.status().as_u16()) {
            ("UnauthorizedException", _) if says("expired") => Some(Self::ExpiredToken),
            ("UnauthorizedException", _) => Some(Self::Unauthorized),
            ("ExpiredTokenException", _) => Some(Self::ExpiredToken),
            ("ForbiddenException", _) => Some(Self::Forbidden),
            ("MissingAuthenticationTokenException", _) => Some(Self::NoRoute),
            ("LimitExceededException", _) => Some(Self::Quota),
            ("TooManyRequestsException", _) => Some(Self::Throttle),
            (_, 504) if says("timed out") => Some(Self::Timeout),
            (_, 504) => Some(Self::Unreachable),
            ("InternalServerErrorException", 500) => Some(Self::Failed),
            ("InternalServerErrorException", 502) => Some(Self::BadAnswer),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(status: u16, kind: Option<&str>, body: &str) -> Option<Refusal> {
        let mut answer = Response::builder().status(status);
        if let Some(kind) = kind {
            answer = answer.header("x-amzn-ErrorType", kind);
        }
        Refusal::of(&answer.body(body.to_owned()).unwrap())
    }

    #[test]
    fn what_api_gateway_says_itself_is_told_from_what_a_backend_says() {
        let unauthorized = Some("UnauthorizedException");
        for (status, kind, body, meaning) in [
            (401, None, r#"{"message":"Unauthorized"}"#, None),
            (
                401,
                unauthorized,
                r#"{"message":"Unauthorized"}"#,
                Some(Refusal::Unauthorized),
            ),
            (
                401,
                unauthorized,
                r#"{"message":"The incoming token has expired"}"#,
                Some(Refusal::ExpiredToken),
            ),
            (
                403,
                Some("ForbiddenException"),
                r#"{"message":"Forbidden"}"#,
                Some(Refusal::Forbidden),
            ),
            (
                403,
                Some("MissingAuthenticationTokenException"),
                r#"{"message":"Missing Authentication Token"}"#,
                Some(Refusal::NoRoute),
            ),
            (
                429,
                Some("LimitExceededException"),
                r#"{"message":"Limit Exceeded"}"#,
                Some(Refusal::Quota),
            ),
            (
                429,
                Some("TooManyRequestsException"),
                r#"{"message":"Too Many Requests"}"#,
                Some(Refusal::Throttle),
            ),
            (
                504,
                Some("InternalServerErrorException"),
                r#"{"message": "Endpoint request timed out"}"#,
                Some(Refusal::Timeout),
            ),
            (
                504,
                Some("InternalServerErrorException"),
                r#"{"message": "Network error communicating with endpoint"}"#,
                Some(Refusal::Unreachable),
            ),
            (
                502,
                Some("InternalServerErrorException"),
                r#"{"message": "Internal server error"}"#,
                Some(Refusal::BadAnswer),
            ),
            (
                500,
                Some("InternalServerErrorException"),
                r#"{"message": "Internal server error"}"#,
                Some(Refusal::Failed),
            ),
            (502, None, "Internal server error", None),
            (504, None, "timed out", None),
        ] {
            assert_eq!(
                meant(status, kind, body),
                meaning,
                "{status} {kind:?} {body}"
            );
        }
    }
}
