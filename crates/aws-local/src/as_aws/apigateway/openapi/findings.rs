//! Errors and warnings of imports.

use super::*;

impl Aws {
    /// The words with which a document is refused.
    #[track_caller]
    fn refuses(&self, query: &str, document: &Value) -> String {
        let path = format!("/restapis?mode=import{query}");
        let (status, answer) = self.rest("POST", &path, document.clone());
        assert_eq!(status, 400, "{answer}");
        answer["message"].as_str().unwrap().to_owned()
    }
}

/// Evidence: reported, edx/api-manager#259 and terra-money/fcd-classic#36.
#[test]
fn a_model_is_refused_with_those_that_refer_to_it() {
    let aws = Aws::new();
    let to = |name: &str| json!({"$ref": format!("#/definitions/{name}")});
    let document = document(
        "2.0",
        json!({"definitions": {
            "_": {"type": "object"},
            "getBankResult": {"type": "object", "properties": {
                "vesting": to("getBankResult.vesting"), "other": to("_"),
            }},
            "getBankResult.vesting": {"type": "object"},
        }}),
    );
    let lines = [
        "Errors found during import:",
        "Unable to create model for '_': Model name must be alphanumeric: _",
        "Unable to create model for 'getBankResult': Invalid model specified: Validation Result: warnings : [], errors : [Invalid model specified: getBankResult.vesting, Invalid model specified: _]",
        "Unable to create model for 'getBankResult.vesting': Model name must be alphanumeric: getBankResult.vesting",
    ];
    assert_eq!(aws.refuses("", &document), lines.join("\n\t"));
}

/// Evidence: reported, ustayready/fireprox#37, for integrations. Of resources: amazon-archives/aws-apigateway-importer#202. Of methods that
/// are there twice: aws/serverless-application-model#3385.
#[test]
fn all_errors_are_told_and_nothing_is_made() {
    let aws = Aws::new();
    let http = json!({"type": "http_proxy", "httpMethod": "GET", "uri": "nowhere"});
    let broken = json!({"get": {"x-amazon-apigateway-integration": http}});
    let document = document(
        "2.0",
        json!({"paths": {
            "/": broken,
            "/user/{bizId}": {},
            "/user/{userId}/fans": {},
            "/twice": {"get": {}},
            "/twice/": {"get": {}},
        }}),
    );
    let lines = [
        "Errors found during import:",
        "Unable to create resource at path '/user/{userId}/fans': A sibling ({bizId}) of this resource already has a variable path part -- only one is allowed",
        "Unable to put integration on 'GET' for resource at path '/': Invalid HTTP endpoint specified for URI",
        "Duplicate method 'GET' on resource at path '/twice'",
    ];
    assert_eq!(aws.refuses("", &document), lines.join("\n\t"));
    assert!(aws.listed("/restapis").is_empty());

    let (api, _) = aws.imported("", &super::document("2.0", json!({"paths": {"/kept": {}}})));
    let before = aws.got(&api);
    for mode in ["merge", "overwrite"] {
        let (status, _) = aws.rest("PUT", &format!("{api}?mode={mode}"), document.clone());
        assert_eq!(status, 400);
        assert_eq!(aws.got(&api), before);
        assert_eq!(aws.paths(&api), ["/", "/kept"]);
    }
}

/// Evidence: inferred, from a transcript in the repository columbia-it/django-jsonapi-training.
#[test]
fn a_parameter_has_no_brackets_in_its_name() {
    let aws = Aws::new();
    let parameter = json!({"name": "page[size]", "in": "query", "type": "string"});
    let paths = json!({"/course_terms": {"get": {"parameters": [parameter]}}});
    let why = "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Parameter name should match the following regular expression: ^[a-zA-Z0-9._$-]+$]";
    assert_eq!(
        aws.refuses("", &document("2.0", json!({ "paths": paths }))),
        format!(
            "Errors found during import:\n\tUnable to put method 'GET' on resource at path '/course_terms': {why}"
        )
    );
}

/// Evidence: recorded, LocalStack `test_import_rest_api_with_base_path_oas30`.
#[test]
fn a_warning_is_in_the_answer_or_discards_the_import() {
    let aws = Aws::new();
    let mut integration = mock();
    integration["requestParameters"] = json!({
        "integration.request.header.double-single": "'True'",
        "integration.request.header.nothing": true,
    });
    let operation = json!({"responses": {}, "x-amazon-apigateway-integration": integration});
    let document = document(
        "3.0.1",
        json!({
            "servers": [{"url": "https://a.example.com/base/part"}],
            "paths": {"/test": {"get": operation}},
        }),
    );
    let wanted = "Invalid format for 'requestParameters'. Expected type string for property 'integration.request.header.nothing' of resource '/part/test' and method 'GET' but got 'true'";
    let (api, made) = aws.imported("&basepath=split", &document);
    assert_eq!(made["warnings"], json!([wanted]));
    let method = &aws.at(&api, "/part/test")["resourceMethods"]["GET"];
    assert_eq!(
        method["methodIntegration"]["requestParameters"],
        json!({"integration.request.header.double-single": "'True'"})
    );
    // Evidence: reported, terraform-provider-aws `TestAccAPIGatewayRestAPI_FailOnWarnings`, hashicorp/terraform-provider-aws#22300.
    let refused = aws.refuses("&basepath=split&failonwarnings=true", &document);
    assert_eq!(
        refused,
        format!("Warnings found during import:\n\t{wanted}")
    );
    assert_eq!(aws.listed("/restapis").len(), 1);
}

/// Each line has its evidence.
///
/// Evidence: documented, "Errors and warnings from importing your API into API Gateway", for warnings in the answer.
#[test]
fn what_aws_warns_of() {
    let aws = Aws::new();
    let scheme = |members: Value| {
        let schemes = json!({ "auth": members });
        document("2.0", json!({ "securityDefinitions": schemes }))
    };
    let method = |members: Value| document("2.0", json!({"paths": {"/": {"get": members}}}));
    let parameter = json!({"parameters": [{"name": "email", "in": "formData", "type": "string"}]});
    let absent = json!({"responses": {"200": {"schema": {"$ref": "#/definitions/X"}}}});
    let reference =
        json!({"x-amazon-apigateway-integration": {"$ref": "#/components/x-integrations/a"}});
    for (document, wanted) in [
        // Evidence: reported, traccar/traccar#2079.
        (
            method(parameter),
            "Parameter type formData for parameter email not supported. Ignoring.",
        ),
        // Evidence: reported, amazon-archives/aws-apigateway-importer#194.
        (
            method(absent),
            "Reference to model 'X' not found. Ignoring.",
        ),
        // Evidence: reported, awsdocs/amazon-api-gateway-developer-guide#65.
        (
            method(reference),
            "Unknown integration type 'null' for 'GET /'. Ignoring.",
        ),
        // Evidence: inferred, from a transcript in the repository columbia-it/django-jsonapi-training.
        (
            scheme(json!({"type": "oauth2"})),
            "Unsupported security definition type 'oauth2' for 'auth'. Ignoring.",
        ),
        // Evidence: reported, amazon-archives/aws-apigateway-importer#187.
        (
            scheme(
                json!({"type": "apiKey", "name": "a", "in": "header", "x-amazon-apigateway-authtype": "custom"}),
            ),
            "Unable to create authorizer from security definition: 'auth'. Extension x-amazon-apigateway-authorizer is required. Any methods with security: 'auth' will not be created. If this security definition is not a custom authorizer, remove the x-amazon-apigateway-authtype extension and it will be ignored.",
        ),
        // Evidence: inferred, from terraform-provider-aws `TestAccAPIGatewayRestAPI_FailOnWarnings` and swagger-parser's words.
        (
            document("3.0.1", json!({"components": {"other": {}}})),
            "Parse issue: attribute components.other is unexpected",
        ),
    ] {
        let (_, made) = aws.imported("", &document);
        assert_eq!(made["warnings"], json!([wanted]), "{document}");
    }
}

/// Evidence: reported, localstack/localstack#4619.
#[test]
fn an_integration_of_another_kind_can_not_be_parsed() {
    let aws = Aws::new();
    let integration = json!({"type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": "a"}});
    let paths = json!({"/": {"get": {"x-amazon-apigateway-integration": integration}}});
    let words = aws.refuses("", &document("3.0.1", json!({ "paths": paths })));
    assert_eq!(
        words,
        "Unable to parse API definition because of a malformed integration at path /."
    );
}
