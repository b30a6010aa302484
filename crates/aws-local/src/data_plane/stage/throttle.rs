//! Throttles and quotas: a usage plan's, the stage's, the account's.
//!
//! Throttles are token buckets that fill at a rate a second up to a burst. AWS applies them in this order and as best-effort
//! targets; here they are exact. A request that a throttle stops does not count against the quota.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_facts::limits::apigateway::account_throttle;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use serde_json::Value;

use super::super::super::apigateway::{plan_stages, text};
use super::super::super::operation::Object;
use super::super::super::service::Service;
use super::super::Inner;
use super::api_key::OnPlan;
use super::exchange::{Exchange, Refused};

/// A rate per second and a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    rate: f64,
    burst: u32,
}

impl Limit {
    /// The limit of all requests to an account's APIs in this Region.
    fn account(region: &str) -> Self {
        let (rate, burst) = account_throttle(region);
        let burst = burst as u32;
        Self { rate, burst }
    }

    /// The limit in an object's members of these names; the account's where one is missing. None if both are missing, or if
    /// either is -1, which removes the limit.
    fn of(object: &Object, rate: &str, burst: &str, region: &str) -> Option<Self> {
        let account = Self::account(region);
        let number = |member: &str| object.get(member).and_then(Value::as_f64);
        let (rate, burst) = match (number(rate), number(burst)) {
            (None, None) => return None,
            (rate, burst) => (rate.unwrap_or(account.rate), burst),
        };
        let burst = burst.unwrap_or(f64::from(account.burst));
        if rate < 0.0 || burst < 0.0 {
            return None;
        }
        Some(Self {
            rate,
            burst: burst as u32,
        })
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Reading, NoOpMiddleware<Duration>>;

/// A bucket; none if its burst is 0.
type Bucket = (Limit, Option<Arc<Limiter>>);

/// Every bucket in use, by whose it is. One whose limit changes begins full.
#[derive(Default)]
pub(in super::super) struct Throttles(Mutex<HashMap<String, Bucket>>);

impl Throttles {
    /// Whether one more request fits into this bucket.
    fn admit(&self, whose: String, limit: Limit, service: &Service) -> bool {
        let limiter = {
            let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let bucket = buckets
                .entry(whose)
                .or_insert_with(|| (limit, limiter(limit, service)));
            if bucket.0 != limit {
                *bucket = (limit, limiter(limit, service));
            }
            bucket.1.clone()
        };
        limiter.is_some_and(|limiter| limiter.check().is_ok())
    }
}

fn limiter(limit: Limit, service: &Service) -> Option<Arc<Limiter>> {
    let every = Duration::try_from_secs_f64(1.0 / limit.rate).ok()?;
    let every = every.max(Duration::from_nanos(1));
    // A rate so small that the bucket takes centuries to fill: AWS accepts it, and the limiter counts in nanoseconds.
    u64::try_from(every.as_nanos())
        .ok()?
        .checked_mul(limit.burst.into())?;
    let quota = Quota::with_period(every)?.allow_burst(NonZeroU32::new(limit.burst)?);
    Some(Arc::new(RateLimiter::direct_with_clock(
        quota,
        Reading(service.clone()),
    )))
}

/// The service's clock, as the rate limiter reads it: the time since the epoch.
#[derive(Clone, Debug)]
struct Reading(Service);

impl GovernorClock for Reading {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now().as_duration().unsigned_abs()
    }
}

/// Checks the request against every limit, and counts it on its plan. Limits of methods are by the request's own verb: AWS documents
/// none for `ANY`, whose limits clients set for each verb.
pub(super) fn admit(
    inner: &Inner,
    exchange: &Exchange<'_>,
    on_plan: Option<&OnPlan<'_>>,
) -> Result<(), Refused> {
    let service = &inner.service;
    let check = |whose: String, limit: Option<Limit>, why: &dyn Fn(Limit) -> String| match limit {
        Some(limit) if !inner.throttles.admit(whose, limit, service) => Err(throttled(why(limit))),
        _ => Ok(()),
    };
    let Exchange {
        region,
        api,
        stage_name,
        resource_path,
        verb,
        ..
    } = exchange;
    let method = method_key(resource_path, verb.as_str());
    if let Some(on_plan) = on_plan {
        let OnPlan {
            plan_id,
            plan,
            key_id,
        } = on_plan;
        let name = text(&plan.settings, "name");
        let client = format!("{region} {plan_id} {key_id}");
        // A plan's throttle for a method replaces its general one.
        let (whose, limit, of) = match of_method(&plan.settings, exchange, &method) {
            Some(limit) => (
                format!("{client} {api} {stage_name} {method}"),
                Some(limit),
                format!("for {verb} {resource_path} "),
            ),
            None => {
                let general = plan.settings.get("throttle").and_then(Value::as_object);
                let limit =
                    general.and_then(|limit| Limit::of(limit, "rateLimit", "burstLimit", region));
                (client, limit, String::new())
            }
        };
        check(whose, limit, &|Limit { rate, burst }| {
            format!(
                "the plan {name} lets a key call {of}{rate} times a second, {burst} times at once"
            )
        })?;
    }
    let whose = format!("{region} {api} {stage_name} {method}");
    check(
        whose,
        of_stage(exchange, &method),
        &|Limit { rate, burst }| {
            format!(
                "the stage {stage_name} takes {rate} requests a second for {verb} {resource_path}, {burst} at once"
            )
        },
    )?;
    let whose = (*region).to_owned();
    check(
        whose,
        Some(Limit::account(region)),
        &|Limit { rate, burst }| {
            format!(
                "the account may be called {rate} times a second in {region}, {burst} times at once"
            )
        },
    )?;
    let Some(OnPlan {
        plan_id,
        plan,
        key_id,
    }) = on_plan
    else {
        return Ok(());
    };
    let counted =
        inner
            .service
            .meter()
            .count(exchange.state, region, plan_id, key_id, exchange.now);
    counted.map_err(|quota| {
        let period = quota.period.to_lowercase();
        Refused::new(
            "QUOTA_EXCEEDED",
            "LimitExceededException",
            "Limit Exceeded",
            format!(
                "the plan {} lets a key call {} times a {period}, and this key has used them up",
                text(&plan.settings, "name"),
                quota.limit
            ),
        )
    })
}

fn throttled(why: String) -> Refused {
    Refused::new(
        "THROTTLED",
        "TooManyRequestsException",
        "Too Many Requests",
        why,
    )
}

/// A method as throttles name it, without the slash that some write in front: `pets/{id}/GET`, or `GET` alone at the root.
fn method_key(path: &str, verb: &str) -> String {
    format!("{path}/{verb}").trim_start_matches('/').to_owned()
}

/// The throttle that a plan has for one method of the stage.
fn of_method(plan: &Object, exchange: &Exchange<'_>, method: &str) -> Option<Limit> {
    let stage = plan_stages(plan).find(|stage| {
        text(stage, "apiId") == exchange.api && text(stage, "stage") == exchange.stage_name
    })?;
    let throttles = stage.get("throttle").and_then(Value::as_object)?;
    let (_, throttle) = throttles
        .iter()
        .find(|(key, _)| key.trim_start_matches('/') == method)?;
    Limit::of(
        throttle.as_object()?,
        "rateLimit",
        "burstLimit",
        exchange.region,
    )
}

/// The throttle that the stage has for a method: its own, or the one of all methods. Either way each method has a bucket of its own.
fn of_stage(exchange: &Exchange<'_>, method: &str) -> Option<Limit> {
    let all = exchange.stage.settings.get("methodSettings")?.as_object()?;
    let own = all.iter().find(|(key, _)| {
        let key = key.replace("~1", "/").replace("~0", "~");
        key.trim_start_matches('/') == method
    });
    let settings = own
        .map(|(_, settings)| settings)
        .or_else(|| all.get("*/*"))?;
    Limit::of(
        settings.as_object()?,
        "throttlingRateLimit",
        "throttlingBurstLimit",
        exchange.region,
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::super::{Options, Service};
    use super::*;

    /// AWS takes any rate that is not negative.
    #[test]
    fn a_rate_that_lets_nobody_in_for_centuries_lets_nobody_in() {
        let service = Service::in_memory(Options::default());
        for rate in [0.0, 1e-20, 1e-7, f64::MIN_POSITIVE] {
            assert!(
                limiter(Limit { rate, burst: 5000 }, &service).is_none(),
                "{rate}"
            );
        }
        let limiter = limiter(
            Limit {
                rate: 1.0,
                burst: 1,
            },
            &service,
        )
        .unwrap();
        assert!(limiter.check().is_ok() && limiter.check().is_err());
    }
}
