//! What an import makes.

use super::*;

/// Evidence: recorded, LocalStack `test_import_and_validate_rest_api`.
#[test]
fn an_import_has_what_its_document_names_and_aws_defaults() {
    let aws = Aws::new();
    let document = json!({
        "openapi": "3.0.1",
        "info": {"title": "local-api", "version": 1},
        "components": {
            "schemas": {"Empty": {"title": "Empty Schema", "type": "object"}},
            "securitySchemes": {"api_key": {"in": "header", "name": "x-api-key", "type": "apiKey"}},
        },
        "paths": {"/": {"get": {
            "responses": {"200": {
                "description": "200 response",
                "headers": {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Empty"}}},
            }},
            "security": [{"api_key": []}],
            "x-amazon-apigateway-integration": {
                "type": "aws_proxy", "httpMethod": "POST", "passthroughBehavior": "when_no_match",
                "contentHandling": "CONVERT_TO_TEXT",
                "uri": format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"),
                "responses": {"default": {"statusCode": "200", "responseParameters": {
                    "method.response.header.Access-Control-Allow-Origin": "'*'",
                }}},
            },
        }}},
    });
    let (api, made) = aws.imported("&failonwarnings=true", &document);
    assert_eq!(
        (&made["name"], &made["version"]),
        (&json!("local-api"), &json!("1"))
    );
    assert_eq!(
        made["endpointConfiguration"],
        json!({"types": ["EDGE"], "ipAddressType": "ipv4"})
    );
    assert_eq!(made["apiKeySource"], "HEADER");
    for absent in ["tags", "warnings", "binaryMediaTypes", "description"] {
        assert_eq!(made.get(absent), None, "{absent}");
    }
    let models = aws.listed(&format!("{api}/models"));
    assert_eq!(models.len(), 1, "{models:?}");
    let root = aws.at(&api, "/");
    let mut method = root["resourceMethods"]["GET"].clone();
    let integration = method["methodIntegration"].take();
    assert_eq!(
        method,
        json!({
            "apiKeyRequired": true,
            "authorizationType": "NONE",
            "httpMethod": "GET",
            "methodIntegration": null,
            "methodResponses": {"200": {
                "responseModels": {"application/json": "Empty"},
                "responseParameters": {"method.response.header.Access-Control-Allow-Origin": false},
                "statusCode": "200",
            }},
        })
    );
    assert_eq!(integration["type"], "AWS_PROXY");
    assert_eq!(integration["passthroughBehavior"], "WHEN_NO_MATCH");
    assert_eq!(integration["timeoutInMillis"], 29_000);
    assert_eq!(integration["cacheNamespace"], root["id"]);
    assert_eq!(integration.get("connectionType"), None);
    assert_eq!(
        integration["integrationResponses"],
        json!({"200": {
            "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"},
            "statusCode": "200",
        }})
    );
}

/// Evidence: recorded, LocalStack `test_import_with_cognito_auth_identity_source`.
#[test]
fn the_security_of_the_root_is_that_of_operations_without_their_own() {
    let aws = Aws::new();
    let scheme = json!({
        "type": "apiKey", "name": "TestHeaderAuth", "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [COGNITO]},
    });
    let operation = |security: Option<Value>| {
        let mut operation = json!({"responses": {}, "x-amazon-apigateway-integration": mock()});
        if let Some(security) = security {
            operation["security"] = security;
        }
        operation
    };
    let document = document(
        "3.0.1",
        json!({
            "components": {"securitySchemes": {"first": scheme, "extra": scheme}},
            "security": [{"first": ["email"]}],
            "paths": {
                "/default": {"get": operation(None)},
                "/none": {"get": operation(Some(json!([{"first": []}])))},
                "/other": {"get": operation(Some(json!([{"extra": ["email", "openid"]}])))},
            },
        }),
    );
    let (api, _) = aws.imported("&failonwarnings=true", &document);
    let authorizers = aws.listed(&format!("{api}/authorizers"));
    assert_eq!(authorizers.len(), 2);
    let id = |name: &str| {
        let named = authorizers
            .iter()
            .find(|authorizer| authorizer["name"] == name)
            .unwrap();
        assert_eq!(named["authType"], "cognito_user_pools");
        assert_eq!(
            named["identitySource"],
            "method.request.header.TestHeaderAuth"
        );
        assert_eq!(named.get("authorizerResultTtlInSeconds"), None);
        named["id"].clone()
    };
    for (path, authorizer, scopes) in [
        ("/default", "first", json!(["email"])),
        ("/none", "first", Value::Null),
        ("/other", "extra", json!(["email", "openid"])),
    ] {
        let method = &aws.at(&api, path)["resourceMethods"]["GET"];
        assert_eq!(method["authorizationType"], "COGNITO_USER_POOLS", "{path}");
        assert_eq!(method["authorizerId"], id(authorizer), "{path}");
        assert_eq!(method["authorizationScopes"], scopes, "{path}");
        assert_eq!(method["apiKeyRequired"], false);
    }
}

/// Evidence: recorded, LocalStack `test_import_with_global_api_key_authorizer`.
#[test]
fn an_authorizer_that_reads_the_header_of_keys_is_an_authorizer() {
    let aws = Aws::new();
    let uri = format!(
        "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
    );
    let document = document(
        "3.0.2",
        json!({
            "components": {"securitySchemes": {"Gate": {
                "type": "apiKey", "name": "X-Api-Key", "in": "header",
                "x-amazon-apigateway-authtype": "custom",
                "x-amazon-apigateway-authorizer": {
                    "type": "request", "authorizerUri": uri,
                    "identitySource": "method.request.header.Custom-Authorization",
                    "authorizerResultTtlInSeconds": 300,
                },
            }}},
            "security": [{"Gate": []}],
            "x-amazon-apigateway-api-key-source": "AUTHORIZER",
            "paths": {"/echo/{data}": {"x-amazon-apigateway-any-method": {
                "x-amazon-apigateway-integration": mock(),
            }}},
        }),
    );
    let (api, made) = aws.imported("&failonwarnings=true", &document);
    assert_eq!(made["apiKeySource"], "AUTHORIZER");
    let authorizers = aws.listed(&format!("{api}/authorizers"));
    assert_eq!(authorizers[0]["type"], "REQUEST");
    assert_eq!(
        authorizers[0]["identitySource"],
        "method.request.header.Custom-Authorization"
    );
    let method = &aws.at(&api, "/echo/{data}")["resourceMethods"]["ANY"];
    assert_eq!(method["authorizationType"], "CUSTOM");
    assert_eq!(method["authorizerId"], authorizers[0]["id"]);
    assert_eq!(method["apiKeyRequired"], false);
    // The document does not declare the variable.
    assert_eq!(
        method["requestParameters"],
        json!({"method.request.path.data": true})
    );
    assert_eq!(aws.at(&api, "/echo").get("resourceMethods"), None);
}

/// Evidence: documented, "Set the OpenAPI basePath property".
#[test]
fn a_base_path_is_ignored_prepended_or_split() {
    let aws = Aws::new();
    let server =
        |server: Value| document("3.0.1", json!({"servers": [server], "paths": {"/e": {}}}));
    let variable = json!({"url": "https://a.example.com/{basePath}", "variables": {"basePath": {"default": "/a/b/c"}}});
    let documents = [
        document("2.0", json!({"basePath": "/a/b/c", "paths": {"/e": {}}})),
        server(variable),
        server(json!({"url": "https://a.example.com/a/b/c/"})),
    ];
    for document in &documents {
        for (query, paths) in [
            ("", vec!["/", "/e"]),
            ("&basepath=ignore", vec!["/", "/e"]),
            (
                "&basepath=prepend",
                vec!["/", "/a", "/a/b", "/a/b/c", "/a/b/c/e"],
            ),
            ("&basepath=split", vec!["/", "/b", "/b/c", "/b/c/e"]),
        ] {
            let (api, _) = aws.imported(query, document);
            assert_eq!(aws.paths(&api), paths, "{query} {document}");
        }
    }
    // Evidence: recorded, LocalStack `test_import_rest_apis_with_base_path_swagger`, in mode `split`.
    let one = document("2.0", json!({"basePath": "/base", "paths": {"/test": {}}}));
    let (api, _) = aws.imported("&basepath=split", &one);
    assert_eq!(aws.paths(&api), ["/", "/test"]);
}

/// Evidence: recorded, LocalStack `test_import_with_circular_models_and_request_validation`.
#[test]
fn models_refer_to_one_another_by_their_address() {
    let aws = Aws::new();
    let document = document(
        "3.0.2",
        json!({
            "x-amazon-apigateway-request-validators": {
                "basic": {"validateRequestBody": true, "validateRequestParameters": true},
            },
            "x-amazon-apigateway-request-validator": "basic",
            "components": {"schemas": {
                "Person": {
                    "type": "object", "description": "Random person schema.", "required": ["name", "b"],
                    "properties": {
                        "name": {"type": "string"}, "b": {"type": "number"},
                        "house": {"$ref": "#/components/schemas/House"},
                    },
                },
                "House": {"type": "object", "properties": {
                    "bytes": {"type": "string", "format": "byte"},
                    "contains": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Person"}},
                }},
            }},
            "paths": {"/person": {"post": {
                "operationId": "CreatePerson",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}},
                "x-amazon-apigateway-integration": mock(),
            }}},
        }),
    );
    let (api, made) = aws.imported("&failonwarnings=true", &document);
    let id = made["id"].as_str().unwrap();
    let schema = |name: &str| -> Value {
        let model = aws.got(&format!("{api}/models/{name}"));
        assert_eq!(model["contentType"], "application/json");
        serde_json::from_str(model["schema"].as_str().unwrap()).unwrap()
    };
    let to = |name: &str| format!("https://apigateway.amazonaws.com/restapis/{id}/models/{name}");
    assert_eq!(
        schema("Person")["properties"]["house"],
        json!({"$ref": to("House")})
    );
    assert_eq!(
        schema("House")["properties"],
        json!({
            "bytes": {"type": "string", "format": "byte"},
            "contains": {"type": "array", "minItems": 1, "items": {"$ref": to("Person")}},
        })
    );
    let person = aws.got(&format!("{api}/models/Person"));
    assert_eq!(person["description"], "Random person schema.");
    assert_eq!(schema("Person")["description"], "Random person schema.");
    let validator = &aws.listed(&format!("{api}/requestvalidators"))[0];
    assert_eq!(validator["validateRequestBody"], true);
    let method = &aws.at(&api, "/person")["resourceMethods"]["POST"];
    assert_eq!(method["requestValidatorId"], validator["id"]);
    assert_eq!(
        method["requestModels"],
        json!({"application/json": "Person"})
    );
    assert_eq!(method["operationName"], "CreatePerson");
}

/// Evidence: recorded, LocalStack `test_import_api_bad_file`.
#[test]
fn a_body_that_is_no_document_is_refused_before_the_api_is_looked_for() {
    let aws = Aws::new();
    // Evidence: reported, hashicorp/terraform#32281, for a text. Of other versions: aws/serverless-application-model#3449.
    for body in [
        "{'key:value}",
        "test:\n  - \"a\": $b \"c\"",
        "\"text\"",
        "{}",
        "{\"openapi\": \"3.1.0\", \"info\": {\"title\": \"a\"}}",
    ] {
        for request in [
            Request::post("/restapis?mode=import"),
            Request::put("/restapis/absent0000"),
        ] {
            let (status, answer) = aws.sent("apigateway", request, body.into());
            assert_eq!(status, 400, "{body}");
            assert_eq!(
                answer,
                message("Invalid OpenAPI input.").to_string(),
                "{body}"
            );
        }
    }
    let put = Request::put("/restapis/absent0000");
    let (status, _) = aws.sent("apigateway", put, document("2.0", json!({})).to_string());
    assert_eq!(status, 404);
}

/// Evidence: documented, "AWS variables for OpenAPI import".
#[test]
fn variables_of_aws_are_replaced() {
    let aws = Aws::new();
    let uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:f/invocations";
    let integration = json!({"type": "aws_proxy", "httpMethod": "POST", "uri": uri});
    let paths = json!({"/": {"get": {"x-amazon-apigateway-integration": integration}}});
    let (api, _) = aws.imported("", &document("2.0", json!({ "paths": paths })));
    let method = &aws.at(&api, "/")["resourceMethods"]["GET"];
    assert_eq!(
        method["methodIntegration"]["uri"],
        format!(
            "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
        )
    );
}

/// Evidence: reported, hashicorp/terraform-provider-aws#21210.
#[test]
fn a_method_without_an_integration_is_imported_and_not_deployed() {
    let aws = Aws::new();
    let paths = json!({"/": {"get": {"responses": {}}}});
    let (api, _) = aws.imported(
        "&failonwarnings=true",
        &document("2.0", json!({ "paths": paths })),
    );
    let deployed = aws.rest("POST", &format!("{api}/deployments"), json!({}));
    assert_eq!(
        deployed,
        (400, message("No integration defined for method"))
    );
}

/// Evidence: documented, "x-amazon-apigateway-security-policy" and "x-amazon-apigateway-endpoint-configuration object".
#[test]
fn the_endpoint_is_as_the_document_says() {
    let aws = Aws::new();
    let strict = document(
        "3.0.1",
        json!({
            "x-amazon-apigateway-security-policy": "SecurityPolicy_TLS13_1_3_2025_09",
            "x-amazon-apigateway-endpoint-access-mode": "STRICT",
        }),
    );
    let (_, made) = aws.imported("&endpointConfigurationTypes=REGIONAL", &strict);
    assert_eq!(made["securityPolicy"], "SecurityPolicy_TLS13_1_3_2025_09");
    assert_eq!(made["endpointAccessMode"], "STRICT");

    let endpoint =
        json!({"disableExecuteApiEndpoint": true, "vpcEndpointIds": ["vpce-0123456789abcdef0"]});
    let extension = "x-amazon-apigateway-endpoint-configuration";
    let server = json!({ "url": "/", extension: endpoint });
    for document in [
        document("2.0", json!({ extension: endpoint })),
        document("3.0.1", json!({ "servers": [server] })),
    ] {
        let (_, made) = aws.imported("&endpointConfigurationTypes=PRIVATE", &document);
        assert_eq!(made["disableExecuteApiEndpoint"], true, "{document}");
        assert_eq!(
            made["endpointConfiguration"],
            json!({
                "types": ["PRIVATE"], "ipAddressType": "dualstack",
                "vpcEndpointIds": ["vpce-0123456789abcdef0"],
            })
        );
    }
}

/// Evidence: documented, "x-amazon-apigateway-authtype" and "x-amazon-apigateway-auth object".
#[test]
fn a_signature_is_required_by_a_scheme_or_by_the_method() {
    let aws = Aws::new();
    let scheme = json!({
        "type": "apiKey", "name": "Authorization", "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    });
    let document = document(
        "2.0",
        json!({
            "securityDefinitions": {"signed": scheme},
            "security": [{"signed": []}],
            "paths": {"/": {
                "get": {},
                "put": {"security": []},
                "post": {"security": [], "x-amazon-apigateway-auth": {"type": "aws_iam"}},
            }},
        }),
    );
    let (api, _) = aws.imported("&failonwarnings=true", &document);
    let methods = aws.at(&api, "/")["resourceMethods"].clone();
    for (verb, wanted) in [("GET", "AWS_IAM"), ("PUT", "NONE"), ("POST", "AWS_IAM")] {
        assert_eq!(methods[verb]["authorizationType"], wanted, "{verb}");
    }
    assert!(aws.listed(&format!("{api}/authorizers")).is_empty());
}

/// Evidence: recorded, LocalStack `test_import_with_integer_http_status_code`, for status codes.
#[test]
fn numbers_and_truth_values_stand_for_texts() {
    let aws = Aws::new();
    let yaml = "
openapi: 3.0.1
info: {title: 7, version: 2.0}
servers:
  - url: /
    x-amazon-apigateway-endpoint-configuration: {disableExecuteApiEndpoint: 'true'}
x-amazon-apigateway-binary-media-types: [1]
x-amazon-apigateway-minimum-compression-size: '10'
x-amazon-apigateway-request-validators: {a: {validateRequestBody: 'true'}}
x-amazon-apigateway-gateway-responses: {UNAUTHORIZED: {statusCode: 403, responseTemplates: {application/json: 1}}}
paths:
  /:
    get:
      operationId: 1
      parameters: [{name: a, in: query, required: 'true'}]
      responses:
        200: {description: all}
      x-amazon-apigateway-integration:
        type: mock
        timeoutInMillis: '50'
        cacheKeyParameters: [1]
        tlsConfig: {insecureSkipVerification: 'true'}
        requestTemplates: {application/json: true}
        responses:
          404: {statusCode: 200, responseTemplates: {application/json: 1}}
";
    let request = Request::post("/restapis?mode=import&failonwarnings=true");
    let (status, made) = aws.sent("apigateway", request, yaml.into());
    assert_eq!(status, 201, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(
        (&made["name"], &made["version"]),
        (&json!("7"), &json!("2.0"))
    );
    assert_eq!(made["disableExecuteApiEndpoint"], true);
    assert_eq!(
        (&made["binaryMediaTypes"], &made["minimumCompressionSize"]),
        (&json!(["1"]), &json!(10))
    );
    let api = format!("/restapis/{}", made["id"].as_str().unwrap());
    assert_eq!(
        aws.got(&format!("{api}/gatewayresponses/UNAUTHORIZED"))["statusCode"],
        "403"
    );
    assert_eq!(
        aws.listed(&format!("{api}/requestvalidators"))[0]["validateRequestBody"],
        true
    );
    let method = &aws.at(&api, "/")["resourceMethods"]["GET"];
    assert_eq!(method["operationName"], "1");
    assert_eq!(
        method["requestParameters"],
        json!({"method.request.querystring.a": true})
    );
    assert_eq!(
        method["methodResponses"],
        json!({"200": {"statusCode": "200"}})
    );
    let integration = &method["methodIntegration"];
    assert_eq!(integration["timeoutInMillis"], 50);
    assert_eq!(integration["cacheKeyParameters"], json!(["1"]));
    assert_eq!(
        integration["tlsConfig"],
        json!({"insecureSkipVerification": true})
    );
    assert_eq!(
        integration["requestTemplates"],
        json!({"application/json": "true"})
    );
    assert_eq!(
        integration["integrationResponses"],
        json!({"200": {
            "statusCode": "200", "selectionPattern": "404",
            "responseTemplates": {"application/json": "1"},
        }})
    );
}
