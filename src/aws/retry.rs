use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;

/// Create calls that are not idempotent.
const MAKE_ANOTHER: &[&str] = &[
    "CreateApiKey",
    "CreateDeployment",
    "CreateRestApi",
    "CreateUsagePlan",
    "CreateUserPool",
    "CreateUserPoolClient",
    "CreateVpcLink",
];

/// Prevents the SDK from retrying such a create after its response was lost: it may have succeeded, and the next run reads that.
#[derive(Debug)]
pub(super) struct OnlyOnce;

impl Intercept for OnlyOnce {
    fn name(&self) -> &'static str {
        "creates are sent once"
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let makes_another = config
            .load::<Metadata>()
            .is_some_and(|operation| MAKE_ANOTHER.contains(&operation.name()));
        if makes_another
            && let Some(Err(error)) = context.output_or_error_mut()
            && (error.is_connector_error() || error.is_timeout_error())
        {
            let lost = ConnectorError::user(format!("the answer got lost: {error:?}").into());
            *error = OrchestratorError::connector(lost);
        }
        Ok(())
    }
}

/// How long API Gateway says to wait. It does so in HTTP's own header (API reference, TooManyRequestsException, LimitExceededException and
/// ServiceUnavailableException: `retryAfterSeconds`); the SDK reads only `x-amz-retry-after`.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    if !matches!(response.status().as_u16(), 429 | 503) {
        return None;
    }
    let seconds = response.headers().get("retry-after")?.trim().parse();
    seconds.ok().map(Duration::from_secs)
}

/// What the SDK's own classifiers get wrong for these services.
///
/// Concurrent changes fail with codes that the SDK does not retry, and Cognito's `LimitExceededException` is a resource quota
/// that the SDK would retry as a throttle.
#[derive(Debug)]
pub(super) struct Classifier;

impl ClassifyRetry for Classifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(response) = context
            .response()
            .filter(|response| !response.status().is_success())
        else {
            return RetryAction::NoActionIndicated;
        };
        let body = response
            .body()
            .bytes()
            .map(String::from_utf8_lossy)
            .unwrap_or_default();
        let code = response
            .headers()
            .get("x-amzn-errortype")
            .unwrap_or_default();
        let says = |text: &str| code.contains(text) || body.contains(text);
        if says("ConcurrentModificationException")
            || body.contains("due to concurrent modification")
        {
            RetryAction::transient_error()
        } else if response.status().as_u16() == 400 && says("LimitExceededException") {
            RetryAction::RetryForbidden
        } else if let Some(delay) = retry_after(response) {
            RetryAction::retryable_error_with_explicit_delay(ErrorKind::ThrottlingError, delay)
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "gatestack's retry rules"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::interceptors::context::Input;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn classified(status: u16, retry_after: Option<&'static str>, body: &str) -> RetryAction {
        let status = status.try_into().unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert("retry-after", seconds);
        }
        let mut context = InterceptorContext::new(Input::erase(()));
        context.set_response(response);
        Classifier.classify_retry(&context)
    }

    #[test]
    fn the_header_retry_after_says_how_long_to_wait() {
        let waits = |seconds| {
            RetryAction::retryable_error_with_explicit_delay(
                ErrorKind::ThrottlingError,
                Duration::from_secs(seconds),
            )
        };
        for (status, header, wanted) in [
            (429, Some("3"), waits(3)),
            (503, Some("20"), waits(20)),
            (429, None, RetryAction::NoActionIndicated),
            (429, Some("soon"), RetryAction::NoActionIndicated),
            (404, Some("3"), RetryAction::NoActionIndicated),
            (200, Some("3"), RetryAction::NoActionIndicated),
        ] {
            assert_eq!(
                classified(status, header, "{}"),
                wanted,
                "{status} {header:?}"
            );
        }
        let concurrent = classified(409, None, "due to concurrent modification");
        assert_eq!(concurrent, RetryAction::transient_error());
        let quota = classified(400, Some("3"), "LimitExceededException");
        assert_eq!(quota, RetryAction::RetryForbidden);
    }
}
