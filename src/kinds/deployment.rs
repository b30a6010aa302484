//! The snapshot of an API's configuration that a stage serves. Its description carries a digest of that configuration.

mod description;
pub mod history;
mod invoked;
mod methods;
mod ours;

use aws_sdk_apigateway::types::{Deployment as LiveDeployment, Stage as LiveStage};
use aws_smithy_types::DateTime;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use description::Description;
use invoked::Invoked;
pub use methods::{Access, Methods, is_preflight, without_preflight};
use ours::{Ours, described, outdated, what_shows};

use super::patch::Patches;
use super::{
    Action, Change, Desired, Field, Findings, Found, InPicture, Kind, KindInfo, Lane,
    LiveReference, Look, Note, Observation, Outputs, Resource, Scope, Task, content,
    gone_is_success, literal, rest_api, stage,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Place, Text, Value, moment};

/// A deployment, as the stage has it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The stage that serves it.
    pub stage: String,
    /// The stack's name, for the description.
    pub stack: String,
    /// What it serves: always [`Shows::Configured`] on the wanted side.
    pub shows: Shows,
    /// The methods that the stage serves, if they may differ from the configured ones.
    #[serde(default)]
    pub serves: Option<Methods>,
    /// The canary of the stage; always `None` on the wanted side.
    #[serde(default)]
    pub canary: Option<Canary>,
    /// What other stages of the API serve; always empty on the wanted side.
    #[serde(default)]
    pub beside: Vec<Beside>,
}

impl Props {
    /// The deployment to which the stage is pinned, and its date, if this change switches to a newer one.
    pub fn held_at(&self, change: &Change) -> Option<(&str, Timestamp)> {
        match &self.shows {
            Shows::HeldBack { deployment, made } if change.action == Action::Update => {
                Some((deployment, *made))
            }
            _ => None,
        }
    }
}

/// A canary release on the stage. gatestack creates none and leaves it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Canary {
    /// The deployment it serves.
    pub deployment: String,
    /// Its percentage of traffic.
    pub percent: f64,
    /// The methods it serves.
    #[serde(default)]
    pub serves: Methods,
}

impl Canary {
    /// AWS's command that removes it.
    pub fn removal(region: &str, api: &str, stage: &str) -> String {
        format!(
            "aws apigateway update-stage --region {region} --rest-api-id {api} --stage-name {stage} --patch-operations \
             op=remove,path=/canarySettings"
        )
    }
}

/// A stage of the API that is not the file's. gatestack leaves it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Beside {
    /// Its name.
    pub stage: String,
    /// The deployment it serves.
    pub deployment: String,
    /// The methods of that.
    pub serves: Methods,
}

/// What a stage serves, compared with what is configured.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// Just that.
    Configured,
    /// The newest deployment, but the configuration has changed since.
    Behind,
    /// An earlier deployment of the stack although there is a later one: the stage was rolled back.
    HeldBack {
        /// The deployment it is pinned to.
        deployment: String,
        /// When that was made.
        made: Timestamp,
    },
    /// A deployment that gatestack did not create. AWS returns its methods but not their integrations, so it may differ from the
    /// file.
    Unknown {
        /// The deployment.
        deployment: String,
        /// When it was created; `None` if it is not among the API's deployments.
        made: Option<Timestamp>,
    },
}

/// A deployment.
#[derive(Debug)]
pub struct Deployment;

/// What the stack's stage serves, if it was read; `None` if there is no stage yet.
pub fn shows(observation: &Observation) -> Option<&Shows> {
    live(observation).map(|props| &props.shows)
}

/// The deployment of the stack's stage, if it was read.
pub fn live(observation: &Observation) -> Option<&Props> {
    let mut live = observation.live.values();
    live.find_map(|live| match &live.resource {
        Resource::Deployment(props) => Some(props),
        _ => None,
    })
}

impl Kind for Deployment {
    type Props = Props;
    type Part = ();

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        phase: 2,
        goes_with: Some("rest_api"),
        snapshot: true,
        in_picture: InPicture::Api,
        when_different: "calls get what was deployed last, not what is configured",
        ..KindInfo::new(
            "deployment",
            "deployment",
            "The snapshot of the API that its stage serves: callers see a change of a route, authorizer or gateway response \
             only once it is deployed. See the API Gateway developer guide, \"Deploy REST APIs\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::place("api", "rest_api", |p: &Props, book| p.api.value(book)),
        Field::new(
            "configuration",
            "Whether callers see what is configured.",
            |p: &Props, _| match &p.shows {
                Shows::Configured => "deployed".into(),
                Shows::Behind => "changed since the last deployment".into(),
                Shows::HeldBack { deployment, .. } => {
                    Value::Text(format!("pinned to the earlier deployment {deployment}"))
                }
                Shows::Unknown { deployment, .. } => Value::Text(format!(
                    "unknown: deployment {deployment} was not made by gatestack"
                )),
            },
        )
        .by(()),
    ];

    fn follows(want: &Props, _address: &Address, desired: &Desired) -> bool {
        let resources = desired.resources.values();
        let stages = resources.filter_map(|wanted| match &wanted.resource {
            Resource::Stage(stage) => Some(stage.name.as_str()),
            _ => None,
        });
        want.stack == desired.context.stack && stages.eq([want.stage.as_str()])
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        let Some(api) = rest_api::api(scope) else {
            return Ok(findings);
        };
        let (digest, stages) = tokio::try_join!(content::digest(reader, api), reader.stages(api))?;
        let deployments = reader.deployments(api).await?;
        let stack = &scope.desired.context.stack;
        let wanted = wanted_stage(scope);
        let serving = serving(scope, &stages, &deployments);
        let deployed = match serving {
            Some(live) => live.deployment_id.clone(),
            // A run that died before it created the stage.
            None => Ours::of(&deployments, stack, None)
                .newest()
                .filter(|(_, ours)| ours.digest == digest)
                .and_then(|(live, _)| live.id.clone()),
        };
        let Some(id) = deployed else {
            return Ok(findings);
        };
        let to_come = wanted
            .filter(|name| serving.is_some_and(|live| live.stage_name.as_deref() != Some(name)));
        let shows = what_shows(&deployments, stack, &id, &digest, to_come);
        let serves = match (&shows, serving) {
            (Shows::Configured, _) | (_, None) => None,
            _ => Some(methods::methods(reader, api, &id).await?),
        };
        let props = Props {
            api: api.into(),
            stage: wanted
                .or(serving.and_then(|live| live.stage_name.as_deref()))
                .unwrap_or_default()
                .to_owned(),
            stack: stack.clone(),
            shows,
            serves,
            canary: canary(reader, api, serving).await?,
            beside: beside(reader, api, serving, &stages).await?,
        };
        let address = Place::Deployment.address();
        findings.owned.push(Found::new(address, props, outputs(id)));
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        deploy(writer, task).await
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        _live: &LiveReference<'_, Props>,
        _changed: &[()],
    ) -> Result<Outputs, AwsError> {
        deploy(writer, task).await
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        delete(
            writer,
            &literal(&live.props.api),
            live.output(OutputName::Id),
        )
        .await
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        held_back(look).into_iter().collect()
    }
}

/// The name of the stage that the file wants.
fn wanted_stage<'a>(scope: &Scope<'a>) -> Option<&'a str> {
    let mut wanted = scope.desired.resources.values();
    wanted.find_map(|wanted| match &wanted.resource {
        Resource::Deployment(props) => Some(props.stage.as_str()),
        _ => None,
    })
}

/// The stack's stage: the wanted one, or if it does not exist, our newest one, which the new one replaces.
fn serving<'a>(
    scope: &Scope<'_>,
    stages: &'a [LiveStage],
    deployments: &[LiveDeployment],
) -> Option<&'a LiveStage> {
    let wanted = wanted_stage(scope);
    let named = |live: &&LiveStage| wanted.is_some() && live.stage_name.as_deref() == wanted;
    // AWS's dates have seconds. The later deployment decides between two stages of one second.
    let age = |live: &&LiveStage| {
        let id = live.deployment_id.as_deref();
        let deployed = deployments.iter().find(|one| one.id.as_deref() == id);
        let seconds = |date: Option<&DateTime>| date.map(DateTime::secs);
        let deployed = deployed.and_then(|one| one.created_date.as_ref());
        (seconds(live.created_date.as_ref()), seconds(deployed))
    };
    let ours = stages.iter().filter(|live| stage::is_ours(scope, live));
    stages.iter().find(named).or_else(|| ours.max_by_key(age))
}

/// The canary of a stage, if it gets traffic.
async fn canary(
    reader: &Reader,
    api: &str,
    serving: Option<&LiveStage>,
) -> Result<Option<Canary>, AwsError> {
    let settings = serving.and_then(|live| Some((live, live.canary_settings.as_ref()?)));
    let Some((live, settings)) = settings else {
        return Ok(None);
    };
    let Some(deployment) = settings.deployment_id.clone() else {
        return Ok(None);
    };
    let percent = settings.percent_traffic;
    if live.deployment_id.as_ref() == Some(&deployment) || percent <= 0.0 {
        return Ok(None);
    }
    let serves = methods::methods(reader, api, &deployment).await?;
    Ok(Some(Canary {
        deployment,
        percent,
        serves,
    }))
}

/// What the other stages of an API serve. Nothing is read if there are none.
async fn beside(
    reader: &Reader,
    api: &str,
    serving: Option<&LiveStage>,
    stages: &[LiveStage],
) -> Result<Vec<Beside>, AwsError> {
    let name = serving.and_then(|live| live.stage_name.as_deref());
    let others = stages
        .iter()
        .filter(|live| live.stage_name.as_deref() != name);
    let read = others.filter_map(|live| {
        let (stage, deployment) = (live.stage_name.clone()?, live.deployment_id.clone()?);
        Some(async move {
            let serves = methods::methods(reader, api, &deployment).await?;
            Ok(Beside {
                stage,
                deployment,
                serves,
            })
        })
    });
    try_join_all(read).await
}

/// Creates a deployment unless the newest one is the same, switches the stage to it if there is a stage, and deletes old ones.
/// Every part checks first, so that an interrupted run is finished and nothing is created twice.
///
/// An older identical deployment keeps its place in the history, which distinguishes a rolled back stage from an outdated one.
async fn deploy(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
    let want = task.want;
    let api = task.text(&want.api);
    let fresh = writer.afresh();
    let (digest, links, invoked, stages) = tokio::try_join!(
        content::digest(&fresh, &api),
        content::links(&fresh, &api),
        content::invoked(&fresh, &api),
        fresh.stages(&api)
    )?;
    let deployments = fresh.deployments(&api).await?;
    let serving = stages
        .iter()
        .find(|live| live.stage_name.as_deref() == Some(want.stage.as_str()));
    let served = serving.and_then(|live| live.deployment_id.as_deref());
    let ours = Ours::of(&deployments, &want.stack, served);
    let described = described(&deployments, &want.stack);
    let numbers = || described.iter().map(|(_, described)| described.number);
    let number = numbers().max().unwrap_or_default() + 1;
    // If several have one number, what the first of them serves is not certain.
    let alone = |of: &Description| numbers().filter(|number| *number == of.number).count() == 1;
    let there = ours
        .newest()
        .filter(|(_, ours)| ours.digest == digest && (ours.number == 0 || alone(ours)));
    let id = match there.and_then(|(live, _)| live.id.clone()) {
        Some(id) => {
            if serving.is_some_and(|live| live.deployment_id.as_deref() != Some(id.as_str())) {
                serve(writer, &api, &want.stage, &id).await?;
            }
            id
        }
        None => {
            let description = Description {
                digest,
                number,
                links: Some(links),
                invoked: Invoked::new(&invoked),
                first_of: (serving.is_none() && !stages.is_empty()).then(|| want.stage.clone()),
            };
            // Created and served in one call: otherwise an interrupted run would look like a rollback. Only beside a canary AWS
            // does not document which of the two releases the call affects.
            let at_once = serving.filter(|live| live.canary_settings.is_none());
            let request = writer
                .apigateway()
                .create_deployment()
                .rest_api_id(&api)
                .set_stage_name(at_once.and_then(|live| live.stage_name.clone()))
                .description(description.text(&want.stack));
            let answer = writer
                .call(Operation::apigateway("CreateDeployment"), request.send())
                .await?;
            let id = answer.id.unwrap_or_default();
            if serving.is_some() && at_once.is_none() {
                serve(writer, &api, &want.stage, &id).await?;
            }
            id
        }
    };
    for old in outdated(&ours, &stages, &id) {
        match delete(writer, &api, &old).await {
            // It is kept if a stage was switched to it meanwhile.
            Err(error) if error.is("BadRequestException") => {}
            other => other?,
        }
    }
    Ok(outputs(id))
}

/// Switches a stage to a deployment, in one call.
async fn serve(writer: &Writer, api: &str, name: &str, id: &str) -> Result<(), AwsError> {
    let mut patches = Patches::default();
    patches.replace("/deploymentId", id);
    stage::send(writer, api, name, patches).await
}

async fn delete(writer: &Writer, api: &str, id: &str) -> Result<(), AwsError> {
    let request = writer
        .apigateway()
        .delete_deployment()
        .rest_api_id(api)
        .deployment_id(id);
    gone_is_success(
        writer
            .call(Operation::apigateway("DeleteDeployment"), request.send())
            .await,
    )
}

fn outputs(id: String) -> Outputs {
    Outputs::from([(OutputName::Id, id)])
}

/// The stage was rolled back, most likely for a reason.
fn held_back(look: &Look<'_, Props>) -> Option<Note> {
    let (deployment, made) = look.held?.held_at(look.change)?;
    look.warning(
        "GS117",
        format!(
            "the stage is pinned to deployment {deployment} of {}; applying switches it to what is configured, only with \
             --forward",
            moment(made)
        ),
    )
}
