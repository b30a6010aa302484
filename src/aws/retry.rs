//! Retries below a call: what the SDK's own rules get wrong for these services.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::{ErrorKind, RetryConfig, RetrySpec};

use super::pace::Service;
use super::patience::{Means, Rule};

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

/// The SDK's own retries: of failures for which [`Rule`]s have no word.
pub(super) fn usual() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(8)
}

/// More than any pause of a rule. The retry configuration of the attempt has the right one, see [`Patience`].
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// How long AWS says to wait. API Gateway does so in HTTP's own header (API reference, TooManyRequestsException,
/// LimitExceededException and ServiceUnavailableException: `retryAfterSeconds`); the SDK reads only `x-amz-retry-after`.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.trim().parse();
    seconds.ok().map(Duration::from_secs)
}

/// The rule for every call of the service that this response refuses so.
fn rule(service: Service, response: Option<&HttpResponse>) -> Option<&'static Rule> {
    let response = response.filter(|response| !response.status().is_success())?;
    let body = response
        .body()
        .bytes()
        .map(String::from_utf8_lossy)
        .unwrap_or_default();
    let code = response.headers().get("x-amzn-errortype");
    let code = code.unwrap_or_default();
    Rule::general(service, |text| code.contains(text) || body.contains(text))
}

/// Classifies the refusals of a service by its rules.
#[derive(Debug)]
pub(super) struct Classifier(pub(super) Service);

impl ClassifyRetry for Classifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(rule) = rule(self.0, context.response()) else {
            return RetryAction::NoActionIndicated;
        };
        let kind = match rule.means {
            Means::HardLimit => return RetryAction::RetryForbidden,
            Means::SlowDown => ErrorKind::ThrottlingError,
            _ => ErrorKind::TransientError,
        };
        RetryAction::retryable_error_with_explicit_delay(kind, LONGEST_PAUSE)
    }

    fn name(&self) -> &'static str {
        "gatestack's retry rules"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// Sets, after each attempt, whether there is another one and when. The SDK retries each error as often, with the same pauses; the
/// rules say for how long it is worth it.
#[derive(Debug)]
pub(super) struct Patience(pub(super) Service);

impl Intercept for Patience {
    fn name(&self) -> &'static str {
        "gatestack's patience"
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempts = config
            .load::<RequestAttempts>()
            .map_or(1, RequestAttempts::attempts);
        let next = match rule(self.0, context.response()) {
            Some(rule) => match rule.pause_after(attempts) {
                Some(pause) => {
                    let asked = context.response().and_then(retry_after);
                    usual()
                        // Never many: the SDK's cache of identities adds up the pauses of all of them.
                        .with_max_attempts(attempts + 1)
                        .with_max_backoff(apart(asked.unwrap_or(pause).min(rule.longest())))
                        // The newer one bounds a pause by the SDK's own.
                        .with_retry_spec(RetrySpec::v2_0())
                }
                None => usual().with_max_attempts(1),
            },
            None => usual(),
        };
        config.interceptor_state().store_put(next);
        Ok(())
    }
}

/// Up to a quarter more, so that two runs that met once don't meet again.
fn apart(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(pause) % 250;
    pause + pause * u32::try_from(random).unwrap_or_default() / 1_000
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::interceptors::context::Input;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn classified(service: Service, status: u16, body: &'static str) -> RetryAction {
        let status = status.try_into().unwrap();
        let response = HttpResponse::new(status, SdkBody::from(body));
        let mut context = InterceptorContext::new(Input::erase(()));
        context.set_response(response);
        Classifier(service).classify_retry(&context)
    }

    #[test]
    fn refusals_are_classified_by_the_rules_of_their_service() {
        let again = |kind| RetryAction::retryable_error_with_explicit_delay(kind, LONGEST_PAUSE);
        for (service, status, body, wanted) in [
            (
                Service::ApiGateway,
                409,
                r#"{"__type":"ConflictException","message":"due to concurrent modification"}"#,
                again(ErrorKind::TransientError),
            ),
            (
                Service::ApiGateway,
                409,
                r#"{"__type":"ConflictException","message":"Method already exists for this resource"}"#,
                RetryAction::NoActionIndicated,
            ),
            (
                Service::ApiGateway,
                429,
                r#"{"__type":"LimitExceededException"}"#,
                again(ErrorKind::ThrottlingError),
            ),
            (
                Service::ApiGateway,
                429,
                r#"{"__type":"LimitExceededException","message":"Maximum number of Resources for this API has been reached"}"#,
                RetryAction::RetryForbidden,
            ),
            (
                Service::Cognito,
                400,
                r#"{"__type":"LimitExceededException"}"#,
                RetryAction::RetryForbidden,
            ),
            (
                Service::Ec2,
                503,
                "<Code>RequestLimitExceeded</Code>",
                again(ErrorKind::ThrottlingError),
            ),
            (
                Service::Iam,
                429,
                "TooManyRequestsException",
                RetryAction::NoActionIndicated,
            ),
            (
                Service::ApiGateway,
                200,
                "TooManyRequestsException",
                RetryAction::NoActionIndicated,
            ),
        ] {
            assert_eq!(classified(service, status, body), wanted, "{body}");
        }
    }

    #[test]
    fn only_a_number_of_seconds_says_how_long_to_wait() {
        let waits = |header: Option<&'static str>| {
            let mut response = HttpResponse::new(429.try_into().unwrap(), SdkBody::empty());
            if let Some(seconds) = header {
                response.headers_mut().insert("retry-after", seconds);
            }
            retry_after(&response)
        };
        assert_eq!(waits(Some("20")), Some(Duration::from_secs(20)));
        assert_eq!(waits(Some("soon")), None);
        assert_eq!(waits(None), None);
    }

    #[test]
    fn pauses_differ_and_are_not_shorter_than_the_rule_says() {
        let pause = Duration::from_secs(4);
        let pauses: Vec<_> = (0..50).map(|_| apart(pause)).collect();
        assert!(
            pauses
                .iter()
                .all(|one| (pause..=pause * 5 / 4).contains(one))
        );
        assert!(pauses.iter().any(|one| *one != pauses[0]));
    }
}
