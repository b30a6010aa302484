//! The descriptions of aliases and of versions, in which gatestack says what it did: neither can have tags.

/// What begins the description of an alias or a version of gatestack's.
const BEGIN: &str = "gatestack: ";

/// Whether a description is gatestack's.
pub(in crate::kinds) fn is_ours(description: &str) -> bool {
    description.starts_with(BEGIN)
}

/// The description of a version.
pub(super) fn of_version(content: &str) -> String {
    format!("{BEGIN}code and settings {content}")
}

/// The version that gatestack chose last for an alias, and the digest of the code and settings that it published there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Chosen {
    pub(super) version: String,
    pub(super) content: String,
}

impl Chosen {
    /// As the alias's description.
    pub(super) fn text(&self) -> String {
        let Self { version, content } = self;
        format!("{BEGIN}version {version}, code and settings {content}")
    }

    pub(super) fn parse(description: &str) -> Option<Self> {
        let rest = description.strip_prefix(BEGIN)?.strip_prefix("version ")?;
        let (version, content) = rest.split_once(", code and settings ")?;
        Some(Self {
            version: version.to_owned(),
            content: content.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_as_it_is_written() {
        let chosen = Chosen {
            version: "7".into(),
            content: "0123456789abcdef".into(),
        };
        let text = chosen.text();
        assert!(is_ours(&text) && is_ours(&of_version("0")));
        assert_eq!(Chosen::parse(&text), Some(chosen));
        assert_eq!(Chosen::parse(&of_version("0")), None);
        assert!(!is_ours("made by hand"));
    }
}
