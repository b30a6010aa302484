//! API Gateway's control plane.

mod openapi;

use super::*;

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";

/// An API with a method `GET /`: its path and that of the method.
fn api(aws: &Aws) -> (String, String) {
    let (_, made) = aws.rest("POST", "/restapis", json!({"name": "a"}));
    let id = |member: &str| made[member].as_str().unwrap().to_owned();
    let api = format!("/restapis/{}", id("id"));
    let method = format!("{api}/resources/{}/methods/GET", id("rootResourceId"));
    let (status, _) = aws.rest("PUT", &method, json!({"authorizationType": "NONE"}));
    assert_eq!(status, 201);
    (api, method)
}

/// Evidence: recorded, LocalStack `test_create_vpc_link_invalid_parameters`.
#[test]
fn a_vpc_link_is_refused_at_once_where_its_name_or_arn_is_none() {
    let aws = Aws::new();
    let nlb =
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/a/0123456789abcdef";
    for (name, arn, wanted) in [
        (
            "a",
            "invalid-arn",
            "Invalid ARN. ARN is not well formed invalid-arn",
        ),
        ("", nlb, "Name cannot be empty"),
    ] {
        let made = aws.rest(
            "POST",
            "/vpclinks",
            json!({"name": name, "targetArns": [arn]}),
        );
        assert_eq!(made, (400, message(wanted)));
    }
}

/// Evidence: recorded, LocalStack `test_put_integration_aws_proxy_uri`.
#[test]
fn a_proxy_of_aws_takes_functions_and_streams_only() {
    let aws = Aws::new();
    let (_, method) = api(&aws);
    let unsupported = "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.";
    let no_path = "AWS ARN for integration must contain path or action";
    let gateway = "arn:aws:apigateway:eu-west-1";
    for (uri, wanted) in [
        (FUNCTION.to_owned(), no_path),
        (
            format!("bad-arn:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"),
            "Invalid ARN specified in the request",
        ),
        (
            format!("{gateway}:lambda:test/2015-03-31/functions/{FUNCTION}/invocations"),
            no_path,
        ),
        (
            format!("{gateway}:firehose:path/2015-03-31/functions/{FUNCTION}/invocations"),
            unsupported,
        ),
        (
            format!("{gateway}:lambda:path/random/value/{FUNCTION}/invocations"),
            unsupported,
        ),
    ] {
        let input = json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": uri});
        let made = aws.rest("PUT", &format!("{method}/integration"), input);
        assert_eq!(made, (400, message(wanted)), "{uri}");
    }
    // Evidence: recorded, LocalStack `test_put_integration_validation`.
    let uri = format!("{gateway}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
    let input = json!({"type": "AWS_PROXY", "httpMethod": "POST", "uri": uri});
    let (status, _) = aws.rest("PUT", &format!("{method}/integration"), input);
    assert_eq!(status, 201);
}

/// Evidence: recorded, LocalStack `test_put_integration_response_templates`.
#[test]
fn a_template_that_is_null_or_empty_is_kept_as_null() {
    let aws = Aws::new();
    let (_, method) = api(&aws);
    let mock =
        json!({"type": "MOCK", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}});
    aws.rest("PUT", &format!("{method}/integration"), mock);
    aws.rest("PUT", &format!("{method}/responses/200"), json!({}));
    let path = format!("{method}/integration/responses/200");
    for template in [Value::Null, "".into()] {
        let input =
            json!({"selectionPattern": "", "responseTemplates": {"application/json": template}});
        let made = aws.rest("PUT", &path, input);
        assert_eq!(
            (made.0, &made.1["responseTemplates"]),
            (201, &json!({"application/json": null}))
        );
    }
    let made = aws.rest("PUT", &path, json!({"selectionPattern": ""}));
    assert_eq!((made.0, &made.1["responseTemplates"]), (201, &Value::Null));
}

/// Evidence: recorded, LocalStack `test_authorizer_crud_no_api`.
#[test]
fn an_authorizer_of_an_api_that_is_not_there_is_a_conflict() {
    let aws = Aws::new();
    let uri = format!(
        "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
    );
    let input = json!({
        "name": "a", "type": "TOKEN", "authorizerUri": uri, "identitySource": "method.request.header.Authorization",
    });
    let words =
        "Unable to complete operation due to concurrent modification. Please try again later.";
    let made = aws.rest("POST", "/restapis/absent0000/authorizers", input.clone());
    assert_eq!(made, (409, message(words)));
    let listed = aws.rest("GET", "/restapis/absent0000/authorizers", Value::Null);
    let words = "Invalid API identifier specified 123456789012:absent0000";
    assert_eq!(listed, (404, message(words)));

    // Evidence: recorded, LocalStack `test_apigateway_with_custom_authorization_method`.
    let (api, _) = api(&aws);
    let path = format!("{api}/authorizers");
    let (status, made) = aws.rest("POST", &path, input);
    assert_eq!((status, &made["authType"]), (201, &json!("custom")));
    assert_eq!(made["authorizerResultTtlInSeconds"], Value::Null);

    // Evidence: waited for, terraform-provider-aws makes a new authorizer in place of such a change (`aws_api_gateway_authorizer`).
    let id = made["id"].as_str().unwrap();
    let patch = json!({"patchOperations": [{"op": "replace", "path": "/type", "value": "COGNITO_USER_POOLS"}]});
    let (status, _) = aws.rest("PATCH", &format!("{path}/{id}"), patch);
    assert_eq!(status, 501);
}

/// Evidence: reported, hashicorp/terraform-provider-aws#30894.
#[test]
fn a_given_key_value_has_20_to_128_characters() {
    let aws = Aws::new();
    let made = |length: usize| {
        let value = "k".repeat(length);
        aws.rest("POST", "/apikeys", json!({"name": "k", "value": value}))
    };
    let refusals = [
        (19, "API Key value should be at least 20 characters"),
        (129, "API Key value exceeds maximum size of 128 characters"),
    ];
    for (length, wanted) in refusals {
        assert_eq!(made(length), (400, message(wanted)));
    }
    assert_eq!((made(20).0, made(128).0), (201, 201));
}

/// Evidence: reported, rrahul963/serverless-add-api-key#27, and hashicorp/terraform-provider-aws#17130.
#[test]
fn a_key_value_is_taken_once_in_an_account_and_region() {
    let aws = Aws::new();
    let made = |name: &str| {
        let value = "0123456789abcdef0123456789";
        aws.rest("POST", "/apikeys", json!({"name": name, "value": value}))
    };
    assert_eq!(made("first").0, 201);
    assert_eq!(made("second"), (409, message("API Key already exists")));
}

/// Evidence: documented, "Patch Operations" of the API Gateway REST API reference: no path of UpdateApiKey is the value.
#[test]
fn no_update_changes_the_value_of_a_key() {
    let aws = Aws::new();
    let (_, made) = aws.rest("POST", "/apikeys", json!({"name": "k"}));
    let path = format!("/apikeys/{}", made["id"].as_str().unwrap());
    let operation =
        json!({"op": "replace", "path": "/value", "value": "0123456789abcdef0123456789"});
    let (status, _) = aws.rest("PATCH", &path, json!({"patchOperations": [operation]}));
    assert_eq!(status, 400);
}

/// Evidence: documented, "Security policies for REST APIs in API Gateway" and "How to change a security policy"; the messages are not.
#[test]
fn an_api_has_an_access_mode_with_an_enhanced_security_policy_only() {
    const ENHANCED: &str = "SecurityPolicy_TLS13_1_3_2025_09";
    let aws = Aws::new();
    let made = json!({"name": "a", "endpointConfiguration": {"types": ["REGIONAL"]}});
    let (_, made) = aws.rest("POST", "/restapis", made);
    let api = format!("/restapis/{}", made["id"].as_str().unwrap());
    let change = |changes: &[(&str, &str)]| {
        let changes = changes
            .iter()
            .map(|(path, value)| json!({"op": "replace", "path": path, "value": value}));
        let changes: Vec<Value> = changes.collect();
        aws.rest("PATCH", &api, json!({ "patchOperations": changes }))
    };
    let policy = |name| ("/securityPolicy", name);
    let mode = |name| ("/endpointAccessMode", name);
    for (changes, status) in [
        (&[policy(ENHANCED)][..], 400),
        (&[mode("BASIC")], 400),
        (&[policy("TLS_1_2")], 400),
        (
            &[policy("SecurityPolicy_TLS13_2025_EDGE"), mode("BASIC")],
            400,
        ),
        (&[policy(ENHANCED), mode("STRICT")], 200),
        (
            &[
                ("/endpointConfiguration/types/REGIONAL", "EDGE"),
                policy("SecurityPolicy_TLS13_2025_EDGE"),
            ],
            400,
        ),
        (&[policy("TLS_1_0")], 400),
        (&[mode("BASIC")], 200),
        (&[policy("TLS_1_0"), mode("")], 200),
    ] {
        let (was, answer) = change(changes);
        assert_eq!(was, status, "{changes:?}: {answer}");
    }
    let (_, api) = aws.rest("GET", &api, Value::Null);
    assert_eq!(api["securityPolicy"], json!("TLS_1_0"));
    assert_eq!(api["endpointAccessMode"], Value::Null);
}

/// Evidence: documented, "Amazon API Gateway quotas".
#[test]
fn an_accounts_throttle_is_lower_in_some_regions() {
    for (region, rate, burst) in [
        ("eu-west-1", 10_000.0, 5_000),
        ("eu-south-1", 2_500.0, 1_250),
    ] {
        let (_, account) = Aws::of(region).rest("GET", "/account", Value::Null);
        let wanted = json!({"rateLimit": rate, "burstLimit": burst});
        assert_eq!(account["throttleSettings"], wanted, "{region}");
    }
}
