//! What came from an OpenAPI document: its routes, with their backends and what callers need.

use super::counted;
use crate::model::Place;
use crate::stack::Checked;
use crate::stack::file::{Api, Requires, Route, Token, Via};

/// A line for each route of the document, below a line about it; nothing without one.
pub(crate) fn routes(checked: &Checked) -> String {
    let (Some(document), Some(api)) = (&checked.document, &checked.file.api) else {
        return String::new();
    };
    let rows: Vec<[String; 3]> = document
        .routes
        .iter()
        .filter_map(|name| {
            let route = api.routes.get(name)?;
            Some([name.clone(), backend(route), needed(api, route)])
        })
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let (names, backends) = (width(0), width(1));
    let count = counted(rows.len() as u64, "route");
    let mut text = format!(
        "{} is {}: {count}\n",
        document.path.display(),
        document.format
    );
    for [name, backend, needed] in &rows {
        text += &format!("  {name:names$}  {backend:backends$}  {needed}\n");
    }
    text
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
