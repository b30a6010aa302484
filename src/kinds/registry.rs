use std::collections::BTreeSet;
use std::pin::Pin;

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::field;
use super::observation::Thing;
use super::{
    BothSides, Change, Dependent, Desired, FieldInfo, Findings, Kind, KindInfo, LetsIn, Live,
    LiveReference, Look, Note, Obstacle, OnChange, Outputs, Scope, TakenName, Task, Word,
};
use crate::aws::{AwsError, Reader, Writer};
use crate::model::{Address, Book, Value};

/// What [`observe_phase`] found of one kind, whatever its properties are.
pub(super) struct Observed {
    pub(super) kind: &'static KindInfo,
    pub(super) owned: Vec<(Address, Thing)>,
    pub(super) obstacles: Vec<Obstacle>,
    pub(super) names_taken: Vec<TakenName>,
    pub(super) misplaced: Vec<Obstacle>,
    pub(super) in_doubt: Vec<Obstacle>,
    pub(super) neighbours: usize,
    pub(super) dependents: Vec<Dependent>,
    pub(super) remarks: Vec<(Address, String)>,
}

macro_rules! kinds {
    ($($variant:ident: $kind:path),+ $(,)?) => {
        /// A resource of any kind: the one type on both sides of every diff.
        #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Resource {
            $(
                #[doc = concat!("[`", stringify!($kind), "`]")]
                $variant(<$kind as Kind>::Props),
            )+
        }

        $(const _: () = field::check(<$kind as Kind>::FIELDS);)+

        /// Every kind there is.
        pub static KINDS: &[&KindInfo] = &[$(&<$kind as Kind>::INFO),+];

        /// The fields of every kind, in the order of [`KINDS`].
        pub fn fields_of_kinds() -> Vec<(&'static KindInfo, Vec<&'static FieldInfo>)> {
            vec![$((
                const { &<$kind as Kind>::INFO },
                <$kind as Kind>::FIELDS.iter().map(|field| &field.info).collect(),
            )),+]
        }

        impl Resource {
            /// Its kind.
            pub fn info(&self) -> &'static KindInfo {
                match self {
                    $(Self::$variant(_) => const { &<$kind as Kind>::INFO }),+
                }
            }

            /// Its fields and their values, with the outputs in the book.
            pub fn fields(&self, book: &Book) -> Vec<(&'static FieldInfo, Value)> {
                match self {
                    $(Self::$variant(props) => <$kind as Kind>::FIELDS
                        .iter()
                        .map(|field| (&field.info, (field.get)(props, book)))
                        .collect()),+
                }
            }

            /// Whether a field differs from the live resource of its kind that AWS can't change in place.
            pub fn replaces(&self, live: &Resource, book: &Book) -> bool {
                match (self, live) {
                    $((Self::$variant(want), Self::$variant(live)) => <$kind as Kind>::FIELDS
                        .iter()
                        .filter(|field| matches!(field.info.on_change, OnChange::Replace(_)))
                        .any(|field| (field.get)(want, book) != (field.get)(live, book)),)+
                    _ => false,
                }
            }

            /// Everything whose outputs its properties contain.
            pub fn awaited(&self) -> BTreeSet<Address> {
                let fields = self.fields(&Book::default());
                fields.iter().flat_map(|(_, value)| value.awaited()).collect()
            }

            /// Whether what no field shows of it follows from the rest; see [`Kind::follows`].
            pub fn follows(&self, address: &Address, desired: &Desired) -> bool {
                match self {
                    $(Self::$variant(want) => <$kind as Kind>::follows(want, address, desired),)+
                }
            }

            /// Keeps its references to what the plan keeps; see [`Kind::hold_on`].
            pub fn hold_on(&mut self, live: &Resource, kept: &[&Outputs]) {
                match (self, live) {
                    $((Self::$variant(want), Self::$variant(live)) => <$kind as Kind>::hold_on(want, live, kept),)+
                    _ => {}
                }
            }

            /// The same without its deletion protection, when it has one; see [`Kind::unprotected`].
            pub fn unprotected(&self) -> Option<Resource> {
                match self {
                    $(Self::$variant(props) => <$kind as Kind>::unprotected(props).map(Resource::$variant),)+
                }
            }

            /// The payloads for its create call, or for an update of these fields, each with its field and digest; see
            /// [`Kind::payloads`].
            pub fn payloads(&self, updated: Option<&[Word]>) -> Vec<(Word, &str)> {
                match self {
                    $(Self::$variant(want) => <$kind as Kind>::payloads(want, updated),)+
                }
            }

            /// Which calls a change from the live resource to this admits; see [`Kind::lets_in`].
            pub fn lets_in(&self, live: &Resource) -> LetsIn {
                match (self, live) {
                    $((Self::$variant(want), Self::$variant(held)) => <$kind as Kind>::lets_in(held, want),)+
                    _ => LetsIn::AsBefore,
                }
            }

            /// What a change from the live resource to this loses for good; see [`Kind::loses`].
            pub fn loses(&self, live: &Resource) -> Option<String> {
                match (self, live) {
                    $((Self::$variant(want), Self::$variant(held)) => <$kind as Kind>::loses(held, want),)+
                    _ => None,
                }
            }

            /// Whether AWS charges for it; see [`Kind::is_billed`].
            pub fn is_billed(&self) -> bool {
                match self {
                    $(Self::$variant(props) => <$kind as Kind>::is_billed(props),)+
                }
            }

            // Boxed, here and below: the SDK's futures are large, and one with those of every kind would overflow a thread's
            // stack.

            /// Makes it; see [`Kind::create`].
            ///
            /// # Errors
            /// A call failed.
            pub async fn create(
                &self,
                writer: &Writer,
                address: &Address,
                book: &Book,
                replaces: Option<&str>,
            ) -> Result<Outputs, AwsError> {
                match self {
                    $(Self::$variant(want) => {
                        Box::pin(<$kind as Kind>::create(writer, &Task { address, want, book, replaces })).await
                    })+
                }
            }

            /// Waits until it is ready; see [`Kind::settle`].
            ///
            /// # Errors
            /// A read failed, or AWS reports that it will never be ready.
            pub async fn settle(&self, writer: &Writer, address: &Address, book: &Book) -> Result<Outputs, AwsError> {
                match self {
                    $(Self::$variant(want) => {
                        let task = Task { address, want, book, replaces: None };
                        Box::pin(<$kind as Kind>::settle(writer, &task)).await
                    })+
                }
            }

            /// Changes the named fields of a live one into this; see [`Kind::update`].
            ///
            /// # Errors
            /// A call failed.
            pub async fn update(
                &self,
                writer: &Writer,
                address: &Address,
                live: &Live,
                book: &Book,
                changed: &[&'static str],
            ) -> Result<Outputs, AwsError> {
                match (self, &live.resource) {
                    $((Self::$variant(want), Self::$variant(props)) => {
                        let standing = LiveReference { address, was: live.was.as_ref(), props, outputs: &live.outputs };
                        let task = Task { address, want, book, replaces: None };
                        let fields = <$kind as Kind>::FIELDS.iter();
                        let differ = fields.filter(|field| changed.contains(&field.info.name));
                        let parts: Vec<_> = differ.filter_map(|field| field.part).collect();
                        Box::pin(<$kind as Kind>::update(writer, &task, &standing, &parts)).await
                    })+
                    _ => unreachable!("an address belongs to one kind: {address}"),
                }
            }
        }

        impl BothSides<'_> {
            /// What the user should know before confirming this change; see [`Kind::notes`].
            pub fn notes(&self, address: &Address, change: &Change) -> Vec<Note> {
                let want = self.wanted.get(address);
                let live = self.observation.live.get(address);
                match want.or(live.map(|live| &live.resource)) {
                    $(Some(Resource::$variant(_)) => <$kind as Kind>::notes(&Look {
                        address,
                        change,
                        want: want.and_then(|resource| match resource {
                            Resource::$variant(props) => Some(props),
                            _ => None,
                        }),
                        held: live.and_then(|live| match &live.resource {
                            Resource::$variant(props) => Some(props),
                            _ => None,
                        }),
                        live,
                        stack: self,
                    }),)+
                    None => Vec::new(),
                }
            }
        }

        impl Live {
            /// Deletes it; see [`Kind::delete`].
            ///
            /// # Errors
            /// A call failed.
            pub async fn delete(&self, writer: &Writer, address: &Address) -> Result<(), AwsError> {
                match &self.resource {
                    $(Resource::$variant(props) => {
                        let standing = LiveReference { address, was: self.was.as_ref(), props, outputs: &self.outputs };
                        Box::pin(<$kind as Kind>::delete(writer, &standing)).await
                    })+
                }
            }
        }

        pub(super) async fn observe_phase(
            reader: &Reader,
            scope: &Scope<'_>,
            phase: u8,
            looked_for: fn(&KindInfo) -> bool,
        ) -> Result<Vec<Observed>, AwsError> {
            let mut looks: Vec<Pin<Box<dyn Future<Output = Result<Observed, AwsError>> + Send + '_>>> = Vec::new();
            $(
                let info = const { &<$kind as Kind>::INFO };
                if info.phase == phase && looked_for(info) {
                    looks.push(Box::pin(async move {
                        let findings = <$kind as Kind>::observe(reader, scope).await?;
                        Ok(observed(const { &<$kind as Kind>::INFO }, findings, Resource::$variant))
                    }));
                }
            )+
            try_join_all(looks).await
        }
    };
}

fn observed<P>(
    kind: &'static KindInfo,
    findings: Findings<P>,
    wrap: fn(P) -> Resource,
) -> Observed {
    let owned = findings
        .owned
        .into_iter()
        .map(|found| {
            let live = Live {
                resource: wrap(found.props),
                outputs: found.outputs,
                was: None,
                unmanaged: found.unmanaged,
                notices: found.notices,
                only_a_mark: found.only_a_mark,
                broken: found.broken,
            };
            let thing = Thing {
                live,
                dependents: found.dependents,
                in_use: found.in_use,
            };
            (found.address, thing)
        })
        .collect();
    Observed {
        kind,
        owned,
        obstacles: findings.obstacles,
        names_taken: findings.names_taken,
        misplaced: findings.misplaced,
        in_doubt: findings.in_doubt,
        neighbours: findings.neighbours,
        dependents: findings.dependents,
        remarks: findings.remarks,
    }
}

kinds! {
    UserPool: super::user_pool::UserPool,
    UserPoolDomain: super::user_pool_domain::UserPoolDomain,
    ResourceServer: super::resource_server::ResourceServer,
    AppClient: super::app_client::AppClient,
    SecurityGroup: super::security_group::SecurityGroup,
    LoadBalancer: super::load_balancer::LoadBalancer,
    TargetGroup: super::target_group::TargetGroup,
    Listener: super::listener::Listener,
    Instance: super::instance::Instance,
    VpcLink: super::vpc_link::VpcLink,
    RestApi: super::rest_api::RestApi,
    Authorizer: super::authorizer::Authorizer,
    FunctionRole: super::function_role::FunctionRole,
    Function: super::function::Function,
    FunctionAlias: super::function_alias::FunctionAlias,
    FunctionPermission: super::function_permission::FunctionPermission,
    Route: super::route::Route,
    GatewayResponse: super::gateway_response::GatewayResponse,
    Deployment: super::deployment::Deployment,
    Stage: super::stage::Stage,
    LogGroup: super::log_group::LogGroup,
    LogRole: super::log_role::LogRole,
    ApiDomain: super::api_domain::ApiDomain,
    BasePathMapping: super::base_path_mapping::BasePathMapping,
    DnsRecord: super::dns_record::DnsRecord,
    UsagePlan: super::usage_plan::UsagePlan,
    ApiKey: super::api_key::ApiKey,
    PlanMembership: super::plan_membership::PlanMembership,
}
