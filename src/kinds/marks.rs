//! Marks show which untaggable children of a user pool are ours. A mark is a tag of the pool: its key is the child's address, its
//! value the child's id. In a pool that is not the stack's, nothing of the pool itself is changed: the marks are tags of the stack's
//! API, beside one with the pool's id.
//!
//! A mark is written before its child is created and removed after its child is deleted, so that a run that dies between two
//! calls leaves no child without a mark.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::types::UserPoolType;

use super::api_marks::EXISTING_POOL_MARK;
use super::app_client::Mark;
use super::desired::{KEY_TAG, STACK_TAG};
use super::ownership::{Candidate, after_moves};
use super::registry::Resource;
use super::tags::{self, escape, unescape};
use super::{Findings, Found, Obstacle, Owner, Scope};
use crate::aws::{AwsError, Reader, Writer, lock_held};
use crate::model::{Address, Book, Place, Table};

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

/// What carries the marks of a pool's children.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bearer<'a> {
    /// The pool with this id.
    Pool(&'a str),
    /// The API with this id, if the pool is not the stack's.
    Api(&'a str),
}

impl<'a> Bearer<'a> {
    /// The API if there is one, else the pool.
    pub(super) fn of(pool: &'a str, api: Option<&'a str>) -> Self {
        api.map_or(Self::Pool(pool), Self::Api)
    }

    async fn tags(self, writer: &Writer) -> Result<BTreeMap<String, String>, AwsError> {
        match self {
            Self::Pool(pool) => writer.pool_tags(pool).await,
            Self::Api(api) => Ok(lock_held(&*writer.api_tags(api).await?).clone()),
        }
    }

    async fn add(self, writer: &Writer, key: String, value: String) -> Result<(), AwsError> {
        let mark = BTreeMap::from([(key, value)]);
        match self {
            Self::Pool(pool) => writer.tag_pool(pool, mark).await,
            Self::Api(api) => {
                let arn = super::rest_api::arn(writer, api);
                tags::write(writer, &arn, &mark, &BTreeMap::new()).await?;
                lock_held(&*writer.api_tags(api).await?).extend(mark);
                Ok(())
            }
        }
    }

    async fn remove(self, writer: &Writer, keys: Vec<String>) -> Result<(), AwsError> {
        match self {
            Self::Pool(pool) => writer.untag_pool(pool, keys).await,
            Self::Api(api) => {
                tags::remove(writer, &super::rest_api::arn(writer, api), &keys).await?;
                let held = writer.api_tags(api).await?;
                lock_held(&*held).retain(|key, _| !keys.contains(key));
                Ok(())
            }
        }
    }
}

/// The tags of an API; none if it doesn't exist.
async fn tags_of_api(reader: &Reader, id: &str) -> Result<BTreeMap<String, String>, AwsError> {
    let apis = reader.rest_apis().await?;
    let api = apis.iter().find(|api| api.id.as_deref() == Some(id));
    Ok(tags::live(api.and_then(|api| api.tags.as_ref())))
}

/// The pool with the stack's app clients and scopes, and their marks of one kind.
pub(super) struct MarkedPool {
    /// The pool's address.
    pub(super) address: Address,
    /// The pool's id.
    pub(super) id: String,
    pub(super) pool: Arc<UserPoolType>,
    /// The API whose tags are the marks: its id, or an empty text before the API is made. `None` if the pool is the stack's.
    pub(super) api: Option<String>,
    /// Address = value.
    pub(super) marks: BTreeMap<Address, String>,
}

/// The pool with the stack's app clients and scopes: its own, or else the one that a mark of its API or the file names.
///
/// # Errors
/// A read failed.
pub(super) async fn home(
    reader: &Reader,
    scope: &Scope<'_>,
    fits: fn(&Address) -> bool,
) -> Result<Option<MarkedPool>, AwsError> {
    if let Some(own) = pool(reader, scope, fits).await? {
        return Ok(Some(own));
    }
    let (api, tags) = api(reader, scope).await?;
    let existing = scope.desired.existing_pool.as_ref();
    let wants_another = existing.is_some()
        || scope
            .desired
            .resources
            .contains_key(&Place::UserPool.address());
    // The mark stays on the API. It counts for a stack that left the pool only while something of the stack is there.
    let marked = match tags.get(EXISTING_POOL_MARK) {
        Some(marked) if wants_another && Some(marked) != existing => {
            has_children(reader, scope, &tags).await?.then_some(marked)
        }
        marked => marked,
    };
    let Some(id) = marked.or(existing) else {
        return Ok(None);
    };
    let Some(pool) = reader.pool(id).await? else {
        return Ok(None);
    };
    let mut marks = read(&tags);
    marks.retain(|address, _| fits(address));
    Ok(Some(MarkedPool {
        address: Place::UserPool.address(),
        id: id.clone(),
        pool,
        api: Some(api),
        marks,
    }))
}

/// Whether the marks name app clients or resource servers of the stack in a pool that is not its own.
async fn has_children(
    reader: &Reader,
    scope: &Scope<'_>,
    tags_of_api: &BTreeMap<String, String>,
) -> Result<bool, AwsError> {
    let of_children = |address: &Address| {
        address.is_in(Table::AppClients) || address.is_in(Table::ResourceServers)
    };
    if read(tags_of_api).keys().any(of_children) {
        return Ok(true);
    }
    let keys = reader.api_keys().await?;
    let mut tags = keys.iter().map(|key| tags::live(key.tags.as_ref()));
    Ok(tags.any(|tags| scope.desired.context.owns(&tags) && tags.contains_key(CLIENT_TAG)))
}

/// The stack's API: its id, or an empty text before it is made, and its tags.
async fn api(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<(String, BTreeMap<String, String>), AwsError> {
    match scope.id(&Place::Api.address()) {
        Some(api) => Ok((api.to_owned(), tags_of_api(reader, api).await?)),
        None => Ok((String::new(), BTreeMap::new())),
    }
}

/// That the stack's clients are in another pool than the file wants: they can't move, and new ones have other credentials.
///
/// # Errors
/// A read failed.
pub(super) async fn elsewhere(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<Option<Obstacle>, AwsError> {
    let address = Place::UserPool.address();
    let wants_own = scope.desired.resources.contains_key(&address);
    let existing = scope.desired.existing_pool.as_deref();
    if !wants_own && existing.is_none() {
        return Ok(None);
    }
    let there = match scope.id(&address) {
        Some(own) if !wants_own => own.to_owned(),
        Some(_) => return Ok(None),
        None => {
            let (_, tags) = api(reader, scope).await?;
            let Some(marked) = tags.get(EXISTING_POOL_MARK) else {
                return Ok(None);
            };
            if Some(marked.as_str()) == existing || !has_children(reader, scope, &tags).await? {
                return Ok(None);
            }
            marked.clone()
        }
    };
    // Clients of a deleted pool are gone with it.
    if reader.pool(&there).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(Obstacle {
        address,
        what: format!(
            "the stack's app clients and scopes are in the user pool {there}, and the file wants them in another one: clients \
             can't move, and new ones have other ids and secrets"
        ),
        help: "put `[user_pool]` back as it was; or first remove partners, app clients and resource servers from the file and \
               apply that, then change `[user_pool]` and add them again"
            .into(),
    }))
}

/// The other stacks that made app clients and resource servers of a pool, by the clients' ids and the servers' identifiers: the
/// pool's owner by its tags, others by the tags of their APIs and of their partners' keys.
///
/// # Errors
/// A read failed.
pub(super) async fn stacks_in(
    reader: &Reader,
    scope: &Scope<'_>,
    pool: &UserPoolType,
) -> Result<BTreeMap<String, String>, AwsError> {
    let context = &scope.desired.context;
    let of_a_stack = |tags: &BTreeMap<String, String>| match context.owner_by_tags(tags) {
        Owner::Stack(stack) => Some(stack.to_owned()),
        Owner::Us(_) | Owner::Nobody => None,
    };
    let (apis, keys) = tokio::try_join!(reader.rest_apis(), reader.api_keys())?;
    let pool_tags = tags::live(pool.user_pool_tags.as_ref());
    let apis = apis.iter().map(|api| tags::live(api.tags.as_ref()));
    let apis = apis.filter(|tags| tags.get(EXISTING_POOL_MARK) == pool.id.as_ref());
    let mut stacks = BTreeMap::new();
    for tags in apis.chain([pool_tags]) {
        if let Some(stack) = of_a_stack(&tags) {
            let children = read(&tags).into_values();
            stacks.extend(children.map(|child| (child, stack.clone())));
        }
    }
    for tags in keys.iter().map(|key| tags::live(key.tags.as_ref())) {
        if let (Some(stack), Some(client)) = (of_a_stack(&tags), tags.get(CLIENT_TAG)) {
            stacks.insert(client.clone(), stack);
        }
    }
    Ok(stacks)
}

/// What other stacks have in the stack's pool, a sentence for each of them.
pub(super) fn remarks<'a>(
    pool: &Address,
    title: &str,
    stacks: impl IntoIterator<Item = &'a String>,
) -> Vec<(Address, String)> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for stack in stacks {
        *counts.entry(stack).or_default() += 1;
    }
    let remark = |(stack, count): (&String, usize)| {
        let plural = if count == 1 { "" } else { "s" };
        let verb = if count == 1 { "belongs" } else { "belong" };
        let text = format!("{count} {title}{plural} in it {verb} to the stack {stack}; left alone");
        (pool.clone(), text)
    };
    counts.into_iter().map(remark).collect()
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
            api: None,
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
    bearer: Bearer<'_>,
    mark: &str,
    value: &str,
) -> Result<(), AwsError> {
    let (key, value) = (key(mark), escape(value));
    if bearer.tags(writer).await?.get(&key) == Some(&value) {
        return Ok(());
    }
    bearer.add(writer, key, value).await
}

/// The value of a mark.
///
/// # Errors
/// The first read failed.
pub(super) async fn value(
    writer: &Writer,
    bearer: Bearer<'_>,
    mark: &Address,
) -> Result<Option<String>, AwsError> {
    Ok(read(&bearer.tags(writer).await?).remove(mark))
}

/// Moves a child's mark to another address, and removes its other marks.
///
/// # Errors
/// The call failed.
pub(super) async fn move_to(
    writer: &Writer,
    bearer: Bearer<'_>,
    mark: &str,
    value: &str,
    fits: fn(&Address) -> bool,
) -> Result<(), AwsError> {
    set(writer, bearer, mark, value).await?;
    clear(writer, bearer, |address, marked| {
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
    bearer: Bearer<'_>,
    fits: impl Fn(&Address, &str) -> bool,
) -> Result<(), AwsError> {
    let tags = bearer.tags(writer).await?;
    let keys: Vec<String> = read(&tags)
        .iter()
        .filter(|(address, value)| fits(address, value))
        .map(|(address, _)| key(address.as_str()))
        .collect();
    if keys.is_empty() {
        return Ok(());
    }
    bearer.remove(writer, keys).await
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
