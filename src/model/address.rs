use std::fmt;

use serde::{Deserialize, Serialize};

use super::Place;

/// The address of a resource: its path in the stack file, such as `partners.acme` or `api.routes."GET /policies"`.
///
/// Parts that gatestack derives append one word: `partners.acme/key`. An address is ours, never an AWS id.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// The address with this text, from the command line, a tag or a saved plan. gatestack's own addresses come from
    /// [`Place`].
    pub fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    /// The address of the table that this one belongs to: itself, or its parent.
    pub fn owner(&self) -> Self {
        match self.part_start() {
            Some(at) => Self(self.0[..at].to_owned()),
            None => self.clone(),
        }
    }

    fn part(&self, word: &str) -> Self {
        Self(format!("{}/{word}", self.0))
    }

    /// The address of the app client of this partner, or of the duplicate key here.
    pub fn client(&self) -> Self {
        self.named_in_consent().part("client")
    }

    /// The address of the API key of this partner.
    pub fn key(&self) -> Self {
        self.owner().part("key")
    }

    /// The address of the plan membership of this partner's key, of a key of `[api_keys]`, or of the duplicate or older key here.
    pub fn membership(&self) -> Self {
        match self.older_of() {
            Some(_) => self.part("membership"),
            None => self.named_in_consent().part("membership"),
        }
    }

    /// The address of the DNS record of this domain.
    pub fn record(&self) -> Self {
        self.part("record")
    }

    /// The address of a resource server with an old identifier, until the one with the new identifier replaces it.
    pub fn former(&self) -> Self {
        self.part("old")
    }

    /// The address of a resource of ours beside this one, by its name on AWS.
    pub fn beside(&self, name: &str) -> Self {
        self.part(name)
    }

    /// The address of something that AWS failed to create for this address.
    pub fn failed(&self, id: &str) -> Self {
        self.part("failed").part(id)
    }

    /// The address of a mark whose resource does not exist.
    pub fn mark(&self, of: &str) -> Self {
        self.part("mark").part(of)
    }

    /// The address for consent to the loss of what is not the stack's and is deleted with the resource here; `what` is a word for
    /// it.
    pub fn others(&self, what: &str) -> Self {
        self.part(what)
    }

    /// The address of the older of two resources with this address, by its AWS `id`: its replacement was created, and the run
    /// died before it was deleted. What that one was to replace is below it.
    pub fn replaced(&self, id: &str) -> Self {
        self.all_replaced().part(id)
    }

    /// The prefix of the addresses of what the resource here replaces.
    pub fn all_replaced(&self) -> Self {
        self.part("replaced")
    }

    /// The address of the final replacement of this one; `None` if it is not being replaced.
    pub fn takes_its_place(&self) -> Option<Self> {
        self.before("/replaced/")
    }

    /// What tells this older resource from its replacement; `None` if it is not being replaced.
    pub fn replaced_id(&self) -> Option<&str> {
        let before = self.takes_its_place()?.all_replaced();
        self.0.strip_prefix(before.as_str())?.strip_prefix('/')
    }

    /// The address of an older resource, by its AWS `id`, that still works after a newer one took over this address.
    pub fn older(&self, id: &str) -> Self {
        self.part("older").part(id)
    }

    /// The address that this older resource, or the one that it is a part of, had before; `None` for all others.
    pub fn older_of(&self) -> Option<Self> {
        self.before("/older/")
    }

    /// The address of the older resource that this is, or is a part of.
    pub fn older_one(&self) -> Option<Self> {
        let newer = self.older_of()?;
        let (_, parts) = self.0.split_once(newer.older("").as_str())?;
        parts.split('/').next().map(|id| newer.older(id))
    }

    /// The address of a duplicate with this address, by its AWS `id`.
    pub fn duplicate(&self, id: &str) -> Self {
        self.part("duplicate").part(id)
    }

    /// The address that this duplicate, or the duplicate that it is a part of, has in its tags; `None` for all others.
    pub fn duplicate_of(&self) -> Option<Self> {
        self.before("/duplicate/")
    }

    /// The address before this part.
    fn before(&self, word: &str) -> Option<Self> {
        let start = self.part_start()?;
        let (before, _) = self.0[start..].split_once(word)?;
        Some(Self(self.0[..start + before.len()].to_owned()))
    }

    /// The address for consent to a loss at this address: its table in the file; for a duplicate, and for the logs of a function,
    /// which are lost without the function, this one.
    pub fn named_in_consent(&self) -> Self {
        let is_logs = matches!(self.place(), Some(Place::FunctionLogs(_)));
        match self.duplicate_of() {
            None if !is_logs => self.owner(),
            _ => self.clone(),
        }
    }

    /// The text, as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This address with its beginning `from` exchanged for `to`; `None` when it neither is `from` nor a part of it.
    pub fn moved(&self, from: &Address, to: &Address) -> Option<Self> {
        let rest = self.0.strip_prefix(from.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| Self(format!("{to}{rest}")))
    }

    /// Whether this is a part of an address.
    pub fn is_part_of(&self, of: &Address) -> bool {
        let rest = self.0.strip_prefix(of.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    }

    // A slash inside a quoted name, as in every route, starts no part.
    fn part_start(&self) -> Option<usize> {
        let mut quoted = false;
        let mut escaped = false;
        for (at, character) in self.0.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '/' if !quoted => return Some(at),
                _ => {}
            }
        }
        None
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A key as TOML writes it: bare where its characters allow, else quoted.
pub fn bare_or_quoted(name: &str) -> String {
    let bare = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;

    fn acme() -> Address {
        Place::Partner("acme".into()).address()
    }

    #[test]
    fn a_slash_in_a_route_is_not_a_part() {
        let route = Place::Route("GET /policies/{id}".into()).address();
        assert_eq!(route.as_str(), "api.routes.\"GET /policies/{id}\"");
        assert_eq!(route.owner(), route);
        assert_eq!(acme().key().owner().as_str(), "partners.acme");
    }

    #[test]
    fn what_was_replaced_knows_its_successor() {
        let link = Place::VpcLink.address();
        assert_eq!(link.replaced("abc").as_str(), "api/vpc_link/replaced/abc");
        assert_eq!(link.replaced("abc").takes_its_place(), Some(link.clone()));
        assert_eq!(link.takes_its_place(), None);
        assert_eq!(link.replaced("abc").replaced_id(), Some("abc"));
        assert_eq!(link.replaced_id(), None);
        let older = link.replaced("abc").replaced("012");
        assert_eq!(older.takes_its_place(), Some(link));
        let route = Place::Route("GET /replaced/parts/replaced/x".into()).address();
        assert_eq!(route.takes_its_place(), None);
    }

    #[test]
    fn an_older_key_knows_the_address_that_it_had() {
        let key = acme().key();
        let older = key.older("abc");
        assert_eq!(older.as_str(), "partners.acme/key/older/abc");
        assert_eq!(older.older_of(), Some(key.clone()));
        assert_eq!(older.membership().older_of(), Some(key.clone()));
        assert_eq!(older.membership().older_one(), Some(older.clone()));
        assert_eq!(older.older_one(), Some(older.clone()));
        assert_eq!(key.older_of(), None);
        assert_eq!((older.client(), older.owner()), (acme().client(), acme()));
        let batch = Place::ApiKey("batch".into()).address();
        assert_eq!(batch.older("abc").older_of(), Some(batch));
    }

    #[test]
    fn a_duplicate_knows_the_address_that_it_carries() {
        let key = acme().key();
        let duplicate = key.duplicate("abc");
        assert_eq!(duplicate.as_str(), "partners.acme/key/duplicate/abc");
        assert_eq!(duplicate.duplicate_of(), Some(key.clone()));
        assert_eq!(duplicate.client().duplicate_of(), Some(key.clone()));
        assert_eq!(key.duplicate_of(), None);
        assert_eq!(duplicate.membership(), duplicate.part("membership"));
        assert_eq!(key.membership(), acme().part("membership"));
        assert_eq!(duplicate.named_in_consent(), duplicate);
        assert_eq!(key.named_in_consent().as_str(), "partners.acme");
    }

    #[test]
    fn moving_takes_parts_along_and_nothing_else() {
        let (from, to) = (
            Address::new("partners.acme"),
            Address::new("partners.acme-re"),
        );
        assert_eq!(from.key().moved(&from, &to), Some(to.key()));
        assert_eq!(Address::new("partners.acme2").moved(&from, &to), None);
    }
}
