//! An EC2 instance that gatestack launches behind the load balancer.

mod launch;
mod live;
mod state;
mod targets;

pub(super) use self::live::read;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::HttpTokensState;
use serde::{Deserialize, Serialize};

use super::{
    Action, Field, Findings, InPicture, Kind, KindInfo, LiveReference, Look, Note, OnChange,
    Outputs, Replace, Resource, Scope, Task, Word, distinct, literal, tags,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{HumanDuration, OutputName, Text, Value};

/// The tag with the file's image at launch: a parameter may have another one since.
const IMAGE_TAG: &str = "gatestack:image";

/// The tag with the digest of the user data at launch. User data may contain secrets, so it is never read.
const USER_DATA_TAG: &str = "gatestack:user-data";

/// The prefix of a parameter's path for an image in the file.
const PARAMETER: &str = "ssm:";

/// An EC2 instance.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The subnet's id.
    pub subnet: String,
    /// The image's id, or `ssm:` and the path of the parameter that names it.
    pub image: String,
    /// The instance type.
    pub instance_type: String,
    /// The SHA-256 digest, in hexadecimal digits, of the script for the first start. The script itself may contain secrets and is
    /// never read from AWS; an apply gets it as a payload, and a tag stores the digest.
    pub user_data: Option<String>,
    /// The name of its instance profile.
    pub profile: Option<String>,
    /// The ids of its security groups.
    pub security_groups: BTreeSet<Text>,
    /// The ARNs of the target groups it is registered in.
    pub target_groups: BTreeSet<Text>,
    /// Whether its metadata requires a session token (IMDSv2).
    pub metadata_needs_token: bool,
    /// Whether it runs. Always wanted.
    pub running: bool,
    /// Whether its targets are healthy, read only while it replaces another; else `true`.
    pub in_service: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An EC2 instance.
#[derive(Debug)]
pub struct Instance;

/// The parts of its update, in the order of their calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// Its security groups.
    SecurityGroups,
    /// The metadata options.
    Metadata,
    /// The tags.
    Tags,
    /// It is started.
    Running,
    /// The target groups.
    TargetGroups,
    /// No call: its targets become healthy by themselves, and the next step waits.
    Wait,
}

impl Kind for Instance {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        phase: 1,
        replace: Replace::CreateFirst,
        // Users measure 70 to 300 seconds from the registration of a target until it is healthy.
        settles_in: Some(120),
        rolls: true,
        billable: Some("an EC2 instance is charged for every second it runs."),
        doubles: true,
        in_picture: InPicture::Targets,
        is_private_backend: true,
        ..KindInfo::new(
            "instance",
            "instance",
            "An EC2 instance behind the load balancer, in a private subnet and without a public address. A change that needs a \
             new one rolls: launch, healthy, deregister, drain, terminate, one after another. See the EC2 user guide.",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
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
            "What runs at the first start, by its digest.",
            |p: &Props, _| {
                let digest = p.user_data.as_ref();
                digest.map(|digest| format!("sha256:{digest}")).into()
            },
        )
        .on_change(OnChange::Replace("user data runs at the first start only")),
        Field::new("subnet", "The subnet it is in.", |p: &Props, _| {
            (&p.subnet).into()
        })
        .on_change(OnChange::Replace("an instance stays in its subnet")),
        Field::new("profile", "Its instance profile.", |p: &Props, _| {
            p.profile.as_ref().into()
        })
        .on_change(OnChange::Replace("an instance starts with its profile")),
        Field::new(
            "security_groups",
            "Its security groups.",
            |p: &Props, book| Value::set(p.security_groups.iter().map(|group| group.value(book))),
        )
        .by(Part::SecurityGroups)
        .refers_to("security_group"),
        Field::new(
            "target_groups",
            "The target groups it is registered in.",
            |p: &Props, book| Value::set(p.target_groups.iter().map(|group| group.value(book))),
        )
        .by(Part::TargetGroups)
        .refers_to("target_group"),
        Field::new(
            "metadata_needs_token",
            "Whether only requests with a session token learn its metadata (IMDSv2). Always true.",
            |p: &Props, _| p.metadata_needs_token.into(),
        )
        .by(Part::Metadata)
        .always(true)
        .works_on(),
        Field::new(
            "running",
            "Whether it runs. Always true: a stopped one is started again.",
            |p: &Props, _| p.running.into(),
        )
        .by(Part::Running)
        .always(true),
        Field::new(
            "in_service",
            "Whether its targets are healthy, asked only while it takes another one's place.",
            |p: &Props, _| p.in_service.into(),
        )
        .by(Part::Wait)
        .always(true),
        Field::new(
            "tags",
            "Tags. Others on the instance are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys()
        .works_on(),
    ];

    fn payloads<'p>(want: &'p Props, updated: Option<&[Word]>) -> Vec<(Word, &'p str)> {
        // Another script is another instance.
        if updated.is_some() {
            return Vec::new();
        }
        let digest = want.user_data.as_deref();
        digest
            .map(|digest| ("user_data", digest))
            .into_iter()
            .collect()
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        live::observe(reader, scope, &Self::INFO).await
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let id = launch::launch(writer, task).await?;
        for group in &task.want.target_groups {
            targets::register(writer, &task.text(group), &id).await?;
        }
        Ok(outputs(&id))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let id = live.output(OutputName::Id);
        let want = task.want;
        for part in distinct(changed) {
            match part {
                Part::SecurityGroups => {
                    let groups = want.security_groups.iter().map(|group| task.text(group));
                    let request = writer
                        .ec2()
                        .modify_instance_attribute()
                        .instance_id(id)
                        .set_groups(Some(groups.collect()));
                    writer
                        .call(Operation::ec2("ModifyInstanceAttribute"), request.send())
                        .await?;
                }
                Part::Metadata => {
                    let request = writer
                        .ec2()
                        .modify_instance_metadata_options()
                        .instance_id(id)
                        .http_tokens(HttpTokensState::Required);
                    writer
                        .call(
                            Operation::ec2("ModifyInstanceMetadataOptions"),
                            request.send(),
                        )
                        .await?;
                }
                Part::Tags => {
                    tags::ec2::write(writer, id, &want.tags, &live.props.tags).await?;
                }
                Part::Running => {
                    state::start(writer, id).await?;
                }
                Part::TargetGroups => {
                    // An interrupted run may have left it pending, and Elastic Load Balancing only registers running instances.
                    state::until_running(writer, id).await?;
                    let held: BTreeSet<String> =
                        live.props.target_groups.iter().map(literal).collect();
                    let wanted = want.target_groups.iter().map(|group| task.text(group));
                    // It stays in the others, which this plan deletes: they serve until the listener is changed.
                    for group in wanted.filter(|group| !held.contains(group)) {
                        targets::register(writer, &group, id).await?;
                    }
                }
                Part::Wait => {}
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let id = live.output(OutputName::Id);
        // Checked before it leaves its groups: a protected instance continues to serve.
        if state::is_protected(writer, id).await? {
            return Err(AwsError::gave_up(
                "TerminateInstances",
                format!(
                    "the instance {id} is protected from termination (disableApiTermination). Remove the protection if it \
                     may be deleted, then run the same command again"
                ),
            ));
        }
        let groups: Vec<String> = live.props.target_groups.iter().map(literal).collect();
        for group in &groups {
            targets::deregister(writer, group, id).await?;
        }
        for group in &groups {
            targets::until_drained(writer, group, id).await?;
        }
        state::terminate(writer, id).await
    }

    async fn settle(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let groups: Vec<String> = task
            .want
            .target_groups
            .iter()
            .map(|group| task.text(group))
            .collect();
        targets::until_healthy(writer, task.output(OutputName::Id), &groups).await?;
        Ok(Outputs::new())
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        let notes = [rolls(look), one_less(look)];
        notes.into_iter().flatten().collect()
    }
}

fn outputs(id: &str) -> Outputs {
    Outputs::from([(OutputName::Id, id.to_owned())])
}

/// The note about callers and the duration.
fn rolls(look: &Look<'_, Props>) -> Option<Note> {
    (look.change.action == Action::Replace).then_some(())?;
    let wanted = look.stack.wanted.values();
    let drains = wanted.filter_map(|resource| match resource {
        Resource::TargetGroup(group) => Some(group.drain_seconds),
        _ => None,
    });
    let drain = HumanDuration::from_secs(drains.max()?.into());
    look.info(
        "GS116",
        format!(
            "one after another, without downtime: the new one is launched and healthy before the old one drains ({drain}) \
             and is terminated with its data"
        ),
    )
}

/// A replacement has its own note.
fn one_less(look: &Look<'_, Props>) -> Option<Note> {
    let is_instance = |resource: &Resource| matches!(resource, Resource::Instance(_));
    let others_stay = look.stack.wanted.values().any(is_instance);
    (look.goes_for_good() && others_stay).then_some(())?;
    look.info(
        "GS119",
        "the file has fewer instances: it drains and is terminated with its data, and the others keep serving",
    )
}
