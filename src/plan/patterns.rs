use globset::{Glob, GlobMatcher};

use crate::model::Address;

/// Addresses as people name them on the command line: written out, or as a glob such as `partners.*`.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<(String, Option<GlobMatcher>)>);

impl Patterns {
    /// The patterns of a command line. A text that is no glob still names the address it spells.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let pattern = |text: String| {
            let matcher = Glob::new(&text).ok().map(|glob| glob.compile_matcher());
            (text, matcher)
        };
        Self(texts.into_iter().map(pattern).collect())
    }

    /// Whether none was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the address, or the one it is a part of, is named.
    pub fn name(&self, address: &Address) -> bool {
        self.name_itself(address) || self.name_itself(&address.owner())
    }

    /// Whether the address itself is named, and not only what it is a part of.
    pub fn name_itself(&self, address: &Address) -> bool {
        self.0.iter().any(|(text, glob)| {
            let matches = |glob: &GlobMatcher| glob.is_match(address.as_str());
            text == address.as_str() || glob.as_ref().is_some_and(matches)
        })
    }

    /// The patterns that name none of these addresses.
    pub fn idle<'a>(
        &'a self,
        addresses: impl Iterator<Item = &'a Address> + Clone,
    ) -> Vec<&'a str> {
        self.0
            .iter()
            .filter(|one| {
                let alone = Self(vec![(*one).clone()]);
                !addresses.clone().any(|address| alone.name(address))
            })
            .map(|(text, _)| text.as_str())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pattern: &str, address: &str) -> bool {
        Patterns::new([pattern.to_owned()]).name(&Address::new(address))
    }

    #[test]
    fn naming_a_partner_names_its_parts() {
        assert!(named("partners.acme", "partners.acme/key"));
        assert!(named("partners.*", "partners.acme/client"));
        assert!(!named("partners.acme", "partners.acme-re/key"));
        assert!(!named("partners.acme/key", "partners.acme/client"));
    }

    #[test]
    fn a_route_is_named_as_it_is_written() {
        let route = r#"api.routes."GET /policies/{id}""#;
        assert!(named(route, route));
        assert!(named("api.routes.*", route));
    }
}
