use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use jiff::Timestamp;

use crate::clock::Clock;

/// The services gatestack calls.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Service {
    /// Amazon API Gateway's REST API control plane.
    ApiGateway,
    /// Amazon Cognito user pools.
    Cognito,
    /// The Resource Groups Tagging API.
    Tagging,
    /// AWS Security Token Service.
    Sts,
    /// Amazon EC2.
    Ec2,
    /// Elastic Load Balancing, version 2015-12-01.
    Elbv2,
    /// AWS Certificate Manager.
    Acm,
    /// AWS Systems Manager.
    Ssm,
    /// AWS Secrets Manager.
    SecretsManager,
    /// Amazon Route 53.
    Route53,
}

/// One operation about to be called.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// The service.
    pub service: Service,
    /// The operation's name, such as `CreateRestApi`.
    pub name: &'a str,
    /// The user pool it is about, where Cognito counts requests by pool.
    pub pool: Option<&'a str>,
}

impl<'a> Operation<'a> {
    /// An operation of API Gateway.
    pub const fn apigateway(name: &'a str) -> Self {
        Self {
            service: Service::ApiGateway,
            name,
            pool: None,
        }
    }

    /// An operation of Cognito on one pool.
    pub const fn cognito(name: &'a str, pool: &'a str) -> Self {
        Self {
            service: Service::Cognito,
            name,
            pool: Some(pool),
        }
    }

    /// An operation of EC2.
    pub const fn ec2(name: &'a str) -> Self {
        Self::of(Service::Ec2, name)
    }

    /// An operation of Elastic Load Balancing.
    pub const fn elbv2(name: &'a str) -> Self {
        Self::of(Service::Elbv2, name)
    }

    /// An operation of another service, or of Cognito on no pool yet.
    pub const fn of(service: Service, name: &'a str) -> Self {
        Self {
            service,
            name,
            pool: None,
        }
    }
}

/// A published request quota: a rate a second and what may come at once.
struct Published {
    service: Service,
    operations: &'static [&'static str],
    per_pool: bool,
    /// Milliseconds between two requests, sustained.
    every: u64,
    burst: u32,
}

const ALL: &[&str] = &[];
const CLIENT_READS: &[&str] = &[
    "DescribeUserPoolClient",
    "ListUserPoolClients",
    "ListUserPoolClientSecrets",
];
const CLIENT_WRITES: &[&str] = &[
    "CreateUserPoolClient",
    "UpdateUserPoolClient",
    "DeleteUserPoolClient",
];
const POOL_READS: &[&str] = &["DescribeUserPool", "ListUserPools"];
const POOL_WRITES: &[&str] = &["CreateUserPool", "UpdateUserPool", "DeleteUserPool"];
const RESOURCE_READS: &[&str] = &[
    "DescribeResourceServer",
    "DescribeUserPoolDomain",
    "GetUserPoolMfaConfig",
    "ListResourceServers",
    "ListTagsForResource",
];
const RESOURCE_WRITES: &[&str] = &[
    "CreateResourceServer",
    "UpdateResourceServer",
    "DeleteResourceServer",
    "CreateUserPoolDomain",
    "UpdateUserPoolDomain",
    "DeleteUserPoolDomain",
    "SetUserPoolMfaConfig",
    "TagResource",
    "UntagResource",
];

const SECRET_WRITES: &[&str] = &["CreateSecret", "PutSecretValue"];
const LOAD_BALANCER_PLACES: &[&str] = &["CreateLoadBalancer", "SetSubnets"];
const LOAD_BALANCER_TARGETS: &[&str] = &["RegisterTargets", "DeregisterTargets"];
const LOAD_BALANCER_WRITES: &[&str] = &[
    "AddTags",
    "CreateListener",
    "CreateTargetGroup",
    "DeleteListener",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
    "ModifyListener",
    "ModifyLoadBalancerAttributes",
    "ModifyTargetGroup",
    "ModifyTargetGroupAttributes",
    "SetSecurityGroups",
];

/// Sources: API Gateway developer guide "Quotas for creating, deploying and managing an API"; Cognito developer guide
/// "Quotas in Amazon Cognito" (by category, and 5 a second by pool); general reference "Resource Groups Tagging API";
/// Elastic Load Balancing user guide "Request throttling"; EC2 developer guide "Request throttling" (a bucket for each
/// operation); ACM user guide "Quotas"; Route 53 developer guide "Quotas"; Systems Manager's and Secrets Manager's endpoints and quotas. A rate a second is taken as what one second may hold at once; slower rates are spaced evenly, since no burst is
/// published for them.
const QUOTAS: &[Published] = &[
    account(Service::ApiGateway, ALL, 100, 40),
    account(Service::ApiGateway, &["CreateApiKey"], 200, 5),
    account(Service::ApiGateway, &["DeleteApiKey"], 200, 5),
    account(Service::ApiGateway, &["CreateResource"], 200, 5),
    account(Service::ApiGateway, &["DeleteResource"], 200, 5),
    account(Service::ApiGateway, &["GetResources"], 400, 5),
    account(Service::ApiGateway, &["PutRestApi"], 1_000, 1),
    account(Service::ApiGateway, &["CreateRestApi"], 3_000, 1),
    account(Service::ApiGateway, &["CreateDeployment"], 5_000, 1),
    account(Service::ApiGateway, &["UpdateUsagePlan"], 20_000, 1),
    account(Service::ApiGateway, &["CreateDomainName"], 30_000, 1),
    account(Service::ApiGateway, &["UpdateDomainName"], 30_000, 1),
    account(Service::ApiGateway, &["DeleteDomainName"], 30_000, 1),
    account(Service::ApiGateway, &["DeleteRestApi"], 30_000, 1),
    account(Service::Cognito, POOL_READS, 67, 15),
    account(Service::Cognito, POOL_WRITES, 67, 15),
    account(Service::Cognito, RESOURCE_READS, 50, 20),
    account(Service::Cognito, RESOURCE_WRITES, 67, 15),
    account(Service::Cognito, CLIENT_READS, 67, 15),
    account(Service::Cognito, CLIENT_WRITES, 67, 15),
    by_pool(RESOURCE_READS),
    by_pool(RESOURCE_WRITES),
    by_pool(CLIENT_READS),
    by_pool(CLIENT_WRITES),
    account(Service::Tagging, &["GetResources"], 67, 15),
    account(Service::Elbv2, ALL, 100, 40),
    account(Service::Elbv2, LOAD_BALANCER_PLACES, 5_000, 10),
    account(Service::Elbv2, LOAD_BALANCER_TARGETS, 250, 20),
    account(Service::Elbv2, LOAD_BALANCER_WRITES, 334, 20),
    account(Service::Ec2, &["DescribeImages"], 50, 100),
    account(Service::Ec2, &["DescribeInstanceAttribute"], 50, 100),
    account(Service::Ec2, &["DescribeInstances"], 50, 100),
    account(Service::Ec2, &["DescribeRouteTables"], 50, 100),
    account(Service::Ec2, &["DescribeSecurityGroups"], 50, 100),
    account(Service::Ec2, &["DescribeSubnets"], 50, 100),
    account(Service::Ec2, &["AuthorizeSecurityGroupIngress"], 200, 50),
    account(Service::Ec2, &["RevokeSecurityGroupIngress"], 200, 50),
    account(Service::Ec2, &["CreateSecurityGroup"], 200, 50),
    account(Service::Ec2, &["DeleteSecurityGroup"], 200, 50),
    account(Service::Ec2, &["CreateTags"], 100, 100),
    account(Service::Ec2, &["ModifyInstanceAttribute"], 200, 50),
    account(Service::Ec2, &["ModifyInstanceMetadataOptions"], 200, 100),
    account(Service::Ec2, &["RunInstances"], 500, 5),
    account(Service::Ec2, &["TerminateInstances"], 200, 100),
    account(Service::Acm, &["DescribeCertificate"], 100, 10),
    account(Service::Acm, &["ListCertificates"], 125, 8),
    account(Service::Ssm, &["GetParameter"], 25, 40),
    account(Service::Ssm, &["PutParameter"], 334, 3),
    // AWS publishes none for it: as slow as its counterpart.
    account(Service::Ssm, &["DeleteParameter"], 334, 3),
    account(Service::SecretsManager, SECRET_WRITES, 20, 50),
    account(Service::Route53, ALL, 200, 5),
];

const fn account(
    service: Service,
    operations: &'static [&'static str],
    every: u64,
    burst: u32,
) -> Published {
    Published {
        service,
        operations,
        per_pool: false,
        every,
        burst,
    }
}

const fn by_pool(operations: &'static [&'static str]) -> Published {
    Published {
        service: Service::Cognito,
        operations,
        per_pool: true,
        every: 200,
        burst: 5,
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Reading, NoOpMiddleware<Duration>>;
/// By row of the quotas and by pool; an empty pool where the row is the account's.
type Limiters = HashMap<(usize, String), Arc<Limiter>>;

/// Holds requests back so that AWS never has to. Copies share what was used.
#[derive(Clone, Debug)]
pub struct Pacer {
    clock: Clock,
    limiters: Arc<Mutex<Limiters>>,
    waiting: Arc<Mutex<Waiting>>,
}

/// By operation: since when it waits, and how many requests of it do.
type Waiting = BTreeMap<String, (Timestamp, usize)>;

/// An operation that waits until its quota allows another request.
#[derive(Clone, Debug)]
pub struct HeldBack {
    /// The operation's name.
    pub operation: String,
    /// Since when.
    pub since: Timestamp,
    /// For how long.
    pub elapsed: Duration,
}

/// Counts a request as waiting until it is dropped.
struct Wait<'a> {
    waiting: &'a Mutex<Waiting>,
    operation: &'a str,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, requests)) = waiting.get_mut(self.operation) {
            *requests -= 1;
            if *requests == 0 {
                waiting.remove(self.operation);
            }
        }
    }
}

impl Pacer {
    /// A pacer with every quota unused.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            limiters: Arc::default(),
            waiting: Arc::default(),
        }
    }

    /// What waits for its quota now.
    pub fn held_back(&self) -> Vec<HeldBack> {
        let now = self.clock.now();
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let held_back = waiting.iter().map(|(operation, (since, _))| HeldBack {
            operation: operation.clone(),
            since: *since,
            elapsed: now.duration_since(*since).unsigned_abs(),
        });
        held_back.collect()
    }

    fn wait<'a>(&'a self, operation: &'a str) -> Wait<'a> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        waiting.entry(operation.to_owned()).or_insert((now, 0)).1 += 1;
        Wait {
            waiting: &self.waiting,
            operation,
        }
    }

    /// Waits until AWS's quotas allow this operation once more.
    pub async fn admit(&self, operation: &Operation<'_>) {
        for (row, quota) in QUOTAS.iter().enumerate() {
            let named = quota.operations.is_empty() || quota.operations.contains(&operation.name);
            if quota.service != operation.service
                || !named
                || (quota.per_pool && operation.pool.is_none())
            {
                continue;
            }
            let pool = if quota.per_pool {
                operation.pool.unwrap_or_default()
            } else {
                ""
            };
            let limiter = self.limiter(row, pool);
            let mut waits = None;
            while let Err(too_soon) = limiter.check() {
                waits.get_or_insert_with(|| self.wait(operation.name));
                let wait = too_soon.wait_time_from(Reading(self.clock.clone()).now());
                // The simulated clock counts in whole milliseconds; less would never come.
                self.clock.sleep(wait.max(Duration::from_millis(1))).await;
            }
        }
    }

    /// Waits this long.
    pub async fn pause(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    fn limiter(&self, row: usize, pool: &str) -> Arc<Limiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters.entry((row, pool.to_owned())).or_insert_with(|| {
            let Published { every, burst, .. } = QUOTAS[row];
            let quota = Quota::with_period(Duration::from_millis(every))
                .expect("every row has a period above zero")
                .allow_burst(NonZeroU32::new(burst).expect("every row has a burst above zero"));
            Arc::new(RateLimiter::direct_with_clock(
                quota,
                Reading(self.clock.clone()),
            ))
        });
        Arc::clone(limiter)
    }
}

/// The one clock, as the rate limiter reads it: the time since the epoch.
#[derive(Clone, Debug)]
struct Reading(Clock);

impl GovernorClock for Reading {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now().as_duration().unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn seconds_for(times: usize, operation: Operation<'_>) -> f64 {
        let clock = Clock::simulated(jiff::Timestamp::UNIX_EPOCH);
        let start = clock.now();
        let pacer = Pacer::new(clock.clone());
        for _ in 0..times {
            pacer.admit(&operation).await;
        }
        clock.now().duration_since(start).as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn slow_operations_are_spaced_as_published() {
        let seconds = seconds_for(3, Operation::apigateway("UpdateUsagePlan")).await;
        assert!((40.0..40.1).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_pool_takes_five_client_reads_a_second() {
        let seconds = seconds_for(
            105,
            Operation::cognito("DescribeUserPoolClient", "eu-west-1_a"),
        )
        .await;
        assert!((19.9..20.5).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_without_a_row_meets_the_total_only() {
        let seconds = seconds_for(140, Operation::apigateway("PutMethod")).await;
        assert!((9.9..10.2).contains(&seconds), "{seconds}");
    }
}
