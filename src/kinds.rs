//! What gatestack can provision. A kind is one file and one line in the registry; the diff, the edges of the graph, what is never
//! replaced and the reference documentation follow from its declarations.

pub mod api_domain;
pub mod api_key;
pub mod app_client;
pub mod authorizer;
pub mod base_path_mapping;
pub mod deployment;
pub mod dns_record;
pub mod function;
pub mod function_alias;
pub mod function_permission;
pub mod function_role;
pub mod gateway_response;
pub mod instance;
pub mod listener;
pub mod load_balancer;
pub mod log_group;
pub mod log_role;
pub mod lookups;
pub mod marks;
pub mod plan_membership;
pub mod resource_server;
pub mod rest_api;
pub mod route;
pub mod security_group;
pub mod stage;
pub mod target_group;
pub mod usage_plan;
pub mod user_pool;
pub mod user_pool_domain;
pub mod vpc_link;

mod ahead;
mod api_marks;
mod change;
mod coherence;
mod content;
mod desired;
pub(crate) mod duplicates;
mod field;
mod header;
mod observation;
mod ownership;
mod patch;
mod private_backends;
pub(crate) mod registered;
mod registry;
pub mod tags;
mod unmanaged;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::aws::{AwsError, Reader, Writer};
use crate::model::{Address, Book, OutputName, Text};

pub use ahead::read_ahead;
pub use api_marks::{
    DOMAIN_MARK, EXISTING_FUNCTION_MARK, EXISTING_POOL_MARK, FUNCTION_MARK, LOAD_BALANCER_MARK,
    LOG_GROUP_MARK, MARKED, USER_POOL_MARK, is_mark, mark_of,
};
pub use change::{Action, BothSides, Change, FieldChange, Level, Look, Note};
pub(crate) use change::{CREDENTIALS_LOST, ROUTE_OPENS};
pub use desired::{Desired, KEY_TAG, Owner, REPLACES_TAG, STACK_TAG, StackContext, Wanted};
pub use duplicates::{Duplicates, made_twice};
pub use field::{Compare, Field, FieldInfo, OnChange};
pub use header::HeaderValue;
pub use lookups::{Lookups, Queries, look_up};
pub use observation::{
    Dependent, Live, Neighbours, Observation, Obstacle, TakenName, observe, observe_to_destroy,
};
pub use registered::Word;
pub use registry::{KINDS, Resource, fields_of_kinds};

/// The declarations of a kind.
#[derive(Debug)]
pub struct KindInfo {
    /// The name in plans, events and documentation, such as `app_client`.
    pub name: &'static str,
    /// The title, such as `app client`.
    pub title: &'static str,
    /// What it is, in a sentence or two, with the AWS document behind its rules.
    pub doc: &'static str,
    /// The lane of its changes, if AWS accepts only one at a time.
    pub lane: Option<Lane>,
    /// The phase of its observation, from 0; a kind that is found through another comes after it.
    pub phase: u8,
    /// Whether AWS deletes it along with the container of this name (a kind), so that no call is needed.
    pub goes_with: Option<&'static str>,
    /// What is lost when it is deleted. Such a delete needs consent by address.
    pub loss: Option<&'static str>,
    /// Whether it is deleted only if consent names it and is kept otherwise, instead of stopping the run.
    pub kept_unless_named: bool,
    /// Why it stays after a destroy: it is shared. Such a kind finds only what the file wants, and nothing before a destroy.
    pub outlives: Option<&'static str>,
    /// Whether a change of it takes effect only after a redeployment.
    pub deployed: bool,
    /// Whether it decides which calls are admitted: one that differs from the file is never deployed.
    pub admits: bool,
    /// Whether deletes must come before creates.
    pub siblings_clash: bool,
    /// Whether it is a deployment.
    pub snapshot: bool,
    /// What it costs, in a sentence, when AWS charges for it by itself.
    pub billable: Option<&'static str>,
    /// The effect on callers while it differs from the file.
    pub when_different: &'static str,
    /// The words below its address that name what is not the stack's and is deleted with it: each needs its own consent.
    pub dependents: &'static [&'static str],
    /// Where it is shown in the diagram of the stack.
    pub in_picture: InPicture,
    /// How a resource is replaced.
    pub replace: Replace,
    /// How long AWS takes until it is ready after the create call has returned, in seconds, by AWS's documentation or users'
    /// measurements: a separate step waits for it ([`Kind::settle`]), and steps before the longest wait start first. `None` if it
    /// is ready at once.
    pub settles_in: Option<u32>,
    /// Whether deployments route calls to it: it is deleted only after the next deployment, and never while a stage still uses
    /// it.
    pub serves_callers: bool,
    /// The kind whose tags show that it may exist, and which is therefore created or updated before it.
    pub marked_on: Option<&'static str>,
    /// Whether it belongs to the private backend: looked for only if the stack has, or had, one.
    pub is_private_backend: bool,
    /// Whether the older of two stays after a newer one took over its address, until consent names it: callers may still use it.
    pub older_stay: bool,
    /// Whether several are replaced one at a time, each ready before the next starts.
    pub rolls: bool,
    /// Whether AWS creates another one for every create call, so that two runs can create duplicates.
    pub doubles: bool,
}

impl KindInfo {
    /// A kind with the defaults; a kind's file overrides what differs.
    pub const fn new(name: &'static str, title: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            title,
            doc,
            lane: None,
            phase: 0,
            goes_with: None,
            loss: None,
            kept_unless_named: false,
            outlives: None,
            deployed: false,
            admits: false,
            siblings_clash: false,
            snapshot: false,
            billable: None,
            when_different: "the stack is not what the file says",
            dependents: &[],
            in_picture: InPicture::Others,
            replace: Replace::DeleteFirst,
            settles_in: None,
            serves_callers: false,
            marked_on: None,
            is_private_backend: false,
            older_stay: false,
            rolls: false,
            doubles: false,
        }
    }
}

/// A group of resources in which AWS accepts one change at a time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The user pool and everything in it: Cognito answers `ConcurrentModificationException` otherwise.
    UserPool,
    /// The REST API and everything below it: API Gateway answers `ConflictException` otherwise.
    RestApi,
    /// The resource policies of functions: one of two changes of a policy at the same time may fail.
    FunctionPolicies,
}

/// Where resources of a kind are shown in the diagram of a stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InPicture {
    /// With the user pool.
    UserPool,
    /// With the API.
    Api,
    /// With the VPC link.
    VpcLink,
    /// With the load balancer.
    LoadBalancer,
    /// With the target groups.
    TargetGroups,
    /// With the targets.
    Targets,
    /// With the usage plan they belong to, or with those that belong to none.
    Caller,
    /// With what needs them, such as a security group. They are not called.
    WithUser,
    /// With what they need: a DNS record with its domain.
    WithNeed,
    /// Among the others.
    Others,
}

/// How a resource is replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replace {
    /// The old one is deleted first, because AWS allows only one.
    DeleteFirst,
    /// The new one exists before the old one is deleted.
    CreateFirst,
}

/// Which calls a change admits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LetsIn {
    /// The same callers.
    AsBefore,
    /// More calls: it comes after a redeployment, which may protect routes.
    More,
    /// Fewer calls: it comes before a redeployment, which may open routes.
    Fewer,
}

/// One kind of resource. `Props` describes it on both sides of the diff: as in the file and as AWS has it.
pub trait Kind: 'static {
    /// What the user may set, with references to other resources as [`Text`].
    type Props: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned;

    /// What is known of the kind.
    const INFO: KindInfo;

    /// The parts of an update: the fields that one call changes together. A kind matches all of them, so none can be forgotten.
    type Part: Copy + fmt::Debug + 'static;

    /// Every field of `Props`, including references to other resources.
    const FIELDS: &'static [Field<Self::Props, Self::Part>];

    /// Whether what no field shows, such as the tags, follows from the address and the other wanted resources. A saved plan may
    /// have been forged.
    fn follows(_want: &Self::Props, _address: &Address, _desired: &Desired) -> bool {
        true
    }

    /// Finds everything of this kind that the stack owns, and obstacles.
    ///
    /// # Errors
    /// A read failed.
    fn observe(
        reader: &Reader,
        scope: &Scope<'_>,
    ) -> impl Future<Output = Result<Findings<Self::Props>, AwsError>>;

    /// Creates one. Its identity (tags, or a mark on its parent) is written no later than the resource itself, so that the next
    /// run finds everything after a run that died between two calls.
    ///
    /// # Errors
    /// A call failed.
    fn create(
        writer: &Writer,
        task: &Task<'_, Self::Props>,
    ) -> impl Future<Output = Result<Outputs, AwsError>>;

    /// Updates an existing one by the parts whose fields differ, one for each of these fields; returns new outputs only.
    ///
    /// # Errors
    /// A call failed.
    fn update(
        writer: &Writer,
        task: &Task<'_, Self::Props>,
        live: &LiveReference<'_, Self::Props>,
        changed: &[Self::Part],
    ) -> impl Future<Output = Result<Outputs, AwsError>>;

    /// Deletes one. If it is already deleted, that is a success.
    ///
    /// # Errors
    /// A call failed.
    fn delete(
        writer: &Writer,
        live: &LiveReference<'_, Self::Props>,
    ) -> impl Future<Output = Result<(), AwsError>>;

    /// Waits until a created or changed one is ready; returns new outputs. Only called for kinds with [`KindInfo::settles_in`].
    /// It polls AWS and waits with `Writer::pause` in between.
    ///
    /// # Errors
    /// A read failed, or AWS reports that it will never be ready.
    fn settle(
        _writer: &Writer,
        _task: &Task<'_, Self::Props>,
    ) -> impl Future<Output = Result<Outputs, AwsError>> {
        async { Ok(Outputs::new()) }
    }

    /// Keeps a wanted resource's references to what the plan keeps (a stage that was renamed in the file and stays until consent
    /// names it): changes `want` accordingly.
    fn hold_on(_want: &mut Self::Props, _live: &Self::Props, _kept: &[&Outputs]) {}

    /// The payloads that its create call needs (`Writer::payload`), or an update of these fields: the field and digest of each.
    fn payloads<'p>(_want: &'p Self::Props, _updated: Option<&[Word]>) -> Vec<(Word, &'p str)> {
        Vec::new()
    }

    /// What the user should know before confirming a change of one.
    fn notes(_look: &Look<'_, Self::Props>) -> Vec<Note> {
        Vec::new()
    }

    /// Which calls a change of one admits before the next deployment.
    fn lets_in(_held: &Self::Props, _want: &Self::Props) -> LetsIn {
        LetsIn::AsBefore
    }

    /// What an update of one loses for good, if anything: it needs consent by address, like a delete.
    fn loses(_held: &Self::Props, _want: &Self::Props) -> Option<String> {
        None
    }

    /// Whether AWS charges for this one, if its kind has [`KindInfo::billable`].
    fn is_billed(_props: &Self::Props) -> bool {
        true
    }

    /// The same resource without its deletion protection, if it has one.
    fn unprotected(_live: &Self::Props) -> Option<Self::Props> {
        None
    }
}

/// The outputs of one resource.
pub type Outputs = BTreeMap<OutputName, String>;

/// The inputs of an observation: the wanted resources, and what earlier phases found.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// What the file wants.
    pub desired: &'a Desired,
    /// The outputs of everything the stack owns that was found so far.
    pub book: &'a Book,
    /// Whether everything is to be deleted, whatever the file wants.
    pub destroy: bool,
}

impl Scope<'_> {
    /// The id of something found in an earlier phase.
    pub fn id(&self, of: &Address) -> Option<&str> {
        self.book.get(of, OutputName::Id)
    }

    /// The address of a resource of ours found in an earlier phase, by one of its outputs.
    pub fn address_of(&self, name: OutputName, value: &str) -> Option<&Address> {
        self.book.find(name, value)
    }

    /// The duplicates of this address, each with its own address and its id.
    fn duplicates(&self, of: &Address) -> impl Iterator<Item = (&Address, &str)> {
        self.book.addresses().filter_map(|address| {
            let id = self.id(address)?;
            (*address == of.duplicate(id)).then_some((address, id))
        })
    }

    /// The address of the resource with this id, if another resource has the address in its tags.
    fn beside(&self, id: &str) -> Option<&Address> {
        let address = self.address_of(OutputName::Id, id);
        address.filter(|it| it.duplicate_of().is_some() || it.older_of().is_some())
    }

    /// The address of the resource with this id, if it is a duplicate.
    fn duplicate(&self, id: &str) -> Option<&Address> {
        let address = self.address_of(OutputName::Id, id);
        address.filter(|address| address.duplicate_of().is_some())
    }
}

/// What [`Kind::observe`] found.
#[derive(Debug)]
pub struct Findings<P> {
    /// Things the stack owns.
    pub owned: Vec<Found<P>>,
    /// Obstacles that stop the plan, each with what to do.
    pub obstacles: Vec<Obstacle>,
    /// Which of them are names that other resources of the account have.
    pub names_taken: Vec<TakenName>,
    /// Resources with the stack's tags at impossible addresses: they stop even a destroy.
    pub misplaced: Vec<Obstacle>,
    /// What was not found but may exist, or may have existed: another one is created only with consent.
    pub in_doubt: Vec<Obstacle>,
    /// How many resources beside ours are not the stack's.
    pub neighbours: usize,
    /// What is not the stack's and is deleted with something found in an earlier phase.
    pub dependents: Vec<Dependent>,
    /// Notices about something found in an earlier phase, as [`Found::notices`].
    pub remarks: Vec<(Address, String)>,
}

impl<P> Default for Findings<P> {
    fn default() -> Self {
        Self {
            owned: Vec::new(),
            obstacles: Vec::new(),
            names_taken: Vec::new(),
            misplaced: Vec::new(),
            in_doubt: Vec::new(),
            neighbours: 0,
            dependents: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

/// A resource of the stack.
#[derive(Clone, Debug)]
pub struct Found<P> {
    /// Its address by its tag, mark or natural key; `[[moved]]` is not applied yet.
    pub address: Address,
    /// What it is.
    pub props: P,
    /// Its outputs.
    pub outputs: Outputs,
    /// Unmanaged settings that gatestack leaves alone, in words.
    pub unmanaged: Vec<String>,
    /// Notices about it even if nothing changes, each in a sentence without a full stop.
    pub notices: Vec<String>,
    /// Only the mark is left; the resource itself does not exist.
    pub only_a_mark: bool,
    /// Why it will never be ready and must be deleted, in AWS's words.
    pub broken: Option<String>,
    /// What is not the stack's and is deleted with it.
    pub dependents: Vec<Dependent>,
    /// Why it must not be deleted: it is in use elsewhere.
    pub in_use: Option<Obstacle>,
}

impl<P> Found<P> {
    /// Something that is there.
    pub fn new(address: Address, props: P, outputs: Outputs) -> Self {
        Self {
            address,
            props,
            outputs,
            unmanaged: Vec::new(),
            notices: Vec::new(),
            only_a_mark: false,
            broken: None,
            dependents: Vec::new(),
            in_use: None,
        }
    }
}

/// What to create or update: the wanted properties, and a book with everything they refer to.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a, P> {
    /// Its address.
    pub address: &'a Address,
    /// What is wanted.
    pub want: &'a P,
    /// The outputs of everything applied so far.
    pub book: &'a Book,
    /// The id of the one that it replaces, if that still exists: its create call must contain it as the tag that [`Task::tags`]
    /// adds.
    pub replaces: Option<&'a str>,
}

impl<P> Task<'_, P> {
    /// The tags of the create call: the wanted ones and the id of the replaced one, so that after a run that dies the next one
    /// knows which of them to delete.
    pub fn tags(&self, want: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let replaces = self
            .replaces
            .map(|id| (REPLACES_TAG.to_owned(), id.to_owned()));
        want.clone().into_iter().chain(replaces).collect()
    }

    /// An output of this resource itself.
    pub fn output(&self, name: OutputName) -> &str {
        self.book.get(self.address, name).unwrap_or_default()
    }

    /// A text of the wanted side.
    ///
    /// # Panics
    /// If it refers to a missing output: steps are ordered by these references.
    pub fn text(&self, text: &Text) -> String {
        text.resolve(self.book)
            .expect("a step starts after everything it refers to")
    }
}

/// A live resource: its properties and outputs.
#[derive(Clone, Copy, Debug)]
pub struct LiveReference<'a, P> {
    /// Its address (after `[[moved]]`).
    pub address: &'a Address,
    /// Its address before `[[moved]]`.
    pub was: Option<&'a Address>,
    /// What it is.
    pub props: &'a P,
    /// Its outputs.
    pub outputs: &'a Outputs,
}

impl<P> LiveReference<'_, P> {
    /// One output, or an empty text.
    pub fn output(&self, name: OutputName) -> &str {
        self.outputs.get(&name).map_or("", String::as_str)
    }
}

/// The parts of an update, each once, in the order in which their type has them.
fn distinct<T: Copy + Ord>(changed: &[T]) -> BTreeSet<T> {
    changed.iter().copied().collect()
}

/// A text of the live side, which refers to nothing.
fn literal(text: &Text) -> String {
    text.resolve(&Book::default()).unwrap_or_default()
}

/// The result of a delete: if it is already deleted, that is a success.
fn gone_is_success<T>(answer: Result<T, AwsError>) -> Result<(), AwsError> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
