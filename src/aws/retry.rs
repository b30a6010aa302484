use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

/// What the SDK's own classifiers get wrong for these services.
///
/// Two changes at once are refused with codes the SDK does not retry, and Cognito's `LimitExceededException` is a
/// resource quota that the SDK takes for a throttle and would retry for nothing.
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
