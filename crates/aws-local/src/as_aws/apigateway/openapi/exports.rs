//! Exports of stages.

use super::*;

impl Aws {
    /// An export and the header that names its file.
    #[track_caller]
    fn exported(&self, api: &str, kind: &str, query: &str) -> (Value, String) {
        let request = Request::get(format!("{api}/stages/local/exports/{kind}{query}"));
        let answer = self.whole("apigateway", request, String::new());
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(answer.status(), 200, "{:?}", answer.body());
        assert_eq!(header("content-type"), "application/octet-stream");
        let body = serde_json::from_slice(answer.body()).unwrap();
        (body, header("content-disposition"))
    }

    /// An import that is deployed to the stage `local`.
    #[track_caller]
    fn deployed(&self, document: &Value) -> (String, String) {
        let (api, made) = self.imported("&failonwarnings=true", document);
        let stage = json!({"stageName": "local"});
        let (status, _) = self.rest("POST", &format!("{api}/deployments"), stage);
        assert_eq!(status, 201);
        (api, made["id"].as_str().unwrap().to_owned())
    }
}

/// The simple pet store of the recordings.
fn pets() -> Value {
    let integration = |more: Value| {
        let mut integration = json!({
            "type": "http", "httpMethod": "GET", "passthroughBehavior": "when_no_match",
            "uri": "http://petstore-demo-endpoint.execute-api.com/petstore/pets",
            "responses": {"default": {"statusCode": "200"}},
        });
        for (name, value) in more.as_object().unwrap() {
            integration[name] = value.clone();
        }
        integration
    };
    json!({
        "swagger": "2.0",
        "info": {"title": "Simple PetStore (Swagger)", "version": "1.0.0"},
        "schemes": ["https"],
        "x-amazon-apigateway-binary-media-types": ["image/png", "image/jpg"],
        "paths": {
            "/pets": {"get": {
                "responses": {"200": {"description": "200 response"}},
                "x-amazon-apigateway-integration": integration(json!({})),
            }},
            "/pets/{petId}": {"get": {
                "parameters": [{"name": "petId", "in": "path", "required": true, "type": "string"}],
                "responses": {"200": {"description": "200 response"}},
                "x-amazon-apigateway-integration": integration(json!({
                    "uri": "http://petstore-demo-endpoint.execute-api.com/petstore/pets/{id}",
                    "requestParameters": {"integration.request.path.id": "method.request.path.petId"},
                })),
            }},
        },
    })
}

/// Evidence: recorded, LocalStack `test_export_swagger_openapi`.
#[test]
fn an_export_as_swagger_is_what_was_imported_at_its_host() {
    let aws = Aws::new();
    let (api, id) = aws.deployed(&pets());
    let (exported, disposition) = aws.exported(&api, "swagger", "?extensions=apigateway");
    assert_eq!(disposition, "attachment; filename=\"swagger_1.0.0.json\"");
    let mut wanted = pets();
    wanted["host"] = format!("{id}.execute-api.eu-west-1.amazonaws.com").into();
    wanted["basePath"] = "/local".into();
    assert_eq!(exported, wanted);
    let (plain, _) = aws.exported(&api, "swagger", "");
    assert!(!plain.to_string().contains("x-"), "{plain}");
    let responses = json!({"200": {"description": "200 response"}});
    assert_eq!(
        plain["paths"]["/pets"],
        json!({"get": { "responses": responses }})
    );
}

/// Evidence: recorded, LocalStack `test_export_oas30_openapi`.
#[test]
fn an_export_as_oas30_is_the_same_in_its_form() {
    let aws = Aws::new();
    let (api, id) = aws.deployed(&pets());
    let (exported, disposition) = aws.exported(&api, "oas30", "");
    assert_eq!(disposition, "attachment; filename=\"oas30_1.0.0.json\"");
    let response = json!({"200": {"description": "200 response", "content": {}}});
    assert_eq!(
        exported,
        json!({
            "openapi": "3.0.1",
            "info": {"title": "Simple PetStore (Swagger)", "version": "1.0.0"},
            "servers": [{
                "url": format!("https://{id}.execute-api.eu-west-1.amazonaws.com/{{basePath}}"),
                "variables": {"basePath": {"default": "local"}},
            }],
            "paths": {
                "/pets": {"get": {"responses": response}},
                "/pets/{petId}": {"get": {
                    "parameters": [{"name": "petId", "in": "path", "required": true, "schema": {"type": "string"}}],
                    "responses": response,
                }},
            },
            "components": {},
        })
    );
}

/// Evidence: recorded, LocalStack `test_export_swagger_openapi` and `test_export_oas30_openapi`, for bodies, content types and parameters.
#[test]
fn an_export_has_models_where_they_are_used() {
    let aws = Aws::new();
    let operation = json!({
        "operationId": "CreatePet",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "parameters": [
            {"name": "page", "in": "query", "type": "string", "required": false},
            {"name": "NewPet", "in": "body", "required": true, "schema": {"$ref": "#/definitions/NewPet"}},
        ],
        "responses": {"200": {"schema": {"$ref": "#/definitions/Pet"}}},
        "x-amazon-apigateway-integration": mock(),
    });
    let document = json!({
        "swagger": "2.0",
        "info": {"title": "pets"},
        "paths": {"/pets": {"post": operation}},
        "definitions": {
            "NewPet": {"type": "object", "properties": {"type": {"$ref": "#/definitions/PetType"}}},
            "Pet": {"type": "object"},
            "PetType": {"type": "string", "enum": ["dog", "cat"]},
        },
    });
    let (api, _) = aws.deployed(&document);
    let (swagger, disposition) = aws.exported(&api, "swagger", "");
    // Evidence: inferred, from published exports of APIs without a version, which have a date of this form.
    assert_eq!(
        disposition,
        "attachment; filename=\"swagger_2026-11-21T12:00:00Z.json\""
    );
    assert_eq!(swagger["info"]["version"], "2026-11-21T12:00:00Z");
    assert_eq!(swagger["definitions"], document["definitions"]);
    let mut wanted = operation.clone();
    wanted
        .as_object_mut()
        .unwrap()
        .remove("x-amazon-apigateway-integration");
    wanted["responses"]["200"]["description"] = "200 response".into();
    assert_eq!(swagger["paths"]["/pets"]["post"], wanted);

    let (oas30, _) = aws.exported(&api, "oas30", "");
    let reference =
        |name: &str| json!({"schema": {"$ref": format!("#/components/schemas/{name}")}});
    assert_eq!(
        oas30["paths"]["/pets"]["post"],
        json!({
            "operationId": "CreatePet",
            "parameters": [{"name": "page", "in": "query", "schema": {"type": "string"}}],
            "requestBody": {"content": {"application/json": reference("NewPet")}, "required": true},
            "responses": {"200": {
                "description": "200 response",
                "content": {"application/json": reference("Pet")},
            }},
        })
    );
    let schemas = oas30["components"]["schemas"].as_object().unwrap();
    assert_eq!(
        schemas.keys().collect::<Vec<_>>(),
        ["NewPet", "Pet", "PetType"]
    );
}
