//! A VPC link: the only road from the API to the load balancer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Field, Findings, Kind, KindInfo, OnChange, Outputs, Replace, Scope, Standing, Task, tags,
};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::Text;

/// A VPC link.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name.
    pub name: String,
    /// The ARN of the load balancer it leads to.
    pub load_balancer: Text,
    /// Whether it works. Always `true` on the wanted side.
    pub available: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A VPC link.
#[derive(Debug)]
pub struct VpcLink;

impl Kind for VpcLink {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        replace: Replace::CreateFirst,
        // "Typically 2-4 minutes": API Gateway API reference, CreateVpcLink.
        settles_in: Some(180),
        ..KindInfo::new(
            "vpc_link",
            "VPC link",
            "The road from the API to the load balancer. One that leads elsewhere is made beside the old one, routes and \
             stage are put on it, and only then the old one goes. See the API Gateway developer guide, \"VPC links\".",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::new("name", "The name.", |p: &Props, _| (&p.name).into()),
        Field::new(
            "load_balancer",
            "The load balancer it leads to.",
            |p: &Props, book| p.load_balancer.value(book),
        )
        .on_change(OnChange::Replace("AWS never leads a VPC link elsewhere"))
        .refers_to("load_balancer")
        .when_ready(),
        Field::new("available", "Whether it works.", |p: &Props, _| {
            p.available.into()
        }),
        Field::new(
            "tags",
            "Tags. Others on the link are left alone.",
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
