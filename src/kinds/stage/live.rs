//! A stage as API Gateway has it.

use aws_sdk_apigateway::types::Stage as LiveStage;

use super::{AccessLogs, EVERY_METHOD, Props, methods, outputs};
use crate::aws::Reader;
use crate::kinds::{Found, tags};
use crate::model::Address;

pub(super) fn found(
    reader: &Reader,
    address: Address,
    api: &str,
    live: &LiveStage,
) -> Found<Props> {
    let name = live.stage_name.clone().unwrap_or_default();
    let logs = live.access_log_settings.as_ref();
    let group = logs
        .and_then(|logs| logs.destination_arn.clone())
        .filter(|arn| !arn.is_empty());
    let settings = live.method_settings.iter().flatten();
    let of_methods = settings.filter(|(key, _)| *key != EVERY_METHOD);
    let every = live.method_settings.as_ref();
    let every = every.and_then(|settings| settings.get(EVERY_METHOD));
    let props = Props {
        api: api.into(),
        deployment: live.deployment_id.clone().unwrap_or_default().into(),
        variables: live
            .variables
            .iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect(),
        throttle: every.and_then(methods::throttle_of),
        method_throttles: of_methods
            .clone()
            .map(|(key, setting)| {
                let throttle = methods::throttle_of_method(setting, every, reader.region());
                (key.clone(), throttle)
            })
            .collect(),
        other_settings: of_methods
            .filter(|(_, setting)| methods::has_others(setting, every))
            .map(|(key, _)| key.clone())
            .collect(),
        access_logs: group.map(|group| AccessLogs {
            group: group.into(),
            format: logs
                .and_then(|logs| logs.format.clone())
                .unwrap_or_default()
                .into(),
        }),
        tracing: live.tracing_enabled,
        tags: tags::live(live.tags.as_ref()),
        name,
    };
    let outputs = outputs(reader, api, &props.name);
    Found {
        unmanaged: unmanaged(live),
        ..Found::new(address, props, outputs)
    }
}

fn unmanaged(live: &LiveStage) -> Vec<String> {
    let mut words = Vec::new();
    let every = live.method_settings.as_ref();
    let every = every.and_then(|settings| settings.get(EVERY_METHOD));
    for (method, setting) in live.method_settings.iter().flatten() {
        let of = match method.as_str() {
            EVERY_METHOD => "every method".to_owned(),
            _ if !methods::has_others(setting, every) => continue,
            method => methods::name(method),
        };
        if setting
            .logging_level
            .as_deref()
            .is_some_and(|level| level != "OFF")
            || setting.data_trace_enabled
        {
            words.push(format!("execution logs of {of}"));
        }
        if setting.metrics_enabled {
            words.push(format!("detailed metrics of {of}"));
        }
        if setting.caching_enabled {
            words.push(format!("a cache for {of}"));
        }
    }
    words.sort();
    if live.cache_cluster_enabled {
        words.push("a cache cluster".to_owned());
    }
    if live.canary_settings.is_some() {
        words.push("a canary".to_owned());
    }
    words.extend(
        live.client_certificate_id
            .iter()
            .map(|id| format!("the client certificate {id}")),
    );
    words.extend(
        live.web_acl_arn
            .iter()
            .map(|arn| format!("the web ACL {arn}")),
    );
    words.extend(
        live.documentation_version
            .iter()
            .map(|version| format!("the documentation version {version}")),
    );
    words.extend(
        live.description
            .iter()
            .filter(|text| !text.is_empty())
            .map(|_| "a description".to_owned()),
    );
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_apigateway::types::MethodSetting;

    #[test]
    fn settings_of_single_methods_are_said_in_words() {
        let live = LiveStage::builder()
            .method_settings(
                "~1policies/GET",
                MethodSetting::builder()
                    .throttling_rate_limit(1.0)
                    .throttling_burst_limit(1)
                    .logging_level("INFO")
                    .build(),
            )
            .method_settings(
                "~1policies/PUT",
                MethodSetting::builder().metrics_enabled(true).build(),
            )
            .method_settings(
                EVERY_METHOD,
                MethodSetting::builder()
                    .throttling_rate_limit(5.0)
                    .throttling_burst_limit(1)
                    .logging_level("INFO")
                    .build(),
            )
            .build();
        assert_eq!(
            unmanaged(&live),
            [
                "detailed metrics of PUT /policies",
                "execution logs of every method"
            ]
        );
    }
}
