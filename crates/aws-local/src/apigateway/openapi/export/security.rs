//! Authorizers and what methods require, in an export.
//!
//! Source: an export with an authorizer and API keys in columbia-it/django-jsonapi-training, docs/aws.md.

use serde_json::{Value, json};

use super::super::super::super::operation::Object;
use super::super::super::state::{Method, pick, text};
use super::super::{AUTHORIZER, AUTHTYPE};
use super::Export;

/// The scheme of methods that need an API key.
const API_KEY: &str = "api_key";
/// The scheme of methods that need a signature.
const SIGNATURE: &str = "sigv4";

/// The name of a thing, or its id if it has none.
pub(super) fn name_or(thing: &Object, id: &str) -> String {
    match text(thing, "name") {
        "" => id.to_owned(),
        name => name.to_owned(),
    }
}

impl Export<'_> {
    /// What a method requires; an empty list if nothing.
    pub(super) fn security(&self, method: &Method) -> Vec<Value> {
        let settings = &method.settings;
        let scopes = settings
            .get("authorizationScopes")
            .cloned()
            .unwrap_or(json!([]));
        let mut required = Vec::new();
        let id = text(settings, "authorizerId");
        if let Some(authorizer) = self.definition.authorizers.get(id) {
            required.push(json!({ name_or(authorizer, id): scopes }));
        }
        if text(settings, "authorizationType") == "AWS_IAM" {
            required.push(json!({ SIGNATURE: [] }));
        }
        if settings.get("apiKeyRequired") == Some(&json!(true)) {
            required.push(json!({ API_KEY: [] }));
        }
        required
    }

    /// The security schemes: one for each authorizer, and those of keys and signatures if a method needs them.
    pub(super) fn security_schemes(&self) -> Object {
        let definition = self.definition;
        let authorizers = definition.authorizers.iter();
        let mut authorizers: Vec<(String, Value)> = authorizers
            .map(|(id, authorizer)| (name_or(authorizer, id), self.scheme(authorizer)))
            .collect();
        authorizers.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut schemes: Object = authorizers.into_iter().collect();
        let needs = |scheme: &str| {
            let mut methods = definition.methods();
            methods.any(|(_, _, method)| {
                let mut required = self.security(method).into_iter();
                required.any(|entry| entry.get(scheme).is_some())
            })
        };
        if needs(SIGNATURE) {
            let mut scheme = json!({"type": "apiKey", "name": "Authorization", "in": "header"});
            if self.extensions.authorizers {
                scheme[AUTHTYPE] = "awsSigv4".into();
            }
            schemes.insert(SIGNATURE.into(), scheme);
        }
        if needs(API_KEY) {
            let scheme = json!({"type": "apiKey", "name": "x-api-key", "in": "header"});
            schemes.insert(API_KEY.into(), scheme);
        }
        schemes
    }

    fn scheme(&self, authorizer: &Object) -> Value {
        let source = text(authorizer, "identitySource");
        let header = source.strip_prefix("method.request.header.");
        let header = header.filter(|header| !header.contains(','));
        let of_request = text(authorizer, "type") == "REQUEST";
        let mut scheme = json!({
            "type": "apiKey",
            "name": header.unwrap_or("Unused"),
            "in": "header",
        });
        if !self.extensions.authorizers {
            return scheme;
        }
        let mut says = pick(
            authorizer,
            &[
                "authorizerUri",
                "authorizerCredentials",
                "authorizerResultTtlInSeconds",
                "identityValidationExpression",
                "providerARNs",
            ],
        );
        if of_request && !source.is_empty() {
            says.insert("identitySource".into(), source.into());
        }
        says.insert(
            "type".into(),
            text(authorizer, "type").to_lowercase().into(),
        );
        scheme[AUTHTYPE] = text(authorizer, "authType").into();
        scheme[AUTHORIZER] = says.into();
        scheme
    }
}
