//! Samples of what is in a user pool.

use gatestack::kinds::marks;
use gatestack::model::{Address, OutputName};

use super::stack::{Stack, tag};
use super::{Sample, Way, fields};

const DOMAIN: &str = "user_pool/domain";
const OWN_DOMAIN: &str = "user_pool/own_domain";
const SERVER: &str = "resource_servers.payments";
const WEB: &str = "app_clients.web";

pub(super) fn samples() -> Vec<Vec<Sample>> {
    vec![pool(), domains(), servers(), clients()]
}

fn pool() -> Vec<Sample> {
    fields! { "user_pool", UserPool;
        "name" at "user_pool" => {|it, _| it.name = "Others".into()}
        "tier" at "user_pool" => {|it, _| it.tier = "PLUS".into()}
        "deletion_protection" at "user_pool" => {|it, _| it.deletion_protection = false}
        "sign_up" at "user_pool" => {|it, _| it.sign_up = true}
        "password.min_length" at "user_pool" => {|it, _| it.password.min_length += 1}
        "password.lowercase" at "user_pool" => {|it, _| it.password.lowercase ^= true}
        "password.uppercase" at "user_pool" => {|it, _| it.password.uppercase ^= true}
        "password.digits" at "user_pool" => {|it, _| it.password.digits ^= true}
        "password.symbols" at "user_pool" => {|it, _| it.password.symbols ^= true}
        "password.temporary_days" at "user_pool" => {|it, _| it.password.temporary_days += 1}
        "tags" at "user_pool" => {|it, _| tag(&mut it.tags)}
    }
}

fn domains() -> Vec<Sample> {
    fields! { "user_pool_domain", UserPoolDomain;
        // One that was made by hand and is taken over.
        "mark" at DOMAIN => {done |stack| {
            unmark(stack, DOMAIN).await;
            stack.desired.adopt = stack.desired.adopt.and([Address::new(DOMAIN)]);
        }}
        "certificate" at OWN_DOMAIN => {|it, things| it.certificate = Some(things.certificate_everywhere.as_str().into())}
    }
}

fn servers() -> Vec<Sample> {
    fields! { "resource_server", ResourceServer;
        "mark" at SERVER => {done |stack| {
            unmark(stack, SERVER).await;
            stack.desired.adopt = stack.desired.adopt.and([Address::new(SERVER)]);
        }}
        "name" at SERVER => {|it, _| it.name = "Others".into()}
        "scopes" at SERVER => {|it, _| drop(it.scopes.insert("delete".into(), "delete".into()))}
    }
}

fn clients() -> Vec<Sample> {
    fields! { "app_client", AppClient;
        "mark" at WEB => {done |stack| {
            unmark(stack, WEB).await;
            stack.desired.adopt = stack.desired.adopt.and([Address::new(WEB)]);
        }}
        "name" at WEB => {|it, _| it.name = "web 2".into()}
        "flows" at WEB => {|it, _| drop(it.flows.insert("implicit".into()))}
        "auth_flows" at WEB => {|it, _| drop(it.auth_flows.insert("user_srp".into()))}
        "scopes" at WEB => {|it, _| drop(it.scopes.insert("payments/read".into()))}
        "callback_urls" at WEB => {|it, _| it.callback_urls = ["https://app.example.com/other".into()].into()}
        "logout_urls" at WEB => {|it, _| drop(it.logout_urls.insert("https://app.example.com/bye".into()))}
        "tokens.access" at WEB => {|it, _| it.access_token_seconds = 5_400}
        "tokens.id" at WEB => {|it, _| it.id_token_seconds = 5_400}
        "tokens.refresh" at WEB => {|it, _| it.refresh_token_seconds = 5_401}
    }
}

/// Takes a mark from the pool.
async fn unmark(stack: &Stack, address: &str) {
    let arn = stack.output("user_pool", OutputName::Arn).await;
    let untag = stack.world.cognito().untag_resource().resource_arn(arn);
    untag.tag_keys(marks::key(address)).send().await.unwrap();
}
