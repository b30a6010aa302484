//! How a scope names its resource server: by the identifier, which the token carries, or by the name of the server's table.

use std::collections::{BTreeSet, HashMap};

/// Instead of a scope's name: all scopes of the resource server.
pub const ALL_SCOPES: &str = "*";

/// A resource server as in scopes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScopeServer {
    /// The name of its table.
    pub table: String,
    /// Its identifier.
    pub identifier: String,
    /// The names of its scopes; `None` where they can't be read.
    pub scopes: Option<BTreeSet<String>>,
}

/// Resource servers, found by table name and by identifier.
#[derive(Clone, Debug, Default)]
pub struct ScopeServers {
    servers: Vec<ScopeServer>,
    by_name: HashMap<String, Vec<usize>>,
}

/// The resource server for a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NamedServer<'s> {
    /// None has this table name or identifier.
    Unknown,
    /// This one.
    One(&'s ScopeServer),
    /// The first has it as its table's name, the second as its identifier.
    Ambiguous(&'s ScopeServer, &'s ScopeServer),
    /// Several have this identifier.
    Repeated,
}

impl ScopeServer {
    /// Whether `*` is all of its scopes: not if one of several has this name.
    pub fn star_is_all(&self) -> bool {
        let scopes = self.scopes.as_ref();
        scopes.is_none_or(|scopes| scopes.len() == 1 || !scopes.contains(ALL_SCOPES))
    }
}

impl ScopeServers {
    /// Adds a resource server.
    pub fn add(&mut self, server: ScopeServer) {
        let place = self.servers.len();
        let names = BTreeSet::from([server.table.clone(), server.identifier.clone()]);
        for name in names {
            self.by_name.entry(name).or_default().push(place);
        }
        self.servers.push(server);
    }

    /// All of them, in the order in which they were added.
    pub fn all(&self) -> &[ScopeServer] {
        &self.servers
    }

    /// The resource server with this table name or identifier.
    pub fn named(&self, name: &str) -> NamedServer<'_> {
        let places = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let named = || places.iter().map(|place| (*place, &self.servers[*place]));
        let mut with_identifier = named().filter(|(_, server)| server.identifier == name);
        let with_table = named().find(|(_, server)| server.table == name);
        // By index: a server may have very many scopes, and very many names may refer to it.
        match (with_table, with_identifier.next(), with_identifier.next()) {
            (_, _, Some(_)) => NamedServer::Repeated,
            (Some((table, one)), Some((identifier, other)), None) if table != identifier => {
                NamedServer::Ambiguous(one, other)
            }
            (Some((_, one)), _, None) | (None, Some((_, one)), None) => NamedServer::One(one),
            (None, None, None) => NamedServer::Unknown,
        }
    }
}

impl FromIterator<ScopeServer> for ScopeServers {
    fn from_iter<I: IntoIterator<Item = ScopeServer>>(servers: I) -> Self {
        let mut all = Self::default();
        for server in servers {
            all.add(server);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(table: &str, identifier: &str, scopes: &[&str]) -> ScopeServer {
        ScopeServer {
            table: table.into(),
            identifier: identifier.into(),
            scopes: Some(scopes.iter().map(|name| (*name).to_owned()).collect()),
        }
    }

    #[test]
    fn a_table_and_an_identifier_both_name_a_server() {
        let pets = server("pets", "https://a.example/v1", &["read"]);
        let servers: ScopeServers = [pets.clone(), server("x", "x", &[])].into_iter().collect();
        for name in ["pets", "https://a.example/v1"] {
            assert_eq!(servers.named(name), NamedServer::One(&pets), "{name}");
        }
        assert_eq!(servers.named("x"), NamedServer::One(&servers.all()[1]));
        assert_eq!(servers.named("pet"), NamedServer::Unknown);
    }

    #[test]
    fn a_name_of_two_servers_is_none() {
        let (one, other) = (server("a", "b", &[]), server("b", "c", &[]));
        let servers: ScopeServers = [one.clone(), other.clone()].into_iter().collect();
        assert_eq!(servers.named("b"), NamedServer::Ambiguous(&other, &one));
        assert_eq!(servers.named("a"), NamedServer::One(&one));
        let twice: ScopeServers = [one, server("d", "b", &[])].into_iter().collect();
        assert_eq!(twice.named("b"), NamedServer::Repeated);
    }

    #[test]
    fn a_star_is_all_unless_a_scope_is_called_so() {
        assert!(server("a", "a", &["read", "write"]).star_is_all());
        assert!(server("a", "a", &["*"]).star_is_all());
        assert!(!server("a", "a", &["*", "read"]).star_is_all());
    }
}
