use std::collections::{BTreeMap, BTreeSet};

use super::Expansion;
use crate::kinds::dns_record::Bearer;
use crate::kinds::{Resource, app_client, resource_server, user_pool, user_pool_domain};
use crate::model::{Address, Book, HumanDuration, OutputName, Place, Text};
use crate::stack::file::{AuthFlow, OAuthFlow, Tier, UserPool};
use crate::stack::scopes;
use crate::stack::template::Template;

impl Expansion<'_> {
    pub(super) fn user_pool(&mut self, pool: &UserPool) {
        if pool.existing.is_none() {
            self.own_pool(pool);
        }
        self.resource_servers();
        self.app_clients();
    }

    fn own_pool(&mut self, pool: &UserPool) {
        let address = Place::UserPool.address();
        let password = &pool.password;
        let props = user_pool::Props {
            name: self.optional(pool.name.as_ref()),
            tier: tier(pool.tier).to_owned(),
            deletion_protection: pool.deletion_protection,
            sign_up: pool.sign_up,
            sign_in: pool
                .sign_in
                .as_ref()
                .map(|names| names.iter().map(|name| name.word().to_owned()).collect()),
            password: user_pool::Password {
                min_length: whole(password.min_length),
                lowercase: password.lowercase,
                uppercase: password.uppercase,
                digits: password.digits,
                symbols: password.symbols,
                temporary_days: whole(password.temporary_days),
            },
            tags: self.context.tags_of(&address),
            marks: BTreeMap::new(),
        };
        self.add(address.clone(), Resource::UserPool(props));
        if let Some(prefix) = &pool.domain {
            self.domain(Place::PrefixDomain.address(), prefix, None);
        }
        if let Some(own) = &pool.own_domain {
            self.domain(
                Place::OwnDomain.address(),
                &own.name,
                Some(&own.certificate),
            );
            if let Some(zone) = &own.zone {
                let of = Bearer::UserPool(self.pool_id());
                // The checks refuse outputs in this name.
                let name = self.text(&own.name).resolve(&Book::default());
                self.record(
                    &Place::OwnDomain.address(),
                    zone,
                    &name.unwrap_or_default(),
                    of,
                );
            }
        }
    }

    fn domain(&mut self, address: Address, domain: &Template, certificate: Option<&Template>) {
        let props = user_pool_domain::Props {
            user_pool: self.pool_id(),
            mark: address.to_string(),
            domain: self.text(domain),
            certificate: certificate.map(|arn| self.text(arn)),
        };
        self.add(address, Resource::UserPoolDomain(props));
    }

    fn resource_servers(&mut self) {
        let servers = self.file.resource_servers.iter();
        for (name, server) in servers.filter(|(_, server)| !server.existing) {
            let address = Place::ResourceServer(name.clone()).address();
            let props = resource_server::Props {
                user_pool: self.pool_id(),
                mark: address.to_string(),
                marked_on: self.marked_on(),
                identifier: self.name(server.identifier.as_ref(), name),
                name: self.name(server.name.as_ref(), name),
                scopes: server
                    .scopes
                    .iter()
                    .map(|(scope, text)| (scope.clone(), self.text(text)))
                    .collect(),
            };
            self.add_after(address, Resource::ResourceServer(props), self.after_marks());
        }
    }

    fn app_clients(&mut self) {
        for (name, client) in &self.file.app_clients {
            let address = Place::AppClient(name.clone()).address();
            let props = app_client::Props {
                user_pool: self.pool_id(),
                mark: app_client::Mark::OnPool(address.to_string()),
                marked_on: self.marked_on(),
                name: self.name(client.name.as_ref(), name),
                flows: client
                    .flows
                    .iter()
                    .map(|flow| oauth_flow(*flow).to_owned())
                    .collect(),
                auth_flows: auth_flows(&client.auth_flows),
                scopes: self.scopes(&client.scopes),
                callback_urls: self.texts(&client.callback_urls),
                logout_urls: self.texts(&client.logout_urls),
                secret: client
                    .secret
                    .unwrap_or(client.flows.contains(&OAuthFlow::ClientCredentials)),
                access_token_seconds: 0,
                id_token_seconds: 0,
                refresh_token_seconds: 0,
            };
            self.client(address, props, &client.tokens, &client.scopes);
        }
    }

    /// The id of the stack's pool, or of the existing one that it uses.
    pub(super) fn pool_id(&self) -> Text {
        match self.lookups.user_pool() {
            Some(existing) => Text::literal(&*existing.id),
            None => Text::output(&Place::UserPool.address(), OutputName::Id),
        }
    }

    /// The ARN of that pool.
    pub(super) fn pool_arn(&self) -> Text {
        match self.lookups.user_pool() {
            Some(existing) => Text::literal(&*existing.arn),
            None => Text::output(&Place::UserPool.address(), OutputName::Arn),
        }
    }

    /// Whether the file uses a pool that is not the stack's.
    fn uses_existing_pool(&self) -> bool {
        let pool = self.file.user_pool.as_ref();
        pool.is_some_and(|pool| pool.existing.is_some())
    }

    /// The API that carries the marks of what the stack has in a pool that is not its own.
    fn marked_on(&self) -> Option<Text> {
        self.uses_existing_pool()
            .then(|| Text::output(&Place::Api.address(), OutputName::Id))
    }

    /// The API, which names that pool in a mark before anything is created in it.
    fn after_marks(&self) -> BTreeSet<Address> {
        self.uses_existing_pool()
            .then(|| Place::Api.address())
            .into_iter()
            .collect()
    }

    /// The scopes of a list, as in tokens.
    pub(super) fn scopes(&self, scopes: &BTreeSet<Template>) -> BTreeSet<Text> {
        self.texts(&scopes::meant(&self.servers, scopes).scopes)
    }

    /// The resource servers whose scopes these are: a client may list a scope only once it exists.
    pub(super) fn servers_of(&self, scopes: &BTreeSet<Template>) -> BTreeSet<Address> {
        let servers = scopes::meant(&self.servers, scopes).servers;
        let is_ours = |table: &&String| {
            let server = self.file.resource_servers.get(*table);
            server.is_some_and(|server| !server.existing)
        };
        let tables = servers.iter().filter(is_ours);
        tables
            .map(|table| Place::ResourceServer(table.clone()).address())
            .collect()
    }
}

fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Lite => "LITE",
        Tier::Essentials => "ESSENTIALS",
        Tier::Plus => "PLUS",
    }
}

fn oauth_flow(flow: OAuthFlow) -> &'static str {
    match flow {
        OAuthFlow::Code => "code",
        OAuthFlow::Implicit => "implicit",
        OAuthFlow::ClientCredentials => "client_credentials",
    }
}

pub(super) fn auth_flows(flows: &BTreeSet<AuthFlow>) -> BTreeSet<String> {
    flows.iter().map(|flow| flow.word().to_owned()).collect()
}

pub(super) fn seconds(duration: HumanDuration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// The checks allow only much smaller numbers.
pub(super) fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::app_client::AUTH_FLOWS;

    #[test]
    fn every_way_to_sign_in_has_one_word_and_a_name_of_aws() {
        for (word, _) in AUTH_FLOWS {
            let flow: AuthFlow = serde_json::from_value(word.into()).unwrap();
            assert_eq!(flow.word(), word);
        }
        let schema = serde_json::to_value(schemars::schema_for!(AuthFlow)).unwrap();
        assert_eq!(
            schema["oneOf"].as_array().map(Vec::len),
            Some(AUTH_FLOWS.len()),
            "{schema}"
        );
    }
}
