//! An API key's membership of a usage plan (a usage plan key).

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use aws_sdk_apigateway::types::UsagePlan;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::observation::Other;
use super::ownership::after_moves;
use super::{
    Action, Dependent, Desired, Field, Findings, Found, InPicture, Kind, KindInfo, LiveReference,
    Look, Note, Obstacle, OnChange, Outputs, Owner, Resource, Scope, Task, gone_is_success,
    literal, marks, rest_api, tags, usage_plan,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Place, Text};

/// A key's membership of a plan.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The plan's id.
    pub plan: Text,
    /// The key's id.
    pub key: Text,
    /// Whether the key is another stack's: then a tag of the plan marks the membership as this stack's.
    #[serde(default)]
    pub marked: bool,
}

/// An API key's membership of a usage plan.
#[derive(Debug)]
pub struct PlanMembership;

impl Kind for PlanMembership {
    type Props = Props;
    type Part = Infallible;

    const INFO: KindInfo = KindInfo {
        phase: 2,
        goes_with: Some("api_key"),
        in_picture: InPicture::Caller,
        when_different: "the key is refused, or counted against another plan",
        ..KindInfo::new(
            "plan_membership",
            "plan membership",
            "An API key's place on a usage plan: it opens the plan's stages to the key, and the plan's throttle and quota \
             hold for it. See the API Gateway developer guide, \"Usage plans and API keys\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::place("key", "api_key", |p: &Props, book| p.key.value(book)),
        Field::new(
            "plan",
            "The usage plan, by its name in `[plans]`.",
            |p: &Props, book| p.plan.value(book),
        )
        .refers_to("usage_plan")
        .on_change(OnChange::Replace(
            "a key leaves one plan before it joins another: its calls are refused in between",
        )),
    ];

    fn follows(want: &Props, address: &Address, desired: &Desired) -> bool {
        let guest = desired.guests.get(&address.owner());
        want.marked == guest.is_some()
            && guest.is_none_or(|guest| want.key == Text::literal(&*guest.key))
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let plans = reader.usage_plans().await?;
        let ours = plans.iter().filter_map(|plan| {
            let id = plan.id.as_deref()?;
            let tags = tags::live(plan.tags.as_ref());
            let address = match scope.desired.context.owner_by_tags(&tags) {
                Owner::Us(address) => scope.duplicate(id).cloned().unwrap_or(address),
                // A plan that is being adopted has no tags yet.
                Owner::Stack(_) | Owner::Nobody => scope.address_of(OutputName::Id, id)?.clone(),
            };
            Some((id, address))
        });
        let keys_of = ours.map(async |(plan, address)| {
            Ok::<_, AwsError>((plan, address, reader.usage_plan_keys(plan).await?))
        });
        let mut findings = Findings::default();
        let mut key_addresses = addresses_of_keys(reader, scope).await?;
        let guests = guests(scope, &plans);
        let foreign: BTreeSet<String> = guests.keys().cloned().collect();
        for (key, address) in guests {
            key_addresses.entry(key).or_insert(address);
        }
        findings.obstacles = on_others_plans(reader, scope, &plans, &key_addresses).await?;
        let mut places: BTreeMap<&Address, Vec<(&str, String)>> = BTreeMap::new();
        for (plan, plan_address, keys) in try_join_all(keys_of).await? {
            let mut others = Vec::new();
            for key in &*keys {
                let id = key.id.clone().unwrap_or_default();
                match key_addresses.get(&id) {
                    Some(address) => places.entry(address).or_default().push((plan, id)),
                    None => others.push(Other::new(
                        key.name.clone().unwrap_or_else(|| id.clone()),
                        id,
                    )),
                }
            }
            findings.neighbours += others.len();
            findings.dependents.extend(Dependent::of(
                &plan_address,
                usage_plan::OTHER_KEYS,
                (Self::INFO.name, "API key"),
                &others,
                "they lose their place on the plan, and calls with them get 403",
            ));
        }
        for (key_address, places) in places {
            findings
                .owned
                .extend(memberships(scope, key_address, &places, &foreign));
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let (plan, key) = (task.text(&task.want.plan), task.text(&task.want.key));
        if task.want.marked {
            let mark = BTreeMap::from([(marks::key(task.address.as_str()), key.clone())]);
            tags::write(writer, &arn(writer, &plan), &mark, &BTreeMap::new()).await?;
        }
        let request = writer
            .apigateway()
            .create_usage_plan_key()
            .usage_plan_id(&plan)
            .key_id(&key)
            .key_type("API_KEY");
        match writer
            .call(Operation::apigateway("CreateUsagePlanKey"), request.send())
            .await
        {
            Ok(_) => Ok(outputs(&plan, &key)),
            // The SDK retries a call whose response was lost, and AWS then finds the result of the first one.
            Err(error) if error.is_there_already() => {
                let keys = writer.afresh().usage_plan_keys(&plan).await?;
                let there = keys
                    .iter()
                    .any(|member| member.id.as_deref() == Some(key.as_str()));
                if there {
                    Ok(outputs(&plan, &key))
                } else {
                    Err(error)
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn update(
        _writer: &Writer,
        _task: &Task<'_, Props>,
        _live: &LiveReference<'_, Props>,
        _changed: &[Infallible],
    ) -> Result<Outputs, AwsError> {
        // Every difference replaces a membership.
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let (plan, key) = (literal(&live.props.plan), literal(&live.props.key));
        let request = writer
            .apigateway()
            .delete_usage_plan_key()
            .usage_plan_id(&plan)
            .key_id(&key);
        gone_is_success(
            writer
                .call(Operation::apigateway("DeleteUsagePlanKey"), request.send())
                .await,
        )?;
        if !live.props.marked {
            return Ok(());
        }
        let plans = writer.afresh().usage_plans().await?;
        let held = plans.iter().find(|one| one.id.as_ref() == Some(&plan));
        let marks = marks::read(&tags::live(held.and_then(|plan| plan.tags.as_ref())));
        let of_key = marks.into_iter().filter(|(_, marked)| *marked == key);
        let keys: Vec<String> = of_key
            .map(|(address, _)| marks::key(address.as_str()))
            .collect();
        match keys.is_empty() {
            true => Ok(()),
            false => tags::remove(writer, &arn(writer, &plan), &keys).await,
        }
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        let moves = look.change.action == Action::Replace && look.want.is_some();
        let text = "between leaving one plan and joining the other, calls with the key are refused with 403; AWS may take \
                    a few minutes to accept it";
        let note = moves.then(|| Note::warning("GS105", look.address, text));
        note.into_iter().collect()
    }
}

/// Keys of ours on another plan with the same stage: AWS allows a key only on one plan of a stage. Such plans are read only if
/// there are any.
async fn on_others_plans(
    reader: &Reader,
    scope: &Scope<'_>,
    plans: &[UsagePlan],
    key_addresses: &BTreeMap<String, Address>,
) -> Result<Vec<Obstacle>, AwsError> {
    let Some(api) = rest_api::api(scope) else {
        return Ok(Vec::new());
    };
    let opens_ours = |plan: &&UsagePlan| {
        let tags = tags::live(plan.tags.as_ref());
        let id = plan.id.as_deref().unwrap_or_default();
        let ours = scope.desired.context.owns(&tags);
        let is_ours = ours || scope.address_of(OutputName::Id, id).is_some();
        let mut stages = plan.api_stages().iter();
        !is_ours && stages.any(|stage| stage.api_id.as_deref() == Some(api))
    };
    let keys = plans.iter().filter(opens_ours).map(async |plan| {
        let id = plan.id.as_deref().unwrap_or_default();
        Ok::<_, AwsError>((plan, reader.usage_plan_keys(id).await?))
    });
    let mut obstacles = Vec::new();
    for (plan, keys) in try_join_all(keys).await? {
        let ours = keys
            .iter()
            .filter_map(|key| key_addresses.get(key.id.as_deref()?));
        let address = |key: &Address| key.membership();
        let wanted = ours.map(|key| after_moves(scope.desired, &address(key)));
        let (name, id) = (plan.name.as_deref(), plan.id.as_deref());
        obstacles.extend(
            wanted
                .filter(|address| scope.desired.resources.contains_key(address))
                .map(|address| Obstacle {
                    address,
                    what: format!(
                        "the key is on the usage plan {:?} ({}), which gatestack did not make and which covers this API \
                         too: AWS allows a key on one plan of a stage only",
                        name.unwrap_or_default(),
                        id.unwrap_or_default()
                    ),
                    help: "remove the key or the API's stage from that plan".into(),
                }),
        );
    }
    Ok(obstacles)
}

/// The address of each of our keys, without `[[moved]]`, by its id.
async fn addresses_of_keys(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, Address>, AwsError> {
    let keys = reader.api_keys().await?;
    let address_of = |id: &str, owner: Owner<'_>| match owner {
        Owner::Us(address) => Some(address),
        // A key that is being adopted has no tags yet.
        Owner::Stack(_) | Owner::Nobody => scope.address_of(OutputName::Id, id).cloned(),
    };
    let known = keys.iter().filter_map(|key| {
        let (id, tags) = (key.id.clone()?, tags::live(key.tags.as_ref()));
        let address = match scope.beside(&id) {
            Some(beside) => beside.clone(),
            None => address_of(&id, scope.desired.context.owner_by_tags(&tags))?,
        };
        Some((id, address))
    });
    Ok(known.collect())
}

/// The keys of other stacks that marks on the stack's plans name, each with the address that a key of ours would have.
fn guests(scope: &Scope<'_>, plans: &[UsagePlan]) -> BTreeMap<String, Address> {
    let ours = plans.iter().map(|plan| tags::live(plan.tags.as_ref()));
    let ours = ours.filter(|tags| scope.desired.context.owns(tags));
    let marks = ours.flat_map(|tags| marks::read(&tags));
    let memberships = marks.filter_map(|(address, key)| match address.place()? {
        Place::PartnerMembership(_) => Some((key, address.owner().key())),
        _ => None,
    });
    memberships.collect()
}

fn arn(reader: &Reader, plan: &str) -> String {
    reader.apigateway_arn(&format!("usageplans/{plan}"))
}

/// The memberships of one key. The one on the wanted plan has the key's address; the others were added by hand.
fn memberships(
    scope: &Scope<'_>,
    key_address: &Address,
    places: &[(&str, String)],
    foreign: &BTreeSet<String>,
) -> Vec<Found<Props>> {
    let address = key_address.membership();
    let wanted = scope
        .desired
        .resources
        .get(&after_moves(scope.desired, &address));
    let wanted = match wanted.map(|wanted| &wanted.resource) {
        Some(Resource::PlanMembership(props)) => Some((
            props.plan.resolve(scope.book),
            props.key.resolve(scope.book),
        )),
        _ => None,
    };
    // That of another key is another membership: it is deleted, and the wanted one is created.
    let fits = |key: &str| {
        let of = wanted.as_ref().map(|(_, key)| key.as_deref());
        of.is_none_or(|of| of == Some(key))
    };
    let is_on_plan = |plan: &str| {
        let of = wanted.as_ref().and_then(|(plan, _)| plan.as_deref());
        of == Some(plan)
    };
    let fitting = |(_, (_, key)): &(usize, &(&str, String))| fits(key);
    let mut all = places.iter().enumerate().filter(fitting);
    let first = all
        .clone()
        .find(|(_, (plan, _))| is_on_plan(plan))
        .or_else(|| all.next());
    let first = first.map(|(at, _)| at);
    places
        .iter()
        .enumerate()
        .map(|(at, (plan, key))| {
            let address = match fits(key) {
                true if first == Some(at) => address.clone(),
                true => address.beside(plan),
                false => address.beside(&format!("{plan}:{key}")),
            };
            let props = Props {
                plan: (*plan).into(),
                key: key.as_str().into(),
                marked: foreign.contains(key),
            };
            Found::new(address, props, outputs(plan, key))
        })
        .collect()
}

// Not the key's id alone: an id must identify one resource.
fn outputs(plan: &str, key: &str) -> Outputs {
    Outputs::from([(OutputName::Id, format!("{plan}:{key}"))])
}
