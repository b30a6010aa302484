//! Imports into an API that exists.

use super::*;

impl Aws {
    #[track_caller]
    fn put(&self, api: &str, query: &str, document: &Value) -> Value {
        let (status, answer) = self.rest("PUT", &format!("{api}{query}"), document.clone());
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

fn with_mocks(paths: &[&str]) -> Value {
    let operation = json!({"responses": {}, "x-amazon-apigateway-integration": mock()});
    let paths: serde_json::Map<_, _> = paths
        .iter()
        .map(|path| ((*path).to_owned(), json!({ "get": operation })))
        .collect();
    document("2.0", json!({ "paths": paths }))
}

/// Evidence: recorded, LocalStack `test_put_rest_api_mode_binary_media_types`.
#[test]
fn binary_media_types_are_merged_or_replaced_and_the_api_is_renamed() {
    let aws = Aws::new();
    let document = document(
        "2.0",
        json!({"x-amazon-apigateway-binary-media-types": ["image/png", "image/jpg"]}),
    );
    for (mode, wanted) in [
        ("", json!(["image/heif", "image/png", "image/jpg"])),
        (
            "?mode=merge",
            json!(["image/heif", "image/png", "image/jpg"]),
        ),
        ("?mode=overwrite", json!(["image/png", "image/jpg"])),
    ] {
        let made = json!({"name": "a", "binaryMediaTypes": ["image/heif"]});
        let (_, made) = aws.rest("POST", "/restapis", made);
        let answer = aws.put(
            &format!("/restapis/{}", made["id"].as_str().unwrap()),
            mode,
            &document,
        );
        assert_eq!(answer["binaryMediaTypes"], wanted, "{mode}");
        assert_eq!(
            (&answer["name"], &answer["version"]),
            (&json!("pets"), &json!("1.0"))
        );
        assert_eq!(answer["tags"], json!({}));
        assert_eq!(answer["rootResourceId"], made["rootResourceId"]);
    }
}

/// Evidence: recorded, LocalStack `test_import_rest_api_with_base_path_oas30`, for the resources.
#[test]
fn an_overwrite_keeps_the_ids_of_the_paths_that_stay() {
    let aws = Aws::new();
    let (api, made) = aws.imported("", &with_mocks(&["/test", "/gone/below"]));
    let before = aws.at(&api, "/test");
    let namespace =
        |of: &Value| of["resourceMethods"]["GET"]["methodIntegration"]["cacheNamespace"].clone();
    assert_eq!(namespace(&before), before["id"]);
    let answer = aws.put(&api, "?mode=overwrite", &with_mocks(&["/test", "/new"]));
    assert_eq!(answer["rootResourceId"], made["rootResourceId"]);
    let after = aws.at(&api, "/test");
    assert_eq!(after["id"], before["id"]);
    assert_ne!(namespace(&after), after["id"]);
    assert_eq!(aws.paths(&api), ["/", "/new", "/test"]);
}

/// Evidence: documented, "Use an OpenAPI file to update an existing API".
#[test]
fn an_overwrite_keeps_the_endpoint_type_and_the_stages_and_resets_the_rest() {
    let aws = Aws::new();
    let first = document(
        "2.0",
        json!({
            "x-amazon-apigateway-api-key-source": "AUTHORIZER",
            "x-amazon-apigateway-minimum-compression-size": 10,
            "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"},
            ]},
            "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": true},
            "x-amazon-apigateway-gateway-responses": {"UNAUTHORIZED": {"statusCode": 403}},
            "definitions": {"Pet": {"type": "object"}},
            "paths": with_mocks(&["/test"])["paths"].clone(),
        }),
    );
    let (api, made) = aws.imported("&endpointConfigurationTypes=REGIONAL", &first);
    let id = made["id"].as_str().unwrap();
    // Evidence: documented, "x-amazon-apigateway-policy".
    let arn = format!("arn:aws:execute-api:eu-west-1:123456789012:{id}/*");
    assert!(made["policy"].as_str().unwrap().contains(&arn), "{made}");
    assert_eq!(made["disableExecuteApiEndpoint"], true);
    assert_eq!(made["minimumCompressionSize"], 10);
    let deployed = aws.rest(
        "POST",
        &format!("{api}/deployments"),
        json!({"stageName": "live"}),
    );
    assert_eq!(deployed.0, 201);

    let answer = aws.put(&api, "?mode=overwrite", &with_mocks(&["/other"]));
    assert_eq!(answer["id"], id);
    assert_eq!(
        answer["endpointConfiguration"]["types"],
        json!(["REGIONAL"])
    );
    assert_eq!(answer["apiKeySource"], "HEADER");
    assert_eq!(answer["disableExecuteApiEndpoint"], false);
    for absent in ["policy", "minimumCompressionSize", "binaryMediaTypes"] {
        assert_eq!(answer.get(absent), None, "{absent}");
    }
    assert!(aws.listed(&format!("{api}/models")).is_empty());
    let unauthorized = aws.got(&format!("{api}/gatewayresponses/UNAUTHORIZED"));
    assert_eq!(unauthorized["defaultResponse"], true);
    assert_eq!(aws.got(&format!("{api}/stages/live"))["stageName"], "live");
}

/// Evidence: documented, "Use an OpenAPI file to update an existing API".
#[test]
fn a_merge_replaces_methods_as_a_whole_and_leaves_what_it_does_not_name() {
    let aws = Aws::new();
    let mut first = with_mocks(&["/a", "/b"]);
    first["paths"]["/a"]["get"]["responses"] = json!({"206": {"description": "part"}});
    first["definitions"] = json!({"Pet": {"type": "object"}});
    first["info"]["description"] = "all pets".into();
    let (api, _) = aws.imported("", &first);
    let before = aws.at(&api, "/a");
    assert!(
        before["resourceMethods"]["GET"]["methodResponses"]
            .get("206")
            .is_some()
    );
    let mut second = with_mocks(&["/a"]);
    second["paths"]["/a"]["get"]["responses"] = json!({"200": {"description": "all"}});
    let answer = aws.put(&api, "?mode=merge", &second);
    assert_eq!(answer["description"], "all pets");
    let after = aws.at(&api, "/a");
    assert_eq!(after["id"], before["id"]);
    assert_eq!(
        after["resourceMethods"]["GET"]["methodResponses"],
        json!({"200": {"statusCode": "200"}})
    );
    assert_eq!(aws.paths(&api), ["/", "/a", "/b"]);
    assert_eq!(aws.listed(&format!("{api}/models")).len(), 1);
}
