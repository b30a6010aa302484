//! Marks show which untaggable children of a user pool are ours. A mark is a tag of the pool: its key is the child's address, its
//! value the child's id.
//!
//! A mark is written before its child is created and removed after its child is deleted, so that a run that dies between two
//! calls leaves no child without a mark.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::types::UserPoolType;

use super::app_client::Mark;
use super::desired::{KEY_TAG, STACK_TAG};
use super::ownership::{Candidate, after_moves};
use super::registry::Resource;
use super::tags::{self, escape, unescape};
use super::{Findings, Found, Scope};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::{Address, Book, Place};

/// The tag of a partner's API key with its app client's id.
pub const CLIENT_TAG: &str = "gatestack:client";
/// The value of an app client's mark until the client's id is known.
pub const CREATING: &str = "creating";

const PREFIX: &str = "gatestack:";

/// The mark of a wanted child on its pool, if its value is known before the apply.
pub fn of(address: &Address, resource: &Resource) -> Option<(String, String)> {
    let nothing = Book::default();
    let value = match resource {
        Resource::UserPoolDomain(domain) => domain.domain.resolve(&nothing)?,
        Resource::ResourceServer(server) => server.identifier.resolve(&nothing)?,
        Resource::AppClient(client) if matches!(client.mark, Mark::OnPool(_)) => {
            CREATING.to_owned()
        }
        _ => return None,
    };
    Some((key(address.as_str()), escape(&value)))
}

/// The tag of a partner's API key, from the key's create call on, that a client with the key's name is being created: until it
/// has the client's id, nothing else distinguishes the client from one made by hand.
pub fn of_key(client: &Resource) -> Option<(String, String)> {
    match client {
        Resource::AppClient(client) if matches!(client.mark, Mark::OnKeys(_)) => {
            Some((CLIENT_TAG.to_owned(), CREATING.to_owned()))
        }
        _ => None,
    }
}

/// The marks among a pool's tags: address and value.
pub fn read<'a>(
    tags: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> BTreeMap<Address, String> {
    tags.into_iter()
        .filter(|(key, _)| ![STACK_TAG, KEY_TAG].contains(&key.as_str()))
        .filter_map(|(key, value)| {
            let address = unescape(key.strip_prefix(PREFIX)?)?;
            Some((Address::new(address), unescape(value)?))
        })
        .collect()
}

/// The stack's pool and its marks of one kind.
pub(super) struct MarkedPool {
    /// The pool's address.
    pub(super) address: Address,
    /// The pool's id.
    pub(super) id: String,
    pub(super) pool: Arc<UserPoolType>,
    /// Address = value.
    pub(super) marks: BTreeMap<Address, String>,
}

/// The stack's pool with its marks at such addresses; `None` if there is no pool.
///
/// # Errors
/// A read failed.
pub(super) async fn pool(
    reader: &Reader,
    scope: &Scope<'_>,
    fits: fn(&Address) -> bool,
) -> Result<Option<MarkedPool>, AwsError> {
    let address = Place::UserPool.address();
    match scope.id(&address) {
        Some(id) => marked(reader, &address, id, fits).await,
        None => Ok(None),
    }
}

/// The same of the stack's pools that are not in use.
///
/// # Errors
/// A read failed.
pub(super) async fn duplicates(
    reader: &Reader,
    scope: &Scope<'_>,
    fits: fn(&Address) -> bool,
) -> Result<Vec<MarkedPool>, AwsError> {
    let mut pools = Vec::new();
    for (address, id) in scope.duplicates(&Place::UserPool.address()) {
        pools.extend(marked(reader, address, id, fits).await?);
    }
    Ok(pools)
}

async fn marked(
    reader: &Reader,
    address: &Address,
    id: &str,
    fits: fn(&Address) -> bool,
) -> Result<Option<MarkedPool>, AwsError> {
    let pool = reader.pool(id).await?;
    Ok(pool.map(|pool| MarkedPool::new(address.clone(), pool, fits)))
}

impl MarkedPool {
    /// A pool at an address, with its marks whose address fits.
    pub(super) fn new(
        address: Address,
        pool: Arc<UserPoolType>,
        fits: fn(&Address) -> bool,
    ) -> Self {
        let mut marks = read(&tags::live(pool.user_pool_tags.as_ref()));
        marks.retain(|address, _| fits(address));
        Self {
            address,
            id: pool.id.clone().unwrap_or_default(),
            pool,
            marks,
        }
    }

    /// The address of the child with this value. After an interrupted move two marks name one child: the one at a wanted address
    /// counts.
    pub(super) fn address_of(&self, scope: &Scope<'_>, value: &str) -> Option<&Address> {
        let marks = || {
            self.marks
                .iter()
                .filter(|(_, marked)| *marked == value)
                .map(|(address, _)| address)
        };
        marks()
            .find(|address| scope.desired.resources.contains_key(*address))
            .or_else(|| marks().next())
    }

    /// Gives marked children the corresponding tags, so that they are handled like everything tagged.
    pub(super) fn tag<P>(&self, scope: &Scope<'_>, candidates: &mut [Candidate<P>]) {
        for candidate in candidates {
            if let Some(address) = self.address_of(scope, &candidate.name) {
                candidate.tags = scope.desired.context.tags_of(address);
            }
        }
    }

    /// Adds the marks whose child is missing and not wanted to the findings, for the planner to remove.
    pub(super) fn add_lonely<P>(
        &self,
        scope: &Scope<'_>,
        there: &BTreeSet<&str>,
        findings: &mut Findings<P>,
        props: impl Fn(&Address, &str) -> P,
    ) {
        for (address, value) in &self.marks {
            let wanted = scope
                .desired
                .resources
                .contains_key(&after_moves(scope.desired, address));
            if !there.contains(value.as_str()) && !wanted {
                let found = Found::new(
                    address.clone(),
                    props(address, value),
                    super::Outputs::new(),
                );
                findings.owned.push(Found {
                    only_a_mark: true,
                    broken: None,
                    ..found
                });
            }
        }
    }
}

/// Writes a mark, unless it exists already.
///
/// # Errors
/// The call failed.
pub(super) async fn set(
    writer: &Writer,
    pool: &str,
    mark: &str,
    value: &str,
) -> Result<(), AwsError> {
    let (key, value) = (key(mark), escape(value));
    if writer.pool_tags(pool).await?.get(&key) == Some(&value) {
        return Ok(());
    }
    writer.tag_pool(pool, BTreeMap::from([(key, value)])).await
}

/// Moves a child's mark to another address, and removes its other marks.
///
/// # Errors
/// The call failed.
pub(super) async fn move_to(
    writer: &Writer,
    pool: &str,
    mark: &str,
    value: &str,
    fits: fn(&Address) -> bool,
) -> Result<(), AwsError> {
    set(writer, pool, mark, value).await?;
    clear(writer, pool, |address, marked| {
        fits(address) && marked == value && address.as_str() != mark
    })
    .await
}

/// Removes the marks that fit.
///
/// # Errors
/// The call failed.
pub(super) async fn clear(
    writer: &Writer,
    pool: &str,
    fits: impl Fn(&Address, &str) -> bool,
) -> Result<(), AwsError> {
    let tags = writer.pool_tags(pool).await?;
    let keys: Vec<String> = read(&tags)
        .iter()
        .filter(|(address, value)| fits(address, value))
        .map(|(address, _)| key(address.as_str()))
        .collect();
    if keys.is_empty() {
        return Ok(());
    }
    writer.untag_pool(pool, keys).await
}

/// The key of the mark for this address.
pub fn key(mark: &str) -> String {
    format!("{PREFIX}{}", escape(mark))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_address_and_value_comes_back(mark in ".{1,40}", value in ".{0,40}") {
            let tags = BTreeMap::from([(key(&mark), escape(&value))]);
            prop_assert_eq!(read(&tags), BTreeMap::from([(Address::new(mark), value)]));
        }

        #[test]
        fn only_characters_that_tags_hold(text in ".{0,40}") {
            prop_assert!(escape(&text).chars().all(|c| c.is_ascii_alphanumeric() || "_.:/=+-@".contains(c)));
        }
    }

    #[test]
    fn the_two_tags_of_the_pool_itself_are_no_marks() {
        let tags = BTreeMap::from(
            [STACK_TAG, KEY_TAG, "team", "gatestack:user_pool/domain"]
                .map(|key| (key.to_owned(), "x".to_owned())),
        );
        let marks = read(&tags);
        assert_eq!(
            marks.keys().map(Address::as_str).collect::<Vec<_>>(),
            ["user_pool/domain"]
        );
    }
}
