//! The throttles that a usage plan has for single methods of its stages.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::ApiStage as LiveStage;
use serde_json::json;

use super::{Props, Throttle, throttle_in_json};
use crate::kinds::Task;
use crate::kinds::patch::Patches;
use crate::model::{Book, Value};

/// A method of a stage, as plans show it: `GET /claims/{id} on prod`.
pub fn name(verb: &str, path: &str, stage: &str) -> String {
    format!("{verb} {path} on {stage}")
}

/// The verb, the path and the stage of a name.
fn parts(name: &str) -> Option<(&str, &str, &str)> {
    let (method, stage) = name.rsplit_once(" on ")?;
    let (verb, path) = method.split_once(' ')?;
    Some((verb, path, stage))
}

/// The throttles of an API's stage on a plan.
pub(super) fn live(stage: &LiveStage) -> impl Iterator<Item = (String, Throttle)> {
    let of = stage.stage.as_deref().unwrap_or_default();
    let throttles = stage.throttle.iter().flatten();
    throttles.map(move |(method, live)| {
        // `/claims/{id}/GET`, and `//GET` or `/GET` at the root; `~1claims~1{id}/GET` is the same, but for AWS's console.
        let method = method.replace("~1", "/").replace("~0", "~");
        let (path, verb) = method.rsplit_once('/').unwrap_or_default();
        let path = format!("/{}", path.trim_start_matches('/'));
        let throttle = Throttle {
            rate: live.rate_limit,
            burst: live.burst_limit,
        };
        (name(verb, &path, of), throttle)
    })
}

/// The throttles of one stage.
pub(super) fn of_stage<'a>(
    props: &'a Props,
    stage: &'a str,
) -> impl Iterator<Item = (&'a String, &'a Throttle)> {
    let all = props.method_throttles.iter();
    all.filter(move |(name, _)| parts(name).is_some_and(|(_, _, of)| of == stage))
}

/// All of them, for the diff.
pub(super) fn value(props: &Props, _: &Book) -> Value {
    let all = &props.method_throttles;
    match all.is_empty() {
        true => Value::Unset,
        false => Value::map(
            all.iter()
                .map(|(name, throttle)| (name, Throttle::value(Some(throttle)))),
        ),
    }
}

/// The stages of a new plan, with the throttles of their methods.
pub(super) fn stages_in_json(task: &Task<'_, Props>) -> serde_json::Value {
    let stages = task.want.stages.iter().map(|stage| {
        let of_stage = of_stage(task.want, &stage.stage).filter_map(|(name, throttle)| {
            let (verb, path, _) = parts(name)?;
            Some((format!("{path}/{verb}"), throttle_in_json(throttle)))
        });
        let throttles: BTreeMap<String, serde_json::Value> = of_stage.collect();
        json!({ "apiId": task.text(&stage.api), "stage": stage.stage, "throttle": throttles })
    });
    stages.collect()
}

pub(super) fn patch(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let want = &task.want.method_throttles;
    // Only stages of the stack's API are wanted. One that leaves the plan takes its throttles along.
    let place = |name: &str| {
        let (verb, path, of) = parts(name)?;
        let mut stages = task.want.stages.iter();
        let stage = stages.find(|stage| stage.stage == of)?;
        let api = task.text(&stage.api);
        // As terraform-provider-aws sends it: the key of the map, with its slashes.
        Some(format!("/apiStages/{api}:{of}/throttle/{path}/{verb}"))
    };
    for (name, throttle) in want {
        let is_new = held.method_throttles.get(name) != Some(throttle);
        if let Some(place) = place(name).filter(|_| is_new) {
            patches.replace(format!("{place}/rateLimit"), throttle.rate);
            patches.replace(format!("{place}/burstLimit"), throttle.burst);
        }
    }
    let gone = held.method_throttles.keys();
    gone.filter(|name| !want.contains_key(*name))
        .filter_map(|name| place(name))
        .for_each(|place| patches.remove(place));
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_apigateway::types::ThrottleSettings;

    #[test]
    fn a_method_has_one_name_however_aws_writes_it() {
        let name_of = |key: &str| {
            let throttle = ThrottleSettings::builder().build();
            let stage = LiveStage::builder().stage("prod").throttle(key, throttle);
            live(&stage.build()).next().unwrap().0
        };
        for key in ["/a/{b}/GET", "~1a~1{b}/GET", "a/{b}/GET"] {
            assert_eq!(name_of(key), "GET /a/{b} on prod");
        }
        for key in ["//GET", "/GET", "~1/GET"] {
            assert_eq!(name_of(key), "GET / on prod");
        }
        assert_eq!(parts("GET /a/{b} on prod"), Some(("GET", "/a/{b}", "prod")));
    }
}
