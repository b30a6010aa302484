//! A plan as a file: everything an apply needs, and everything to check whether the plan is stale. Unlike `plan --json`, which is
//! a stable format for programs and leaves out what only steps need, this one is only read by the version that wrote it.

use std::collections::BTreeMap;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Options, Patterns, Plan};
use crate::kinds::{Desired, Observation};
use crate::model::shorten::shortened;
use crate::model::{digest, is_glob};

/// The number of the format; another one is refused.
const FORMAT: u32 = 4;

/// The member that makes a JSON file a saved plan, and holds the format's number.
const MARK: &str = "gatestack_plan";

/// The most resources of a plan: twice those of ten thousand partners, the most an account can have.
const MOST_RESOURCES: usize = 60_000;

/// The most names in each list of options.
const MOST_NAMES: usize = 10_000;

/// The most of them that are globs: each is matched against every address.
const MOST_PATTERNS: usize = 500;

/// The longest of them in bytes: a quoted address may have two bytes for each of a key's.
const LONGEST_NAME: usize = 8_192;

/// A plan that was saved.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Saved {
    /// Whether it is about the local AWS.
    pub local: bool,
    /// Its options.
    pub inputs: Inputs,
    /// Whether the stack's name was given: the consent to a destroy.
    pub confirmed: bool,
    /// What the file expanded to: account, Region and the wanted resources.
    pub desired: Desired,
    /// The observation.
    pub observation: Observation,
    /// The plan, as it was shown. It is computed again before it is executed.
    pub plan: Plan,
}

/// The options of a plan, beside the file.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Inputs {
    /// `--env`.
    pub environment: Option<String>,
    /// `--var`, by name.
    pub vars: BTreeMap<String, String>,
    /// The stack file, as the command line names it.
    pub file: String,
    /// Whether everything is to go.
    pub destroy: bool,
    /// `--target`.
    pub targets: Vec<String>,
    /// `--allow-delete`.
    pub allow_delete: Vec<String>,
    /// `--replace`.
    pub replace: Vec<String>,
    /// `--forward`.
    pub forward: bool,
}

impl Inputs {
    /// For the planner.
    pub fn options(&self) -> Options {
        Options {
            destroy: self.destroy,
            targets: Patterns::new(self.targets.iter().cloned()),
            allow_delete: Patterns::new(self.allow_delete.iter().cloned()),
            replace: Patterns::new(self.replace.iter().cloned()),
            forward: self.forward,
        }
    }
}

/// Why a text is not a saved plan.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is something else.
    #[error("it is not a plan that gatestack saved")]
    NotAPlan,
    /// It begins like one, but is truncated or was changed.
    #[error("the plan is damaged: {0}")]
    Damaged(String),
    /// Its format is another one.
    #[error("the plan has format {0}, and this gatestack reads format {FORMAT}")]
    Format(u64),
    /// There is more in it than is read.
    #[error("{0}")]
    TooMuch(String),
    /// Another version wrote it, whose steps may mean something else.
    #[error("gatestack {} saved the plan, and this is gatestack {version}", shortened(.0), version = env!("CARGO_PKG_VERSION"))]
    Version(String),
}

#[derive(Serialize)]
struct Envelope<'a> {
    gatestack_plan: u32,
    version: &'static str,
    digest: String,
    content: &'a Value,
}

impl Saved {
    /// The plan as text.
    ///
    /// # Errors
    /// A value that JSON can't hold, or more than would be read again.
    pub fn to_text(&self) -> serde_json::Result<String> {
        self.is_of_usual_size().map_err(serde_json::Error::custom)?;
        let content = serde_json::to_value(self)?;
        let envelope = Envelope {
            gatestack_plan: FORMAT,
            version: env!("CARGO_PKG_VERSION"),
            digest: digest(content.to_string().as_bytes()),
            content: &content,
        };
        Ok(serde_json::to_string(&envelope)? + "\n")
    }

    /// The plan in a text.
    ///
    /// # Errors
    /// This version did not write it.
    pub fn from_text(text: &str) -> Result<Self, Unreadable> {
        let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string());
        if !is_one(text) {
            return Err(Unreadable::NotAPlan);
        }
        let envelope: Value = serde_json::from_str(text).map_err(damaged)?;
        let format = envelope[MARK]
            .as_u64()
            .ok_or_else(|| Unreadable::Damaged("its format is not a number".into()))?;
        if format != u64::from(FORMAT) {
            return Err(Unreadable::Format(format));
        }
        let version = envelope["version"].as_str().unwrap_or_default();
        if version != env!("CARGO_PKG_VERSION") {
            return Err(Unreadable::Version(version.into()));
        }
        let content = &envelope["content"];
        if envelope["digest"].as_str() != Some(digest(content.to_string().as_bytes()).as_str()) {
            return Err(Unreadable::Damaged(
                "it is not as it was written".to_owned(),
            ));
        }
        let mut saved = Self::deserialize(content).map_err(damaged)?;
        saved.is_of_usual_size().map_err(Unreadable::TooMuch)?;
        saved.plan.book = saved.observation.book();
        // If serializing it again gives another text, this version did not write it: an unknown member, a repeated one.
        if serde_json::to_value(&saved).map_err(damaged)? != *content {
            return Err(Unreadable::Damaged(
                "it is not as it was written".to_owned(),
            ));
        }
        Ok(saved)
    }
}

impl Saved {
    fn is_of_usual_size(&self) -> Result<(), String> {
        let inputs = &self.inputs;
        let plan = &self.plan;
        for (what, count, most) in [
            ("resources", self.desired.resources.len(), MOST_RESOURCES),
            (
                "resources of AWS",
                self.observation.live.len(),
                MOST_RESOURCES,
            ),
            ("changes", plan.changes.len(), 2 * MOST_RESOURCES),
            ("steps", plan.steps.len(), 2 * MOST_RESOURCES),
            ("variables", inputs.vars.len(), MOST_NAMES),
        ] {
            if count > most {
                return Err(format!(
                    "the plan has {count} {what}, and at most {most} are read"
                ));
            }
        }
        for (flag, names) in [
            ("--adopt", self.desired.adopt.texts()),
            ("--target", &inputs.targets[..]),
            ("--allow-delete", &inputs.allow_delete[..]),
            ("--replace", &inputs.replace[..]),
        ] {
            let patterns = names.iter().filter(|name| is_glob(name)).count();
            for (what, count, most) in [
                ("", names.len(), MOST_NAMES),
                (" as a pattern", patterns, MOST_PATTERNS),
            ] {
                if count > most {
                    return Err(format!(
                        "the plan has {count} times {flag}{what}, and at most {most} are read"
                    ));
                }
            }
            if let Some(long) = names.iter().find(|name| name.len() > LONGEST_NAME) {
                return Err(format!(
                    "the plan has {flag} '{}', which is longer than the {LONGEST_NAME} bytes of an address",
                    shortened(long)
                ));
            }
        }
        Ok(())
    }
}

/// Whether a text, however it goes on, begins like a saved plan.
fn is_one(text: &str) -> bool {
    let text = text.trim_start().strip_prefix('{').unwrap_or_default();
    text.trim_start().starts_with(&format!("\"{MARK}\""))
}

impl Unreadable {
    /// Whether it is something else, which must not be overwritten.
    pub fn is_something_else(&self) -> bool {
        matches!(self, Self::NotAPlan)
    }
}
