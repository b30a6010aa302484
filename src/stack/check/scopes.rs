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
        // Without a pool, that is what is wrong; with a broken resource server, its scopes are not known.
        if !self.intact(path)
            || self.file.user_pool.is_none()
            || !self.intact(&KeyPath::from(["resource_servers"]))
        {
            return;
        }
        for scope in scopes
            .iter()
            .filter(|scope| !OPEN_ID.contains(&scope.as_str()))
        {
            if let Some((message, help)) = self.unknown_scope(scope) {
                self.element_error(Code::UnknownScope, path, scope, message, help);
            }
        }
    }

    fn unknown_scope(&self, scope: &str) -> Option<(String, String)> {
        let servers: Vec<_> = self
            .file
            .resource_servers
            .iter()
            .map(|(name, server)| {
                (
                    name,
                    server.identifier.as_ref().unwrap_or(name).as_str(),
                    &server.scopes,
                )
            })
            .collect();
        let known: Vec<String> = servers
            .iter()
            .flat_map(|(_, identifier, scopes)| {
                scopes
                    .keys()
                    .map(move |name| format!("{identifier}/{name}"))
            })
            .collect();
        if known.iter().any(|known| known == scope) {
            return None;
        }
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
        Some(
            match servers
                .iter()
                .find(|(_, identifier, _)| *identifier == wanted)
            {
                Some((table, _, _)) => {
                    let help = format!(
                        "add `{} = \"…\"` to `resource_servers.{}.scopes`",
                        bare_or_quoted(name),
                        bare_or_quoted(table)
                    );
                    (
                        format!("the resource server `{wanted}` has no scope `{name}`"),
                        did_you_mean(scope, candidates(), help),
                    )
                }
                None => {
                    let help = "add the resource server under `[resource_servers.…]`, or correct the part before the slash";
                    (
                        format!("no resource server has the identifier `{wanted}`"),
                        did_you_mean(scope, candidates(), help),
                    )
                }
            },
        )
    }
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
