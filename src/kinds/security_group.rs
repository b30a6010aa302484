//! A security group: who may open connections to what stands in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Field, Findings, Kind, KindInfo, OnChange, Outputs, Replace, Scope, Standing, Task, tags,
};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::{Text, Value};

/// A security group.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name, unique in its VPC.
    pub name: String,
    /// What it is for; AWS never changes it.
    pub description: String,
    /// The VPC's id.
    pub vpc: String,
    /// Who may open connections. Everything else is refused.
    pub ingress: BTreeSet<Ingress>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Who may open connections, on which TCP port.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Ingress {
    /// The TCP port.
    pub port: u16,
    /// The security group whose members may.
    pub from: Text,
}

impl Ingress {
    fn value(&self, book: &crate::model::Book) -> Value {
        Value::map([
            ("port", Value::from(u32::from(self.port))),
            ("from", self.from.value(book)),
        ])
    }
}

/// A security group.
#[derive(Debug)]
pub struct SecurityGroup;

impl Kind for SecurityGroup {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        replace: Replace::CreateFirst,
        ..KindInfo::new(
            "security_group",
            "security group",
            "An EC2 security group: who may open connections to what stands in it. Its rules are closed: one that the stack \
             does not have is revoked. Connections from it are not limited. See the VPC user guide, \"Security groups\".",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::new("name", "The name, unique in its VPC.", |p: &Props, _| {
            (&p.name).into()
        })
        .on_change(OnChange::Replace("AWS never renames a security group")),
        Field::new("vpc", "The VPC it is in.", |p: &Props, _| (&p.vpc).into())
            .on_change(OnChange::Replace("a security group stays in its VPC")),
        Field::new(
            "ingress",
            "Who may open connections, on which ports.",
            |p: &Props, book| Value::set(p.ingress.iter().map(|rule| rule.value(book))),
        )
        .refers_to("security_group"),
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
