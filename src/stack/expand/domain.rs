//! Custom domains: the API's with its base paths, and DNS records.

use std::collections::BTreeSet;

use super::Expansion;
use crate::kinds::dns_record::Bearer;
use crate::kinds::{Resource, api_domain, base_path_mapping, dns_record};
use crate::model::{Address, OutputName, Place, Text};
use crate::stack::file::{Api, ApiDomain, EndpointAccess, TlsPolicy};

impl Expansion<'_> {
    pub(super) fn api_domain(&mut self, api: &Api, domain: &ApiDomain) {
        let address = Place::ApiDomain.address();
        if !domain.existing {
            let props = api_domain::Props {
                name: domain.name.clone(),
                certificate: self.optional(domain.certificate.as_ref()),
                ownership_certificate: domain
                    .ownership_certificate
                    .as_ref()
                    .map(|arn| self.text(arn)),
                security_policy: domain.tls.policy().into(),
                endpoint_access_mode: access_mode(domain.tls, domain.endpoint_access),
                ip_address_type: domain.ip.address_type().into(),
                mutual_tls: domain.mutual_tls.as_ref().map(|tls| api_domain::MutualTls {
                    truststore: tls.truststore.clone(),
                    version: tls.version.clone(),
                }),
                tags: self.context.tags_of(&address),
            };
            self.add(address.clone(), Resource::ApiDomain(props));
            if let Some(zone) = &domain.zone {
                let arn = Text::output(&address, OutputName::Arn);
                self.record(&address, zone, &domain.name, Bearer::ApiDomain(arn));
            }
        }
        let name = if domain.existing {
            domain.name.as_str().into()
        } else {
            Text::output(&address, OutputName::Id)
        };
        let whole = domain
            .base_paths
            .is_empty()
            .then(|| (Place::WholeDomain.address(), ""));
        let parts = domain
            .base_paths
            .iter()
            .map(|path| (Place::BasePath(path.clone()).address(), path.as_str()));
        for (address, base_path) in whole.into_iter().chain(parts) {
            let props = base_path_mapping::Props {
                domain: name.clone(),
                existing: domain.existing,
                base_path: base_path.to_owned(),
                api: Text::output(&Place::Api.address(), OutputName::Id),
                stage: api.stage.clone(),
            };
            self.add_after(
                address,
                Resource::BasePathMapping(props),
                [Place::Stage.address()].into(),
            );
        }
    }

    /// The DNS record of a domain's name.
    pub(super) fn record(&mut self, domain: &Address, zone: &str, name: &str, of: Bearer) {
        let props = dns_record::Props {
            zone: self.lookups.zones.get(zone).cloned().unwrap_or_default(),
            name: name.to_owned(),
            of,
            alias: Text::output(domain, OutputName::Target),
            alias_zone: Text::output(domain, OutputName::TargetZone),
            others: BTreeSet::new(),
        };
        self.add(domain.record(), Resource::DnsRecord(props));
    }
}

/// The endpoint access mode, which AWS requires with its enhanced policies and takes with no other.
pub(super) fn access_mode(tls: TlsPolicy, access: Option<EndpointAccess>) -> Option<String> {
    tls.is_enhanced()
        .then(|| access.unwrap_or_default().mode().to_owned())
}
