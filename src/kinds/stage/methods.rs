//! The throttles that a stage has for single methods.
//!
//! A stage has settings for all methods, and for any method settings of its own, which replace them. Own settings start as a copy:
//! turning on a method's metrics by hand also sets its throttle. So what counts is where a method's throttle differs.

use std::collections::BTreeMap;

use aws_facts::limits::apigateway::account_throttle;
use aws_sdk_apigateway::types::MethodSetting;

use super::{EVERY_METHOD, Props, Throttle};
use crate::kinds::Task;
use crate::kinds::patch::{Patches, segment};
use crate::model::{Book, Value};

/// A throttle without effect: the account's limit applies.
const UNLIMITED: &str = "-1";
/// A method's key in a stage, such as `~1claims~1{id}/GET`: as AWS's console and CloudFormation write it. AWS also takes others, such
/// as `claims/GET`, which the console doesn't show.
pub fn key(verb: &str, path: &str) -> String {
    format!("{}/{verb}", segment(path))
}

/// A method as plans show it: `GET /claims/{id}`, or its key, if that is written in another way.
pub(super) fn name(of: &str) -> String {
    let (path, verb) = of.rsplit_once('/').unwrap_or_default();
    let path = path.replace("~1", "/").replace("~0", "~");
    match key(verb, &path) == of && path.starts_with('/') {
        true => format!("{verb} {path}"),
        false => of.to_owned(),
    }
}

/// The throttle of a method's live settings; none if they don't limit. AWS adds the account's limit to settings that were made by hand
/// for something else, while the stage had no throttle.
pub(super) fn throttle_of_method(
    setting: &MethodSetting,
    every: Option<&MethodSetting>,
    region: &str,
) -> Option<Throttle> {
    let (rate, burst) = account_throttle(region);
    let added = Throttle { rate, burst };
    throttle_of(setting).filter(|throttle| *throttle != added || !has_others(setting, every))
}

/// The throttle of live settings; none if they don't limit.
pub(super) fn throttle_of(setting: &MethodSetting) -> Option<Throttle> {
    let (rate, burst) = (
        setting.throttling_rate_limit,
        setting.throttling_burst_limit,
    );
    (rate >= 0.0 || burst >= 0).then_some(Throttle { rate, burst })
}

/// Whether a method's settings differ from those of all methods in more than the throttle.
pub(super) fn has_others(setting: &MethodSetting, every: Option<&MethodSetting>) -> bool {
    let others = |setting: &MethodSetting| {
        (
            setting.logging_level.clone().filter(|level| level != "OFF"),
            setting.data_trace_enabled,
            setting.metrics_enabled,
            setting.caching_enabled,
        )
    };
    let none = (None, false, false, false);
    others(setting) != every.map_or(none, others)
}

/// The throttles that differ from the stage's, by key.
fn different(props: &Props) -> BTreeMap<&String, Option<&Throttle>> {
    let of_stage = props.throttle.as_ref();
    let all = props.method_throttles.iter();
    all.map(|(key, throttle)| (key, throttle.as_ref()))
        .filter(|(_, throttle)| *throttle != of_stage)
        .collect()
}

/// The throttles that differ from the stage's, for the diff.
pub(super) fn value(props: &Props, _: &Book) -> Value {
    let different = different(props);
    if different.is_empty() {
        return Value::Unset;
    }
    let all = different.into_iter().map(|(key, throttle)| {
        let value = match throttle {
            Some(_) => Throttle::value(throttle),
            None => "the account's limit".into(),
        };
        (name(key), value)
    });
    Value::map(all)
}

/// Everything of a new stage.
pub(super) fn patch_new(patches: &mut Patches, want: &Props) {
    if want.throttle.is_some() {
        set(patches, EVERY_METHOD, want.throttle.as_ref());
    }
    for (key, throttle) in different(want) {
        set(patches, key, throttle);
    }
}

/// The throttle of all methods, also in the settings that are copies of theirs. Removing the settings of all methods would also
/// remove a log level that was set by hand.
pub(super) fn patch_all(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let want = task.want;
    set(patches, EVERY_METHOD, want.throttle.as_ref());
    let (wanted, had) = (different(want), different(held));
    let copies = held.method_throttles.iter();
    for (key, throttle) in copies.filter(|(key, _)| !had.contains_key(key)) {
        if !wanted.contains_key(key) && *throttle != want.throttle {
            set(patches, key, want.throttle.as_ref());
        }
    }
}

/// The throttles of single methods. Settings without anything else go with their throttle.
pub(super) fn patch(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let want = task.want;
    let (wanted, had) = (different(want), different(held));
    for (key, throttle) in &wanted {
        let own = held.method_throttles.get(*key);
        if own.map(Option::as_ref) != Some(*throttle) {
            set(patches, key, *throttle);
        }
    }
    for key in had.keys().filter(|key| !wanted.contains_key(*key)) {
        match held.other_settings.contains(*key) {
            true => set(patches, key, want.throttle.as_ref()),
            false => patches.remove(format!("/{key}")),
        }
    }
}

fn set(patches: &mut Patches, key: &str, throttle: Option<&Throttle>) {
    let (rate, burst) = throttle.map_or((UNLIMITED.to_owned(), UNLIMITED.to_owned()), |throttle| {
        (throttle.rate.to_string(), throttle.burst.to_string())
    });
    patches.replace(format!("/{key}/throttling/rateLimit"), rate);
    patches.replace(format!("/{key}/throttling/burstLimit"), burst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_shown_as_a_route() {
        for (verb, path, written) in [
            ("GET", "/claims/{id}", "~1claims~1{id}/GET"),
            ("GET", "/", "~1/GET"),
        ] {
            assert_eq!(key(verb, path), written);
            assert_eq!(name(written), format!("{verb} {path}"));
        }
        assert_eq!(name("claims/GET"), "claims/GET");
    }

    #[test]
    fn the_accounts_limit_counts_where_it_was_not_added_by_aws() {
        let counts = |region: &str, rate: f64, burst: i32, metrics: bool| {
            let setting = MethodSetting::builder()
                .throttling_rate_limit(rate)
                .throttling_burst_limit(burst)
                .metrics_enabled(metrics)
                .build();
            throttle_of_method(&setting, None, region).is_some()
        };
        assert!(counts("eu-west-1", 10_000.0, 5_000, false), "the file's");
        assert!(!counts("eu-west-1", 10_000.0, 5_000, true), "AWS's");
        assert!(counts("eu-west-1", 2_500.0, 1_250, true), "set by hand");
        assert!(!counts("eu-south-1", 2_500.0, 1_250, true), "AWS's");
        assert!(counts("eu-south-1", 10_000.0, 5_000, true), "set by hand");
    }

    #[test]
    fn a_throttle_of_minus_one_is_none() {
        let setting = |rate: f64, burst: i32| {
            MethodSetting::builder()
                .throttling_rate_limit(rate)
                .throttling_burst_limit(burst)
                .build()
        };
        let throttle = |rate, burst| Some(Throttle { rate, burst });
        assert_eq!(throttle_of(&setting(-1.0, -1)), None);
        assert_eq!(throttle_of(&setting(50.0, 100)), throttle(50.0, 100));
        assert_eq!(throttle_of(&setting(0.0, 0)), throttle(0.0, 0));
    }
}
