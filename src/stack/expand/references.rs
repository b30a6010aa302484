use std::collections::BTreeMap;

use crate::kinds::lookups::{ExistingUserPool, PoolHost};
use crate::kinds::{Lookups, StackContext};
use crate::model::{Output, OutputName, Piece, Place, Text, endpoints};
use crate::stack::file::{ApiDomain, File};
use crate::stack::interpolate::{self, Reference};
use crate::stack::template::Template;

/// The values of `${…}`, and the stack's outputs: both are about the same resources.
pub(super) struct References<'a> {
    file: &'a File,
    context: &'a StackContext,
    lookups: &'a Lookups,
}

impl<'a> References<'a> {
    pub(super) fn new(file: &'a File, context: &'a StackContext, lookups: &'a Lookups) -> Self {
        Self {
            file,
            context,
            lookups,
        }
    }

    /// A string of the file with its references resolved.
    pub(super) fn text(&self, text: &Template) -> Text {
        let pieces = text.pieces().into_iter().flat_map(|piece| match piece {
            interpolate::Piece::Literal(text) => vec![Piece::Literal(text)],
            interpolate::Piece::Reference(reference) => self.pieces(&reference),
        });
        Text::joined(pieces)
    }

    /// The outputs by name; never a secret.
    pub(super) fn outputs(&self) -> BTreeMap<String, Text> {
        let mut outputs = BTreeMap::from([
            ("account".to_owned(), Text::literal(&*self.context.account)),
            ("region".to_owned(), Text::literal(&*self.context.region)),
        ]);
        let mut add = |name: &str, reference: Reference| {
            outputs.insert(name.to_owned(), Text::joined(self.pieces(&reference)));
        };
        if self.file.api.is_some() {
            add("invoke_url", Reference::ApiInvokeUrl);
            add("api_id", Reference::ApiId);
            add("stage", Reference::ApiStage);
        }
        if let Some(pool) = &self.file.user_pool {
            add("user_pool_id", Reference::UserPoolId);
            add("issuer", Reference::UserPoolIssuer);
            let existing = self.lookups.user_pool();
            let existing = existing.and_then(ExistingUserPool::host);
            if pool.domain.is_some() || pool.own_domain.is_some() || existing.is_some() {
                add("token_url", Reference::UserPoolTokenUrl);
            }
            let clients = self.file.partners.iter().filter(|(name, partner)| {
                let guest = self.lookups.guests.get(*name);
                partner.of.is_none() || guest.is_some_and(|guest| guest.client.is_some())
            });
            for (name, _) in clients {
                let output = format!("{}.client_id", Place::Partner(name.clone()).address());
                add(&output, Reference::PartnerClientId(name.clone()));
            }
        }
        for name in self.file.app_clients.keys() {
            let output = format!("{}.client_id", Place::AppClient(name.clone()).address());
            add(&output, Reference::AppClientId(name.clone()));
        }
        if self
            .file
            .user_pool
            .as_ref()
            .is_some_and(|pool| pool.own_domain.is_some())
        {
            let target = Text::output(&Place::OwnDomain.address(), OutputName::Target);
            outputs.insert("user_pool.own_domain.target".into(), target);
        }
        let mut add = |name: &str, reference: Reference| {
            outputs.insert(name.to_owned(), Text::joined(self.pieces(&reference)));
        };
        if self.file.load_balancer.is_some() {
            add("load_balancer.dns_name", Reference::LoadBalancerDnsName);
        }
        if self.domain().is_some_and(|domain| !domain.existing) {
            add("api.domain.target", Reference::ApiDomainTarget);
        }
        outputs
    }

    fn pieces(&self, reference: &Reference) -> Vec<Piece> {
        let literal = |text: &str| vec![Piece::Literal(text.to_owned())];
        let region = &*self.context.region;
        if let Reference::PartnerClientId(name) = reference
            && let Some(guest) = self.lookups.guests.get(name)
        {
            return literal(guest.client.as_deref().unwrap_or_default());
        }
        if let Some(existing) = self.lookups.user_pool() {
            match reference {
                Reference::UserPoolId => return literal(&existing.id),
                Reference::UserPoolArn => return literal(&existing.arn),
                Reference::UserPoolIssuer => return literal(&existing.issuer),
                _ => {}
            }
        }
        match (reference, &self.lookups.load_balancer) {
            (Reference::AccountId, _) => literal(&self.context.account),
            (Reference::StackName, _) => literal(&self.context.stack),
            (Reference::StackRegion, _) => literal(region),
            (Reference::ApiStage, _) => literal(self.stage()),
            (Reference::ApiInvokeUrl, _) => self.invoke_url(),
            (Reference::UserPoolTokenUrl, _) => self.token_url(),
            (Reference::ApiDomainName, _) => {
                literal(self.domain().map_or("", |domain| domain.name.as_str()))
            }
            (Reference::ApiDomainTarget, _) => self.domain_target(),
            (Reference::LoadBalancerDnsName, Some(existing)) => literal(&existing.dns_name),
            (
                Reference::LoadBalancerDnsName
                | Reference::ApiId
                | Reference::UserPoolId
                | Reference::UserPoolArn
                | Reference::UserPoolIssuer
                | Reference::AppClientId(_)
                | Reference::PartnerClientId(_)
                | Reference::ApiKeyId(_),
                _,
            ) => output_of(reference)
                .map(Piece::Output)
                .into_iter()
                .collect(),
        }
    }

    /// The default endpoint's; the custom domain's if the default endpoint is disabled.
    fn invoke_url(&self) -> Vec<Piece> {
        let api = self.file.api.as_ref();
        let api = api.filter(|api| api.disable_default_endpoint);
        if let Some(domain) = api.and_then(|api| api.domain.as_ref()) {
            let base_path = domain.base_paths.first();
            let path = base_path.map_or_else(String::new, |path| format!("/{path}"));
            return vec![Piece::Literal(format!("https://{}{path}", domain.name))];
        }
        let api = Text::output(&Place::Api.address(), OutputName::Id);
        endpoints::invoke_url(api, &self.context.region, self.stage()).into_pieces()
    }

    /// The custom domain's if there is one, since it is meant for partners.
    fn token_url(&self) -> Vec<Piece> {
        let Some(pool) = &self.file.user_pool else {
            return Vec::new();
        };
        if let Some(host) = self.lookups.user_pool().and_then(ExistingUserPool::host) {
            let host = match host {
                PoolHost::Own(name) => name.to_owned(),
                PoolHost::Prefix(prefix) => endpoints::prefix_domain(prefix, &self.context.region),
            };
            return Text::literal(endpoints::token_url(&host)).into_pieces();
        }
        let host = match (&pool.own_domain, &pool.domain) {
            (Some(own), _) => own.name.clone(),
            (None, Some(prefix)) => {
                prefix.within(|prefix| endpoints::prefix_domain(prefix, &self.context.region))
            }
            (None, None) => return Vec::new(),
        };
        self.text(&host.within(endpoints::token_url)).into_pieces()
    }

    fn domain(&self) -> Option<&ApiDomain> {
        self.file.api.as_ref()?.domain.as_ref()
    }

    /// An existing domain's was looked up; any other's is known once the domain exists.
    fn domain_target(&self) -> Vec<Piece> {
        match (self.domain(), &self.lookups.domain_target) {
            (Some(domain), Some(target)) if domain.existing => vec![Piece::Literal(target.clone())],
            _ => {
                let target = output_of(&Reference::ApiDomainTarget);
                target.map(Piece::Output).into_iter().collect()
            }
        }
    }

    fn stage(&self) -> &str {
        self.file.api.as_ref().map_or("", |api| &api.stage)
    }
}

/// The output of a reference to the stack's own resources, if it is exactly one.
pub(in crate::stack) fn output_of(reference: &Reference) -> Option<Output> {
    let (place, name) = match reference {
        Reference::ApiId => (Place::Api, OutputName::Id),
        Reference::UserPoolId => (Place::UserPool, OutputName::Id),
        Reference::UserPoolArn => (Place::UserPool, OutputName::Arn),
        Reference::UserPoolIssuer => (Place::UserPool, OutputName::Issuer),
        Reference::ApiDomainTarget => (Place::ApiDomain, OutputName::Target),
        Reference::LoadBalancerDnsName => (Place::LoadBalancer, OutputName::Target),
        Reference::AppClientId(name) => (Place::AppClient(name.clone()), OutputName::Id),
        Reference::PartnerClientId(name) => (Place::PartnerClient(name.clone()), OutputName::Id),
        Reference::ApiKeyId(name) => (Place::ApiKey(name.clone()), OutputName::Id),
        Reference::AccountId
        | Reference::StackName
        | Reference::StackRegion
        | Reference::ApiStage
        | Reference::ApiInvokeUrl
        | Reference::UserPoolTokenUrl
        | Reference::ApiDomainName => return None,
    };
    Some(Output {
        of: place.address(),
        name,
    })
}
