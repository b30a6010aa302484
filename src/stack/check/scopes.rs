//! Scopes, wherever they are listed: each must belong to a resource server of the file, or be one of OpenID's.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Judge;
use crate::model::bare_or_quoted;
use crate::stack::diagnostic::Code;
use crate::stack::findings::Findings;
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
        let servers = &*servers;
        for scope in scopes
            .iter()
            .filter(|scope| !OPEN_ID.contains(&scope.as_str()))
        {
            if let Some((message, help)) = unknown_scope(self.findings, servers, scope) {
                self.element_error(Code::UnknownScope, path, scope, message, help);
            }
        }
    }

    /// The resource servers, as far as they can be read.
    pub(super) fn servers(&self) -> Rc<Servers> {
        Rc::clone(self.servers.get_or_init(|| Rc::new(self.read_servers())))
    }

    fn read_servers(&self) -> Servers {
        let table = KeyPath::from(["resource_servers"]);
        let mut servers = Servers {
            by_identifier: BTreeMap::new(),
            known: Vec::new(),
            by_last: BTreeMap::new(),
            are_all: self.usable(&table),
        };
        for name in self.names(&table) {
            let path = table.join(&name);
            let server = self.file.resource_servers.get(&name);
            let Some(server) = server.filter(|_| self.usable(path.join("identifier"))) else {
                servers.are_all = false;
                continue;
            };
            let identifier = server.identifier.clone().unwrap_or_else(|| name.clone());
            let scopes = path.join("scopes");
            let scopes = self.usable(&scopes).then(|| self.names(scopes));
            for scope in scopes.iter().flatten() {
                let full = format!("{identifier}/{scope}");
                let last = full.rsplit_once('/').map(|(_, last)| last.to_owned());
                servers
                    .by_last
                    .entry(last.unwrap_or_default())
                    .or_insert(servers.known.len());
                servers.known.push(full);
            }
            let there = servers.by_identifier.entry(identifier);
            let there = there.or_insert_with(|| Server {
                table: name,
                scopes: Some(BTreeSet::new()),
            });
            // More than one is told elsewhere; a scope of any of them is one.
            match (&mut there.scopes, scopes) {
                (Some(known), Some(scopes)) => known.extend(scopes),
                (known, _) => *known = None,
            }
        }
        servers
    }
}

/// What is known of the resource servers.
pub(super) struct Servers {
    by_identifier: BTreeMap<String, Server>,
    /// Their scopes in full: `SERVER/SCOPE`.
    known: Vec<String>,
    /// The first of those by what is behind its last slash.
    by_last: BTreeMap<String, usize>,
    /// Whether there are no others, whose identifiers can't be read.
    are_all: bool,
}

struct Server {
    table: String,
    /// `None` if they can't be read.
    scopes: Option<BTreeSet<String>>,
}

impl Servers {
    /// The table of the resource server with this identifier.
    pub(super) fn table_of(&self, identifier: &str) -> Option<&str> {
        let server = self.by_identifier.get(identifier)?;
        Some(&server.table)
    }
}

/// Why a scope can't be one of theirs, and what to do.
fn unknown_scope(findings: &Findings, servers: &Servers, scope: &str) -> Option<(String, String)> {
    let candidates = || servers.known.iter().map(String::as_str).chain(OPEN_ID);
    let Some((wanted, name)) = scope.rsplit_once('/') else {
        let message = format!("`{scope}` is no scope: it lacks the resource server");
        let help = match servers.by_last.get(scope) {
            Some(full) => format!("did you mean `{}`?", servers.known[*full]),
            None => findings.did_you_mean(
                scope,
                candidates(),
                "write `SERVER/SCOPE`, with the resource server's identifier",
            ),
        };
        return Some((message, help));
    };
    if let Some(server) = servers.by_identifier.get(wanted) {
        let scopes = server.scopes.as_ref()?;
        let help = format!(
            "add `{} = \"…\"` to `resource_servers.{}.scopes`",
            bare_or_quoted(name),
            bare_or_quoted(&server.table)
        );
        return (!scopes.contains(name)).then(|| {
            (
                format!("the resource server `{wanted}` has no scope `{name}`"),
                findings.did_you_mean(scope, candidates(), help),
            )
        });
    }
    servers.are_all.then(|| {
        let help = "add the resource server under `[resource_servers.…]`, or correct the part before the slash";
        (
            format!("no resource server has the identifier `{wanted}`"),
            findings.did_you_mean(scope, candidates(), help),
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
