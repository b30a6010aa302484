//! What came from an OpenAPI document: its routes, with their backends and what callers need.

use super::counted;
use super::table::table;
use crate::model::Place;
use crate::stack::Checked;
use crate::stack::file::{Api, Requires, Route, Token, Via};

/// A row for each route of the document, below a line about it; nothing without one.
pub(crate) fn routes(checked: &Checked, width: usize) -> String {
    let (Some(document), Some(api)) = (&checked.document, &checked.file.api) else {
        return String::new();
    };
    let rows: Vec<Vec<String>> = document
        .routes
        .iter()
        .filter_map(|name| {
            let route = api.routes.get(name)?;
            Some(vec![name.clone(), needed(api, route), backend(route)])
        })
        .collect();
    let count = counted(rows.len() as u64, "route");
    let head = format!(
        "{} is {}: {count}\n",
        document.path.display(),
        document.format
    );
    head + &table(["Route", "Callers need", "Backend"], rows, width)
}

fn backend(route: &Route) -> String {
    let via = match route.via {
        Some(Via::LoadBalancer) => " via load_balancer",
        None => "",
    };
    match (&route.http, &route.function, &route.mock) {
        (Some(url), ..) => format!("{}{via}", url.as_written()),
        (None, Some(function), _) => Place::Function(function.clone()).address().to_string(),
        (None, None, Some(mock)) => format!("mock {}", mock.status),
        (None, None, None) => String::new(),
    }
}

fn needed(api: &Api, route: &Route) -> String {
    let Requires::These(these) = route
        .requires
        .as_ref()
        .or(api.requires.as_ref())
        .unwrap_or(&Requires::Nothing)
    else {
        return "nothing".into();
    };
    let scopes: Vec<&str> = these
        .scopes
        .iter()
        .map(|scope| scope.as_written())
        .collect();
    let token = match (these.token, &scopes[..]) {
        (_, [_, ..]) => Some(scopes.join(" or ")),
        (Some(Token::Id), []) => Some("ID token".to_owned()),
        (Some(Token::Access), []) => Some("access token".to_owned()),
        (None, []) => None,
    };
    let key = these.api_key.then(|| "API key".to_owned());
    let all: Vec<String> = token.into_iter().chain(key).collect();
    match all.is_empty() {
        true => "nothing".into(),
        false => all.join(", "),
    }
}
