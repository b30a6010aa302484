//! A domain of one's own for the API.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Field, Findings, Kind, KindInfo, OnChange, Outputs, Scope, Standing, Task, tags};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::{Text, Value};

/// A domain name of the API.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The host name.
    pub name: String,
    /// The ARN of the certificate, in the API's Region.
    pub certificate: Text,
    /// AWS's name of the security policy, such as `TLS_1_2`.
    pub security_policy: String,
    /// What callers' certificates are checked against.
    pub mutual_tls: Option<MutualTls>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What callers' certificates are checked against.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MutualTls {
    /// `s3://BUCKET/KEY`.
    pub truststore: String,
    /// The version of that object.
    pub version: Option<String>,
}

impl MutualTls {
    fn value(&self) -> Value {
        Value::map([
            ("truststore", Value::from(&self.truststore)),
            ("version", self.version.as_ref().into()),
        ])
    }
}

/// A domain name of the API.
#[derive(Debug)]
pub struct ApiDomain;

impl Kind for ApiDomain {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        loss: Some(
            "everybody who calls the API by this name reaches nothing until there is another domain and its record",
        ),
        ..KindInfo::new(
            "api_domain",
            "domain name",
            "A Regional custom domain name in front of the API. See the API Gateway developer guide, \"Custom domain name for \
             public REST APIs\".",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::new("name", "The host name.", |p: &Props, _| (&p.name).into())
            .on_change(OnChange::Replace("a domain is its name")),
        Field::new("certificate", "Its certificate.", |p: &Props, book| {
            p.certificate.value(book)
        }),
        Field::new(
            "tls",
            "The oldest TLS that callers may use. Left out: 1.2.",
            |p: &Props, _| (&p.security_policy).into(),
        ),
        Field::new(
            "mutual_tls",
            "What callers' certificates are checked against. Left out: callers show none.",
            |p: &Props, _| p.mutual_tls.as_ref().map(MutualTls::value).into(),
        ),
        Field::new(
            "tags",
            "Tags. Others on the domain are left alone.",
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
