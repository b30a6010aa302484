use std::collections::BTreeSet;

use globset::{Glob, GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use super::Address;

/// Addresses on the command line: literal, or a glob such as `partners.*`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Patterns {
    /// As they were given.
    texts: Vec<String>,
    /// The same, indexed: most of many are literal.
    written_out: BTreeSet<String>,
    globs: Vec<(String, GlobMatcher)>,
    /// Those with a slash, whose wildcards stop at one, and with a word: `**/*` would match every loss of what is not the
    /// stack's.
    of_parts: Vec<GlobMatcher>,
}

impl Patterns {
    /// The patterns of a command line. A text that is an invalid glob still matches the literal address.
    pub fn new(texts: impl IntoIterator<Item = String>) -> Self {
        let texts: Vec<String> = texts.into_iter().collect();
        let globs = texts.iter().filter(|text| is_glob(text));
        let globs = globs.filter_map(|text| {
            let glob = Glob::new(text).ok()?;
            Some((text.clone(), glob.compile_matcher()))
        });
        let of_parts = texts.iter().filter(|text| is_glob(text));
        let of_parts = of_parts
            .map(|text| with_names_whole(text))
            .filter(|text| text.contains('/') && says_a_word(text));
        let of_parts = of_parts.filter_map(|text| {
            let glob = GlobBuilder::new(&text).literal_separator(true).build();
            Some(glob.ok()?.compile_matcher())
        });
        Self {
            of_parts: of_parts.collect(),
            globs: globs.collect(),
            written_out: texts.iter().cloned().collect(),
            texts,
        }
    }

    /// As they were given.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// These and further addresses, each written out.
    pub fn and(&self, addresses: impl IntoIterator<Item = Address>) -> Self {
        let further = addresses.into_iter().map(|address| address.to_string());
        Self::new(self.texts.iter().cloned().chain(further))
    }

    /// Whether none was given.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether the address, or the one it is a part of, matches.
    pub fn name(&self, address: &Address) -> bool {
        !self.is_empty() && (self.name_itself(address) || self.name_itself(&address.owner()))
    }

    /// Whether the address itself matches, and not only what it is a part of.
    pub fn name_itself(&self, address: &Address) -> bool {
        let mut globs = self.globs.iter();
        self.written_out.contains(address.as_str())
            || globs.any(|(_, glob)| glob.is_match(address.as_str()))
    }

    /// Whether a loss of what is not the stack's at this address matches, by a pattern with a slash and the word after it: `*`
    /// alone is for the stack's resources.
    pub fn name_of_others(&self, address: &Address) -> bool {
        let whole = with_names_whole(address.as_str());
        let mut globs = self.of_parts.iter();
        self.written_out.contains(address.as_str()) || globs.any(|glob| glob.is_match(&whole))
    }

    /// The patterns that match none of these addresses.
    pub fn idle<'a>(
        &'a self,
        addresses: impl Iterator<Item = &'a Address> + Clone,
    ) -> Vec<&'a str> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut known = BTreeSet::new();
        for address in addresses {
            known.insert(address.as_str().to_owned());
            known.insert(address.owner().as_str().to_owned());
        }
        let matching: BTreeSet<&str> = self
            .globs
            .iter()
            .filter(|(_, glob)| known.iter().any(|address| glob.is_match(address)))
            .map(|(text, _)| text.as_str())
            .collect();
        let texts = self.texts.iter().map(String::as_str);
        texts
            .filter(|text| !known.contains(*text) && !matching.contains(text))
            .collect()
    }
}

impl From<Vec<String>> for Patterns {
    fn from(texts: Vec<String>) -> Self {
        Self::new(texts)
    }
}

impl From<Patterns> for Vec<String> {
    fn from(patterns: Patterns) -> Self {
        patterns.texts
    }
}

/// What was given tells them apart; the rest follows from it.
impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

/// Whether a text may match more than the literal address.
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '[', '{', '\\'])
}

/// Whether a pattern has a word outside of its lists and classes of characters.
fn says_a_word(text: &str) -> bool {
    let mut depth = 0_u32;
    text.chars().any(|character| {
        match character {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => return depth == 0 && character.is_alphanumeric(),
        }
        false
    })
}

/// A text in which a slash begins a part: slashes inside quoted names, as in every route, are replaced.
fn with_names_whole(text: &str) -> String {
    let mut quoted = false;
    text.chars()
        .map(|character| match character {
            '"' => {
                quoted = !quoted;
                character
            }
            '/' if quoted => '\u{1}',
            character => character,
        })
        .collect()
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
        assert!(named("api.*", route) && named("*", route));
    }

    #[test]
    fn what_others_lose_is_named_by_its_own_word() {
        let others = |pattern: &str, address: &str| {
            Patterns::new([pattern.to_owned()]).name_of_others(&Address::new(address))
        };
        for pattern in [
            "*",
            "**",
            "user_pool",
            "user_pool*",
            "user_pool.*",
            "u*",
            "*clients",
            "*/*",
            "**/*",
            "[a-z]*/*",
            "[!x]*/?*",
            "{*,x}/*",
            "{**,a}/*",
            "*{/,x}*",
        ] {
            assert!(!others(pattern, "user_pool/other_clients"), "{pattern}");
        }
        for pattern in [
            "user_pool/*",
            "*/other_*",
            "*/other_clients",
            "user_pool/other_clients",
        ] {
            assert!(others(pattern, "user_pool/other_clients"), "{pattern}");
        }
        let named = "plans.\"a/b\"/other_keys";
        assert!(others("plans.*/other_keys", named) && others(named, named));
        assert!(!others("plans.*", named) && !others("plans.\"a/*\"", named));
        let deep = "load_balancer.listeners.80/target_group/other_targets";
        assert!(others("load_balancer.listeners.*/target_group/*", deep));
        assert!(!others("load_balancer.listeners.*/*", deep));
    }
}
