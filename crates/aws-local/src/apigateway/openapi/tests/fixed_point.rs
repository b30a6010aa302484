//! That an export leads back to itself, whatever is in it.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

const PATHS: [&str; 5] = ["/", "/a", "/a/{id}", "/a/{id}/b.c", "/f/{proxy+}"];
const VERBS: [&str; 4] = ["get", "post", "delete", "x-amazon-apigateway-any-method"];
const TYPES: [&str; 3] = ["application/json", "application/vnd.a+json", "text/html"];

/// Schemas by content type: of a model, or written where they are.
fn content() -> impl Strategy<Value = Value> {
    let schema = select(vec![
        json!({"$ref": "#/components/schemas/A"}),
        json!({"type": "array", "items": {"$ref": "#/components/schemas/B"}}),
        json!({"type": "object", "properties": {"b": {"type": "string", "description": "'\"\n"}}}),
    ]);
    (subsequence(TYPES.to_vec(), 0..=3), schema).prop_map(|(types, schema)| {
        let by_type = types
            .into_iter()
            .map(|kind| (kind.to_owned(), json!({ "schema": schema })));
        Value::Object(by_type.collect())
    })
}

fn integration() -> impl Strategy<Value = Value> {
    let templates = || {
        let template = select(vec!["", "{}", "#set($a = 1)\n\t$a: 'ä'", "yes"]);
        (select(TYPES.to_vec()), template).prop_map(|(kind, template)| json!({ kind: template }))
    };
    let responses = proptest::collection::btree_map(
        select(vec!["default", "4\\d{2}", "5.*"]),
        (select(vec!["200", "404", "500"]), templates()).prop_map(
            |(status, templates)| json!({"statusCode": status, "responseTemplates": templates}),
        ),
        0..3,
    );
    let kind = select(vec![
        json!({"type": "mock"}),
        json!({"type": "http", "httpMethod": "GET", "uri": "http://a.example.com/{id}", "timeoutInMillis": 50}),
        json!({"type": "aws_proxy", "httpMethod": "POST", "uri": PATH, "contentHandling": "CONVERT_TO_TEXT"}),
    ]);
    let behavior = select(vec!["when_no_match", "when_no_templates", "never"]);
    (kind, behavior, templates(), responses).prop_map(
        |(mut made, behavior, templates, responses)| {
            made["passthroughBehavior"] = behavior.into();
            made["requestTemplates"] = templates;
            made["responses"] = json!(responses);
            made
        },
    )
}

fn operation() -> impl Strategy<Value = Value> {
    let security = select(vec![
        None,
        Some(json!([])),
        Some(json!([{"gate": []}, {"key": []}])),
        Some(json!([{"people": ["a/b"]}])),
        Some(json!([{"signed": []}])),
    ]);
    let parameters = subsequence(vec!["query", "header"], 0..=2).prop_map(|places| {
        let parameter = |place: &str| json!({"name": format!("X-{place}"), "in": place, "required": place == "query"});
        places.into_iter().map(parameter).collect::<Vec<_>>()
    });
    (
        security,
        parameters,
        content(),
        content(),
        integration(),
        any::<bool>(),
    )
        .prop_map(
            |(security, parameters, mut body, response, integration, has_header)| {
                // A body that is not JSON can't be exported.
                let body = body.as_object_mut().unwrap();
                if !body.keys().any(|kind| kind.contains("json")) {
                    body.clear();
                }
                let mut operation = json!({
                    "parameters": parameters,
                    "requestBody": {"content": body},
                    "responses": {"200": {"description": "", "content": response}},
                    "x-amazon-apigateway-integration": integration,
                });
                if has_header {
                    operation["responses"]["200"]["headers"] =
                        json!({"X-A": {"schema": {"type": "string"}}});
                }
                if let Some(security) = security {
                    operation["security"] = security;
                }
                operation
            },
        )
}

fn documents() -> impl Strategy<Value = Value> {
    let item = proptest::collection::btree_map(select(VERBS.to_vec()), operation(), 1..3);
    proptest::collection::btree_map(select(PATHS.to_vec()), item, 1..4).prop_map(|paths| {
        let whole: Value = serde_saphyr::from_str(WHOLE).unwrap();
        document(json!({
            "paths": paths,
            "security": [{"gate": []}],
            "components": {
                "securitySchemes": whole["components"]["securitySchemes"],
                "schemas": {
                    "A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}},
                    "B": {"type": "string", "enum": ["yes", "1.0", "null", "~"]},
                },
            },
        }))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_export_leads_back_to_itself(
        document in documents(),
        kind in select(vec!["oas30", "swagger"]),
        format in select(vec!["application/json", "application/yaml"]),
    ) {
        let mut local = Local::new();
        let body = document.to_string();
        let api = local.import(&body).unwrap();
        local.deploy(&api);
        let wanted = json!({
            "exportType": kind, "accepts": format, "parameters": {"extensions": "apigateway"},
        });
        let first = local.export(&api, wanted.clone()).unwrap();
        let put = json!({"restApiId": api, "mode": "overwrite", "body": STANDARD.encode(&first)});
        let answer = local.call("PutRestApi", put);
        prop_assert_eq!(answer.get("warnings"), None);
        local.deploy(&api);
        prop_assert_eq!(&first, &local.export(&api, wanted).unwrap());
    }
}
