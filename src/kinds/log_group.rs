//! A CloudWatch log group: of the stage's access logs, or of a function. AWS can't rename one, so after a rename in the file the old one stays
//! until consent names it.

use std::collections::{BTreeMap, BTreeSet};

use aws_facts::arns::{self, Arn};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::api_marks::{self, LOG_GROUP_MARK, Says, unless_denied};
use super::ownership::{Candidate, after_moves, sort_out};
use super::{
    Desired, Field, Findings, Found, InPicture, Kind, KindInfo, LiveReference, OnChange, Outputs,
    Owner, Resource, Scope, Task, distinct, function, gone_is_success, tags,
};
use crate::aws::{AwsError, ListedGroup, Operation, Reader, Writer};
use crate::model::{Address, HumanDuration, OutputName, Value};

/// A log group.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// Its ARN, without `:*`: its name, and where it is.
    pub arn: String,
    /// For how many days it keeps events; `None` for ever.
    pub retention_days: Option<u32>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A log group.
#[derive(Debug)]
pub struct LogGroup;

/// A part of an update.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// How long events are kept.
    Retention,
    /// The tags.
    Tags,
}

/// What the ARN of one holds.
const ARNS: &[&str] = &[":logs:"];

/// The default name of a stack's group. It doesn't contain the stage's name, so a renamed stage keeps its logs.
pub fn default_name(stack: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let stack = stack.replace(|c| !allowed(c), "-");
    format!("/aws/apigateway/{stack}")
}

impl Props {
    /// Its name.
    pub fn name(&self) -> &str {
        name_of(&self.arn)
    }
}

fn name_of(arn: &str) -> &str {
    let resource = Arn::parse(arn).map_or("", |arn| arn.resource);
    resource.strip_prefix("log-group:").unwrap_or_default()
}

fn days(days: u32) -> HumanDuration {
    HumanDuration::from_secs(u64::from(days) * 86_400)
}

impl Kind for LogGroup {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        marked_on: Some("rest_api"),
        // The API's id is needed for the marks.
        phase: 1,
        loss: Some("every line that it holds"),
        kept_unless_named: true,
        dependents: &[function::parts::OTHER_FUNCTIONS],
        billable: Some(
            "CloudWatch Logs charges for every line that it takes in, and for keeping it.",
        ),
        in_picture: InPicture::Api,
        ..KindInfo::new(
            "log_group",
            "log group",
            "A CloudWatch log group that the stage writes its access logs to, or a function its output. One that is no longer in the \
             file is kept until --allow-delete names it. See the API Gateway developer guide, \"Set up CloudWatch logging for REST \
             APIs\".",
        )
    };

    const FIELDS: &'static [Field<Props, Part>] = &[
        Field::new(
            "group",
            "The log group's name, 1 to 256 letters, digits and `_ . / -`.",
            |p: &Props, _| p.name().into(),
        )
        .on_change(OnChange::Refuse(
            "a log group keeps its name: change `group`, or the function's `name`, to make a new one beside it, and delete the old one \
             by its address when its lines are no longer needed",
        )),
        Field::new(
            "retention",
            "How long CloudWatch keeps a line.",
            |p: &Props, _| p.retention_days.map_or(Value::Unset, |it| days(it).into()),
        )
        .by(Part::Retention),
        Field::new(
            "tags",
            "Tags. Others on the log group are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys(),
    ];

    fn follows(want: &Props, _address: &Address, desired: &Desired) -> bool {
        want.arn == arn(&desired.context, want.name())
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let wanted = names(scope.desired);
        let groups = groups(reader, scope, &wanted).await?;
        let place = |candidate: &Candidate<Props>| {
            let owner = scope.desired.context.owner_by_tags(&candidate.tags);
            match owner {
                Owner::Us(address) if address.is_place_of(Self::INFO.name) => {
                    Some(after_moves(scope.desired, &address))
                }
                _ => None,
            }
        };
        let places: Vec<Address> = groups.iter().filter_map(place).collect();
        let alone = |at: &Address| places.iter().filter(|place| *place == at).count() == 1;
        // Every group of ours was once tagged as the file's; only its name distinguishes it from the others.
        let is_older = |group: &Candidate<Props>| {
            let named = wanted.values().any(|name| *name == group.name);
            let place = place(group);
            place.filter(|at| !named && (wanted.contains_key(at) || !alone(at)))
        };
        let (older, others): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .map(|group| (is_older(&group), group))
            .partition(|(older, _)| older.is_some());
        let others = others.into_iter().map(|(_, group)| group).collect();
        let mut findings = sort_out(scope, &Self::INFO, &wanted, others);
        findings
            .owned
            .extend(older.into_iter().filter_map(|(at, group)| {
                let address = at?.beside(&group.name);
                Some(Found::new(address, group.props, group.outputs))
            }));
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let request = writer
            .logs()
            .create_log_group()
            .log_group_name(want.name())
            .set_tags(tags::sent(&want.tags));
        writer
            .call(Operation::logs("CreateLogGroup"), request.send())
            .await?;
        // After a run that dies here, the next plan shows the difference.
        keep(writer, want).await?;
        Ok(outputs(&want.arn))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        for part in distinct(changed) {
            match part {
                Part::Retention => keep(writer, want).await?,
                Part::Tags => {
                    let arn = live.output(OutputName::Arn);
                    tags::logs::write(writer, arn, &want.tags, &live.props.tags).await?;
                }
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let request = writer
            .logs()
            .delete_log_group()
            .log_group_name(live.props.name());
        gone_is_success(
            writer
                .call(Operation::logs("DeleteLogGroup"), request.send())
                .await,
        )
    }

    fn loses(held: &Props, want: &Props) -> Option<String> {
        let kept = want.retention_days?;
        let shorter = held.retention_days.is_none_or(|held| kept < held);
        shorter.then(|| {
            let until_now = held.retention_days.map_or_else(
                || "for ever".to_owned(),
                |held| format!("for {}", days(held)),
            );
            format!(
                "log lines older than {}: CloudWatch kept them {until_now}",
                days(kept)
            )
        })
    }
}

fn wanted(desired: &Desired) -> impl Iterator<Item = (&Address, &Props)> {
    let resources = desired.resources.iter();
    resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::LogGroup(props) => Some((address, props)),
        _ => None,
    })
}

/// The wanted names.
fn names(desired: &Desired) -> BTreeMap<Address, String> {
    let wanted = wanted(desired);
    wanted
        .map(|(address, props)| (address.clone(), props.name().to_owned()))
        .collect()
}

/// Reads the groups that may be the stack's.
///
/// # Errors
/// A read failed.
pub(super) async fn read(reader: &Reader, scope: &Scope<'_>) -> Result<(), AwsError> {
    groups(reader, scope, &names(scope.desired)).await?;
    Ok(())
}

/// Every log group that may be the stack's, or that has a wanted name. CloudWatch lists names without tags, and an account has
/// thousands of groups, so each is read by its name: the file's, those in the API's tags and, as a hint, those of the tagging
/// API.
async fn groups(
    reader: &Reader,
    scope: &Scope<'_>,
    wanted: &BTreeMap<Address, String>,
) -> Result<Vec<Candidate<Props>>, AwsError> {
    let says = api_marks::ask(reader, scope, LOG_GROUP_MARK, ARNS);
    let functions = function::names::read(reader, scope);
    let (says, functions) = tokio::try_join!(Box::pin(says), Box::pin(functions))?;
    let mut names: BTreeSet<String> = wanted.values().cloned().collect();
    names.extend(functions.iter().map(|name| function::log_group(name)));
    if names.is_empty() && says == Says::Nothing {
        return Ok(Vec::new());
    }
    names.extend(api_marks::named(reader, scope, LOG_GROUP_MARK).await?);
    let tagged = reader.tagged(super::STACK_TAG, &scope.desired.context.stack);
    let tagged = tagged.await?;
    names.extend(tagged.iter().map(|arn| name_of(arn).to_owned()));
    if says == Says::NoApi {
        names.insert(default_name(&scope.desired.context.stack));
    }
    let only_perhaps = wanted.is_empty() && says == Says::NoApi;
    let groups = names.iter().filter(|name| !name.is_empty());
    let groups = groups.map(|name| async move {
        let group = match only_perhaps {
            true => unless_denied(reader.log_group(name).await)?.flatten(),
            false => reader.log_group(name).await?,
        };
        Ok::<_, AwsError>(group.map(|group| candidate(name, &group)))
    });
    Ok(try_join_all(groups).await?.into_iter().flatten().collect())
}

fn candidate(name: &str, listed: &ListedGroup) -> Candidate<Props> {
    let ListedGroup { group, tags } = listed;
    let arn = group.log_group_arn.clone().unwrap_or_default();
    let days = group
        .retention_in_days
        .and_then(|days| u32::try_from(days).ok());
    Candidate {
        name: name.to_owned(),
        tags: tags.clone(),
        outputs: outputs(&arn),
        props: Props {
            arn,
            retention_days: days,
            tags: tags.clone(),
        },
        unmanaged: unmanaged(group),
    }
}

fn unmanaged(group: &aws_sdk_cloudwatchlogs::types::LogGroup) -> Vec<String> {
    let key = group.kms_key_id.iter();
    let filters = group.metric_filter_count.filter(|count| *count > 0);
    key.map(|key| format!("the KMS key {key}"))
        .chain(filters.map(|count| format!("{count} metric filters")))
        .collect()
}

/// Sets how long events are kept.
async fn keep(writer: &Writer, want: &Props) -> Result<(), AwsError> {
    let name = want.name();
    match want
        .retention_days
        .and_then(|days| i32::try_from(days).ok())
    {
        Some(days) => {
            let request = writer.logs().put_retention_policy();
            let request = request.log_group_name(name).retention_in_days(days);
            writer
                .call(Operation::logs("PutRetentionPolicy"), request.send())
                .await?;
        }
        None => {
            let request = writer.logs().delete_retention_policy().log_group_name(name);
            writer
                .call(Operation::logs("DeleteRetentionPolicy"), request.send())
                .await?;
        }
    }
    Ok(())
}

fn outputs(arn: &str) -> Outputs {
    // The stage names it by its ARN.
    Outputs::from([
        (OutputName::Id, arn.to_owned()),
        (OutputName::Arn, arn.to_owned()),
    ])
}

/// The ARN of the group of this name in the stack's account and Region.
pub fn arn(desired: &super::StackContext, name: &str) -> String {
    arns::log_group(&desired.region, &desired.account, name)
}
