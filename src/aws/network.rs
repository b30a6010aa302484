//! Lookups for private backends: VPCs, subnets, route tables and instances. Read once, before the file is expanded.

use aws_sdk_ec2::types::{Filter, Instance, NetworkInterface, RouteTable, Subnet, Vpc};
use aws_sdk_elasticloadbalancingv2::types::LoadBalancer;

use super::connection::Reader;
use super::error::AwsError;
use super::pace::Operation;

/// The most items on one page.
const PAGE: i32 = 1_000;
/// The most subnets and route tables on one page.
const SMALL_PAGE: i32 = 100;

/// A filter's name and values.
pub(crate) type Passing = (String, Vec<String>);

/// Reads all pages from EC2.
macro_rules! every_page {
    ($reader:expr, $operation:literal, $member:ident, $page:expr, $filters:expr, $request:expr) => {{
        let mut items = Vec::new();
        let mut next = None;
        loop {
            let request = $request
                .set_filters(Some(filters($filters)))
                .max_results($page)
                .set_next_token(next);
            let page = $reader
                .call(Operation::ec2($operation), request.send())
                .await?;
            items.extend(page.$member.unwrap_or_default());
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break Ok::<_, AwsError>(items);
            }
        }
    }};
}

impl Reader {
    /// The VPCs that pass.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn vpcs(&self, passing: &[Passing]) -> Result<Vec<Vpc>, AwsError> {
        every_page!(
            self,
            "DescribeVpcs",
            vpcs,
            PAGE,
            passing,
            self.ec2_client().describe_vpcs()
        )
    }

    /// The subnets that pass.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn subnets(&self, passing: &[Passing]) -> Result<Vec<Subnet>, AwsError> {
        every_page!(
            self,
            "DescribeSubnets",
            subnets,
            SMALL_PAGE,
            passing,
            self.ec2_client().describe_subnets()
        )
    }

    /// The matching route tables.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn route_tables(
        &self,
        passing: &[Passing],
    ) -> Result<Vec<RouteTable>, AwsError> {
        every_page!(
            self,
            "DescribeRouteTables",
            route_tables,
            SMALL_PAGE,
            passing,
            self.ec2_client().describe_route_tables()
        )
    }

    /// The matching instances, whatever their state.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn instances_passing(
        &self,
        passing: &[Passing],
    ) -> Result<Vec<Instance>, AwsError> {
        let reservations = every_page!(
            self,
            "DescribeInstances",
            reservations,
            PAGE,
            passing,
            self.ec2_client().describe_instances()
        )?;
        let instances = reservations.into_iter();
        Ok(instances
            .flat_map(|reservation| reservation.instances.unwrap_or_default())
            .collect())
    }

    /// The network interfaces in a security group.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn interfaces_in(
        &self,
        group: &str,
    ) -> Result<Vec<NetworkInterface>, AwsError> {
        every_page!(
            self,
            "DescribeNetworkInterfaces",
            network_interfaces,
            PAGE,
            &[("group-id".into(), vec![group.to_owned()])],
            self.ec2_client().describe_network_interfaces()
        )
    }

    /// The load balancer with this name or ARN, of any type; `None` if there is none.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn load_balancer(
        &self,
        written: &str,
    ) -> Result<Option<LoadBalancer>, AwsError> {
        let request = self.elbv2_client().describe_load_balancers();
        let request = if written.starts_with("arn:") {
            request.load_balancer_arns(written)
        } else {
            request.names(written)
        };
        let answer = self
            .call(Operation::elbv2("DescribeLoadBalancers"), request.send())
            .await;
        match answer {
            Ok(answer) => Ok(answer.load_balancers.unwrap_or_default().into_iter().next()),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn filters(passing: &[Passing]) -> Vec<Filter> {
    let filter = |(name, values): &Passing| {
        Filter::builder()
            .name(name)
            .set_values(Some(values.clone()))
            .build()
    };
    passing.iter().map(filter).collect()
}
