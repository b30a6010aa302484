//! Internet gateways.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::describe::{Listing, list};
use super::{GATEWAY, State, in_use, invalid, nothing, one, refused, tags};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateInternetGateway", create),
    Operation::read("DescribeInternetGateways", describe),
    Operation::change("AttachInternetGateway", attach),
    Operation::change("DetachInternetGateway", detach),
    Operation::change("DeleteInternetGateway", delete),
];

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct InternetGateway {
    /// The network it is attached to.
    pub(super) vpc: Option<String>,
}

const LISTING: Listing = Listing {
    member: "InternetGateways",
    id: "InternetGatewayId",
    ids: "InternetGatewayIds",
    kind: GATEWAY,
    filters: &[
        ("attachment.state", "Attachments.State"),
        ("attachment.vpc-id", "Attachments.VpcId"),
        ("internet-gateway-id", "InternetGatewayId"),
        ("owner-id", "OwnerId"),
    ],
};

impl State {
    fn gateway_mut(&mut self, id: &str) -> Result<&mut InternetGateway, Refusal> {
        self.gateways.get_mut(id).ok_or_else(|| GATEWAY.absent(id))
    }

    fn gateway_row(&self, call: &Call, id: &str, gateway: &InternetGateway) -> Object {
        let attached = gateway.vpc.iter();
        let attachments: Vec<Value> = attached
            .map(|vpc| json!({"State": "available", "VpcId": vpc}))
            .collect();
        Object::from_iter([
            ("InternetGatewayId".to_owned(), json!(id)),
            ("OwnerId".to_owned(), json!(call.account)),
            ("Attachments".to_owned(), json!(attachments)),
            ("Tags".to_owned(), self.shown_tags(id)),
        ])
    }
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let tags = tags::specified(call, &GATEWAY)?;
    let id = GATEWAY.new_id();
    let gateway = InternetGateway::default();
    let ec2 = &mut region.ec2;
    ec2.gateways.insert(&id, gateway.clone());
    ec2.take_tags(&id, tags);
    one("InternetGateway", ec2.gateway_row(call, &id, &gateway))
}

fn describe(region: &Region, call: &Call) -> Answer {
    let rows = region.ec2.gateways.iter();
    let rows = rows.map(|(id, gateway)| region.ec2.gateway_row(call, id, gateway));
    list(call, &LISTING, rows.collect())
}

fn attach(region: &mut Region, call: &Call) -> Answer {
    let (id, vpc) = (call.text("InternetGatewayId"), call.text("VpcId"));
    let ec2 = &mut region.ec2;
    ec2.wanted_vpc(vpc)?;
    let taken = ec2
        .gateways
        .values()
        .any(|other| other.vpc.as_deref() == Some(vpc));
    let gateway = ec2.gateway_mut(id)?;
    if let Some(attached) = &gateway.vpc {
        return Err(refused(
            "Resource.AlreadyAssociated",
            format!("resource {id} is already attached to network {attached}"),
        ));
    }
    if taken {
        return Err(invalid(format!(
            "Network {vpc} already has an internet gateway attached"
        )));
    }
    gateway.vpc = Some(vpc.into());
    nothing()
}

fn detach(region: &mut Region, call: &Call) -> Answer {
    let (id, vpc) = (call.text("InternetGatewayId"), call.text("VpcId"));
    let now = call.seconds();
    let ec2 = &mut region.ec2;
    ec2.wanted_vpc(vpc)?;
    let mapped = ec2
        .interfaces_in_use(now)
        .any(|(_, interface)| interface.vpc == vpc && interface.public_ip.is_some());
    let gateway = ec2.gateway_mut(id)?;
    if gateway.vpc.as_deref() != Some(vpc) {
        return Err(refused(
            "Gateway.NotAttached",
            format!("resource {id} is not attached to network {vpc}"),
        ));
    }
    if mapped {
        return Err(in_use(format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        )));
    }
    gateway.vpc = None;
    nothing()
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("InternetGatewayId");
    let ec2 = &mut region.ec2;
    if ec2.gateway_mut(id)?.vpc.is_some() {
        return Err(in_use(format!(
            "The internetGateway '{id}' has dependencies and cannot be deleted."
        )));
    }
    ec2.gateways.remove(id);
    ec2.tags.remove(id);
    nothing()
}
