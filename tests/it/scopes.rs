//! Scopes by the name of a resource server's table, and all of a server's at once.

use std::collections::BTreeSet;

use crate::support::program::Folder;
use crate::support::world::{World, summary};

/// A resource server whose identifier is the API's own URL.
const STACK: &str = r#"
[stack]
name   = "pets"
region = "eu-west-1"

[user_pool]
name   = "pets"
domain = "pets-${account.id}"

[resource_servers.petstore]
identifier = "${api.invoke_url}"
scopes     = { read = "Read pets", write = "Write pets" }

[resource_servers.other]
scopes = { read = "Read others" }

[api]
name     = "pets"
stage    = "prod"
requires = { scopes = ["petstore/read"] }

[api.routes]
"GET /pets"  = { mock = 200 }
"POST /pets" = { mock = 200, requires = { scopes = ["${api.invoke_url}/write"] } }
"GET /any"   = { mock = 200, requires = { scopes = ["petstore/*"] } }

[plans.standard]

[app_clients.postman]
flows  = ["client_credentials"]
scopes = ["petstore/*", "other/read"]

[partners.acme]
plan   = "standard"
scopes = ["petstore/write"]
"#;

async fn client_scopes(world: &World, text: &str, address: &str) -> BTreeSet<String> {
    let (pool, client) = (
        world.id(text, "user_pool").await,
        world.id(text, address).await,
    );
    let describe = world.cognito().describe_user_pool_client();
    let answer = describe.user_pool_id(pool).client_id(client).send().await;
    let client = answer.unwrap().user_pool_client.unwrap();
    client.allowed_o_auth_scopes().iter().cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn a_table_name_stands_for_an_identifier_that_aws_makes() {
    let world = World::new();
    world.apply(STACK).await;
    assert!(world.plan(STACK).await.is_empty());
    let api = world.id(STACK, "api").await;
    let scope =
        |name: &str| format!("https://{api}.execute-api.eu-west-1.amazonaws.com/prod/{name}");
    assert_eq!(
        client_scopes(&world, STACK, "app_clients.postman").await,
        BTreeSet::from([scope("read"), scope("write"), "other/read".into()])
    );
    assert_eq!(
        client_scopes(&world, STACK, "partners.acme/client").await,
        BTreeSet::from([scope("write")])
    );
    let resources = world
        .apigateway()
        .get_resources()
        .rest_api_id(&api)
        .embed("methods");
    let resources = resources.send().await.unwrap();
    let needs = |path: &str, method: &str| -> BTreeSet<String> {
        let mut items = resources.items().iter();
        let item = items.find(|item| item.path() == Some(path)).unwrap();
        let methods = item.resource_methods().unwrap();
        methods[method]
            .authorization_scopes()
            .iter()
            .cloned()
            .collect()
    };
    assert_eq!(needs("/pets", "GET"), BTreeSet::from([scope("read")]));
    assert_eq!(needs("/pets", "POST"), BTreeSet::from([scope("write")]));
    assert_eq!(
        needs("/any", "GET"),
        BTreeSet::from([scope("read"), scope("write")])
    );

    // Only a client with all of them gets the new one.
    let more = STACK.replace(
        "write = \"Write pets\"",
        "write = \"Write pets\", audit = \"Audit pets\"",
    );
    let plan = world.apply(&more).await;
    assert_eq!(
        summary(&plan),
        [
            "update api.routes.\"GET /any\"",
            "update api/deployment",
            "update app_clients.postman",
            "update resource_servers.petstore",
        ]
    );
    assert!(
        client_scopes(&world, &more, "app_clients.postman")
            .await
            .contains(&scope("audit"))
    );
    assert!(world.plan(&more).await.is_empty());
}

#[test]
fn a_token_is_asked_for_by_the_name_of_the_table() {
    let folder = Folder::with(STACK);
    folder.apply(&[]);
    let url = folder.local(&["output", "--raw", "invoke_url"]).stdout;
    let token = |scopes: &[&str]| {
        let mut arguments = vec!["token", "postman", "--json"];
        arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        let ran = folder.local(&arguments);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let scopes = told["scope"].as_str().unwrap().split(' ');
        scopes.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let [read, write] = ["read", "write"].map(|name| format!("{}/{name}", url.trim()));
    assert_eq!(token(&["petstore/read"]), BTreeSet::from([read.clone()]));
    assert_eq!(
        token(&["petstore/*"]),
        BTreeSet::from([read.clone(), write.clone()])
    );
    assert_eq!(
        token(&[&write, "other/read"]),
        BTreeSet::from([write.clone(), "other/read".into()])
    );

    let admitted = folder.local(&[
        "call",
        "acme",
        "GET",
        "/any",
        "--scope",
        "petstore/write",
        "--fail",
    ]);
    assert_eq!(admitted.code, 0, "{}", admitted.stderr);
    let refused = folder.local(&["call", "acme", "GET", "/pets", "--fail"]);
    assert_eq!(refused.code, 1);
    let said = refused
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        said.contains("needs a token with `petstore/read`, and this one has `petstore/write`"),
        "{said}"
    );

    let none = folder.local(&["token", "acme", "--scope", "other/*"]);
    assert_eq!((none.code, none.stdout.as_str()), (1, ""));
    assert!(
        none.stderr.contains("has no scope of `other`"),
        "{}",
        none.stderr
    );
    assert!(none.stderr.contains("petstore/write"), "{}", none.stderr);
}
