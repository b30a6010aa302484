use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_facts::rates::{RATES, Rate};
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use jiff::Timestamp;

use crate::clock::Clock;

pub use aws_facts::rates::Service;

/// An operation that is about to be called.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// The service.
    pub service: Service,
    /// The operation's name, such as `CreateRestApi`.
    pub name: &'a str,
    /// The user pool it is about, if Cognito counts requests by pool.
    pub pool: Option<&'a str>,
}

impl<'a> Operation<'a> {
    /// An operation of API Gateway, of its V1 or its V2 API: they are one service with one quota.
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

    /// An operation of CloudWatch Logs.
    pub const fn logs(name: &'a str) -> Self {
        Self::of(Service::CloudWatchLogs, name)
    }

    /// An operation of IAM.
    pub const fn iam(name: &'a str) -> Self {
        Self::of(Service::Iam, name)
    }

    /// An operation of Lambda.
    pub const fn lambda(name: &'a str) -> Self {
        Self::of(Service::Lambda, name)
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

/// A quota, and the line of the requests that wait for it. Only the first in line looks at the clock: of a hundred that wait, one
/// wakes when the quota allows one.
#[derive(Debug)]
struct Limiter {
    quota: RateLimiter<NotKeyed, InMemoryState, Reading, NoOpMiddleware<Duration>>,
    line: tokio::sync::Mutex<()>,
}

/// By row of the rates and by pool; an empty pool if the row is the account's.
type Limiters = HashMap<(usize, String), Arc<Limiter>>;

/// Rate limits below AWS's quotas. Copies share their state.
#[derive(Clone, Debug)]
pub struct Pacer {
    clock: Clock,
    unlimited: bool,
    limiters: Arc<Mutex<Limiters>>,
    waiting: Arc<Mutex<Waiting>>,
}

/// By operation: since when requests wait, and how many.
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
            unlimited: false,
            limiters: Arc::default(),
            waiting: Arc::default(),
        }
    }

    /// A pacer for an endpoint without quotas.
    pub fn unlimited(clock: Clock) -> Self {
        Self {
            unlimited: true,
            ..Self::new(clock)
        }
    }

    /// The operations that wait for their quota now.
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

    /// Waits until AWS's quotas allow this operation.
    pub async fn admit(&self, operation: &Operation<'_>) {
        if self.unlimited {
            return;
        }
        for (row, quota) in RATES.iter().enumerate() {
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
            let _first = match limiter.line.try_lock() {
                Ok(first) => first,
                Err(_) => {
                    waits = Some(self.wait(operation.name));
                    limiter.line.lock().await
                }
            };
            while let Err(too_soon) = limiter.quota.check() {
                waits.get_or_insert_with(|| self.wait(operation.name));
                let wait = too_soon.wait_time_from(Reading(self.clock.clone()).now());
                // The simulated clock counts in whole milliseconds; less would never elapse.
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
            let Rate { every, burst, .. } = RATES[row];
            let quota = Quota::with_period(Duration::from_millis(every))
                .expect("every row has a period above zero")
                .allow_burst(NonZeroU32::new(burst).expect("every row has a burst above zero"));
            Arc::new(Limiter {
                quota: RateLimiter::direct_with_clock(quota, Reading(self.clock.clone())),
                line: tokio::sync::Mutex::default(),
            })
        });
        Arc::clone(limiter)
    }
}

/// The clock for the rate limiter: the time since the epoch.
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
    use std::cell::Cell;
    use std::future::poll_fn;

    use futures_util::future::join_all;

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
    async fn nothing_is_spaced_where_there_are_no_quotas() {
        let clock = Clock::simulated(jiff::Timestamp::UNIX_EPOCH);
        let start = clock.now();
        let pacer = Pacer::unlimited(clock.clone());
        for _ in 0..3 {
            pacer.admit(&Operation::apigateway("UpdateUsagePlan")).await;
        }
        assert_eq!(clock.now(), start);
        pacer.pause(Duration::from_secs(15)).await;
        assert_eq!(clock.now().duration_since(start).as_secs(), 15);
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
    async fn a_waiting_request_is_not_woken_for_those_before_it() {
        let pacer = Pacer::new(Clock::simulated(jiff::Timestamp::UNIX_EPOCH));
        let operation = Operation::cognito("DescribeUserPoolClient", "eu-west-1_a");
        let polls = Cell::new(0);
        let requests = (0..200).map(|_| {
            let mut admitted = Box::pin(pacer.admit(&operation));
            let polls = &polls;
            poll_fn(move |context| {
                polls.set(polls.get() + 1);
                admitted.as_mut().poll(context)
            })
        });
        join_all(requests).await;
        assert!(polls.get() <= 10 * 200, "{} polls", polls.get());
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_without_a_row_meets_the_total_only() {
        let seconds = seconds_for(140, Operation::apigateway("PutMethod")).await;
        assert!((9.9..10.2).contains(&seconds), "{seconds}");
    }
}
