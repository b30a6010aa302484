//! Scopes, wherever they are listed: each must belong to a resource server of the file, or be one of OpenID's.

use std::collections::BTreeSet;

use super::{Judge, did_you_mean};
use crate::model::bare_or_quoted;
use crate::stack::diagnostic::Code;
use crate::stack::spans::KeyPath;

/// Scopes that every pool has.
pub(super) const OPEN_ID: [&str; 5] = [
    "openid",
    "email",
    "phone",
    "profile",
    "aws.cognito.signin.user.admin",
];

impl Judge<'_> {
    /// Refuses scopes that no resource server has. Identifiers that hold references are compared as written.
    pub(super) fn scopes(&mut self, path: &KeyPath, scopes: &BTreeSet<String>) {
        // Without a pool, that is what is wrong.
        if self.lacks(["user_pool"]) {
            return;
        }
        let servers = self.servers();
        for scope in scopes
            .iter()
            .filter(|scope| !OPEN_ID.contains(&scope.as_str()))
        {
            if let Some((message, help)) = unknown_scope(&servers, scope) {
                self.element_error(Code::UnknownScope, path, scope, message, help);
            }
        }
    }

    /// The resource servers, as far as they can be read.
    fn servers(&self) -> Servers {
        let table = KeyPath::from(["resource_servers"]);
        let mut servers = Servers {
            list: Vec::new(),
            are_all: self.usable(&table),
        };
        for name in self.names(&table) {
            let path = table.join(&name);
            let server = self.file.resource_servers.get(&name);
            let Some(server) = server.filter(|_| self.usable(path.join("identifier"))) else {
                servers.are_all = false;
                continue;
            };
            let scopes = path.join("scopes");
            servers.list.push(Server {
                identifier: server.identifier.clone().unwrap_or_else(|| name.clone()),
                scopes: self.usable(&scopes).then(|| self.names(scopes)),
                table: name,
            });
        }
        servers
    }
}

/// What is known of the resource servers.
struct Servers {
    list: Vec<Server>,
    /// Whether there are no others, whose identifiers can't be read.
    are_all: bool,
}

struct Server {
    table: String,
    identifier: String,
    /// `None` if they can't be read.
    scopes: Option<Vec<String>>,
}

/// Why a scope can't be one of theirs, and what to do.
fn unknown_scope(servers: &Servers, scope: &str) -> Option<(String, String)> {
    let known: Vec<String> = servers
        .list
        .iter()
        .flat_map(|server| {
            let names = server.scopes.iter().flatten();
            names.map(|name| format!("{}/{name}", server.identifier))
        })
        .collect();
    let candidates = || known.iter().map(String::as_str).chain(OPEN_ID);
    let Some((wanted, name)) = scope.rsplit_once('/') else {
        let message = format!("`{scope}` is no scope: it lacks the resource server");
        let full = known.iter().find(|known| {
            known
                .rsplit_once('/')
                .is_some_and(|(_, last)| last == scope)
        });
        let help = match full {
            Some(full) => format!("did you mean `{full}`?"),
            None => did_you_mean(
                scope,
                candidates(),
                "write `SERVER/SCOPE`, with the resource server's identifier",
            ),
        };
        return Some((message, help));
    };
    // More than one is told elsewhere.
    let mut named = servers
        .list
        .iter()
        .filter(|server| server.identifier == wanted)
        .peekable();
    if let Some(table) = named.peek().map(|server| &server.table) {
        let may_have = |server: &Server| {
            let scopes = server.scopes.as_ref();
            scopes.is_none_or(|scopes| scopes.iter().any(|known| known == name))
        };
        let help = format!(
            "add `{} = \"…\"` to `resource_servers.{}.scopes`",
            bare_or_quoted(name),
            bare_or_quoted(table)
        );
        return (!named.any(may_have)).then(|| {
            (
                format!("the resource server `{wanted}` has no scope `{name}`"),
                did_you_mean(scope, candidates(), help),
            )
        });
    }
    servers.are_all.then(|| {
        let help = "add the resource server under `[resource_servers.…]`, or correct the part before the slash";
        (
            format!("no resource server has the identifier `{wanted}`"),
            did_you_mean(scope, candidates(), help),
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{codes, edited};

    fn partner(scopes: &str) -> Vec<Code> {
        codes(&edited(
            "",
            &format!("[partners.other]\nplan = \"standard\"\nscopes = [{scopes}]"),
        ))
    }

    #[test]
    fn scopes_belong_to_resource_servers() {
        assert_eq!(partner("\"hello/read\""), []);
        assert_eq!(partner("\"hello/write\""), [Code::UnknownScope]);
        assert_eq!(partner("\"helo/read\", \"read\""), [Code::UnknownScope; 2]);
    }

    #[test]
    fn identifiers_with_references_are_compared_as_written() {
        let server = "[resource_servers.own]\nidentifier = \"${api.invoke_url}\"\nscopes = { read = \"x\" }\n";
        let partner =
            "[partners.other]\nplan = \"standard\"\nscopes = [\"${api.invoke_url}/read\"]";
        assert_eq!(codes(&edited("", &format!("{server}{partner}"))), []);
    }

    #[test]
    fn a_broken_resource_server_says_nothing_about_scopes() {
        assert_eq!(
            codes(&edited("scopes = { read =", "scope = { read =")),
            [Code::UnknownKey]
        );
    }
}
