//! A user pool's domains: one prefix domain and one custom domain.

use std::time::Duration;

use aws_facts::hosts;
use aws_facts::limits::cognito::{MOST_CUSTOM_DOMAINS, RESERVED_IN_PREFIX};
use aws_facts::regions;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal, seconds};
use super::super::state::Region;
use super::{Pool, State, invalid, limit, no_pool, not_in_tier, nothing, one, pool, pool_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("CreateUserPoolDomain", create),
    Operation::read("DescribeUserPoolDomain", describe),
    Operation::begin("UpdateUserPoolDomain", update),
    Operation::begin("DeleteUserPoolDomain", delete),
];

/// How long a prefix takes on AWS, and how long a custom domain.
const PREFIX_TAKES: Duration = Duration::from_secs(60);
const CUSTOM_TAKES: Duration = Duration::from_secs(5 * 60);

/// A domain, under its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Domain {
    /// The certificate's ARN, of a custom domain.
    certificate: Option<String>,
    managed_login_version: i64,
    /// CloudFront's name for it.
    distribution: String,
    version: String,
    /// What is under way, and until when.
    busy: (Busy, f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Busy {
    Creating,
    Updating,
    Deleting,
}

impl Domain {
    /// Whether it still exists at the time of the call.
    pub(super) fn exists(&self, call: &Call) -> bool {
        self.busy.0 != Busy::Deleting || call.seconds() < self.busy.1
    }

    /// Whether requests to it are answered at this time, also while it is updated.
    fn serves(&self, now: Timestamp) -> bool {
        let done = seconds(now) >= self.busy.1;
        match self.busy.0 {
            Busy::Creating => done,
            Busy::Updating => true,
            Busy::Deleting => false,
        }
    }

    fn status(&self, call: &Call) -> &'static str {
        match self.busy {
            (_, until) if call.seconds() >= until => "ACTIVE",
            (Busy::Creating, _) => "CREATING",
            (Busy::Updating, _) => "UPDATING",
            (Busy::Deleting, _) => "DELETING",
        }
    }

    fn takes(&self) -> Duration {
        if self.certificate.is_some() {
            CUSTOM_TAKES
        } else {
            PREFIX_TAKES
        }
    }

    fn answer(&self) -> Answer {
        let mut members = Object::from_iter([(
            "ManagedLoginVersion".to_owned(),
            json!(self.managed_login_version),
        )]);
        if self.certificate.is_some() {
            members.insert("CloudFrontDomain".into(), json!(self.distribution));
        }
        Ok(members)
    }
}

/// The ARNs of the CloudFront distributions in front of the domains that use a certificate.
pub(crate) fn using_certificate(state: &State, call: &Call, arn: &str) -> Vec<String> {
    let domains = state.pools.values().flat_map(|pool| pool.domains.values());
    domains
        .filter(|domain| domain.certificate.as_deref() == Some(arn) && domain.exists(call))
        .map(|domain| identifiers::distribution_arn(&call.account, &domain.distribution))
        .collect()
}

/// The name of the pool's custom domain, or of its prefix.
pub(super) fn name<'p>(pool: &'p Pool, call: &Call, custom: bool) -> Option<&'p str> {
    let mut domains = pool
        .domains
        .iter()
        .filter(|(_, domain)| domain.exists(call));
    domains
        .find(|(_, domain)| domain.certificate.is_some() == custom)
        .map(|(name, _)| name)
}

fn find<'r>(region: &'r Region, call: &Call, name: &str) -> Option<(&'r str, &'r Domain)> {
    let all = region
        .cognito
        .pools
        .iter()
        .filter_map(|(id, pool)| Some((id, pool.domains.get(name)?)));
    all.into_iter().find(|(_, domain)| domain.exists(call))
}

impl State {
    /// Whether a pool has a domain of this name, in whatever state that is.
    pub(crate) fn has_domain(&self, name: &str) -> bool {
        self.pools.values().any(|pool| pool.domains.contains(name))
    }

    /// The pool that answers requests to this domain now.
    pub(crate) fn pool_at(&self, name: &str, now: Timestamp) -> Option<&str> {
        let mut pools = self.pools.iter();
        let at = |pool: &Pool| {
            pool.domains
                .get(name)
                .is_some_and(|domain| domain.serves(now))
        };
        pools.find(|(_, pool)| at(pool)).map(|(id, _)| id)
    }

    /// The host name of the pool's domain that answers now: the custom one before the prefix.
    pub(crate) fn host_of(&self, pool: &str, region: &str, now: Timestamp) -> Option<String> {
        let mut serving: Vec<_> = self.pools.get(pool)?.domains.iter().collect();
        serving.retain(|(_, domain)| domain.serves(now));
        serving.sort_by_key(|(_, domain)| domain.certificate.is_none());
        serving
            .first()
            .map(|(name, domain)| match domain.certificate {
                Some(_) => (*name).to_owned(),
                None => hosts::pool_domain(name, region),
            })
    }
}

fn none() -> Refusal {
    invalid("No such domain or user pool exists.")
}

fn managed_login_version(call: &Call, pool: &Pool, before: i64) -> Result<i64, Refusal> {
    match call
        .input
        .get("ManagedLoginVersion")
        .and_then(Value::as_i64)
        .unwrap_or(before)
    {
        2 if pool.tier == "LITE" => Err(not_in_tier("Managed login", &pool.tier)),
        version @ (1 | 2) => Ok(version),
        version => Err(invalid(format!(
            "Invalid ManagedLoginVersion {version}. It must be 1 or 2."
        ))),
    }
}

/// The certificate in the input, which must be valid for CloudFront and this domain.
fn certificate(call: &Call) -> Result<Option<String>, Refusal> {
    let Some(config) = call.input.get("CustomDomainConfig") else {
        return Ok(None);
    };
    let arn = config["CertificateArn"].as_str().unwrap_or_default();
    let found = call.everywhere.regions.get(regions::GLOBAL);
    let found = found.and_then(|region| region.acm.certificate(arn));
    if !found.is_some_and(|found| found.is_issued(call) && found.covers(call.text("Domain"))) {
        return Err(invalid(
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.",
        ));
    }
    Ok(Some(arn.to_owned()))
}

fn check_prefix(prefix: &str) -> Result<(), Refusal> {
    let allowed = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
    };
    if prefix.is_empty()
        || !prefix.chars().all(allowed)
        || prefix.starts_with('-')
        || prefix.ends_with('-')
    {
        return Err(invalid(
            "The domain name contains an invalid character. Domain names can only contain lower-case letters, numbers, and hyphens. \
             Please enter a different name that follows this format: ^[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?$",
        ));
    }
    match RESERVED_IN_PREFIX
        .iter()
        .find(|word| prefix.contains(**word))
    {
        Some(word) => Err(invalid(format!(
            "Domain cannot contain reserved word: {word}"
        ))),
        None => Ok(()),
    }
}

/// The parent of a custom domain can't be a top-level domain. Whether it resolves is not checked here.
fn check_custom(name: &str) -> Result<(), Refusal> {
    let label = |label: &str| {
        let allowed = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
        };
        !label.is_empty()
            && label.chars().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.split('.').count() < 3 || !name.split('.').all(label) {
        return Err(invalid(
            "Custom domain is not a valid subdomain: Was not able to resolve a DNS A record for the parent domain or domain parent is a \
             top-level domain.",
        ));
    }
    Ok(())
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let wanted = call.text("Domain");
    let certificate = certificate(call)?;
    let found = pool(region, call)?;
    match certificate {
        Some(_) => check_custom(wanted)?,
        None => check_prefix(wanted)?,
    }
    if find(region, call, wanted).is_some() {
        return Err(invalid("Domain already associated with another user pool."));
    }
    if name(found, call, certificate.is_some()).is_some() {
        return Err(invalid("User pool already has a domain configured."));
    }
    let customs = region
        .cognito
        .pools
        .values()
        .filter(|pool| name(pool, call, true).is_some())
        .count();
    if certificate.is_some() && customs >= MOST_CUSTOM_DOMAINS {
        return Err(limit(format!(
            "A Region has at most {MOST_CUSTOM_DOMAINS} custom domains."
        )));
    }
    let takes = if certificate.is_some() {
        CUSTOM_TAKES
    } else {
        PREFIX_TAKES
    };
    let domain = Domain {
        managed_login_version: managed_login_version(call, found, 1)?,
        certificate,
        distribution: hosts::cloudfront(&identifiers::distribution()),
        version: call.now.strftime("%Y%m%d%H%M%S").to_string(),
        busy: (Busy::Creating, call.done_at(takes)),
    };
    let answer = domain.answer();
    pool_mut(region, call)?.domains.insert(wanted, domain);
    answer
}

/// A domain that isn't there is an empty description, not an error.
fn describe(region: &Region, call: &Call) -> Answer {
    let name = call.text("Domain");
    let Some((pool, domain)) = find(region, call, name) else {
        return one("DomainDescription", json!({}));
    };
    let certificate = domain
        .certificate
        .as_ref()
        .map_or_else(|| json!({}), |arn| json!({"CertificateArn": arn}));
    one(
        "DomainDescription",
        json!({
            "UserPoolId": pool,
            "AWSAccountId": call.account,
            "Domain": name,
            "S3Bucket": format!("aws-cognito-prod-{}-assets", call.region),
            "CloudFrontDistribution": domain.distribution,
            "Version": domain.version,
            "Status": domain.status(call),
            "CustomDomainConfig": certificate,
            "ManagedLoginVersion": domain.managed_login_version,
        }),
    )
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let certificate = certificate(call)?;
    let pool = pool_mut(region, call)?;
    let before = pool
        .domains
        .get(call.text("Domain"))
        .filter(|domain| domain.exists(call))
        .ok_or_else(none)?;
    if certificate.is_some() && before.certificate.is_none() {
        return Err(invalid(
            "CustomDomainConfig can only be updated for a custom domain.",
        ));
    }
    let updated = Domain {
        managed_login_version: managed_login_version(call, pool, before.managed_login_version)?,
        certificate: certificate.or_else(|| before.certificate.clone()),
        busy: (Busy::Updating, call.done_at(before.takes())),
        ..before.clone()
    };
    let answer = updated.answer();
    pool.domains.insert(call.text("Domain"), updated);
    answer
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let id = call.text("UserPoolId");
    let pool = region
        .cognito
        .pools
        .get_mut(id)
        .ok_or_else(|| no_pool(id))?;
    let domain = pool
        .domains
        .get_mut(call.text("Domain"))
        .filter(|domain| domain.exists(call))
        .ok_or_else(none)?;
    domain.busy = (Busy::Deleting, call.done_at(PREFIX_TAKES));
    // Deleted domains are never shown; drop those that are done.
    pool.domains.retain(|_, domain| domain.exists(call));
    nothing()
}
