//! The deployments and rollbacks, for people and programs.

mod function;

use std::collections::BTreeMap;

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use function::{
    FunctionHistoryReport, FunctionRollback, FunctionRollbackReport, FunctionView,
};

use super::changes::sign;
use super::json::FORMAT;
use super::layout::{counted, indented, listed};
use super::plan::heading;
use super::style::{FAINT, HINT, STRONG, WARNING, paint};
use crate::aws::Count;
use crate::kinds::StackContext;
use crate::kinds::deployment::history::{Deployed, Difference, History, Way, differences};
use crate::kinds::deployment::{Access, Canary, Methods, Shows};
use crate::model::moment;
use crate::plan::Action;

/// How many digits of a digest are shown.
const DIGITS: usize = 8;

/// How many differences of one deployment are in the table.
const SHOWN: usize = 6;

/// The deployments as a table.
pub(crate) struct View<'a> {
    pub(crate) context: &'a StackContext,
    pub(crate) local: bool,
    pub(crate) history: &'a History,
    pub(crate) shows: Option<&'a Shows>,
    /// The methods of each of ours and of those that are served, by its id.
    pub(crate) methods: &'a BTreeMap<String, Methods>,
    pub(crate) reads: u64,
    /// What to type next, the best first.
    pub(crate) next: Vec<String>,
    pub(crate) width: usize,
}

impl View<'_> {
    /// The whole screen.
    pub(crate) fn text(&self) -> String {
        let mut text = heading(self.context, self.local) + "\n";
        if !self.history.deployments.is_empty() {
            text.push_str(&self.table());
            text.push('\n');
        }
        let stage = &self.history.stage;
        let whom = match &self.history.canary {
            Some(_) => format!("allers of the stage {stage} outside of its canary"),
            None => format!("allers of the stage {stage}"),
        };
        let said = match self.shows {
            None => "There is no stage yet.".to_owned(),
            Some(Shows::Configured) => {
                format!("C{whom} see what is configured.")
            }
            Some(Shows::Behind) => format!(
                "The configuration changed since the last deployment: c{whom} don't see it yet."
            ),
            Some(Shows::HeldBack { deployment, .. }) => format!(
                "The stage {stage} is pinned to deployment {deployment}: apply redeploys it only with --forward."
            ),
            Some(Shows::Unknown { deployment, .. }) => format!(
                "The stage {stage} serves deployment {deployment}, which gatestack did not make. AWS exposes its methods \
                 but not their integrations or scopes, so it may serve anything, changes by hand included:"
            ),
        };
        text.push_str(&indented(&said, 0, self.width));
        if let Some(Shows::Unknown { deployment, .. }) = self.shows {
            text.push_str(&self.summary(deployment));
        }
        if let Some(canary) = &self.history.canary {
            let said = format!(
                "{} gatestack leaves it as it is. It serves:",
                sent_away(stage, canary)
            );
            text.push_str(&indented(&said, 0, self.width));
            text.push_str(&self.summary(&canary.deployment));
            let removal = Canary::removal(&self.context.region, &self.history.api, stage);
            text.push_str(&format!("This removes it:\n    {removal}\n"));
        }
        for other in &self.history.beside {
            let said = format!(
                "The stage {} of this API is not the file's, and gatestack leaves it as it is. It serves deployment {}:",
                other.stage, other.deployment
            );
            text.push_str(&indented(&said, 0, self.width));
            text.push_str(&self.summary(&other.deployment));
        }
        let reads = format!("({} of AWS)", counted(self.reads, "read"));
        text.push_str(&format!("{}\n", paint(FAINT, &reads)));
        for (place, next) in self.next.iter().enumerate() {
            let label = if place == 0 { "Next:" } else { "  or:" };
            text.push_str(&format!("{} {next}\n", paint(HINT, label)));
        }
        text
    }

    /// The requirements of each method of a deployment.
    fn summary(&self, deployment: &str) -> String {
        let methods = || self.methods.get(deployment).into_iter().flatten();
        let column = methods().map(|(method, _)| method.chars().count()).max();
        let column = column.unwrap_or_default();
        methods()
            .map(|(method, access)| format!("    {method:column$}  {}\n", needs(*access)))
            .collect()
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(self.width).unwrap_or(u16::MAX))
            .set_header(["", "deployment", "made", "digest", "methods", "rollback"]);
        for (place, deployed) in self.history.deployments.iter().enumerate() {
            let here = if deployed.way == Way::Here { "→" } else { "" };
            let digest = deployed.digest.as_deref().unwrap_or("-");
            table.add_row([
                here.to_owned(),
                deployed.id.clone(),
                moment(deployed.made),
                digest.chars().take(DIGITS).collect(),
                self.methods(place),
                way(deployed),
            ]);
        }
        // Only what is a text wraps.
        for column in table.column_iter_mut().take(4) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        let lines = table.lines();
        lines.map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// How many methods a deployment has, and how it differs from our previous one.
    fn methods(&self, place: usize) -> String {
        let deployments = &self.history.deployments;
        let Some(methods) = self.methods.get(&deployments[place].id) else {
            return "-".into();
        };
        let mut lines = vec![methods.len().to_string()];
        let older = deployments[place + 1..].iter();
        let mut older = older.filter(|deployed| deployed.is_ours());
        let before = older.find_map(|deployed| self.methods.get(&deployed.id));
        if let Some(before) = before {
            let differences = differences(before, methods);
            let shown = differences.iter().take(SHOWN);
            lines.extend(shown.map(|(method, difference)| short(method, *difference)));
            if differences.len() > SHOWN {
                lines.push(format!("and {} more", differences.len() - SHOWN));
            }
        }
        lines.join("\n")
    }
}

fn sent_away(stage: &str, canary: &Canary) -> String {
    format!(
        "A canary that gatestack did not make sends {}% of the callers of {stage} to deployment {}.",
        canary.percent, canary.deployment
    )
}

fn way(deployed: &Deployed) -> String {
    match &deployed.way {
        Way::Here => "served now".into(),
        Way::Open => "possible".into(),
        Way::Unknown => "by its id: its VPC links and functions are not recorded".into(),
        Way::NotOurs => match &deployed.description {
            Some(description) => format!("no: gatestack did not make it, {description:?}"),
            None => "no: gatestack did not make it".into(),
        },
        Way::Closed(_) | Way::Shut(_) => {
            format!("no: {}", deployed.way.why_not().unwrap_or_default())
        }
    }
}

fn short(method: &str, difference: Difference) -> String {
    match difference {
        Difference::Added(_) => format!("+ {method}"),
        Difference::Gone => format!("- {method}"),
        Difference::Access(_, after) => format!("~ {method}: {}", needs(after)),
    }
}

fn needs(access: Access) -> &'static str {
    match (access.token, access.api_key) {
        _ if access.signature && access.api_key => "needs a request signed for AWS and an API key",
        _ if access.signature => "needs a request signed for AWS, and no API key",
        (true, true) => "needs a token and an API key",
        (true, false) => "needs a token, and no API key",
        (false, true) => "needs an API key, and no token",
        (false, false) => "needs neither a token nor an API key",
    }
}

/// A switch from one deployment to another.
pub(crate) struct Rollback<'a> {
    pub(crate) context: &'a StackContext,
    pub(crate) local: bool,
    pub(crate) history: &'a History,
    pub(crate) from: &'a Deployed,
    pub(crate) to: &'a Deployed,
    pub(crate) differences: &'a BTreeMap<String, Difference>,
    pub(crate) width: usize,
}

impl Rollback<'_> {
    /// What callers will meet.
    pub(crate) fn text(&self) -> String {
        let mut text = heading(self.context, self.local) + "\n";
        let said = format!(
            "The stage {} switches from deployment {}{} to deployment {}, and serves the API as it was deployed then:",
            self.history.stage,
            self.from.name(),
            match self.from.is_ours() {
                true => "",
                false => ", which gatestack did not make,",
            },
            self.to.name()
        );
        text.push_str(&indented(&said, 0, self.width));
        let column = self.differences.keys().map(|method| method.chars().count());
        let column = column.max().unwrap_or_default();
        for (method, difference) in self.differences {
            let (action, words) = match difference {
                Difference::Added(access) => {
                    (Action::Create, format!("is there, {}", needs(*access)))
                }
                Difference::Gone => (Action::Delete, "is not there".to_owned()),
                Difference::Access(_, after) => (Action::Update, needs(*after).to_owned()),
            };
            let (sign, style) = sign(action);
            let sign = paint(style, &format!("{sign:>3}"));
            text.push_str(&format!("{sign} {method:column$}  {words}\n"));
        }
        if self.differences.is_empty() {
            text.push_str("    the same methods, for the same callers\n");
        }
        text.push_str(&self.opened());
        if let Some(canary) = &self.history.canary {
            let warning = format!(
                "{} They stay there.",
                sent_away(&self.history.stage, canary)
            );
            text.push_str(&super::fields::hanging(
                &(paint(WARNING, "warning") + ":"),
                8,
                &warning,
                self.width,
            ));
        }
        text.push_str(&indented(
            "Integrations, scopes and error responses go back too; AWS does not expose the old values. Clients, keys, \
             usage plans and the stage's own settings stay as they are.",
            0,
            self.width,
        ));
        if self.to.way == Way::Unknown {
            let warning = "it does not record its VPC links and functions: where one of them is gone, or may not be invoked any \
                           more, calls through it end in a 500";
            let lines =
                super::fields::hanging(&(paint(WARNING, "warning") + ":"), 8, warning, self.width);
            text.push_str(&lines);
        }
        text
    }

    /// A warning about methods that become public.
    fn opened(&self) -> String {
        let opens = |difference: &Difference| match difference {
            Difference::Added(after) | Difference::Access(_, after) => after.is_open(),
            Difference::Gone => false,
        };
        let opened = self
            .differences
            .iter()
            .filter(|(_, difference)| opens(difference));
        let opened: Vec<String> = opened.map(|(method, _)| method.clone()).collect();
        if opened.is_empty() {
            return String::new();
        }
        let warning = format!(
            "anyone may call {} then, without a token or an API key",
            listed(&opened)
        );
        super::fields::hanging(&(paint(WARNING, "warning") + ":"), 8, &warning, self.width)
    }

    /// How it ended.
    pub(crate) fn end(&self, requests: Count, moved: bool, next: &str) -> String {
        let stage = &self.history.stage;
        let to = self.to.name();
        if !moved {
            let said = format!("The stage {stage} serves deployment {to} already.");
            let reads = format!("({} of AWS)", counted(requests.reads, "read"));
            return format!("{} {}\n", paint(STRONG, &said), paint(FAINT, &reads));
        }
        let done = if self.history.is_before(self.to, self.from) {
            "Rolled back"
        } else {
            "Rolled forward"
        };
        let said = format!("{done}: the stage {stage} serves deployment {to}.");
        let counts = format!(
            "It took {} and {}.",
            counted(requests.reads, "read"),
            counted(requests.writes, "write")
        );
        let rest = if self.history.is_newest(self.to) {
            counts
        } else {
            format!("{counts} The stage is pinned: apply redeploys it only with --forward.")
        };
        format!(
            "\n{}\n{}{} {next}\n",
            paint(STRONG, &said),
            indented(&rest, 0, self.width),
            paint(HINT, "Next:")
        )
    }
}

/// What `history --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum AnyHistoryReport {
    /// Of the stage.
    Stage(HistoryReport),
    /// Of a function's alias.
    Function(FunctionHistoryReport),
}

/// What `history --json` prints without a function.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HistoryReport {
    /// The version of this format.
    pub(crate) format_version: String,
    /// The API's id.
    pub(crate) api: String,
    /// The stage's name.
    pub(crate) stage: String,
    /// The id of the deployment that the stage serves; null where there is no stage yet.
    pub(crate) served: Option<String>,
    /// `configured`, `behind`, `held_back`, or `unknown` where gatestack did not make the deployment that is served; null where
    /// there is no stage yet.
    pub(crate) shows: Option<String>,
    /// The part of the callers that a canary serves another deployment; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) canary: Option<CanaryReport>,
    /// Other stages of the API, which are not the file's; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) beside: Vec<BesideReport>,
    /// Newest first.
    pub(crate) deployments: Vec<DeployedReport>,
}

/// A canary on the stage.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CanaryReport {
    /// The id of the deployment that it serves.
    pub(crate) deployment: String,
    /// How many of a hundred callers it is served to.
    pub(crate) percent: f64,
}

/// Another stage of the API.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BesideReport {
    /// Its name.
    pub(crate) stage: String,
    /// The id of the deployment that it serves.
    pub(crate) deployment: String,
}

/// One deployment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DeployedReport {
    /// Its id.
    pub(crate) id: String,
    /// When it was made, as RFC 3339 says it.
    pub(crate) made: String,
    /// The digest of the configuration it shows; null where gatestack did not make it.
    pub(crate) digest: Option<String>,
    /// Its description, where gatestack did not make it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// `served`, `possible`, `unknown`, `not_ours` or `impossible`.
    pub(crate) rollback: String,
    /// Why not, where it is impossible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Its methods and what their callers need; absent for one that gatestack did not make and no stage serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) methods: Option<BTreeMap<String, AccessReport>>,
}

/// What callers of a method need.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AccessReport {
    /// Whether they need a token.
    pub(crate) token: bool,
    /// Whether they need a request that is signed with credentials of AWS.
    pub(crate) signature: bool,
    /// Whether they need an API key.
    pub(crate) api_key: bool,
}

impl From<Access> for AccessReport {
    fn from(access: Access) -> Self {
        Self {
            token: access.token,
            signature: access.signature,
            api_key: access.api_key,
        }
    }
}

impl HistoryReport {
    pub(crate) fn new(
        history: &History,
        shows: Option<&Shows>,
        methods: &BTreeMap<String, Methods>,
    ) -> Self {
        let deployed = |deployed: &Deployed| {
            let rollback = match &deployed.way {
                Way::Here => "served",
                Way::Open => "possible",
                Way::Unknown => "unknown",
                Way::NotOurs => "not_ours",
                Way::Closed(_) | Way::Shut(_) => "impossible",
            };
            DeployedReport {
                id: deployed.id.clone(),
                made: deployed.made.to_string(),
                digest: deployed.digest.clone(),
                description: deployed.description.clone(),
                rollback: rollback.into(),
                reason: deployed.way.why_not(),
                methods: methods.get(&deployed.id).map(|methods| {
                    let methods = methods.iter();
                    methods
                        .map(|(method, access)| (method.clone(), (*access).into()))
                        .collect()
                }),
            }
        };
        Self {
            format_version: FORMAT.into(),
            api: history.api.clone(),
            stage: history.stage.clone(),
            served: history.served.clone(),
            shows: shows.map(|shows| {
                match shows {
                    Shows::Configured => "configured",
                    Shows::Behind => "behind",
                    Shows::HeldBack { .. } => "held_back",
                    Shows::Unknown { .. } => "unknown",
                }
                .into()
            }),
            canary: history.canary.as_ref().map(|canary| CanaryReport {
                deployment: canary.deployment.clone(),
                percent: canary.percent,
            }),
            beside: history
                .beside
                .iter()
                .map(|other| BesideReport {
                    stage: other.stage.clone(),
                    deployment: other.deployment.clone(),
                })
                .collect(),
            deployments: history.deployments.iter().map(deployed).collect(),
        }
    }
}

/// What `rollback --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum AnyRollbackReport {
    /// Of the stage.
    Stage(RollbackReport),
    /// Of a function's alias.
    Function(FunctionRollbackReport),
}

/// What `rollback --json` prints without a function.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RollbackReport {
    /// The version of this format.
    pub(crate) format_version: String,
    /// The API's id.
    pub(crate) api: String,
    /// The stage's name.
    pub(crate) stage: String,
    /// The deployment that was served before.
    pub(crate) from: String,
    /// The deployment that is served now.
    pub(crate) to: String,
    /// Whether anything was written: nothing is where callers are there already.
    pub(crate) changed: bool,
    /// What differs for callers, by method.
    pub(crate) differences: BTreeMap<String, DifferenceReport>,
}

/// What differs for callers of a method.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub(crate) enum DifferenceReport {
    /// It was not there.
    Added,
    /// It is there no longer.
    Gone,
    /// Callers need something else.
    Access {
        /// What they needed.
        before: AccessReport,
        /// What they need.
        after: AccessReport,
    },
}

impl RollbackReport {
    pub(crate) fn new(rollback: &Rollback<'_>, changed: bool) -> Self {
        let differences = rollback.differences.iter().map(|(method, difference)| {
            let report = match difference {
                Difference::Added(_) => DifferenceReport::Added,
                Difference::Gone => DifferenceReport::Gone,
                Difference::Access(before, after) => DifferenceReport::Access {
                    before: (*before).into(),
                    after: (*after).into(),
                },
            };
            (method.clone(), report)
        });
        Self {
            format_version: FORMAT.into(),
            api: rollback.history.api.clone(),
            stage: rollback.history.stage.clone(),
            from: rollback.from.id.clone(),
            to: rollback.to.id.clone(),
            changed,
            differences: differences.collect(),
        }
    }
}
