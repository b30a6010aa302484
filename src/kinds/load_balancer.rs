//! A network load balancer: the door of the private road.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Field, Findings, Kind, KindInfo, OnChange, Outputs, Replace, Scope, Standing, Task, tags,
};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::{Text, Value};

/// An internal network load balancer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name, unique in the Region.
    pub name: String,
    /// The ids of its subnets, one in each zone.
    pub subnets: BTreeSet<String>,
    /// The ids of its security groups. AWS takes them only when it is made.
    pub security_groups: BTreeSet<Text>,
    /// Whether its security groups also judge what comes through PrivateLink, as a VPC link's calls do.
    pub judges_private_link: bool,
    /// Whether each zone's share goes to the targets of all zones.
    pub cross_zone: bool,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// Whether it works. Always `true` on the wanted side.
    pub active: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An internal network load balancer.
#[derive(Debug)]
pub struct LoadBalancer;

impl Kind for LoadBalancer {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        replace: Replace::CreateFirst,
        // Users of Terraform's provider and of the load balancer controller measure two to five minutes.
        settles_in: Some(180),
        billable: Some(
            "a network load balancer is charged for every hour it stands, and for what passes through it",
        ),
        ..KindInfo::new(
            "load_balancer",
            "load balancer",
            "An internal network load balancer. A VPC link leads to it, and no other road does. See the user guide for \
             Network Load Balancers.",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::new(
            "name",
            "The name, up to 32 letters, digits and hyphens.",
            |p: &Props, _| (&p.name).into(),
        )
        .on_change(OnChange::Replace("AWS never renames a load balancer")),
        Field::new(
            "subnets",
            "Its subnets, one in each zone.",
            |p: &Props, _| Value::set(&p.subnets),
        ),
        Field::new(
            "security_groups",
            "Its security groups. AWS takes them only when it is made.",
            |p: &Props, book| Value::set(p.security_groups.iter().map(|group| group.value(book))),
        )
        .refers_to("security_group"),
        Field::new(
            "judges_private_link",
            "Whether its security groups also judge what comes through a VPC link. gatestack leaves it off: the link is the \
             only road, and its calls come from addresses that no rule can name.",
            |p: &Props, _| p.judges_private_link.into(),
        ),
        Field::new(
            "cross_zone",
            "Whether each zone's share goes to the targets of all zones. Left out: true.",
            |p: &Props, _| p.cross_zone.into(),
        ),
        Field::new(
            "deletion_protection",
            "Whether AWS refuses to delete it until the protection is lifted. Left out: true.",
            |p: &Props, _| p.deletion_protection.into(),
        ),
        Field::new("active", "Whether it works.", |p: &Props, _| {
            p.active.into()
        }),
        Field::new(
            "tags",
            "Tags. Others on the load balancer are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .wanted_keys(),
    ];

    async fn observe(_reader: &Reader, _scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        Ok(Findings::default())
    }

    async fn create(_writer: &Writer, _task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        Ok(Outputs::new())
    }

    async fn update(
        _writer: &Writer,
        _task: &Task<'_, Props>,
        _live: &Standing<'_, Props>,
        _changed: &[&'static str],
    ) -> Result<Outputs, AwsError> {
        Ok(Outputs::new())
    }

    async fn delete(_writer: &Writer, _live: &Standing<'_, Props>) -> Result<(), AwsError> {
        Ok(())
    }
}
