//! The live aliases of the stack's functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::try_join_all;

use super::description::{Chosen, is_ours, of_version};
use super::{FunctionAlias, Props, Version, outputs};
use crate::aws::{AwsError, ListedAlias, ListedFunction, Reader};
use crate::kinds::function::names;
use crate::kinds::function::parts::{EVENT_SOURCES, OTHER_STATEMENTS, URLS};
use crate::kinds::function_permission;
use crate::kinds::observation::Dependent;
use crate::kinds::ownership::{Candidate, sort_out};
use crate::kinds::uses::Leaving;
use crate::kinds::{Desired, Findings, Found, Kind as _, Resource, Scope, function};
use crate::model::{Address, OutputName, Place, Text};

/// The words below an alias's address for what is not the stack's and uses it.
pub(super) const DEPENDENTS: &[&str] = &[OTHER_STATEMENTS, EVENT_SOURCES, URLS];

/// Whether a function may have an alias of the stack's: it is marked before its first one is created.
fn may_have(function: &ListedFunction) -> bool {
    function.tags.contains_key(function::ALIAS_TAG)
}

/// The aliases of a function.
#[derive(Debug)]
pub(in crate::kinds) struct Aliases {
    /// The function's ARN.
    pub(in crate::kinds) function: String,
    all: Arc<Vec<ListedAlias>>,
}

impl Aliases {
    /// Those of the stack.
    pub(in crate::kinds) fn ours(&self) -> impl Iterator<Item = &ListedAlias> {
        self.all.iter().filter(|alias| is_ours(&alias.description))
    }
}

/// The aliases of each function that may have one of the stack's, or is to have one.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn aliases(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<Vec<Aliases>, AwsError> {
    let names = names::read(reader, scope).await?;
    let all = try_join_all(names.iter().map(|name| of_function(reader, scope, name))).await?;
    Ok(all.into_iter().flatten().collect())
}

async fn of_function(
    reader: &Reader,
    scope: &Scope<'_>,
    name: &str,
) -> Result<Option<Aliases>, AwsError> {
    let Some(live) = reader.function(name).await? else {
        return Ok(None);
    };
    let function = live.configuration.function_arn.clone().unwrap_or_default();
    if !may_have(&live) && wanted(scope.desired, &function).is_none() {
        return Ok(None);
    }
    let all = reader.aliases(name).await?;
    Ok(Some(Aliases { function, all }))
}

/// The alias that the file wants for the function with this ARN.
fn wanted<'a>(desired: &'a Desired, function: &str) -> Option<&'a Props> {
    let mut functions = desired.resources.iter();
    functions.find_map(|(address, wanted)| match &wanted.resource {
        Resource::Function(props) if props.arn == function => at(desired, &place(address)),
        _ => None,
    })
}

/// The alias that the file wants here.
fn at<'a>(desired: &'a Desired, place: &Address) -> Option<&'a Props> {
    match &desired.resources.get(place)?.resource {
        Resource::FunctionAlias(props) => Some(props),
        _ => None,
    }
}

/// The place of the alias of the function here, which may be one that is being replaced.
fn place(function: &Address) -> Address {
    match function.place() {
        Some(Place::Function(key)) => Place::FunctionAlias(key).address(),
        _ => function.beside("alias"),
    }
}

/// Finds the stack's aliases, and others with the names that the file wants.
pub(super) async fn find(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
    let mut findings = Findings::default();
    let mut names = BTreeMap::new();
    let mut strangers = Vec::new();
    for aliases in aliases(reader, scope).await? {
        let Some(own) = scope.address_of(OutputName::Arn, &aliases.function) else {
            continue;
        };
        let place = place(own);
        let want = at(scope.desired, &place).map(|want| &*want.name);
        let is_wanted = |alias: &ListedAlias| Some(&*alias.name) == want;
        // After a run that died between the two, the one of the old name goes.
        let stays = aliases.ours().find(|alias| is_wanted(alias));
        let stays = stays.or_else(|| aliases.ours().next());
        let stays = stays.map(|alias| alias.name.clone());
        for alias in aliases.ours() {
            let address = match Some(&alias.name) == stays.as_ref() {
                true => place.clone(),
                false => place.replaced(&alias.name),
            };
            let mut props = props(&aliases.function, alias);
            if let Version::HeldBack(version) = &props.version
                && let Some(want) = at(scope.desired, &address)
                && has_it(reader, &aliases.function, version, want).await?
            {
                props.version = Version::Again(version.clone());
            }
            let found = Found::new(address, props, outputs(alias.arn.clone()));
            findings.owned.push(found);
        }
        let others = aliases
            .all
            .iter()
            .filter(|alias| is_wanted(alias) && !is_ours(&alias.description));
        for alias in others {
            names.insert(place.clone(), alias.name.clone());
            strangers.push(Candidate {
                name: alias.name.clone(),
                tags: BTreeMap::new(),
                props: props(&aliases.function, alias),
                outputs: outputs(alias.arn.clone()),
                unmanaged: Vec::new(),
            });
        }
    }
    let others = sort_out(scope, &FunctionAlias::INFO, &names, strangers);
    findings.obstacles.extend(others.obstacles);
    findings.owned.extend(others.owned);
    Ok(findings)
}

/// Whether a version has the code and settings that the file wants.
async fn has_it(
    reader: &Reader,
    function: &str,
    version: &str,
    want: &Props,
) -> Result<bool, AwsError> {
    let Version::Of(Some(content)) = &want.version else {
        return Ok(false);
    };
    let name = function::name_of(function).unwrap_or_default();
    let versions = reader.versions(name).await?;
    let mut versions = versions.iter().filter(|one| one.version == version);
    Ok(versions.any(|one| one.description == of_version(content)))
}

fn props(function: &str, alias: &ListedAlias) -> Props {
    let weights = alias.weights.iter();
    Props {
        function: Text::literal(function),
        name: alias.name.clone(),
        version: version(alias),
        weights: weights
            .map(|(version, share)| (version.clone(), format!("{} %", percent(*share))))
            .collect(),
    }
}

/// A share as a percentage, without what its binary form adds.
pub(super) fn percent(share: f64) -> f64 {
    (share * 10_000.0).round() / 100.0
}

fn version(alias: &ListedAlias) -> Version {
    let number = |version: &str| version.parse::<u64>().ok();
    match Chosen::parse(&alias.description) {
        Some(chosen) if chosen.version == alias.version => Version::Of(Some(chosen.content)),
        Some(chosen)
            if number(&alias.version).is_some_and(|here| Some(here) < number(&chosen.version)) =>
        {
            Version::HeldBack(alias.version.clone())
        }
        _ => Version::Other(alias.version.clone()),
    }
}

/// What is not the stack's and uses this alias.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn others_of(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    arn: &str,
) -> Result<Vec<Dependent>, AwsError> {
    let name = function::name_of(arn).unwrap_or_default();
    let (parts, policy) = tokio::try_join!(
        Box::pin(reader.at_function(name)),
        reader.function_policy(arn)
    )?;
    let statements = function_permission::others(leaving, arn, &policy);
    let row = |word, kind, names: Vec<&str>, what| Dependent::of(address, word, kind, &names, what);
    let rows = [
        row(
            OTHER_STATEMENTS,
            ("statement", "statement of its policy"),
            statements,
            "whatever it lets in can't invoke the alias any more",
        ),
        row(
            EVENT_SOURCES,
            ("event_source", "event source"),
            parts.sources_of(arn).collect(),
            "nothing takes its events any more",
        ),
        row(
            URLS,
            ("url", "function URL"),
            parts.urls_of(arn).collect(),
            "it leads nowhere any more",
        ),
    ];
    Ok(rows.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_that_was_switched_back_is_told_from_any_other_switch() {
        let alias = |version: &str, description: &str| ListedAlias {
            arn: "arn".into(),
            name: "live".into(),
            version: version.into(),
            description: description.into(),
            weights: BTreeMap::new(),
        };
        let chosen = "gatestack: version 10, code and settings 0123";
        let of = |version: &str| super::version(&alias(version, chosen));
        assert_eq!(of("10"), Version::Of(Some("0123".into())));
        assert_eq!(of("9"), Version::HeldBack("9".into()));
        assert_eq!(of("11"), Version::Other("11".into()));
        assert_eq!(of("$LATEST"), Version::Other("$LATEST".into()));
        assert_eq!(
            super::version(&alias("9", "by hand")),
            Version::Other("9".into())
        );
    }
}
