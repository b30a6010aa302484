//! Samples of what an API is made of, and of who may call it.

use aws_sdk_route53::types as dns;
use gatestack::kinds::api_domain::MutualTls;
use gatestack::kinds::route::{Answer, Integration};
use gatestack::kinds::stage::{self, Throttle};
use gatestack::kinds::usage_plan::{self, Quota};
use gatestack::kinds::{HeaderValue, Resource};
use gatestack::model::{Address, OutputName, Text};

use super::stack::{Stack, route53, tag};
use super::{Sample, Way, fields};
use crate::support::scene::replace;

/// What an authorizer of another type asks.
const AUTHORIZER: &str = "api/authorizer";
const PROXIED: &str = r#"api.routes."GET /policies/{id}""#;
const PRIVATE: &str = r#"api.routes."GET /private""#;
const MOCKED: &str = r#"api.routes."GET /health""#;
const RESPONSE: &str = "api/default_4xx";
const STAGE: &str = "api/stage";
const LOG_GROUP: &str = "api.access_logs";
const DOMAIN: &str = "api.domain";
const MAPPING: &str = "api.domain.base_paths.v1";
const RECORD: &str = "api.domain/record";
const OWN_DOMAIN_RECORD: &str = "user_pool/own_domain/record";
const PLAN: &str = "plans.gold";
const SLOW: &str = "plans.slow";
const KEY: &str = "partners.acme/key";

pub(super) fn samples() -> Vec<Vec<Sample>> {
    vec![
        api(),
        authorizer(),
        routes(),
        responses(),
        deployment(),
        stage(),
        log_group(),
        domain(),
        mappings(),
        records(),
        plans(),
        keys(),
    ]
}

fn api() -> Vec<Sample> {
    fields! { "rest_api", RestApi;
        "name" at "api" => {|it, _| it.name = "yyy-api".into()}
        "description" at "api" => {|it, _| it.description = "for insurers".into()}
        "disable_default_endpoint" at "api" => {|it, _| it.disable_default_endpoint ^= true}
        "binary" at "api" => {|it, _| it.binary_media_types = ["image/*".to_owned(), "a/b".to_owned()].into()}
        "compression" at "api" => {|it, _| it.compression = Some(0)}
        "tls" with ["endpoint_access"] at "api" => {|it, _| {
            it.security_policy = "SecurityPolicy_TLS13_1_3_2025_09".into();
            it.endpoint_access_mode = Some("STRICT".into());
        }}
        "endpoint_access" with ["tls"] at "api" => {|it, _| {
            it.security_policy = "SecurityPolicy_TLS13_1_3_2025_09".into();
            it.endpoint_access_mode = Some("STRICT".into());
        }}
        "ip" at "api" => {|it, _| it.ip_address_type = "dualstack".into()}
        "keys_from_header" at "api" => {done |stack| {
            let update = stack.world.apigateway().update_rest_api();
            let update = update.rest_api_id(stack.id("api").await);
            update.patch_operations(replace("/apiKeySource", "AUTHORIZER")).send().await.unwrap();
        }}
        "tags" at "api" => {|it, _| tag(&mut it.tags)}
    }
}

fn authorizer() -> Vec<Sample> {
    fields! { "authorizer", Authorizer;
        "name" at AUTHORIZER => {|it, _| it.name = "renamed".into()}
        "user_pools" at AUTHORIZER => {|it, _| drop(it.user_pools.insert(
            "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_ZyXwVuTsR".into(),
        ))}
        "header" at AUTHORIZER => {|it, _| it.header = "X-Token".into()}
        "cache" at AUTHORIZER => {|it, _| it.cache_seconds = 0}
    }
}

fn routes() -> Vec<Sample> {
    fields! { "route", Route;
        "integration" with ["http", "timeout", "status", "headers", "body"] at PROXIED => {|it, _| {
            it.integration = Integration::Mock(Answer {
                status: 200,
                headers: [("X-Other".to_owned(), "1".to_owned())].into(),
                origins: Default::default(),
                body: "soon".into(),
                converts_to_text: false,
            });
        }}
        "http" at PROXIED => {|it, _| *proxied(&mut it.integration).0 = "http://other.example/{id}/x".into()}
        "http" at PROXIED => {|it, _| *proxied(&mut it.integration).0 = "http://other.example/all".into()}
        "via" at PRIVATE => {|it, _| *proxied(&mut it.integration).1 = None}
        "timeout" at PROXIED => {|it, _| *proxied(&mut it.integration).2 = 5_000}
        "send_headers" at PROXIED => {|it, _| match &mut it.integration {
            Integration::Http { send_headers, .. } => *send_headers = [
                ("X-Tenant".to_owned(), HeaderValue::Fixed("acme".into())),
                ("X-Accept".to_owned(), HeaderValue::Mapped { from: "method.request.header.Accept".into() }),
            ].into(),
            other => panic!("{other:?}"),
        }}
        "status" at MOCKED => {|it, _| mocked(&mut it.integration).status = 503}
        "headers" at MOCKED => {|it, _| drop(mocked(&mut it.integration).headers.insert("X-Other".into(), "1".into()))}
        "origins" at MOCKED => {|it, _| mocked(&mut it.integration).origins = ["https://a.example".to_owned()].into()}
        "body" at MOCKED => {|it, _| mocked(&mut it.integration).body = "#fine".into()}
        "content_handling" at MOCKED => {done |stack| {
            match stack.wanted(&Address::new(MOCKED)) {
                Resource::Route(props) => mocked(&mut props.integration).converts_to_text = true,
                other => panic!("{other:?}"),
            }
        }}
        "authorizer" with ["scopes"] at PROXIED => {|it, _| {
            it.authorizer = None;
            it.scopes.clear();
        }}
        "scopes" at PROXIED => {|it, _| it.scopes = ["payments/write".into(), "payments/admin".into()].into()}
        "api_key" at PROXIED => {|it, _| it.api_key ^= true}
    }
}

fn mocked(integration: &mut Integration) -> &mut Answer {
    match integration {
        Integration::Mock(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// The URL, the VPC link and the time-out.
fn proxied(integration: &mut Integration) -> (&mut Text, &mut Option<Text>, &mut i32) {
    match integration {
        Integration::Http {
            url,
            link,
            timeout_milliseconds,
            ..
        } => (url, link, timeout_milliseconds),
        other => panic!("{other:?}"),
    }
}

fn responses() -> Vec<Sample> {
    fields! { "gateway_response", GatewayResponse;
        "status" at RESPONSE => {|it, _| it.status = Some(418)}
        "headers" at RESPONSE => {|it, _| it.headers = [
            ("X-Other".to_owned(), HeaderValue::Fixed("1".into())),
            ("X-Id".to_owned(), HeaderValue::Mapped { from: "context.requestId".into() }),
        ].into()}
        "body" at RESPONSE => {|it, _| it.bodies = [("text/plain".to_owned(), "no".into())].into()}
    }
}

fn deployment() -> Vec<Sample> {
    fields! { "deployment", Deployment;
        "configuration" at "api/deployment" => {done |stack| {
            let deploy = stack.world.apigateway().create_deployment();
            let deploy = deploy.rest_api_id(stack.id("api").await).stage_name("prod");
            deploy.send().await.unwrap();
        }}
    }
}

fn stage() -> Vec<Sample> {
    fields! { "stage", Stage;
        "variables" at STAGE => {|it, _| it.variables = [("other".to_owned(), "1".into())].into()}
        "throttle" at STAGE => {|it, _| it.throttle = Some(Throttle { rate: 10.5, burst: 5 })}
        "throttle" at STAGE => {|it, _| it.throttle = None}
        "routes" at STAGE => {|it, _| {
            it.method_throttles = [(stage::method("GET", "/health"), Some(Throttle { rate: 0.0, burst: 5 }))].into();
        }}
        "routes" at STAGE => {done |stack| {
            // In another spelling, and beside a log level that stays.
            let all = ["/health/GET/throttling/rateLimit", "/~1private/GET/throttling/burstLimit"];
            let update = stack.world.apigateway().update_stage();
            let mut update = update.rest_api_id(stack.id("api").await).stage_name("prod");
            update = update.patch_operations(replace("/~1private/GET/metrics/enabled", "true"));
            for path in all {
                update = update.patch_operations(replace(path, "1"));
            }
            update.send().await.unwrap();
        }}
        "access_logs" at STAGE => {|it, _| it.access_logs.as_mut().unwrap().format = "$context.requestId".into()}
        "access_logs" at STAGE => {|it, _| it.access_logs = None}
        "tracing" at STAGE => {|it, _| it.tracing ^= true}
        "tags" at STAGE => {|it, _| tag(&mut it.tags)}
    }
}

fn log_group() -> Vec<Sample> {
    fields! { "log_group", LogGroup;
        "retention" at LOG_GROUP => {|it, _| it.retention_days = Some(90)}
        "retention" at LOG_GROUP => {|it, _| it.retention_days = None}
        "tags" at LOG_GROUP => {|it, _| tag(&mut it.tags)}
    }
}

fn domain() -> Vec<Sample> {
    fields! { "api_domain", ApiDomain;
        "certificate" at DOMAIN => {|it, things| it.certificate = things.certificate.as_str().into()}
        "tls" at DOMAIN => {|it, _| it.security_policy = "TLS_1_0".into()}
        "endpoint_access" with ["tls"] at DOMAIN => {|it, _| {
            it.security_policy = "SecurityPolicy_TLS13_1_3_2025_09".into();
            it.endpoint_access_mode = Some("STRICT".into());
        }}
        "ip" at DOMAIN => {|it, _| it.ip_address_type = "dualstack".into()}
        "mutual_tls" at DOMAIN => {|it, _| it.mutual_tls = Some(MutualTls {
            truststore: "s3://trust/store.pem".into(),
            version: Some("3".into()),
        })}
        "ownership_certificate" at DOMAIN => {|it, things| it.ownership_certificate = Some(things.certificate.as_str().into())}
        "tags" at DOMAIN => {|it, _| tag(&mut it.tags)}
    }
}

fn mappings() -> Vec<Sample> {
    fields! { "base_path_mapping", BasePathMapping;
        // The API's tags say it of a domain that the stack owns, as of one that it shared first.
        "existing" at MAPPING => {done |stack| {
            let digest = gatestack::model::digest("api.example.com".as_bytes());
            let mark = stack.world.apigateway().tag_resource();
            let mark = mark.resource_arn(stack.output("api", OutputName::Arn).await);
            let mark = mark.tags(format!("gatestack:domain:{}", &digest[..12]), "api.example.com");
            mark.send().await.unwrap();
        }}
        "base_path" at "api.domain.base_paths.v2" => {done |stack| {
            let to = Address::new("api.domain.base_paths.v2");
            stack.moved(MAPPING, &to);
            match stack.wanted(&to) {
                Resource::BasePathMapping(props) => props.base_path = "v2".into(),
                other => panic!("{other:?}"),
            }
        }}
        "stage" at MAPPING => {done |stack| {
            let (api, console) = (stack.id("api").await, stack.world.apigateway());
            let another = console.create_stage().rest_api_id(&api).stage_name("theirs");
            another.deployment_id(stack.id("api/deployment").await).send().await.unwrap();
            let lead = console.update_base_path_mapping();
            let lead = lead.domain_name("api.example.com").base_path("v1");
            lead.patch_operations(replace("/stage", "theirs")).send().await.unwrap();
        }}
    }
}

fn records() -> Vec<Sample> {
    fields! { "dns_record", DnsRecord;
        "alias" at OWN_DOMAIN_RECORD => {done |stack| {
            let (cognito, pool) = (stack.world.cognito(), stack.id("user_pool").await);
            let name = "auth.example.com";
            let delete = cognito.delete_user_pool_domain().user_pool_id(&pool).domain(name);
            delete.send().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
            let certificate = aws_sdk_cognitoidentityprovider::types::CustomDomainConfigType::builder()
                .certificate_arn(&stack.things.domain_certificate)
                .build()
                .unwrap();
            let again = cognito.create_user_pool_domain().user_pool_id(&pool).domain(name);
            again.custom_domain_config(certificate).send().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
        }}
        "alias_zone" with ["alias", "others"] at RECORD => {done |stack| { taken_over(stack).await; }}
        "others" with ["alias", "alias_zone"] at RECORD => {done |stack| { taken_over(stack).await; }}
    }
}

/// The name is pointed elsewhere by hand, and the file restores it.
async fn taken_over(stack: &mut Stack) {
    let elsewhere = dns::AliasTarget::builder()
        .dns_name("d111111abcdef8.cloudfront.net")
        .hosted_zone_id("Z2FDTNDATAQYW2")
        .evaluate_target_health(false)
        .build()
        .unwrap();
    let record = dns::ResourceRecordSet::builder()
        .name("api.example.com")
        .r#type(dns::RrType::A)
        .alias_target(elsewhere)
        .build()
        .unwrap();
    let change = dns::Change::builder()
        .action(dns::ChangeAction::Upsert)
        .resource_record_set(record)
        .build()
        .unwrap();
    let batch = dns::ChangeBatch::builder().changes(change).build().unwrap();
    let lead = route53(&stack.world).change_resource_record_sets();
    let lead = lead.hosted_zone_id(&stack.things.zone).change_batch(batch);
    lead.send().await.unwrap();
    stack.desired.adopt = stack.desired.adopt.and([Address::new(RECORD)]);
}

fn plans() -> Vec<Sample> {
    fields! { "usage_plan", UsagePlan;
        "name" at PLAN => {|it, _| it.name = "Renamed".into()}
        "description" at PLAN => {|it, _| it.description = "for insurers".into()}
        "throttle" at PLAN => {|it, _| it.throttle = Some(Throttle { rate: 1.5, burst: 2 })}
        "throttle" at PLAN => {|it, _| it.throttle = None}
        "quota" at PLAN => {|it, _| it.quota = Some(Quota { requests: 10, period: "WEEK".into(), offset: 6 })}
        "quota" at PLAN => {|it, _| it.quota = None}
        "stages" at SLOW => {|it, _| it.stages.clear()}
        "routes" at PLAN => {|it, _| {
            it.method_throttles = [(usage_plan::method("GET", "/health", "prod"), Throttle { rate: 0.0, burst: 5 })].into();
        }}
        "routes" at PLAN => {done |stack| {
            let api = stack.id("api").await;
            let path = format!("/apiStages/{api}:prod/throttle/~1health~1GET/rateLimit");
            let update = stack.world.apigateway().update_usage_plan();
            let update = update.usage_plan_id(stack.id(PLAN).await);
            update.patch_operations(replace(&path, "1")).send().await.unwrap();
        }}
        "tags" at PLAN => {|it, _| tag(&mut it.tags)}
    }
}

fn keys() -> Vec<Sample> {
    fields! { "api_key", ApiKey;
        "name" at KEY => {|it, _| it.name = "acme-re".into()}
        "description" at KEY => {|it, _| it.description = "an insurer".into()}
        "enabled" at KEY => {|it, _| it.enabled ^= true}
        "tags" at KEY => {|it, _| tag(&mut it.tags)}
    }
}
