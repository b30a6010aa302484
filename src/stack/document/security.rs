//! What the document says that callers of an operation need, as far as API Gateway can ask for it.
//!
//! A document lists alternatives of which one is enough. API Gateway asks for a token, for an API key, or for both, and a token is
//! enough that has any one of several scopes. What would let in more callers than the document does is not taken from it.

use std::collections::BTreeSet;

use super::{Unfolding, counted};
use crate::openapi::{Alternative, Asked, Document, Operation, Place, SchemeKind};
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::file::{File, Requirements, Requires, ResourceServer, Route, Token};
use crate::stack::scopes::OPEN_ID;
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

/// Why a requirement of the document is not one of API Gateway, with its place.
type Refused = (String, Place);

impl Unfolding<'_> {
    /// Takes what callers of an operation need from the document, or leaves it to the file's default. Returns whether either says it.
    pub(super) fn security_of_document(
        &mut self,
        file: &File,
        document: &Document,
        operation: &Operation,
        route: &mut Route,
    ) -> bool {
        let default = file.api.as_ref().and_then(|api| api.requires.as_ref());
        let default_path = KeyPath::from(["api", "requires"]);
        let has_default = self.spans.has(&default_path) || !self.findings.is_usable(&default_path);
        let path = self.routes.join(operation.name()).join("requires");
        let alternatives = operation.security.as_deref().unwrap_or_default();
        // Anyone may call if one alternative asks for nothing: the file has to say that.
        if alternatives.is_empty() || alternatives.iter().any(|one| one.asked.is_empty()) {
            return has_default;
        }
        match required(file, document, alternatives) {
            Ok(taken) => {
                let scopes = path.join("scopes");
                for (index, (scope, place)) in taken.scopes.iter().enumerate() {
                    let place = counted(&self.starts, place);
                    let element = scopes.join(index.to_string());
                    self.spans
                        .put(element, None, place.clone(), Some(scope.as_written()));
                    self.spans.put(scopes.clone(), None, place, None);
                }
                let place = counted(&self.starts, &taken.place);
                for key in ["token", "api_key"] {
                    self.spans.put(path.join(key), None, place.clone(), None);
                }
                self.spans.put(path, None, place, None);
                route.requires = Some(Requires::These(Requirements {
                    token: taken.is_id.then_some(Token::Id),
                    scopes: taken.scopes.into_iter().map(|(scope, _)| scope).collect(),
                    api_key: taken.api_key,
                }));
                true
            }
            Err((what, place)) => {
                let name = operation.name();
                let closes = !matches!(default, None | Some(Requires::Nothing));
                if !closes {
                    self.findings.follows_from_another(&path);
                }
                // A warning once for each scheme, an error once for each place: the document's own `security` is of all operations.
                let once = match closes {
                    true => what.clone(),
                    false => format!("{what} {}:{}", place.file, place.span.start),
                };
                if self.reported.contains(&once) {
                    return true;
                }
                self.reported.push(once);
                let place = counted(&self.starts, &place);
                let diagnostic = match closes {
                    true => Diagnostic::warning(
                        Code::BadDocument,
                        format!("{what}, so `requires` of `[api]` counts"),
                    ),
                    false => Diagnostic::error(Code::BadDocument, what),
                };
                let help = format!(
                    "write what callers need into `[api.routes]`: `\"{name}\" = {{ requires = … }}`"
                );
                self.findings.push(diagnostic.at(place).help(help));
                true
            }
        }
    }
}

/// What callers need.
struct Taken {
    scopes: Vec<(Template, Place)>,
    is_id: bool,
    api_key: bool,
    place: Place,
}

/// What callers need to have one of the alternatives, and maybe more.
fn required(
    file: &File,
    document: &Document,
    alternatives: &[Alternative],
) -> Result<Taken, Refused> {
    let first = alternatives.iter().flat_map(|one| &one.asked).next();
    let place = first
        .expect("an alternative asks for something")
        .place
        .clone();
    let mut taken = Taken {
        scopes: Vec::new(),
        is_id: false,
        api_key: false,
        place,
    };
    let mut seen = BTreeSet::new();
    for alternative in alternatives {
        let mut tokens = 0;
        for asked in &alternative.asked {
            match &document.schemes[&asked.scheme].kind {
                SchemeKind::ApiKey => taken.api_key = true,
                SchemeKind::Cognito if asked.scopes.is_empty() => {
                    taken.is_id = true;
                    tokens += 1;
                }
                SchemeKind::OAuth2 if asked.scopes.is_empty() => {
                    let what = format!(
                        "`{}` asks for a token without a scope, which API Gateway can't ask for",
                        asked.scheme
                    );
                    return Err((what, asked.place.clone()));
                }
                SchemeKind::OAuth2 if asked.scopes.len() > 1 => {
                    let what = format!(
                        "`{}` asks for several scopes at once, and API Gateway takes a token with any one",
                        asked.scheme
                    );
                    return Err((what, asked.place.clone()));
                }
                SchemeKind::Cognito | SchemeKind::OAuth2 => {
                    for (scope, place) in &asked.scopes {
                        let scope = known(file, asked, scope, place)?;
                        if seen.insert(scope.clone()) {
                            taken.scopes.push((scope, place.clone()));
                        }
                    }
                    tokens += 1;
                }
                SchemeKind::Other(kind) => {
                    let what = format!(
                        "`{}` of the document is {kind}, which a route can't ask for",
                        asked.scheme
                    );
                    return Err((what, asked.place.clone()));
                }
            }
        }
        if tokens > 1 {
            let what =
                "the document asks for two tokens at once, and API Gateway takes one".to_owned();
            let place = alternative.asked[0].place.clone();
            return Err((what, place));
        }
    }
    if taken.is_id && !taken.scopes.is_empty() {
        let what = "the document asks for a token with scopes or one without, and a method of API Gateway takes one kind".to_owned();
        return Err((what, taken.place));
    }
    Ok(taken)
}

/// The scope as the file lists it: with its resource server, which a document may leave out where only one has such a scope.
fn known(file: &File, asked: &Asked, scope: &str, place: &Place) -> Result<Template, Refused> {
    let servers = || file.resource_servers.iter();
    if OPEN_ID.contains(&scope) {
        return Ok(Template::new(scope));
    }
    if let Some((server, name)) = scope.rsplit_once('/') {
        let is_it = |(table, of): (&String, &ResourceServer)| {
            let identifier = of.identifier.as_ref();
            let is_named = table == server
                || identifier.is_some_and(|identifier| identifier.as_written() == server);
            is_named && (of.existing || of.scopes.contains_key(name))
        };
        if servers().any(is_it) {
            return Ok(Template::new(scope));
        }
    }
    let with_it: Vec<&String> = servers()
        .filter(|(_, server)| server.scopes.contains_key(scope))
        .map(|(table, _)| table)
        .collect();
    match with_it[..] {
        [table] => Ok(Template::new(format!("{table}/{scope}"))),
        [] => {
            let what = format!(
                "no resource server of the file has the scope `{scope}`, which `{}` asks for",
                asked.scheme
            );
            Err((what, place.clone()))
        }
        [first, second, ..] => {
            let what = format!(
                "the resource servers `{first}` and `{second}` both have the scope `{scope}`, which `{}` asks for",
                asked.scheme
            );
            Err((what, place.clone()))
        }
    }
}
