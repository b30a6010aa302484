//! What the kinds of the private backend share: when they are looked for, and how they wait for AWS.

use std::time::Duration;

use super::api_marks::{self, LOAD_BALANCER_MARK, Says, unless_denied};
use super::{STACK_TAG, Scope, tags};
use crate::aws::{AwsError, Reader, Writer};

/// Parts of their ARNs.
const ARNS: &[&str] = &[":ec2:", ":elasticloadbalancing:", "/vpclinks/"];

/// Whether the stack has, or may still have, a private backend. A stack that never had one needs neither the permissions nor the
/// calls of EC2 and Elastic Load Balancing.
///
/// The mark on the API shows it; so do the stack's VPC links, which API Gateway lists with their tags. Without an API, a security
/// group does: it is created before the load balancer and the instances and deleted after them.
///
/// # Errors
/// A read failed. Credentials that may list neither links nor security groups have created none.
pub(super) async fn is_there(reader: &Reader, scope: &Scope<'_>) -> Result<bool, AwsError> {
    let wanted = scope
        .desired
        .resources
        .values()
        .any(|wanted| wanted.resource.info().is_private_backend);
    if wanted {
        return Ok(true);
    }
    let says = api_marks::ask(reader, scope, LOAD_BALANCER_MARK, ARNS).await?;
    if says == Says::Perhaps {
        return Ok(true);
    }
    let links = unless_denied(reader.vpc_links().await)?;
    let mut links = links.iter().flat_map(|links| links.iter());
    if links.any(|link| scope.desired.context.owns(&tags::live(link.tags.as_ref()))) {
        return Ok(true);
    }
    if says == Says::Nothing {
        return Ok(false);
    }
    let groups = reader.security_groups_tagged(STACK_TAG, &scope.desired.context.stack);
    Ok(unless_denied(groups.await)?.is_some_and(|groups| !groups.is_empty()))
}

/// How often something that takes minutes is polled.
pub const LOOKS_EVERY: Duration = Duration::from_secs(5);

/// How long and how often a call is retried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) every: Duration,
    pub(super) within: Duration,
}

impl Waiter {
    /// How long it waits, in seconds.
    pub(super) const fn new(every: u64, within: u64) -> Self {
        Self {
            every: Duration::from_secs(every),
            within: Duration::from_secs(within),
        }
    }

    /// For resources that were just created and are not visible everywhere yet.
    pub(super) const KNOWN_SOON: Self = Self::new(2, 60);

    /// For what takes AWS minutes: more than eight have been observed.
    pub(super) const READY: Self = Self {
        every: LOOKS_EVERY,
        within: Duration::from_secs(900),
    };

    /// Retries a call while its error is temporary.
    ///
    /// # Errors
    /// Any other error, and the last one.
    pub(super) async fn retry<T>(
        self,
        writer: &Writer,
        passes: impl Fn(&AwsError) -> bool,
        call: impl AsyncFn() -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let mut waited = Duration::ZERO;
        loop {
            match call().await {
                Err(refusal) if waited < self.within && passes(&refusal) => {
                    writer.pause(self.every).await;
                    waited += self.every;
                }
                answer => return answer,
            }
        }
    }

    /// Polls until there is a result.
    ///
    /// # Errors
    /// A read failed, or `what` was not done in time.
    pub(super) async fn wait<T>(
        self,
        writer: &Writer,
        operation: &str,
        what: &str,
        look: impl AsyncFn() -> Result<Option<T>, AwsError>,
    ) -> Result<T, AwsError> {
        let mut waited = Duration::ZERO;
        loop {
            if let Some(answer) = look().await? {
                return Ok(answer);
            }
            if waited >= self.within {
                let minutes = self.within.as_secs() / 60;
                return Err(AwsError::unfinished(
                    operation,
                    format!("{what} after {minutes} minutes"),
                ));
            }
            writer.pause(self.every).await;
            waited += self.every;
        }
    }
}
