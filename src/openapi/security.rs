//! What a document says of callers: its security schemes, and which of them an operation asks for.

use std::collections::BTreeMap;

use super::document::Reader;
use super::fault::{Fault, Place};
use super::files::{At, Files};
use super::tree::Value;

/// A security scheme.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// Its place.
    pub place: Place,
    /// What it is.
    pub kind: SchemeKind,
}

/// What a security scheme is to API Gateway.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SchemeKind {
    /// An authorizer of a Cognito user pool.
    Cognito,
    /// An API key of a usage plan.
    ApiKey,
    /// Tokens with scopes, without an authorizer of API Gateway.
    OAuth2,
    /// Something else, in words.
    Other(String),
}

/// Schemes of which a caller needs all.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// What is asked for; nothing if anyone may call.
    pub asked: Vec<Asked>,
}

/// A scheme that is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its name.
    pub scheme: String,
    /// The name's place.
    pub place: Place,
    /// The scopes, with their places.
    pub scopes: Vec<(String, Place)>,
}

/// The scheme of this node.
pub(super) fn scheme(files: &Files<'_>, at: At, place: Place) -> Scheme {
    let text = |at: At, key: &str| {
        let member = files.member(at, key)?;
        files.text(member.value)
    };
    let authorizer = files.member(at, "x-amazon-apigateway-authorizer");
    let kind_of_authorizer = authorizer
        .as_ref()
        .and_then(|authorizer| text(authorizer.value, "type"));
    let authtype = text(at, "x-amazon-apigateway-authtype").or(kind_of_authorizer);
    let of_api_gateway = authtype.map(|authtype| match authtype.to_lowercase().as_str() {
        "cognito_user_pools" => SchemeKind::Cognito,
        "awssigv4" => SchemeKind::Other("signatures of IAM".into()),
        _ => SchemeKind::Other("an authorizer of a Lambda function".into()),
    });
    let of_document = || match text(at, "type").unwrap_or_default() {
        "oauth2" | "openIdConnect" => SchemeKind::OAuth2,
        "apiKey" => {
            let (place, name) = (text(at, "in"), text(at, "name").unwrap_or_default());
            let is_header = place == Some("header");
            if is_header && name.eq_ignore_ascii_case("x-api-key") {
                return SchemeKind::ApiKey;
            }
            let place = place.unwrap_or("header");
            SchemeKind::Other(format!("a key in the {place} `{name}`"))
        }
        "http" => {
            let scheme = text(at, "scheme").unwrap_or_default();
            SchemeKind::Other(format!("HTTP's scheme `{scheme}`"))
        }
        "basic" => SchemeKind::Other("HTTP's scheme `basic`".into()),
        other => SchemeKind::Other(format!("the type `{other}`")),
    };
    let kind = of_api_gateway.unwrap_or_else(of_document);
    Scheme { place, kind }
}

impl Reader<'_, '_> {
    /// What a list of requirements says.
    pub(super) fn security(
        &mut self,
        at: At,
        schemes: &BTreeMap<String, Scheme>,
    ) -> Vec<Alternative> {
        let files = self.files;
        if !matches!(files.value(at), Value::List(_)) {
            let fault = Fault::new(
                "`security` must be a list",
                "write a list of which one is enough: `security: [{ api_key: [] }]`",
            );
            self.faults.push(fault.at(files.place(at)));
        }
        let mut alternatives = Vec::new();
        for item in files.items(at) {
            // One that asks for nothing lets anyone in.
            if !self.is_mapping(item, &files.place(item), "an element of `security`") {
                continue;
            }
            let mut asked = Vec::new();
            for member in files.members(item) {
                if !schemes.contains_key(member.key) {
                    let what = format!("the document has no security scheme `{}`", member.key);
                    let known = schemes.keys().map(String::as_str);
                    let help = match files.closest(member.key, known) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "add it to the document's security schemes".into(),
                    };
                    self.faults.push(Fault::new(what, help).at(member.place));
                    continue;
                }
                if !matches!(files.value(member.value), Value::List(_)) {
                    let what = format!("the scopes of `{}` must be a list", member.key);
                    let help = format!("write `{}: []`, or scopes in the brackets", member.key);
                    let place = files.place(member.value);
                    self.faults.push(Fault::new(what, help).at(place));
                }
                let scopes = files.items(member.value).filter_map(|scope| {
                    let text = files.text(scope)?;
                    Some((text.to_owned(), files.place(scope)))
                });
                asked.push(Asked {
                    scheme: member.key.to_owned(),
                    place: member.place,
                    scopes: scopes.collect(),
                });
            }
            alternatives.push(Alternative { asked });
        }
        alternatives
    }
}
