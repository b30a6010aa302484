//! Attributes of load balancers, target groups and listeners: settings by key, all of them texts on the wire.

use serde_json::{Value, json};

use super::super::members::object;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::refusals::{configuration, validation};
use super::state::{Attributes, LoadBalancer, TargetGroup};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("DescribeLoadBalancerAttributes", of_load_balancer),
    Operation::change("ModifyLoadBalancerAttributes", modify_load_balancer),
    Operation::read("DescribeTargetGroupAttributes", of_target_group),
    Operation::change("ModifyTargetGroupAttributes", modify_target_group),
    Operation::read("DescribeListenerAttributes", of_listener),
    Operation::change("ModifyListenerAttributes", modify_listener),
];

const PROTECTION: &str = "deletion_protection.enabled";
const LOGS_ENABLED: &str = "access_logs.s3.enabled";
const LOGS_BUCKET: &str = "access_logs.s3.bucket";
const KEEPS_ADDRESS: &str = "preserve_client_ip.enabled";
const TERMINATES: &str = "deregistration_delay.connection_termination.enabled";
const TERMINATES_UNHEALTHY: &str = "target_health_state.unhealthy.connection_termination.enabled";
const UNHEALTHY_DRAIN: &str = "target_health_state.unhealthy.draining_interval_seconds";
const DELAY: &str = "deregistration_delay.timeout_seconds";

struct Attribute {
    key: &'static str,
    default: &'static str,
    takes: Takes,
}

/// The values of an attribute.
enum Takes {
    Boolean,
    Text,
    OneOf(&'static [&'static str]),
    /// A whole number in this range.
    Number(u64, u64),
    /// A whole number in this range, or `off`.
    NumberOrOff(u64, u64),
}

const fn attribute(key: &'static str, default: &'static str, takes: Takes) -> Attribute {
    Attribute {
        key,
        default,
        takes,
    }
}

/// Attributes of a network load balancer.
const LOAD_BALANCER: &[Attribute] = &[
    attribute(PROTECTION, "false", Takes::Boolean),
    attribute("load_balancing.cross_zone.enabled", "false", Takes::Boolean),
    attribute(LOGS_ENABLED, "false", Takes::Boolean),
    attribute(LOGS_BUCKET, "", Takes::Text),
    attribute("access_logs.s3.prefix", "", Takes::Text),
    attribute("ipv6.deny_all_igw_traffic", "false", Takes::Boolean),
    attribute("zonal_shift.config.enabled", "false", Takes::Boolean),
    attribute(
        "dns_record.client_routing_policy",
        "any_availability_zone",
        Takes::OneOf(&[
            "any_availability_zone",
            "availability_zone_affinity",
            "partial_availability_zone_affinity",
        ]),
    ),
    attribute(
        "secondary_ips.auto_assigned.per_subnet",
        "0",
        Takes::Number(0, 7),
    ),
];

/// Attributes of application load balancers only.
const OF_APPLICATION_LOAD_BALANCERS: &[&str] = &[
    "idle_timeout.",
    "client_keep_alive.",
    "connection_logs.",
    "health_check_logs.",
    "routing.",
    "waf.",
];

/// Attributes of a network load balancer's target group.
const TARGET_GROUP: &[Attribute] = &[
    attribute("stickiness.enabled", "false", Takes::Boolean),
    attribute("stickiness.type", "source_ip", Takes::OneOf(&["source_ip"])),
    attribute(DELAY, "300", Takes::Number(0, 3600)),
    attribute(TERMINATES, "false", Takes::Boolean),
    attribute(KEEPS_ADDRESS, "true", Takes::Boolean),
    attribute("proxy_protocol_v2.enabled", "false", Takes::Boolean),
    attribute(
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        Takes::OneOf(&["true", "false", "use_load_balancer_configuration"]),
    ),
    attribute(
        "target_group_health.dns_failover.minimum_healthy_targets.count",
        "1",
        Takes::NumberOrOff(1, 1000),
    ),
    attribute(
        "target_group_health.dns_failover.minimum_healthy_targets.percentage",
        "off",
        Takes::NumberOrOff(1, 100),
    ),
    attribute(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        "1",
        Takes::Number(1, 1000),
    ),
    attribute(
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        "off",
        Takes::NumberOrOff(1, 100),
    ),
    attribute(TERMINATES_UNHEALTHY, "true", Takes::Boolean),
    attribute(UNHEALTHY_DRAIN, "0", Takes::Number(0, 360_000)),
];

/// Attributes of other load balancers' target groups only.
const OF_OTHER_TARGET_GROUPS: &[&str] = &[
    "load_balancing.algorithm.",
    "slow_start.",
    "stickiness.app_cookie.",
    "stickiness.lb_cookie.",
    "lambda.",
    "target_failover.",
];

/// Attributes of a TCP listener. Listeners of other protocols have none.
const LISTENER: &[Attribute] = &[attribute(
    "tcp.idle_timeout.seconds",
    "350",
    Takes::Number(60, 6000),
)];

/// Whether a load balancer must not be deleted.
pub(super) fn protects(load_balancer: &LoadBalancer) -> bool {
    load_balancer
        .attributes
        .get(PROTECTION)
        .is_some_and(|value| value == "true")
}

/// How long a deregistered target of the group drains, in seconds.
pub(super) fn drain_seconds(group: &TargetGroup) -> u64 {
    let set = group.attributes.get(DELAY);
    set.and_then(|value| value.parse().ok()).unwrap_or(300)
}

/// Attributes in responses: all, with AWS's defaults. `of_its_own` has the defaults that depend on the resource.
fn all(
    known: &[Attribute],
    set: &Attributes,
    of_its_own: impl Fn(&str) -> Option<&'static str>,
) -> Vec<Value> {
    known
        .iter()
        .map(|attribute| {
            let default = of_its_own(attribute.key).unwrap_or(attribute.default);
            let value = set.get(attribute.key).map_or(default, String::as_str);
            json!({"Key": attribute.key, "Value": value})
        })
        .collect()
}

/// The attributes in a call, by key, validated. `whose` is the resource in AWS's words, `foreign` are keys for other types only.
fn sent(
    call: &Call,
    known: &[Attribute],
    whose: &str,
    foreign: (&[&str], &str),
) -> Result<Attributes, Refusal> {
    let (foreign, with) = foreign;
    let mut set = Attributes::new();
    let pairs = call.input.get("Attributes").and_then(Value::as_array);
    for pair in pairs.into_iter().flatten() {
        let key = pair["Key"].as_str().unwrap_or_default();
        let value = pair["Value"].as_str().unwrap_or_default();
        let Some(attribute) = known.iter().find(|attribute| attribute.key == key) else {
            if foreign.iter().any(|prefix| key.starts_with(prefix)) {
                return Err(configuration(format!(
                    "{whose} attribute key '{key}' is not supported on {with}"
                )));
            }
            return Err(validation(format!(
                "{whose} attribute key '{key}' is not recognized"
            )));
        };
        attribute.check(value)?;
        if set.insert(key.into(), value.into()).is_some() {
            return Err(validation(format!(
                "{whose} attribute key '{key}' was specified more than once"
            )));
        }
    }
    Ok(set)
}

impl Attribute {
    fn check(&self, value: &str) -> Result<(), Refusal> {
        let key = self.key;
        let within = |least: u64, most: u64| {
            value
                .parse::<u64>()
                .is_ok_and(|number| (least..=most).contains(&number))
        };
        let wanted = match &self.takes {
            Takes::Text => return Ok(()),
            Takes::Boolean if matches!(value, "true" | "false") => return Ok(()),
            Takes::OneOf(choices) if choices.contains(&value) => return Ok(()),
            Takes::Number(least, most) if within(*least, *most) => return Ok(()),
            Takes::NumberOrOff(least, most) if value == "off" || within(*least, *most) => {
                return Ok(());
            }
            Takes::Boolean => "one of 'true, false'".to_owned(),
            Takes::OneOf(_) if key == "stickiness.type" => {
                return Err(configuration(format!(
                    "Stickiness type '{value}' is not supported for target groups with the protocols of network load balancers"
                )));
            }
            Takes::OneOf(choices) => format!("one of '{}'", choices.join(", ")),
            Takes::Number(least, most) => format!("between '{least}' and '{most}' inclusive"),
            Takes::NumberOrOff(least, most) => {
                format!("'off', or between '{least}' and '{most}' inclusive")
            }
        };
        Err(validation(format!(
            "'{value}' is not a valid value for '{key}': it must be {wanted}"
        )))
    }
}

fn describe_load_balancer(row: &LoadBalancer) -> Object {
    let internal = row.scheme == "internal";
    let own = |key: &str| (key == "ipv6.deny_all_igw_traffic" && internal).then_some("true");
    object("Attributes", all(LOAD_BALANCER, &row.attributes, own))
}

fn of_load_balancer(region: &Region, call: &Call) -> Answer {
    let row = region
        .elbv2
        .known_load_balancer(call.text("LoadBalancerArn"))?;
    Ok(describe_load_balancer(row))
}

fn modify_load_balancer(region: &mut Region, call: &Call) -> Answer {
    let row = region
        .elbv2
        .load_balancer_mut(call.text("LoadBalancerArn"))?;
    let foreign = (
        OF_APPLICATION_LOAD_BALANCERS,
        "load balancers with type 'network'",
    );
    let set = sent(call, LOAD_BALANCER, "Load balancer", foreign)?;
    row.attributes.extend(set);
    let value = |key: &str| row.attributes.get(key).map_or("", String::as_str);
    if value(LOGS_ENABLED) == "true" && value(LOGS_BUCKET).is_empty() {
        return Err(configuration(format!(
            "'{LOGS_BUCKET}' must be specified when '{LOGS_ENABLED}' is 'true'"
        )));
    }
    Ok(describe_load_balancer(row))
}

fn carries_udp(group: &TargetGroup) -> bool {
    group.protocol.contains("UDP")
}

fn describe_target_group(group: &TargetGroup) -> Object {
    let by_address = group.target_type == "ip" && !carries_udp(group);
    let own = |key: &str| match key {
        KEEPS_ADDRESS if by_address => Some("false"),
        TERMINATES if carries_udp(group) => Some("true"),
        TERMINATES_UNHEALTHY if carries_udp(group) => Some("false"),
        _ => None,
    };
    object("Attributes", all(TARGET_GROUP, &group.attributes, own))
}

fn of_target_group(region: &Region, call: &Call) -> Answer {
    let group = region.elbv2.target_group(call.text("TargetGroupArn"))?;
    Ok(describe_target_group(group))
}

fn modify_target_group(region: &mut Region, call: &Call) -> Answer {
    let group = region.elbv2.target_group_mut(call.text("TargetGroupArn"))?;
    let with = format!("target groups with protocol '{}'", group.protocol);
    let set = sent(
        call,
        TARGET_GROUP,
        "Target group",
        (OF_OTHER_TARGET_GROUPS, &with),
    )?;
    group.attributes.extend(set);
    let is = |key: &str, value: &str| group.attributes.get(key).is_some_and(|is| is == value);
    if carries_udp(group) && is(KEEPS_ADDRESS, "false") {
        return Err(configuration(format!(
            "Client IP preservation cannot be disabled for target groups with the {} protocol",
            group.protocol
        )));
    }
    if carries_udp(group) && is(TERMINATES_UNHEALTHY, "true") {
        return Err(configuration(format!(
            "Connection termination for unhealthy targets cannot be enabled for target groups with the {} protocol",
            group.protocol
        )));
    }
    if group.protocol == "TLS" && is("stickiness.enabled", "true") {
        return Err(configuration(
            "You cannot enable Stickiness type source_ip on target groups with the TLS protocol",
        ));
    }
    if group
        .attributes
        .get(UNHEALTHY_DRAIN)
        .is_some_and(|seconds| seconds != "0")
        && !is(TERMINATES_UNHEALTHY, "false")
        && !carries_udp(group)
    {
        return Err(configuration(format!(
            "'{UNHEALTHY_DRAIN}' can only be set when '{TERMINATES_UNHEALTHY}' is 'false'"
        )));
    }
    Ok(describe_target_group(group))
}

fn of_protocol(protocol: &str) -> &'static [Attribute] {
    if protocol == "TCP" { LISTENER } else { &[] }
}

fn of_listener(region: &Region, call: &Call) -> Answer {
    let listener = region.elbv2.listener(call.text("ListenerArn"))?;
    let known = of_protocol(&listener.protocol);
    Ok(object(
        "Attributes",
        all(known, &listener.attributes, |_| None),
    ))
}

fn modify_listener(region: &mut Region, call: &Call) -> Answer {
    let listener = region.elbv2.listener_mut(call.text("ListenerArn"))?;
    let known = of_protocol(&listener.protocol);
    let with = format!("listeners with protocol '{}'", listener.protocol);
    let set = sent(call, known, "Listener", (&["routing.", "tcp."], &with))?;
    listener.attributes.extend(set);
    Ok(object(
        "Attributes",
        all(known, &listener.attributes, |_| None),
    ))
}
