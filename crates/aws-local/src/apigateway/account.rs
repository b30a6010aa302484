//! The account's settings in API Gateway.

use aws_facts::arns::PUSH_TO_CLOUDWATCH_LOGS;
use aws_facts::limits::apigateway::account_throttle;
use aws_facts::regions;
use serde_json::json;

use super::super::iam::Take;
use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::patch::{Op, REPLACE, Rules, Takes, Words, patches, rule};
use super::refusals::bad_request;
use super::state::State;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("GetAccount", get),
    Operation::change("UpdateAccount", update),
];

const RULES: Rules = Rules {
    words: Words::Short,
    rules: &[rule("/cloudwatchRoleArn", REPLACE, Takes::Text)],
};

/// Whether API Gateway can write logs with a role: it exists, trusts API Gateway, and has the policy.
fn may_write(call: &Call, role: &str) -> bool {
    let take = Take {
        service: "apigateway.amazonaws.com",
        policy: Some(PUSH_TO_CLOUDWATCH_LOGS),
        now: call.seconds(),
    };
    let global = call.everywhere.regions.get(regions::GLOBAL);
    global.is_some_and(|global| global.iam.may_take(role, &call.account, take))
}

fn describe(state: &State, region: &str) -> Object {
    let (rate, burst) = account_throttle(region);
    let mut answer = Object::from_iter([
        (
            "throttleSettings".to_owned(),
            json!({"burstLimit": burst, "rateLimit": rate}),
        ),
        ("features".to_owned(), json!(["UsagePlans"])),
        ("apiKeyVersion".to_owned(), json!("4")),
    ]);
    if let Some(role) = &state.cloudwatch_role {
        answer.insert("cloudwatchRoleArn".into(), json!(role));
    }
    answer
}

fn get(region: &Region, call: &Call) -> Answer {
    Ok(describe(&region.apigateway, &call.region))
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    for patch in patches(call)? {
        match (patch.op, &patch.parts()[..]) {
            // Usage plans are always on.
            (Op::Add, ["features"]) if patch.filled() == Some("UsagePlans") => {}
            (Op::Add | Op::Remove, ["features"]) => {
                return Err(bad_request(format!(
                    "Invalid feature specified: {}",
                    patch.filled().unwrap_or_default()
                )));
            }
            _ => {
                RULES.apply(&patch, &mut Object::new())?;
                let role = patch.filled();
                if role.is_some_and(|role| !may_write(call, role)) {
                    return Err(bad_request(
                        "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.",
                    ));
                }
                state.cloudwatch_role = role.map(str::to_owned);
            }
        }
    }
    Ok(describe(state, &call.region))
}
