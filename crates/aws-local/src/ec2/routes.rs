//! The routes of route tables.

use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::cidr::{self, Block};
use super::route_tables::{RouteTable, Target};
use super::{INTERFACE, State, invalid, missing, nothing, one, optional, refused};

/// Targets of routes that are not implemented.
const ELSEWHERE: &[&str] = &[
    "CarrierGatewayId",
    "CoreNetworkArn",
    "DestinationPrefixListId",
    "EgressOnlyInternetGatewayId",
    "InstanceId",
    "LocalGatewayId",
    "NatGatewayId",
    "OdbNetworkArn",
    "TransitGatewayId",
    "VpcEndpointId",
    "VpcPeeringConnectionId",
];

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateRoute", create_route).refusing(ELSEWHERE),
    Operation::change("ReplaceRoute", replace_route).refusing(&[
        "CarrierGatewayId",
        "CoreNetworkArn",
        "DestinationPrefixListId",
        "EgressOnlyInternetGatewayId",
        "InstanceId",
        "LocalGatewayId",
        "LocalTarget",
        "NatGatewayId",
        "OdbNetworkArn",
        "TransitGatewayId",
        "VpcEndpointId",
        "VpcPeeringConnectionId",
    ]),
    Operation::change("DeleteRoute", delete_route).refusing(&["DestinationPrefixListId"]),
];

/// The destination in a call, in AWS's format.
fn destination(call: &Call) -> Result<String, Refusal> {
    let wrong = |member: &str, text: &str| {
        invalid(format!(
            "Value ({text}) for parameter {member} is invalid. This is not a valid CIDR block."
        ))
    };
    match (
        optional(&call.input, "DestinationCidrBlock"),
        optional(&call.input, "DestinationIpv6CidrBlock"),
    ) {
        (Some(text), None) => Block::parse(text)
            .map(|block| block.to_string())
            .ok_or_else(|| wrong("destinationCidrBlock", text)),
        (None, Some(text)) => {
            cidr::ipv6(text).ok_or_else(|| wrong("destinationIpv6CidrBlock", text))
        }
        (None, None) => Err(missing("destinationCidrBlock")),
        (Some(_), Some(_)) => Err(refused(
            "InvalidParameterCombination",
            "Only one of destinationCidrBlock and destinationIpv6CidrBlock may be specified.",
        )),
    }
}

fn target(ec2: &State, call: &Call) -> Result<Target, Refusal> {
    let id = call.text("RouteTableId");
    let vpc = &ec2.route_table(id)?.vpc;
    match (
        optional(&call.input, "GatewayId"),
        optional(&call.input, "NetworkInterfaceId"),
    ) {
        (Some(gateway), None) => {
            let found = ec2.gateways.get(gateway).ok_or_else(|| {
                refused(
                    "InvalidGatewayID.NotFound",
                    format!("The gateway ID '{gateway}' does not exist"),
                )
            })?;
            if found.vpc.as_ref() != Some(vpc) {
                return Err(invalid(format!(
                    "route table {id} and network gateway {gateway} belong to different networks"
                )));
            }
            Ok(Target::Gateway(gateway.into()))
        }
        (None, Some(interface)) => {
            let found = ec2.interface(interface, call.seconds());
            let found = found.ok_or_else(|| INTERFACE.absent(interface))?;
            if found.vpc != *vpc {
                return Err(invalid(format!(
                    "route table {id} and interface {interface} belong to different networks"
                )));
            }
            Ok(Target::Interface(interface.into()))
        }
        _ => Err(refused(
            "InvalidParameterCombination",
            "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, \
             egressOnlyInternetGatewayId, transitGatewayId, localGatewayId, carrierGatewayId, vpcEndpointId, coreNetworkArn",
        )),
    }
}

fn create_route(region: &mut Region, call: &Call) -> Answer {
    let ec2 = &mut region.ec2;
    let id = call.text("RouteTableId");
    let table = ec2.route_table(id)?;
    let destination = destination(call)?;
    if table.routes.contains_key(&destination) || is_local(ec2, table, &destination) {
        return Err(refused(
            "RouteAlreadyExists",
            format!("The route identified by {destination} already exists."),
        ));
    }
    let target = target(ec2, call)?;
    ec2.route_table_mut(id)?.routes.insert(destination, target);
    one("Return", true)
}

fn is_local(ec2: &State, table: &RouteTable, destination: &str) -> bool {
    ec2.vpcs
        .get(&table.vpc)
        .is_some_and(|vpc| vpc.cidr == destination)
}

fn replace_route(region: &mut Region, call: &Call) -> Answer {
    let ec2 = &mut region.ec2;
    let id = call.text("RouteTableId");
    ec2.route_table(id)?;
    let destination = destination(call)?;
    if !ec2.route_table(id)?.routes.contains_key(&destination) {
        // AWS's error code here differs from that of a deletion.
        return Err(invalid(format!(
            "There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
        )));
    }
    let target = target(ec2, call)?;
    ec2.route_table_mut(id)?.routes.insert(destination, target);
    nothing()
}

fn delete_route(region: &mut Region, call: &Call) -> Answer {
    let ec2 = &mut region.ec2;
    let id = call.text("RouteTableId");
    let destination = destination(call)?;
    if is_local(ec2, ec2.route_table(id)?, &destination) {
        return Err(invalid(format!(
            "cannot remove local route {destination} in route table {id}"
        )));
    }
    if ec2
        .route_table_mut(id)?
        .routes
        .remove(&destination)
        .is_none()
    {
        return Err(refused(
            "InvalidRoute.NotFound",
            format!("no route with destination-cidr-block {destination} in route table {id}"),
        ));
    }
    nothing()
}
