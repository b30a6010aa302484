//! The private path of an integration: VPC link, load balancer, listener, target, and the target's address on this machine.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use super::super::super::elbv2::{NoWay, target_behind};
use super::super::super::state::Region;
use super::super::Inner;
use super::exchange::{Exchange, Refused};
use super::refusals::{configuration, unreachable};

/// The address on this machine for the target of a connection through a VPC link to a port.
///
/// AWS answers 500 if anything is wrong on the way to the target (knowledge centre, "500 errors from API Gateway with VPC links":
/// link not available, load balancer without a listener on the port, targets unhealthy, security groups), and 504 when a target
/// resets the connection ("Network error communicating with endpoint").
pub(super) fn address_behind(
    inner: &Inner,
    exchange: &Exchange<'_>,
    link: &str,
    port: u16,
) -> Result<SocketAddr, Refused> {
    let target = target(inner, exchange, link, port)?;
    let options = &inner.options;
    let mapped = options.map.iter().find(|mapping| mapping.target == target);
    let answers = mapped.map(|mapping| mapping.answers).or(options.backend);
    let itself = target.ip().is_loopback().then_some(target);
    answers.or(itself).ok_or_else(|| {
        unreachable(format!(
            "nothing answers for the target {target} here: say what does with --map {target}=127.0.0.1:PORT"
        ))
    })
}

fn target(
    inner: &Inner,
    exchange: &Exchange<'_>,
    link: &str,
    port: u16,
) -> Result<SocketAddr, Refused> {
    let now = exchange.now.as_millisecond() as f64 / 1000.0;
    let region = exchange.state.regions.get(exchange.region);
    let no_link = || configuration(format!("there is no VPC link {link:?}"));
    let region: &Region = region.ok_or_else(no_link)?;
    let row = region.apigateway.vpc_link(link, now).ok_or_else(no_link)?;
    let load_balancer = row
        .way(now)
        .map_err(|status| configuration(format!("the VPC link {link} is {status}")))?;
    let turn = inner.backends.turn.fetch_add(1, Ordering::Relaxed);
    target_behind(region, load_balancer, port, turn, now).map_err(|no_way| {
        configuration(match no_way {
            NoWay::LoadBalancer => format!("the load balancer of the VPC link {link} is gone"),
            NoWay::Provisioning => {
                format!("the load balancer of the VPC link {link} is not active yet")
            }
            NoWay::Listener => format!(
                "the load balancer of the VPC link {link} listens on no TCP port {port}, which the integration's URL asks for"
            ),
            NoWay::SecurityGroups => format!(
                "the load balancer's security groups filter traffic from VPC links and admit none on port {port}"
            ),
            NoWay::Targets => format!("no target behind port {port} of the load balancer is healthy"),
        })
    })
}
