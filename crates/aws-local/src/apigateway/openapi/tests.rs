//! Imports and exports: that one leads to the other and back, the formats of a document, and what is refused by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::super::operation::Refusal;
use super::super::tests::Local;

mod fixed_point;

const PATH: &str = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:f/invocations";

/// A document with most of what has a place in an export.
const WHOLE: &str = include_str!("tests/whole.yaml");

impl Local {
    fn import(&mut self, body: &str) -> Result<String, Refusal> {
        let made = self.try_call("ImportRestApi", json!({"body": STANDARD.encode(body)}))?;
        Ok(made["id"].as_str().unwrap().to_owned())
    }

    fn export(&mut self, api: &str, input: Value) -> Result<String, Refusal> {
        let mut whole = json!({"restApiId": api, "stageName": "live", "exportType": "oas30"});
        for (name, value) in input.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let body = self.try_call("GetExport", whole)?["body"].clone();
        Ok(String::from_utf8(STANDARD.decode(body.as_str().unwrap()).unwrap()).unwrap())
    }

    fn deploy(&mut self, api: &str) {
        self.call(
            "CreateDeployment",
            json!({"restApiId": api, "stageName": "live"}),
        );
    }

    /// What an API is, without what an import makes anew: ids, which are replaced by names, and cache namespaces.
    fn is(&mut self, api: &str) -> Value {
        let lists = [
            ("GetResources", json!({"embed": ["methods"]})),
            ("GetModels", json!({})),
            ("GetAuthorizers", json!({})),
            ("GetRequestValidators", json!({})),
            ("GetGatewayResponses", json!({})),
        ];
        let lists = lists.map(|(operation, mut input)| {
            input["restApiId"] = json!(api);
            let mut items = self.call(operation, input)["items"].clone();
            // Lists are in the order of ids.
            let items = items.as_array_mut().map(std::mem::take);
            let mut items = items.unwrap_or_default();
            items.sort_by_key(|item| (item["name"].to_string(), item["path"].to_string()));
            items
        });
        let named: Vec<(String, String)> = lists[1..]
            .iter()
            .flatten()
            .filter_map(|one| Some((one["id"].as_str()?.into(), one["name"].as_str()?.into())))
            .collect();
        let text = json!(lists).to_string();
        let text = named
            .iter()
            .fold(text, |text, (id, name)| text.replace(id, name));
        let namespace = regex::Regex::new(r#""cacheNamespace":"[a-z0-9]+","#).unwrap();
        serde_json::from_str(&namespace.replace_all(&text, "")).unwrap()
    }

    #[track_caller]
    fn not_imported(&mut self, document: &Value) -> String {
        let refusal = self.import(&document.to_string()).unwrap_err();
        assert_eq!(refusal.status, 501, "{}", refusal.message);
        refusal.message
    }
}

fn document(members: Value) -> Value {
    let mut document = json!({"openapi": "3.0.1", "info": {"title": "a", "version": "1"}});
    for (name, value) in members.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

/// An export that is put over its own API and exported again is the same, in both versions and both formats.
#[test]
fn an_export_of_an_import_of_an_export_is_the_export() {
    for kind in ["oas30", "swagger"] {
        for format in ["application/json", "application/yaml"] {
            let mut local = Local::new();
            let api = local.import(WHOLE).unwrap();
            local.deploy(&api);
            let wanted = json!({
                "exportType": kind, "accepts": format, "parameters": {"extensions": "apigateway"},
            });
            let first = local.export(&api, wanted.clone()).unwrap();
            let before = local.is(&api);
            let put =
                json!({"restApiId": api, "mode": "overwrite", "body": STANDARD.encode(&first)});
            let answer = local.call("PutRestApi", put);
            assert_eq!(answer.get("warnings"), None, "{kind} {format}");
            assert_eq!(
                local.is(&api),
                before,
                "{kind} {format}: nothing is left out"
            );
            local.deploy(&api);
            let second = local.export(&api, wanted).unwrap();
            assert_eq!(first, second, "{kind} {format}");
        }
    }
}

#[test]
fn an_export_has_all_that_its_extensions_name() {
    let mut local = Local::new();
    let api = local.import(WHOLE).unwrap();
    local.deploy(&api);
    let mut with = |extensions: &str| {
        let parameters = json!({"parameters": {"extensions": extensions}});
        local.export(&api, parameters).unwrap()
    };
    let extensions = |text: &str| {
        let found = regex::Regex::new("x-amazon-apigateway-[a-z-]+").unwrap();
        let mut found: Vec<String> = found
            .find_iter(text)
            .map(|found| found.as_str()["x-amazon-apigateway-".len()..].into())
            .collect();
        found.sort();
        found.dedup();
        found
    };
    let of_authorizers = ["any-method", "authorizer", "authtype"];
    let of_gateway = [
        "any-method",
        "api-key-source",
        "binary-media-types",
        "endpoint-configuration",
        "gateway-responses",
        "integration",
        "minimum-compression-size",
        "policy",
        "request-validator",
        "request-validators",
    ];
    assert_eq!(extensions(&with("")), ["any-method"]);
    assert_eq!(extensions(&with("authorizers")), of_authorizers);
    assert_eq!(extensions(&with("integrations")), of_gateway);
    let mut all = [&of_gateway[..], &of_authorizers[1..]].concat();
    all.sort_unstable();
    assert_eq!(extensions(&with("apigateway")), all);
    assert_eq!(extensions(&with("integrations,authorizers")), all);
}

#[test]
fn what_an_export_does_not_have_is_refused_by_name() {
    let mut local = Local::new();
    let xml = json!({"content": {"application/xml": {"schema": {"type": "object"}}}});
    let mut post = json!({"requestBody": xml});
    post[super::INTEGRATION] = json!({"type": "mock"});
    let paths = json!({"/a": { "post": post }});
    let api = local
        .import(&document(json!({ "paths": paths })).to_string())
        .unwrap();
    local.deploy(&api);
    for (input, named) in [
        (
            json!({"parameters": {"extensions": "postman"}}),
            "extension 'postman'",
        ),
        (json!({"exportType": "other"}), "export type 'other'"),
        (json!({"accepts": "text/html"}), "'text/html'"),
        (
            json!({}),
            "the export of POST /a, whose body models are not JSON",
        ),
    ] {
        let refusal = local.export(&api, input).unwrap_err();
        assert_eq!(refusal.status, 501);
        assert!(refusal.message.contains(named), "{}", refusal.message);
    }
    let refusal = local
        .export(&api, json!({"stageName": "absent"}))
        .unwrap_err();
    assert_eq!(
        (refusal.status, &*refusal.message),
        (404, "Invalid stage identifier specified")
    );
}

#[test]
fn a_document_in_yaml_is_the_same_as_in_json() {
    let mut local = Local::new();
    let document: Value = serde_saphyr::from_str(WHOLE).unwrap();
    let apis = [WHOLE.to_owned(), document.to_string()].map(|body| local.import(&body).unwrap());
    let [yaml, json] = apis.map(|api| {
        local.deploy(&api);
        let parameters = json!({"parameters": {"extensions": "apigateway"}});
        local.export(&api, parameters).unwrap().replace(&api, "ID")
    });
    assert_eq!(yaml, json);
}

/// Ten lines that stand for ten thousand million items.
#[test]
fn aliases_do_not_become_a_large_document() {
    let mut lines = "openapi: 3.0.1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let alias = vec![format!("*a{}", level - 1); 10].join(", ");
        lines += &format!("a{level}: &a{level} [{alias}]\n");
    }
    let refusal = Local::new().import(&lines).unwrap_err();
    assert_eq!(
        (refusal.status, &*refusal.message),
        (400, "Invalid OpenAPI input.")
    );
    // An alias by itself is as good as what it stands for.
    let few = "openapi: 3.0.1\ninfo: &info {title: a, version: 1}\nx-again: *info\npaths: {}\n";
    assert!(Local::new().import(few).is_ok());
}

#[test]
fn equal_schemas_without_a_name_are_one_model() {
    let mut local = Local::new();
    let response =
        json!({"200": {"content": {"application/json": {"schema": {"type": "object"}}}}});
    let paths = json!({"/a": {"get": {"responses": response}, "put": {"responses": response}}});
    let api = local
        .import(&document(json!({ "paths": paths })).to_string())
        .unwrap();
    let models = local.call("GetModels", json!({"restApiId": api}));
    let [model] = &models["items"].as_array().unwrap()[..] else {
        panic!("{models}");
    };
    let name = model["name"].as_str().unwrap();
    assert!(name.starts_with("MODEL") && name.len() == 11, "{name}");
}

#[test]
fn words_that_models_do_not_have_are_left_out_and_names_like_them_stay() {
    let mut local = Local::new();
    let schema = json!({
        "type": "object", "example": {}, "x-order": 1,
        "properties": {"example": {"type": "string", "nullable": true, "enum": ["default"]}},
        "allOf": [{"readOnly": true, "minimum": 1}],
    });
    let document = document(json!({"components": {"schemas": {"A": schema}}}));
    let api = local.import(&document.to_string()).unwrap();
    let model = local.call("GetModel", json!({"restApiId": api, "modelName": "A"}));
    let schema: Value = serde_json::from_str(model["schema"].as_str().unwrap()).unwrap();
    assert_eq!(
        schema,
        json!({
            "type": "object",
            "properties": {"example": {"type": "string", "enum": ["default"]}},
            "allOf": [{"minimum": 1}],
        })
    );
}

#[test]
fn a_method_has_the_parameters_of_its_path_and_of_references() {
    let mut local = Local::new();
    let parameter =
        |name: &str, required: bool| json!({"name": name, "in": "query", "required": required});
    let document = document(json!({
        "components": {"parameters": {"Page": parameter("page", true)}},
        "paths": {"/a": {
            "parameters": [{"$ref": "#/components/parameters/Page"}, parameter("size", true)],
            "get": {"parameters": [parameter("size", false)]},
        }},
    }));
    let api = local.import(&document.to_string()).unwrap();
    let resources = local.call(
        "GetResources",
        json!({"restApiId": api, "embed": ["methods"]}),
    );
    let resources = resources["items"].as_array().unwrap();
    let a = resources
        .iter()
        .find(|resource| resource["path"] == "/a")
        .unwrap();
    assert_eq!(
        a["resourceMethods"]["GET"]["requestParameters"],
        json!({"method.request.querystring.page": true, "method.request.querystring.size": false})
    );
}

#[test]
fn a_put_that_merges_keeps_what_other_methods_refer_to() {
    let mut local = Local::new();
    let scheme = |ttl: i64| {
        json!({"gate": {
            "type": "apiKey", "name": "token", "in": "header",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {
                "type": "token", "authorizerUri": PATH, "authorizerResultTtlInSeconds": ttl,
            },
        }})
    };
    let security = json!([{"gate": []}]);
    let paths = json!({"/a": {"get": { "security": security }}});
    let first = document(json!({"components": {"securitySchemes": scheme(60)}, "paths": paths}));
    let api = local.import(&first.to_string()).unwrap();
    let authorizers = |local: &mut Local| local.call("GetAuthorizers", json!({"restApiId": api}));
    let before = authorizers(&mut local)["items"][0].clone();
    for (mode, same) in [("merge", true), ("overwrite", false)] {
        let second = document(json!({"components": {"securitySchemes": scheme(30)}}));
        let body = STANDARD.encode(second.to_string());
        local.call(
            "PutRestApi",
            json!({"restApiId": api, "mode": mode, "body": body}),
        );
        let after = authorizers(&mut local);
        assert_eq!(after["items"].as_array().unwrap().len(), 1, "{mode}");
        let after = &after["items"][0];
        assert_eq!(after["authorizerResultTtlInSeconds"], 30, "{mode}");
        assert_eq!(after["id"] == before["id"], same, "{mode}");
    }
}

#[test]
fn what_no_evidence_tells_is_refused_by_name() {
    let mut local = Local::new();
    let get = |members: Value| document(json!({"paths": {"/": {"get": members}}}));
    let two = json!({"a": {"type": "apiKey", "in": "header", "name": "a", "x-amazon-apigateway-authtype": "awsSigv4"}});
    let mut twice = two.clone();
    twice["b"] = two["a"].clone();
    let several = document(json!({
        "components": {"securitySchemes": twice},
        "security": [{"a": []}, {"b": []}],
        "paths": {"/": {"get": {}}},
    }));
    for (document, named) in [
        (
            get(json!({"security": [{"absent": []}]})),
            "security requirement 'absent'",
        ),
        (several, "several authorizers"),
        (get(json!({"responses": {"2XX": {}}})), "'2XX'"),
        (
            get(json!({"parameters": [{"$ref": "other.yaml#/a"}]})),
            "'other.yaml#/a'",
        ),
        (
            get(json!({"parameters": [{"$ref": "#/components/parameters/absent"}]})),
            "parameters/absent'",
        ),
        (
            document(
                json!({"components": {"parameters": {"a": {"$ref": "#/components/parameters/a"}}},
                "paths": {"/": {"parameters": [{"$ref": "#/components/parameters/a"}], "get": {}}}}),
            ),
            "leads back to itself",
        ),
        (
            document(json!({"x-amazon-apigateway-gateway-responses": {"OTHER": {}}})),
            "the type 'OTHER'",
        ),
        (
            document(
                json!({"components": {"schemas": {"A": {"description": "a".repeat(500_000)}}}}),
            ),
            "400 KB",
        ),
    ] {
        let message = local.not_imported(&document);
        assert!(message.contains(named), "{message}");
    }
    let large = document(json!({"x-large": "a".repeat(6 * 1024 * 1024)}));
    assert!(local.not_imported(&large).contains("6 MB"));
    let body = STANDARD.encode(document(json!({})).to_string());
    let input = json!({"body": body, "parameters": {"basepath": "other"}});
    let refusal = local.try_call("ImportRestApi", input).unwrap_err();
    assert!(refusal.message.contains("'other' as the basepath"));
    let apis = local.call("GetRestApis", json!({}));
    assert_eq!(apis["items"], json!([]));
}
