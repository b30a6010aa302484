//! A listener: a port of the load balancer and its target group.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, Listener as LiveListener, ProtocolEnum,
};
use serde::{Deserialize, Serialize};

use super::observation::Other;
use super::ownership::{after_moves, take_over};
use super::private_backends;
use super::uses::Leaving;
use super::{
    Dependent, Desired, Field, Findings, Found, InPicture, Kind, KindInfo, LiveReference, Look,
    Note, Obstacle, OnChange, Outputs, Owner, Replace, Scope, Task, distinct, gone_is_success,
    load_balancer, tags,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Place, Text};

/// A listener.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The load balancer's ARN.
    pub load_balancer: Text,
    /// The port.
    pub port: u16,
    /// The protocol: `TCP` or `TLS`.
    pub protocol: String,
    /// The ARN of the certificate of a TLS listener.
    pub certificate: Option<Text>,
    /// The name of the security policy of a TLS listener.
    pub tls_policy: Option<String>,
    /// The ARN of the target group.
    pub target_group: Text,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A listener.
#[derive(Debug)]
pub struct Listener;

/// The parts of its update, in the order of their calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// Everything but the tags: protocol, certificate and policy depend on each other, so they are sent in one call.
    Settings,
    /// The tags.
    Tags,
}

impl Kind for Listener {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        phase: 1,
        goes_with: Some("load_balancer"),
        serves_callers: true,
        replace: Replace::CreateFirst,
        in_picture: InPicture::LoadBalancer,
        when_different: "calls through the VPC link go elsewhere",
        is_private_backend: true,
        ..KindInfo::new(
            "listener",
            "listener",
            "A port of the load balancer and the targets its calls go to. One that gatestack did not make is left alone; where \
             the file has its port, it is taken over by `--adopt` only. It goes with the load balancer, by consent. See the user guide \
             for Network Load Balancers, \"Listeners\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new(
            "load_balancer",
            "The load balancer it is a port of.",
            |p: &Props, book| p.load_balancer.value(book),
        )
        .on_change(OnChange::Replace("a listener stays with its load balancer"))
        .refers_to("load_balancer"),
        Field::new("port", "The port.", |p: &Props, _| u32::from(p.port).into()).by(Part::Settings),
        Field::new(
            "protocol",
            "The protocol that callers use.",
            |p: &Props, _| (&p.protocol).into(),
        )
        .by(Part::Settings),
        Field::new(
            "certificate",
            "The certificate of a TLS listener.",
            |p: &Props, book| p.certificate.as_ref().map(|arn| arn.value(book)).into(),
        )
        .by(Part::Settings),
        Field::new(
            "tls_policy",
            "The TLS versions and ciphers of a TLS listener.",
            |p: &Props, _| p.tls_policy.as_ref().into(),
        )
        .by(Part::Settings),
        Field::new("target_group", "Where calls go.", |p: &Props, book| {
            p.target_group.value(book)
        })
        .by(Part::Settings)
        .refers_to("target_group"),
        Field::new(
            "tags",
            "Tags. Others on the listener are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys(),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        *address == self::address(want.port)
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        if !private_backends::is_there(reader, scope).await? {
            return Ok(findings);
        }
        for (balancer, _) in &*reader.load_balancers().await? {
            let arn = balancer.load_balancer_arn.as_deref().unwrap_or_default();
            let Some(stands) = scope.address_of(OutputName::Arn, arn) else {
                continue;
            };
            let stays = after_moves(scope.desired, stands)
                .takes_its_place()
                .is_none();
            let (mut others, mut of_stacks) = (Vec::new(), 0);
            for (live, tags) in &*reader.listeners(arn).await? {
                let props = props(arn, live, tags);
                let id = live.listener_arn.as_deref().unwrap_or_default();
                let address = address(props.port);
                let wanted = stays && scope.desired.resources.contains_key(&address);
                match scope.desired.context.owner_by_tags(tags) {
                    Owner::Us(_) => {}
                    Owner::Nobody if wanted && scope.desired.adopt.name(&address) => {}
                    Owner::Nobody => {
                        if wanted {
                            findings.obstacles.push(untagged(&address, &props));
                        }
                        others.push(Other::new(format!("port {}", props.port), id));
                        continue;
                    }
                    Owner::Stack(stack) => {
                        if wanted {
                            findings.obstacles.push(taken(&address, &props, stack));
                        }
                        of_stacks += 1;
                        continue;
                    }
                }
                let address = match stays {
                    true => address,
                    // The new load balancer has this port too, or will have.
                    false => address.replaced(id),
                };
                let found = Found::new(address, props, outputs(id));
                findings.owned.push(found);
            }
            findings.neighbours += others.len() + of_stacks;
            findings.dependents.extend(Dependent::of(
                stands,
                load_balancer::OTHER_LISTENERS,
                (Self::INFO.name, Self::INFO.title),
                &others,
                "nothing answers there any more",
            ));
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let created = writer.patiently(async || {
            let request = writer
                .elbv2()
                .create_listener()
                .load_balancer_arn(task.text(&want.load_balancer))
                .port(want.port.into())
                .protocol(ProtocolEnum::from(want.protocol.as_str()))
                .set_certificates(certificates(task))
                .set_ssl_policy(want.tls_policy.clone())
                .default_actions(forward(task))
                .set_tags(tags::elbv2::sent(&task.tags(&want.tags)));
            writer
                .call(Operation::elbv2("CreateListener"), request.send())
                .await
        });
        let made = created.await?.listeners.unwrap_or_default();
        let arn = made.into_iter().find_map(|listener| listener.listener_arn);
        Ok(outputs(&arn.unwrap_or_default()))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let arn = live.output(OutputName::Arn);
        for part in distinct(changed) {
            match part {
                Part::Settings => {
                    let request = writer
                        .elbv2()
                        .modify_listener()
                        .listener_arn(arn)
                        .port(want.port.into())
                        .protocol(ProtocolEnum::from(want.protocol.as_str()))
                        .set_certificates(certificates(task))
                        .set_ssl_policy(want.tls_policy.clone())
                        .default_actions(forward(task));
                    writer
                        .call(Operation::elbv2("ModifyListener"), request.send())
                        .await?;
                }
                Part::Tags => {
                    tags::elbv2::write(writer, arn, &want.tags, &live.props.tags).await?;
                }
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let request = writer
            .elbv2()
            .delete_listener()
            .listener_arn(live.output(OutputName::Arn));
        gone_is_success(
            writer
                .call(Operation::elbv2("DeleteListener"), request.send())
                .await,
        )
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        targets_swapped(look).into_iter().collect()
    }
}

/// Obstacles to a load balancer's deletion: listeners of other stacks, which AWS would delete along with it.
pub(super) async fn of_other_stacks(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    arn: &str,
) -> Result<Option<Obstacle>, AwsError> {
    let listeners = reader.listeners(arn).await?;
    let of_stacks = listeners.iter().filter_map(|(live, tags)| {
        match leaving.desired.context.owner_by_tags(tags) {
            Owner::Stack(stack) => {
                let port = live.port.unwrap_or_default();
                Some(format!("port {port} of the stack {stack:?}"))
            }
            Owner::Us(_) | Owner::Nobody => None,
        }
    });
    let of_stacks: Vec<String> = of_stacks.collect();
    Ok((!of_stacks.is_empty()).then(|| Obstacle {
        address: address.clone(),
        what: format!(
            "other stacks have listeners on this load balancer, which AWS would delete along with it: {}",
            of_stacks.join(", ")
        ),
        help: "remove them first, in the stacks that made them".into(),
    }))
}

/// Another stack has the port that the file wants.
fn taken(address: &Address, props: &Props, stack: &str) -> Obstacle {
    Obstacle {
        address: address.clone(),
        what: format!(
            "the listener on port {} of the load balancer already belongs to the stack {stack:?}",
            props.port
        ),
        help: "give it another port in one of the two stack files".into(),
    }
}

/// The wanted port has a listener without gatestack's tags.
fn untagged(address: &Address, props: &Props) -> Obstacle {
    Obstacle {
        address: address.clone(),
        what: format!(
            "the listener on port {} of the load balancer exists already; gatestack did not make it, or its tags were \
             removed",
            props.port
        ),
        help: format!(
            "give this one another port, or take it over with {}",
            take_over(address)
        ),
    }
}

/// The address of the listener of a port: a load balancer has one per port.
pub(super) fn address(port: u16) -> Address {
    Place::Listener(port).address()
}

fn certificates(task: &Task<'_, Props>) -> Option<Vec<Certificate>> {
    let arn = task.text(task.want.certificate.as_ref()?);
    Some(vec![Certificate::builder().certificate_arn(arn).build()])
}

fn forward(task: &Task<'_, Props>) -> Action {
    Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .target_group_arn(task.text(&task.want.target_group))
        .build()
}

fn props(load_balancer: &str, live: &LiveListener, tags: &BTreeMap<String, String>) -> Props {
    Props {
        load_balancer: load_balancer.into(),
        port: live
            .port
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or_default(),
        protocol: live
            .protocol
            .as_ref()
            .map_or("", ProtocolEnum::as_str)
            .to_owned(),
        certificate: live
            .certificates()
            .iter()
            .find_map(|certificate| certificate.certificate_arn.as_deref())
            .map(Text::from),
        tls_policy: live.ssl_policy.clone().filter(|policy| !policy.is_empty()),
        target_group: groups(live).join(", ").into(),
        tags: tags.clone(),
    }
}

/// The ARNs of the target groups: one, unless changed by hand.
pub(super) fn groups(live: &LiveListener) -> Vec<&str> {
    let action = live.default_actions().first();
    let spread: Vec<&str> = action
        .and_then(|action| action.forward_config.as_ref())
        .map(|forward| forward.target_groups())
        .unwrap_or_default()
        .iter()
        .filter_map(|group| group.target_group_arn.as_deref())
        .collect();
    if spread.is_empty() {
        return action
            .and_then(|action| action.target_group_arn.as_deref())
            .into_iter()
            .collect();
    }
    spread
}

fn outputs(arn: &str) -> Outputs {
    Outputs::from([
        (OutputName::Id, arn.to_owned()),
        (OutputName::Arn, arn.to_owned()),
    ])
}

/// A listener forwards to its new group at once, even without healthy targets.
fn targets_swapped(look: &Look<'_, Props>) -> Option<Note> {
    let port = look.held?.port;
    let swapped = look.change.action == super::Action::Update && look.differs("target_group");
    swapped.then_some(())?;
    look.warning(
        "GS114",
        format!(
            "calls on port {port} go to another target group, and fail until its targets are healthy; to avoid that, add a \
             listener on another port, move the routes there, and remove this one afterwards"
        ),
    )
}
