//! Scopes as the file lists them: `SERVER/SCOPE` with the name or the identifier of a resource server's table, and
//! `SERVER/*` for all scopes of it.

use std::collections::BTreeSet;

use aws_facts::limits::cognito::MOST_SCOPES_PER_RESOURCE_SERVER;

use super::file::File;
use super::interpolate::{canonical, escape};
use super::template::Template;
use crate::model::{ALL_SCOPES, NamedServer, ScopeServer, ScopeServers};

/// Scopes that every pool has.
pub(super) const OPEN_ID: [&str; 5] = [
    "openid",
    "email",
    "phone",
    "profile",
    "aws.cognito.signin.user.admin",
];

/// The expanded scopes of a list.
#[derive(Debug, Default)]
pub(super) struct Meant {
    /// The scopes, each with its server's identifier as in the file.
    pub(super) scopes: BTreeSet<Template>,
    /// The tables of the servers they belong to.
    pub(super) servers: BTreeSet<String>,
}

/// The resource servers of a checked file.
pub(super) fn servers(file: &File) -> ScopeServers {
    let servers = file.resource_servers.iter();
    servers
        .map(|(table, server)| ScopeServer {
            table: table.clone(),
            identifier: identifier(table, server.identifier.as_ref()),
            // Which scopes another stack gives it is not in this file.
            scopes: (!server.existing).then(|| server.scopes.keys().cloned().collect()),
        })
        .collect()
}

/// The normalized identifier of a table, for comparisons.
pub(super) fn identifier(table: &str, identifier: Option<&Template>) -> String {
    let canonical = |identifier: &Template| canonical(identifier.as_written());
    identifier.map_or_else(|| table.to_owned(), canonical)
}

/// Whether a scope exists in every pool.
pub(super) fn is_open_id(scope: &Template) -> bool {
    OPEN_ID.contains(&scope.as_written())
}

/// The server's part of a scope and its name; `None` for a scope without a server. An identifier may contain slashes, a scope's
/// name can't.
pub(super) fn parts(scope: &Template) -> Option<(String, &str)> {
    let (server, name) = scope.as_written().rsplit_once('/')?;
    Some((canonical(server), name))
}

/// Expands a list of scopes. Those without a server are left unchanged.
pub(super) fn meant(servers: &ScopeServers, scopes: &BTreeSet<Template>) -> Meant {
    let mut meant = Meant::default();
    for scope in scopes {
        let Some((server, name)) = parts(scope).filter(|_| !is_open_id(scope)) else {
            meant.scopes.insert(scope.clone());
            continue;
        };
        let NamedServer::One(server) = servers.named(&server) else {
            meant.scopes.insert(scope.clone());
            continue;
        };
        meant.servers.insert(server.table.clone());
        let identifier = &server.identifier;
        if name == ALL_SCOPES && server.star_is_all() {
            // A server with more is refused: expanding its scopes for each client would be quadratic.
            let names = server.scopes.iter().flatten();
            let names = names.take(MOST_SCOPES_PER_RESOURCE_SERVER);
            let all = names.map(|name| Template::new(format!("{identifier}/{}", escape(name))));
            meant.scopes.extend(all);
        } else {
            meant
                .scopes
                .insert(Template::new(format!("{identifier}/{name}")));
        }
    }
    meant
}
