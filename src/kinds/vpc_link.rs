//! A VPC link from the API to the load balancer.

use std::cell::Cell;
use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{
    ConnectionType, Resource as LivePath, VpcLink as LiveLink, VpcLinkStatus,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::api_marks::unless_denied;
use super::ownership::{Candidate, misplaced, sort_out};
use super::patch::{Part, patches};
use super::private_backends;
use super::uses::Leaving;
use super::{
    Field, Findings, Found, InPicture, Kind, KindInfo, LiveReference, Look, Note, Obstacle,
    OnChange, Outputs, Owner, Replace, Resource, Scope, Task, gone_is_success, rest_api, tags,
};
use crate::aws::patience::{Rule, VPC_LINK_AVAILABLE, VPC_LINK_DELETED};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Text};

/// A VPC link.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The name.
    pub name: String,
    /// The ARN of its load balancer.
    pub load_balancer: Text,
    /// Whether it is ready. Always `true` on the wanted side.
    pub available: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A VPC link.
#[derive(Debug)]
pub struct VpcLink;

impl Kind for VpcLink {
    type Props = Props;
    type Part = Part<Props>;

    const INFO: KindInfo = KindInfo {
        marked_on: Some("rest_api"),
        replace: Replace::CreateFirst,
        // "Typically 2-4 minutes": API Gateway API reference, CreateVpcLink.
        settles_in: Some(180),
        serves_callers: true,
        doubles: true,
        in_picture: InPicture::VpcLink,
        when_different: "calls to private targets go elsewhere",
        is_private_backend: true,
        ..KindInfo::new(
            "vpc_link",
            "VPC link",
            "The private connection from the API to the load balancer. For another load balancer a new one is made beside \
             the old one, routes and stage move to it, and only then the old one is deleted. See the API Gateway \
             developer guide, \"VPC links\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new("name", "The name.", |p: &Props, _| (&p.name).into())
            .by(Part::Patch(|patches, task, _: &Props| {
                patches.replace("/name", &task.want.name)
            }))
            .works_on(),
        Field::new(
            "load_balancer",
            "The load balancer it connects to.",
            |p: &Props, book| p.load_balancer.value(book),
        )
        .on_change(OnChange::Replace(
            "AWS never changes the target of a VPC link",
        ))
        .refers_to("load_balancer")
        .when_ready(),
        Field::new("available", "Whether it works.", |p: &Props, _| {
            p.available.into()
        })
        .by(Part::Wait)
        .always(true),
        Field::new(
            "tags",
            "Tags. Others on the link are left alone.",
            |p: &Props, _| tags::value(&p.tags),
        )
        .by(Part::Tags)
        .wanted_keys()
        .works_on(),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        if !private_backends::is_there(reader, scope).await? {
            return Ok(Findings::default());
        }
        let wanted = scope.desired.resources.iter();
        let wanted = wanted.filter_map(|(address, wanted)| match &wanted.resource {
            Resource::VpcLink(props) => Some((address.clone(), props.name.clone())),
            _ => None,
        });
        let links = reader.vpc_links().await?;
        let at_work = links
            .iter()
            .filter(|link| {
                !matches!(
                    link.status,
                    Some(VpcLinkStatus::Failed | VpcLinkStatus::Deleting)
                )
            })
            .map(|link| candidate(reader, link))
            .collect();
        let mut findings = sort_out(scope, &Self::INFO, &wanted.collect(), at_work);
        // A failed link never becomes ready: it is deleted, and another one is created.
        let failed = links
            .iter()
            .filter(|link| link.status == Some(VpcLinkStatus::Failed));
        for link in failed {
            let Candidate {
                tags,
                props,
                outputs,
                ..
            } = candidate(reader, link);
            if let Owner::Us(address) = scope.desired.context.owner_by_tags(&tags) {
                if !address.is_place_of(Self::INFO.name) {
                    let name = link.name.as_deref().unwrap_or_default();
                    let misplaced = misplaced(&address, &Self::INFO, name, &outputs);
                    findings.misplaced.push(misplaced);
                    continue;
                }
                let id = link.id.as_deref().unwrap_or_default();
                let found = Found::new(address.failed(id), props, outputs);
                findings.owned.push(Found {
                    broken: Some(why(link.status.as_ref(), link.status_message.as_deref())),
                    ..found
                });
            }
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let request = writer
            .apigateway()
            .create_vpc_link()
            .name(&want.name)
            .target_arns(task.text(&want.load_balancer))
            .set_tags(tags::sent(&task.tags(&want.tags)));
        let answer = writer
            .call(Operation::apigateway("CreateVpcLink"), request.send())
            .await?;
        Ok(outputs(writer, &answer.id.unwrap_or_default()))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let (patches, tags_differ) = patches(task, live.props, changed);
        if !patches.is_empty() {
            let request = writer
                .apigateway()
                .update_vpc_link()
                .vpc_link_id(live.output(OutputName::Id))
                .set_patch_operations(patches.operations());
            writer
                .call(Operation::apigateway("UpdateVpcLink"), request.send())
                .await?;
        }
        if tags_differ {
            let arn = live.output(OutputName::Arn);
            tags::write(writer, arn, &task.want.tags, &live.props.tags).await?;
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let id = live.output(OutputName::Id);
        let deleted = writer.patiently(async || {
            let request = writer.apigateway().delete_vpc_link().vpc_link_id(id);
            writer
                .call(Operation::apigateway("DeleteVpcLink"), request.send())
                .await
        });
        match deleted.await {
            Err(error) if Rule::of(&error).is_some() => {
                let message = format!(
                    "{}. Point those stages elsewhere or delete them, then run the same command again",
                    error.message.trim_end_matches('.')
                );
                return Err(AwsError { message, ..error });
            }
            other => gone_is_success(other)?,
        }
        // The load balancer can't be deleted before the link is, which takes AWS half a minute. A failed one may stay FAILED
        // until its deletion starts; only after that it means that the deletion failed.
        let begun = Cell::new(false);
        VPC_LINK_DELETED
            .until(
                writer,
                "DeleteVpcLink",
                "AWS has not deleted the VPC link",
                async || match look(writer, id).await? {
                    None => Ok(Some(())),
                    Some(link) if link.status == Some(VpcLinkStatus::Failed) && begun.get() => {
                        Err(link.gave_up("DeleteVpcLink"))
                    }
                    Some(link) => {
                        begun.set(begun.get() || link.status == Some(VpcLinkStatus::Deleting));
                        Ok(None)
                    }
                },
            )
            .await
    }

    async fn settle(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let id = task.output(OutputName::Id);
        VPC_LINK_AVAILABLE
            .until(
                writer,
                "CreateVpcLink",
                "the VPC link is not available",
                async || {
                    let Some(link) = look(writer, id).await? else {
                        return Ok(None);
                    };
                    match link.status {
                        Some(VpcLinkStatus::Available) => Ok(Some(outputs(writer, id))),
                        Some(VpcLinkStatus::Failed | VpcLinkStatus::Deleting) => {
                            Err(link.gave_up("CreateVpcLink"))
                        }
                        _ => Ok(None),
                    }
                },
            )
            .await
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        road_goes(look).into_iter().collect()
    }
}

/// How many APIs are read concurrently.
const AT_A_TIME: usize = 4;

/// Obstacles to a link's deletion: other APIs that use it. AWS would refuse only after the stack's routes are deleted. Without
/// the permissions they are not checked.
pub(super) async fn used_by(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    props: &Props,
    id: &str,
) -> Result<Option<Obstacle>, AwsError> {
    let ours = leaving.ids_of("rest_api");
    let apis = reader.rest_apis().await?;
    let others = apis.iter().filter_map(|api| api.id.as_deref());
    let users: Vec<Option<String>> = stream::iter(others.filter(|api| !ours.contains(api)))
        .map(|api| async move { caller_through(reader, api, id).await })
        .buffered(AT_A_TIME)
        .try_collect()
        .await?;
    let users: Vec<String> = users.into_iter().flatten().collect();
    Ok((!users.is_empty()).then(|| Obstacle {
        address: address.clone(),
        what: format!(
            "other APIs use the VPC link {:?} ({id}), and AWS does not delete one that is in use: {}",
            props.name,
            users.join("; ")
        ),
        help: "point those routes elsewhere or delete them, and deploy that, then run the same command again".into(),
    }))
}

/// An API and its routes that use a link, in words; `None` if none does.
async fn caller_through(
    reader: &Reader,
    api: &str,
    link: &str,
) -> Result<Option<String>, AwsError> {
    let paths = match reader.resources(api).await {
        // It went meanwhile.
        Err(error) if error.is_not_found() => return Ok(None),
        paths => unless_denied(paths)?,
    };
    let mut routes = Vec::new();
    for (route, connection) in paths.iter().flat_map(|paths| connections(paths)) {
        let leads = match variable(connection) {
            Some(variable) => is_the_value(reader, api, variable, link).await?,
            None => connection == link,
        };
        routes.extend(leads.then_some(route));
    }
    routes.sort();
    let called = rest_api::called(reader, api).await?;
    Ok((!routes.is_empty()).then(|| format!("{called} at {}", routes.join(", "))))
}

/// The methods that use VPC links, each with the link's id or the stage variable that names it.
fn connections(paths: &[LivePath]) -> impl Iterator<Item = (String, &str)> {
    paths.iter().flat_map(|path| {
        let methods = path.resource_methods.iter().flatten();
        methods.filter_map(|(verb, method)| {
            let integration = method.method_integration.as_ref()?;
            let linked = integration.connection_type == Some(ConnectionType::VpcLink);
            let connection = integration.connection_id.as_deref().filter(|_| linked)?;
            let path = path.path.as_deref().unwrap_or_default();
            Some((format!("{verb} {path}"), connection))
        })
    })
}

fn variable(connection: &str) -> Option<&str> {
    connection
        .strip_prefix("${stageVariables.")?
        .strip_suffix('}')
}

/// Whether a stage of an API has this value in a variable.
async fn is_the_value(
    reader: &Reader,
    api: &str,
    variable: &str,
    value: &str,
) -> Result<bool, AwsError> {
    let stages = unless_denied(reader.stages(api).await)?;
    Ok(stages.iter().flat_map(|stages| stages.iter()).any(|stage| {
        let variables = stage.variables.as_ref();
        variables
            .and_then(|variables| variables.get(variable))
            .is_some_and(|held| held == value)
    }))
}

/// A link's status.
struct Progress {
    status: Option<VpcLinkStatus>,
    message: Option<String>,
}

impl Progress {
    fn gave_up(&self, operation: &str) -> AwsError {
        AwsError::gave_up(
            operation,
            why(self.status.as_ref(), self.message.as_deref()),
        )
    }
}

/// A link's status message from AWS, if there is one.
fn why(status: Option<&VpcLinkStatus>, message: Option<&str>) -> String {
    let status = status.map_or("without a status", VpcLinkStatus::as_str);
    match message.filter(|message| !message.is_empty()) {
        Some(message) => format!("the VPC link is {status}: {message}"),
        None => format!("the VPC link is {status}, and AWS gave no reason"),
    }
}

async fn look(writer: &Writer, id: &str) -> Result<Option<Progress>, AwsError> {
    let request = writer.apigateway().get_vpc_link().vpc_link_id(id);
    let answer = writer
        .call(Operation::apigateway("GetVpcLink"), request.send())
        .await;
    match answer {
        Err(error) if error.is_not_found() => Ok(None),
        answer => answer.map(|link| {
            Some(Progress {
                status: link.status,
                message: link.status_message,
            })
        }),
    }
}

fn candidate(reader: &Reader, live: &LiveLink) -> Candidate<Props> {
    let name = live.name.clone().unwrap_or_default();
    let tags = tags::live(live.tags.as_ref());
    Candidate {
        props: Props {
            name: name.clone(),
            load_balancer: live.target_arns().join(", ").into(),
            available: live.status == Some(VpcLinkStatus::Available),
            tags: tags.clone(),
        },
        name,
        tags,
        outputs: outputs(reader, live.id.as_deref().unwrap_or_default()),
        unmanaged: Vec::new(),
    }
}

fn outputs(reader: &Reader, id: &str) -> Outputs {
    Outputs::from([
        (OutputName::Id, id.to_owned()),
        (
            OutputName::Arn,
            reader.apigateway_arn(&format!("vpclinks/{id}")),
        ),
    ])
}

/// A link is deleted with the last `via`.
fn road_goes(look: &Look<'_, Props>) -> Option<Note> {
    let works = look.live?.broken.is_none();
    let routes = |resource: &Resource| matches!(resource, Resource::Route(_));
    let api_stays = look.stack.wanted.values().any(routes);
    (works && look.goes_for_good() && api_stays).then_some(())?;
    look.warning(
        "GS120",
        "no route has `via` any more: calls go over the internet instead of through the load balancer, and earlier \
         deployments can't be rolled back to",
    )
}
