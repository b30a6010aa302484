//! The versions of a secret, and their staging labels.

use std::collections::{BTreeMap, BTreeSet};

use aws_facts::limits::secretsmanager::MOST_VERSIONS;
use serde::{Deserialize, Serialize};

/// The label of the default version.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The label of the version that was current before.
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) content: Content,
    pub(super) stages: BTreeSet<String>,
    pub(super) created: f64,
    /// When it was last read.
    pub(super) accessed: Option<f64>,
}

/// What a version holds.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
pub(super) enum Content {
    /// `SecretString`.
    #[serde(rename = "secret_string")]
    String(String),
    /// `SecretBinary`, in base64.
    #[serde(rename = "secret_binary")]
    Binary(String),
}

impl std::fmt::Debug for Content {
    /// Without the content, which is a secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::String(_) => "String",
            Self::Binary(_) => "Binary",
        })
    }
}

/// The version with this label.
pub(super) fn labelled<'v>(
    versions: &'v BTreeMap<String, Version>,
    stage: &str,
) -> Option<(&'v String, &'v Version)> {
    versions
        .iter()
        .find(|(_, version)| version.stages.contains(stage))
}

/// Adds a version and moves the labels to it. The version that loses AWSCURRENT becomes AWSPREVIOUS.
pub(super) fn add(
    versions: &mut BTreeMap<String, Version>,
    id: &str,
    content: Content,
    stages: BTreeSet<String>,
    now: f64,
) {
    let loses = labelled(versions, CURRENT)
        .filter(|_| stages.contains(CURRENT))
        .map(|(id, _)| id.clone());
    for version in versions.values_mut() {
        version.stages.retain(|stage| {
            !(stages.contains(stage) || loses.is_some() && stage.as_str() == PREVIOUS)
        });
    }
    if let Some(version) = loses.and_then(|id| versions.get_mut(&id)) {
        version.stages.insert(PREVIOUS.into());
    }
    let version = Version {
        content,
        stages,
        created: now,
        accessed: None,
    };
    versions.insert(id.into(), version);
    while versions.len() > MOST_VERSIONS {
        let bare = versions.iter().filter(|(_, of)| of.stages.is_empty());
        let oldest = bare.min_by(|(_, one), (_, other)| one.created.total_cmp(&other.created));
        let Some(oldest) = oldest.map(|(id, _)| id.clone()) else {
            return;
        };
        versions.remove(&oldest);
    }
}
