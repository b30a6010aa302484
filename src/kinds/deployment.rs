//! The snapshot of an API's configuration that a stage serves. Its description carries a digest of that configuration.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::{Deployment as LiveDeployment, Stage as LiveStage};
use serde::{Deserialize, Serialize};

use super::patch::Patches;
use super::{
    Field, Findings, Found, Kind, KindInfo, Lane, Outputs, Resource, Scope, Standing, Task,
    content, gone_is_success, literal, rest_api, stage,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{OutputName, Text};

/// A deployment, as the stage has it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The stage that serves it.
    pub stage: String,
    /// The stack's name, for the description.
    pub stack: String,
    /// Whether it shows what is configured: always `true` on the wanted side.
    pub current: bool,
}

/// A deployment.
#[derive(Debug)]
pub struct Deployment;

/// How many of our deployments stay, so that a stage can be put back to what it served before.
const KEPT: usize = 5;

impl Kind for Deployment {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        phase: 2,
        goes_with: Some("rest_api"),
        snapshot: true,
        ..KindInfo::new(
            "deployment",
            "deployment",
            "The snapshot of the API that its stage serves: callers see a change of a route, authorizer or gateway response \
             only once it is deployed. See the API Gateway developer guide, \"Deploy REST APIs\".",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::place("api", "rest_api", |p, book| p.api.value(book)),
        Field::new(
            "configuration",
            "Whether callers see what is configured.",
            |p, _| {
                if p.current {
                    "deployed"
                } else {
                    "changed since the last deployment"
                }
                .into()
            },
        ),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        let Some(api) = rest_api::api(scope) else {
            return Ok(findings);
        };
        let (digest, stages, deployments) = tokio::try_join!(
            content::digest(reader, api),
            reader.stages(api),
            reader.deployments(api)
        )?;
        let stack = &scope.desired.ground.stack;
        let wanted = scope
            .desired
            .resources
            .values()
            .find_map(|wanted| match &wanted.resource {
                Resource::Deployment(props) => Some(props.stage.as_str()),
                _ => None,
            });
        let serving = stages.iter().find(|live| match wanted {
            Some(name) => live.stage_name.as_deref() == Some(name),
            None => stage::is_ours(scope, live),
        });
        let deployed = match serving {
            Some(live) => live.deployment_id.clone(),
            // A run that died before it made the stage.
            None => with_digest(&deployments, stack, &digest).and_then(|live| live.id.clone()),
        };
        let Some(id) = deployed else {
            return Ok(findings);
        };
        let description = deployments
            .iter()
            .find(|live| live.id.as_ref() == Some(&id));
        let props = Props {
            api: api.into(),
            stage: wanted
                .or(serving.and_then(|live| live.stage_name.as_deref()))
                .unwrap_or_default()
                .to_owned(),
            stack: stack.clone(),
            current: description
                .is_some_and(|live| digest_in(live, stack) == Some(digest.as_str())),
        };
        let address = rest_api::address().part("deployment");
        findings.owned.push(Found::new(address, props, outputs(id)));
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        deploy(writer, task).await
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        _live: &Standing<'_, Props>,
        _changed: &[&'static str],
    ) -> Result<Outputs, AwsError> {
        deploy(writer, task).await
    }

    async fn delete(writer: &Writer, live: &Standing<'_, Props>) -> Result<(), AwsError> {
        delete(
            writer,
            &literal(&live.props.api),
            live.output(OutputName::Id),
        )
        .await
    }
}

/// Takes a snapshot unless there is one of just this, lets the stage serve it if there is a stage, and clears away old
/// ones. Every part looks first, so that a run that died in between is finished and nothing is made twice.
async fn deploy(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
    let want = task.want;
    let api = task.text(&want.api);
    let fresh = writer.afresh();
    let (digest, stages, deployments) = tokio::try_join!(
        content::digest(&fresh, &api),
        fresh.stages(&api),
        fresh.deployments(&api)
    )?;
    let id = match with_digest(&deployments, &want.stack, &digest).and_then(|live| live.id.clone())
    {
        Some(id) => id,
        None => {
            let description = format!("{}{digest}", prefix(&want.stack));
            let request = writer
                .apigateway()
                .create_deployment()
                .rest_api_id(&api)
                .description(description);
            let answer = writer
                .call(Operation::apigateway("CreateDeployment"), request.send())
                .await?;
            answer.id.unwrap_or_default()
        }
    };
    let serving = stages
        .iter()
        .find(|live| live.stage_name.as_deref() == Some(want.stage.as_str()));
    if serving.is_some_and(|live| live.deployment_id.as_deref() != Some(id.as_str())) {
        let mut patches = Patches::default();
        patches.replace("/deploymentId", &id);
        let request = writer
            .apigateway()
            .update_stage()
            .rest_api_id(&api)
            .stage_name(&want.stage)
            .set_patch_operations(patches.operations());
        writer
            .call(Operation::apigateway("UpdateStage"), request.send())
            .await?;
    }
    for old in outdated(&deployments, &stages, want, &id) {
        match delete(writer, &api, &old).await {
            // A stage that somebody pointed at it meanwhile needs it more than we need the room.
            Err(error) if error.is("BadRequestException") => {}
            other => other?,
        }
    }
    Ok(outputs(id))
}

/// Our deployments beyond the newest ones, without any that a stage serves.
fn outdated(
    deployments: &[LiveDeployment],
    stages: &[LiveStage],
    want: &Props,
    current: &str,
) -> Vec<String> {
    // The wanted stage has just left its deployment.
    let served: BTreeSet<&str> = stages
        .iter()
        .filter(|live| live.stage_name.as_deref() != Some(want.stage.as_str()))
        .filter_map(|live| live.deployment_id.as_deref())
        .chain(
            stages
                .iter()
                .filter_map(|live| live.canary_settings.as_ref()?.deployment_id.as_deref()),
        )
        .chain([current])
        .collect();
    let mut ours: Vec<&LiveDeployment> = deployments
        .iter()
        .filter(|live| {
            digest_in(live, &want.stack).is_some() && live.id.as_deref() != Some(current)
        })
        .collect();
    ours.sort_by_key(|live| std::cmp::Reverse(created(live)));
    ours.iter()
        .skip(KEPT - 1)
        .filter_map(|live| live.id.clone())
        .filter(|id| !served.contains(id.as_str()))
        .collect()
}

/// The newest of our deployments that holds exactly this.
fn with_digest<'a>(
    deployments: &'a [LiveDeployment],
    stack: &str,
    digest: &str,
) -> Option<&'a LiveDeployment> {
    deployments
        .iter()
        .filter(|live| digest_in(live, stack) == Some(digest))
        .max_by_key(|live| created(live))
}

fn created(live: &LiveDeployment) -> i128 {
    live.created_date
        .as_ref()
        .map_or(0, aws_smithy_types::DateTime::as_nanos)
}

fn prefix(stack: &str) -> String {
    format!("gatestack {stack} sha256:")
}

fn digest_in<'a>(live: &'a LiveDeployment, stack: &str) -> Option<&'a str> {
    live.description.as_deref()?.strip_prefix(&prefix(stack))
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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_apigateway::types::CanarySettings;
    use aws_smithy_types::DateTime;

    fn deployment(id: &str, second: i64, description: &str) -> LiveDeployment {
        LiveDeployment::builder()
            .id(id)
            .created_date(DateTime::from_secs(second))
            .description(description)
            .build()
    }

    fn want() -> Props {
        Props {
            api: "api1".into(),
            stage: "prod".into(),
            stack: "claims".into(),
            current: true,
        }
    }

    #[test]
    fn five_of_ours_stay_and_so_does_whatever_a_stage_serves() {
        let mut deployments: Vec<_> = (1..=9)
            .map(|n| deployment(&format!("d{n}"), n, &format!("gatestack claims sha256:{n}")))
            .collect();
        deployments.push(deployment("theirs", 0, "made by hand"));
        deployments.push(deployment("other", 0, "gatestack others sha256:1"));
        let stages = [
            LiveStage::builder()
                .stage_name("prod")
                .deployment_id("d3")
                .build(),
            LiveStage::builder()
                .stage_name("old")
                .deployment_id("d1")
                .canary_settings(CanarySettings::builder().deployment_id("d4").build())
                .build(),
        ];
        // d10 is the one just made; with d9 to d6 these are five.
        assert_eq!(
            outdated(&deployments, &stages, &want(), "d10"),
            ["d5", "d3", "d2"]
        );
    }

    #[test]
    fn an_old_deployment_that_is_served_again_is_not_outdated() {
        let deployments: Vec<_> = (1..=7)
            .map(|n| deployment(&format!("d{n}"), n, &format!("gatestack claims sha256:{n}")))
            .collect();
        assert_eq!(outdated(&deployments, &[], &want(), "d1"), ["d3", "d2"]);
    }

    #[test]
    fn the_newest_deployment_of_just_this_is_taken_again() {
        let deployments = [
            deployment("one", 1, "gatestack claims sha256:aa"),
            deployment("two", 2, "gatestack claims sha256:aa"),
            deployment("three", 3, "gatestack claims sha256:bb"),
            deployment("four", 4, "gatestack others sha256:aa"),
        ];
        let id = |stack, digest| {
            with_digest(&deployments, stack, digest).and_then(|live| live.id.as_deref())
        };
        assert_eq!(id("claims", "aa"), Some("two"));
        assert_eq!(id("claims", "cc"), None);
    }
}
