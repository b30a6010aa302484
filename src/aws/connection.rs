use std::any::type_name;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use url::{Host, Url};

use super::apigateway::ApiGatewayAnswers;
use super::cognito::CognitoAnswers;
use super::ec2::Ec2Answers;
use super::elbv2::Elbv2Answers;
use super::error::AwsError;
use super::iam::IamAnswers;
use super::inside::Inside;
use super::instances::InstanceAnswers;
use super::lambda::LambdaAnswers;
use super::lease::Lease;
use super::logs::LogsAnswers;
use super::nulls::ReadableAnswers;
use super::pace::{HeldBack, Operation, Pacer, Service};
use super::payload_store::PayloadStore;
use super::profile;
use super::retry::{self, Classifier, OnlyOnce, Patience};
use super::route53::Route53Answers;
use super::secret_store::SecretStore;
use super::tagging::TaggingAnswers;
use super::tally::Tally;
use crate::clock::Clock;
use crate::model::{Payload, Secret};

/// Which AWS to use.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// AWS, with the credentials of this profile only or else those of the environment, at this URL if one is given.
    Aws {
        /// The profile's name.
        profile: Option<String>,
        /// Another endpoint for every service.
        url: Option<String>,
    },
    /// An AWS in this process, called through this HTTP client.
    InProcess(SharedHttpClient),
}

/// A connection to AWS in one Region.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The contents of containers that were read.
    inside: Inside,
    clients: Arc<Clients>,
    pacer: Pacer,
    tally: Tally,
    lease: Lease,
    payloads: PayloadStore,
    given_secrets: SecretStore,
}

#[derive(Debug)]
struct Clients {
    /// The configuration of the clients.
    config: SdkConfig,
    apigateway: aws_sdk_apigateway::Client,
    apigatewayv2: aws_sdk_apigatewayv2::Client,
    cognito: aws_sdk_cognitoidentityprovider::Client,
    tagging: aws_sdk_resourcegroupstagging::Client,
    sts: aws_sdk_sts::Client,
    ec2: aws_sdk_ec2::Client,
    elbv2: aws_sdk_elasticloadbalancingv2::Client,
    acm: aws_sdk_acm::Client,
    ssm: aws_sdk_ssm::Client,
    secretsmanager: aws_sdk_secretsmanager::Client,
    route53: aws_sdk_route53::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    iam: aws_sdk_iam::Client,
    lambda: aws_sdk_lambda::Client,
}

/// Cached reads. It can't change anything.
#[derive(Clone, Debug)]
pub struct Reader {
    connection: Connection,
    pub(super) apigateway_answers: Arc<ApiGatewayAnswers>,
    pub(super) cognito_answers: Arc<CognitoAnswers>,
    pub(super) ec2_answers: Arc<Ec2Answers>,
    pub(super) elbv2_answers: Arc<Elbv2Answers>,
    pub(super) instance_answers: Arc<InstanceAnswers>,
    pub(super) iam_answers: Arc<IamAnswers>,
    pub(super) lambda_answers: Arc<LambdaAnswers>,
    pub(super) logs_answers: Arc<LogsAnswers>,
    pub(super) route53_answers: Arc<Route53Answers>,
    pub(super) tagging_answers: Arc<TaggingAnswers>,
}

/// Writes, and the reads they need. It is only made for a confirmed apply.
#[derive(Clone, Debug)]
pub struct Writer {
    reader: Reader,
}

impl Connection {
    /// Connects; nothing is sent yet.
    pub async fn open(endpoint: Endpoint, region: &str, clock: &Clock) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(30))
            // Longer than the rules for every call of a service are patient.
            .operation_timeout(Duration::from_secs(900))
            .build();
        let retries = retry::usual();
        let region = Region::new(region.to_owned());
        // In process the clock is simulated, and shows how long AWS would take.
        let pacer = match &endpoint {
            Endpoint::Aws { url: Some(url), .. } if is_private(url) => {
                Pacer::unlimited(clock.clone())
            }
            Endpoint::Aws { .. } | Endpoint::InProcess(_) => Pacer::new(clock.clone()),
        };
        let config = match endpoint {
            Endpoint::Aws { profile, url } => {
                let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
                    .region(region.clone())
                    .retry_config(retries)
                    .timeout_config(timeouts);
                if profile.is_none()
                    && nobody_names_credentials()
                    && url.as_deref().is_some_and(is_here)
                {
                    loader = loader.credentials_provider(any_credentials());
                }
                // By default, the environment's access keys would override the profile.
                if let Some(name) = profile {
                    loader = loader
                        .credentials_provider(profile::credentials(&name, &region))
                        .profile_name(name);
                }
                if let Some(url) = url {
                    loader = loader.endpoint_url(url);
                }
                loader.load().await
            }
            // An AWS in this process ignores the environment: no profile, no endpoint, no credentials.
            Endpoint::InProcess(http_client) => SdkConfig::builder()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(region)
                .credentials_provider(SharedCredentialsProvider::new(any_credentials()))
                .retry_config(retries)
                .timeout_config(timeouts)
                .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                    aws_smithy_async::rt::sleep::TokioSleep::new(),
                ))
                .time_source(aws_smithy_async::time::SharedTimeSource::new(
                    aws_smithy_async::time::SystemTimeSource::new(),
                ))
                .http_client(http_client)
                .build(),
        };
        let tally = Tally::default();
        let lease = Lease::default();
        macro_rules! counted {
            ($sdk:ident, $service:ident) => {
                $sdk::Client::from_conf(counted!(configuration $sdk, $service).build())
            };
            (configuration $sdk:ident, $service:ident) => {
                $sdk::config::Builder::from(&config)
                    .retry_classifier(Classifier(Service::$service))
                    .retry_partition(retries_of(stringify!($sdk)))
                    .interceptor(Patience(Service::$service))
                    .interceptor(lease.clone())
                    .interceptor(tally.clone())
            };
        }
        let clients = Clients {
            apigateway: aws_sdk_apigateway::Client::from_conf(
                counted!(configuration aws_sdk_apigateway, ApiGateway)
                    .interceptor(OnlyOnce)
                    .interceptor(ReadableAnswers)
                    .build(),
            ),
            apigatewayv2: counted!(aws_sdk_apigatewayv2, ApiGateway),
            cognito: aws_sdk_cognitoidentityprovider::Client::from_conf(
                counted!(configuration aws_sdk_cognitoidentityprovider, Cognito)
                    .interceptor(OnlyOnce)
                    .build(),
            ),
            tagging: counted!(aws_sdk_resourcegroupstagging, Tagging),
            sts: counted!(aws_sdk_sts, Sts),
            ec2: counted!(aws_sdk_ec2, Ec2),
            elbv2: counted!(aws_sdk_elasticloadbalancingv2, Elbv2),
            acm: counted!(aws_sdk_acm, Acm),
            ssm: counted!(aws_sdk_ssm, Ssm),
            secretsmanager: counted!(aws_sdk_secretsmanager, SecretsManager),
            route53: counted!(aws_sdk_route53, Route53),
            logs: counted!(aws_sdk_cloudwatchlogs, CloudWatchLogs),
            iam: counted!(aws_sdk_iam, Iam),
            lambda: counted!(aws_sdk_lambda, Lambda),
            config,
        };
        Self {
            clients: Arc::new(clients),
            pacer,
            tally,
            inside: Inside::default(),
            lease,
            payloads: PayloadStore::default(),
            given_secrets: SecretStore::default(),
        }
    }

    /// The payloads that its writers send.
    pub fn payloads(&self) -> &PayloadStore {
        &self.payloads
    }

    /// The given secrets that its writers send.
    pub fn given_secrets(&self) -> &SecretStore {
        &self.given_secrets
    }

    /// A reader with an empty cache.
    pub fn reader(&self) -> Reader {
        Reader {
            connection: self.clone(),
            apigateway_answers: Arc::default(),
            cognito_answers: Arc::default(),
            ec2_answers: Arc::default(),
            elbv2_answers: Arc::default(),
            instance_answers: Arc::default(),
            iam_answers: Arc::default(),
            lambda_answers: Arc::default(),
            logs_answers: Arc::default(),
            route53_answers: Arc::default(),
            tagging_answers: Arc::default(),
        }
    }

    /// A writer with an empty cache.
    pub fn writer(&self) -> Writer {
        Writer {
            reader: self.reader(),
        }
    }

    /// How many requests went out.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The lease of its writers.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// The configuration of its clients.
    pub(super) fn config(&self) -> &SdkConfig {
        &self.clients.config
    }

    /// The rate limits of its requests.
    pub(super) fn pacer(&self) -> &Pacer {
        &self.pacer
    }
}

/// How often all calls of a client may be retried together. The SDK's default would soon be used up where AWS throttles each of
/// many calls for a while, and the rules say for how long each of them is retried.
fn retries_of(client: &'static str) -> RetryPartition {
    RetryPartition::custom(client)
        .token_bucket(TokenBucket::unlimited())
        .build()
}

/// Credentials for an AWS that ignores them.
fn any_credentials() -> Credentials {
    Credentials::from_keys("local", "local", None)
}

/// Whether this URL is on this machine, where no AWS is: it needs no credentials, and gets none that were not meant for it.
fn is_here(url: &str) -> bool {
    let host = Url::parse(url).ok();
    match host.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether this URL is on this machine or an address in a private network: AWS's quotas don't apply there, and throttled requests
/// are retried. A host name in a private network may be a proxy to AWS itself.
fn is_private(url: &str) -> bool {
    let host = Url::parse(url).ok();
    let address = match host.as_ref().and_then(Url::host) {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => address.to_canonical(),
        Some(Host::Domain(_)) | None => return is_here(url),
    };
    match address {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// Whether the environment sets no access keys.
fn nobody_names_credentials() -> bool {
    let named = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !named("AWS_ACCESS_KEY_ID") && !named("AWS_PROFILE")
}

impl Reader {
    /// The contents of containers, read by any reader.
    pub(super) fn inside(&self) -> &Inside {
        &self.connection.inside
    }

    /// The 12 digits of the account whose credentials are used.
    ///
    /// # Errors
    /// No credentials, no connection, or the call failed.
    pub async fn account(&self) -> Result<String, AwsError> {
        let operation = Operation::of(Service::Sts, "GetCallerIdentity");
        let answer = self
            .call(
                operation,
                self.connection.clients.sts.get_caller_identity().send(),
            )
            .await?;
        Ok(answer.account.unwrap_or_default())
    }

    /// The payloads that writers on its connection send.
    pub fn payloads(&self) -> &PayloadStore {
        self.connection.payloads()
    }

    /// How many requests went out on this connection.
    pub fn tally(&self) -> &Tally {
        self.connection.tally()
    }

    /// Sends one request once the quotas allow it.
    pub(crate) async fn call<T, E>(
        &self,
        operation: Operation<'_>,
        send: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        debug_assert!(
            is_error_of::<E>(&operation),
            "{} is not {}'s",
            type_name::<E>(),
            operation.name
        );
        self.connection.pacer.admit(&operation).await;
        send.await
            .map_err(|error| AwsError::from_sdk(&operation, error))
    }

    pub(super) fn apigateway_client(&self) -> &aws_sdk_apigateway::Client {
        &self.connection.clients.apigateway
    }

    pub(super) fn apigatewayv2_client(&self) -> &aws_sdk_apigatewayv2::Client {
        &self.connection.clients.apigatewayv2
    }

    pub(super) fn cognito_client(&self) -> &aws_sdk_cognitoidentityprovider::Client {
        &self.connection.clients.cognito
    }

    pub(super) fn tagging_client(&self) -> &aws_sdk_resourcegroupstagging::Client {
        &self.connection.clients.tagging
    }

    pub(super) fn ec2_client(&self) -> &aws_sdk_ec2::Client {
        &self.connection.clients.ec2
    }

    pub(super) fn elbv2_client(&self) -> &aws_sdk_elasticloadbalancingv2::Client {
        &self.connection.clients.elbv2
    }

    /// AWS Certificate Manager in the stack's Region; a certificate of another Region is read with `customize().config_override`.
    pub(super) fn acm_client(&self) -> &aws_sdk_acm::Client {
        &self.connection.clients.acm
    }

    pub(super) fn ssm_client(&self) -> &aws_sdk_ssm::Client {
        &self.connection.clients.ssm
    }

    pub(super) fn secretsmanager_client(&self) -> &aws_sdk_secretsmanager::Client {
        &self.connection.clients.secretsmanager
    }

    pub(super) fn route53_client(&self) -> &aws_sdk_route53::Client {
        &self.connection.clients.route53
    }

    pub(super) fn iam_client(&self) -> &aws_sdk_iam::Client {
        &self.connection.clients.iam
    }

    pub(super) fn lambda_client(&self) -> &aws_sdk_lambda::Client {
        &self.connection.clients.lambda
    }

    pub(super) fn logs_client(&self) -> &aws_sdk_cloudwatchlogs::Client {
        &self.connection.clients.logs
    }
}

impl Writer {
    /// The payload with this digest, if it is at hand.
    pub(crate) fn payload(&self, digest: &str) -> Option<Payload> {
        self.reader.connection.payloads.get(digest)
    }

    /// The secret from this source of the stack file, if it was read.
    pub(crate) fn given_secret(&self, source: &str) -> Option<Secret> {
        self.reader.connection.given_secrets.get(source)
    }

    /// The calls delayed by AWS's request quotas now.
    pub(crate) fn held_back(&self) -> Vec<HeldBack> {
        self.reader.connection.pacer.held_back()
    }

    /// API Gateway with every operation.
    pub(crate) fn apigateway(&self) -> &aws_sdk_apigateway::Client {
        self.reader.apigateway_client()
    }

    /// API Gateway's V2 API with every operation.
    pub(crate) fn apigatewayv2(&self) -> &aws_sdk_apigatewayv2::Client {
        self.reader.apigatewayv2_client()
    }

    /// Cognito with every operation.
    pub(crate) fn cognito(&self) -> &aws_sdk_cognitoidentityprovider::Client {
        self.reader.cognito_client()
    }

    /// EC2 with every operation.
    pub(crate) fn ec2(&self) -> &aws_sdk_ec2::Client {
        self.reader.ec2_client()
    }

    /// Elastic Load Balancing with every operation.
    pub(crate) fn elbv2(&self) -> &aws_sdk_elasticloadbalancingv2::Client {
        self.reader.elbv2_client()
    }

    /// Route 53 with every operation.
    pub(crate) fn route53(&self) -> &aws_sdk_route53::Client {
        self.reader.route53_client()
    }

    /// CloudWatch Logs with every operation.
    pub(crate) fn logs(&self) -> &aws_sdk_cloudwatchlogs::Client {
        self.reader.logs_client()
    }

    /// IAM with every operation.
    pub(crate) fn iam(&self) -> &aws_sdk_iam::Client {
        self.reader.iam_client()
    }

    /// Lambda with every operation.
    pub(crate) fn lambda(&self) -> &aws_sdk_lambda::Client {
        self.reader.lambda_client()
    }

    /// The Region.
    pub(crate) fn region(&self) -> &str {
        let region = self.reader.apigateway_client().config().region();
        region.map_or("", |region| region.as_ref())
    }

    /// Waits before the next poll.
    pub(crate) async fn pause(&self, duration: Duration) {
        self.reader.connection.pacer.pause(duration).await;
    }

    /// A reader with an empty cache, which sees recent writes.
    pub(crate) fn afresh(&self) -> Reader {
        self.reader.connection.reader()
    }
}

impl Deref for Writer {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// Whether the SDK's error type has this operation's name: the quota and error messages use the name beside the call.
fn is_error_of<E>(operation: &Operation<'_>) -> bool {
    let package = match operation.service {
        // V2's too, which begins like it.
        Service::ApiGateway => "aws_sdk_apigateway",
        Service::Cognito => "aws_sdk_cognitoidentityprovider",
        Service::Tagging => "aws_sdk_resourcegroupstagging",
        Service::Sts => "aws_sdk_sts",
        Service::Ec2 => "aws_sdk_ec2",
        Service::Elbv2 => "aws_sdk_elasticloadbalancingv2",
        Service::Acm => "aws_sdk_acm",
        Service::Ssm => "aws_sdk_ssm",
        Service::SecretsManager => "aws_sdk_secretsmanager",
        Service::Route53 => "aws_sdk_route53",
        Service::CloudWatchLogs => "aws_sdk_cloudwatchlogs",
        Service::Iam => "aws_sdk_iam",
        Service::Lambda => "aws_sdk_lambda",
    };
    let of = type_name::<E>();
    let name = of
        .rsplit("::")
        .next()
        .and_then(|of| of.strip_suffix("Error"));
    of.starts_with(package) && name.is_some_and(|name| name.eq_ignore_ascii_case(operation.name))
}

#[cfg(test)]
mod tests {
    use aws_sdk_apigateway::operation::get_stages::GetStagesError;

    use super::*;

    #[test]
    fn an_operation_is_called_as_the_sdk_calls_it() {
        let is = |operation| is_error_of::<GetStagesError>(&operation);
        assert!(is(Operation::apigateway("GetStages")));
        assert!(!is(Operation::apigateway("GetStage")));
        assert!(!is(Operation::ec2("GetStages")));
    }

    #[test]
    fn quotas_are_those_of_aws() {
        let private = [
            "http://127.0.0.1:4599",
            "http://localhost:4599",
            "http://aws.localhost",
            "http://[::1]:4599",
            "http://[::ffff:10.0.0.1]",
            "http://10.1.2.3",
            "http://172.17.0.1:4599",
            "https://192.168.1.1",
            "http://[fd00::1]",
        ];
        let of_aws = [
            "https://apigateway.eu-west-1.amazonaws.com",
            "https://proxy.example.com",
            "http://8.8.8.8",
            "http://172.32.0.1",
            "nonsense",
        ];
        assert_eq!(private.map(is_private), [true; 9]);
        assert_eq!(of_aws.map(is_private), [false; 5]);
    }
}
