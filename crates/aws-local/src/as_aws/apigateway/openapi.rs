//! OpenAPI documents: imports, updates, what is refused, exports.

mod exports;
mod findings;
mod imports;
mod puts;

use super::*;

const COGNITO: &str = "arn:aws:cognito-idp:eu-west-1:111111111111:userpool/eu-west-1_ABC123";

/// A document with these members beside the version and the title.
fn document(version: &str, members: Value) -> Value {
    let mut document = json!({"info": {"title": "pets", "version": "1.0"}, "paths": {}});
    document[if version == "2.0" {
        "swagger"
    } else {
        "openapi"
    }] = version.into();
    for (name, value) in members.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

impl Aws {
    /// An import into a new API; its path and the answer.
    #[track_caller]
    fn imported(&self, query: &str, document: &Value) -> (String, Value) {
        let path = format!("/restapis?mode=import{query}");
        let (status, made) = self.rest("POST", &path, document.clone());
        assert_eq!(status, 201, "{made}");
        (format!("/restapis/{}", made["id"].as_str().unwrap()), made)
    }

    /// What a get of this path answers.
    #[track_caller]
    fn got(&self, path: &str) -> Value {
        let (status, got) = self.rest("GET", path, Value::Null);
        assert_eq!(status, 200, "{path}: {got}");
        got
    }

    /// The resource at a path, with its methods in full.
    #[track_caller]
    fn at(&self, api: &str, path: &str) -> Value {
        let resources = self.got(&format!("{api}/resources?embed=methods"));
        let listed = resources["item"]
            .as_array()
            .or(resources["items"].as_array());
        let found = listed
            .unwrap()
            .iter()
            .find(|resource| resource["path"] == path);
        found
            .unwrap_or_else(|| panic!("{path} is not in {resources}"))
            .clone()
    }

    fn paths(&self, api: &str) -> Vec<String> {
        let resources = self.got(&format!("{api}/resources"));
        let listed = resources["item"]
            .as_array()
            .or(resources["items"].as_array());
        let paths = listed.unwrap().iter().map(|resource| &resource["path"]);
        let mut paths: Vec<String> = paths.map(|path| path.as_str().unwrap().into()).collect();
        paths.sort();
        paths
    }

    fn listed(&self, path: &str) -> Vec<Value> {
        let got = self.got(path);
        let items = got["item"].as_array().or(got["items"].as_array());
        items.cloned().unwrap_or_default()
    }
}

fn mock() -> Value {
    json!({
        "type": "mock",
        "passthroughBehavior": "when_no_match",
        "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": 200}},
    })
}
