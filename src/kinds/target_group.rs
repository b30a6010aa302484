//! A target group: what answers behind one listener, and how it shows that it works.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Field, Findings, Kind, KindInfo, OnChange, Outputs, Replace, Scope, Standing, Task, tags,
};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::Value;

/// A target group.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name, unique in the Region; it follows from what AWS can't change.
    pub name: String,
    /// The VPC's id.
    pub vpc: String,
    /// `instance` or `ip`.
    pub target_type: String,
    /// The targets' port.
    pub port: u16,
    /// What the targets speak: `TCP` or `TLS`.
    pub protocol: String,
    /// How a target shows that it works.
    pub health: Health,
    /// How long a target that leaves may finish what it has begun, in seconds.
    pub drain_seconds: u32,
    /// Instance ids or addresses. `None` where instances that gatestack launches register themselves.
    pub targets: Option<BTreeSet<String>>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// How a target shows that it works.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Health {
    /// `TCP`, `HTTP` or `HTTPS`.
    pub protocol: String,
    /// The path of a check over HTTP or HTTPS.
    pub path: Option<String>,
    /// The port; none for the targets' own.
    pub port: Option<u16>,
    /// From one check to the next, in seconds.
    pub interval_seconds: u32,
    /// How many in a row make a target healthy.
    pub healthy: u32,
    /// How many failed ones in a row make it unhealthy.
    pub unhealthy: u32,
}

impl Health {
    fn value(&self) -> Value {
        Value::map([
            ("protocol", Value::from(&self.protocol)),
            ("path", self.path.as_ref().into()),
            ("port", self.port.map(u32::from).into()),
            ("interval", self.interval_seconds.into()),
            ("healthy", self.healthy.into()),
            ("unhealthy", self.unhealthy.into()),
        ])
    }
}

/// A target group.
#[derive(Debug)]
pub struct TargetGroup;

impl Kind for TargetGroup {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        replace: Replace::CreateFirst,
        ..KindInfo::new(
            "target_group",
            "target group",
            "The targets behind a listener and how they show that they work. See the user guide for Network Load \
             Balancers, \"Target groups\".",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::new(
            "name",
            "The name, which follows from the rest.",
            |p: &Props, _| (&p.name).into(),
        )
        .on_change(OnChange::Replace("AWS never renames a target group")),
        Field::new("vpc", "The VPC its targets are in.", |p: &Props, _| {
            (&p.vpc).into()
        })
        .on_change(OnChange::Replace("a target group stays in its VPC")),
        Field::new(
            "target_type",
            "Whether targets are instances or addresses.",
            |p: &Props, _| (&p.target_type).into(),
        )
        .on_change(OnChange::Replace("a target group keeps its type")),
        Field::new("to", "The targets' port.", |p: &Props, _| {
            u32::from(p.port).into()
        })
        .on_change(OnChange::Replace("a target group keeps its port")),
        Field::new("to_protocol", "What the targets speak.", |p: &Props, _| {
            (&p.protocol).into()
        })
        .on_change(OnChange::Replace("a target group keeps its protocol")),
        Field::new(
            "health",
            "How a target shows that it works. Left out: a TCP connection every 10 s, three times in a row.",
            |p: &Props, _| p.health.value(),
        ),
        Field::new(
            "drain",
            "How long a target that leaves may finish what it has begun, in seconds. Left out: 300.",
            |p: &Props, _| p.drain_seconds.into(),
        ),
        Field::new("targets", "What answers.", |p: &Props, _| {
            p.targets.as_ref().map(Value::set).into()
        }),
        Field::new(
            "tags",
            "Tags. Others on the group are left alone.",
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
