//! Custom domains: certificates, hosted zones, existing domains, and the parent of Cognito's.

use aws_facts::arns::Arn;

use super::{Flight, listed};
use crate::kinds::lookups::{ParentRecord, ZoneFault};
use crate::stack::diagnostic::Code;
use crate::stack::expand;
use crate::stack::file::{ApiDomain, File, OwnDomain};
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

/// A certificate in the file, its place, and its host name if it is for one.
pub(super) struct Named {
    pub(super) arn: String,
    path: KeyPath,
    host: Option<String>,
}

/// The certificates whose ARNs are known before anything is created.
pub(super) fn certificates(file: &File, account: &str) -> Vec<Named> {
    let known = |text: &Template| expand::known(file, account, text);
    let mut named = Vec::new();
    let mut add = |path: KeyPath, arn: &Template, host: Option<String>| {
        named.extend(known(arn).map(|arn| Named { arn, path, host }));
    };
    if let Some(own) = pool_domain(file) {
        let path = KeyPath::from(["user_pool", "own_domain", "certificate"]);
        add(path, &own.certificate, known(&own.name));
    }
    if let Some(domain) = file.api.as_ref().and_then(|api| api.domain.as_ref())
        && let Some(arn) = &domain.certificate
    {
        let path = KeyPath::from(["api", "domain", "certificate"]);
        add(path, arn, Some(domain.name.clone()));
    }
    if let Some(domain) = file.api.as_ref().and_then(|api| api.domain.as_ref())
        && let Some(arn) = &domain.ownership_certificate
    {
        let path = KeyPath::from(["api", "domain", "ownership_certificate"]);
        add(path, arn, Some(domain.name.clone()));
    }
    for (port, listener) in file.load_balancer.iter().flat_map(|table| &table.listeners) {
        if let Some(arn) = &listener.certificate {
            let path = KeyPath::from(["load_balancer", "listeners", port, "certificate"]);
            add(path, arn, None);
        }
    }
    named
}

/// The user pool's own domain.
pub(super) fn pool_domain(file: &File) -> Option<&OwnDomain> {
    file.user_pool.as_ref()?.own_domain.as_ref()
}

pub(super) fn check(flight: &mut Flight<'_>) {
    for named in certificates(flight.file, flight.account) {
        certificate(flight, &named);
    }
    if let Some(own) = pool_domain(flight.file) {
        let path = KeyPath::from(["user_pool", "own_domain"]);
        if let (Some(zone), Some(name)) = (&own.zone, flight.known(&own.name)) {
            hosted_zone(flight, &path.join("zone"), zone, &name);
        }
        if flight.lookups.parent == ParentRecord::Missing {
            parent(flight, &path.join("name"), own);
        }
    }
    let Some(domain) = flight.file.api.as_ref().and_then(|api| api.domain.as_ref()) else {
        return;
    };
    let path = KeyPath::from(["api", "domain"]);
    if let Some(zone) = &domain.zone {
        hosted_zone(flight, &path.join("zone"), zone, &domain.name);
    }
    if domain.mutual_tls.is_some() {
        ownership(flight, &path, domain);
    }
    if domain.existing && flight.lookups.domain_target.is_none() {
        let message = format!(
            "API Gateway has no regional domain name `{}` in {}",
            domain.name, flight.file.stack.region
        );
        let help =
            "apply the stack that owns it first, or remove `existing` and give it a certificate";
        flight.error(Code::Absent, &path.join("name"), message, help);
    }
}

fn certificate(flight: &mut Flight<'_>, named: &Named) {
    let Named { arn, path, host } = named;
    let Some(found) = flight.lookups.certificates.get(arn) else {
        let region = Arn::parse(arn).map_or("", |arn| arn.region);
        let message = format!("ACM has no such certificate in {region}");
        let help =
            format!("`aws acm list-certificates --region {region}` lists those of this account");
        flight.error(Code::Absent, path, message, help);
        return;
    };
    let help = match found.status.as_str() {
        "ISSUED" => None,
        "PENDING_VALIDATION" => {
            Some("make the DNS record that ACM asks for, and wait until its status is ISSUED")
        }
        "EXPIRED" => Some("renew it, or name another one"),
        _ => Some("request another one for the same name"),
    };
    if let Some(help) = help {
        let message = format!(
            "the certificate is {}, and it can't be used until it is ISSUED",
            found.status
        );
        flight.error(Code::BadCertificate, path, message, help);
    } else if let Some(host) = host.as_ref().filter(|host| !found.covers(host)) {
        let names = listed(found.names.iter().map(String::as_str));
        let message = format!("the certificate is for {names}, not for {host}");
        let help = format!("request one for `{host}`");
        flight.error(Code::BadCertificate, path, message, help);
    }
}

/// For mutual TLS, API Gateway wants a public certificate of ACM as proof that the name is the caller's: the domain's own one, or
/// another beside it.
fn ownership(flight: &mut Flight<'_>, path: &KeyPath, domain: &ApiDomain) {
    let origin = |arn: &Option<Template>| {
        let arn = flight.known(arn.as_ref()?)?;
        let found = flight.lookups.certificates.get(&arn)?;
        (!found.is_public()).then(|| found.origin.clone())
    };
    let (own, proof) = (
        origin(&domain.certificate),
        origin(&domain.ownership_certificate),
    );
    if let Some(origin) = proof {
        let message = format!("the ownership certificate is {origin}, not issued by ACM");
        let help = format!("request a public one for `{}` from ACM", domain.name);
        let path = path.join("ownership_certificate");
        flight.error(Code::BadCertificate, &path, message, help);
    } else if let (Some(origin), None) = (own, &domain.ownership_certificate) {
        let message = format!(
            "the certificate is {origin}, and mutual TLS needs a public one of ACM beside it as proof of ownership"
        );
        let help = format!(
            "request one for `{}` and add `ownership_certificate = \"arn:aws:acm:…\"`",
            domain.name
        );
        flight.error(
            Code::BadCertificate,
            &path.join("certificate"),
            message,
            help,
        );
    }
}

fn hosted_zone(flight: &mut Flight<'_>, path: &KeyPath, zone: &str, name: &str) {
    let is_above = |above: &str| {
        name.strip_suffix(above)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let (code, message, help) = match flight.lookups.unusable_zones.get(zone) {
        Some(ZoneFault::Absent) => (
            Code::Absent,
            format!("Route 53 has no hosted zone `{zone}` in this account"),
            "name a zone of this account, or leave `zone` out and make the record where your DNS is".to_owned(),
        ),
        Some(ZoneFault::Private) => (
            Code::BadDomain,
            format!("the hosted zone `{zone}` is private: its records are visible in its VPCs only"),
            "name a public one".to_owned(),
        ),
        Some(ZoneFault::Several(ids)) => (
            Code::BadDomain,
            format!("{} public hosted zones are named `{zone}`", ids.len()),
            format!("name the one that your registrar points to by its id: {}", ids.join(", ")),
        ),
        None => match flight.lookups.zone_names.get(zone) {
            Some(above) if !is_above(above) => (
                Code::BadDomain,
                format!("the hosted zone `{zone}` is `{above}` and holds no records of `{name}`"),
                "name the zone that the domain's name ends with".to_owned(),
            ),
            _ => return,
        },
    };
    flight.error(code, path, message, help);
}

fn parent(flight: &mut Flight<'_>, path: &KeyPath, own: &OwnDomain) {
    let name = flight.known(&own.name).unwrap_or_default();
    let parent = name.split_once('.').map_or("", |(_, parent)| parent);
    let message = format!(
        "`{parent}` has no A record, and Cognito creates no domain below a name without one"
    );
    let help = format!("make an A record of `{parent}`; Cognito accepts any address in it");
    flight.error(Code::BadDomain, path, message, help);
}
