//! Security: schemes become authorizers, and the requirements of operations what their methods ask for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::super::operation::{Object, Refusal};
use super::super::authorizers;
use super::super::state::text;
use super::document::{list, members, text_of, texts_of};
use super::import::Import;
use super::{AUTHORIZER, AUTHTYPE};

/// The authorization type of one method.
const AUTH: &str = "x-amazon-apigateway-auth";

/// A security scheme, as API Gateway uses it.
#[derive(Clone, Debug)]
enum Scheme {
    /// An authorizer with this id.
    Authorizer { id: String, of_cognito: bool },
    /// Signed requests.
    Signature,
    /// An API key.
    ApiKey,
    /// Nothing that API Gateway has. Inferred: methods that require only this are open.
    Ignored,
    /// An authorizer that could not be made: methods that require it are not made.
    Missing,
}

/// The security schemes of a document by name.
#[derive(Debug, Default)]
pub(super) struct Schemes(BTreeMap<String, Scheme>);

/// Makes an authorizer of every security scheme that has one, used or not.
///
/// Evidence: recorded, LocalStack `test_import_swagger_api`.
pub(super) fn import(import: &mut Import) -> Result<Schemes, Refusal> {
    let document = import.document;
    let mut schemes = Schemes::default();
    for (name, scheme) in document.security_schemes().into_iter().flatten() {
        let scheme = document.resolved(scheme)?;
        let scheme = read(import, name, scheme)?;
        schemes.0.insert(name.clone(), scheme);
    }
    Ok(schemes)
}

fn read(import: &mut Import, name: &str, scheme: &Value) -> Result<Scheme, Refusal> {
    let said = |member: &str| scheme.get(member).and_then(text_of).unwrap_or_default();
    let kind = said("type");
    if kind != "apiKey" {
        // Source: columbia-it/django-jsonapi-training, docs/aws.md, for `http` and `oauth2`.
        import.findings.warn(format!(
            "Unsupported security definition type '{kind}' for '{name}'. Ignoring."
        ));
        return Ok(Scheme::Ignored);
    }
    let authtype = said(AUTHTYPE);
    if authtype.eq_ignore_ascii_case("awsSigv4") {
        return Ok(Scheme::Signature);
    }
    if let Some(Value::Object(authorizer)) = scheme.get(AUTHORIZER) {
        return authorizer_of(import, name, &said, authorizer);
    }
    if !authtype.is_empty() {
        // Source: amazon-archives/aws-apigateway-importer#187.
        import.findings.warn(format!(
            "Unable to create authorizer from security definition: '{name}'. Extension {AUTHORIZER} is required. Any methods with security: '{name}' will not be created. If this security definition is not a custom authorizer, remove the {AUTHTYPE} extension and it will be ignored."
        ));
        return Ok(Scheme::Missing);
    }
    // Evidence: recorded, LocalStack `test_import_and_validate_rest_api`.
    let is_key = said("in") == "header" && said("name").eq_ignore_ascii_case("x-api-key");
    Ok(match is_key {
        true => Scheme::ApiKey,
        false => Scheme::Ignored,
    })
}

fn authorizer_of(
    import: &mut Import,
    name: &str,
    said: &impl Fn(&str) -> String,
    authorizer: &Object,
) -> Result<Scheme, Refusal> {
    let kind = authorizer
        .get("type")
        .and_then(text_of)
        .unwrap_or_default()
        .to_uppercase();
    let mut settings = Object::from_iter([
        ("name".to_owned(), json!(name)),
        ("type".to_owned(), json!(kind)),
    ]);
    if !said(AUTHTYPE).is_empty() {
        settings.insert("authType".into(), said(AUTHTYPE).into());
    }
    for member in [
        "authorizerUri",
        "authorizerCredentials",
        "identitySource",
        "identityValidationExpression",
    ] {
        // Evidence: recorded, LocalStack `test_import_rest_api`: an empty text is as good as none.
        let value = authorizer.get(member).and_then(text_of);
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            settings.insert(member.into(), value.into());
        }
    }
    if let Some(providers) = authorizer.get("providerARNs") {
        settings.insert("providerARNs".into(), json!(texts_of(providers)));
    }
    let ttl = authorizer
        .get("authorizerResultTtlInSeconds")
        .and_then(text_of);
    if let Some(ttl) = ttl.and_then(|ttl| ttl.parse::<i64>().ok()) {
        settings.insert("authorizerResultTtlInSeconds".into(), ttl.into());
    }
    // Evidence: recorded, LocalStack `test_import_with_cognito_auth_identity_source`. Not for `request`: AWS SAM names the header
    // `Unused` where the authorizer has no identity source.
    if kind != "REQUEST" && !settings.contains_key("identitySource") && said("in") == "header" {
        let header = format!("method.request.header.{}", said("name"));
        settings.insert("identitySource".into(), header.into());
    }
    // An authorizer that is merged with an older one of its name keeps the id, since other methods refer to it.
    let older = import.definition.authorizers.iter();
    let older = older
        .filter(|(_, older)| text(older, "name") == name)
        .map(|(id, _)| id.to_owned())
        .next();
    if let Some(id) = &older {
        import.definition.authorizers.remove(id);
    }
    let made = authorizers::made(&import.definition, settings);
    let what = format!("Unable to create authorizer from security definition: '{name}'");
    let Some(mut made) = import.findings.made(what, made)? else {
        return Ok(Scheme::Missing);
    };
    if let Some(id) = older {
        made.insert("id".into(), id.into());
    }
    let id = text(&made, "id").to_owned();
    let of_cognito = authorizers::of_cognito(&made);
    import.definition.authorizers.insert(&id, made);
    Ok(Scheme::Authorizer { id, of_cognito })
}

impl Schemes {
    /// What a method asks for, as its settings; none where it can't be made. An operation's own requirements replace those of the
    /// root.
    ///
    /// Evidence: recorded, LocalStack `test_import_with_cognito_auth_identity_source` and `test_import_with_global_api_key_authorizer`,
    /// against API Gateway developer guide, "Amazon API Gateway important notes", which says that the root's are not used.
    pub(super) fn required(
        &self,
        root: &Object,
        operation: &Object,
    ) -> Result<Option<Object>, Refusal> {
        let mut settings = Object::from_iter([
            ("authorizationType".to_owned(), json!("NONE")),
            ("apiKeyRequired".to_owned(), json!(false)),
        ]);
        let security = operation.get("security").or_else(|| root.get("security"));
        let mut authorizations = 0;
        for (name, scopes) in list(security).iter().flat_map(|entry| members(Some(entry))) {
            // Ignoring it could open a method that AWS refuses.
            let scheme = self.0.get(name).ok_or_else(|| {
                Refusal::not_implemented(format_args!(
                    "the security requirement '{name}' in an import: no security scheme has this name"
                ))
            })?;
            match scheme {
                Scheme::Missing => return Ok(None),
                Scheme::Ignored => continue,
                Scheme::ApiKey => {
                    settings.insert("apiKeyRequired".into(), true.into());
                    continue;
                }
                Scheme::Signature => {
                    settings.insert("authorizationType".into(), "AWS_IAM".into());
                }
                Scheme::Authorizer { id, of_cognito } => {
                    let kind = match of_cognito {
                        true => "COGNITO_USER_POOLS",
                        false => "CUSTOM",
                    };
                    settings.insert("authorizationType".into(), kind.into());
                    settings.insert("authorizerId".into(), json!(id));
                    let scopes = texts_of(scopes);
                    if !scopes.is_empty() {
                        settings.insert("authorizationScopes".into(), json!(scopes));
                    }
                }
            }
            authorizations += 1;
        }
        if authorizations > 1 {
            return Err(Refusal::not_implemented(
                "several authorizers of one method in an import",
            ));
        }
        let auth = operation.get(AUTH).and_then(|auth| auth.get("type"));
        if let Some(kind) = auth.and_then(text_of) {
            settings.insert("authorizationType".into(), kind.into());
        }
        Ok(Some(settings))
    }
}
