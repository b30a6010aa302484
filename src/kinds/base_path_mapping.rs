//! A base path mapping: the part of a domain that leads to the API.

use serde::{Deserialize, Serialize};

use super::{Field, Findings, Kind, KindInfo, OnChange, Outputs, Replace, Scope, Standing, Task};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::Text;

/// A base path mapping.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The domain name.
    pub domain: Text,
    /// The first part of the path; empty for the whole domain.
    pub base_path: String,
    /// The API's id.
    pub api: Text,
    /// The stage's name.
    pub stage: String,
}

/// A base path mapping.
#[derive(Debug)]
pub struct BasePathMapping;

impl Kind for BasePathMapping {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        phase: 1,
        goes_with: Some("api_domain"),
        replace: Replace::DeleteFirst,
        ..KindInfo::new(
            "base_path_mapping",
            "base path mapping",
            "The part of a domain that leads to the API's stage. Several APIs can share a domain. See the API Gateway \
             developer guide, \"Use API mappings to connect API stages to a custom domain name\".",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::new("domain", "The domain.", |p: &Props, book| {
            p.domain.value(book)
        })
        .on_change(OnChange::Replace("a mapping stays on its domain"))
        .refers_to("api_domain"),
        Field::new(
            "base_path",
            "The first part of the path. Left out: the whole domain.",
            |p: &Props, _| (&p.base_path).into(),
        ),
        Field::new("api", "The API it leads to.", |p: &Props, book| {
            p.api.value(book)
        })
        .refers_to("rest_api"),
        Field::new("stage", "The stage it leads to.", |p: &Props, _| {
            (&p.stage).into()
        }),
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
