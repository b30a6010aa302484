//! A usage plan: throttle and quota of its keys on its stages.

mod live;
mod methods;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{
    ApiStage as LiveStage, QuotaPeriodType, QuotaSettings, ThrottleSettings,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ownership::sort_out;
use super::patch::{Part, Patches, patches};
use super::stage::Throttle;
use super::{
    Dependent, Field, Findings, InPicture, Kind, KindInfo, LiveReference, Outputs, Resource, Scope,
    Task, gone_is_success, literal, rest_api, stage, tags,
};
use crate::aws::{AwsError, Container, Operation, Reader, SayAlso, Writer};
use crate::model::{Book, OutputName, Text, Value};

/// A usage plan.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name.
    pub name: Text,
    /// The description; empty for none.
    pub description: Text,
    /// The throttle of each key.
    pub throttle: Option<Throttle>,
    /// The quota of each key.
    pub quota: Option<Quota>,
    /// The stages it opens.
    pub stages: BTreeSet<ApiStage>,
    /// Throttles of methods on the API's stages, by [`method`].
    #[serde(default)]
    pub method_throttles: BTreeMap<String, Throttle>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A quota.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Quota {
    /// Requests.
    pub requests: i32,
    /// `DAY`, `WEEK` or `MONTH`.
    pub period: String,
    /// The day on which a period begins.
    #[serde(default)]
    pub offset: i32,
}

/// A stage of an API.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ApiStage {
    /// The API's id.
    pub api: Text,
    /// The stage's name.
    pub stage: String,
}

pub use methods::name as method;

/// The field with a plan's stages.
const STAGES: &str = "stages";

/// A usage plan.
#[derive(Debug)]
pub struct UsagePlan;

/// The word for consent to remove keys that gatestack did not add.
pub(super) const OTHER_KEYS: &str = "other_keys";
/// The word for consent to remove stages that gatestack did not add.
const OTHER_STAGES: &str = "other_stages";
/// Everything that is deleted with a plan and is not the stack's.
pub const DEPENDENTS: &[&str] = &[OTHER_KEYS, OTHER_STAGES];

impl ApiStage {
    /// In API Gateway's format, `a1b2c3d4e5:prod`, which is also a stage's id among its outputs.
    fn text(&self, api: &str) -> String {
        stage::id(api, &self.stage)
    }

    fn value(&self, book: &Book) -> Value {
        match self.api.value(book) {
            Value::Text(api) => self.text(&api).into(),
            unknown => unknown,
        }
    }
}

impl Kind for UsagePlan {
    type Props = Props;
    type Part = Part<Props>;

    const INFO: KindInfo = KindInfo {
        phase: 1,
        doubles: true,
        in_picture: InPicture::Caller,
        dependents: DEPENDENTS,
        when_different: "its keys may call more, less, or not at all",
        ..KindInfo::new(
            "usage_plan",
            "usage plan",
            "An API Gateway usage plan: how much each key on it may call on the stages it opens. Its limits are targets that \
             AWS keeps as well as it can, not guarantees. See the API Gateway developer guide, \"Usage plans and API keys\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new(
            "name",
            "The plan's name in API Gateway.",
            |p: &Props, book| p.name.value(book),
        )
        .by(Part::Patch(|patches, task, _: &Props| patches.replace("/name", task.text(&task.want.name)))),
        Field::new(
            "description",
            "A description, shown in the console.",
            |p: &Props, book| p.description.value(book),
        )
        .by(Part::Patch(|patches, task, _: &Props| patches.replace("/description", task.text(&task.want.description)))),
        Field::new(
            "throttle",
            "How fast each key may call: `rate` requests a second, sustained, and `burst` at once.",
            |p: &Props, _| Throttle::value(p.throttle.as_ref()),
        )
        .by(Part::Patch(|patches, task, held: &Props| {
            patch_throttle(patches, task.want.throttle.as_ref(), held.throttle.is_some());
        })),
        Field::new(
            "quota",
            "How much each key may call: `requests` per `day`, `week` or `month`. The period begins on the day `offset`, from 0: a \
             Sunday, or the 1st. The API reference says that the offset is a number of requests, but AWS takes no other \
             than these days.",
            |p: &Props, _| quota_value(p.quota.as_ref()),
        )
        .by(Part::Patch(|patches, task, held: &Props| {
            patch_quota(patches, task.want.quota.as_ref(), held.quota.is_some());
        })),
        Field::new(
            STAGES,
            "The stages it opens to its keys, each as API id and stage name.",
            |p: &Props, book| Value::set(p.stages.iter().map(|stage| stage.value(book))),
        )
        .by(Part::Patch(patch_stages))
        .refers_to("stage"),
        Field::new(
            "routes",
            "Throttles of single methods on the API's stages, instead of the plan's. `ANY` is each HTTP method that the path has no \
             route for: API Gateway has a throttle for each.",
            methods::value,
        )
        .by(Part::Patch(methods::patch)),
        Field::new(
            "tags",
            "Tags. Others on the plan are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys(),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let wanted = scope
            .desired
            .resources
            .iter()
            .filter_map(|(address, wanted)| match &wanted.resource {
                Resource::UsagePlan(props) => {
                    Some((address.clone(), props.name.resolve(scope.book)?))
                }
                _ => None,
            });
        let api = rest_api::api(scope);
        let candidates = reader
            .usage_plans()
            .await?
            .iter()
            .map(|plan| live::candidate(reader, plan, api))
            .collect();
        let mut findings = sort_out(scope, &Self::INFO, &wanted.collect(), candidates);
        for found in &mut findings.owned {
            let others = others_stages(reader, scope, &found.props).await?;
            let names: Vec<String> = others.iter().cloned().collect();
            let dependent = Dependent::of(
                &found.address,
                OTHER_STAGES,
                ("stage", "stage"),
                &names,
                "they are removed from the plan, and calls with its keys get 403 there",
            );
            found
                .dependents
                .extend(dependent.map(|dependent| Dependent {
                    of_field: Some(STAGES),
                    ids: others,
                    ..dependent
                }));
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let stages = want.stages.iter().map(|stage| {
            LiveStage::builder()
                .api_id(task.text(&stage.api))
                .stage(&stage.stage)
                .build()
        });
        let throttle = want.throttle.as_ref().map(|throttle| {
            ThrottleSettings::builder()
                .rate_limit(throttle.rate)
                .burst_limit(throttle.burst)
                .build()
        });
        // The SDK leaves zeros out.
        let mut zeros = json!({});
        if let Some(throttle) = &want.throttle {
            zeros["throttle"] = throttle_in_json(throttle);
        }
        if !want.method_throttles.is_empty() {
            zeros["apiStages"] = methods::stages_in_json(task);
        }
        let quota = want.quota.as_ref().map(|quota| {
            let period = QuotaPeriodType::from(quota.period.as_str());
            QuotaSettings::builder()
                .limit(quota.requests)
                .period(period)
                .offset(quota.offset)
                .build()
        });
        let request = writer
            .apigateway()
            .create_usage_plan()
            .name(task.text(&want.name))
            .set_description(Some(task.text(&want.description)).filter(|text| !text.is_empty()))
            .set_api_stages(Some(stages.collect()))
            .set_throttle(throttle)
            .set_quota(quota)
            .set_tags(tags::sent(&want.tags));
        let answer = writer
            .call(
                Operation::apigateway("CreateUsagePlan"),
                request.customize().interceptor(SayAlso(zeros)).send(),
            )
            .await?;
        Ok(outputs(writer, &answer.id.unwrap_or_default()))
    }

    // AWS allows one UpdateUsagePlan every 20 seconds, so everything is in as few calls as possible.
    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let (want, held) = (task.want, live.props);
        let (patches, tags_differ) = patches(task, held, changed);
        send(writer, live.output(OutputName::Id), patches).await?;
        if tags_differ {
            tags::write(writer, live.output(OutputName::Arn), &want.tags, &held.tags).await?;
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let id = live.output(OutputName::Id);
        let container = Container::UsagePlan(id.to_owned());
        writer.nothing_came_in(container, "DeleteUsagePlan").await?;
        // AWS refuses to delete a plan with a stage.
        let mut patches = Patches::default();
        live_stages(live.props)
            .iter()
            .for_each(|stage| patches.remove_value("/apiStages", stage));
        gone_is_success(send(writer, id, patches).await)?;
        let request = writer.apigateway().delete_usage_plan().usage_plan_id(id);
        gone_is_success(
            writer
                .call(Operation::apigateway("DeleteUsagePlan"), request.send())
                .await,
        )
    }

    /// A stage that was renamed in the file stays on the plan as long as it exists.
    fn hold_on(want: &mut Props, live: &Props, kept: &[&Outputs]) {
        let stays = |stage: &ApiStage| {
            let id = stage.text(&literal(&stage.api));
            kept.iter()
                .any(|outputs| outputs.get(&OutputName::Id) == Some(&id))
        };
        let kept: Vec<ApiStage> = live
            .stages
            .iter()
            .filter(|stage| stays(stage))
            .cloned()
            .collect();
        for stage in &kept {
            let of_stage = methods::of_stage(live, &stage.stage);
            for (method, throttle) in of_stage {
                let own = want.method_throttles.entry(method.clone());
                own.or_insert_with(|| throttle.clone());
            }
        }
        want.stages.extend(kept);
    }
}

/// The existing stages on a plan that are not the stack's, in API Gateway's format. Deleted ones don't count.
async fn others_stages(
    reader: &Reader,
    scope: &Scope<'_>,
    plan: &Props,
) -> Result<BTreeSet<String>, AwsError> {
    let apis = reader.rest_apis().await?;
    let mut others = BTreeSet::new();
    for stage in &plan.stages {
        let id = literal(&stage.api);
        let Some(api) = apis.iter().find(|api| api.id.as_deref() == Some(&*id)) else {
            continue;
        };
        let tags = tags::live(api.tags.as_ref());
        let ours = scope.desired.context.owns(&tags);
        if !ours {
            others.insert(stage.text(&id));
            continue;
        }
        let stages = reader.stages(&id).await?;
        let there = stages
            .iter()
            .find(|there| there.stage_name.as_deref() == Some(&*stage.stage));
        if there.is_some_and(|there| !super::stage::is_ours(scope, there)) {
            others.insert(stage.text(&id));
        }
    }
    Ok(others)
}

async fn send(writer: &Writer, id: &str, patches: Patches) -> Result<(), AwsError> {
    for operations in patches.in_calls() {
        let request = writer
            .apigateway()
            .update_usage_plan()
            .usage_plan_id(id)
            .set_patch_operations(Some(operations));
        writer
            .call(Operation::apigateway("UpdateUsagePlan"), request.send())
            .await?;
    }
    Ok(())
}

fn patch_stages(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let stages = task.want.stages.iter();
    let wanted: BTreeSet<String> = stages
        .map(|stage| stage.text(&task.text(&stage.api)))
        .collect();
    let held: BTreeSet<String> = live_stages(held);
    wanted
        .difference(&held)
        .for_each(|stage| patches.add("/apiStages", stage));
    held.difference(&wanted)
        .for_each(|stage| patches.remove_value("/apiStages", stage));
}

fn patch_throttle(patches: &mut Patches, want: Option<&Throttle>, held: bool) {
    match want {
        Some(throttle) => {
            set(patches, held, "/throttle/rateLimit", throttle.rate);
            set(patches, held, "/throttle/burstLimit", throttle.burst);
        }
        None => patches.remove("/throttle"),
    }
}

fn patch_quota(patches: &mut Patches, want: Option<&Quota>, held: bool) {
    match want {
        Some(quota) => {
            set(patches, held, "/quota/limit", quota.requests);
            set(patches, held, "/quota/period", &quota.period);
            set(patches, held, "/quota/offset", quota.offset);
        }
        None => patches.remove("/quota"),
    }
}

fn set(patches: &mut Patches, held: bool, path: &str, value: impl ToString) {
    if held {
        patches.replace(path, value)
    } else {
        patches.add(path, value)
    }
}

fn live_stages(props: &Props) -> BTreeSet<String> {
    props
        .stages
        .iter()
        .map(|stage| stage.text(&literal(&stage.api)))
        .collect()
}

fn throttle_in_json(throttle: &Throttle) -> serde_json::Value {
    json!({ "rateLimit": throttle.rate, "burstLimit": throttle.burst })
}

fn quota_value(quota: Option<&Quota>) -> Value {
    quota.map_or(Value::Unset, |quota| {
        let offset = (quota.offset != 0).then(|| ("offset", Value::from(quota.offset)));
        let always = [
            ("requests", Value::from(quota.requests)),
            ("per", quota.period.to_lowercase().into()),
        ];
        Value::map(always.into_iter().chain(offset))
    })
}

fn outputs(reader: &Reader, id: &str) -> Outputs {
    Outputs::from([
        (OutputName::Id, id.to_owned()),
        (
            OutputName::Arn,
            reader.apigateway_arn(&format!("usageplans/{id}")),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;

    fn plan(stages: &[(Text, &str)]) -> Props {
        Props {
            name: "XXXPlan".into(),
            description: "".into(),
            throttle: None,
            quota: None,
            method_throttles: BTreeMap::new(),
            stages: stages
                .iter()
                .map(|(api, stage)| ApiStage {
                    api: api.clone(),
                    stage: (*stage).into(),
                })
                .collect(),
            tags: BTreeMap::new(),
        }
    }

    #[test]
    fn a_plan_holds_on_to_a_stage_that_stays_and_to_no_other() {
        let mut want = plan(&[("api1".into(), "live")]);
        let live = plan(&[("api1".into(), "prod"), ("api2".into(), "theirs")]);
        let stays = Outputs::from([(OutputName::Id, "api1:prod".to_owned())]);
        UsagePlan::hold_on(&mut want, &live, &[&stays]);
        assert_eq!(
            live_stages(&want),
            BTreeSet::from(["api1:live".to_owned(), "api1:prod".to_owned()])
        );
    }

    #[test]
    fn a_stage_is_the_same_by_reference_and_by_id() {
        let api = Address::new("api");
        let by_reference = plan(&[(Text::output(&api, OutputName::Id), "prod")]);
        let mut book = Book::default();
        let stages = |props: &Props, book: &Book| {
            let field = UsagePlan::FIELDS
                .iter()
                .find(|field| field.info.name == "stages");
            field.map(|field| (field.get)(props, book))
        };
        assert_eq!(
            stages(&by_reference, &book).map(|value| value.awaited()),
            Some(BTreeSet::from([api.clone()]))
        );
        book.insert(api, Outputs::from([(OutputName::Id, "api1".to_owned())]));
        assert_eq!(
            stages(&by_reference, &book),
            stages(&plan(&[("api1".into(), "prod")]), &Book::default())
        );
    }
}
