//! The published versions of a function, newest first, and switching its alias to one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::description::{Chosen, is_ours};
use super::live::percent;
use super::{Operation, Writer};
use crate::aws::{AwsError, Reader};
use crate::kinds::{Desired, Resource};
use crate::model::Place;

/// The published versions, and the one that the alias points to.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The function's name.
    pub function: String,
    /// The alias's name.
    pub alias: String,
    /// The number of the version that it points to.
    pub here: String,
    /// The percentages of the calls that other versions get, by their numbers: somebody set them by hand.
    pub weights: BTreeMap<String, f64>,
    /// The number of the version that gatestack chose last.
    pub chosen: String,
    /// All versions, newest first.
    pub versions: Vec<Published>,
}

/// A published version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    /// Its number.
    pub version: String,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// Whether gatestack published it.
    pub is_ours: bool,
    /// Its runtime.
    pub runtime: String,
}

/// Why there is no history.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Missing {
    /// The file has no such function.
    Function,
    /// The file gives it no alias.
    Alias,
    /// The alias is not applied yet, or is not the stack's.
    NotApplied,
}

/// Reads the history of the function of this table.
///
/// # Errors
/// A read failed.
pub async fn history(
    reader: &Reader,
    desired: &Desired,
    key: &str,
) -> Result<Result<History, Missing>, AwsError> {
    let at = |place: Place| desired.resources.get(&place.address());
    let function = at(Place::Function(key.to_owned())).map(|wanted| &wanted.resource);
    let Some(Resource::Function(function)) = function else {
        return Ok(Err(Missing::Function));
    };
    let alias = at(Place::FunctionAlias(key.to_owned())).map(|wanted| &wanted.resource);
    let Some(Resource::FunctionAlias(alias)) = alias else {
        return Ok(Err(Missing::Alias));
    };
    let name = function.name();
    let (live, aliases, versions) = tokio::try_join!(
        Box::pin(reader.function(name)),
        Box::pin(reader.aliases(name)),
        Box::pin(reader.versions(name))
    )?;
    let is_own = live.is_some_and(|live| desired.context.owns(&live.tags));
    let mut aliases = aliases.iter().filter(|_| is_own);
    let alias = aliases.find(|live| live.name == alias.name);
    let chosen = alias.and_then(|alias| Chosen::parse(&alias.description));
    let (Some(alias), Some(chosen)) = (alias, chosen) else {
        return Ok(Err(Missing::NotApplied));
    };
    let mut versions: Vec<Published> = versions
        .iter()
        .map(|version| Published {
            version: version.version.clone(),
            published: moment(&version.published),
            is_ours: is_ours(&version.description),
            runtime: version.runtime.clone(),
        })
        .collect();
    versions.sort_by_key(|version| std::cmp::Reverse(number(&version.version)));
    Ok(Ok(History {
        function: name.to_owned(),
        alias: alias.name.clone(),
        here: alias.version.clone(),
        weights: alias
            .weights
            .iter()
            .map(|(version, share)| (version.clone(), percent(*share)))
            .collect(),
        chosen: chosen.version,
        versions,
    }))
}

/// Lambda writes `2026-11-30T18:00:00.000+0000`.
fn moment(text: &str) -> Option<Timestamp> {
    text.replace("+0000", "Z").parse().ok()
}

fn number(version: &str) -> u64 {
    version.parse().unwrap_or_default()
}

impl Published {
    /// Whether it was published before another one.
    pub fn is_before(&self, version: &str) -> bool {
        number(&self.version) < number(version)
    }
}

impl History {
    /// One by its number.
    pub fn version(&self, version: &str) -> Option<&Published> {
        self.versions.iter().find(|one| one.version == version)
    }

    /// The percentage of the calls that the version gets which the alias points to.
    pub fn rest(&self) -> f64 {
        percent(1.0 - self.weights.values().sum::<f64>() / 100.0)
    }

    /// The one that gatestack published before the one that callers get.
    pub fn previous(&self) -> Option<&Published> {
        let mut versions = self.versions.iter();
        versions.find(|one| one.is_ours && one.is_before(&self.here))
    }

    /// Switches the alias to a version, in one call. Its description stays, so that it still says which version gatestack chose last.
    ///
    /// # Errors
    /// The call failed.
    pub async fn lead(&self, writer: &Writer, version: &str) -> Result<(), AwsError> {
        let request = writer
            .lambda()
            .update_alias()
            .function_name(&self.function)
            .name(&self.alias)
            .function_version(version)
            .routing_config(super::no_weights());
        writer
            .call(Operation::lambda("UpdateAlias"), request.send())
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_previous_version_is_the_newest_of_ours_before_the_one_that_callers_get() {
        let published = |version: &str, is_ours: bool| Published {
            version: version.into(),
            published: moment("2026-11-30T18:00:00.000+0000"),
            is_ours,
            runtime: "nodejs24.x".into(),
        };
        let history = |here: &str| History {
            function: "claims-hello".into(),
            alias: "live".into(),
            here: here.into(),
            weights: BTreeMap::new(),
            chosen: "11".into(),
            versions: [("11", true), ("10", false), ("9", true), ("2", true)]
                .map(|(version, is_ours)| published(version, is_ours))
                .into(),
        };
        let previous = |here: &str| {
            let history = history(here);
            history.previous().map(|one| one.version.clone())
        };
        assert_eq!(previous("11").as_deref(), Some("9"));
        assert_eq!(previous("9").as_deref(), Some("2"));
        assert_eq!(previous("2"), None);
        assert!(history("11").versions[0].published.is_some());
    }
}
