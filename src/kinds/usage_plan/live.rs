//! A usage plan as API Gateway has it.

use aws_sdk_apigateway::types::{ApiStage as LiveStage, QuotaPeriodType, UsagePlan as LivePlan};

use super::{ApiStage, Props, Quota, Throttle, methods, outputs};
use crate::aws::Reader;
use crate::kinds::ownership::Candidate;
use crate::kinds::tags;

/// A plan with its name and tags. `api` is the stack's.
pub(super) fn candidate(reader: &Reader, plan: &LivePlan, api: Option<&str>) -> Candidate<Props> {
    let name = plan.name.clone().unwrap_or_default();
    let tags = tags::live(plan.tags.as_ref());
    Candidate {
        props: Props {
            name: name.as_str().into(),
            description: plan.description.clone().unwrap_or_default().into(),
            throttle: plan.throttle.as_ref().map(|live| Throttle {
                rate: live.rate_limit,
                burst: live.burst_limit,
            }),
            quota: plan.quota.as_ref().map(|live| Quota {
                requests: live.limit,
                period: live
                    .period
                    .as_ref()
                    .map_or("", QuotaPeriodType::as_str)
                    .to_owned(),
                offset: live.offset,
            }),
            stages: plan
                .api_stages
                .iter()
                .flatten()
                .map(|live| ApiStage {
                    api: live.api_id.clone().unwrap_or_default().into(),
                    stage: live.stage.clone().unwrap_or_default(),
                })
                .collect(),
            method_throttles: plan
                .api_stages
                .iter()
                .flatten()
                .filter(|stage| is_of(stage, api))
                .flat_map(methods::live)
                .collect(),
            tags: tags.clone(),
        },
        name,
        tags,
        outputs: outputs(reader, plan.id.as_deref().unwrap_or_default()),
        unmanaged: unmanaged(plan, api),
    }
}

/// Whether a stage on a plan is one of the stack's API.
fn is_of(stage: &LiveStage, api: Option<&str>) -> bool {
    api.is_some() && stage.api_id.as_deref() == api
}

fn unmanaged(plan: &LivePlan, api: Option<&str>) -> Vec<String> {
    let mut words = Vec::new();
    let stages = plan.api_stages.iter().flatten();
    for stage in stages.filter(|stage| !is_of(stage, api)) {
        let of = stage.stage.as_deref().unwrap_or_default();
        words.extend(
            stage
                .throttle
                .iter()
                .flatten()
                .map(|(method, _)| format!("a throttle of its own for {method} on {of}")),
        );
    }
    words.sort();
    words.extend(
        plan.product_code
            .iter()
            .filter(|code| !code.is_empty())
            .map(|code| format!("the AWS Marketplace product {code}")),
    );
    words
}
