//! The lookups' calls.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::types::UserPoolType;
use aws_sdk_ec2::types::{IpPermission, RouteState, RouteTable, SecurityGroup};
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerSchemeEnum;
use futures_util::future::{try_join, try_join_all, try_join3, try_join4};

use super::{
    Addresses, Certificate, ExistingInstance, ExistingLoadBalancer, ExistingUserPool, Guest,
    Lookups, ParentRecord, Queries, Range, Subnet, Which, ZoneFault,
};
use crate::aws::{AwsError, Passing, Reader};
use crate::kinds::marks::{CLIENT_TAG, CREATING};
use crate::kinds::{KEY_TAG, STACK_TAG, tags, user_pool};
use crate::model::{Place, SecretSource};

/// Runs all lookups concurrently.
///
/// `dns` says whether public DNS may be queried if the account's zones are not enough: never on the local AWS.
///
/// # Errors
/// A read failed. A missing resource is no error.
pub async fn look_up(reader: &Reader, queries: &Queries, dns: bool) -> Result<Lookups, AwsError> {
    let network = async {
        match &queries.subnets {
            Some(which) => {
                let (vpc, subnets) = subnets(reader, which).await?;
                let of = subnets.first().filter(|_| queries.addresses);
                let addresses = match of {
                    Some(subnet) => addresses(reader, &subnet.vpc).await?,
                    None => Addresses::default(),
                };
                Ok((vpc, subnets, addresses))
            }
            None => Ok((None, Vec::new(), Addresses::default())),
        }
    };
    let load_balancer = async {
        match &queries.load_balancer {
            Some(written) => load_balancer(reader, written).await,
            None => Ok(None),
        }
    };
    let instances = async {
        match &queries.instances {
            Some(which) => instances(reader, which).await,
            None => Ok(Vec::new()),
        }
    };
    let names = names(reader, queries, dns);
    let user_pools = async {
        match &queries.user_pool {
            Some(written) => user_pools(reader, written).await,
            None => Ok(Vec::new()),
        }
    };
    let rest = try_join4(network, load_balancer, instances, names);
    let (((vpc, subnets, addresses), load_balancer, instances, names), user_pools) =
        try_join(rest, user_pools).await?;
    let pool = match &user_pools[..] {
        [pool] => Some(pool.id.as_str()),
        _ => None,
    };
    let secrets = queries.secrets.iter();
    let versions = secrets.map(|source| Box::pin(secret_version(reader, source)));
    let functions = queries.functions.iter();
    let functions = functions.map(|arn| Box::pin(absent_function(reader, arn)));
    let (guests, versions, functions) = try_join3(
        guests(reader, &queries.guests, pool),
        try_join_all(versions),
        try_join_all(functions),
    )
    .await?;
    Ok(Lookups {
        guests,
        absent_functions: functions.into_iter().flatten().collect(),
        secret_versions: versions.into_iter().flatten().collect(),
        user_pools,
        vpc,
        subnets,
        addresses,
        load_balancer,
        instances,
        ..names
    })
}

/// The lookups for custom domains.
async fn names(reader: &Reader, queries: &Queries, dns: bool) -> Result<Lookups, AwsError> {
    let domain = async {
        match &queries.domain {
            Some(name) => {
                let found = reader.domain_name(name).await?;
                Ok(found.and_then(|found| found.regional_domain_name))
            }
            None => Ok(None),
        }
    };
    let zones = queries.zones.iter();
    let zones = try_join_all(zones.map(|written| zone(reader, written)));
    let certificates = queries.certificates.iter();
    let certificates = try_join_all(certificates.map(|arn| certificate(reader, arn)));
    let parent = async {
        match &queries.pool_domain {
            Some(name) => parent(reader, name, dns).await,
            None => Ok(ParentRecord::NotChecked),
        }
    };
    let (domain_target, zones, certificates, parent) =
        try_join4(domain, zones, certificates, parent).await?;
    let mut lookups = Lookups {
        domain_target,
        certificates: certificates.into_iter().flatten().collect(),
        parent,
        ..Lookups::default()
    };
    for (written, found) in queries.zones.iter().zip(zones) {
        match found {
            Ok(zone) => {
                lookups.zones.insert(written.clone(), zone.id);
                lookups.zone_names.insert(written.clone(), zone.name);
            }
            Err(fault) => {
                lookups.unusable_zones.insert(written.clone(), fault);
            }
        }
    }
    Ok(lookups)
}

/// The version of the secret at a source; none if there is none that these credentials may read, or if it is not AWS that has it.
async fn secret_version(
    reader: &Reader,
    source: &str,
) -> Result<Option<(String, String)>, AwsError> {
    let version = match SecretSource::parse(source) {
        Some(SecretSource::Parameter(name)) => reader.parameter_version(&name).await,
        Some(SecretSource::Secret { name, .. }) => reader.secret_version(&name).await,
        Some(SecretSource::Variable(_)) | None => Ok(None),
    };
    match version {
        Err(error) if error.is_not_found() || error.is_denied() => Ok(None),
        version => Ok(version?.map(|version| (source.to_owned(), version))),
    }
}

/// The ARN of a function, if there is no such function. One that these credentials may not read may be there.
async fn absent_function(reader: &Reader, arn: &str) -> Result<Option<String>, AwsError> {
    match reader.function(arn).await {
        Err(error) if error.is_denied() => Ok(None),
        found => Ok(found?.is_none().then(|| arn.to_owned())),
    }
}

/// The partners of other stacks, found by the tags of their API keys. Of several keys the newest counts.
async fn guests(
    reader: &Reader,
    wanted: &BTreeMap<String, String>,
    pool: Option<&str>,
) -> Result<BTreeMap<String, Guest>, AwsError> {
    let mut guests = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(guests);
    }
    let keys = reader.api_keys().await?;
    for (name, stack) in wanted {
        let key = tags::escape(Place::PartnerKey(name.clone()).address().as_str());
        let mut theirs: Vec<_> = keys
            .iter()
            .filter(|one| {
                let tag = |name: &str| one.tags.as_ref().and_then(|tags| tags.get(name));
                tag(STACK_TAG) == Some(stack) && tag(KEY_TAG) == Some(&key)
            })
            .collect();
        theirs.sort_by_key(|key| key.created_date.map(|date| date.as_nanos()));
        let Some(newest) = theirs.pop() else {
            continue;
        };
        let client = newest.tags.as_ref().and_then(|tags| tags.get(CLIENT_TAG));
        let client = client.filter(|client| *client != CREATING);
        let settings = match (pool, client) {
            (Some(pool), Some(client)) => reader.client(pool, client).await?,
            _ => None,
        };
        let scopes = settings
            .iter()
            .flat_map(|one| one.settings.allowed_o_auth_scopes());
        let guest = Guest {
            stack: stack.clone(),
            key: newest.id.clone().unwrap_or_default(),
            client: client.cloned(),
            in_pool: settings.is_some(),
            scopes: scopes.cloned().collect(),
        };
        guests.insert(name.clone(), guest);
    }
    Ok(guests)
}

/// The pools with this id or name. A name may look like an id.
async fn user_pools(reader: &Reader, written: &str) -> Result<Vec<ExistingUserPool>, AwsError> {
    let mut ids = Vec::new();
    if written.contains('_') && !written.contains(' ') {
        ids.push(written.to_owned());
    }
    let mut found = described(reader, &ids).await?;
    if found.is_empty() {
        let pools = reader.pools().await?;
        let named = pools.iter().filter(|pool| pool.name == written);
        ids = named.map(|pool| pool.id.clone()).collect();
        found = described(reader, &ids).await?;
    }
    Ok(found)
}

async fn described(reader: &Reader, ids: &[String]) -> Result<Vec<ExistingUserPool>, AwsError> {
    let pools = try_join_all(ids.iter().map(|id| pool_if_valid(reader, id))).await?;
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let pools = pools.into_iter().flatten().map(|pool| ExistingUserPool {
        id: pool.id.clone().unwrap_or_default(),
        arn: pool.arn.clone().unwrap_or_default(),
        issuer: user_pool::issuer(&pool),
        name: pool.name.clone().unwrap_or_default(),
        domain: filled(&pool.domain),
        custom_domain: filled(&pool.custom_domain),
        stack: pool
            .user_pool_tags
            .as_ref()
            .and_then(|tags| tags.get(STACK_TAG).cloned()),
    });
    Ok(pools.collect())
}

/// Cognito refuses what can't be an id as invalid.
async fn pool_if_valid(reader: &Reader, id: &str) -> Result<Option<Arc<UserPoolType>>, AwsError> {
    match reader.pool(id).await {
        Err(error) if error.is("InvalidParameterException") => Ok(None),
        answer => answer,
    }
}

fn passing(name: impl Into<String>, values: impl IntoIterator<Item = String>) -> Passing {
    (name.into(), values.into_iter().collect())
}

fn tagged(tags: &BTreeMap<String, String>) -> impl Iterator<Item = Passing> {
    tags.iter()
        .map(|(key, value)| passing(format!("tag:{key}"), [value.clone()]))
}

async fn subnets(
    reader: &Reader,
    which: &Which,
) -> Result<(Option<String>, Vec<Subnet>), AwsError> {
    let mut vpc = None;
    let filters = match which {
        // A filter, since for missing ids AWS returns an error about the first one only.
        Which::Ids(ids) => vec![passing("subnet-id", ids.iter().cloned())],
        Which::Find { vpc: named, tags } => {
            let filter = match named.as_deref() {
                Some("default") | None => passing("is-default", ["true".into()]),
                Some(id) => passing("vpc-id", [id.to_owned()]),
            };
            let found = reader.vpcs(&[filter]).await?.into_iter().next();
            let Some(id) = found.and_then(|found| found.vpc_id) else {
                return Ok((None, Vec::new()));
            };
            vpc = Some(id.clone());
            std::iter::once(passing("vpc-id", [id]))
                .chain(tagged(tags))
                .collect()
        }
    };
    let found = reader.subnets(&filters).await?;
    let vpcs: BTreeSet<String> = found.iter().filter_map(|one| one.vpc_id.clone()).collect();
    if vpcs.is_empty() {
        return Ok((vpc, Vec::new()));
    }
    let tables = reader.route_tables(&[passing("vpc-id", vpcs)]).await?;
    let mut subnets: Vec<_> = found
        .into_iter()
        .map(|one| {
            let (id, vpc) = (
                one.subnet_id.unwrap_or_default(),
                one.vpc_id.unwrap_or_default(),
            );
            Subnet {
                zone: one.availability_zone.unwrap_or_default(),
                public: leads_out(&tables, &id, &vpc),
                id,
                vpc,
            }
        })
        .collect();
    subnets.sort();
    Ok((vpc, subnets))
}

/// The address ranges of a VPC, and of its subnets whatever their tags.
async fn addresses(reader: &Reader, vpc: &str) -> Result<Addresses, AwsError> {
    let filters = [passing("vpc-id", [vpc.to_owned()])];
    let (vpcs, subnets) = tokio::try_join!(reader.vpcs(&filters), reader.subnets(&filters))?;
    let associated = vpcs.iter().flat_map(|vpc| {
        let associations = vpc.cidr_block_association_set.iter().flatten();
        associations.filter_map(|one| one.cidr_block.as_deref())
    });
    let first = vpcs.iter().filter_map(|vpc| vpc.cidr_block.as_deref());
    let mut of_vpc: Vec<_> = first.chain(associated).filter_map(Range::parse).collect();
    of_vpc.sort();
    of_vpc.dedup();
    let of_subnets = subnets.iter().filter_map(|one| one.cidr_block.as_deref());
    let mut of_subnets: Vec<_> = of_subnets.filter_map(Range::parse).collect();
    of_subnets.sort();
    Ok(Addresses {
        vpc: of_vpc,
        subnets: of_subnets,
    })
}

/// Whether the route table of a subnet has a route to an internet gateway. A subnet without one of its own uses the VPC's main
/// one.
fn leads_out(tables: &[RouteTable], subnet: &str, vpc: &str) -> bool {
    let associated = |table: &&RouteTable| {
        let associations = table.associations.iter().flatten();
        associations
            .filter_map(|one| one.subnet_id.as_deref())
            .any(|id| id == subnet)
    };
    let main = |table: &&RouteTable| {
        let associations = table.associations.iter().flatten();
        table.vpc_id.as_deref() == Some(vpc)
            && associations.filter_map(|one| one.main).any(|main| main)
    };
    let own = tables.iter().find(associated);
    own.or_else(|| tables.iter().find(main))
        .into_iter()
        .flat_map(|table| table.routes.iter().flatten())
        .filter(|route| route.state != Some(RouteState::Blackhole))
        .filter_map(|route| route.gateway_id.as_deref())
        .any(|gateway| gateway.starts_with("igw-"))
}

async fn instances(reader: &Reader, which: &Which) -> Result<Vec<ExistingInstance>, AwsError> {
    let filters: Vec<_> = match which {
        Which::Ids(ids) => vec![passing("instance-id", ids.iter().cloned())],
        // A stopped instance may be started; a terminated one never is, and keeps its tags for an hour.
        Which::Find { tags, .. } => {
            let states = ["pending", "running", "stopping", "stopped"].map(str::to_owned);
            std::iter::once(passing("instance-state-name", states))
                .chain(tagged(tags))
                .collect()
        }
    };
    let found = reader.instances_passing(&filters).await?.into_iter();
    let mut instances: Vec<_> = found
        .map(|one| ExistingInstance {
            id: one.instance_id.unwrap_or_default(),
            vpc: one.vpc_id.unwrap_or_default(),
            state: one
                .state
                .and_then(|state| state.name)
                .map_or_else(String::new, |name| name.as_str().to_owned()),
        })
        .collect();
    instances.sort();
    Ok(instances)
}

async fn load_balancer(
    reader: &Reader,
    written: &str,
) -> Result<Option<ExistingLoadBalancer>, AwsError> {
    let Some(found) = reader.load_balancer(written).await? else {
        return Ok(None);
    };
    let arn = found.load_balancer_arn.unwrap_or_default();
    let listeners = reader.listeners(&arn).await?;
    let ports = listeners.iter().filter_map(|(listener, _)| listener.port);
    let groups: BTreeSet<String> = found.security_groups.into_iter().flatten().collect();
    // On by AWS's default, if there are security groups.
    let judges = !groups.is_empty()
        && found
            .enforce_security_group_inbound_rules_on_private_link_traffic
            .as_deref()
            != Some("off");
    let open_ports = match judges {
        true => open_ports(&reader.security_groups_of(&groups).await?),
        false => Vec::new(),
    };
    Ok(Some(ExistingLoadBalancer {
        arn,
        dns_name: found.dns_name.unwrap_or_default(),
        ports: ports.filter_map(|port| port.try_into().ok()).collect(),
        judges_private_link: judges,
        balancer_type: found
            .r#type
            .map_or_else(String::new, |kind| kind.as_str().to_owned()),
        internal: found.scheme == Some(LoadBalancerSchemeEnum::Internal),
        state: found
            .state
            .and_then(|state| state.code)
            .map_or_else(String::new, |code| code.as_str().to_owned()),
        security_groups: groups,
        open_ports,
    }))
}

/// What security groups allow from every IPv4 address.
fn open_ports(groups: &[SecurityGroup]) -> Vec<(u16, u16)> {
    let rules = groups.iter().flat_map(|group| group.ip_permissions());
    rules
        .filter(|rule| {
            rule.ip_ranges()
                .iter()
                .any(|range| range.cidr_ip() == Some("0.0.0.0/0"))
        })
        .filter_map(|rule: &IpPermission| match rule.ip_protocol() {
            Some("-1") => Some((0, u16::MAX)),
            Some("tcp" | "6") => {
                let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
                Some((port(rule.from_port())?, port(rule.to_port())?))
            }
            _ => None,
        })
        .collect()
}

async fn certificate(
    reader: &Reader,
    arn: &str,
) -> Result<Option<(String, Certificate)>, AwsError> {
    let found = reader.certificate(arn).await?;
    Ok(found.map(|found| {
        let names = found
            .subject_alternative_names
            .into_iter()
            .flatten()
            .chain(found.domain_name);
        let certificate = Certificate {
            status: found
                .status
                .map_or_else(String::new, |status| status.as_str().to_owned()),
            origin: found
                .r#type
                .map_or_else(String::new, |origin| origin.as_str().to_owned()),
            names: names.map(|name| name.to_ascii_lowercase()).collect(),
        };
        (arn.to_owned(), certificate)
    }))
}

/// A hosted zone's id and name.
struct Zone {
    id: String,
    name: String,
}

async fn zone(reader: &Reader, written: &str) -> Result<Result<Zone, ZoneFault>, AwsError> {
    let found = if written.contains('.') {
        reader.zones_named(written).await?
    } else {
        reader.zone(written).await?.into_iter().collect()
    };
    let is_private = |zone: &aws_sdk_route53::types::HostedZone| {
        zone.config
            .as_ref()
            .is_some_and(|config| config.private_zone)
    };
    let some_private = found.iter().any(is_private);
    let mut public: Vec<Zone> = found
        .into_iter()
        .filter(|zone| !is_private(zone))
        .map(|zone| Zone {
            id: zone.id.trim_start_matches("/hostedzone/").to_owned(),
            name: zone.name.trim_end_matches('.').to_owned(),
        })
        .collect();
    Ok(match (public.len(), some_private) {
        (1, _) => public.pop().ok_or(ZoneFault::Absent),
        (0, true) => Err(ZoneFault::Private),
        (0, false) => Err(ZoneFault::Absent),
        _ => Err(ZoneFault::Several(
            public.into_iter().map(|zone| zone.id).collect(),
        )),
    })
}

/// Cognito requires an address of a custom domain's parent only when it creates the domain.
async fn parent(reader: &Reader, name: &str, dns: bool) -> Result<ParentRecord, AwsError> {
    let Some((_, parent)) = name
        .split_once('.')
        .filter(|(_, parent)| parent.contains('.'))
    else {
        return Ok(ParentRecord::NotChecked);
    };
    if reader.domain(name).await?.is_some() {
        return Ok(ParentRecord::There);
    }
    let mut above = Some(parent);
    while let Some(zone) = above.filter(|zone| zone.contains('.')) {
        for found in reader.zones_named(zone).await? {
            if reader.has_address_record(&found.id, parent).await? {
                return Ok(ParentRecord::There);
            }
        }
        above = zone.split_once('.').map(|(_, above)| above);
    }
    if !dns {
        return Ok(ParentRecord::NotChecked);
    }
    let has_address = tokio::net::lookup_host((parent, 443))
        .await
        .map(|mut addresses| addresses.any(|address| address.is_ipv4()));
    Ok(match has_address {
        Ok(true) => ParentRecord::There,
        Ok(false) => ParentRecord::Missing,
        Err(error) if is_passing(&error) => ParentRecord::NotChecked,
        Err(_) => ParentRecord::Missing,
    })
}

/// Whether the query failed, which says nothing about the name. Only the resolver's message shows that.
fn is_passing(error: &io::Error) -> bool {
    error.to_string().contains("Temporary failure")
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpRange, Route, RouteTableAssociation};

    use super::*;

    fn table(subnet: Option<&str>, gateway: &str) -> RouteTable {
        RouteTable::builder()
            .vpc_id("vpc-1")
            .associations(
                RouteTableAssociation::builder()
                    .main(subnet.is_none())
                    .set_subnet_id(subnet.map(str::to_owned))
                    .build(),
            )
            .routes(Route::builder().gateway_id("local").build())
            .routes(Route::builder().gateway_id(gateway).build())
            .build()
    }

    #[test]
    fn a_subnet_is_public_by_its_own_table_or_the_main_one() {
        let tables = [table(None, "igw-1"), table(Some("subnet-1"), "nat-1")];
        assert!(!leads_out(&tables, "subnet-1", "vpc-1"));
        assert!(leads_out(&tables, "subnet-2", "vpc-1"));
        assert!(!leads_out(&tables, "subnet-2", "vpc-2"));
    }

    #[test]
    fn a_dead_route_leads_nowhere() {
        let dead = Route::builder()
            .gateway_id("igw-1")
            .state(RouteState::Blackhole)
            .build();
        let table = RouteTable::builder()
            .vpc_id("vpc-1")
            .associations(RouteTableAssociation::builder().main(true).build())
            .routes(dead)
            .build();
        assert!(!leads_out(&[table], "subnet-1", "vpc-1"));
    }

    #[test]
    fn a_port_is_open_to_every_address_or_not() {
        let rule = |protocol: &str, from: i32, to: i32, cidr: &str| {
            IpPermission::builder()
                .ip_protocol(protocol)
                .from_port(from)
                .to_port(to)
                .ip_ranges(IpRange::builder().cidr_ip(cidr).build())
                .build()
        };
        let group = SecurityGroup::builder()
            .ip_permissions(rule("tcp", 80, 90, "0.0.0.0/0"))
            .ip_permissions(rule("tcp", 443, 443, "10.0.0.0/8"))
            .ip_permissions(rule("udp", 53, 53, "0.0.0.0/0"))
            .build();
        assert_eq!(open_ports(&[group]), [(80, 90)]);
    }
}
