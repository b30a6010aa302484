//! The rules of Cognito that gatestack depends on. `tests/foreign` has all of them, with real clients.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::super::tests::{call, refused};
use super::super::{Options, Service};

/// A pool with the resource server `claims`, which has the scope `read`.
fn with_pool() -> (Service, Value) {
    let service = Service::in_memory(Options::default());
    let pool =
        call(&service, "CreateUserPool", &json!({"PoolName": "people"}))["UserPool"]["Id"].clone();
    let scope = json!({"ScopeName": "read", "ScopeDescription": "Read"});
    let server =
        json!({"UserPoolId": pool, "Identifier": "claims", "Name": "Claims", "Scopes": [scope]});
    call(&service, "CreateResourceServer", &server);
    (service, pool)
}

fn partner(pool: &Value) -> Value {
    json!({
        "UserPoolId": pool,
        "ClientName": "partner",
        "GenerateSecret": true,
        "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["claims/read"],
    })
}

#[test]
fn an_update_of_a_client_locks_a_partner_out_unless_all_is_sent() {
    let (service, pool) = with_pool();
    let made = call(&service, "CreateUserPoolClient", &partner(&pool))["UserPoolClient"].clone();
    let named = json!({"UserPoolId": pool, "ClientId": made["ClientId"]});
    let updated = call(&service, "UpdateUserPoolClient", &named)["UserPoolClient"].clone();
    assert_eq!(updated["ClientName"], "partner");
    assert_eq!(updated["ClientSecret"], made["ClientSecret"]);
    assert_eq!(updated["AllowedOAuthFlowsUserPoolClient"], false);
    assert!(
        updated.get("AllowedOAuthScopes").is_none() && updated.get("AllowedOAuthFlows").is_none()
    );
}

#[test]
fn an_update_of_a_pool_drops_its_protection_and_tags() {
    let (service, pool) = with_pool();
    let protected =
        json!({"UserPoolId": pool, "DeletionProtection": "ACTIVE", "UserPoolTags": {"stack": "a"}});
    call(&service, "UpdateUserPool", &protected);
    assert_eq!(
        refused(&service, "DeleteUserPool", &json!({"UserPoolId": pool})),
        "InvalidParameterException"
    );
    call(&service, "UpdateUserPool", &json!({"UserPoolId": pool}));
    let found =
        call(&service, "DescribeUserPool", &json!({"UserPoolId": pool}))["UserPool"].clone();
    assert_eq!(
        (&found["DeletionProtection"], &found["UserPoolTags"]),
        (&json!("INACTIVE"), &json!({}))
    );
    call(&service, "DeleteUserPool", &json!({"UserPoolId": pool}));
}

#[test]
fn a_client_needs_its_scopes_and_a_secret() {
    let (service, pool) = with_pool();
    let mut unscoped = partner(&pool);
    unscoped["AllowedOAuthScopes"] = json!(["claims/write"]);
    assert_eq!(
        refused(&service, "CreateUserPoolClient", &unscoped),
        "ScopeDoesNotExistException"
    );
    let mut public = partner(&pool);
    public["GenerateSecret"] = json!(false);
    assert_eq!(
        refused(&service, "CreateUserPoolClient", &public),
        "InvalidOAuthFlowException"
    );
}

#[test]
fn a_scope_that_goes_stays_on_its_clients() {
    let (service, pool) = with_pool();
    let client =
        call(&service, "CreateUserPoolClient", &partner(&pool))["UserPoolClient"]["ClientId"]
            .clone();
    call(
        &service,
        "DeleteResourceServer",
        &json!({"UserPoolId": pool, "Identifier": "claims"}),
    );
    let found = call(
        &service,
        "DescribeUserPoolClient",
        &json!({"UserPoolId": pool, "ClientId": client}),
    );
    assert_eq!(
        found["UserPoolClient"]["AllowedOAuthScopes"],
        json!(["claims/read"])
    );
}

#[test]
fn a_domain_keeps_its_pool_and_its_name() {
    let (service, pool) = with_pool();
    let named = json!({"UserPoolId": pool, "Domain": "front"});
    call(&service, "CreateUserPoolDomain", &named);
    assert_eq!(
        refused(&service, "DeleteUserPool", &json!({"UserPoolId": pool})),
        "InvalidParameterException"
    );
    let other =
        call(&service, "CreateUserPool", &json!({"PoolName": "others"}))["UserPool"]["Id"].clone();
    let taken = json!({"UserPoolId": other, "Domain": "front"});
    assert_eq!(
        refused(&service, "CreateUserPoolDomain", &taken),
        "InvalidParameterException"
    );
    call(&service, "DeleteUserPoolDomain", &named);
    call(&service, "CreateUserPoolDomain", &taken);
    call(&service, "DeleteUserPool", &json!({"UserPoolId": pool}));
}

#[test]
fn a_client_has_two_secrets_at_most_and_one_at_least() {
    let (service, pool) = with_pool();
    let client =
        call(&service, "CreateUserPoolClient", &partner(&pool))["UserPoolClient"]["ClientId"]
            .clone();
    let named = json!({"UserPoolId": pool, "ClientId": client});
    let first =
        call(&service, "ListUserPoolClientSecrets", &named)["ClientSecrets"][0]["ClientSecretId"]
            .clone();
    let to_delete = json!({"UserPoolId": pool, "ClientId": client, "ClientSecretId": first});
    assert_eq!(
        refused(&service, "DeleteUserPoolClientSecret", &to_delete),
        "InvalidParameterException"
    );
    let second =
        call(&service, "AddUserPoolClientSecret", &named)["ClientSecretDescriptor"].clone();
    assert!(second["ClientSecretValue"].is_string() && second["ClientSecretId"] != first);
    assert_eq!(
        refused(&service, "AddUserPoolClientSecret", &named),
        "LimitExceededException"
    );
    call(&service, "DeleteUserPoolClientSecret", &to_delete);
    let found = call(&service, "DescribeUserPoolClient", &named)["UserPoolClient"].clone();
    assert_eq!(found["ClientSecret"], second["ClientSecretValue"]);
}

/// A call without a signature, at this host.
fn unsigned(service: &Service, host: &str, operation: &str, input: &Value) -> (u16, Value) {
    let request = Request::post("/")
        .header("host", host)
        .header(
            "x-amz-target",
            format!("AWSCognitoIdentityProviderService.{operation}"),
        )
        .body(Bytes::from(input.to_string()));
    let answer = service.call(request.unwrap());
    let body = serde_json::from_slice(answer.body()).unwrap();
    (answer.status().as_u16(), body)
}

#[test]
fn a_machine_gets_a_token_without_a_domain() {
    let (service, pool) = with_pool();
    let mut machine = partner(&pool);
    machine["AllowedOAuthFlowsUserPoolClient"] = json!(false);
    machine["AllowedOAuthFlows"] = json!([]);
    machine["ExplicitAuthFlows"] = json!(["ALLOW_CLIENT_TOKEN_AUTH"]);
    let made = call(&service, "CreateUserPoolClient", &machine)["UserPoolClient"].clone();
    let mut input = json!({"ClientId": made["ClientId"], "Secret": made["ClientSecret"]});
    for host in ["cognito-idp.eu-west-1.amazonaws.com", "127.0.0.1:4599"] {
        let (status, body) = unsigned(&service, host, "GetClientToken", &input);
        let result = &body["ClientAuthenticationResult"];
        assert_eq!(
            (status, &result["ExpiresIn"]),
            (200, &json!(3600)),
            "{body}"
        );
        assert_eq!(result["TokenType"], "Bearer");
        assert!(result["AccessToken"].is_string());
    }
    let elsewhere = "cognito-idp.us-east-1.amazonaws.com";
    let (_, body) = unsigned(&service, elsewhere, "GetClientToken", &input);
    assert_eq!(body["__type"], "ResourceNotFoundException");
    let (status, body) = unsigned(
        &service,
        elsewhere,
        "DescribeUserPool",
        &json!({"UserPoolId": pool}),
    );
    assert_eq!(
        (status, &body["__type"]),
        (403, &json!("MissingAuthenticationTokenException"))
    );

    input["Scopes"] = json!(["claims/write"]);
    assert_eq!(
        refused(&service, "GetClientToken", &input),
        "InvalidParameterException"
    );
    input["Scopes"] = json!(["claims/read"]);
    call(&service, "GetClientToken", &input);
    input["Secret"] = json!("wrong_but_as_long_as_a_secret_must_be");
    assert_eq!(
        refused(&service, "GetClientToken", &input),
        "NotAuthorizedException"
    );
    input["ClientId"] = json!("nobody");
    assert_eq!(
        refused(&service, "GetClientToken", &input),
        "ResourceNotFoundException"
    );
}

#[test]
fn a_machines_token_is_its_clients_only_flow() {
    let (service, pool) = with_pool();
    let made = call(&service, "CreateUserPoolClient", &partner(&pool))["UserPoolClient"].clone();
    let input = json!({"ClientId": made["ClientId"], "Secret": made["ClientSecret"]});
    assert_eq!(
        refused(&service, "GetClientToken", &input),
        "InvalidParameterException"
    );
    let mut both = partner(&pool);
    both["ExplicitAuthFlows"] = json!(["ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    assert_eq!(
        refused(&service, "CreateUserPoolClient", &both),
        "InvalidParameterException"
    );
    let public = json!({
        "UserPoolId": pool, "ClientName": "public", "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"],
    });
    assert_eq!(
        refused(&service, "CreateUserPoolClient", &public),
        "InvalidParameterException"
    );
}
