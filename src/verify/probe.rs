//! Temporary resources, made by the stack's own engine: a client with its own scope, and keys that must be denied.
//!
//! They have ordinary addresses with a telling name, and the stack's marks and tags. After a run that died they are owned and not
//! wanted: the next plan shows them as deletes, and the next probe deletes them first.

use std::collections::{BTreeMap, BTreeSet};

use super::test_credentials::Temporary;
use super::tokens::{AllCredentials, Endpoint, held};
use crate::apply::{self, Interrupt};
use crate::aws::{AwsError, Connection};
use crate::caller::{ClientView, Transport};
use crate::clock::Clock;
use crate::kinds::usage_plan::{ApiStage, Quota};
use crate::kinds::{
    Desired, Observation, Resource, Wanted, api_key, app_client, observe, plan_membership,
    resource_server, usage_plan,
};
use crate::model::{Address, OutputName, Place, Table, Text};
use crate::plan::{self, Options, Patterns};

/// The prefix of temporary names.
pub(super) const PROBE: &str = "gatestack-verify";

/// The scope that no route names.
const SCOPE: &str = "none";

/// Why no temporary resources were created.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// AWS refused a read.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The plan of it would touch more than itself.
    #[error(
        "the stack differs from the file, and a probe changes nothing of it: apply the file first"
    )]
    Unapplied,
    /// There is no plan.
    #[error("{0}")]
    NoPlan(String),
    /// A step failed.
    #[error("it can't be made or removed: {0}")]
    Failed(String),
    /// It was stopped.
    #[error("it was stopped")]
    Interrupted,
}

/// The temporary resources of one stack.
pub struct Probe<'a> {
    /// The way to AWS.
    pub connection: &'a Connection,
    /// The time.
    pub clock: &'a Clock,
    /// What the file wants.
    pub desired: &'a Desired,
}

/// The addresses of the temporary resources.
fn at(table: Table, what: &str) -> Address {
    table.entry(format!("{PROBE}{what}")).address()
}

/// Whether an address is that of something temporary.
pub(super) fn is_temporary(address: &Address) -> bool {
    Table::ALL
        .into_iter()
        .filter(|table| *table != Table::Partners)
        .any(|table| address.as_str().starts_with(at(table, "").as_str()))
}

/// The file's resources and the temporary ones.
fn with_probe(desired: &Desired) -> Desired {
    let mut with = desired.clone();
    let mut add = |address: Address, resource: Resource, after: BTreeSet<Address>| {
        with.resources.insert(address, Wanted { resource, after });
    };
    let context = &desired.context;
    let name = |address: &Address| Text::literal(address.as_str());
    let own = Place::UserPool.address();
    let pool = match &desired.existing_pool {
        Some(id) => Some(Text::literal(id)),
        None => (desired.resources.contains_key(&own)).then(|| Text::output(&own, OutputName::Id)),
    };
    if let Some(pool) = pool {
        // In a pool of another stack, the marks are on the API.
        let api = desired.existing_pool.as_ref().map(|_| Place::Api.address());
        let marked_on = api.map(|api| Text::output(&api, OutputName::Id));
        let server = at(Table::ResourceServers, "");
        let props = resource_server::Props {
            user_pool: pool.clone(),
            mark: server.to_string(),
            marked_on: marked_on.clone(),
            identifier: PROBE.into(),
            name: PROBE.into(),
            scopes: BTreeMap::from([(
                SCOPE.to_owned(),
                "gatestack verify: gives no access".into(),
            )]),
        };
        add(
            server.clone(),
            Resource::ResourceServer(props),
            BTreeSet::new(),
        );
        let client = at(Table::AppClients, "");
        let props = app_client::Props {
            user_pool: pool,
            mark: app_client::Mark::OnPool(client.to_string()),
            marked_on,
            name: PROBE.into(),
            flows: BTreeSet::from(["client_credentials".to_owned()]),
            auth_flows: BTreeSet::from(["refresh_token".to_owned()]),
            scopes: BTreeSet::from([format!("{PROBE}/{SCOPE}").into()]),
            callback_urls: BTreeSet::new(),
            logout_urls: BTreeSet::new(),
            secret: true,
            access_token_seconds: 3_600,
            id_token_seconds: 3_600,
            refresh_token_seconds: 3_600 * 24,
        };
        add(client, Resource::AppClient(props), [server].into());
    }
    let stage = desired
        .resources
        .values()
        .find_map(|wanted| match &wanted.resource {
            Resource::Stage(props) => Some(ApiStage {
                api: props.api.clone(),
                stage: props.name.clone(),
            }),
            _ => None,
        });
    let keyed = desired
        .resources
        .values()
        .any(|wanted| matches!(&wanted.resource, Resource::Route(route) if route.api_key));
    let Some(stage) = stage.filter(|_| keyed) else {
        return with;
    };
    let stage_address = Place::Stage.address();
    let plans = [
        // One request, so that the second is one too many.
        ("-one", BTreeSet::from([stage]), Some(1)),
        ("-elsewhere", BTreeSet::new(), None),
    ];
    for (what, stages, requests) in plans {
        let address = at(Table::Plans, what);
        let after = stages.iter().map(|_| stage_address.clone()).collect();
        let props = usage_plan::Props {
            name: name(&address),
            description: Text::default(),
            throttle: None,
            quota: requests.map(|requests| Quota {
                requests,
                period: "DAY".into(),
                offset: 0,
            }),
            stages,
            method_throttles: BTreeMap::new(),
            tags: context.tags_of(&address),
        };
        add(address, Resource::UsagePlan(props), after);
    }
    for (what, plan, enabled) in [
        (NO_PLAN, None, true),
        (OTHER_PLAN, Some("-elsewhere"), true),
        (DISABLED, Some("-one"), false),
        (USED_UP, Some("-one"), true),
    ] {
        let address = at(Table::ApiKeys, what);
        let props = api_key::Props {
            name: name(&address),
            description: Text::default(),
            enabled,
            value_from: None,
            tags: context.tags_of(&address),
            marks: BTreeMap::new(),
        };
        add(address.clone(), Resource::ApiKey(props), BTreeSet::new());
        if let Some(plan) = plan {
            let props = plan_membership::Props {
                plan: Text::output(&at(Table::Plans, plan), OutputName::Id),
                key: Text::output(&address, OutputName::Id),
                marked: false,
            };
            add(
                address.membership(),
                Resource::PlanMembership(props),
                BTreeSet::new(),
            );
        }
    }
    with
}

const NO_PLAN: &str = "-no-plan";
const OTHER_PLAN: &str = "-other-plan";
const DISABLED: &str = "-disabled";
const USED_UP: &str = "-used-up";

impl Probe<'_> {
    /// Deletes leftovers of an earlier run, and creates everything again; returns the observation after that.
    ///
    /// # Errors
    /// Why not; what was created still exists, for [`Probe::remove`].
    pub async fn make(&self, interrupt: &Interrupt) -> Result<(Desired, Observation), ProbeError> {
        self.remove(interrupt).await?;
        let with = with_probe(self.desired);
        let addresses = with
            .resources
            .keys()
            .filter(|address| is_temporary(address));
        let observation = self
            .carry_out(&with, addresses.cloned().collect(), interrupt)
            .await?;
        Ok((with, observation))
    }

    /// Removes everything temporary.
    ///
    /// # Errors
    /// Why not.
    pub async fn remove(&self, interrupt: &Interrupt) -> Result<(), ProbeError> {
        let observation = observe(&self.connection.reader(), self.desired).await?;
        let there = observation
            .live
            .keys()
            .filter(|address| is_temporary(address));
        let there: BTreeSet<Address> = there.cloned().collect();
        if !there.is_empty() {
            self.carry_out(self.desired, there, interrupt).await?;
        }
        Ok(())
    }

    /// Plans and applies only what these addresses need.
    async fn carry_out(
        &self,
        desired: &Desired,
        addresses: BTreeSet<Address>,
        interrupt: &Interrupt,
    ) -> Result<Observation, ProbeError> {
        if addresses.is_empty() {
            return Ok(observe(&self.connection.reader(), desired).await?);
        }
        let named = || Patterns::new(addresses.iter().map(Address::to_string));
        let options = Options {
            targets: named(),
            allow_delete: named(),
            ..Options::default()
        };
        let observation = observe(&self.connection.reader(), desired).await?;
        let plan = plan::plan(desired, &observation, &options).map_err(|problems| {
            let problem = problems.into_iter().next();
            ProbeError::NoPlan(problem.map_or_else(String::new, |problem| {
                format!("{}: {}", problem.address, problem.what)
            }))
        })?;
        if plan.changes.keys().any(|address| !is_temporary(address)) {
            return Err(ProbeError::Unapplied);
        }
        let writer = self.connection.writer();
        let outcome = apply::run(&plan, &writer, self.clock, interrupt, &mut |_| {}).await;
        if let Some(failure) = outcome.failures.into_iter().next() {
            let error = failure.error;
            return Err(ProbeError::Failed(format!("{}: {error}", failure.address)));
        }
        if outcome.interrupted {
            return Err(ProbeError::Interrupted);
        }
        Ok(observe(&self.connection.reader(), desired).await?)
    }
}

impl Temporary {
    /// The credentials of the temporary resources, and a token without any route's scope.
    pub async fn of_probe(
        transport: &Transport,
        connection: &Connection,
        view: &ClientView,
        credentials: &AllCredentials,
    ) -> (Self, Option<(BTreeSet<String>, crate::model::Secret)>) {
        let key = |what| {
            let address = at(Table::ApiKeys, what);
            held(credentials, address.as_str(), |found| found.api_key.clone())
        };
        let endpoint = Endpoint {
            transport,
            connection,
            view,
        };
        let client = at(Table::AppClients, "");
        let token = match credentials.get(client.as_str()) {
            Some(Ok(found)) => endpoint
                .token(found, &[])
                .await
                .map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
            None => Err("the stack has no user pool".into()),
        };
        let none = Self::none("");
        let temporary = Self {
            without_scope: match &token {
                Ok(_) => "every token has one of these scopes".into(),
                Err(why) => format!("the temporary client gets no token: {why}"),
            },
            no_plan: key(NO_PLAN),
            other_plan: key(OTHER_PLAN),
            disabled: key(DISABLED),
            used_up: key(USED_UP),
            ..none
        };
        (
            temporary,
            token.ok().map(|token| (token.scopes, token.value)),
        )
    }
}
