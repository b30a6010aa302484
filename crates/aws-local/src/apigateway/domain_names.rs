//! Custom domain names for public APIs.

use std::sync::LazyLock;
use std::time::Duration;

use aws_facts::arns;
use aws_facts::hosts::{self, CLOUDFRONT_ZONE, EXECUTE_API_ZONES};
use aws_facts::limits::apigateway::MOST_DOMAIN_NAMES;
use regex::Regex;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::domain_rules::{check_certificate, check_mutual_tls, check_security_policy};
use super::lists::page;
use super::patch::{ANY, Op, Patch, REPLACE, Rules, Takes, Words, patches, rule};
use super::refusals::{bad_request, conflict, limit_exceeded, not_found};
use super::state::{DomainName, State, date, members, object_mut, text, text_map};
use super::tags;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("CreateDomainName", create).refusing(&[
        "policy",
        "certificateBody",
        "certificatePrivateKey",
        "certificateChain",
    ]),
    Operation::read("GetDomainName", get).refusing(&["domainNameId"]),
    Operation::read("GetDomainNames", list),
    Operation::begin("UpdateDomainName", update).refusing(&["domainNameId"]),
    Operation::change("DeleteDomainName", delete).refusing(&["domainNameId"]),
];

const SETTINGS: &[&str] = &[
    "domainName",
    "certificateName",
    "certificateArn",
    "regionalCertificateName",
    "regionalCertificateArn",
    "endpointConfiguration",
    "securityPolicy",
    "endpointAccessMode",
    "mutualTlsAuthentication",
    "ownershipVerificationCertificateArn",
    "routingMode",
];

const RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/certificateName", ANY, Takes::Text),
        rule("/certificateArn", ANY, Takes::Text),
        rule("/regionalCertificateName", ANY, Takes::Text),
        rule("/regionalCertificateArn", ANY, Takes::Text),
        rule("/endpointConfiguration/ipAddressType", REPLACE, Takes::Text),
        rule("/endpointAccessMode", REPLACE, Takes::Text),
        rule("/mutualTlsAuthentication/truststoreUri", ANY, Takes::Text),
        rule(
            "/mutualTlsAuthentication/truststoreVersion",
            ANY,
            Takes::Text,
        ),
        rule("/routingMode", REPLACE, Takes::Text),
        rule("/securityPolicy", REPLACE, Takes::Text),
        rule("/ownershipVerificationCertificateArn", ANY, Takes::Text),
    ],
};

/// How long AWS takes to deploy an edge-optimized name.
const EDGE_TIME: Duration = Duration::from_secs(40 * 60);

/// How long AWS takes to move a name between edge and Regional, or to deploy another certificate. AWS documents no time; the
/// console shows it for about a minute.
const MOVE_TIME: Duration = Duration::from_secs(60);

/// "If you change your security policy, it takes about 15 minutes": API Gateway developer guide, "Choose a security policy for your
/// custom domain in API Gateway".
const POLICY_TIME: Duration = Duration::from_secs(15 * 60);

/// Settings whose change takes time.
const SPREAD: &[&str] = &[
    "endpointConfiguration",
    "certificateArn",
    "regionalCertificateArn",
    "securityPolicy",
    "endpointAccessMode",
    "mutualTlsAuthentication",
    "ownershipVerificationCertificateArn",
];

/// The Region whose Regional names are in this hosted zone.
pub(crate) fn region_of_zone(id: &str) -> Option<&'static str> {
    let row = EXECUTE_API_ZONES.iter().find(|(_, zone)| *zone == id);
    row.map(|(region, _)| *region)
}

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")
        .expect("it is a pattern")
});

pub(crate) fn no_domain() -> Refusal {
    not_found("Invalid domain name identifier specified")
}

/// The domain name that the call names.
pub(super) fn find<'s>(state: &'s State, call: &Call) -> Result<&'s DomainName, Refusal> {
    let domain = state.domain_names.get(call.text("domainName"));
    domain.ok_or_else(no_domain)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let name = call.text("domainName");
    if !NAME.is_match(name) || name.len() > 253 {
        return Err(bad_request(format!(
            "Invalid domain name specified: {name}"
        )));
    }
    let mut settings = members(call, SETTINGS);
    let endpoint = object_mut(&mut settings, "endpointConfiguration");
    endpoint.entry("types").or_insert(json!(["EDGE"]));
    if endpoint
        .get("types")
        .is_some_and(|types| types == &json!(["PRIVATE"]))
    {
        return Err(Refusal::not_implemented(
            "endpointConfiguration.types PRIVATE of apigateway:CreateDomainName",
        ));
    }
    endpoint.entry("ipAddressType").or_insert("ipv4".into());
    settings.entry("securityPolicy").or_insert("TLS_1_2".into());
    settings
        .entry("routingMode")
        .or_insert("BASE_PATH_MAPPING_ONLY".into());
    let arn = arns::api_gateway(&call.region, format_args!("domainnames/{name}"));
    settings.insert("domainNameArn".into(), arn.into());
    if state.domain_names.contains(name) {
        return Err(conflict("The domain name you provided already exists."));
    }
    if state.domain_names.len() >= MOST_DOMAIN_NAMES {
        return Err(limit_exceeded(
            "Maximum number of custom domain names for this account has been reached",
        ));
    }
    settle(&mut settings, &Object::new(), call)?;
    let tags = text_map(call, "tags");
    tags::check(&tags)?;
    let takes = if is(&settings, "EDGE") {
        EDGE_TIME
    } else {
        Duration::ZERO
    };
    let domain = DomainName {
        settings,
        tags,
        available: call.done_at(takes),
        ..DomainName::default()
    };
    let answer = describe(&domain, call, takes > Duration::ZERO);
    state.domain_names.insert(name, domain);
    Ok(tags::unless_empty(answer, &text_map(call, "tags")))
}

/// Whether the name has an endpoint of this type.
pub(crate) fn is(settings: &Object, kind: &str) -> bool {
    let types = settings
        .get("endpointConfiguration")
        .and_then(|endpoint| endpoint["types"].as_array());
    types.is_some_and(|types| types.iter().any(|known| known == kind))
}

/// Validates a domain name after a create or an update, and sets the names that DNS should point to. `before` are the settings
/// before an update: an accepted certificate is not checked again.
fn settle(settings: &mut Object, before: &Object, call: &Call) -> Result<(), Refusal> {
    let types = settings
        .get("endpointConfiguration")
        .and_then(|endpoint| endpoint["types"].as_array());
    if types.is_none_or(|types| types.is_empty() || types.iter().any(|kind| kind == "PRIVATE")) {
        return Err(bad_request(
            "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE",
        ));
    }
    for (kind, certificate) in [
        ("EDGE", "certificateArn"),
        ("REGIONAL", "regionalCertificateArn"),
    ] {
        let arn = text(settings, certificate);
        if !is(settings, kind) {
            if !arn.is_empty() {
                return Err(bad_request(format!(
                    "{certificate} is not supported for the endpoint types of this domain name"
                )));
            }
            continue;
        }
        if arn.is_empty() {
            return Err(bad_request(format!(
                "A certificate must be provided: {certificate}"
            )));
        }
        if arn != text(before, certificate) {
            check_certificate(kind, arn, call)?;
        }
    }
    check_mutual_tls(settings, before, call)?;
    check_security_policy(settings, before)?;
    targets(settings, call);
    Ok(())
}

fn targets(settings: &mut Object, call: &Call) {
    if is(settings, "EDGE") {
        settings
            .entry("distributionDomainName")
            .or_insert_with(|| hosts::cloudfront(&identifiers::distribution()).into());
        settings.insert("distributionHostedZoneId".into(), CLOUDFRONT_ZONE.into());
        settings
            .entry("certificateUploadDate")
            .or_insert(json!(date(call)));
    } else {
        for member in [
            "distributionDomainName",
            "distributionHostedZoneId",
            "certificateUploadDate",
        ] {
            settings.remove(member);
        }
    }
    if is(settings, "REGIONAL") {
        let region = &call.region;
        settings.entry("regionalDomainName").or_insert_with(|| {
            let id = identifiers::api_gateway();
            hosts::execute_api(&format!("d-{id}"), region).into()
        });
        let zone = EXECUTE_API_ZONES.iter().find(|(known, _)| known == region);
        let zone = zone.map_or("Z00000000000000000000", |(_, zone)| *zone);
        settings.insert("regionalHostedZoneId".into(), zone.into());
    } else {
        settings.remove("regionalDomainName");
        settings.remove("regionalHostedZoneId");
    }
}

/// A domain name in responses, without tags. `begun` says that this call made a change that takes time.
fn describe(domain: &DomainName, call: &Call, begun: bool) -> Object {
    let mut answer = domain.settings.clone();
    let pending = begun || call.seconds() < domain.available;
    let status = if pending { "UPDATING" } else { "AVAILABLE" };
    answer.insert("domainNameStatus".into(), status.into());
    answer
}

fn get(region: &Region, call: &Call) -> Answer {
    let domain = find(&region.apigateway, call)?;
    Ok(tags::always(describe(domain, call, false), &domain.tags))
}

fn list(region: &Region, call: &Call) -> Answer {
    if call.input.get("resourceOwner") == Some(&json!("OTHER_ACCOUNTS")) {
        // Only private names are shared between accounts.
        return page(call, "", std::iter::empty());
    }
    let rows = region.apigateway.domain_names.iter().map(|(name, domain)| {
        let answer = describe(domain, call, false);
        (name, tags::unless_empty(answer, &domain.tags))
    });
    page(call, "", rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let before = find(state, call)?;
    if call.seconds() < before.available {
        return Err(bad_request(
            "The domain name can't be modified while its status is UPDATING",
        ));
    }
    let mut settings = before.settings.clone();
    for patch in patches(call)? {
        apply(&patch, &mut settings)?;
    }
    settle(&mut settings, &before.settings, call)?;
    let differs = |member: &str| before.settings.get(member) != settings.get(member);
    let moved = SPREAD.iter().any(|member| differs(member));
    let takes = match differs("securityPolicy") || differs("endpointAccessMode") {
        true => POLICY_TIME,
        false => MOVE_TIME,
    };
    let domain = state.domain_names.get_mut(call.text("domainName"));
    let domain = domain.ok_or_else(no_domain)?;
    domain.settings = settings;
    if moved {
        domain.available = call.done_at(takes);
    }
    Ok(tags::always(describe(domain, call, moved), &domain.tags))
}

/// Endpoint types are list members, added by value or replaced; the rest is in the table.
fn apply(patch: &Patch, settings: &mut Object) -> Result<(), Refusal> {
    let place = match patch.parts()[..] {
        ["endpointConfiguration", "types"] => None,
        ["endpointConfiguration", "types", place] => Some(place.to_owned()),
        ["policy" | "managementPolicy"] => {
            return Err(Refusal::not_implemented(
                "policies of private domain names in apigateway:UpdateDomainName",
            ));
        }
        _ => return RULES.apply(patch, settings),
    };
    let value = patch.filled().map(str::to_owned);
    let endpoint = object_mut(settings, "endpointConfiguration");
    let known = endpoint.get("types").and_then(Value::as_array);
    let mut types: Vec<Value> = known.into_iter().flatten().cloned().collect();
    let at = |types: &[Value], which: &str| {
        let by_name = types.iter().position(|kind| kind == which);
        by_name.or_else(|| which.parse().ok().filter(|index| *index < types.len()))
    };
    match (patch.op, value, place) {
        (Op::Add, Some(value), _) if !types.contains(&json!(value)) => types.push(value.into()),
        (Op::Remove, value, place) => {
            let which = value.or(place).unwrap_or_default();
            if let Some(index) = at(&types, &which) {
                types.remove(index);
            }
        }
        (Op::Replace, Some(value), Some(place)) => {
            let index = at(&types, &place)
                .ok_or_else(|| bad_request(format!("Invalid patch path {}", patch.path)))?;
            types[index] = value.into();
        }
        (Op::Add, Some(_), _) => {}
        _ => return Err(bad_request(format!("Invalid patch path {}", patch.path))),
    }
    let valid = |kind: &Value| kind == "EDGE" || kind == "REGIONAL";
    if !types.iter().all(valid) {
        return Err(bad_request(
            "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE",
        ));
    }
    endpoint.insert("types".into(), types.into());
    Ok(())
}

/// The base path mappings are deleted with it.
fn delete(region: &mut Region, call: &Call) -> Answer {
    let domains = &mut region.apigateway.domain_names;
    if !domains.remove(call.text("domainName")) {
        return Err(no_domain());
    }
    Ok(Object::new())
}
