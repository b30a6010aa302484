//! Serializes references to the registry: kinds, and the texts of their fields. A saved plan contains them as text; reading looks
//! them up, and unknown ones are an error.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{KINDS, KindInfo, OnChange, fields_of_kinds};

/// A text of the registry: a field's name, the reason for a replacement, or what is lost with a kind.
// A type instead of a reference, which serde would borrow from its input.
pub type Word = &'static str;

static WORDS: LazyLock<BTreeSet<Word>> = LazyLock::new(|| {
    let fields = fields_of_kinds().into_iter().flat_map(|(_, fields)| fields);
    let of_fields = fields.flat_map(|info| {
        let why = match info.on_change {
            OnChange::Replace(why) => Some(why),
            OnChange::InPlace | OnChange::Refuse(_) | OnChange::Place => None,
        };
        [Some(info.name), why].into_iter().flatten()
    });
    of_fields
        .chain(KINDS.iter().filter_map(|kind| kind.loss))
        .collect()
});

fn known<E: Error>(text: &str) -> Result<Word, E> {
    WORDS
        .get(text)
        .copied()
        .ok_or_else(|| E::custom(format!("this gatestack knows no `{text}`")))
}

/// One text.
pub(crate) fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    known(&String::deserialize(deserializer)?)
}

/// Texts in whatever holds them: an `Option`, a list, a map's values.
pub(crate) mod words {
    use std::collections::BTreeMap;

    use super::{Deserialize, Deserializer, Error, Word, known};
    use crate::model::Address;

    /// Something that holds texts.
    pub(crate) trait Holder: Sized {
        /// The same, holding texts that were just read.
        type Read: for<'de> Deserialize<'de>;

        /// Looks up each in the registry.
        fn find<E: Error>(read: Self::Read) -> Result<Self, E>;
    }

    impl Holder for Option<Word> {
        type Read = Option<String>;

        fn find<E: Error>(read: Option<String>) -> Result<Self, E> {
            read.map(|text| known(&text)).transpose()
        }
    }

    impl Holder for Vec<Word> {
        type Read = Vec<String>;

        fn find<E: Error>(read: Vec<String>) -> Result<Self, E> {
            read.iter().map(|text| known(text)).collect()
        }
    }

    impl Holder for BTreeMap<Address, Word> {
        type Read = BTreeMap<Address, String>;

        fn find<E: Error>(read: Self::Read) -> Result<Self, E> {
            read.into_iter()
                .map(|(address, text)| Ok((address, known(&text)?)))
                .collect()
        }
    }

    /// Reads them.
    pub(crate) fn deserialize<'de, T: Holder, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        T::find(T::Read::deserialize(deserializer)?)
    }
}

/// A kind, by its name.
pub(crate) mod kind {
    use serde::Serializer;

    use super::{Deserialize, Deserializer, Error, KINDS, KindInfo};

    /// Writes it.
    pub(crate) fn serialize<S: Serializer>(
        kind: &&'static KindInfo,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(kind.name)
    }

    /// Reads it.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<&'static KindInfo, D::Error> {
        let name = String::deserialize(deserializer)?;
        KINDS
            .iter()
            .copied()
            .find(|kind| kind.name == name)
            .ok_or_else(|| D::Error::custom(format!("this gatestack knows no kind `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::Neighbours;
    use super::Word;

    #[derive(Debug, Deserialize)]
    struct Named {
        #[serde(deserialize_with = "super::word")]
        name: Word,
    }

    #[test]
    fn what_the_registry_does_not_know_is_an_error() {
        let named = |name: &str| Named::deserialize(serde_json::json!({ "name": name }));
        assert_eq!(named("throttle").unwrap().name, "throttle");
        let error = named("no_such_field").unwrap_err().to_string();
        assert_eq!(error, "this gatestack knows no `no_such_field`");

        let kind =
            |name: &str| Neighbours::deserialize(serde_json::json!({ "kind": name, "count": 1 }));
        assert_eq!(kind("user_pool").unwrap().kind.title, "user pool");
        let error = kind("spaceship").unwrap_err().to_string();
        assert_eq!(error, "this gatestack knows no kind `spaceship`");
    }
}
