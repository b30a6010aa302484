//! An app client's secrets: one that Cognito keeps in Secrets Manager, two of them, and none.

use gatestack::engine::{Planned, Purpose, Silent};
use gatestack::model::Address;
use gatestack::plan::Options;
use serde_json::{Value, json};

use crate::support::program::Folder;
use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, desired, stack_of};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cognito/client-AbCdEf";

/// A partner's client as AWS describes it whose secret is in Secrets Manager.
fn described(pool: &str, client: &str) -> String {
    let client = json!({
        "UserPoolId": pool,
        "ClientId": client,
        "ClientName": "insurer0",
        "ClientSecretArn": ARN,
        "CreationDate": 1_900_000_000,
        "LastModifiedDate": 1_900_000_000,
        "RefreshTokenValidity": 30,
        "AccessTokenValidity": 1,
        "IdTokenValidity": 1,
        "TokenValidityUnits": { "AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days" },
        "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["xxx-api/read"],
        "AllowedOAuthFlowsUserPoolClient": true,
        "EnableTokenRevocation": true,
        "AuthSessionValidity": 3,
    });
    json!({ "UserPoolClient": client }).to_string()
}

/// A stack, its pool, and its partner's client.
async fn applied() -> (World, String, String) {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let pool = world.id(&text, "user_pool").await;
    let client = world.id(&text, "partners.insurer0/client").await;
    (world, pool, client)
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_secrets_manager_is_read_there() {
    let (world, pool, client) = applied().await;
    let read = async |stored: Fate| {
        let description = described(&pool, &client);
        let stored = std::sync::Mutex::new(Some(stored));
        let wire = Wire::to(&world, move |_, operation| match operation {
            "DescribeUserPoolClient" => Fate::Told(description.clone()),
            "GetSecretValue" => stored.lock().unwrap().take().unwrap(),
            _ => Fate::Arrives,
        });
        let connection = world.connection_through(wire).await;
        connection.credentials().client_secret(&pool, &client).await
    };
    let holds = |text: Value| Fate::Told(json!({ "SecretString": text.to_string() }).to_string());
    let stored =
        json!({ "userPoolId": pool, "userPoolClientId": client, "clientSecretValue": "s3cr3t" });
    let secret = read(holds(stored)).await.unwrap().unwrap();
    assert_eq!(secret.value.expose(), "s3cr3t");
    assert_eq!(secret.stored_at.as_deref(), Some(ARN));

    let refused = read(Fate::Refused(400, "AccessDeniedException", "not allowed")).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.operation, "GetSecretValue");
    assert!(
        refused.message.contains(ARN) && refused.message.contains("not allowed"),
        "{refused}"
    );
    let empty = read(holds(json!({ "userPoolId": pool })))
        .await
        .unwrap_err();
    assert!(empty.message.contains("no `clientSecretValue`"), "{empty}");
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_secret_is_in_secrets_manager_has_one() {
    let (world, pool, client) = applied().await;
    let text = stack_of(1, 1);
    let description = described(&pool, &client);
    let wire = Wire::to(&world, move |_, operation| match operation {
        "DescribeUserPoolClient" => Fate::Told(description.clone()),
        _ => Fate::Arrives,
    });
    let wanted = desired(&text);
    let session = world.session_through(wire, &wanted, Purpose::Make);
    let planned = session.await.plan(&Options::default(), &mut Silent).await;
    let Planned { plan, observation } = planned.unwrap();
    assert!(
        observation
            .live
            .contains_key(&Address::new("partners.insurer0/client"))
    );
    assert!(plan.is_empty(), "{:?}", plan.changes);
}

const STACK: &str = r#"
[stack]
name   = "claims"
region = "eu-west-1"

[user_pool]
name   = "claims"
domain = "claims-${account.id}"

[resource_servers.claims]
scopes = { read = "Read claims" }

[api]
name     = "claims"
stage    = "prod"
requires = { scopes = ["claims/read"], api_key = true }

[api.routes]
"GET /claims" = { mock = 200 }

[plans.standard]

[partners.acme]
plan   = "standard"
scopes = ["claims/read"]
"#;

/// Changes the secrets of the only client in the local AWS's state.
fn with_secrets(folder: &Folder, change: impl Fn(&mut Vec<Value>)) {
    fn within(value: &mut Value, change: &impl Fn(&mut Vec<Value>)) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::Array(secrets) if name == "secrets" => change(secrets),
                        value => within(value, change),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| within(item, change)),
            _ => {}
        }
    }
    let path = folder.path().join(".gatestack/local.json");
    let mut state = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    within(&mut state, &change);
    std::fs::write(&path, state.to_string()).unwrap();
}

#[test]
fn of_two_secrets_commands_say_which_and_none_is_handed_over() {
    let folder = Folder::with(STACK);
    folder.apply(&[]);
    let call = ["call", "acme", "GET", "/claims", "--fail"];
    for arguments in [&["token", "acme"][..], &call] {
        let ran = folder.local(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        folder.forget_stdout();
    }
    with_secrets(&folder, |secrets| {
        if secrets.is_empty() {
            return;
        }
        let mut second = secrets[0].clone();
        let id = second["id"].as_str().unwrap();
        second["id"] = format!("{}--2000000000", id.split_once("--").unwrap().0).into();
        second["created"] = json!(2_000_000_000.0);
        second["value"] = "another-made-up-secret".into();
        secrets.push(second);
    });
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for arguments in [&["token", "acme"][..], &call] {
        let ran = folder.local(arguments);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let said = words(&ran.stderr);
        assert!(said.contains("has 2 secrets, made"), "{said}");
        assert!(said.contains("and made 2033-05-18 03:33:20 UTC"), "{said}");
        assert!(said.contains("the one that AWS shows is used"), "{said}");
    }
    let verified = words(&folder.local(&["verify"]).stdout);
    let says = "the app client of partners.acme has 2 secrets, made";
    assert!(verified.contains(says), "{verified}");
    for to in ["acme", "acme.json", "ssm:/acme"] {
        let ran = folder.local(&["handoff", "acme", "--to", to]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
        let said = words(&ran.stderr);
        assert!(said.contains("has 2 secrets"), "{said}");
        let delete = "aws cognito-idp delete-user-pool-client-secret --region eu-west-1 --user-pool-id eu-west-1_";
        assert!(
            said.contains(delete) && said.contains("--2000000000"),
            "{said}"
        );
    }
    assert!(!folder.path().join("acme").exists() && !folder.path().join("acme.json").exists());
    let export = ["export", "postman", "--with-secrets", "secrets.json"];
    assert_eq!(folder.local(&export).code, 1);
}

#[test]
fn without_a_secret_nothing_is_handed_over() {
    let folder = Folder::with(STACK);
    folder.apply(&[]);
    with_secrets(&folder, Vec::clear);
    for arguments in [&["handoff", "acme", "--to", "acme"][..], &["token", "acme"]] {
        let ran = folder.local(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{arguments:?}");
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("AWS shows no secret of"), "{said}");
        assert!(said.contains("gatestack --local plan"), "{said}");
    }
    assert!(!folder.path().join("acme").exists());
}
