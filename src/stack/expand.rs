//! What a stack file *means*: every table becomes resources with all defaults filled in. Only this module knows that a partner is
//! a client, a key and a plan membership, or that `cors = true` adds a preflight to every path.

mod answers;
mod api;
mod domain;
mod functions;
mod load_balancer;
mod pool;
mod references;

use std::collections::{BTreeMap, BTreeSet};

use super::file::{AuthFlow, File, Partner, TokenLifetimes};
use super::scopes;
use super::template::Template;
use crate::kinds::{
    Desired, Lookups, Resource, StackContext, Wanted, api_key, app_client, marks, plan_membership,
};
use crate::model::{Address, Book, OutputName, Patterns, Place, ScopeServers, Text};

pub(super) use api::period;
use references::References;
pub(super) use references::output_of;

/// Turns a checked file into the wanted resources in this account.
///
/// `adopt` has the addresses for which untagged resources with the same name are adopted; `lookups` are the results of the
/// lookups.
pub fn expand(file: &File, account: &str, adopt: Patterns, lookups: &Lookups) -> Desired {
    let context = StackContext {
        stack: file.stack.name.clone(),
        region: file.stack.region.clone(),
        account: account.to_owned(),
        tags: file.stack.tags.clone(),
    };
    let references = References::new(file, &context, lookups);
    let mut expansion = Expansion {
        file,
        context: &context,
        references: &references,
        lookups,
        servers: scopes::servers(file),
        resources: BTreeMap::new(),
        open_on_purpose: BTreeSet::new(),
    };
    if let Some(user_pool) = &file.user_pool {
        expansion.user_pool(user_pool);
    }
    if let Some(load_balancer) = &file.load_balancer {
        expansion.load_balancer(load_balancer);
    }
    expansion.functions();
    if let Some(api) = &file.api {
        expansion.api(api);
    }
    expansion.plans();
    expansion.api_keys();
    expansion.partners();
    expansion.mark_pool();
    let existing_functions = expansion.existing_functions();
    let (resources, open_on_purpose) = (expansion.resources, expansion.open_on_purpose);
    let outputs = references.outputs();
    let moved = file
        .moved
        .iter()
        .map(|moved| (Address::new(&*moved.from), Address::new(&*moved.to)))
        .collect();
    Desired {
        context,
        resources,
        moved,
        adopt,
        leaving: BTreeSet::new(),
        open_on_purpose,
        outputs,
        lock: file.stack.lock,
        existing_functions,
        existing_pool: lookups.user_pool().map(|pool| pool.id.clone()),
        others_scopes: file.resource_servers.values().any(|server| server.existing),
        guests: lookups
            .guests
            .iter()
            .map(|(name, guest)| (Place::Partner(name.clone()).address(), guest.clone()))
            .collect(),
    }
}

/// A text of the file that is known before anything is created.
pub(super) fn known(file: &File, account: &str, text: &Template) -> Option<String> {
    let context = StackContext {
        stack: file.stack.name.clone(),
        region: file.stack.region.clone(),
        account: account.to_owned(),
        tags: BTreeMap::new(),
    };
    let nothing = Lookups::default();
    References::new(file, &context, &nothing)
        .text(text)
        .resolve(&Book::default())
}

fn plan_id(plan: &str) -> Text {
    Text::output(&Place::Plan(plan.to_owned()).address(), OutputName::Id)
}

struct Expansion<'a> {
    file: &'a File,
    context: &'a StackContext,
    references: &'a References<'a>,
    lookups: &'a Lookups,
    servers: ScopeServers,
    resources: BTreeMap<Address, Wanted>,
    /// Routes that the file, or what is derived from it, makes public.
    open_on_purpose: BTreeSet<Address>,
}

impl Expansion<'_> {
    fn add(&mut self, address: Address, resource: Resource) {
        self.add_after(address, resource, BTreeSet::new());
    }

    fn add_after(&mut self, address: Address, resource: Resource, after: BTreeSet<Address>) {
        self.resources.insert(address, Wanted { resource, after });
    }

    fn text(&self, text: &Template) -> Text {
        self.references.text(text)
    }

    fn optional(&self, text: Option<&Template>) -> Text {
        text.map_or_else(Text::default, |text| self.text(text))
    }

    /// The `name` of a table's entry, or its key.
    fn name(&self, own: Option<&Template>, table: &str) -> Text {
        own.map_or_else(|| Text::literal(table), |name| self.text(name))
    }

    fn texts<'t>(&self, texts: impl IntoIterator<Item = &'t Template>) -> BTreeSet<Text> {
        texts.into_iter().map(|text| self.text(text)).collect()
    }

    fn api_keys(&mut self) {
        for (name, key) in &self.file.api_keys {
            let address = Place::ApiKey(name.clone()).address();
            let props = api_key::Props {
                name: self.name(key.name.as_ref(), name),
                description: self.optional(key.description.as_ref()),
                enabled: key.enabled,
                value_from: key.key.clone(),
                tags: self.context.tags_of(&address),
                marks: BTreeMap::new(),
            };
            self.add(address.clone(), Resource::ApiKey(props));
            if let Some(plan) = &key.plan {
                self.membership(&address.membership(), plan, &address);
            }
        }
    }

    fn partners(&mut self) {
        for (name, partner) in &self.file.partners {
            let owner = Place::Partner(name.clone()).address();
            if partner.of.is_some() {
                if let Some(guest) = self.lookups.guests.get(name) {
                    let props = plan_membership::Props {
                        plan: plan_id(&partner.plan),
                        key: Text::literal(&*guest.key),
                        marked: true,
                    };
                    self.add(owner.membership(), Resource::PlanMembership(props));
                }
                continue;
            }
            let key = owner.key();
            let display = self.name(partner.name.as_ref(), name);
            let props = api_key::Props {
                name: display.clone(),
                description: Text::default(),
                enabled: partner.enabled,
                value_from: partner.key.clone(),
                tags: self.context.tags_of(&key),
                marks: BTreeMap::new(),
            };
            self.add(key.clone(), Resource::ApiKey(props));
            self.membership(&owner.membership(), &partner.plan, &key);
            if self.file.user_pool.is_some() {
                let client = owner.client();
                self.partner_client(&client, display, partner, &key);
                self.mark_key(&key, &client);
            }
        }
    }

    fn partner_client(
        &mut self,
        address: &Address,
        display: Text,
        partner: &Partner,
        key: &Address,
    ) {
        let client = app_client::Props {
            user_pool: self.pool_id(),
            marked_on: None,
            mark: app_client::Mark::on_key(Text::output(key, OutputName::Id)),
            name: display,
            // Cognito refuses the flow without a scope, and a partner without scopes doesn't need it.
            flows: if partner.scopes.is_empty() || !partner.enabled {
                BTreeSet::new()
            } else {
                ["client_credentials".to_owned()].into()
            },
            // A disabled partner's client issues no token: disabling the key alone would only protect routes that need one.
            auth_flows: match partner.enabled {
                true => pool::auth_flows(&partner.auth_flows),
                false => pool::auth_flows(&[AuthFlow::RefreshToken].into()),
            },
            scopes: match partner.enabled {
                true => self.scopes(&partner.scopes),
                false => BTreeSet::new(),
            },
            callback_urls: BTreeSet::new(),
            logout_urls: BTreeSet::new(),
            secret: true,
            access_token_seconds: 0,
            id_token_seconds: 0,
            refresh_token_seconds: 0,
        };
        self.client(address.clone(), client, &partner.tokens, &partner.scopes);
    }

    fn client(
        &mut self,
        address: Address,
        client: app_client::Props,
        tokens: &TokenLifetimes,
        scopes: &BTreeSet<Template>,
    ) {
        let client = app_client::Props {
            access_token_seconds: pool::seconds(tokens.access),
            id_token_seconds: pool::seconds(tokens.id),
            refresh_token_seconds: pool::seconds(tokens.refresh),
            ..client
        };
        let mut after = self.servers_of(scopes);
        if client.marked_on.is_some() {
            after.insert(Place::Api.address());
        }
        self.add_after(address, Resource::AppClient(client), after);
    }

    fn membership(&mut self, address: &Address, plan: &str, key: &Address) {
        let props = plan_membership::Props {
            plan: plan_id(plan),
            key: Text::output(key, OutputName::Id),
            marked: false,
        };
        self.add(address.clone(), Resource::PlanMembership(props));
    }

    /// A new key gets the mark of its client with its own create call.
    fn mark_key(&mut self, key: &Address, client: &Address) {
        let mark = self.resources.get(client);
        let mark = mark.and_then(|client| marks::of_key(&client.resource));
        if let Some(Wanted {
            resource: Resource::ApiKey(key),
            ..
        }) = self.resources.get_mut(key)
        {
            key.marks = mark.into_iter().collect();
        }
    }

    /// A new pool gets the marks of its children with its own create call.
    fn mark_pool(&mut self) {
        let marks: BTreeMap<String, String> = self
            .resources
            .iter()
            .filter_map(|(address, wanted)| marks::of(address, &wanted.resource))
            .collect();
        if let Some(Wanted {
            resource: Resource::UserPool(pool),
            ..
        }) = self.resources.get_mut(&Place::UserPool.address())
        {
            pool.marks = marks;
        }
    }
}
