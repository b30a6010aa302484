//! Authorizers.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::super::super::super::tests::call;
use super::{Answer, KEY, World, text};

/// A user pool at a domain, and a client that may have the scopes `claims/read` and `claims/write`.
struct Pool {
    arn: String,
    domain: &'static str,
    client: String,
    secret: String,
}

impl World {
    fn pool(&self, domain: &'static str) -> Pool {
        let cognito = |operation: &str, input: Value| call(self.plane.service(), operation, &input);
        let pool = cognito("CreateUserPool", json!({"PoolName": domain}));
        let id = text(&pool["UserPool"], "Id");
        let scopes =
            ["read", "write"].map(|name| json!({"ScopeName": name, "ScopeDescription": name}));
        let server =
            json!({"UserPoolId": id, "Identifier": "claims", "Name": "claims", "Scopes": scopes});
        cognito("CreateResourceServer", server);
        cognito(
            "CreateUserPoolDomain",
            json!({"UserPoolId": id, "Domain": domain}),
        );
        let client = json!({
            "UserPoolId": id,
            "ClientName": "partner",
            "GenerateSecret": true,
            "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["client_credentials"],
            "AllowedOAuthScopes": ["claims/read", "claims/write"],
        });
        let client = &cognito("CreateUserPoolClient", client)["UserPoolClient"];
        Pool {
            arn: text(&pool["UserPool"], "Arn"),
            domain,
            client: text(client, "ClientId"),
            secret: text(client, "ClientSecret"),
        }
    }

    async fn token(&self, pool: &Pool, scope: &str) -> String {
        let Pool { client, secret, .. } = pool;
        let form = format!(
            "grant_type=client_credentials&client_id={client}&client_secret={secret}&scope={scope}"
        );
        let request = Request::post(format!("/_aws/cognito/{}/oauth2/token", pool.domain))
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = self.send(request, Bytes::from(form)).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        text(
            &serde_json::from_str(answer.body()).unwrap(),
            "access_token",
        )
    }

    /// An authorizer of these pools, for tokens in this header: what a method says to have it.
    fn authorizer(&self, pools: &[&Pool], header: &str, but: Value) -> Value {
        let mut wanted = json!({
            "name": header,
            "type": "COGNITO_USER_POOLS",
            "providerARNs": pools.iter().map(|pool| pool.arn.as_str()).collect::<Vec<_>>(),
            "identitySource": format!("method.request.header.{header}"),
        });
        wanted
            .as_object_mut()
            .unwrap()
            .extend(but.as_object().cloned().unwrap_or_default());
        let id = text(&self.aws("POST", "{api}/authorizers", wanted), "id");
        json!({"authorizationType": "COGNITO_USER_POOLS", "authorizerId": id})
    }
}

/// The same with these scopes.
fn scoped(authorized: &Value, scopes: &[&str]) -> Value {
    let mut settings = authorized.clone();
    settings["authorizationScopes"] = json!(scopes);
    settings
}

#[tokio::test]
async fn a_token_lets_in_by_any_listed_scope() {
    let world = World::new();
    let (own, other) = (world.pool("own"), world.pool("other"));
    let authorized = world.authorizer(&[&own], "Authorization", json!({}));
    world.mock("GET", "/read", scoped(&authorized, &["claims/read"]));
    world.mock(
        "GET",
        "/any",
        scoped(&authorized, &["claims/write", "claims/none"]),
    );
    world.mock("GET", "/id", authorized);
    world.deploy();
    let token = world.token(&own, "claims/read").await;
    let with = |path: &'static str, header: String| {
        let world = &world;
        async move { world.call("GET", path, &[("authorization", &header)]).await }
    };
    let unauthorized =
        |answer: Answer| answer.refused(401, "UnauthorizedException", "Unauthorized");

    for header in [
        token.clone(),
        format!("Bearer {token}"),
        format!("bearer  {token} "),
    ] {
        assert_eq!(with("/live/read", header).await.status(), 200);
    }
    let seen = world.seen.lock().unwrap().pop().unwrap();
    assert_eq!(seen.client.as_deref(), Some(own.client.as_str()));
    let both = world.token(&own, "claims/read+claims/write").await;
    assert_eq!(with("/live/any", both).await.status(), 200);

    unauthorized(with("/live/any", token.clone()).await);
    assert_eq!(
        world.why(),
        "the token has none of the scopes claims/write, claims/none"
    );
    // The token's client is reported, though the call was denied.
    let seen = world.seen.lock().unwrap().pop().unwrap();
    assert_eq!(seen.client.as_deref(), Some(own.client.as_str()));
    let write = world.token(&own, "claims/write").await;
    unauthorized(with("/live/read", write).await);
    assert_eq!(world.why(), "the token does not have the scope claims/read");
    unauthorized(with("/live/id", token.clone()).await);
    assert!(
        world.why().contains("it takes ID tokens"),
        "{}",
        world.why()
    );

    unauthorized(world.get("/live/read").await);
    assert_eq!(world.why(), "no token was sent in the header Authorization");
    unauthorized(with("/live/read", "Bearer ".into()).await);
    unauthorized(with("/live/read", "nonsense".into()).await);
    assert_eq!(world.why(), "the token is not a JSON Web Token");
    unauthorized(with("/live/read", format!("Basic {token}")).await);
    unauthorized(with("/live/read", format!("{}AAAA", &token[..token.len() - 4])).await);
    assert_eq!(world.why(), "the token's signature is wrong");
    let foreign = world.token(&other, "claims/read").await;
    unauthorized(with("/live/read", foreign).await);
    assert_eq!(
        world.why(),
        "the token is not of a user pool of the authorizer Authorization"
    );

    world.clock.advance(Duration::from_secs(3601));
    let expired = with("/live/read", token.clone()).await;
    expired.refused(
        401,
        "UnauthorizedException",
        "The incoming token has expired",
    );
    let told = format!("{:?}", world.seen.lock().unwrap());
    assert!(
        !told.contains(&token) && !told.contains(&own.secret),
        "{told}"
    );
}

#[tokio::test]
async fn an_authorizer_is_frozen_with_its_deployment() {
    let world = World::new();
    let (own, other) = (world.pool("own"), world.pool("other"));
    let authorized = world.authorizer(&[&own], "X-Token", json!({}));
    world.mock("GET", "/", scoped(&authorized, &["claims/read"]));
    world.deploy();
    let foreign = world.token(&other, "claims/read").await;
    let call = async || {
        world
            .call("GET", "/live", &[("x-token", &foreign)])
            .await
            .status()
    };
    assert_eq!(call().await, 401);
    let path = format!("{{api}}/authorizers/{}", text(&authorized, "authorizerId"));
    world.patch(&path, &[("add", "/providerARNs", &other.arn)]);
    assert_eq!(call().await, 401);
    world.deploy();
    assert_eq!(call().await, 200);
}

#[tokio::test]
async fn a_validation_expression_is_for_the_audience() {
    let world = World::new();
    let own = world.pool("own");
    let but = json!({"identityValidationExpression": "[0-9a-z]+"});
    let authorized = world.authorizer(&[&own], "Authorization", but);
    world.mock("GET", "/", scoped(&authorized, &["claims/read"]));
    world.deploy();
    let token = world.token(&own, "claims/read").await;
    let answer = world
        .call("GET", "/live", &[("authorization", &token)])
        .await;
    answer.refused(401, "UnauthorizedException", "Unauthorized");
    // An access token has no audience.
    assert_eq!(world.why(), "the token's audience does not match [0-9a-z]+");
}

#[tokio::test]
async fn the_token_is_looked_at_before_the_key() {
    let world = World::new();
    let own = world.pool("own");
    let authorized = world.authorizer(&[&own], "Authorization", json!({}));
    let mut settings = scoped(&authorized, &["claims/read"]);
    settings["apiKeyRequired"] = json!(true);
    world.mock("GET", "/", settings);
    world.deploy();
    let (plan, _) = world.plan(json!({"quota": {"limit": 1, "period": "DAY"}}));
    assert_eq!(world.with_key("/live").await.status(), 401);
    let token = world.token(&own, "claims/read").await;
    let answer = world
        .call("GET", "/live", &[("authorization", &token)])
        .await;
    answer.refused(403, "ForbiddenException", "Forbidden");
    let usage = format!("/usageplans/{plan}/usage?startDate=2026-11-21&endDate=2026-11-21");
    assert_eq!(world.aws("GET", &usage, Value::Null)["values"], json!({}));
    let both = [("authorization", token.as_str()), ("x-api-key", KEY)];
    assert_eq!(world.call("GET", "/live", &both).await.status(), 200);
}
