//! What the kinds of the private backend share: when they are looked for.

use super::api_marks::{self, LOAD_BALANCER_MARK, Says, unless_denied};
use super::{STACK_TAG, Scope, tags};
use crate::aws::{AwsError, Reader};

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
