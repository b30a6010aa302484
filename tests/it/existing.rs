//! What the local AWS has before the first call: `local-aws.toml` beside the stack file, and `local serve --existing`.

use crate::support::program::{Folder, Ran, repository};

const PRODUCTION: [&str; 2] = ["--env", "prod"];

/// The example's folder as it is in the repository.
fn partner_api() -> Folder {
    let folder = Folder::with("");
    for file in ["stack.toml", "stack.prod.toml", "local-aws.toml"] {
        let from = repository("examples/partner-api").join(file);
        std::fs::copy(from, folder.path().join(file)).unwrap();
    }
    folder
}

fn with_existing(stack: &str, existing: &str) -> Folder {
    let folder = Folder::with(stack);
    std::fs::write(folder.path().join("local-aws.toml"), existing).unwrap();
    folder
}

fn done(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    ran
}

#[test]
fn the_example_works_in_production_too() {
    let folder = partner_api();
    let local = |arguments: &[&str]| done(folder.local(&[arguments, &PRODUCTION].concat()));
    let plan = local(&["plan"]);
    assert!(
        plan.stderr
            .contains("the local AWS has 1 certificate and 1 hosted zone from local-aws.toml"),
        "{}",
        plan.stderr
    );
    assert!(plan.stdout.contains("api.domain"), "{}", plan.stdout);
    local(&["apply", "--yes"]);
    let again = local(&["plan", "--detailed-exitcode"]);
    assert!(again.stdout.contains("No changes."), "{}", again.stdout);
    let target = local(&["output", "--raw", "api.domain.target"]).stdout;
    assert!(
        target.ends_with(".execute-api.ap-southeast-2.amazonaws.com\n"),
        "{target}"
    );
    let token = local(&["token", "acme"]).stdout;
    assert_eq!(token.split('.').count(), 3, "{token}");
    let call = local(&["call", "acme", "GET", "/health", "-i"]).stdout;
    assert!(call.starts_with("HTTP/1.1 200 OK"), "{call}");
    let verified = local(&["verify"]).stdout;
    assert!(verified.contains(" 0 differences"), "{verified}");
    assert!(
        verified.contains("GET /claims at api.example.com"),
        "{verified}"
    );
    let file = folder.path().join("stack.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    folder.write(&text.replace("rate = 50", "rate = 40"));
    local(&["apply", "--yes"]);
    local(&["destroy", "--confirm", "partner-api-prod"]);
    let state = folder.path().join(".gatestack/local.json");
    let left = std::fs::read_to_string(state).unwrap();
    let plan = local(&["plan"]).stdout;
    assert!(
        plan.contains("Plan: 40 to add, 0 to change, 0 to destroy."),
        "{plan}"
    );
    // What existed before still exists.
    assert!(left.contains("11111111-2222-3333-4444-555555555555") && left.contains("example.com."));
    // The stack without its overlay has nothing of it, and works as before.
    folder.write(&text);
    done(folder.local(&["apply", "--yes"]));
    done(folder.local(&["destroy", "--confirm", "partner-api"]));
}

const SHARED: &str = r#"
[stack]
name = "shared"
region = "eu-west-1"
[api]
name = "shared"
stage = "prod"
requires = "nothing"
[api.routes]
"GET /a" = { http = "http://a.example/a", via = "load_balancer" }
[load_balancer]
"#;

#[test]
fn load_balancers_instances_and_networks_can_be_there() {
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/everybodys/0123456789abcdef";
    let existing = format!(
        r#"
[[instances]]
id   = "i-0123456789abcdef0"
tags = {{ app = "claims" }}

[[vpcs]]
id   = "vpc-0123456789abcdef0"
cidr = "10.7.0.0/16"

[[subnets]]
id   = "subnet-0123456789abcdef0"
vpc  = "vpc-0123456789abcdef0"
zone = "eu-west-1a"
cidr = "10.7.1.0/24"
tags = {{ tier = "inner" }}

[[load_balancers]]
arn       = "{arn}"
listeners = {{ 80 = {{ to = 8080 }} }}
targets   = {{ instance_ids = ["i-0123456789abcdef0"] }}

[[load_balancers]]
name      = "named"
subnets   = ["subnet-0123456789abcdef0"]
listeners = {{ 80 = {{ to = 8080 }} }}
targets   = {{ ips = ["10.7.1.10"] }}
"#
    );
    let own = "listeners = { 80 = { to = 8080 } }\n";
    let private = "subnets = { vpc = \"default\", tags = { tier = \"private\" } }\n";
    for table in [
        format!("existing = \"{arn}\""),
        "existing = \"named\"".to_owned(),
        format!("{own}{private}targets = {{ instance_ids = [\"i-0123456789abcdef0\"] }}"),
        format!("{own}{private}targets = {{ instance_tags = {{ app = \"claims\" }} }}"),
        format!(
            "{own}subnets = [\"subnet-0123456789abcdef0\"]\ntargets = {{ ips = [\"10.7.1.10\"] }}"
        ),
        format!(
            "{own}subnets = {{ vpc = \"vpc-0123456789abcdef0\", tags = {{ tier = \"inner\" }} }}\n\
             targets = {{ ips = [\"10.7.1.10\"] }}"
        ),
    ] {
        let folder = with_existing(&format!("{SHARED}{table}\n"), &existing);
        folder.apply(&[]);
        let again = folder.plan(&[]);
        assert_eq!(
            again["changes"].as_array().map(Vec::len),
            Some(0),
            "{table}: {again}"
        );
        let destroyed = folder.local(&["destroy", "--confirm", "shared"]);
        assert_eq!(destroyed.code, 0, "{table}: {}", destroyed.stderr);
    }
}

#[test]
fn mistakes_have_their_place() {
    let said = |existing: &str| {
        let folder = with_existing(include_str!("../../stack.toml"), existing);
        let ran = folder.local(&["plan"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{existing}");
        ran.stderr.lines().next().unwrap_or_default().to_owned()
    };
    for (existing, expected) in [
        (
            "[[certificate]]\n",
            "error: local-aws.toml:1:3: unknown field `certificate`",
        ),
        (
            "[[hosted_zones]]\nnmae = \"x\"\n",
            "error: local-aws.toml:2:1: unknown field `nmae`",
        ),
        (
            "\n[[certificates]]\narn = \"x\"\nnames = []\n",
            "error: local-aws.toml:2:1: `x` is not an ARN",
        ),
        (
            "[[certificates]]\narn = \"arn:aws:acm:eu-west-1:999999999999:certificate/1\"\nnames = [\"a.example\"]\n",
            "error: local-aws.toml:1:1: `arn:aws:acm:eu-west-1:999999999999:certificate/1` is",
        ),
        (
            "[[vpcs]]\nid = \"vpc-01234567\"\ncidr = \"x\"\n",
            "error: local-aws.toml:1:1: `x` is not a block",
        ),
        (
            "[[load_balancers]]\n",
            "error: local-aws.toml:1:1: a load balancer has either an `arn` or",
        ),
        ("a = \n", "error: local-aws.toml:1:"),
    ] {
        let said = said(existing);
        assert!(said.starts_with(expected), "{existing}\n{said}\n{expected}");
    }
    let folder = Folder::with(include_str!("../../stack.toml"));
    std::fs::create_dir(folder.path().join("local-aws.toml")).unwrap();
    let ran = folder.local(&["plan"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr
            .starts_with("error: can't read local-aws.toml: it is a folder, not a file"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_local_aws_over_http_takes_the_file_too() {
    let folder = partner_api();
    folder.served(&["--existing", "local-aws.toml"], |url| {
        let at = |arguments: &[&str]| {
            let there = ["--endpoint-url", url, "--env", "prod"];
            done(folder.run(&[arguments, &there].concat()))
        };
        at(&["apply", "--yes"]);
        let again = at(&["plan"]);
        assert!(again.stdout.contains("No changes."), "{}", again.stdout);
        at(&["destroy", "--confirm", "partner-api-prod"]);
    });
    std::fs::write(
        folder.path().join("wrong.toml"),
        "[[vpcs]]\nid = \"vpc-01234567\"\ncidr = \"10.0.0.0/16\"\n",
    )
    .unwrap();
    let ran = folder.run(&[
        "local",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--existing",
        "wrong.toml",
    ]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(
        ran.stderr
            .starts_with("error: wrong.toml:1:1: it has no Region"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_list_longer_than_an_account_is_refused_at_once() {
    let line = |i: usize| format!("[[vpcs]]\nid = \"vpc-{i:08x}\"\ncidr = \"10.0.0.0/16\"\n");
    let folder = with_existing(
        include_str!("../../stack.toml"),
        &(0..100_000).map(line).collect::<String>(),
    );
    let ran = folder.local(&["plan"]);
    let flat = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        ran.code == 1 && flat.contains("lists 100000 things, and the local AWS takes at most 2000"),
        "{flat}"
    );
    assert!(ran.stderr.len() < 1_000, "{flat}");
}
