//! An EC2 instance that gatestack launches behind the load balancer.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Field, Findings, Kind, KindInfo, OnChange, Outputs, Replace, Scope, Standing, Task, tags,
};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::{Text, Value};

/// An EC2 instance.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The subnet's id.
    pub subnet: String,
    /// The image's id, or `ssm:` and the path of the parameter that names it.
    pub image: String,
    /// The instance type.
    pub instance_type: String,
    /// What runs at the first start.
    pub user_data: Option<UserData>,
    /// The name of its instance profile.
    pub profile: Option<String>,
    /// The ids of its security groups.
    pub security_groups: BTreeSet<Text>,
    /// The ARNs of the target groups it is registered in.
    pub target_groups: BTreeSet<Text>,
    /// Whether only requests with a session token learn its metadata (IMDSv2).
    pub metadata_needs_token: bool,
    /// Whether its targets are healthy, asked only while it takes another's place; else `true`.
    pub in_service: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What runs at the first start. AWS is never asked for it again: the digest lies in a tag of the instance.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct UserData {
    /// Its SHA-256 digest, in hexadecimal digits.
    pub digest: String,
    /// The script itself; empty on the live side.
    pub content: String,
}

/// An EC2 instance.
#[derive(Debug)]
pub struct Instance;

impl Kind for Instance {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        phase: 1,
        replace: Replace::CreateFirst,
        // Users measure 70 to 300 seconds from the registration of a target to the first healthy answer.
        settles_in: Some(120),
        rolls: true,
        billable: Some("an EC2 instance is charged for every second it runs"),
        ..KindInfo::new(
            "instance",
            "instance",
            "An EC2 instance behind the load balancer, in a private subnet and without a public address. A change that needs a \
             new one rolls: launch, healthy, deregister, drain, terminate, one after another. See the EC2 user guide.",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::new(
            "image",
            "The image, or the parameter that names it.",
            |p: &Props, _| (&p.image).into(),
        )
        .on_change(OnChange::Replace(
            "an instance keeps the image it was launched from",
        )),
        Field::new("type", "The instance type.", |p: &Props, _| {
            (&p.instance_type).into()
        })
        .on_change(OnChange::Replace(
            "changing the type would stop the instance",
        )),
        Field::new(
            "user_data",
            "What runs at the first start.",
            |p: &Props, _| p.user_data.as_ref().map(|data| data.digest.clone()).into(),
        )
        .on_change(OnChange::Replace("user data runs at the first start only")),
        Field::new("subnet", "The subnet it is in.", |p: &Props, _| {
            (&p.subnet).into()
        })
        .on_change(OnChange::Replace("an instance stays in its subnet")),
        Field::new(
            "profile",
            "Its instance profile. Left out: none.",
            |p: &Props, _| p.profile.as_ref().into(),
        )
        .on_change(OnChange::Replace("an instance starts with its profile")),
        Field::new(
            "security_groups",
            "Its security groups.",
            |p: &Props, book| Value::set(p.security_groups.iter().map(|group| group.value(book))),
        )
        .refers_to("security_group"),
        Field::new(
            "target_groups",
            "The target groups it is registered in.",
            |p: &Props, book| Value::set(p.target_groups.iter().map(|group| group.value(book))),
        )
        .refers_to("target_group"),
        Field::new(
            "metadata_needs_token",
            "Whether only requests with a session token learn its metadata (IMDSv2). Always true.",
            |p: &Props, _| p.metadata_needs_token.into(),
        ),
        Field::new(
            "in_service",
            "Whether its targets are healthy.",
            |p: &Props, _| p.in_service.into(),
        ),
        Field::new(
            "tags",
            "Tags. Others on the instance are left alone.",
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
