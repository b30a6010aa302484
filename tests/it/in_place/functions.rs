//! Samples of functions, their roles, and what lets the API invoke them.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use gatestack::code::{Code, Origin};
use gatestack::kinds::function::Variable;
use gatestack::kinds::function_alias::Version;

use super::stack::{Stack, lambda, tag};
use super::{Sample, Way, fields};

const FUNCTION: &str = "functions.hello";
const ALIAS: &str = "functions.hello/alias";
const ROLE: &str = "functions.hello/role";
const PERMISSION: &str = r#"api.routes."GET /hello"/permission"#;
const SHARED: &str = "functions.other/permission";
const ROUTE: &str = r#"api.routes."GET /hello""#;

pub(super) fn samples() -> Vec<Vec<Sample>> {
    vec![function(), alias(), role(), permission(), route()]
}

fn function() -> Vec<Sample> {
    fields! { "function", Function;
        "code" at FUNCTION => {done |stack| {
            let other = Origin::Folder("examples/access-logs".into());
            let other = Code::read(&other).unwrap().unwrap().archive().unwrap();
            let update = lambda(&stack.world).update_function_code();
            let update = update.function_name("claims-hello").zip_file(Blob::new(other));
            update.send().await.unwrap();
            settled(stack).await;
        }}
        "role" at FUNCTION => {|it, _| {
            it.role = gatestack::model::Text::output(
                &gatestack::model::Address::new("functions.other/role"),
                gatestack::model::OutputName::Arn,
            );
        }}
        "runtime" at FUNCTION => {|it, _| it.runtime = "nodejs22.x".into()}
        "handler" at FUNCTION => {|it, _| it.handler = Some("index.other".into())}
        "memory" at FUNCTION => {|it, _| it.memory_mb = 256}
        "timeout" at FUNCTION => {|it, _| it.timeout_seconds = 10}
        "environment" at FUNCTION => {|it, _| {
            it.environment.insert("MORE".into(), Variable::Text("more".into()));
        }}
        "architecture" at FUNCTION => {|it, _| it.architecture = "arm64".into()}
        "layers" at FUNCTION => {|it, _| {
            it.layers = vec!["arn:aws:lambda:eu-west-1:580247275435:layer:LambdaInsightsExtension:14".into()];
        }}
        "tracing" at FUNCTION => {|it, _| it.tracing = true}
        "subnets" with ["security_groups"] at FUNCTION => {|it, things| {
            it.subnets = [things.subnet.as_str().into()].into();
            it.security_groups = [things.security_group.as_str().into()].into();
        }}
        "security_groups" with ["subnets"] at FUNCTION => {|it, things| {
            it.subnets = [things.subnet.as_str().into()].into();
            it.security_groups = [things.security_group.as_str().into()].into();
        }}
        "concurrency" at FUNCTION => {|it, _| it.concurrency = Some(5)}
        "active" at FUNCTION => {just_made}
        "tags" at FUNCTION => {|it, _| tag(&mut it.tags)}
    }
}

fn alias() -> Vec<Sample> {
    fields! { "function_alias", FunctionAlias;
        "version" at ALIAS => {|it, _| it.version = Version::Of(Some("0123456789abcdef".into()))}
        "weights" at ALIAS => {done |stack| {
            let lambda = lambda(&stack.world);
            let update = lambda.update_function_configuration();
            let update = update.function_name("claims-hello").description("by hand");
            update.send().await.unwrap();
            settled(stack).await;
            let publish = lambda.publish_version().function_name("claims-hello");
            let published = publish.send().await.unwrap().version.unwrap();
            let weights = AliasRoutingConfiguration::builder();
            let weights = weights.additional_version_weights(published, 0.1).build();
            let update = lambda.update_alias().function_name("claims-hello").name("live");
            update.routing_config(weights).send().await.unwrap();
        }}
    }
}

/// Waits until the function's last change is done.
async fn settled(stack: &Stack) {
    for _ in 0..100 {
        let look = lambda(&stack.world).get_function_configuration();
        let look = look.function_name("claims-hello").send().await.unwrap();
        if look
            .last_update_status
            .is_some_and(|it| it.as_str() == "Successful")
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    panic!("the function's change does not end");
}

fn role() -> Vec<Sample> {
    fields! { "function_role", FunctionRole;
        "trust" at ROLE => {|it, _| it.trust = it.trust.replace("lambda.amazonaws.com", "edgelambda.amazonaws.com")}
        "policies" at ROLE => {|it, _| {
            it.policies.insert("stack".into(), r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#.into());
        }}
        "attached" at ROLE => {|it, _| {
            it.attached.insert("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole".into());
        }}
        "tags" at ROLE => {|it, _| tag(&mut it.tags)}
    }
}

fn permission() -> Vec<Sample> {
    fields! { "function_permission", FunctionPermission;
        "stages" at PERMISSION => {|it, _| drop(it.stages.insert("next".into()))}
        "methods" at SHARED => {|it, _| drop(it.methods.insert("*/more".into()))}
    }
}

fn route() -> Vec<Sample> {
    fields! { "route", Route;
        "function" at ROUTE => {|it, _| {
            if let gatestack::kinds::route::Integration::Function { function, .. } = &mut it.integration {
                *function = gatestack::model::Text::output(
                    &gatestack::model::Address::new("functions.other"),
                    gatestack::model::OutputName::Arn,
                );
            }
        }}
    }
}
