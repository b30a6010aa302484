//! A DNS record in Route 53 that leads a domain's name to AWS.

use serde::{Deserialize, Serialize};

use super::{Field, Findings, Kind, KindInfo, OnChange, Outputs, Replace, Scope, Standing, Task};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::Text;

/// A DNS record.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The hosted zone's id.
    pub zone: String,
    /// The name.
    pub name: String,
    /// The name it is an alias of.
    pub alias: Text,
    /// The id of AWS's hosted zone of that name.
    pub alias_zone: Text,
}

/// A DNS record.
#[derive(Debug)]
pub struct DnsRecord;

impl Kind for DnsRecord {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        phase: 1,
        replace: Replace::DeleteFirst,
        ..KindInfo::new(
            "dns_record",
            "DNS record",
            "An alias record in a Route 53 hosted zone that leads a domain of your own to AWS. It is ours as long as it \
             leads to our domain. See the Route 53 developer guide, \"Choosing between alias and non-alias records\".",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::new("zone", "The hosted zone.", |p: &Props, _| (&p.zone).into())
            .on_change(OnChange::Replace("a record stays in its zone")),
        Field::new("name", "The name.", |p: &Props, _| (&p.name).into())
            .on_change(OnChange::Replace("a record is its name")),
        Field::new("alias", "Where the name leads.", |p: &Props, book| {
            p.alias.value(book)
        }),
        Field::new(
            "alias_zone",
            "AWS's own zone of that name.",
            |p: &Props, book| p.alias_zone.value(book),
        ),
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
