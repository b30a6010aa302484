use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a resource stands: its path in the stack file, such as `partners.acme` or `api.routes."GET /policies"`.
///
/// Parts that gatestack derives append one word: `partners.acme/key`. An address is ours, never an AWS id.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// The address that reads like this: as somebody typed it, or as a tag or a saved plan holds it. What gatestack itself means is a
    /// [`Place`](super::Place).
    pub fn new(path: impl Into<String>) -> Self {
        Self(path.into())
    }

    /// The address in the file that this one belongs to: itself, or what it is a part of.
    pub fn owner(&self) -> Self {
        match self.part_start() {
            Some(at) => Self(self.0[..at].to_owned()),
            None => self.clone(),
        }
    }

    fn part(&self, word: &str) -> Self {
        Self(format!("{}/{word}", self.0))
    }

    /// Where the app client of this partner stands, or of the left-over key here.
    pub fn client(&self) -> Self {
        self.named_in_consent().part("client")
    }

    /// Where the API key of this partner stands.
    pub fn key(&self) -> Self {
        self.owner().part("key")
    }

    /// Where the place on a plan stands that the key of this partner or of `[api_keys]` has, or the left-over key here.
    pub fn membership(&self) -> Self {
        self.named_in_consent().part("membership")
    }

    /// Where the record stands that leads to this domain.
    pub fn record(&self) -> Self {
        self.part("record")
    }

    /// Where a resource server stands as long as the one with its new identifier does not take its place.
    pub fn former(&self) -> Self {
        self.part("old")
    }

    /// Where another thing of ours stands that belongs nowhere, told from what belongs here by a name of AWS's.
    pub fn beside(&self, name: &str) -> Self {
        self.part(name)
    }

    /// Where something stands that AWS failed to make for this address.
    pub fn failed(&self, id: &str) -> Self {
        self.part("failed").part(id)
    }

    /// Where a mark stands that says of something that it is ours, although it is not there.
    pub fn mark(&self, of: &str) -> Self {
        self.part("mark").part(of)
    }

    /// What consent names to the loss of what is not the stack's and goes with the thing here, `what` being a word for it.
    pub fn others(&self, what: &str) -> Self {
        self.part(what)
    }

    /// Where the older of two things stands that carry this same address, `id` being AWS's of it: one was made to take
    /// its place, and the run died before it went. What that one was to replace in its turn stands below it.
    pub fn replaced(&self, id: &str) -> Self {
        self.all_replaced().part(id)
    }

    /// What the addresses begin with of all that the thing here takes the place of.
    pub fn all_replaced(&self) -> Self {
        self.part("replaced")
    }

    /// The address of what takes the place of this one in the end; `None` for one whose place nothing takes.
    pub fn takes_its_place(&self) -> Option<Self> {
        let (_, parts) = self.0.split_at(self.part_start()?);
        let (before, _) = parts.split_once("/replaced/")?;
        Some(Self(
            self.0[..self.0.len() - parts.len() + before.len()].to_owned(),
        ))
    }

    /// Where another thing stands that carries this same address, `id` being AWS's of it, although only one can stand here.
    pub fn duplicate(&self, id: &str) -> Self {
        self.part("duplicate").part(id)
    }

    /// The address that this one carries too, or that the thing carries which this one is a part of; `None` for one that stands
    /// where it should.
    pub fn duplicate_of(&self) -> Option<Self> {
        let (_, parts) = self.0.split_at(self.part_start()?);
        let (before, _) = parts.split_once("/duplicate/")?;
        Some(Self(
            self.0[..self.0.len() - parts.len() + before.len()].to_owned(),
        ))
    }

    /// What consent to a loss at this address names: what it belongs to in the file; of several that carry one address, this one.
    pub fn named_in_consent(&self) -> Self {
        match self.duplicate_of() {
            Some(_) => self.clone(),
            None => self.owner(),
        }
    }

    /// The text, as people type it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This address with its beginning `from` exchanged for `to`; `None` when it neither is `from` nor a part of it.
    pub fn moved(&self, from: &Address, to: &Address) -> Option<Self> {
        let rest = self.0.strip_prefix(from.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| Self(format!("{to}{rest}")))
    }

    /// Whether this is a part of what stands at an address.
    pub fn is_part_of(&self, of: &Address) -> bool {
        let rest = self.0.strip_prefix(of.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    }

    // A slash inside a quoted name, as every route has one, starts no part.
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
        let older = link.replaced("abc").replaced("012");
        assert_eq!(older.takes_its_place(), Some(link));
        let route = Place::Route("GET /replaced/parts/replaced/x".into()).address();
        assert_eq!(route.takes_its_place(), None);
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
