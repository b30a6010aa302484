//! A DNS record in Route 53 for a domain's name.
//!
//! Records have no tags. A mark shows where ours are: a tag of the API's domain, or of the user pool, with zone and name, and on
//! a pool also the target, which is not known otherwise once the pool's domain is deleted. It is written before the record and
//! removed after it. A record is ours if the mark exists and it points to our domain; one that was changed to another target is
//! not, nor are other records of the name. Those are only deleted if they are taken over by `--adopt`.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{AliasTarget, Change, ChangeAction, ResourceRecordSet, RrType};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::ownership::take_over;
use super::user_pool_domain::CLOUDFRONT_ZONE;
use super::{
    Desired, Field, Findings, Found, InPicture, Kind, KindInfo, Lane, LiveReference, Obstacle,
    OnChange, Outputs, Replace, Resource, Scope, Task, api_domain, literal, tags,
};
use crate::aws::{AwsError, Reader, Writer, is_same_name};
use crate::model::{Address, Book, OutputName, Place, Text, Value, digest};

/// A DNS record.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The hosted zone's id.
    pub zone: String,
    /// The name.
    pub name: String,
    /// The domain, which has the mark.
    pub of: Bearer,
    /// The name it is an alias of.
    pub alias: Text,
    /// The id of AWS's hosted zone of that name.
    pub alias_zone: Text,
    /// Existing records of the name that are taken over, each in words. None are wanted.
    pub others: BTreeSet<String>,
}

/// The domain of a record.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bearer {
    /// The API's domain, by its ARN.
    ApiDomain(Text),
    /// The own domain of a user pool, by the pool's id.
    UserPool(Text),
}

/// A DNS record.
#[derive(Debug)]
pub struct DnsRecord;

/// The prefix of the tags for our records.
const RECORD_TAG: &str = "gatestack:record:";

impl Kind for DnsRecord {
    type Props = Props;
    type Part = ();

    const INFO: KindInfo = KindInfo {
        // A mark on the pool is written among those of its other children.
        lane: Some(Lane::UserPool),
        phase: 2,
        replace: Replace::DeleteFirst,
        in_picture: InPicture::WithNeed,
        ..KindInfo::new(
            "dns_record",
            "DNS record",
            "An alias record in a Route 53 hosted zone that points a domain of your own to AWS. It is the stack's as long \
             as it points to the stack's domain. See the Route 53 developer guide, \"Choosing between alias and non-alias \
             records\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new("zone", "The hosted zone.", |p: &Props, _| (&p.zone).into())
            .on_change(OnChange::Replace("a record stays in its zone")),
        Field::new("name", "The name.", |p: &Props, _| (&p.name).into())
            .on_change(OnChange::Replace("a record is its name")),
        Field::new("alias", "What the name points to.", |p: &Props, book| {
            p.alias.value(book)
        })
        .by(()),
        Field::new(
            "alias_zone",
            "AWS's own zone of that name.",
            |p: &Props, book| p.alias_zone.value(book),
        )
        .by(()),
        Field::new(
            "others",
            "Records of the name that are taken over with `--adopt`: the alias takes their place.",
            |p: &Props, _| Value::set(p.others.iter().map(Value::from)),
        )
        .by(())
        .always(true),
        // The record is deleted before the domain, and both before the pool, whose tags refer to the record.
        Field::place("api_domain", "api_domain", |p: &Props, book| match &p.of {
            Bearer::ApiDomain(arn) => name_of(p, arn, book),
            Bearer::UserPool(_) => Value::Unset,
        }),
        Field::place(
            "user_pool_domain",
            "user_pool_domain",
            |p: &Props, book| match &p.of {
                Bearer::UserPool(pool) => name_of(p, pool, book),
                Bearer::ApiDomain(_) => Value::Unset,
            },
        ),
        Field::place("user_pool", "user_pool", |p: &Props, book| match &p.of {
            Bearer::UserPool(pool) => pool.value(book),
            Bearer::ApiDomain(_) => Value::Unset,
        }),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        match &want.of {
            Bearer::ApiDomain(arn) => *arn == Text::output(&address.owner(), OutputName::Arn),
            Bearer::UserPool(pool) => {
                *pool == Text::output(&Place::UserPool.address(), OutputName::Id)
            }
        }
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        let wanted: Vec<(&Address, &Props)> = wanted(scope).collect();
        for bearer in bearers(reader, scope).await? {
            look_at(reader, &wanted, &bearer, &mut findings).await?;
        }
        for (address, props) in wanted {
            let ours = |found: &Found<Props>| &found.address == address && !found.only_a_mark;
            if !props.zone.is_empty() && !findings.owned.iter().any(ours) {
                let records = reader.records(&props.zone, &props.name).await?;
                claim(scope, address, props, &records, &mut findings);
            }
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        mark(writer, task).await?;
        lead(writer, task, |_| false).await
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        _changed: &[()],
    ) -> Result<Outputs, AwsError> {
        if live.props.others.is_empty() {
            // The mark has its target until it changes.
            let led_to = literal(&live.props.alias);
            let outputs = lead(writer, task, |record| leads_to(record, &led_to)).await?;
            mark(writer, task).await?;
            return Ok(outputs);
        }
        mark(writer, task).await?;
        let others = &live.props.others;
        lead(writer, task, |record| others.contains(&in_words(record))).await
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let props = live.props;
        let (zone, target) = (&props.zone, literal(&props.alias));
        let records = writer.afresh().records(zone, &props.name).await?;
        // AWS deletes a record only if it is sent exactly as it is.
        if let Some(record) = records.iter().find(|record| leads_to(record, &target)) {
            change(writer, zone, vec![(ChangeAction::Delete, record.clone())]).await?;
        }
        let key = tag(zone, &props.name);
        match &props.of {
            Bearer::ApiDomain(arn) => tags::remove(writer, &literal(arn), &[key]).await,
            Bearer::UserPool(pool) => writer.untag_pool(&literal(pool), vec![key]).await,
        }
    }
}

fn name_of(props: &Props, bearer: &Text, book: &Book) -> Value {
    match bearer.resolve(book) {
        Some(_) => (&props.name).into(),
        None => bearer.value(book),
    }
}

fn wanted<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = (&'a Address, &'a Props)> {
    let resources = scope.desired.resources.iter();
    resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::DnsRecord(props) => Some((address, props)),
        _ => None,
    })
}

/// A domain of ours, and its marks.
struct Marked {
    /// The address of its record.
    place: Address,
    bearer: Bearer,
    marks: BTreeSet<Mark>,
    /// Its names with their targets and the targets' zones.
    targets: BTreeMap<String, (String, String)>,
}

/// Where a record of ours is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Mark {
    zone: String,
    name: String,
    /// Its target, if the domain may be deleted before the record.
    target: Option<String>,
}

async fn bearers(reader: &Reader, scope: &Scope<'_>) -> Result<Vec<Marked>, AwsError> {
    let mut bearers = Vec::new();
    for (address, (domain, tags)) in api_domain::found(reader, scope).await? {
        let outputs = scope.book.outputs(&address);
        let output = |name| outputs.and_then(|outputs| outputs.get(&name)).cloned();
        let (target, zone) = (output(OutputName::Target), output(OutputName::TargetZone));
        let place = address.takes_its_place().unwrap_or(address);
        let name = domain.domain_name.unwrap_or_default();
        bearers.push(Marked {
            place: place.record(),
            bearer: Bearer::ApiDomain(output(OutputName::Arn).unwrap_or_default().into()),
            marks: marks(&tags),
            targets: target
                .zip(zone)
                .map(|target| (name, target))
                .into_iter()
                .collect(),
        });
    }
    let Some(id) = scope.id(&Place::UserPool.address()) else {
        return Ok(bearers);
    };
    let Some(pool) = reader.pool(id).await? else {
        return Ok(bearers);
    };
    let marks = marks(&tags::live(pool.user_pool_tags.as_ref()));
    let mut targets = BTreeMap::new();
    if let Some(name) = pool.custom_domain.as_ref().filter(|_| !marks.is_empty()) {
        let domain = reader.domain(name).await?;
        let target = domain.and_then(|domain| domain.cloud_front_distribution.clone());
        targets.extend(target.map(|target| (name.clone(), (target, CLOUDFRONT_ZONE.to_owned()))));
    }
    bearers.push(Marked {
        place: Place::OwnDomainRecord.address(),
        bearer: Bearer::UserPool(id.into()),
        marks,
        targets,
    });
    Ok(bearers)
}

/// Reads the records of the marks in these tags.
///
/// # Errors
/// A read failed.
pub(super) async fn read(reader: &Reader, tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    let marks = marks(tags);
    let marks = marks.iter();
    try_join_all(marks.map(|mark| reader.records(&mark.zone, &mark.name))).await?;
    Ok(())
}

/// The records of the marks on one domain.
async fn look_at(
    reader: &Reader,
    wanted: &[(&Address, &Props)],
    bearer: &Marked,
    findings: &mut Findings<Props>,
) -> Result<(), AwsError> {
    let want = wanted.iter().find(|(address, _)| **address == bearer.place);
    let want = want.map(|(_, props)| (&props.zone, &props.name));
    let is_wanted = |mark: &Mark| want == Some((&mark.zone, &mark.name));
    // The wanted one first: it has the address.
    let mut marks: Vec<_> = bearer.marks.iter().collect();
    marks.sort_by_key(|mark| !is_wanted(mark));
    let mut taken = false;
    for mark in marks {
        let Mark { zone, name, target } = mark;
        let records = reader.records(zone, name).await?;
        let now = bearer.targets.get(name).map(|(target, _)| target);
        // If the domain is deleted, its record points nowhere, and could point to a later owner of the target's name.
        let ours = records.iter().find(|record| {
            let mut targets = now.into_iter().chain(target);
            targets.any(|target| leads_to(record, target))
        });
        if ours.is_none() && is_wanted(mark) {
            continue;
        }
        let alias = ours.and_then(alias);
        // A user pool's old record is deleted before the new one is created, since a pool has one custom domain; otherwise the
        // old record stays until the new one exists.
        let makes_room = matches!(bearer.bearer, Bearer::UserPool(_))
            && want.is_some_and(|(_, wanted)| wanted != name);
        let at_the_address =
            ours.is_some() && !taken && (is_wanted(mark) || want.is_none() || makes_room);
        taken |= at_the_address;
        let what = format!("{zone}:{name}");
        let address = match ours {
            Some(_) if at_the_address => bearer.place.clone(),
            Some(_) => bearer.place.replaced(&what),
            // It replaces nothing and waits for nothing.
            None => bearer.place.mark(&what),
        };
        let props = Props {
            zone: zone.clone(),
            name: name.clone(),
            of: bearer.bearer.clone(),
            alias: alias.map_or("", |alias| plain(&alias.dns_name)).into(),
            alias_zone: alias.map_or("", |alias| &*alias.hosted_zone_id).into(),
            others: BTreeSet::new(),
        };
        let others = records
            .iter()
            .filter(|record| ours.is_some() && Some(*record) != ours && clashes(record));
        findings.owned.push(Found {
            only_a_mark: ours.is_none(),
            notices: others.map(|other| leads_past(name, other)).collect(),
            ..Found::new(address, props, outputs(zone, name))
        });
    }
    Ok(())
}

/// A wanted name with records that are not ours: an obstacle, or to be taken over.
fn claim(
    scope: &Scope<'_>,
    address: &Address,
    want: &Props,
    records: &[ResourceRecordSet],
    findings: &mut Findings<Props>,
) {
    let others: BTreeSet<String> = records
        .iter()
        .filter(|record| clashes(record))
        .map(in_words)
        .collect();
    if others.is_empty() {
        return;
    }
    // Others lose their records, so no `*` that is meant for what is the stack's agrees to it.
    if scope.desired.adopt.name_of_others(address) {
        let props = Props {
            alias: Text::default(),
            alias_zone: Text::default(),
            others,
            ..want.clone()
        };
        let found = Found::new(address.clone(), props, outputs(&want.zone, &want.name));
        findings.owned.push(found);
        return;
    }
    findings.obstacles.push(Obstacle {
        address: address.clone(),
        what: format!(
            "the name {:?} has records already that do not point to this stack's domain: {}",
            want.name,
            others.into_iter().collect::<Vec<_>>().join("; ")
        ),
        help: format!(
            "remove them, or have all of them replaced with {}, or leave `zone` out and keep the record yourself",
            take_over(address)
        ),
    });
}

/// Writes the mark of the record.
async fn mark(writer: &Writer, task: &Task<'_, Props>) -> Result<(), AwsError> {
    let want = task.want;
    let (zone, name) = (&want.zone, &want.name);
    let (key, place) = (tag(zone, name), format!("{zone}/{name}"));
    match &want.of {
        // The tags are deleted with the domain, which is deleted after its record.
        Bearer::ApiDomain(arn) => {
            let mark = BTreeMap::from([(key, place)]);
            tags::write(writer, &task.text(arn), &mark, &BTreeMap::new()).await
        }
        Bearer::UserPool(pool) => {
            let mark = BTreeMap::from([(key, format!("{place}/{}", task.text(&want.alias)))]);
            writer.tag_pool(&task.text(pool), mark).await
        }
    }
}

/// Points the name to the domain, replacing adopted records in the same change, so that the name always resolves. Other records
/// of the name are left.
///
/// # Errors
/// A call failed, or the alias would overwrite a record that is not ours.
async fn lead(
    writer: &Writer,
    task: &Task<'_, Props>,
    may_replace: impl Fn(&ResourceRecordSet) -> bool,
) -> Result<Outputs, AwsError> {
    let want = task.want;
    let (zone, name) = (&want.zone, &want.name);
    let records = writer.afresh().records(zone, name).await?;
    let target = task.text(&want.alias);
    let ours = record(name, &target, &task.text(&want.alias_zone));
    let is_overwritten =
        |record: &ResourceRecordSet| record.r#type == RrType::A && record.set_identifier.is_none();
    let (overwritten, beside): (Vec<_>, Vec<_>) = records
        .iter()
        .filter(|record| clashes(record))
        .partition(|record| is_overwritten(record));
    let appeared = overwritten
        .into_iter()
        .find(|record| !leads_to(record, &target) && !may_replace(record));
    if let Some(record) = appeared {
        let message = format!(
            "the name {name:?} has another record by now: {}. Run the same command again to see what to do about it",
            in_words(record)
        );
        return Err(AwsError::gave_up("ChangeResourceRecordSets", message));
    }
    let others = beside.into_iter().filter(|record| may_replace(record));
    let mut changes: Vec<_> = others
        .map(|record| (ChangeAction::Delete, record.clone()))
        .collect();
    changes.push((ChangeAction::Upsert, ours));
    change(writer, zone, changes).await?;
    Ok(outputs(zone, name))
}

async fn change(
    writer: &Writer,
    zone: &str,
    changes: Vec<(ChangeAction, ResourceRecordSet)>,
) -> Result<(), AwsError> {
    let changes: Vec<Change> = changes
        .into_iter()
        .map(|(action, record)| {
            let change = Change::builder().action(action).resource_record_set(record);
            change
                .build()
                .expect("the members that have to be there are set")
        })
        .collect();
    writer
        .patiently(async || writer.change_records(zone, changes.clone()).await)
        .await
}

fn record(name: &str, target: &str, target_zone: &str) -> ResourceRecordSet {
    let alias = AliasTarget::builder()
        .dns_name(target)
        .hosted_zone_id(target_zone)
        .evaluate_target_health(false)
        .build();
    ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::A)
        .alias_target(alias.expect("the members that have to be there are set"))
        .build()
        .expect("the members that have to be there are set")
}

/// The alias of a record that is nothing but an alias for IPv4.
fn alias(record: &ResourceRecordSet) -> Option<&AliasTarget> {
    let alone = record.set_identifier.is_none() && record.r#type == RrType::A;
    record.alias_target.as_ref().filter(|_| alone)
}

fn leads_to(record: &ResourceRecordSet, target: &str) -> bool {
    alias(record).is_some_and(|alias| is_same_name(&alias.dns_name, target))
}

/// Whether a record is an address record of a name.
fn clashes(record: &ResourceRecordSet) -> bool {
    matches!(record.r#type, RrType::A | RrType::Aaaa | RrType::Cname)
}

/// A record, in words: its type, its set identifier if it has one, and its target.
fn in_words(record: &ResourceRecordSet) -> String {
    let among = record.set_identifier.as_ref();
    let among = among.map_or(String::new(), |id| format!(" (set {id:?})"));
    format!("{}{among} {}", record.r#type.as_str(), value(record))
}

fn leads_past(name: &str, other: &ResourceRecordSet) -> String {
    format!(
        "the name {name:?} has another record, which sends some callers elsewhere: {}",
        in_words(other)
    )
}

/// A record's target, in words.
fn value(record: &ResourceRecordSet) -> String {
    match &record.alias_target {
        Some(alias) => plain(&alias.dns_name).to_owned(),
        None => {
            let values = record.resource_records().iter();
            values
                .map(|record| record.value.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        }
    }
}

fn plain(name: &str) -> &str {
    name.trim_end_matches('.')
}

fn outputs(zone: &str, name: &str) -> Outputs {
    Outputs::from([(OutputName::Id, format!("{zone}/{name}"))])
}

// A tag's key has 128 characters, a name twice as many.
fn tag(zone: &str, name: &str) -> String {
    let place = format!("{zone}/{name}");
    format!("{RECORD_TAG}{}", &digest(place.as_bytes())[..12])
}

/// The records in the tags of a domain.
fn marks(tags: &BTreeMap<String, String>) -> BTreeSet<Mark> {
    let places = tags.iter().filter(|(key, _)| key.starts_with(RECORD_TAG));
    places
        .filter_map(|(_, place)| {
            let mut parts = place.splitn(3, '/').map(str::to_owned);
            Some(Mark {
                zone: parts.next()?,
                name: parts.next()?,
                target: parts.next(),
            })
        })
        .collect()
}
