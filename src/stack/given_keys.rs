//! `key` of `[api_keys]` and `[partners]`: where the values of API keys are given.

use std::collections::BTreeMap;
use std::ops::Range;

use super::diagnostic::{Code, Diagnostic, Diagnostics};
use super::file::File;
use super::load::Checked;
use super::source::Source;
use super::spans::KeyPath;
use crate::model::{Address, Place, SecretSource};

/// The tables whose entries have such a `key`.
pub(super) const TABLES: [&str; 2] = ["api_keys", "partners"];

/// Whether a path is that of such a `key`.
pub(super) fn is_source(path: &KeyPath) -> bool {
    matches!(path.keys(), [table, _, key] if key == "key" && TABLES.contains(&table.as_str()))
}

/// How it is written, for hints.
pub(super) fn help() -> String {
    format!("write it as {}", SecretSource::FORMS)
}

/// The places of the given values in a file, for errors that only a run finds.
#[derive(Clone, Debug)]
pub struct GivenKeys {
    source: Source,
    places: BTreeMap<Address, Range<usize>>,
}

/// Why a given value can't be used.
#[derive(Clone, Debug)]
pub struct BadValue {
    /// The address of its API key.
    pub key: Address,
    /// What is wrong, without the value.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// Each `key` of a file, with its text.
pub(super) fn written(file: &File) -> impl Iterator<Item = (KeyPath, &str)> {
    sources(file).map(|(table, name, source)| (KeyPath::from([table, name, "key"]), source))
}

fn sources(file: &File) -> impl Iterator<Item = (&'static str, &str, &str)> {
    let keys = file.api_keys.iter();
    let keys = keys.map(|(name, key)| ("api_keys", name, &key.key));
    let partners = file.partners.iter();
    let partners = partners.map(|(name, partner)| ("partners", name, &partner.key));
    keys.chain(partners)
        .filter_map(|(table, name, source)| Some((table, name.as_str(), source.as_deref()?)))
}

impl GivenKeys {
    /// Those of a checked file.
    pub fn of(checked: &Checked) -> Self {
        let places = sources(&checked.file).map(|(table, name, _)| {
            let key = match table {
                "partners" => Place::PartnerKey(name.to_owned()),
                _ => Place::ApiKey(name.to_owned()),
            };
            let path = KeyPath::from([table, name, "key"]);
            (key.address(), checked.spans.value_of(&path))
        });
        Self {
            places: places.collect(),
            source: checked.source().clone(),
        }
    }

    /// Errors about values, each at its place.
    pub fn errors(&self, bad: Vec<BadValue>) -> Diagnostics {
        let bad = bad.into_iter().map(|bad| {
            let error = Diagnostic::error(
                Code::BadKeyValue,
                format!("{}: {}; nothing was written", bad.key, bad.what),
            );
            let error = match self.places.get(&bad.key) {
                Some(place) => error.at(place.clone()),
                None => error,
            };
            error.help(bad.help)
        });
        Diagnostics::new(self.source.clone(), bad.collect())
    }
}
