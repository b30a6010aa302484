//! The deployments of a stack's API, newest first, and the way back to one of them.
//!
//! A deployment can't be read back: AWS tells which methods it has and who may call them, and nothing of where they lead.
//! So the VPC links it leads through stand in its description, and one that leads through a link that is gone is no place
//! to go back to: every call would end in a 500.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_apigateway::types::{Deployment as LiveDeployment, VpcLink, VpcLinkStatus};
use jiff::Timestamp;

use super::ours::{Ours, made, what_shows};
use super::{
    Access, Beside, Canary, Description, Methods, Shows, beside, canary, methods, serve, serving,
    wanted_stage, without_preflight,
};
use crate::aws::{AwsError, Reader, Writer};
use crate::kinds::rest_api::RestApi;
use crate::kinds::{Desired, Kind, Outputs, Scope};
use crate::model::{Book, OutputName, Place, moment};

/// What was deployed, and what the stage serves of it.
#[derive(Clone, Debug)]
pub struct History {
    /// The API's id.
    pub api: String,
    /// The stage's name.
    pub stage: String,
    /// The id of the deployment that the stage serves; `None` where there is no stage yet.
    pub served: Option<String>,
    /// The part of the callers that is served another deployment.
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
    /// The digest of the configuration it shows; `None` for somebody else's.
    pub digest: Option<String>,
    /// Its description, where it is somebody else's.
    pub description: Option<String>,
    /// Whether callers can be led there.
    pub way: Way,
}

/// Whether callers can be led to a deployment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Way {
    /// They are there.
    Here,
    /// They can.
    Open,
    /// Nobody recorded which VPC links it leads through, so nobody can say.
    Unknown,
    /// It is somebody else's.
    NotOurs,
    /// They can't, as a sentence without a full stop says.
    Closed(String),
}

/// What differs for callers of one method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Difference {
    /// It was not there, and this is what callers need.
    Added(Access),
    /// It is there no longer.
    Gone,
    /// Callers need something else: before, after.
    Access(Access, Access),
}

impl Deployed {
    /// Its id and date, as people read them.
    pub fn name(&self) -> String {
        format!("{} of {}", self.id, moment(self.made))
    }

    /// Whether gatestack made it, for this stack.
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

    /// The one to go back to: the newest of ours that was made before the one that is served. Where that is somebody else's, the
    /// newest of ours, which was served before it.
    pub fn previous(&self) -> Option<&Deployed> {
        let served = self.served()?;
        let mut ours = self.deployments.iter().filter(|one| one.is_ours());
        if served.is_ours() {
            ours.find(|one| *one == served)?;
        }
        ours.next()
    }

    /// Whether one was made before the other.
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

    /// What the stage shows its callers, beside what is configured now.
    ///
    /// # Errors
    /// AWS's refusal of a read.
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
    /// AWS's refusal of a read.
    pub async fn methods(&self, reader: &Reader, id: &str) -> Result<Methods, AwsError> {
        methods::methods(reader, &self.api, id).await
    }

    /// Leads the stage's callers to a deployment, in one call. Whoever asks has looked whether there is a way.
    ///
    /// # Errors
    /// AWS's refusal.
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
/// AWS's refusal of a read.
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
    let stack = desired.ground.stack.clone();
    let ours = Ours::of(&live, &stack, served.as_deref());
    let newest = ours.newest().and_then(|(live, _)| live.id.clone());
    // A stack without a private road is not asked about one.
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
    let mut sorted: Vec<_> = live
        .iter()
        .map(|live| {
            let ours = ours.get(live.id.as_deref());
            (live, ours.map(|(_, description)| description.clone()))
        })
        .collect();
    // Of two made in one second the number tells the newer, and of ours and somebody else's that is served theirs is: ours
    // was served the moment it was made.
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
            way(ours.as_ref(), &links)
        },
        description: live.description.clone().filter(|_| ours.is_none()),
        digest: ours.map(|ours| ours.digest),
    };
    let deployments = sorted.into_iter().map(deployed).collect();
    Ok(Some(History {
        stage: serving
            .and_then(|stage| stage.stage_name.as_deref())
            .or(wanted_stage(&scope))
            .unwrap_or_default()
            .to_owned(),
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

fn way(ours: Option<&Description>, links: &[VpcLink]) -> Way {
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
                let status = status.map_or("of no status", VpcLinkStatus::as_str);
                Some(format!("its VPC link {id} is {status}"))
            }
        }
    });
    closed.map_or(Way::Open, Way::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(links: Option<&[&str]>) -> Description {
        Description {
            digest: "aa".into(),
            number: 1,
            links: links.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect()),
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
        let way = |ours: Option<Description>| way(ours.as_ref(), &links);
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
