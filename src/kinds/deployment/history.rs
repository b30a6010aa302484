//! The deployments of a stack's API, newest first, and rollbacks.
//!
//! A deployment can't be read back: AWS returns its methods and their requirements, but not their integrations. So its VPC links
//! and functions are in its description, and one with a deleted link, or a function that the API may not invoke any more, can't be
//! served again: calls would get 500.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_apigateway::types::{Deployment as LiveDeployment, VpcLink, VpcLinkStatus};
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::ours::{Ours, made, what_shows};
use super::{
    Access, Beside, Canary, Description, Methods, Shows, beside, canary, methods, serve, serving,
    wanted_stage, without_preflight,
};
use crate::aws::{AwsError, Reader, Writer};
use crate::kinds::function_permission::{lets_in, policies};
use crate::kinds::rest_api::RestApi;
use crate::kinds::{Desired, Kind, Outputs, Scope};
use crate::model::shorten::some_of;
use crate::model::{Book, OutputName, Place, moment};

/// The deployments, and which one the stage serves.
#[derive(Clone, Debug)]
pub struct History {
    /// The API's id.
    pub api: String,
    /// The stage's name.
    pub stage: String,
    /// The id of the deployment that the stage serves; `None` where there is no stage yet.
    pub served: Option<String>,
    /// The canary of the stage.
    pub canary: Option<Canary>,
    /// What other stages of the API serve.
    pub beside: Vec<Beside>,
    /// Every deployment of the API, newest first.
    pub deployments: Vec<Deployed>,
    stack: String,
    newest: Option<String>,
    live: Arc<Vec<LiveDeployment>>,
}

/// One deployment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deployed {
    /// Its id.
    pub id: String,
    /// When it was made, to the second.
    pub made: Timestamp,
    /// The digest of its configuration; `None` if gatestack did not create it.
    pub digest: Option<String>,
    /// Its description, if gatestack did not create it.
    pub description: Option<String>,
    /// Whether it can be served again.
    pub way: Way,
}

/// Whether a deployment can be served again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Way {
    /// They are there.
    Here,
    /// They can.
    Open,
    /// Its VPC links or functions were not recorded, so this is not known.
    Unknown,
    /// It is not gatestack's.
    NotOurs,
    /// It can't, with the reason in a sentence without a full stop.
    Closed(String),
    /// It can't: the API may not invoke the functions of these methods.
    Shut(Vec<String>),
}

impl Way {
    /// Why it can't, in a sentence without a full stop.
    pub fn why_not(&self) -> Option<String> {
        match self {
            Self::Here | Self::Open | Self::Unknown | Self::NotOurs => None,
            Self::Closed(why) => Some(why.clone()),
            Self::Shut(methods) => Some(format!(
                "the API may no longer invoke what {} {}",
                some_of(methods.iter().map(String::as_str)),
                if methods.len() == 1 {
                    "invokes"
                } else {
                    "invoke"
                },
            )),
        }
    }
}

/// The difference of one method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Difference {
    /// It is new, with these requirements.
    Added(Access),
    /// It is removed.
    Gone,
    /// Its requirements change: before, after.
    Access(Access, Access),
}

impl Deployed {
    /// Its id and date, for display.
    pub fn name(&self) -> String {
        format!("{} of {}", self.id, moment(self.made))
    }

    /// Whether gatestack created it, for this stack.
    pub fn is_ours(&self) -> bool {
        self.digest.is_some()
    }
}

impl History {
    /// The one that the stage serves.
    pub fn served(&self) -> Option<&Deployed> {
        self.deployment(self.served.as_deref()?)
    }

    /// One by its id.
    pub fn deployment(&self, id: &str) -> Option<&Deployed> {
        self.deployments.iter().find(|deployed| deployed.id == id)
    }

    /// The default for a rollback: the newest of ours before the served one. If that is not ours, the newest of ours.
    pub fn previous(&self) -> Option<&Deployed> {
        let served = self.served()?;
        let mut ours = self.deployments.iter().filter(|one| one.is_ours());
        if served.is_ours() {
            ours.find(|one| *one == served)?;
        }
        ours.next()
    }

    /// Whether one was created before the other.
    pub fn is_before(&self, one: &Deployed, other: &Deployed) -> bool {
        let place = |of: &Deployed| {
            let mut deployments = self.deployments.iter();
            deployments.position(|deployed| deployed.id == of.id)
        };
        place(one) > place(other)
    }

    /// Whether it is the newest of ours.
    pub fn is_newest(&self, deployed: &Deployed) -> bool {
        self.newest.as_ref() == Some(&deployed.id)
    }

    /// What the stage serves, compared with what is configured now.
    ///
    /// # Errors
    /// A read failed.
    pub async fn shows(&self, reader: &Reader) -> Result<Option<Shows>, AwsError> {
        let Some(served) = &self.served else {
            return Ok(None);
        };
        let configured = super::content::digest(reader, &self.api).await?;
        Ok(Some(what_shows(
            &self.live,
            &self.stack,
            served,
            &configured,
            None,
        )))
    }

    /// The methods of one deployment.
    ///
    /// # Errors
    /// A read failed.
    pub async fn methods(&self, reader: &Reader, id: &str) -> Result<Methods, AwsError> {
        methods::methods(reader, &self.api, id).await
    }

    /// Switches the stage to a deployment, in one call. The caller has checked that it can be served.
    ///
    /// # Errors
    /// The call failed.
    pub async fn lead(&self, writer: &Writer, id: &str) -> Result<(), AwsError> {
        serve(writer, &self.api, &self.stage, id).await
    }
}

/// What differs between two deployments, method by method, preflight aside.
pub fn differences(before: &Methods, after: &Methods) -> BTreeMap<String, Difference> {
    let (before, after) = (without_preflight(before), without_preflight(after));
    let methods: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs = |method: &String| match (before.get(method), after.get(method)) {
        (None, Some(after)) => Some(Difference::Added(*after)),
        (Some(_), None) => Some(Difference::Gone),
        (Some(before), Some(after)) if before != after => Some(Difference::Access(*before, *after)),
        _ => None,
    };
    methods
        .into_iter()
        .filter_map(|method| Some((method.clone(), differs(method)?)))
        .collect()
}

/// Reads the deployments of the stack's API; `None` where there is no API yet.
///
/// # Errors
/// A read failed.
pub async fn history(reader: &Reader, desired: &Desired) -> Result<Option<History>, AwsError> {
    let book = Book::default();
    let scope = Scope {
        desired,
        book: &book,
        destroy: false,
    };
    let found = RestApi::observe(reader, &scope).await?;
    let apis = found.owned.into_iter();
    let apis = apis.filter(|found| found.address == Place::Api.address());
    let mut apis: Vec<String> = apis.map(|found| id(&found.outputs)).collect();
    if apis.len() > 1 {
        return Err(AwsError::gave_up(
            "GetRestApis",
            format!(
                "several REST APIs carry the address {}, and `plan` says which one is in use: {}",
                Place::Api.address(),
                apis.join(", ")
            ),
        ));
    }
    let Some(api) = apis.pop() else {
        return Ok(None);
    };
    let stages = reader.stages(&api).await?;
    let live = reader.deployments(&api).await?;
    let serving = serving(&scope, &stages, &live);
    let served = serving.and_then(|stage| stage.deployment_id.clone());
    let stack = desired.context.stack.clone();
    let ours = Ours::of(&live, &stack, served.as_deref());
    let newest = ours.newest().and_then(|(live, _)| live.id.clone());
    // Without a private backend, its resources are not read.
    let leads_through_links = ours
        .0
        .iter()
        .any(|(_, ours)| ours.links.as_ref().is_some_and(|links| !links.is_empty()));
    let links = if leads_through_links {
        reader.vpc_links().await?
    } else {
        Arc::default()
    };
    let canary = canary(reader, &api, serving).await?;
    let beside = beside(reader, &api, serving, &stages).await?;
    let stage = serving.and_then(|stage| stage.stage_name.as_deref());
    let stage = stage
        .or(wanted_stage(&scope))
        .unwrap_or_default()
        .to_owned();
    let shut = shut(reader, &scope, &api, &stage, &ours, served.as_deref()).await?;
    let mut sorted: Vec<_> = live
        .iter()
        .map(|live| {
            let ours = ours.get(live.id.as_deref());
            (live, ours.map(|(_, description)| description.clone()))
        })
        .collect();
    // Of two created in one second the higher number is newer; of ours and a foreign one that is served, the foreign one is: ours
    // was served when it was created.
    let age = |(live, ours): &(&LiveDeployment, Option<Description>)| {
        let took_over = ours.is_none() && live.id == served;
        let number = ours.as_ref().map_or(0, |ours| ours.number);
        (made(live), took_over, number)
    };
    sorted.sort_by_key(|deployment| std::cmp::Reverse(age(deployment)));
    let deployed = |(live, ours): (&LiveDeployment, Option<Description>)| Deployed {
        id: live.id.clone().unwrap_or_default(),
        made: made(live),
        way: if live.id == served {
            Way::Here
        } else {
            let shut = live.id.as_ref().and_then(|id| shut.get(id));
            way(ours.as_ref(), &links, shut)
        },
        description: live.description.clone().filter(|_| ours.is_none()),
        digest: ours.map(|ours| ours.digest),
    };
    let deployments = sorted.into_iter().map(deployed).collect();
    Ok(Some(History {
        stage,
        served,
        canary,
        beside,
        deployments,
        stack,
        newest,
        api,
        live,
    }))
}

fn id(outputs: &Outputs) -> String {
    outputs.get(&OutputName::Id).cloned().unwrap_or_default()
}

/// The methods of our deployments that the stage does not serve whose functions the API may not invoke, by the deployments' ids;
/// `None` if the record of one does not fit its methods. Nothing is read without a function.
async fn shut(
    reader: &Reader,
    scope: &Scope<'_>,
    api: &str,
    stage: &str,
    ours: &Ours<'_>,
    served: Option<&str>,
) -> Result<BTreeMap<String, Option<Vec<String>>>, AwsError> {
    let others = ours.0.iter().filter_map(|(live, description)| {
        let id = live.id.as_deref().filter(|id| Some(*id) != served)?;
        Some((id, description.invoked.as_ref()?))
    });
    let others: Vec<_> = others.filter(|(_, invoked)| !invoked.is_empty()).collect();
    if others.is_empty() {
        return Ok(BTreeMap::new());
    }
    let policies = Box::pin(policies(reader, scope));
    let methods = others
        .iter()
        .map(|(id, _)| methods::methods(reader, api, id));
    let (policies, methods) = tokio::try_join!(policies, try_join_all(methods))?;
    let region = &*scope.desired.context.region;
    let shut = others.iter().zip(methods).map(|((id, invoked), methods)| {
        let shut = invoked.of(methods.keys()).map(|invoking| {
            let shut = invoking.into_iter().filter(|(method, is_its)| {
                let mut its = policies.iter().filter(|(arn, _)| is_its(arn));
                !its.any(|(arn, policy)| lets_in(policy, arn, region, api, stage, method))
            });
            shut.map(|(method, _)| method.to_owned()).collect()
        });
        ((*id).to_owned(), shut)
    });
    Ok(shut.collect())
}

fn way(ours: Option<&Description>, links: &[VpcLink], shut: Option<&Option<Vec<String>>>) -> Way {
    let Some(ours) = ours else {
        return Way::NotOurs;
    };
    let Some(through) = &ours.links else {
        return Way::Unknown;
    };
    let closed = through.iter().find_map(|id| {
        let link = links.iter().find(|link| link.id.as_ref() == Some(id));
        match link.map(|link| link.status.as_ref()) {
            None => Some(format!("its VPC link {id} is gone")),
            Some(Some(VpcLinkStatus::Available)) => None,
            Some(status) => {
                let status = status.map_or("without a status", VpcLinkStatus::as_str);
                Some(format!("its VPC link {id} is {status}"))
            }
        }
    });
    match (closed, &ours.invoked, shut) {
        (Some(why), ..) => Way::Closed(why),
        (None, None, _) | (None, _, Some(None)) => Way::Unknown,
        (None, _, Some(Some(methods))) if !methods.is_empty() => Way::Shut(methods.clone()),
        (None, Some(_), _) => Way::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::deployment::Invoked;

    fn ours(links: Option<&[&str]>) -> Description {
        Description {
            digest: "aa".into(),
            number: 1,
            links: links.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()),
            invoked: Invoked::parse("none"),
            first_of: None,
        }
    }

    #[test]
    fn the_way_is_open_where_every_link_is_at_work() {
        let link = |id: &str, status| VpcLink::builder().id(id).status(status).build();
        let links = [
            link("works", VpcLinkStatus::Available),
            link("broken", VpcLinkStatus::Failed),
        ];
        let way = |ours: Option<Description>| way(ours.as_ref(), &links, None);
        assert_eq!(way(Some(ours(Some(&[])))), Way::Open);
        assert_eq!(way(Some(ours(Some(&["works"])))), Way::Open);
        assert_eq!(
            way(Some(ours(Some(&["works", "away"])))),
            Way::Closed("its VPC link away is gone".into())
        );
        assert_eq!(
            way(Some(ours(Some(&["broken"])))),
            Way::Closed("its VPC link broken is FAILED".into())
        );
        assert_eq!(way(Some(ours(None))), Way::Unknown);
        assert_eq!(way(None), Way::NotOurs);
    }

    #[test]
    fn the_way_is_open_where_every_function_may_be_invoked() {
        let mut ours = ours(Some(&[]));
        let methods = vec!["GET /a".to_owned()];
        for (shut, expected) in [
            (None, Way::Open),
            (Some(Some(vec![])), Way::Open),
            (Some(Some(methods.clone())), Way::Shut(methods)),
            (Some(None), Way::Unknown),
        ] {
            assert_eq!(way(Some(&ours), &[], shut.as_ref()), expected);
        }
        ours.invoked = None;
        assert_eq!(way(Some(&ours), &[], None), Way::Unknown, "not recorded");
    }

    #[test]
    fn differences_are_told_by_method() {
        let methods = |list: &[(&str, bool)]| -> Methods {
            let entry = |(method, token): &(&str, bool)| {
                let access = Access {
                    token: *token,
                    signature: false,
                    api_key: false,
                };
                ((*method).to_owned(), access)
            };
            list.iter().map(entry).collect()
        };
        let before = methods(&[("GET /a", true), ("GET /b", true), ("GET /c", true)]);
        let after = methods(&[("GET /b", false), ("GET /c", true), ("GET /d", true)]);
        let found: Vec<_> = differences(&before, &after).into_iter().collect();
        let access = |token| Access {
            token,
            signature: false,
            api_key: false,
        };
        assert_eq!(
            found,
            [
                ("GET /a".into(), Difference::Gone),
                (
                    "GET /b".into(),
                    Difference::Access(access(true), access(false))
                ),
                ("GET /d".into(), Difference::Added(access(true))),
            ]
        );
    }
}
