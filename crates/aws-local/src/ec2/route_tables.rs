//! Route tables: a network's main one, and others that subnets are associated with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::describe::{Listing, list};
use super::{ROUTE_TABLE, State, in_use, invalid, missing, nothing, optional, refused, tags};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateRouteTable", create),
    Operation::read("DescribeRouteTables", describe),
    Operation::change("DeleteRouteTable", delete),
    Operation::change("AssociateRouteTable", associate).refusing(&["GatewayId", "PublicIpv4Pool"]),
    Operation::change("DisassociateRouteTable", disassociate),
    Operation::change("ReplaceRouteTableAssociation", reassociate),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RouteTable {
    pub(super) vpc: String,
    /// The token of the call that created it; SDKs generate one.
    client_token: Option<String>,
    /// The id of its association as the network's main one.
    pub(super) main: Option<String>,
    /// Its subnets by association.
    pub(super) subnets: BTreeMap<String, String>,
    /// The targets of its routes, by destination, without the network's own addresses.
    pub(super) routes: BTreeMap<String, Target>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Target {
    Gateway(String),
    Interface(String),
}

const LISTING: Listing = Listing {
    member: "RouteTables",
    id: "RouteTableId",
    ids: "RouteTableIds",
    kind: ROUTE_TABLE,
    filters: &[
        ("association.gateway-id", "Associations.GatewayId"),
        ("association.main", "Associations.Main"),
        (
            "association.route-table-association-id",
            "Associations.RouteTableAssociationId",
        ),
        ("association.route-table-id", "Associations.RouteTableId"),
        ("association.subnet-id", "Associations.SubnetId"),
        ("owner-id", "OwnerId"),
        ("route-table-id", "RouteTableId"),
        (
            "route.destination-cidr-block",
            "Routes.DestinationCidrBlock",
        ),
        (
            "route.destination-ipv6-cidr-block",
            "Routes.DestinationIpv6CidrBlock",
        ),
        (
            "route.destination-prefix-list-id",
            "Routes.DestinationPrefixListId",
        ),
        (
            "route.egress-only-internet-gateway-id",
            "Routes.EgressOnlyInternetGatewayId",
        ),
        ("route.gateway-id", "Routes.GatewayId"),
        ("route.instance-id", "Routes.InstanceId"),
        ("route.nat-gateway-id", "Routes.NatGatewayId"),
        ("route.origin", "Routes.Origin"),
        ("route.state", "Routes.State"),
        ("route.transit-gateway-id", "Routes.TransitGatewayId"),
        (
            "route.vpc-peering-connection-id",
            "Routes.VpcPeeringConnectionId",
        ),
        ("vpc-id", "VpcId"),
    ],
};

impl RouteTable {
    /// Sends everything for the internet to a gateway.
    pub(super) fn default_route(&mut self, gateway: &str) {
        self.routes
            .insert("0.0.0.0/0".into(), Target::Gateway(gateway.into()));
    }
}

impl State {
    pub(super) fn insert_route_table(&mut self, id: &str, vpc: &str, main: Option<String>) {
        let table = RouteTable {
            vpc: vpc.into(),
            client_token: None,
            main,
            subnets: BTreeMap::new(),
            routes: BTreeMap::new(),
        };
        self.route_tables.insert(id, table);
    }

    pub(super) fn route_table(&self, id: &str) -> Result<&RouteTable, Refusal> {
        self.route_tables
            .get(id)
            .ok_or_else(|| ROUTE_TABLE.absent(id))
    }

    pub(super) fn route_table_mut(&mut self, id: &str) -> Result<&mut RouteTable, Refusal> {
        self.route_tables
            .get_mut(id)
            .ok_or_else(|| ROUTE_TABLE.absent(id))
    }

    fn route_table_row(&self, call: &Call, id: &str, table: &RouteTable) -> Object {
        let association = |association: &str, subnet: Option<&str>| {
            json!({
                "RouteTableAssociationId": association,
                "RouteTableId": id,
                "SubnetId": subnet,
                "Main": subnet.is_none(),
                "AssociationState": {"State": "associated"},
            })
        };
        let main = table.main.iter().map(|main| association(main, None));
        let subnets = table.subnets.iter();
        let subnets = subnets.map(|(name, subnet)| association(name, Some(subnet)));
        let associations: Vec<Value> = main.chain(subnets).collect();
        let cidr = self.vpcs.get(&table.vpc).map(|vpc| vpc.cidr.as_str());
        let local = json!({
            "DestinationCidrBlock": cidr,
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        });
        let routes = table.routes.iter().map(|(destination, target)| {
            let mut route = Object::new();
            let member = if destination.contains(':') {
                "DestinationIpv6CidrBlock"
            } else {
                "DestinationCidrBlock"
            };
            route.insert(member.into(), json!(destination));
            let (member, target, is_there) = match target {
                Target::Gateway(id) => {
                    let gateway = self.gateways.get(id);
                    let attached =
                        gateway.is_some_and(|gateway| gateway.vpc.as_ref() == Some(&table.vpc));
                    ("GatewayId", id, attached)
                }
                Target::Interface(id) => (
                    "NetworkInterfaceId",
                    id,
                    self.interface(id, call.seconds()).is_some(),
                ),
            };
            route.insert(member.into(), json!(target));
            route.insert("Origin".into(), json!("CreateRoute"));
            // A route's target may have been deleted since.
            let state = if is_there { "active" } else { "blackhole" };
            route.insert("State".into(), json!(state));
            Value::Object(route)
        });
        let routes: Vec<Value> = std::iter::once(local).chain(routes).collect();
        Object::from_iter([
            ("RouteTableId".to_owned(), json!(id)),
            ("VpcId".to_owned(), json!(table.vpc)),
            ("OwnerId".to_owned(), json!(call.account)),
            ("Associations".to_owned(), json!(associations)),
            ("Routes".to_owned(), json!(routes)),
            ("PropagatingVgws".to_owned(), json!([])),
            ("Tags".to_owned(), self.shown_tags(id)),
        ])
    }
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let ec2 = &mut region.ec2;
    let vpc = call.text("VpcId");
    ec2.wanted_vpc(vpc)?;
    let tags = tags::specified(call, &ROUTE_TABLE)?;
    let token = optional(&call.input, "ClientToken");
    let earlier = ec2
        .route_tables
        .iter()
        .find(|(_, table)| token.is_some() && table.client_token.as_deref() == token);
    let id = match earlier {
        Some((_, table)) if table.vpc != vpc => {
            return Err(refused(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
            ));
        }
        Some((id, _)) => id.to_owned(),
        None => {
            let id = ROUTE_TABLE.new_id();
            ec2.insert_route_table(&id, vpc, None);
            ec2.route_table_mut(&id)?.client_token = token.map(str::to_owned);
            ec2.take_tags(&id, tags);
            id
        }
    };
    let row = ec2.route_table_row(call, &id, ec2.route_table(&id)?);
    Ok(Object::from_iter([
        ("RouteTable".to_owned(), Value::Object(row)),
        ("ClientToken".to_owned(), json!(token)),
    ]))
}

fn describe(region: &Region, call: &Call) -> Answer {
    let rows = region.ec2.route_tables.iter();
    let rows = rows.map(|(id, table)| region.ec2.route_table_row(call, id, table));
    list(call, &LISTING, rows.collect())
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("RouteTableId");
    let ec2 = &mut region.ec2;
    let table = ec2.route_table(id)?;
    if table.main.is_some() || !table.subnets.is_empty() {
        return Err(in_use(format!(
            "The routeTable '{id}' has dependencies and cannot be deleted."
        )));
    }
    ec2.route_tables.remove(id);
    ec2.tags.remove(id);
    nothing()
}

/// The response of both associating operations.
fn associated(member: &str, association: String) -> Answer {
    Ok(Object::from_iter([
        (member.to_owned(), json!(association)),
        (
            "AssociationState".to_owned(),
            json!({"State": "associated"}),
        ),
    ]))
}

fn of_one_network(ec2: &State, table: &str, subnet: &str) -> Result<(), Refusal> {
    if ec2.route_table(table)?.vpc == ec2.wanted_subnet(subnet)?.vpc_id {
        return Ok(());
    }
    Err(invalid(format!(
        "Route table {table} and subnet {subnet} belong to different networks"
    )))
}

fn associate(region: &mut Region, call: &Call) -> Answer {
    let table = call.text("RouteTableId");
    let ec2 = &mut region.ec2;
    ec2.route_table(table)?;
    let Some(subnet) = optional(&call.input, "SubnetId") else {
        return Err(missing("subnetId"));
    };
    of_one_network(ec2, table, subnet)?;
    let taken = ec2
        .route_tables
        .values()
        .any(|table| table.subnets.values().any(|other| other == subnet));
    if taken {
        return Err(refused(
            "Resource.AlreadyAssociated",
            format!(
                "the specified association for route table {table} conflicts with an existing association"
            ),
        ));
    }
    let association = format!("rtbassoc-{}", identifiers::ec2());
    let table = ec2.route_table_mut(table)?;
    table.subnets.insert(association.clone(), subnet.into());
    associated("AssociationId", association)
}

fn no_association(id: &str) -> Refusal {
    refused(
        "InvalidAssociationID.NotFound",
        format!("The association ID '{id}' does not exist"),
    )
}

fn disassociate(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("AssociationId");
    for (_, table) in region.ec2.route_tables.iter_mut() {
        if table.main.as_deref() == Some(id) {
            return Err(invalid(format!(
                "cannot disassociate the main route table association {id}"
            )));
        }
        if table.subnets.remove(id).is_some() {
            return nothing();
        }
    }
    Err(no_association(id))
}

/// Replaces a table; the association gets a new id.
fn reassociate(region: &mut Region, call: &Call) -> Answer {
    let (id, table) = (call.text("AssociationId"), call.text("RouteTableId"));
    let ec2 = &mut region.ec2;
    let vpc = ec2.route_table(table)?.vpc.clone();
    let association = format!("rtbassoc-{}", identifiers::ec2());
    let is_main = ec2
        .route_tables
        .values()
        .any(|table| table.main.as_deref() == Some(id) && table.vpc == vpc);
    if is_main {
        for (_, table) in ec2.route_tables.iter_mut() {
            table.main.take_if(|main| main == id);
        }
        ec2.route_table_mut(table)?.main = Some(association.clone());
        return associated("NewAssociationId", association);
    }
    let subnet = ec2
        .route_tables
        .values()
        .find_map(|table| table.subnets.get(id).cloned());
    let subnet = subnet.ok_or_else(|| no_association(id))?;
    of_one_network(ec2, table, &subnet)?;
    for (_, table) in ec2.route_tables.iter_mut() {
        table.subnets.remove(id);
    }
    let table = ec2.route_table_mut(table)?;
    table.subnets.insert(association.clone(), subnet);
    associated("NewAssociationId", association)
}
