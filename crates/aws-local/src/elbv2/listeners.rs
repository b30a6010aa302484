//! Listeners: the ports of a load balancer, and where each forwards to.

use aws_facts::limits::elbv2::{GREATEST_WEIGHT, MOST_GROUPS_PER_ACTION, MOST_LISTENERS};
use serde_json::{Value, json};

use super::super::members::{object, optional, texts};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::arn::{self, Kind};
use super::pages::page;
use super::refusals::{configuration, not_here, refuse, validation};
use super::state::{Listener, number, target_groups};
use super::targets::FIRST_CHECKS;
use super::{certificates, tags, target_groups as groups};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("CreateListener", create).refusing(REFUSED),
    Operation::read("DescribeListeners", list),
    Operation::begin("ModifyListener", modify).refusing(REFUSED),
    Operation::change("DeleteListener", delete),
];

/// Members for application load balancers' listeners only, and unknown ones.
const REFUSED: &[&str] = &[
    "DefaultActions.AuthenticateOidcConfig",
    "DefaultActions.AuthenticateCognitoConfig",
    "DefaultActions.RedirectConfig",
    "DefaultActions.FixedResponseConfig",
    "DefaultActions.JwtValidationConfig",
    "MutualAuthentication",
    // Only in responses; what AWS does if it is sent is not documented.
    "Certificates.IsDefault",
];

const PROTOCOLS: &[&str] = &["TCP", "TLS", "UDP", "TCP_UDP"];

/// Protocols of a network load balancer that are not implemented.
const NOT_HERE: &[&str] = &["QUIC", "TCP_QUIC"];

const ALPN_POLICIES: &[&str] = &[
    "HTTP1Only",
    "HTTP2Only",
    "HTTP2Optional",
    "HTTP2Preferred",
    "None",
];

fn create(region: &mut Region, call: &Call) -> Answer {
    let load_balancer = call.text("LoadBalancerArn");
    region.elbv2.known_load_balancer(load_balancer)?;
    let Some(protocol) = optional(&call.input, "Protocol") else {
        return Err(validation("A listener protocol must be specified"));
    };
    let Some(port) = number(&call.input, "Port") else {
        return Err(validation("A listener port must be specified"));
    };
    let before = Listener {
        load_balancer: load_balancer.into(),
        port,
        protocol: protocol.into(),
        tags: tags::sent(call)?,
        ..Listener::default()
    };
    let wanted = over(region, call, before)?;
    let on_port = region
        .elbv2
        .listeners_of(load_balancer)
        .find(|(_, listener)| listener.port == port);
    if let Some((arn, existing)) = on_port {
        if same(existing, &wanted) {
            return Ok(answer(arn, existing));
        }
        return Err(refuse(
            "DuplicateListener",
            format!(
                "A listener already exists on this port for this load balancer '{load_balancer}'"
            ),
        ));
    }
    if region.elbv2.listeners_of(load_balancer).count() >= MOST_LISTENERS {
        return Err(refuse(
            "TooManyListeners",
            format!(
                "The maximum number of listeners has been reached on load balancer '{load_balancer}'"
            ),
        ));
    }
    let arn = arn::listener(load_balancer);
    put(region, call, &arn, wanted)
}

/// Whether creating it again changes nothing, which AWS accepts as the same request.
fn same(existing: &Listener, wanted: &Listener) -> bool {
    existing.protocol == wanted.protocol
        && existing.actions == wanted.actions
        && existing.certificates.first() == wanted.certificates.first()
        && existing.ssl_policy == wanted.ssl_policy
        && existing.alpn_policy == wanted.alpn_policy
        && existing.tags == wanted.tags
}

/// A listener with the call's settings merged, validated as a whole.
fn over(region: &Region, call: &Call, before: Listener) -> Result<Listener, Refusal> {
    let input = &call.input;
    let mut listener = before;
    if let Some(port) = number(input, "Port") {
        listener.port = port;
    }
    if let Some(protocol) = optional(input, "Protocol") {
        listener.protocol = protocol.into();
    }
    check_protocol(call, &listener.protocol)?;
    if input.contains_key("DefaultActions") {
        listener.actions = actions(call)?;
    }
    check_groups(region, &listener)?;
    let certificates = certificates::sent(region, call)?;
    if listener.protocol == "TLS" {
        secure(call, &mut listener, certificates)?;
    } else {
        let only_tls = ["SslPolicy", "AlpnPolicy", "Certificates"];
        if let Some(member) = only_tls.iter().find(|member| input.contains_key(**member)) {
            return Err(configuration(format!(
                "{member} cannot be specified for listeners with the protocol '{}'",
                listener.protocol
            )));
        }
        // A change from TLS to another protocol removes the TLS settings.
        listener.certificates.clear();
        listener.ssl_policy = None;
        listener.alpn_policy = None;
    }
    Ok(listener)
}

fn check_protocol(call: &Call, protocol: &str) -> Result<(), Refusal> {
    if PROTOCOLS.contains(&protocol) {
        return Ok(());
    }
    if NOT_HERE.contains(&protocol) {
        return Err(not_here("Protocol", protocol, call.operation));
    }
    Err(validation(format!(
        "Listener protocol '{protocol}' must be one of '{}'",
        PROTOCOLS.join(", ")
    )))
}

/// The TLS settings: exactly one certificate as the default, and a policy.
fn secure(call: &Call, listener: &mut Listener, sent: Vec<String>) -> Result<(), Refusal> {
    if sent.len() > 1 {
        return Err(validation(
            "Up to '1' certificate can be specified for a listener; add others with AddListenerCertificates",
        ));
    }
    if let Some(default) = sent.into_iter().next() {
        listener.certificates.retain(|known| *known != default);
        let others = listener.certificates.drain(..).skip(1);
        listener.certificates = std::iter::once(default).chain(others).collect();
    }
    if listener.certificates.is_empty() {
        return Err(validation(
            "A certificate must be specified for TLS listeners",
        ));
    }
    if let Some(policy) = optional(&call.input, "SslPolicy") {
        certificates::check_policy(policy)?;
        listener.ssl_policy = Some(policy.into());
    }
    listener
        .ssl_policy
        .get_or_insert_with(|| certificates::DEFAULT_POLICY.into());
    let alpn = texts(&call.input, "AlpnPolicy");
    match alpn[..] {
        [] => {}
        [policy] if ALPN_POLICIES.contains(&policy) => listener.alpn_policy = Some(policy.into()),
        _ => {
            return Err(refuse(
                "ALPNPolicyNotFound",
                format!("ALPN policy '{}' not found", alpn.join(", ")),
            ));
        }
    }
    Ok(())
}

/// The default actions in the input, as in responses: one `forward`, with AWS's defaults.
fn actions(call: &Call) -> Result<Vec<Value>, Refusal> {
    let list = call.input.get("DefaultActions").and_then(Value::as_array);
    let [action] = list.map(Vec::as_slice).unwrap_or_default() else {
        return Err(validation(
            "Exactly one default action must be specified for a listener of a network load balancer",
        ));
    };
    match action["Type"].as_str() {
        Some("forward") => {}
        other => {
            return Err(refuse(
                "InvalidLoadBalancerAction",
                format!(
                    "The action type '{}' is not supported for load balancers with type 'network'",
                    other.unwrap_or_default()
                ),
            ));
        }
    }
    let single = action["TargetGroupArn"].as_str();
    let config = &action["ForwardConfig"];
    let mut listed = Vec::new();
    for group in config["TargetGroups"].as_array().into_iter().flatten() {
        let weight = group["Weight"].as_u64().unwrap_or(1);
        if weight > GREATEST_WEIGHT || group["Weight"].as_i64().is_some_and(i64::is_negative) {
            return Err(validation(format!(
                "The weight of a target group must be in the range '0-{GREATEST_WEIGHT}'"
            )));
        }
        let arn = group["TargetGroupArn"].as_str().unwrap_or_default();
        listed.push((arn, weight));
    }
    match (single, listed.as_slice()) {
        (Some(arn), []) => listed.push((arn, 1)),
        (Some(arn), [(same, _)]) if arn == *same => {}
        (Some(_), _) => {
            return Err(validation(
                "If both TargetGroupArn and ForwardConfig are specified, they must name the same target group",
            ));
        }
        (None, []) => {
            return Err(validation(
                "A target group must be specified for the action type 'forward'",
            ));
        }
        (None, _) => {}
    }
    if listed.len() > MOST_GROUPS_PER_ACTION {
        return Err(refuse(
            "TooManyActions",
            format!("An action can forward to at most {MOST_GROUPS_PER_ACTION} target groups"),
        ));
    }
    let mut stickiness = json!({"Enabled": false});
    let sent = config["TargetGroupStickinessConfig"].as_object();
    for (member, value) in sent.into_iter().flatten() {
        stickiness[member.as_str()] = value.clone();
    }
    let named: Vec<_> = listed
        .iter()
        .map(|(arn, weight)| json!({"TargetGroupArn": arn, "Weight": weight}))
        .collect();
    let mut answer = json!({
        "Type": "forward",
        "Order": action["Order"].as_u64().unwrap_or(1),
        "ForwardConfig": {"TargetGroups": named, "TargetGroupStickinessConfig": stickiness},
    });
    if let [(arn, _)] = listed[..] {
        answer["TargetGroupArn"] = json!(arn);
    }
    Ok(vec![answer])
}

/// The groups must exist, fit the listener, and belong to no other load balancer.
fn check_groups(region: &Region, listener: &Listener) -> Result<(), Refusal> {
    let state = &region.elbv2;
    let vpc = &state.known_load_balancer(&listener.load_balancer)?.vpc;
    for arn in listener.actions.iter().flat_map(target_groups) {
        groups::check_fits(arn, state.target_group(arn)?, &listener.protocol, vpc)?;
        if state
            .users_of(arn)
            .any(|user| user != listener.load_balancer)
        {
            return Err(refuse(
                "TargetGroupAssociationLimit",
                format!(
                    "The following target groups cannot be associated with more than one load balancer: {arn}"
                ),
            ));
        }
    }
    Ok(())
}

/// Stores a listener. Targets of groups that had no listener before start their first checks.
fn put(region: &mut Region, call: &Call, arn: &str, listener: Listener) -> Answer {
    let state = &mut region.elbv2;
    let idle: Vec<_> = listener
        .target_groups()
        .filter(|group| state.users_of(group).next().is_none())
        .map(str::to_owned)
        .collect();
    for group in idle {
        for target in &mut state.target_group_mut(&group)?.targets {
            target.checked = call.done_at(FIRST_CHECKS);
        }
    }
    let answer = answer(arn, &listener);
    state.listeners.insert(arn, listener);
    Ok(answer)
}

fn answer(arn: &str, listener: &Listener) -> Object {
    object("Listeners", vec![Value::Object(describe(arn, listener))])
}

/// A listener in responses.
fn describe(arn: &str, listener: &Listener) -> Object {
    let mut answer = Object::from_iter(
        [
            ("ListenerArn", json!(arn)),
            ("LoadBalancerArn", json!(listener.load_balancer)),
            ("Port", json!(listener.port)),
            ("Protocol", json!(listener.protocol)),
            ("DefaultActions", json!(listener.actions)),
        ]
        .map(|(member, value)| (member.to_owned(), value)),
    );
    if let Some(certificate) = listener.certificates.first() {
        answer.insert(
            "Certificates".into(),
            json!([{"CertificateArn": certificate}]),
        );
    }
    if let Some(policy) = &listener.ssl_policy {
        answer.insert("SslPolicy".into(), json!(policy));
    }
    if let Some(policy) = &listener.alpn_policy {
        answer.insert("AlpnPolicy".into(), json!([policy]));
    }
    answer
}

fn list(region: &Region, call: &Call) -> Answer {
    let state = &region.elbv2;
    let load_balancer = optional(&call.input, "LoadBalancerArn");
    let arns = texts(&call.input, "ListenerArns");
    match (load_balancer, arns.is_empty()) {
        (None, true) => {
            return Err(validation(
                "You must specify either listener ARNs or a load balancer ARN",
            ));
        }
        (Some(_), false) => {
            return Err(validation(
                "Listener ARNs and a load balancer ARN cannot be specified at the same time",
            ));
        }
        (Some(arn), true) => {
            state.known_load_balancer(arn)?;
        }
        (None, false) => {}
    }
    for arn in &arns {
        Kind::Listener.check(arn)?;
    }
    if !arns.iter().all(|arn| state.listeners.contains(arn)) {
        return Err(refuse(
            "ListenerNotFound",
            "One or more listeners not found",
        ));
    }
    let rows = state
        .listeners
        .iter()
        .filter(|(arn, row)| match load_balancer {
            Some(wanted) => row.load_balancer == wanted,
            None => arns.contains(arn),
        })
        .map(|(arn, row)| (arn, describe(arn, row)));
    page(call, load_balancer.unwrap_or_default(), "Listeners", rows)
}

fn modify(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("ListenerArn");
    let before = region.elbv2.listener(arn)?.clone();
    let after = over(region, call, before)?;
    let port_taken = region
        .elbv2
        .listeners_of(&after.load_balancer)
        .any(|(other, listener)| other != arn && listener.port == after.port);
    if port_taken {
        return Err(validation(format!(
            "Listener port '{}' is already in use",
            after.port
        )));
    }
    put(region, call, arn, after)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("ListenerArn");
    region.elbv2.listener(arn)?;
    region.elbv2.listeners.remove(arn);
    Ok(Object::new())
}
