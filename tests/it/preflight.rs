//! Messages about subnets, certificates and other existing resources, before anything is planned, on the local AWS.

use aws_local::Service;
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::support::program::Folder;
use crate::support::screen::screen;

const REGION: &str = "eu-central-1";

/// A stack whose routes go through the load balancer of these lines.
fn stack(load_balancer: &str) -> String {
    format!(
        "[stack]\nname   = \"road\"\nregion = \"{REGION}\"\n\n[api]\nname  = \"road\"\nstage = \"prod\"\n\n[api.routes]\n\
         \"GET /policies\" = {{ http = \"http://api.example.com/policies\", via = \"load_balancer\" }}\n\n[load_balancer]\n{load_balancer}\n"
    )
}

const TARGETS: &str =
    "listeners = { 80 = { to = 8080 } }\ntargets   = { ips = [\"172.31.128.10\"] }";

/// The AWS of a folder, through another client.
fn aws(folder: &Folder) -> Service {
    let path = folder.path().join(".gatestack/local.json");
    Service::at_file(&path, aws_local::Options::default()).unwrap()
}

fn client(service: &Service) -> SharedHttpClient {
    aws_local::connector(service.clone())
}

fn ec2(folder: &Folder) -> aws_sdk_ec2::Client {
    let config = aws_sdk_ec2::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_ec2::config::Region::new(REGION))
        .credentials_provider(aws_sdk_ec2::config::Credentials::from_keys(
            "someone", "else", None,
        ))
        .http_client(client(&aws(folder)))
        .build();
    aws_sdk_ec2::Client::from_conf(config)
}

fn acm(folder: &Folder, region: &'static str) -> aws_sdk_acm::Client {
    let config = aws_sdk_acm::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_acm::config::Region::new(region))
        .credentials_provider(aws_sdk_acm::config::Credentials::from_keys(
            "someone", "else", None,
        ))
        .http_client(client(&aws(folder)))
        .build();
    aws_sdk_acm::Client::from_conf(config)
}

/// What the plan says of a file: mistakes and warnings, up to the plan itself.
fn told(folder: &Folder, file: &str) -> String {
    folder.write(file);
    let ran = folder.local(&["plan"]);
    if ran.code == 0 {
        return format!("{}--- exit 0\n", ran.stderr);
    }
    screen(&ran)
}

/// The ids of the default VPC's subnets that every VPC's default subnets are, by zone.
async fn public_subnets(folder: &Folder) -> Vec<String> {
    let default = Filter::builder()
        .name("default-for-az")
        .values("true")
        .build();
    let answer = ec2(folder).describe_subnets().filters(default);
    let found = answer.send().await.unwrap().subnets.unwrap();
    let mut ids: Vec<_> = found
        .into_iter()
        .map(|subnet| (subnet.availability_zone.unwrap(), subnet.subnet_id.unwrap()))
        .collect();
    ids.sort();
    ids.into_iter().map(|(_, id)| id).collect()
}

#[tokio::test]
async fn the_default_network_has_a_private_road() {
    let folder = Folder::with("");
    let found = "subnets = { vpc = \"default\", tags = { tier = \"private\" } }";
    let plan = told(&folder, &stack(&format!("{found}\n{TARGETS}")));
    assert_eq!(plan, "--- exit 0\n");
}

#[tokio::test]
async fn addresses_are_in_subnets_or_outside_the_vpc() {
    let folder = Folder::with("");
    let found = "subnets = { vpc = \"default\", tags = { tier = \"private\" } }";
    let file = |ip: &str| {
        stack(&format!(
            "{found}\n{}",
            TARGETS.replace("172.31.128.10", ip)
        ))
    };
    // A subnet of the VPC that the load balancer is not in.
    assert_eq!(told(&folder, &file("172.31.16.10")), "--- exit 0\n");
    let no_subnet = told(&folder, &file("172.31.200.10"));
    assert!(no_subnet.contains("but in none of its"), "{no_subnet}");
    assert!(no_subnet.contains("172.31.144.0/20"), "{no_subnet}");
    assert!(!no_subnet.contains("exit 0"), "{no_subnet}");
    let outside = told(&folder, &file("10.9.8.7"));
    assert!(outside.contains("`10.9.8.7` is outside vpc-"), "{outside}");
    assert!(outside.contains("exit 0"), "{outside}");
    // AWS registers it with the zone `all`, and a second plan has nothing to do.
    let applied = folder.local(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let again = folder.local(&["plan", "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "{}{}", again.stdout, again.stderr);
}

#[tokio::test]
async fn public_subnets_are_worth_a_word() {
    let folder = Folder::with("");
    let ids = public_subnets(&folder).await;
    let subnets = format!("subnets = [\"{}\", \"{}\"]", ids[0], ids[1]);
    insta::assert_snapshot!(told(&folder, &stack(&format!("{subnets}\n{TARGETS}"))));
}

#[tokio::test]
async fn subnets_of_two_vpcs_are_refused() {
    let folder = Folder::with("");
    let ec2 = ec2(&folder);
    let made = ec2.create_vpc().cidr_block("10.9.0.0/16").send().await;
    let vpc = made.unwrap().vpc.unwrap().vpc_id.unwrap();
    let tier = TagSpecification::builder()
        .resource_type(ResourceType::Subnet)
        .tags(Tag::builder().key("tier").value("private").build())
        .build();
    let made = ec2
        .create_subnet()
        .vpc_id(&vpc)
        .cidr_block("10.9.1.0/24")
        .availability_zone("eu-central-1b")
        .tag_specifications(tier)
        .send()
        .await
        .unwrap();
    let other = made.subnet.unwrap().subnet_id.unwrap();
    let first = &public_subnets(&folder).await[0];
    let subnets = format!("subnets = [\"{first}\", \"{other}\"]");
    let told_of = told(&folder, &stack(&format!("{subnets}\n{TARGETS}")));
    // The other VPC's ids differ from run to run.
    insta::assert_snapshot!(
        told_of
            .replace(&vpc, "vpc-OTHER")
            .replace(&other, "subnet-OTHER")
    );
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let folder = Folder::with("");
    let absent = "subnets = [\"subnet-0000000a\", \"subnet-0000000b\"]";
    insta::assert_snapshot!(told(&folder, &stack(&format!("{absent}\n{TARGETS}"))));
    let tagged = "subnets = { vpc = \"default\", tags = { tier = \"secret\" } }";
    insta::assert_snapshot!(told(&folder, &stack(&format!("{tagged}\n{TARGETS}"))));
    insta::assert_snapshot!(told(&folder, &stack("existing = \"shared\"")));
    let ids = "targets = { instance_ids = [\"i-00000001\"] }\nlisteners = { 80 = { to = 8080 } }";
    let found = "subnets = { vpc = \"default\", tags = { tier = \"private\" } }";
    insta::assert_snapshot!(told(&folder, &stack(&format!("{found}\n{ids}"))));
}

#[tokio::test]
async fn certificates_are_looked_at() {
    let folder = Folder::with("");
    let domain = |arn: &str| {
        let table = format!(
            "[api.domain]\nname        = \"api.example.com\"\ncertificate = \"{arn}\"\nzone        = \"example.com\"\n\n[api.routes]"
        );
        include_str!("../../stack.toml").replace("[api.routes]", &table)
    };
    let absent =
        "arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";
    insta::assert_snapshot!(told(&folder, &domain(absent)));
    let asked = acm(&folder, REGION)
        .request_certificate()
        .domain_name("api.example.org")
        .validation_method(aws_sdk_acm::types::ValidationMethod::Dns);
    let pending = asked.send().await.unwrap().certificate_arn.unwrap();
    let told_of = told(&folder, &domain(&pending));
    insta::assert_snapshot!(told_of.replace(&pending, absent));
    let elsewhere = absent.replace("eu-central-1", "us-east-1");
    insta::assert_snapshot!(told(&folder, &domain(&elsewhere)));
    let issued =
        crate::support::certificates::issued(&aws(&folder), REGION, "www.example.com").await;
    let told_of = told(&folder, &domain(&issued));
    insta::assert_snapshot!(told_of.replace(&issued, absent));
}

#[tokio::test]
async fn a_port_needs_a_listener() {
    let folder = Folder::with("");
    let lines = "subnets   = { vpc = \"default\", tags = { tier = \"private\" } }\n\
                 listeners = { 8080 = { to = 8080 } }\ntargets   = { ips = [\"172.31.128.10\"] }";
    insta::assert_snapshot!(told(&folder, &stack(lines)));
}

#[tokio::test]
async fn what_is_gone_keeps_nobody_from_deleting() {
    let absent = "subnets = [\"subnet-0000000a\", \"subnet-0000000b\"]";
    let folder = Folder::with(&stack(&format!("{absent}\n{TARGETS}")));
    assert_eq!(folder.local(&["apply", "--yes"]).code, 1);
    let destroyed = folder.local(&["destroy", "--confirm", "road"]);
    assert_eq!(destroyed.code, 0, "{}", destroyed.stderr);
    assert_eq!(folder.local(&["plan", "--destroy"]).code, 0);
}
