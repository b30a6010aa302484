//! The stack's live instances.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{HttpTokensState, Instance, InstanceStateName};
use aws_sdk_elasticloadbalancingv2::types::{TargetHealthDescription, TargetHealthStateEnum};
use futures_util::future::{join_all, try_join_all};

use super::{IMAGE_TAG, PARAMETER, Props, USER_DATA_TAG, outputs};
use crate::aws::{AwsError, Cause, Reader};
use crate::kinds::ownership::{Candidate, after_moves, sort_out};
use crate::kinds::{
    Findings, KindInfo, Owner, Resource, STACK_TAG, Scope, private_backends, tags, target_group,
};
use crate::model::{Address, OutputName};

/// An instance's state beside its properties.
struct Seen {
    /// The image it was launched from.
    image: String,
    /// The target groups in which it is draining.
    draining: BTreeSet<String>,
    /// Whether it is healthy in every group.
    healthy: bool,
}

/// Finds the stack's instances.
pub(super) async fn observe(
    reader: &Reader,
    scope: &Scope<'_>,
    kind: &KindInfo,
) -> Result<Findings<Props>, AwsError> {
    if !private_backends::is_there(reader, scope).await? {
        return Ok(Findings::default());
    }
    let instances = reader
        .instances_tagged(STACK_TAG, &scope.desired.context.stack)
        .await?;
    if instances.is_empty() {
        return Ok(Findings::default());
    }
    let mut health = BTreeMap::new();
    for group in reader.target_groups().await?.iter() {
        let arn = group.target_group_arn.as_deref().unwrap_or_default();
        if scope.address_of(OutputName::Arn, arn).is_some() {
            health.insert(arn.to_owned(), reader.target_health(arn).await?);
        }
    }
    let mut candidates = Vec::new();
    let mut all_seen = BTreeMap::new();
    for instance in instances.iter() {
        let id = instance.instance_id.as_deref().unwrap_or_default();
        let (in_groups, seen) = seen(instance, id, &health);
        candidates.push(candidate(instance, id, in_groups));
        all_seen.insert(id.to_owned(), seen);
    }
    // Only gatestack's tags make an instance the stack's: EC2's names are tags too, and don't count.
    let mut findings = sort_out(scope, kind, &BTreeMap::new(), candidates);
    let replaced: BTreeSet<Address> = findings
        .owned
        .iter()
        .filter_map(|found| found.address.takes_its_place())
        .collect();
    for found in &mut findings.owned {
        let Some(seen) = found
            .outputs
            .get(&OutputName::Id)
            .and_then(|id| all_seen.get(id))
        else {
            continue;
        };
        if replaced.contains(&found.address) {
            found.props.in_service = seen.healthy;
        }
        let address = after_moves(scope.desired, &found.address);
        let wanted = scope.desired.resources.get(&address);
        let Some(Resource::Instance(want)) = wanted.map(|wanted| &wanted.resource) else {
            // A deleted instance is drained first, also if an earlier run deregistered it.
            let draining = seen.draining.iter().map(|group| group.as_str().into());
            found.props.target_groups.extend(draining);
            continue;
        };
        if want.image == seen.image {
            found.props.image.clone_from(&seen.image);
        } else if let Some(parameter) = want.image.strip_prefix(PARAMETER)
            && want.image == found.props.image
        {
            let notice = newer_image(reader, parameter, &seen.image, &address).await?;
            found.notices.extend(notice);
        }
    }
    Ok(findings)
}

/// Reads what `observe` needs of the stack's instances: their health in its target groups, and the current images of their
/// parameters.
///
/// # Errors
/// A read failed.
pub(in crate::kinds) async fn read(reader: &Reader, scope: &Scope<'_>) -> Result<(), AwsError> {
    let stack = &scope.desired.context.stack;
    let instances = reader.instances_tagged(STACK_TAG, stack).await?;
    if instances.is_empty() {
        return Ok(());
    }
    let health = async {
        let groups = target_group::likely(reader, scope).await?;
        let ours = groups
            .iter()
            .filter(|(_, tags)| scope.desired.context.owns(tags));
        let arns = ours.filter_map(|(group, _)| group.target_group_arn.as_deref());
        try_join_all(arns.map(|arn| reader.target_health(arn))).await
    };
    let parameters = instances.iter().filter_map(|one| parameter(scope, one));
    let parameters: BTreeSet<&str> = parameters.collect();
    // `observe` reports a refusal.
    let images = join_all(parameters.iter().map(|name| reader.image_behind(name)));
    let (health, _) = tokio::join!(Box::pin(health), Box::pin(images));
    health?;
    Ok(())
}

/// The parameter of an instance's image, if the file still has it.
fn parameter<'a>(scope: &Scope<'a>, instance: &Instance) -> Option<&'a str> {
    let tags = tags::ec2::live(instance.tags.as_deref());
    let Owner::Us(address) = scope.desired.context.owner_by_tags(&tags) else {
        return None;
    };
    let address = after_moves(scope.desired, &address);
    let Resource::Instance(want) = &scope.desired.resources.get(&address)?.resource else {
        return None;
    };
    let stays = tags.get(IMAGE_TAG) == Some(&want.image);
    want.image.strip_prefix(PARAMETER).filter(|_| stays)
}

/// A notice about the image at a parameter. A parameter that can't be read is no error: the instance keeps its image.
async fn newer_image(
    reader: &Reader,
    parameter: &str,
    image: &str,
    address: &Address,
) -> Result<Option<String>, AwsError> {
    match reader.image_behind(parameter).await {
        Ok(newest) if newest == image => Ok(None),
        Ok(newest) => Ok(Some(format!(
            "a newer image exists: {newest} (it runs {image}). Nothing changes by itself; --replace '{}' takes it",
            address.owner()
        ))),
        Err(error) if error.cause == Cause::Refused => Ok(Some(format!(
            "whether a newer image exists is unknown: AWS refused to read the parameter {parameter} ({})",
            error.code.as_deref().unwrap_or(&error.message)
        ))),
        Err(error) => Err(error),
    }
}

/// The target groups of an instance, and its state.
fn seen(
    instance: &Instance,
    id: &str,
    health: &BTreeMap<String, std::sync::Arc<Vec<TargetHealthDescription>>>,
) -> (BTreeSet<String>, Seen) {
    let mut in_groups = BTreeSet::new();
    let mut seen = Seen {
        image: instance.image_id.clone().unwrap_or_default(),
        draining: BTreeSet::new(),
        healthy: true,
    };
    for (group, targets) in health {
        let target = targets.iter().find(|described| {
            described
                .target
                .as_ref()
                .and_then(|target| target.id.as_deref())
                == Some(id)
        });
        let Some(target) = target else { continue };
        let state = target.target_health.as_ref();
        match state.and_then(|health| health.state.as_ref()) {
            Some(TargetHealthStateEnum::Draining) => {
                seen.draining.insert(group.clone());
            }
            state => {
                in_groups.insert(group.clone());
                seen.healthy &= state == Some(&TargetHealthStateEnum::Healthy);
            }
        }
    }
    (in_groups, seen)
}

fn candidate(instance: &Instance, id: &str, in_groups: BTreeSet<String>) -> Candidate<Props> {
    let tags = tags::ec2::live(instance.tags.as_deref());
    let state = instance
        .state
        .as_ref()
        .and_then(|state| state.name.as_ref());
    let metadata = instance.metadata_options.as_ref();
    let tokens = metadata.and_then(|options| options.http_tokens.as_ref());
    let profile = instance.iam_instance_profile.as_ref();
    let profile = profile.and_then(|profile| profile.arn.as_deref());
    let groups = instance.security_groups().iter();
    let props = Props {
        subnet: instance.subnet_id.clone().unwrap_or_default(),
        image: tags
            .get(IMAGE_TAG)
            .or(instance.image_id.as_ref())
            .cloned()
            .unwrap_or_default(),
        instance_type: instance
            .instance_type
            .as_ref()
            .map(|of| of.as_str().to_owned())
            .unwrap_or_default(),
        user_data: tags.get(USER_DATA_TAG).cloned(),
        // The path of a profile is not part of its name.
        profile: profile
            .and_then(|arn| arn.rsplit('/').next())
            .map(str::to_owned),
        security_groups: groups
            .filter_map(|group| group.group_id.as_deref())
            .map(Into::into)
            .collect(),
        target_groups: in_groups.into_iter().map(Into::into).collect(),
        metadata_needs_token: tokens == Some(&HttpTokensState::Required),
        running: matches!(
            state,
            Some(InstanceStateName::Pending | InstanceStateName::Running)
        ),
        in_service: true,
        tags: tags.clone(),
    };
    Candidate {
        name: id.to_owned(),
        tags,
        props,
        outputs: outputs(id),
        unmanaged: Vec::new(),
    }
}
