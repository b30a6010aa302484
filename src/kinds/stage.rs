//! A stage of an API. Never replaced; one with an old name is deleted only if consent names it.

mod live;
mod methods;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::Stage as LiveStage;
use serde::{Deserialize, Serialize};

use super::observation::Other;
use super::ownership::take_over;
use super::patch::{Part, Patches, patches, segment};
use super::uses::Leaving;
use super::{
    Action, Dependent, Field, Findings, InPicture, Kind, KindInfo, Lane, LiveReference, Look, Note,
    Obstacle, OnChange, Outputs, Owner, Resource, Scope, Task, gone_is_success, literal, rest_api,
    tags,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Place, Text, Value};

/// A stage.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The stage's name.
    pub name: String,
    /// The id of the deployment it starts with. Later deployments switch it, so it is never compared.
    pub deployment: Text,
    /// Stage variables.
    pub variables: BTreeMap<String, Text>,
    /// The throttle of each method that has none of its own.
    pub throttle: Option<Throttle>,
    /// The throttles of methods with settings of their own, by [`method`]; `None` for the account's limit.
    #[serde(default)]
    pub method_throttles: BTreeMap<String, Option<Throttle>>,
    /// Those methods that also have other settings than the rest; always empty on the wanted side.
    #[serde(default)]
    pub other_settings: BTreeSet<String>,
    /// Access logs.
    pub access_logs: Option<AccessLogs>,
    /// Whether X-Ray records its calls.
    #[serde(default)]
    pub tracing: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A throttle.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Throttle {
    /// Requests a second, sustained.
    pub rate: f64,
    /// The burst.
    pub burst: i32,
}

/// Where access logs go.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AccessLogs {
    /// The log group's ARN.
    pub group: Text,
    /// The line's format.
    pub format: Text,
}

/// A stage.
#[derive(Debug)]
pub struct Stage;

pub use methods::key as method;

/// The settings of every method that has none of its own.
const EVERY_METHOD: &str = "*/*";

impl Throttle {
    /// A throttle for the diff.
    pub(super) fn value(throttle: Option<&Self>) -> Value {
        throttle.map_or(Value::Unset, |throttle| {
            Value::map([
                ("rate", Value::from(throttle.rate)),
                ("burst", throttle.burst.into()),
            ])
        })
    }
}

impl Kind for Stage {
    type Props = Props;
    type Part = Part<Props>;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        phase: 1,
        goes_with: Some("rest_api"),
        loss: Some("its URL stops working: every call to it is refused"),
        kept_unless_named: true,
        in_picture: InPicture::Api,
        dependents: DEPENDENTS,
        when_different: "callers have other limits than the file says",
        ..KindInfo::new(
            "stage",
            "stage",
            "A stage of the REST API: what callers reach, and the first part of every path. See the API Gateway developer \
             guide, \"Set up a stage for a REST API\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::place("api", "rest_api", |p: &Props, book| p.api.value(book)),
        Field::place("deployment", "deployment", |p: &Props, book| p.deployment.value(book)),
        Field::new("name", "The stage's name, 1 to 128 letters, digits, `-` and `_`.", |p: &Props, _| (&p.name).into())
            .on_change(OnChange::Refuse(
                "a stage keeps its name: change `[api] stage` to make a new one beside it, and delete the old one by its \
                 address once it gets no calls",
            )),
        Field::new("variables", "Stage variables, which integrations use as `${stageVariables.NAME}`.", |p: &Props, book| {
            Value::map(p.variables.iter().map(|(name, text)| (name, text.value(book))))
        })
        .by(Part::Patch(patch_variables)),
        Field::new(
            "throttle",
            "The most that all callers together may call each method: `rate` requests a second, sustained, and `burst` at once.",
            |p: &Props, _| Throttle::value(p.throttle.as_ref()),
        )
        .by(Part::Patch(methods::patch_all)),
        Field::new(
            "routes",
            "Throttles of single methods, instead of the stage's. `ANY` is each HTTP method that the path has no route for: API \
             Gateway has settings for each.",
            methods::value,
        )
        .by(Part::Patch(methods::patch)),
        Field::new(
            "access_logs",
            "Access logs: the ARN of the CloudWatch log `group`, and the `format` of a line.",
            |p: &Props, book| {
                p.access_logs.as_ref().map_or(Value::Unset, |logs| {
                    Value::map([("group", logs.group.value(book)), ("format", logs.format.value(book))])
                })
            },
        )
        .by(Part::Patch(|patches, task, _: &Props| patch_access_logs(patches, task)))
        .refers_to("log_group"),
        Field::new("tracing", "Whether AWS X-Ray records calls of the stage, and charges for it.", |p: &Props, _| p.tracing.into())
        .by(Part::Patch(|patches, task, _: &Props| patches.replace("/tracingEnabled", task.want.tracing)))
        .always(false),
        Field::new("tags", "Tags. Others on the stage are left alone.", |p: &Props, _| tags::value(&p.tags))
        .by(Part::Tags).wanted_keys(),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        if let Some(api) = rest_api::api(scope) {
            let stages = reader.stages(api).await?;
            sort_out(reader, scope, api, &stages, &mut findings);
        }
        for (address, api) in scope.duplicates(&Place::Api.address()) {
            let stages = reader.stages(api).await?;
            let others = stages.iter().filter(|stage| !is_ours(scope, stage));
            let others: Vec<Other> = others.map(other).collect();
            findings.dependents.extend(not_ours(address, &others));
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let api = task.text(&want.api);
        let variables = want
            .variables
            .iter()
            .map(|(name, text)| (name.clone(), task.text(text)))
            .collect();
        let request = writer
            .apigateway()
            .create_stage()
            .rest_api_id(&api)
            .stage_name(&want.name)
            .deployment_id(task.text(&want.deployment))
            .set_variables(Some(variables))
            .tracing_enabled(want.tracing)
            .set_tags(tags::sent(&want.tags));
        writer
            .call(Operation::apigateway("CreateStage"), request.send())
            .await?;
        // CreateStage accepts none of these; after a run that dies here, the next plan shows the difference.
        let mut patches = Patches::default();
        methods::patch_new(&mut patches, want);
        if want.access_logs.is_some() {
            patch_access_logs(&mut patches, task);
        }
        send(writer, &api, &want.name, patches).await?;
        Ok(outputs(writer, &api, &want.name))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let (want, held) = (task.want, live.props);
        let (patches, tags_differ) = patches(task, held, changed);
        send(writer, &task.text(&want.api), &want.name, patches).await?;
        if tags_differ {
            tags::write(writer, live.output(OutputName::Arn), &want.tags, &held.tags).await?;
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let request = writer
            .apigateway()
            .delete_stage()
            .rest_api_id(literal(&live.props.api))
            .stage_name(&live.props.name);
        gone_is_success(
            writer
                .call(Operation::apigateway("DeleteStage"), request.send())
                .await,
        )
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        let notes = [renamed(look), logs_no_more(look), traced(look)];
        notes.into_iter().flatten().collect()
    }
}

/// The stage the file wants.
pub(super) fn wanted<'a>(scope: &Scope<'a>) -> Option<(&'a Address, &'a Props)> {
    scope
        .desired
        .resources
        .iter()
        .find_map(|(address, wanted)| match &wanted.resource {
            Resource::Stage(props) => Some((address, props)),
            _ => None,
        })
}

/// Whether a stage carries this stack's tags.
pub(super) fn is_ours(scope: &Scope<'_>, stage: &LiveStage) -> bool {
    let tags = tags::live(stage.tags.as_ref());
    scope.desired.context.owns(&tags)
}

fn sort_out(
    reader: &Reader,
    scope: &Scope<'_>,
    api: &str,
    stages: &[LiveStage],
    findings: &mut Findings<Props>,
) {
    let wanted = wanted(scope);
    let ours = stages.iter().filter(|stage| is_ours(scope, stage)).count();
    let mut others = Vec::new();
    for stage in stages {
        let name = stage.stage_name.as_deref().unwrap_or_default();
        let mine = is_ours(scope, stage);
        let named = wanted.filter(|(_, props)| props.name == name);
        let place = match named {
            Some((address, _)) if mine || scope.desired.adopt.name(address) => address.clone(),
            Some((address, _)) => {
                findings.obstacles.push(in_the_way(scope, address, stage));
                others.push(other(stage));
                continue;
            }
            None if !mine => {
                findings.neighbours += 1;
                others.push(other(stage));
                continue;
            }
            // Every stage of ours was once tagged as the stage; only its name distinguishes it from the others.
            None if wanted.is_none() && ours == 1 => Place::Stage.address(),
            None => Place::Stage.address().beside(name),
        };
        findings.owned.push(live::found(reader, place, api, stage));
    }
    findings
        .dependents
        .extend(not_ours(&Place::Api.address(), &others));
}

/// A stage that is not the stack's. One that was created again with its name, or serves another deployment, counts as another
/// one.
fn other(stage: &LiveStage) -> Other {
    let name = stage.stage_name.as_deref().unwrap_or_default();
    let made = stage
        .created_date
        .as_ref()
        .map(aws_smithy_types::DateTime::secs);
    let serves = stage.deployment_id.as_deref().unwrap_or_default();
    Other::new(
        name,
        format!("{name} {} {serves}", made.unwrap_or_default()),
    )
}

/// The stages that are deleted with an API and that gatestack did not create.
fn not_ours(api: &Address, others: &[Other]) -> Option<Dependent> {
    Dependent::of(
        api,
        rest_api::OTHER_STAGES,
        (Stage::INFO.name, Stage::INFO.title),
        others,
        "calls to their URLs are refused",
    )
}

/// The word for consent to remove a stage from usage plans that are not the stack's.
pub(super) const OTHER_PLANS: &str = "other_plans";
/// The usage plans of a stage that are not the stack's.
pub const DEPENDENTS: &[&str] = &[OTHER_PLANS];

/// The usage plans that are not the stack's and have an API's stages, or this one of them: AWS removes deleted ones from them.
pub(super) async fn on_others_plans(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    api: &str,
    stage: Option<&str>,
) -> Result<Option<Dependent>, AwsError> {
    let ours = leaving.ids_of("usage_plan");
    let plans = reader.usage_plans().await?;
    let others = plans.iter().filter(|plan| {
        let id = plan.id.as_deref().unwrap_or_default();
        let mut stages = plan.api_stages.iter().flatten();
        !ours.contains(id)
            && stages.any(|one| {
                one.api_id.as_deref() == Some(api)
                    && stage.is_none_or(|stage| one.stage.as_deref() == Some(stage))
            })
    });
    let names: Vec<Other> = others
        .filter_map(|plan| Some(Other::new(plan.name.clone()?, plan.id.clone()?)))
        .collect();
    Ok(Dependent::of(
        address,
        OTHER_PLANS,
        ("usage_plan", "usage plan"),
        &names,
        "it no longer covers this stage, and calls with its keys are refused here",
    ))
}

fn in_the_way(scope: &Scope<'_>, address: &Address, stage: &LiveStage) -> Obstacle {
    let name = stage.stage_name.as_deref().unwrap_or_default();
    let tags = tags::live(stage.tags.as_ref());
    let (what, help) = match scope.desired.context.owner_by_tags(&tags) {
        Owner::Stack(stack) => (
            format!("the stage {name:?} of this API belongs to the stack {stack:?}"),
            "give it another name in one of the two stack files".to_owned(),
        ),
        Owner::Us(_) | Owner::Nobody => (
            format!("the API has a stage {name:?} that gatestack did not make"),
            format!(
                "give this one another name, or take it over with {}",
                take_over(address)
            ),
        ),
    };
    Obstacle {
        address: address.clone(),
        what,
        help,
    }
}

fn patch_variables(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let path = |name: &str| format!("/variables/{}", segment(name));
    for (name, text) in &task.want.variables {
        let value = task.text(text);
        if held.variables.get(name).map(literal).as_deref() != Some(value.as_str()) {
            patches.replace(path(name), value);
        }
    }
    for name in held
        .variables
        .keys()
        .filter(|name| !task.want.variables.contains_key(*name))
    {
        patches.remove(path(name));
    }
}

fn patch_access_logs(patches: &mut Patches, task: &Task<'_, Props>) {
    match &task.want.access_logs {
        Some(logs) => {
            patches.replace("/accessLogSettings/destinationArn", task.text(&logs.group));
            patches.replace("/accessLogSettings/format", task.text(&logs.format));
        }
        None => patches.remove("/accessLogSettings"),
    }
}

/// Sends a stage's patches.
pub(super) async fn send(
    writer: &Writer,
    api: &str,
    stage: &str,
    patches: Patches,
) -> Result<(), AwsError> {
    for patches in patches.in_calls() {
        let request = writer
            .apigateway()
            .update_stage()
            .rest_api_id(api)
            .stage_name(stage)
            .set_patch_operations(Some(patches));
        writer
            .call(Operation::apigateway("UpdateStage"), request.send())
            .await?;
    }
    Ok(())
}

/// The id of a stage among its outputs, as usage plans name it.
pub(super) fn id(api: &str, name: &str) -> String {
    format!("{api}:{name}")
}

fn outputs(reader: &Reader, api: &str, name: &str) -> Outputs {
    Outputs::from([
        // Its form in usage plans.
        (OutputName::Id, id(api, name)),
        (
            OutputName::Arn,
            reader.apigateway_arn(&format!("restapis/{api}/stages/{name}")),
        ),
    ])
}

/// Access logs that end, which may have been set up by hand.
fn logs_no_more(look: &Look<'_, Props>) -> Option<Note> {
    let before = look.held?.access_logs.as_ref()?;
    look.want?.access_logs.is_none().then_some(())?;
    let group = literal(&before.group);
    look.warning("GS144", format!("calls are no longer logged to {group}"))
}

/// Tracing that begins. X-Ray charges for each recorded trace beyond the first 100,000 of a month
/// (<https://aws.amazon.com/xray/pricing/>).
fn traced(look: &Look<'_, Props>) -> Option<Note> {
    let before = look.held.is_some_and(|held| held.tracing);
    (look.want?.tracing && !before).then_some(())?;
    look.info(
        "GS150",
        "AWS X-Ray records calls from now on and charges for each trace beyond its free tier",
    )
}

fn renamed(look: &Look<'_, Props>) -> Option<Note> {
    let want = look.want?;
    (look.change.action == Action::Create).then_some(())?;
    let mut live = look.stack.observation.live.iter();
    let (old, name) = live.find_map(|(other, live)| match &live.resource {
        Resource::Stage(stage) if other != look.address => Some((other, stage.name.as_str())),
        _ => None,
    })?;
    look.warning(
        "GS106",
        format!(
            "the invoke URL ends in /{} from now on; /{name} answers as it is until you delete it with --allow-delete '{old}'",
            want.name
        ),
    )
}
