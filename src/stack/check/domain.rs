//! `[api.domain]`, and the hosted zones of custom domains.

use std::sync::LazyLock;

use aws_facts::limits::apigateway::{LONGEST_BASE_PATH, MOST_MULTI_LEVEL_MAPPINGS};
use aws_facts::patterns;
use regex::Regex;

use super::Judge;
use super::certificates::Taker;
use crate::stack::diagnostic::Code;
use crate::stack::file::{Api, ApiDomain, EndpointAccess, MutualTls, TlsPolicy};
use crate::stack::spans::KeyPath;

/// What only the owner of a domain decides.
const OWNERS: [&str; 7] = [
    "certificate",
    "ownership_certificate",
    "tls",
    "endpoint_access",
    "ip",
    "mutual_tls",
    "zone",
];

pub(super) fn check(judge: &mut Judge<'_>) {
    let Some(api) = &judge.file.api else { return };
    let path = KeyPath::from(["api", "domain"]);
    match &api.domain {
        Some(domain) => own(judge, &path, api, domain),
        None => nowhere(judge, &path, api),
    }
}

/// Whether a text is a host name with a dot in it, in lower case.
pub(super) fn is_host(text: &str) -> bool {
    static HOST: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(patterns::HOST).expect("the pattern is constant"));
    HOST.is_match(text)
}

impl Judge<'_> {
    /// Refuses an endpoint access mode without a policy that has one: AWS requires it with the enhanced ones, and takes it with no
    /// other.
    pub(super) fn endpoint_access(
        &mut self,
        table: &KeyPath,
        tls: TlsPolicy,
        access: Option<EndpointAccess>,
    ) {
        let path = table.join("endpoint_access");
        if access.is_none() || tls.is_enhanced() || !self.usable(table.join("tls")) {
            return;
        }
        let message = "`endpoint_access` needs a security policy that has it";
        let help = "add `tls = \"1.3\"`, or remove `endpoint_access`";
        self.error(Code::WrongValue, &path, message, help);
    }

    /// Refuses an invalid hosted zone, and a zone that can't contain this name's record.
    pub(super) fn zone(&mut self, domain: &KeyPath, zone: &str, name: &str) {
        static ID: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(patterns::HOSTED_ZONE_ID).expect("the pattern is constant")
        });
        let path = domain.join("zone");
        if ID.is_match(zone) {
            return;
        }
        let bare = zone.strip_suffix('.').unwrap_or(zone);
        if !is_host(bare) {
            let message = format!("`{zone}` is neither the name nor the id of a hosted zone");
            let help =
                "write the zone's name, such as `example.com`, or its id, such as `Z0123456789ABC`";
            self.error(Code::BadDomain, &path, message, help);
            return;
        }
        let is_inside = name == bare
            || name
                .strip_suffix(bare)
                .is_some_and(|before| before.ends_with('.'));
        let is_host = is_host(name.strip_prefix("*.").unwrap_or(name));
        if !is_inside && is_host && self.usable(domain.join("name")) {
            let message = format!("the zone `{bare}` holds no records of `{name}`");
            let help = "name the zone that the domain's name ends with";
            self.error(Code::BadDomain, &path, message, help);
        }
    }
}

fn own(judge: &mut Judge<'_>, path: &KeyPath, api: &Api, domain: &ApiDomain) {
    let name = path.join("name");
    let host = domain.name.strip_prefix("*.").unwrap_or(&domain.name);
    if !(is_host(host) && domain.name.len() <= 255) {
        let message = format!(
            "`{}` is not a host name that API Gateway takes",
            domain.name
        );
        let help = "write one such as `api.example.com`, in lower case";
        judge.error(Code::BadDomain, &name, message, help);
    }
    if domain.existing {
        for key in OWNERS {
            if !judge.has(path.join(key)) {
                continue;
            }
            let message =
                format!("`{key}` can't be set on a domain that this stack does not manage");
            let help = format!("remove `{key}`, or `existing`");
            judge.key_error(Code::BadDomain, &path.join(key), message, help);
        }
    } else if judge.lacks(path.join("certificate")) && judge.usable(path.join("existing")) {
        let message = "the domain has no certificate";
        let help = "add `certificate = \"arn:aws:acm:…\"`, or `existing = true` for a domain that this stack does not \
                    manage";
        judge.error(Code::MissingKey, path, message, help);
    }
    if let Some(arn) = &domain.certificate {
        let taker = Taker::Regional("a regional API");
        judge.certificate(&path.join("certificate"), arn, &taker);
    }
    if let Some(arn) = &domain.ownership_certificate {
        let here = path.join("ownership_certificate");
        judge.certificate(&here, arn, &Taker::Regional("a regional API"));
        if judge.lacks(path.join("mutual_tls")) {
            let message = "an ownership certificate has no effect without `mutual_tls`";
            let help = "remove it, or add `mutual_tls = { truststore = \"s3://…\" }`";
            judge.warning(Code::NoEffect, &here, message, help);
        }
    }
    if let Some(zone) = &domain.zone {
        judge.zone(path, zone, &domain.name);
    }
    judge.endpoint_access(path, domain.tls, domain.endpoint_access);
    base_paths(judge, path, domain);
    if let Some(mutual) = &domain.mutual_tls {
        mutual_tls(judge, path, api, domain, mutual);
    }
}

fn base_paths(judge: &mut Judge<'_>, path: &KeyPath, domain: &ApiDomain) {
    static BASE_PATH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(patterns::BASE_PATH).expect("the pattern is constant"));
    let list = path.join("base_paths");
    for base_path in &domain.base_paths {
        // API Gateway's own word for it.
        let is_whole = base_path == "(none)";
        let (message, help) = if base_path.is_empty() || is_whole {
            (
                match is_whole {
                    true => "the base path `(none)` is the whole domain".to_owned(),
                    false => "a base path is empty".to_owned(),
                },
                "leave `base_paths` out where the whole domain is this API's".to_owned(),
            )
        } else if base_path.split('/').any(str::is_empty) {
            (
                format!("the base path `{base_path}` has an empty level"),
                "write a slash only between two levels, as in `v1/orders`".to_owned(),
            )
        } else if !BASE_PATH.is_match(base_path) {
            (
                format!("API Gateway refuses the base path `{base_path}`"),
                "allowed are letters, digits and `$ - _ . + ! * ' ( )`, and `/` between two levels"
                    .to_owned(),
            )
        } else if base_path.len() > LONGEST_BASE_PATH {
            (
                format!("the base path has {} characters", base_path.len()),
                format!("API Gateway allows {LONGEST_BASE_PATH}"),
            )
        } else {
            continue;
        };
        judge.element_error(Code::BadDomain, &list, base_path, message, help);
    }
    let mut levels = domain
        .base_paths
        .iter()
        .filter(|path| path.contains('/') && BASE_PATH.is_match(path));
    let Some(multi_level) = levels.next() else {
        return;
    };
    let several = 1 + levels.count();
    if several > MOST_MULTI_LEVEL_MAPPINGS {
        let message = format!("the domain has {several} base paths with several levels");
        let help = format!("API Gateway allows {MOST_MULTI_LEVEL_MAPPINGS}");
        judge.error(Code::TooMany, &list, message, help);
    }
    // "For a Regional custom domain name with the TLS 1.2 security policy, API Gateway supports multi-level API mappings": API Gateway
    // developer guide, "Use API mappings to connect API stages to a custom domain name for REST APIs". Its other policies with TLS
    // 1.2 or 1.3 are newer than the sentence; that they do is inferred.
    if domain.tls == TlsPolicy::Tls10 {
        let message = format!(
            "API Gateway has base paths with several levels, such as `{multi_level}`, only with TLS 1.2 or later"
        );
        let help = "remove `tls`, or write base paths of one level";
        judge.error(Code::BadDomain, &path.join("tls"), message, help);
    }
}

fn mutual_tls(
    judge: &mut Judge<'_>,
    path: &KeyPath,
    api: &Api,
    domain: &ApiDomain,
    mutual: &MutualTls,
) {
    static OBJECT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(patterns::S3_OBJECT).expect("the pattern is constant"));
    let table = path.join("mutual_tls");
    if !OBJECT.is_match(&mutual.truststore) {
        let message = format!("`{}` is not an object in S3", mutual.truststore);
        let help = "write `s3://BUCKET/KEY`, a file of certificates in PEM";
        judge.error(Code::BadUrl, &table.join("truststore"), message, help);
    }
    if domain.tls.is_enhanced() {
        let message = format!(
            "AWS has no mutual TLS with the security policy {}",
            domain.tls.policy()
        );
        let help = "write `tls = \"1.2\"`, which takes TLS 1.3 too, or remove `mutual_tls`";
        judge.error(Code::BadDomain, &path.join("tls"), message, help);
    }
    if domain.tls == TlsPolicy::Tls10 {
        let message = "API Gateway asks callers for certificates only with TLS 1.2";
        let help = "remove `tls`, or `mutual_tls`";
        judge.error(Code::BadDomain, &path.join("tls"), message, help);
    }
    let switch = ["api", "disable_default_endpoint"];
    if !api.disable_default_endpoint && judge.usable(switch) && judge.usable(&table) {
        let message = "callers need no certificate at the API's own address, which stays open";
        let help = "add `disable_default_endpoint = true` to `[api]`";
        judge.warning(Code::NoEffect, &table, message, help);
    }
}

/// An API without any URL.
fn nowhere(judge: &mut Judge<'_>, path: &KeyPath, api: &Api) {
    if api.disable_default_endpoint && judge.lacks(path) {
        let message = "the API has no other address than this one, so it can't be called";
        let help = "add `[api.domain]`, or remove the line";
        let switch = KeyPath::from(["api", "disable_default_endpoint"]);
        judge.warning(Code::NoEffect, &switch, message, help);
    }
}

#[cfg(test)]
mod tests {
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{codes, edited};

    fn domain(lines: &str) -> Vec<Code> {
        codes(&edited(
            "[api.routes]",
            &format!("disable_default_endpoint = true\n[api.domain]\n{lines}\n[api.routes]"),
        ))
    }

    const SOUND: &str = "name = \"api.example.com\"\n\
        certificate = \"arn:aws:acm:${stack.region}:123456789012:certificate/1\"";

    #[test]
    fn a_domain_has_a_name_and_a_certificate() {
        assert_eq!(domain(SOUND), []);
        assert_eq!(domain(&SOUND.replace("api.", "*.")), []);
        assert_eq!(
            domain(&SOUND.replace("api.example.com", "Api.example.com")),
            [Code::BadDomain]
        );
        assert_eq!(
            domain(&SOUND.replace("${stack.region}", "us-east-1")),
            [Code::BadArn]
        );
        assert_eq!(domain("name = \"api.example.com\""), [Code::MissingKey]);
        assert_eq!(domain("name = \"api.example.com\"\nexisting = true"), []);
        assert_eq!(
            domain(&format!("{SOUND}\nexisting = true")),
            [Code::BadDomain]
        );
    }

    #[test]
    fn base_paths_have_levels() {
        let paths = |paths: &str| domain(&format!("{SOUND}\nbase_paths = [{paths}]"));
        let long = |length: usize| "a/".repeat(150)[..length].to_owned() + "b";
        let (longest, longer) = (long(299), long(300));
        assert_eq!(
            paths(&format!(
                "\"v1\", \"v2.0\", \"(a)\", \"v1/orders/new\", \"a{}\"",
                &longest[1..]
            )),
            []
        );
        for bad in ["", "(none)", "/a", "a/", "a//b", "/", "a b", "a/ä", &longer] {
            assert_eq!(paths(&format!("\"{bad}\"")), [Code::BadDomain], "{bad}");
        }
    }

    #[test]
    fn base_paths_with_levels_need_tls_1_2_and_are_counted() {
        let with = |tls: &str, paths: &str| {
            domain(&format!("{SOUND}\ntls = \"{tls}\"\nbase_paths = [{paths}]"))
        };
        for (tls, path, wanted) in [
            ("1.0", "\"v1\"", &[][..]),
            ("1.0", "\"v1/a\"", &[Code::BadDomain][..]),
            ("1.2", "\"v1/a\"", &[]),
            ("1.3", "\"v1/a\"", &[]),
        ] {
            assert_eq!(with(tls, path), wanted, "{tls} {path}");
        }
        let many = |count: usize| {
            (0..count)
                .map(|n| format!("\"a/{n}\", "))
                .collect::<String>()
        };
        assert_eq!(with("1.2", &(many(200) + "\"v1\"")), []);
        assert_eq!(with("1.2", &many(201)), [Code::TooMany]);
    }

    #[test]
    fn a_zone_is_the_one_above_the_name() {
        let zone = |zone: &str| domain(&format!("{SOUND}\nzone = \"{zone}\""));
        for good in [
            "example.com",
            "api.example.com",
            "example.com.",
            "Z0123456789ABC",
        ] {
            assert_eq!(zone(good), [], "{good}");
        }
        for bad in ["example.org", "ample.com", "x y", "z1"] {
            assert_eq!(zone(bad), [Code::BadDomain], "{bad}");
        }
    }

    #[test]
    fn an_ownership_certificate_is_for_mutual_tls() {
        let with = |line: &str| domain(&format!("{SOUND}\n{line}"));
        let proof = |region: &str| {
            format!("ownership_certificate = \"arn:aws:acm:{region}:123456789012:certificate/2\"")
        };
        let mutual = "mutual_tls = { truststore = \"s3://trust/store.pem\" }";
        let plain = with(mutual);
        let both = |region: &str| with(&format!("{}\n{mutual}", proof(region)));
        assert_eq!(both("eu-central-1"), plain);
        assert!(both("us-east-1").contains(&Code::BadArn));
        assert_eq!(with(&proof("eu-central-1")), [Code::NoEffect]);
    }

    #[test]
    fn mutual_tls_takes_tls_1_2_and_no_way_around() {
        let with = |more: &str| domain(&format!("{SOUND}\n{more}"));
        assert_eq!(
            with("mutual_tls = { truststore = \"s3://trust/store.pem\" }"),
            []
        );
        assert_eq!(
            with("mutual_tls = { truststore = \"trust/store.pem\" }"),
            [Code::BadUrl]
        );
        assert_eq!(
            with("tls = \"1.0\"\nmutual_tls = { truststore = \"s3://trust/store.pem\" }"),
            [Code::BadDomain]
        );
        let open = edited(
            "[api.routes]",
            &format!(
                "[api.domain]\n{SOUND}\nmutual_tls = {{ truststore = \"s3://trust/store.pem\" }}\n[api.routes]"
            ),
        );
        assert_eq!(codes(&open), [Code::NoEffect]);
    }

    #[test]
    fn an_api_needs_an_address() {
        let text = edited("stage    =", "disable_default_endpoint = true\nstage =");
        assert_eq!(codes(&text), [Code::NoEffect]);
    }
}
