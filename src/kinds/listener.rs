//! A listener: a port of the load balancer and the group of targets behind it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Field, Findings, Kind, KindInfo, OnChange, Outputs, Replace, Scope, Standing, Task, tags,
};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::Text;

/// A listener.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The load balancer's ARN.
    pub load_balancer: Text,
    /// The port.
    pub port: u16,
    /// What callers speak: `TCP` or `TLS`.
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

impl Kind for Listener {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        phase: 1,
        goes_with: Some("load_balancer"),
        replace: Replace::CreateFirst,
        ..KindInfo::new(
            "listener",
            "listener",
            "A port of the load balancer and the targets its calls go to. The load balancer's contents are closed: a listener \
             that the file does not name is deleted. See the user guide for Network Load Balancers, \"Listeners\".",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::new(
            "load_balancer",
            "The load balancer it is a port of.",
            |p: &Props, book| p.load_balancer.value(book),
        )
        .on_change(OnChange::Replace("a listener stays with its load balancer"))
        .refers_to("load_balancer"),
        Field::new("port", "The port.", |p: &Props, _| u32::from(p.port).into()),
        Field::new(
            "protocol",
            "What callers speak. Left out: TCP.",
            |p: &Props, _| (&p.protocol).into(),
        ),
        Field::new(
            "certificate",
            "The certificate of a TLS listener.",
            |p: &Props, book| p.certificate.as_ref().map(|arn| arn.value(book)).into(),
        ),
        Field::new(
            "tls_policy",
            "The TLS versions and ciphers of a TLS listener.",
            |p: &Props, _| p.tls_policy.as_ref().into(),
        ),
        Field::new("target_group", "Where calls go.", |p: &Props, book| {
            p.target_group.value(book)
        })
        .refers_to("target_group"),
        Field::new(
            "tags",
            "Tags. Others on the listener are left alone.",
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
