//! Health checks: AWS's defaults, and which settings go together.

use serde_json::{Value, json};

use super::super::members::optional;
use super::super::operation::{Call, Object, Refusal};
use super::refusals::{configuration, validation};
use super::state::{HealthCheck, number};

/// The port on which the target gets its traffic.
pub(super) const TRAFFIC_PORT: &str = "traffic-port";

const PROTOCOLS: &[&str] = &["HTTP", "HTTPS", "TCP"];

/// The HTTP statuses that a network load balancer's health check may expect.
const STATUSES: std::ops::RangeInclusive<u16> = 200..=599;

/// The settings in a call, with AWS's defaults for the rest.
pub(super) fn new(call: &Call) -> Result<HealthCheck, Refusal> {
    over(call, with_protocol("TCP"))
}

/// The defaults of a network load balancer's target group, which depend on how it checks.
fn with_protocol(protocol: &str) -> HealthCheck {
    let http = protocol.starts_with("HTTP");
    HealthCheck {
        protocol: protocol.into(),
        port: TRAFFIC_PORT.into(),
        path: http.then(|| "/".into()),
        statuses: http.then(|| "200-399".into()),
        interval: 30,
        timeout: if protocol == "HTTP" { 6 } else { 10 },
        healthy_threshold: 5,
        unhealthy_threshold: 2,
    }
}

/// The settings in a call, the others unchanged.
pub(super) fn over(call: &Call, before: HealthCheck) -> Result<HealthCheck, Refusal> {
    let input = &call.input;
    if input.get("HealthCheckEnabled") == Some(&json!(false)) {
        return Err(configuration(
            "Health check enabled must be true for target groups with target type 'instance' or 'ip'",
        ));
    }
    let mut check = match optional(input, "HealthCheckProtocol") {
        Some(protocol) if !PROTOCOLS.contains(&protocol) => {
            return Err(validation(format!(
                "Health check protocol '{protocol}' must be one of '{}'",
                PROTOCOLS.join(", ")
            )));
        }
        Some(protocol) if protocol != before.protocol => HealthCheck {
            port: before.port,
            interval: before.interval,
            healthy_threshold: before.healthy_threshold,
            unhealthy_threshold: before.unhealthy_threshold,
            ..with_protocol(protocol)
        },
        _ => before,
    };
    let http = check.protocol.starts_with("HTTP");
    let of_http_only = |what: &str| {
        configuration(format!(
            "{what} cannot be specified for health checks with the protocol 'TCP'"
        ))
    };
    if let Some(port) = optional(input, "HealthCheckPort") {
        check_port(port)?;
        check.port = port.into();
    }
    if let Some(path) = optional(input, "HealthCheckPath") {
        if !http {
            return Err(of_http_only("A health check path"));
        }
        if !path.starts_with('/') {
            return Err(validation(format!(
                "Health check path '{path}' must begin with a '/' character"
            )));
        }
        check.path = Some(path.into());
    }
    if let Some(statuses) = input
        .get("Matcher")
        .and_then(|matcher| matcher["HttpCode"].as_str())
    {
        if !http {
            return Err(of_http_only("A matcher"));
        }
        check_statuses(statuses)?;
        check.statuses = Some(statuses.into());
    }
    for (member, setting) in [
        ("HealthCheckIntervalSeconds", &mut check.interval),
        ("HealthCheckTimeoutSeconds", &mut check.timeout),
        ("HealthyThresholdCount", &mut check.healthy_threshold),
        ("UnhealthyThresholdCount", &mut check.unhealthy_threshold),
    ] {
        if let Some(sent) = number(input, member) {
            *setting = sent;
        }
    }
    if check.timeout > check.interval {
        return Err(validation(format!(
            "Health check timeout '{}' must be smaller than or equal to the interval '{}'",
            check.timeout, check.interval
        )));
    }
    Ok(check)
}

fn check_port(port: &str) -> Result<(), Refusal> {
    if port == TRAFFIC_PORT || port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Ok(());
    }
    Err(validation(format!(
        "Health check port '{port}' must be in the range '1-65535' or '{TRAFFIC_PORT}'"
    )))
}

/// Single statuses and ranges of them, with commas between.
fn check_statuses(statuses: &str) -> Result<(), Refusal> {
    let status = |text: &str| {
        let status = text.trim().parse::<u16>().ok();
        status.filter(|status| STATUSES.contains(status))
    };
    let valid = statuses.split(',').all(|part| match part.split_once('-') {
        None => status(part).is_some(),
        Some((first, last)) => status(first)
            .zip(status(last))
            .is_some_and(|(first, last)| first <= last),
    });
    if valid {
        return Ok(());
    }
    Err(validation(format!(
        "Health check matcher HTTP code '{statuses}' must be within '{}-{}' inclusive",
        STATUSES.start(),
        STATUSES.end()
    )))
}

/// The members of a target group about health checks.
pub(super) fn describe(check: &HealthCheck) -> Object {
    let mut members: Vec<(&str, Value)> = vec![
        ("HealthCheckProtocol", json!(check.protocol)),
        ("HealthCheckPort", json!(check.port)),
        ("HealthCheckEnabled", json!(true)),
        ("HealthCheckIntervalSeconds", json!(check.interval)),
        ("HealthCheckTimeoutSeconds", json!(check.timeout)),
        ("HealthyThresholdCount", json!(check.healthy_threshold)),
        ("UnhealthyThresholdCount", json!(check.unhealthy_threshold)),
    ];
    if let Some(path) = &check.path {
        members.push(("HealthCheckPath", json!(path)));
    }
    if let Some(statuses) = &check.statuses {
        members.push(("Matcher", json!({"HttpCode": statuses})));
    }
    members
        .into_iter()
        .map(|(member, value)| (member.to_owned(), value))
        .collect()
}
