//! Messages about existing resources that the file refers to, word for word, from made-up responses.

use std::collections::BTreeSet;

use super::{Style, text};
use crate::kinds::lookups::{
    Certificate, ExistingInstance, ExistingLoadBalancer, ParentRecord, Subnet, Which, ZoneFault,
};
use crate::kinds::{Lookups, Queries};
use crate::stack::testing::{edited, read};
use crate::stack::{preflight, queries};

const ACCOUNT: &str = "123456789012";
const SUBNETS: &str = "subnets = [\"subnet-0000000a\", \"subnet-0000000b\"]\n";
const FOUND: &str =
    "subnets = { vpc = \"default\", tags = { tier = \"private\", team = \"claims\" } }\n";
const IPS: &str = "targets = { ips = [\"10.0.1.10\"] }\n";

/// A stack whose API goes through this load balancer.
fn road(lines: &str) -> String {
    edited(
        "[api.routes]",
        "[api.routes]\n\"GET /a\" = { http = \"http://a.example/a\", via = \"load_balancer\" }\n\
         \"GET /b\" = { http = \"https://a.example:8443/b\", via = \"load_balancer\" }",
    ) + "[load_balancer]\n"
        + lines
}

/// One that the file makes.
fn own(subnets: &str, targets: &str) -> String {
    road(&format!(
        "listeners = {{ 80 = {{ to = 80 }}, 8443 = {{ to = 8443 }} }}\n{subnets}{targets}"
    ))
}

fn told(stack: &str, lookups: &Lookups) -> String {
    let checked = read(stack).unwrap();
    assert!(checked.warnings.list().is_empty(), "{:?}", checked.warnings);
    let style = Style {
        colour: false,
        width: 80,
    };
    text(&preflight(&checked, ACCOUNT, lookups), style)
}

fn subnet(name: char, vpc: &str, public: bool) -> Subnet {
    Subnet {
        zone: format!("eu-central-1{name}"),
        id: format!("subnet-0000000{name}"),
        vpc: vpc.into(),
        public,
    }
}

fn two_subnets() -> Lookups {
    Lookups {
        vpc: Some("vpc-1".into()),
        subnets: vec![subnet('a', "vpc-1", false), subnet('b', "vpc-1", false)],
        ..Lookups::default()
    }
}

#[test]
fn what_is_sound_is_passed_over() {
    assert_eq!(told(&own(SUBNETS, IPS), &two_subnets()), "");
    assert_eq!(told(&own(FOUND, IPS), &two_subnets()), "");
}

#[test]
fn subnets() {
    let nothing = Lookups::default();
    insta::assert_snapshot!(told(&own(SUBNETS, IPS), &nothing));
    insta::assert_snapshot!(told(&own(FOUND, IPS), &nothing));
    let empty = Lookups {
        vpc: Some("vpc-1".into()),
        ..Lookups::default()
    };
    insta::assert_snapshot!(told(&own(FOUND, IPS), &empty));
    let with = |subnets: Vec<Subnet>| Lookups {
        subnets,
        ..two_subnets()
    };
    let two_vpcs = with(vec![
        subnet('a', "vpc-1", false),
        subnet('b', "vpc-2", false),
    ]);
    insta::assert_snapshot!(told(&own(SUBNETS, IPS), &two_vpcs));
    let public = with(vec![subnet('a', "vpc-1", true), subnet('b', "vpc-1", true)]);
    insta::assert_snapshot!(told(&own(SUBNETS, IPS), &public));
    let one_zone = with(vec![
        subnet('a', "vpc-1", false),
        Subnet {
            zone: "eu-central-1a".into(),
            ..subnet('b', "vpc-1", false)
        },
    ]);
    insta::assert_snapshot!(told(&own(SUBNETS, IPS), &one_zone));
    let one = with(vec![subnet('a', "vpc-1", false)]);
    insta::assert_snapshot!(told(&own(FOUND, IPS), &one));
}

#[test]
fn instances() {
    let instance = |id: &str, vpc: &str, state: &str| ExistingInstance {
        id: id.into(),
        vpc: vpc.into(),
        state: state.into(),
    };
    let ids = "targets = { instance_ids = [\"i-00000001\", \"i-00000002\", \"i-00000003\", \"i-00000004\"] }\n";
    let some = Lookups {
        instances: vec![
            instance("i-00000001", "vpc-2", "running"),
            instance("i-00000002", "vpc-1", "stopped"),
            instance("i-00000003", "vpc-1", "terminated"),
        ],
        ..two_subnets()
    };
    insta::assert_snapshot!(told(&own(SUBNETS, ids), &some));
    let tags = "targets = { instance_tags = { app = \"claims\" } }\n";
    insta::assert_snapshot!(told(&own(SUBNETS, tags), &two_subnets()));
}

#[test]
fn somebody_elses_load_balancer() {
    let sound = ExistingLoadBalancer {
        arn: "arn:x".into(),
        ports: vec![80, 8443],
        balancer_type: "network".into(),
        internal: true,
        state: "active".into(),
        security_groups: ["sg-1".to_owned()].into(),
        ..ExistingLoadBalancer::default()
    };
    let shared = |balancer: ExistingLoadBalancer| {
        let lookups = Lookups {
            load_balancer: Some(balancer),
            ..Lookups::default()
        };
        told(&road("existing = \"shared\"\n"), &lookups)
    };
    assert_eq!(shared(sound.clone()), "");
    insta::assert_snapshot!(told(&road("existing = \"shared\"\n"), &Lookups::default()));
    insta::assert_snapshot!(shared(ExistingLoadBalancer {
        balancer_type: "application".into(),
        ..sound.clone()
    }));
    insta::assert_snapshot!(shared(ExistingLoadBalancer {
        internal: false,
        ..sound.clone()
    }));
    insta::assert_snapshot!(shared(ExistingLoadBalancer {
        ports: vec![80],
        security_groups: BTreeSet::new(),
        ..sound.clone()
    }));
    insta::assert_snapshot!(shared(ExistingLoadBalancer {
        judges_private_link: true,
        open_ports: vec![(443, 9000)],
        ..sound
    }));
}

#[test]
fn certificates_and_names() {
    let own = "own_domain = { name = \"auth.example.com\", certificate = \"arn:aws:acm:us-east-1:${account.id}:certificate/1\", zone = \"example.com\" }";
    let domain = "[api.domain]\nname = \"api.example.com\"\ncertificate = \"arn:aws:acm:eu-central-1:123456789012:certificate/2\"\nzone = \"Z0123456789ABC\"\n[api.routes]";
    let stack = edited("domain = \"hello-${account.id}\"", own).replace("[api.routes]", domain);
    insta::assert_snapshot!(told(&stack, &Lookups::default()));
    let certificate = |status: &str, name: &str| Certificate {
        status: status.into(),
        origin: "AMAZON_ISSUED".into(),
        names: [name.to_owned()].into(),
    };
    let arn = |region: &str, number: u32| {
        format!("arn:aws:acm:{region}:123456789012:certificate/{number}")
    };
    let unsound = Lookups {
        certificates: [
            (
                arn("us-east-1", 1),
                certificate("PENDING_VALIDATION", "auth.example.com"),
            ),
            (
                arn("eu-central-1", 2),
                certificate("ISSUED", "*.example.org"),
            ),
        ]
        .into(),
        unusable_zones: [(
            "example.com".to_owned(),
            ZoneFault::Several(vec!["Z1".into(), "Z2".into()]),
        )]
        .into(),
        zone_names: [("Z0123456789ABC".to_owned(), "example.org".to_owned())].into(),
        parent: ParentRecord::Missing,
        ..Lookups::default()
    };
    insta::assert_snapshot!(told(&stack, &unsound));
    let sound = Lookups {
        certificates: [
            (
                arn("us-east-1", 1),
                certificate("ISSUED", "auth.example.com"),
            ),
            (
                arn("eu-central-1", 2),
                certificate("ISSUED", "*.example.com"),
            ),
        ]
        .into(),
        zone_names: [("Z0123456789ABC".to_owned(), "example.com".to_owned())].into(),
        parent: ParentRecord::There,
        ..Lookups::default()
    };
    assert_eq!(told(&stack, &sound), "");
    let shared = edited(
        "[api.routes]",
        "[api.domain]\nname = \"api.example.com\"\nexisting = true\n[api.routes]",
    );
    insta::assert_snapshot!(told(&shared, &Lookups::default()));
}

#[test]
fn only_what_the_file_needs_is_asked() {
    let asked = |text: &str| queries(&read(text).unwrap(), ACCOUNT);
    assert_eq!(asked(&edited("", "")), Queries::default());
    let subnets = Which::Ids(["subnet-0000000a".to_owned(), "subnet-0000000b".to_owned()].into());
    let road = asked(&own(SUBNETS, IPS));
    assert_eq!(
        road,
        Queries {
            subnets: Some(subnets),
            addresses: true,
            ..Queries::default()
        }
    );
    let own = "own_domain = { name = \"auth.example.com\", certificate = \"arn:aws:acm:us-east-1:${account.id}:certificate/1\" }";
    let pool = asked(&edited("domain = \"hello-${account.id}\"", own));
    assert_eq!(
        pool.certificates,
        ["arn:aws:acm:us-east-1:123456789012:certificate/1".to_owned()].into()
    );
    assert_eq!(pool.pool_domain.as_deref(), Some("auth.example.com"));
    assert_eq!(pool.of_identities(), Queries::default());
}

#[test]
fn mutual_tls_needs_a_certificate_of_acm() {
    let arn = |number: u32| format!("arn:aws:acm:eu-central-1:123456789012:certificate/{number}");
    let stack = |more: &str| {
        let domain = format!(
            "disable_default_endpoint = true\n[api.domain]\nname = \"api.example.com\"\ncertificate = \"{}\"\n\
             mutual_tls = {{ truststore = \"s3://trust/store.pem\" }}\n{more}\n[api.routes]",
            arn(2)
        );
        edited("[api.routes]", &domain)
    };
    let lookups = |own: &str, proof: &str| {
        let certificate = |origin: &str| Certificate {
            status: "ISSUED".into(),
            origin: origin.into(),
            names: ["api.example.com".to_owned()].into(),
        };
        Lookups {
            certificates: [(arn(2), certificate(own)), (arn(3), certificate(proof))].into(),
            ..Lookups::default()
        }
    };
    let proof = format!("ownership_certificate = \"{}\"", arn(3));
    let issued = lookups("AMAZON_ISSUED", "AMAZON_ISSUED");
    assert_eq!(told(&stack(""), &issued), "");
    let imported = lookups("IMPORTED", "AMAZON_ISSUED");
    assert_eq!(told(&stack(&proof), &imported), "");
    insta::assert_snapshot!(told(&stack(""), &imported));
    let twice = lookups("IMPORTED", "PRIVATE");
    insta::assert_snapshot!(told(&stack(&proof), &twice));
}
