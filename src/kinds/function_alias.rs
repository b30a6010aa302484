//! The alias of a function: the published version that routes invoke. Its description says which version gatestack chose last, and what
//! was published there, so that a switch to an earlier version is told from a function that has changed since.

mod description;
pub mod history;
mod live;

use std::collections::BTreeMap;

use aws_sdk_lambda::types::{AliasRoutingConfiguration, State};
use serde::{Deserialize, Serialize};

use super::{
    Action, Change, Desired, Field, Findings, InPicture, Kind, KindInfo, LiveReference, Look, Note,
    OnChange, Outputs, Replace, Scope, Task, distinct, gone_is_success,
};
use crate::aws::patience::FUNCTION_READY;
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Place, Text, Value};

pub(super) use description::is_ours;
use description::{Chosen, of_version};
pub(super) use live::{Aliases, aliases, others_of};

/// An alias.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The function's ARN.
    pub function: Text,
    /// Its name.
    pub name: String,
    /// The version that it points to.
    pub version: Version,
    /// The percentages of the calls that other versions get, as `50 %`, by their numbers; always empty on the wanted side.
    #[serde(default)]
    pub weights: BTreeMap<String, String>,
}

/// What an alias points to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// The version with this code and these settings, by their digest; `None` before the code is read.
    Of(Option<String>),
    /// An earlier one than gatestack chose last: it was switched back.
    HeldBack(String),
    /// An earlier one that has what the file says: it is chosen again, and stays.
    Again(String),
    /// One that gatestack did not choose.
    Other(String),
}

impl Props {
    /// The version to which the alias is pinned, if this change switches it to a newer one.
    pub fn held_at(&self, change: &Change) -> Option<&str> {
        match &self.version {
            Version::HeldBack(version) if change.action == Action::Update => Some(version),
            _ => None,
        }
    }

    /// The digest of the code and settings that it is to point to.
    fn content(&self) -> String {
        match &self.version {
            Version::Of(Some(content)) => content.clone(),
            _ => String::new(),
        }
    }
}

/// An alias.
#[derive(Debug)]
pub struct FunctionAlias;

/// The part of an update.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// The version is published, and the alias switched to it, in one call.
    Version,
}

impl Kind for FunctionAlias {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        phase: 3,
        goes_with: Some("function"),
        replace: Replace::CreateFirst,
        serves_callers: true,
        in_picture: InPicture::WithUser,
        dependents: live::DEPENDENTS,
        when_different: "calls get another version than the file says",
        ..KindInfo::new(
            "function_alias",
            "alias",
            "The alias of a function that routes invoke. A change of the function is published as a version, and the alias switched \
             to it in one call. Versions stay. See the Lambda developer guide, \"Lambda function aliases\".",
        )
    };

    const FIELDS: &'static [Field<Props, Part>] = &[
        Field::new("function", "The function.", |p: &Props, book| {
            p.function.value(book)
        })
        .on_change(OnChange::Replace("an alias stays with its function"))
        .refers_to("function")
        // A function that is not ready can't be published.
        .when_ready(),
        Field::new("alias", "The alias's name.", |p: &Props, _| {
            (&p.name).into()
        })
        .on_change(OnChange::Replace("Lambda can't rename an alias")),
        Field::new(
            "version",
            "The version, by the digest of its code and settings.",
            |p: &Props, _| match &p.version {
                Version::Of(content) => content
                    .as_ref()
                    .map(|content| format!("of code and settings {content}"))
                    .into(),
                Version::HeldBack(version) => {
                    Value::Text(format!("pinned to the earlier version {version}"))
                }
                Version::Again(version) => Value::Text(format!(
                    "pinned to the earlier version {version}, which has what the file says"
                )),
                Version::Other(version) => {
                    Value::Text(format!("{version}, which gatestack did not choose"))
                }
            },
        )
        .by(Part::Version)
        .when_wanted(),
        Field::new(
            "weights",
            "The parts of the calls that other versions get: none.",
            |p: &Props, _| in_words(&p.weights),
        )
        .by(Part::Version)
        .unset("all calls get one version"),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        let Some(Place::FunctionAlias(key)) = address.place() else {
            return false;
        };
        want.function == Text::output(&Place::Function(key).address(), OutputName::Arn)
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        live::find(reader, scope).await
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let function = task.text(&task.want.function);
        let chosen = publish(writer, task.want, &function).await?;
        let request = writer
            .lambda()
            .create_alias()
            .function_name(&function)
            .name(&task.want.name)
            .function_version(&chosen.version)
            .description(chosen.text());
        let answer = writer
            .call(Operation::lambda("CreateAlias"), request.send())
            .await?;
        Ok(outputs(answer.alias_arn.unwrap_or_default()))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Part],
    ) -> Result<Outputs, AwsError> {
        let function = super::literal(&live.props.function);
        for Part::Version in distinct(changed) {
            let chosen = match &live.props.version {
                // Nothing is published, and callers get what they got.
                Version::Again(version) => Chosen {
                    version: version.clone(),
                    content: task.want.content(),
                },
                _ => publish(writer, task.want, &function).await?,
            };
            let request = writer
                .lambda()
                .update_alias()
                .function_name(&function)
                .name(&live.props.name)
                .function_version(&chosen.version)
                .description(chosen.text())
                .routing_config(no_weights());
            writer
                .call(Operation::lambda("UpdateAlias"), request.send())
                .await?;
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let request = writer
            .lambda()
            .delete_alias()
            .function_name(super::literal(&live.props.function))
            .name(&live.props.name);
        gone_is_success(
            writer
                .call(Operation::lambda("DeleteAlias"), request.send())
                .await,
        )
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        held_back(look).into_iter().collect()
    }
}

/// Publishes the function as it is. Where nothing has changed since its last version, Lambda makes none and tells that one.
async fn publish(writer: &Writer, want: &Props, function: &str) -> Result<Chosen, AwsError> {
    let content = want.content();
    let answer = writer
        .patiently(async || {
            let request = writer
                .lambda()
                .publish_version()
                .function_name(function)
                .description(of_version(&content));
            writer
                .call(Operation::lambda("PublishVersion"), request.send())
                .await
        })
        .await?;
    let version = answer.version.unwrap_or_default();
    if answer.state != Some(State::Active) {
        ready(writer, function, &version).await?;
    }
    Ok(Chosen { version, content })
}

/// The parts of the calls that other versions get, in words.
fn in_words(weights: &BTreeMap<String, String>) -> Value {
    let weights = weights.iter();
    let weights =
        weights.map(|(version, share)| format!("{share} of the calls get version {version}"));
    let weights: Vec<String> = weights.collect();
    (!weights.is_empty()).then(|| weights.join(", ")).into()
}

/// No shares of other versions: they end with the call that switches the alias.
fn no_weights() -> AliasRoutingConfiguration {
    AliasRoutingConfiguration::builder()
        .set_additional_version_weights(Some([].into()))
        .build()
}

/// Waits until a version can be called.
async fn ready(writer: &Writer, function: &str, version: &str) -> Result<(), AwsError> {
    let what = format!("version {version} is not ready");
    FUNCTION_READY
        .until(writer, "PublishVersion", &what, async || {
            let request = writer
                .lambda()
                .get_function_configuration()
                .function_name(function)
                .qualifier(version);
            let operation = Operation::lambda("GetFunctionConfiguration");
            let answer = writer.call(operation, request.send()).await?;
            match answer.state {
                Some(State::Active | State::Inactive) | None => Ok(Some(())),
                Some(State::Failed) => {
                    let why = answer.state_reason.unwrap_or_default();
                    let told = format!("Lambda could not publish version {version}: {why}");
                    Err(AwsError::gave_up("PublishVersion", told))
                }
                Some(_) => Ok(None),
            }
        })
        .await
}

fn outputs(arn: String) -> Outputs {
    Outputs::from([(OutputName::Id, arn.clone()), (OutputName::Arn, arn)])
}

/// The alias was switched back, most likely for a reason.
fn held_back(look: &Look<'_, Props>) -> Option<Note> {
    let version = look.held?.held_at(look.change)?;
    look.warning(
        "GS161",
        format!(
            "the alias is pinned to version {version}; applying switches it to what the file has, only with --forward"
        ),
    )
}
