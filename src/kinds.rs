//! What gatestack can provision. A kind is one file and one line in the registry below; the diff, the edges of the
//! graph, what may never be replaced and the reference documentation all come from what that file declares.

pub mod api_domain;
pub mod api_key;
pub mod app_client;
pub mod authorizer;
pub mod base_path_mapping;
pub mod deployment;
pub mod dns_record;
pub mod gateway_response;
pub mod instance;
pub mod listener;
pub mod load_balancer;
pub mod log_group;
pub mod log_role;
pub mod marks;
pub mod plan_membership;
pub mod resource_server;
pub mod rest_api;
pub mod route;
pub mod security_group;
pub mod stage;
pub mod surroundings;
pub mod target_group;
pub mod usage_plan;
pub mod user_pool;
pub mod user_pool_domain;
pub mod vpc_link;

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
mod private_road;
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

pub use api_marks::{
    DOMAIN_MARK, LOAD_BALANCER_MARK, LOG_GROUP_MARK, MARKED, USER_POOL_MARK, is_mark, mark_of,
};
pub use change::{Action, BothSides, Change, FieldChange, Level, Look, Note};
pub(crate) use change::{CREDENTIALS_LOST, ROUTE_OPENS};
pub use desired::{Desired, Ground, KEY_TAG, Owner, REPLACES_TAG, STACK_TAG, Wanted};
pub use duplicates::{Duplicates, made_twice};
pub use field::{Compare, Field, FieldInfo, OnChange};
pub use observation::{
    Dependent, Live, Neighbours, Observation, Obstacle, observe, observe_to_destroy,
};
pub use private_road::LOOKS_EVERY;
pub use registered::Word;
pub use registry::{KINDS, Resource, fields_of_kinds};
pub use surroundings::{Questions, Surroundings, look_around};

/// What gatestack knows of a kind before it meets one.
#[derive(Debug)]
pub struct KindInfo {
    /// The name in plans, events and documentation, such as `app_client`.
    pub name: &'static str,
    /// What people call it, such as `app client`.
    pub title: &'static str,
    /// What it is, in a sentence or two, with the AWS document behind its rules.
    pub doc: &'static str,
    /// Which changes AWS wants one at a time.
    pub lane: Option<Lane>,
    /// When it is looked for: 0 first; a kind that is found through another comes after it.
    pub phase: u8,
    /// Whether AWS deletes it along with the container of this name (a kind), so that no call is needed.
    pub goes_with: Option<&'static str>,
    /// What a person loses when it is deleted. Such a delete needs consent by address.
    pub loss: Option<&'static str>,
    /// Whether it goes only when consent names it and is kept otherwise, instead of stopping the run.
    pub kept_unless_named: bool,
    /// Why it stays when the stack goes: others share it. Such a kind finds only what the file wants, and nothing before a destroy.
    pub outlives: Option<&'static str>,
    /// Whether callers see a change of it only after a redeployment.
    pub deployed: bool,
    /// Whether it decides who may call: no snapshot is taken of one that is not as the file wants it.
    pub admits: bool,
    /// Whether one that goes has to make room for one that comes.
    pub siblings_clash: bool,
    /// Whether it is the snapshot that a redeployment takes.
    pub snapshot: bool,
    /// What it costs, in a sentence, when AWS charges for it by itself.
    pub billable: Option<&'static str>,
    /// What callers meet while AWS has one otherwise than the file says.
    pub when_different: &'static str,
    /// The words below its address that name what is not the stack's and goes along with one: each a consent of its own.
    pub dependents: &'static [&'static str],
    /// Where it is shown in the picture of the stack.
    pub in_picture: InPicture,
    /// How a change that AWS can't make in place is made.
    pub replace: Replace,
    /// How long AWS goes on working after the call that makes it has answered, in seconds, as its documentation or its
    /// users tell: a step of its own waits for the end ([`Kind::settle`]), and what leads to the longest wait starts
    /// first. `None` for what is ready at once.
    pub settles_in: Option<u32>,
    /// Whether callers come to it through what the last snapshot shows: it goes only after the next one, and never while
    /// a stage still leads there.
    pub serves_callers: bool,
    /// The kind whose tags say that there is such a thing to look for: made or changed before it is made.
    pub marked_on: Option<&'static str>,
    /// Whether it belongs to the private road: looked for only where the stack has, or had, one.
    pub on_private_road: bool,
    /// Whether replacements of several go one after another, each at work before the next begins.
    pub rolls: bool,
    /// Whether AWS makes another one for every call that asks for it, whatever is there: two runs can make one each.
    pub doubles: bool,
}

impl KindInfo {
    /// A kind with the commonest answers; a kind's file overrides what differs.
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
            on_private_road: false,
            rolls: false,
            doubles: false,
        }
    }
}

/// A group of things in which AWS makes one change at a time and refuses the second.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The user pool and everything in it: Cognito answers `ConcurrentModificationException` otherwise.
    UserPool,
    /// The REST API and everything below it: API Gateway answers `ConflictException` otherwise.
    RestApi,
}

/// Where resources of a kind are shown in the picture of a stack.
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
    /// With what answers.
    Targets,
    /// With the usage plan they belong to, or with those that belong to none.
    Caller,
    /// With what needs them: a security group with what wears it. Nothing is called through them.
    WithUser,
    /// With what they need: a DNS record with its domain.
    WithNeed,
    /// Among the others.
    Others,
}

/// How a change that AWS can't make in place is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replace {
    /// The old one has to go first, because AWS lets only one exist.
    DeleteFirst,
    /// The new one is there before the old one goes.
    CreateFirst,
}

/// Whom a change lets in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LetsIn {
    /// The same callers.
    AsBefore,
    /// Callers who were refused: it comes after a redeployment, which may shut what they would find.
    More,
    /// Fewer than before: it comes before a redeployment, which may open what they would find.
    Fewer,
}

/// One kind of resource. `Props` describes it on both sides of the diff: as the file wants it and as AWS has it.
pub trait Kind: 'static {
    /// What the user may set, with references to other resources as [`Text`].
    type Props: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned;

    /// What is known of the kind.
    const INFO: KindInfo;

    /// The parts of an update: what changes fields together, as AWS has them. A kind matches all of them, so a field that
    /// names a new one can't be forgotten.
    type Part: Copy + fmt::Debug + 'static;

    /// Every field of `Props`, those that point to other resources included.
    const FIELDS: &'static [Field<Self::Props, Self::Part>];

    /// Whether what no field shows of a wish, such as which thing AWS is told that this is, follows from where it stands and what
    /// else is wanted. Wishes that were read from a saved plan are only as good as whoever wrote them.
    fn follows(_want: &Self::Props, _address: &Address, _desired: &Desired) -> bool {
        true
    }

    /// Finds everything of this kind that the stack owns, and whatever stands in its way.
    ///
    /// # Errors
    /// AWS's refusal of a read.
    fn observe(
        reader: &Reader,
        scope: &Scope<'_>,
    ) -> impl Future<Output = Result<Findings<Self::Props>, AwsError>>;

    /// Makes one. Its identity (tags, or a mark on its parent) is written no later than the thing itself, so that
    /// a run that dies between two calls leaves nothing the next run can't find.
    ///
    /// # Errors
    /// AWS's refusal of a call.
    fn create(
        writer: &Writer,
        task: &Task<'_, Self::Props>,
    ) -> impl Future<Output = Result<Outputs, AwsError>>;

    /// Changes an existing one by the parts whose fields differ, one for each of these fields; returns what is newly known of
    /// it, old outputs left out.
    ///
    /// # Errors
    /// AWS's refusal of a call, or a field AWS knows and gatestack doesn't, which an update would drop.
    fn update(
        writer: &Writer,
        task: &Task<'_, Self::Props>,
        live: &Standing<'_, Self::Props>,
        changed: &[Self::Part],
    ) -> impl Future<Output = Result<Outputs, AwsError>>;

    /// Deletes one. Something that is already gone is a success.
    ///
    /// # Errors
    /// AWS's refusal of a call.
    fn delete(
        writer: &Writer,
        live: &Standing<'_, Self::Props>,
    ) -> impl Future<Output = Result<(), AwsError>>;

    /// Waits until one that was made or changed is at work; returns what is newly known of it. Only called of kinds
    /// with [`KindInfo::settles_in`]. It asks AWS anew each time and waits with `Writer::pause` in between.
    ///
    /// # Errors
    /// AWS's refusal of a read, or what AWS says of a thing that will never be at work.
    fn settle(
        _writer: &Writer,
        _task: &Task<'_, Self::Props>,
    ) -> impl Future<Output = Result<Outputs, AwsError>> {
        async { Ok(Outputs::new()) }
    }

    /// Lets a wanted thing hold on to what it refers to today and the plan keeps (a stage that was renamed in the
    /// file and stays until it is named): changes `want` accordingly.
    fn hold_on(_want: &mut Self::Props, _live: &Self::Props, _kept: &[&Outputs]) {}

    /// The payloads that its making takes (`Writer::payload`): the field that each is named by, and its digest.
    fn payloads(_want: &Self::Props) -> Vec<(&'static str, &str)> {
        Vec::new()
    }

    /// What a person should know before agreeing to a change of one: whom it hurts, and what no field says.
    fn notes(_look: &Look<'_, Self::Props>) -> Vec<Note> {
        Vec::new()
    }

    /// Whom a change of one lets in before callers see the next snapshot.
    fn lets_in(_held: &Self::Props, _want: &Self::Props) -> LetsIn {
        LetsIn::AsBefore
    }

    /// What a change of one in place loses for good, where it loses anything: as its delete, it needs consent by address.
    fn loses(_held: &Self::Props, _want: &Self::Props) -> Option<String> {
        None
    }

    /// Whether AWS charges for this one, where its kind has [`KindInfo::billable`].
    fn is_billed(_props: &Self::Props) -> bool {
        true
    }

    /// The same thing without its deletion protection, when it has one.
    fn unprotected(_live: &Self::Props) -> Option<Self::Props> {
        None
    }
}

/// What AWS tells about one resource.
pub type Outputs = BTreeMap<OutputName, String>;

/// Where to look: what is wanted, and what earlier phases found.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// What the file wants.
    pub desired: &'a Desired,
    /// The outputs of everything the stack owns that was found so far.
    pub book: &'a Book,
    /// Whether all of it is to go, whatever the file wants.
    pub destroy: bool,
}

impl Scope<'_> {
    /// The id of something found in an earlier phase.
    pub fn id(&self, of: &Address) -> Option<&str> {
        self.book.get(of, OutputName::Id)
    }

    /// The address of something of ours found in an earlier phase, by one of its outputs.
    pub fn address_of(&self, name: OutputName, value: &str) -> Option<&Address> {
        self.book.find(name, value)
    }

    /// The things that carry this address while another one is in use at it, each with where it stands and its id.
    fn duplicates(&self, of: &Address) -> impl Iterator<Item = (&Address, &str)> {
        self.book.addresses().filter_map(|address| {
            let id = self.id(address)?;
            (*address == of.duplicate(id)).then_some((address, id))
        })
    }

    /// Where the thing with this id stands, if another one is in use at the address that it carries.
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
    /// Things that stop the plan, each with what to do.
    pub obstacles: Vec<Obstacle>,
    /// Things that carry the stack's tags and stand nowhere: they stop even a destroy.
    pub misplaced: Vec<Obstacle>,
    /// What was not found and may be there, or may have been: another one is made only by consent.
    pub in_doubt: Vec<Obstacle>,
    /// How many of somebody else's things stand beside ours, by the place they stand in.
    pub neighbours: usize,
    /// What is not the stack's and goes along with something found in an earlier phase.
    pub dependents: Vec<Dependent>,
}

impl<P> Default for Findings<P> {
    fn default() -> Self {
        Self {
            owned: Vec::new(),
            obstacles: Vec::new(),
            misplaced: Vec::new(),
            in_doubt: Vec::new(),
            neighbours: 0,
            dependents: Vec::new(),
        }
    }
}

/// One thing the stack owns.
#[derive(Clone, Debug)]
pub struct Found<P> {
    /// Its address by its tag, mark or natural key; `[[moved]]` is not applied yet.
    pub address: Address,
    /// What it is.
    pub props: P,
    /// What AWS tells of it.
    pub outputs: Outputs,
    /// Settings somebody else made that gatestack leaves alone, in words.
    pub unmanaged: Vec<String>,
    /// What a person should know of it although nothing of it changes, each in a sentence without a full stop.
    pub notices: Vec<String>,
    /// Only the mark is left; the thing itself is gone.
    pub only_a_mark: bool,
    /// Why it will never work and has to go, as AWS tells it.
    pub broken: Option<String>,
    /// What is not the stack's and goes along with it. It follows it to wherever it is found to stand.
    pub dependents: Vec<Dependent>,
    /// Why it must not be deleted: others use it.
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

/// What to make or change: the wanted properties, and a book in which everything they refer to is known.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a, P> {
    /// Where it stands.
    pub address: &'a Address,
    /// What is wanted.
    pub want: &'a P,
    /// The outputs of everything applied so far.
    pub book: &'a Book,
    /// The id of the one whose place it takes, when the old one is still there: its create call has to carry it as the
    /// tag that [`Task::tags`] adds.
    pub replaces: Option<&'a str>,
}

impl<P> Task<'_, P> {
    /// The tags of the create call: the wanted ones and, beside an old one at the same address, which one that is.
    /// A run that dies while both are there leaves no doubt about which of them goes.
    pub fn tags(&self, want: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let replaces = self
            .replaces
            .map(|id| (REPLACES_TAG.to_owned(), id.to_owned()));
        want.clone().into_iter().chain(replaces).collect()
    }

    /// What was told of this very resource so far.
    pub fn output(&self, name: OutputName) -> &str {
        self.book.get(self.address, name).unwrap_or_default()
    }

    /// A text of the wanted side.
    ///
    /// # Panics
    /// When it refers to an output that nobody wrote down: steps are ordered by these very references.
    pub fn text(&self, text: &Text) -> String {
        text.resolve(self.book)
            .expect("a step starts after everything it refers to")
    }
}

/// A live thing: what it is and what AWS told of it.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a, P> {
    /// Where it stands (after `[[moved]]`).
    pub address: &'a Address,
    /// Where it stood before `[[moved]]`.
    pub was: Option<&'a Address>,
    /// What it is.
    pub props: &'a P,
    /// What AWS tells of it.
    pub outputs: &'a Outputs,
}

impl<P> Standing<'_, P> {
    /// One output, or nothing where AWS told none.
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

/// What a delete answers: something that is already gone is as good as deleted.
fn gone_is_success<T>(answer: Result<T, AwsError>) -> Result<(), AwsError> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
