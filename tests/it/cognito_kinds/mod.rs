//! Round trips of the Cognito kinds: what is created is read as wanted, an update changes nothing else, and interrupted runs are
//! continued.

mod children;
mod clients;
mod look;
mod pool;

use std::collections::{BTreeMap, BTreeSet};

use aws_local::{Options, Pace, Service, connector};
use aws_sdk_cognitoidentityprovider as sdk;
use aws_sdk_cognitoidentityprovider::types as aws;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use gatestack::aws::{Connection, Endpoint};
use gatestack::clock::Clock;
use gatestack::kinds::{
    Live, Observation, Resource, api_key, app_client, marks, observe, resource_server, user_pool,
    user_pool_domain,
};
use gatestack::model::{Address, Book, OutputName, Text};

use crate::support::resources::WantedResources;

const SERVER: &str = "resource_servers.xxx-api";
const WEB: &str = "app_clients.web";
const DOMAIN: &str = "user_pool/domain";
const OWN_DOMAIN: &str = "user_pool/own_domain";
const CLIENT: &str = "partners.acme/client";
const KEY: &str = "partners.acme/key";

fn id(of: &str) -> Text {
    Text::output(&Address::new(of), OutputName::Id)
}

fn set<T: From<&'static str> + Ord>(items: &[&'static str]) -> BTreeSet<T> {
    items.iter().copied().map(T::from).collect()
}

fn pool(world: &WantedResources) -> user_pool::Props {
    user_pool::Props {
        name: "XXX Users".into(),
        tier: "ESSENTIALS".into(),
        deletion_protection: true,
        sign_up: false,
        sign_in: None,
        password: user_pool::Password {
            min_length: 8,
            lowercase: true,
            uppercase: true,
            digits: true,
            symbols: true,
            temporary_days: 7,
        },
        tags: world.desired.context.tags_of(&Address::new("user_pool")),
        marks: BTreeMap::new(),
    }
}

fn domain(address: &str, domain: &str, certificate: Option<&str>) -> Resource {
    Resource::UserPoolDomain(user_pool_domain::Props {
        user_pool: id("user_pool"),
        mark: address.into(),
        domain: domain.into(),
        certificate: certificate.map(Text::from),
    })
}

fn server(address: &str, identifier: &str) -> Resource {
    Resource::ResourceServer(resource_server::Props {
        user_pool: id("user_pool"),
        mark: address.into(),
        marked_on: None,
        identifier: identifier.into(),
        name: "XXX".into(),
        scopes: BTreeMap::from([("read".to_owned(), "read".into())]),
    })
}

fn web(address: &str) -> app_client::Props {
    app_client::Props {
        user_pool: id("user_pool"),
        mark: app_client::Mark::OnPool(address.into()),
        marked_on: None,
        name: "web".into(),
        flows: set(&["code"]),
        auth_flows: set(&["refresh_token"]),
        scopes: set(&["openid"]),
        callback_urls: set(&["https://app.example.com/callback"]),
        logout_urls: BTreeSet::new(),
        secret: false,
        access_token_seconds: 3_600,
        id_token_seconds: 3_600,
        refresh_token_seconds: 30 * 86_400,
    }
}

fn partner_client(name: &'static str, key: &str) -> Resource {
    Resource::AppClient(app_client::Props {
        mark: app_client::Mark::on_key(id(key)),
        marked_on: None,
        name: name.into(),
        flows: set(&["client_credentials"]),
        scopes: set(&["xxx-api/read"]),
        callback_urls: BTreeSet::new(),
        secret: true,
        ..web("")
    })
}

fn key(world: &WantedResources, name: &str, address: &str) -> Resource {
    Resource::ApiKey(api_key::Props {
        name: name.into(),
        description: "".into(),
        enabled: true,
        value_from: None,
        tags: world.desired.context.tags_of(&Address::new(address)),
        marks: [(marks::CLIENT_TAG.to_owned(), marks::CREATING.to_owned())].into(),
    })
}

/// Has the partner's key say from its create call on that its client is coming, as a stack file does.
fn announce_the_client(world: &mut WantedResources) {
    world.change(KEY, |resource| {
        if let Resource::ApiKey(key) = resource {
            let mark = (marks::CLIENT_TAG.to_owned(), marks::CREATING.to_owned());
            key.marks = BTreeMap::from([mark]);
        }
    });
}

/// Nothing but a pool.
async fn only_a_pool() -> WantedResources {
    let mut world = WantedResources::new().await;
    let props = pool(&world);
    world.want("user_pool", Resource::UserPool(props));
    world
}

/// A pool with one of everything that can be in it.
async fn full() -> WantedResources {
    let mut world = only_a_pool().await;
    world.want(DOMAIN, domain(DOMAIN, "xxx-123456789012", None));
    world.want(SERVER, server(SERVER, "xxx-api"));
    world.want(WEB, Resource::AppClient(web(WEB)));
    let acme = key(&world, "acme", KEY);
    world.want(KEY, acme);
    world.want(CLIENT, partner_client("acme", KEY));
    let children = world.desired.resources.iter();
    let marks = children
        .filter_map(|(address, wanted)| marks::of(address, &wanted.resource))
        .collect();
    world.change("user_pool", |resource| of_pool(resource).marks = marks);
    world
}

fn of_pool(resource: &mut Resource) -> &mut user_pool::Props {
    let Resource::UserPool(props) = resource else {
        panic!("not a pool")
    };
    props
}

fn of_client(resource: &mut Resource) -> &mut app_client::Props {
    let Resource::AppClient(props) = resource else {
        panic!("not a client")
    };
    props
}

fn of_server(resource: &mut Resource) -> &mut resource_server::Props {
    let Resource::ResourceServer(props) = resource else {
        panic!("not a resource server")
    };
    props
}

/// The same AWS through another client, like the console.
fn console(world: &WantedResources) -> sdk::Client {
    let config = sdk::Config::builder()
        .behavior_version_latest()
        .region(sdk::config::Region::new("eu-west-1"))
        .credentials_provider(sdk::config::Credentials::new(
            "console", "console", None, None, "console",
        ))
        .http_client(connector(world.service.clone()))
        .build();
    sdk::Client::from_conf(config)
}

fn output(observation: &Observation, address: &str, name: OutputName) -> String {
    observation.live[&Address::new(address)].outputs[&name].clone()
}

async fn pool_id(world: &WantedResources) -> String {
    output(&world.look().await, "user_pool", OutputName::Id)
}

async fn marks_of(world: &WantedResources, console: &sdk::Client) -> BTreeMap<String, String> {
    let described = console
        .describe_user_pool()
        .user_pool_id(pool_id(world).await)
        .send()
        .await
        .expect("a pool");
    let tags: BTreeMap<_, _> = described
        .user_pool
        .and_then(|pool| pool.user_pool_tags)
        .unwrap_or_default()
        .into_iter()
        .collect();
    marks::read(&tags)
        .into_iter()
        .map(|(address, value)| (address.to_string(), value))
        .collect()
}

async fn delete(world: &WantedResources, address: &str) {
    let observation = world.look().await;
    let address = Address::new(address);
    observation.live[&address]
        .delete(&world.connection.writer(), &address)
        .await
        .expect("it to go");
}

async fn create_unmarked(console: &sdk::Client, pool: &str, name: &str, secret: bool) -> String {
    let made = console
        .create_user_pool_client()
        .user_pool_id(pool)
        .client_name(name)
        .generate_secret(secret)
        .send()
        .await
        .expect("a client");
    made.user_pool_client
        .and_then(|client| client.client_id)
        .expect("an id")
}
