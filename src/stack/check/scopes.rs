//! Scopes, wherever they are listed: each must belong to a resource server of the file, or be one of OpenID's.

use std::collections::{BTreeMap, BTreeSet};

use super::Judge;
use crate::model::{
    ALL_SCOPES, Address, NamedServer, Place, ScopeServer, ScopeServers, bare_or_quoted,
};
use crate::stack::diagnostic::Code;
use crate::stack::file::File;
use crate::stack::findings::Findings;
use crate::stack::scopes::{OPEN_ID, identifier, is_open_id, parts};
use crate::stack::spans::{KeyPath, Spans};
use crate::stack::template::Template;

/// The known resource servers.
pub(super) struct Servers {
    /// Those that can be read.
    pub(super) list: ScopeServers,
    /// Whether there are no others.
    are_all: bool,
    /// The tables of those that another stack makes.
    existing: BTreeSet<String>,
    /// Whether the pool is another stack's, which may have others in it.
    has_others: bool,
    /// Every scope, by each of its server's names.
    known: Vec<String>,
    /// The first of those by what is behind its last slash.
    by_last: BTreeMap<String, usize>,
}

/// The usable resource servers.
pub(super) fn servers(file: &File, spans: &Spans, findings: &Findings) -> Servers {
    let tables = KeyPath::from(["resource_servers"]);
    let names = |path: &KeyPath| -> Vec<String> {
        match findings.is_usable(path) {
            true => spans.names(path).map(str::to_owned).collect(),
            false => Vec::new(),
        }
    };
    // Those in the pool of another stack are read with it.
    let existing_pool = KeyPath::from(["user_pool", "existing"]);
    let own_pool = !spans.has(&existing_pool) && findings.is_usable(&existing_pool);
    let mut are_all = own_pool && findings.is_usable(&tables);
    let mut list = ScopeServers::default();
    let mut known: Vec<String> = Vec::new();
    let mut existing = BTreeSet::new();
    for table in names(&tables) {
        let path = tables.join(&table);
        let server = file.resource_servers.get(&table);
        let Some(server) = server.filter(|_| findings.is_usable(&path.join("identifier"))) else {
            are_all = false;
            continue;
        };
        let scopes_path = path.join("scopes");
        let is_ours = findings.is_usable(&path.join("existing")) && !server.existing;
        let scopes = (findings.is_usable(&scopes_path) && is_ours)
            .then(|| names(&scopes_path).into_iter().collect::<BTreeSet<_>>());
        let identifier = identifier(&table, server.identifier.as_ref());
        for name in BTreeSet::from([&table, &identifier]) {
            known.extend(
                scopes
                    .iter()
                    .flatten()
                    .map(|scope| format!("{name}/{scope}")),
            );
        }
        if server.existing {
            existing.insert(table.clone());
        }
        list.add(ScopeServer {
            table,
            identifier,
            scopes,
        });
    }
    let mut by_last = BTreeMap::new();
    for (at, full) in known.iter().enumerate() {
        let last = full.rsplit_once('/').map(|(_, last)| last.to_owned());
        by_last.entry(last.unwrap_or_default()).or_insert(at);
    }
    Servers {
        list,
        are_all,
        existing,
        has_others: spans.has(&existing_pool),
        known,
        by_last,
    }
}

impl Judge<'_> {
    /// Refuses scopes that no resource server has. Identifiers that hold references are compared as written.
    pub(super) fn scopes(&mut self, path: &KeyPath, scopes: &BTreeSet<Template>) {
        // Without a pool, that is the mistake.
        if self.lacks(["user_pool"]) {
            return;
        }
        let wrong: Vec<_> = scopes
            .iter()
            .filter(|scope| !is_open_id(scope))
            .filter_map(|scope| Some((scope, self.servers.wrong(self.findings, scope)?)))
            .collect();
        for (scope, (message, help)) in wrong {
            self.element_error(Code::UnknownScope, path, scope.as_written(), message, help);
        }
    }
}

impl Servers {
    /// Why a scope can't be one of theirs, and what to do.
    fn wrong(&self, findings: &Findings, written: &Template) -> Option<(String, String)> {
        let candidates = || self.known.iter().map(String::as_str).chain(OPEN_ID);
        let scope = written.as_written();
        let Some((wanted, name)) = parts(written) else {
            let message = format!("`{scope}` lacks its resource server");
            let help = match self.by_last.get(scope) {
                Some(full) => format!("did you mean `{}`?", self.known[*full]),
                None => findings.did_you_mean(
                    scope,
                    candidates(),
                    "expected SERVER/SCOPE, as in `payments/write`",
                ),
            };
            return Some((message, help));
        };
        match self.list.named(&wanted) {
            // That is reported at the identifiers.
            NamedServer::Repeated => None,
            NamedServer::One(server)
                if name == ALL_SCOPES && self.existing.contains(&server.table) =>
            {
                Some(star_of_others(scope))
            }
            NamedServer::One(server) if name == ALL_SCOPES => no_scopes(server, scope),
            NamedServer::One(server) => {
                let scopes = server.scopes.as_ref()?;
                (!scopes.contains(name)).then(|| {
                    let help = format!(
                        "add `{} = \"…\"` to `{}.scopes`",
                        bare_or_quoted(name),
                        address(server)
                    );
                    (
                        format!("the resource server `{wanted}` has no scope `{name}`"),
                        findings.did_you_mean(scope, candidates(), help),
                    )
                })
            }
            NamedServer::Ambiguous(table, identifier) => {
                let message = format!(
                    "`{scope}` may be of `{}`, or of `{}`, whose identifier is `{wanted}`",
                    address(table),
                    address(identifier)
                );
                let help = format!(
                    "write `{}/{name}` or `{}/{name}`",
                    table.identifier, identifier.table
                );
                Some((message, help))
            }
            NamedServer::Unknown if self.are_all => {
                let help = "add the resource server under `[resource_servers.…]`, or correct the part before the slash";
                let message =
                    format!("no resource server has the table name or identifier `{wanted}`");
                Some((message, findings.did_you_mean(scope, candidates(), help)))
            }
            NamedServer::Unknown if name == ALL_SCOPES && self.has_others => {
                Some(star_of_others(scope))
            }
            NamedServer::Unknown => None,
        }
    }
}

/// Why `SERVER/*` of another stack's server is invalid, and what to do.
fn star_of_others(scope: &str) -> (String, String) {
    (
        format!("`{scope}`: `*` is only for resource servers that this stack makes"),
        "list the scopes one by one".into(),
    )
}

/// Why `SERVER/*` is invalid, and what to do.
fn no_scopes(server: &ScopeServer, scope: &str) -> Option<(String, String)> {
    let scopes_of = format!("`{}.scopes`", address(server));
    if !server.star_is_all() {
        let message = format!("`{scope}` may be all scopes, or the one that is called `*`");
        let help = format!("give the scope `*` of {scopes_of} another name");
        return Some((message, help));
    }
    server.scopes.as_ref()?.is_empty().then(|| {
        (
            format!("`{scope}` matches no scope: the resource server has none"),
            format!("add `NAME = \"…\"` to {scopes_of}"),
        )
    })
}

fn address(server: &ScopeServer) -> Address {
    Place::ResourceServer(server.table.clone()).address()
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

    /// A resource server whose identifier is a URL, and a partner with these scopes.
    fn of_a_url(scopes: &str) -> Vec<Code> {
        let server = "[resource_servers.pets]\nidentifier = \"https://pets.example/v1\"\nscopes = { read = \"x\", write = \"x\" }\n";
        let partner = format!("[partners.other]\nplan = \"standard\"\nscopes = [{scopes}]");
        codes(&edited("", &format!("{server}{partner}")))
    }

    #[test]
    fn a_table_name_stands_for_the_identifier() {
        for good in [
            "\"pets/read\"",
            "\"https://pets.example/v1/read\"",
            "\"pets/*\"",
            "\"https://pets.example/v1/*\", \"hello/*\"",
        ] {
            assert_eq!(of_a_url(good), [], "{good}");
        }
        for bad in ["\"pets/delete\"", "\"v1/read\"", "\"*\"", "\"pet/*\""] {
            assert_eq!(of_a_url(bad), [Code::UnknownScope], "{bad}");
        }
    }

    #[test]
    fn a_name_of_two_servers_is_ambiguous() {
        let other = "[resource_servers.hi]\nidentifier = \"one\"\nscopes = { read = \"x\" }\n\
                     [resource_servers.one]\nidentifier = \"two\"\nscopes = { read = \"x\" }\n";
        let with = |scope: &str| {
            let partner = format!("[partners.other]\nplan = \"standard\"\nscopes = [\"{scope}\"]");
            codes(&edited("", &format!("{other}{partner}")))
        };
        assert_eq!(with("one/read"), [Code::UnknownScope]);
        assert_eq!(with("hi/read"), []);
        assert_eq!(with("two/read"), []);
    }

    #[test]
    fn all_scopes_are_some_and_no_scope_that_is_called_so() {
        let with = |scopes: &str| {
            let server = format!("[resource_servers.own]\nscopes = {{ {scopes} }}\n");
            let partner = "[partners.other]\nplan = \"standard\"\nscopes = [\"own/*\"]";
            codes(&edited("", &format!("{server}{partner}")))
        };
        assert_eq!(with("read = \"x\""), []);
        assert_eq!(with("\"*\" = \"x\""), []);
        assert_eq!(with(""), [Code::UnknownScope]);
        assert_eq!(with("\"*\" = \"x\", read = \"x\""), [Code::UnknownScope]);
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
