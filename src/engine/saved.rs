//! Saved plans: executing exactly the saved plan, if nothing has changed since.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

use super::environment;
use super::files::{self, Readers};
use super::invocation::{Invocation, repeated};
use super::listener::Listener;
use super::run::stale;
use super::scope::{FORWARD, Scope, other_name};
use super::session::{Planned, Purpose, Session, lookups};
use super::stack_file::load_quietly;
use super::stop::{Stops, or_stop};
use crate::code::Code;
use crate::error::{Error, Fault, FaultKind};
use crate::kinds::Desired;
use crate::model::shell_word;
use crate::plan::{Altered, Outdated, Patterns, Plan, Problem, Saved, Unreadable};
use crate::stack::{self, Checked, CodeReading, GivenKeys};

/// Writes a plan to a temporary file and renames it, so that no reader sees half a plan. Only its owner can read it: it contains
/// no secret, but all about the stack.
///
/// # Errors
/// The file can't be written, or something else is there.
pub fn save(path: &Path, saved: &Saved) -> Result<(), Error> {
    if let Some(there) = files::text(path)?
        && Saved::from_text(&there).is_err_and(|error| error.is_something_else())
    {
        return Err(files::taken(
            path,
            "not a plan",
            "give the plan another name, or delete that file first",
        ));
    }
    let text = saved
        .to_text()
        .context("can't save the plan")
        .map_err(Fault::io)?;
    files::write(path, text.as_bytes(), Readers::Owner)
}

/// The consent that is added to what a saved plan records.
#[derive(Clone, Debug, Default)]
pub struct Added {
    /// Addresses and globs of losses with consent.
    pub allow_delete: Vec<String>,
    /// Whether the stage may be switched to the newest deployment.
    pub forward: bool,
    /// The stack's name, which confirms a destroy.
    pub confirm: Option<String>,
}

/// A saved plan that can be executed on the AWS of an invocation.
#[derive(Debug)]
pub struct SavedPlan<'a> {
    path: &'a Path,
    saved: Saved,
    /// The plan from its recorded inputs.
    recorded: Plan,
    /// The command line in the environment of the plan.
    invocation: Invocation,
    /// The command line that saves such a plan again.
    renew: String,
}

/// A saved plan for the current state.
#[derive(Debug)]
pub struct Renewed {
    /// The plan, and the current state.
    pub planned: Planned,
    /// Whether its destroy was confirmed by the stack's name.
    pub confirmed: bool,
}

impl Added {
    /// The flags that say the same, but for the name.
    pub fn flags(&self) -> Vec<String> {
        let forward = self.forward.then(|| FORWARD.to_owned());
        let losses = repeated("--allow-delete", &self.allow_delete);
        losses.into_iter().chain(forward).collect()
    }
}

impl<'a> SavedPlan<'a> {
    /// Reads a saved plan, and computes it again from its recorded inputs.
    ///
    /// # Errors
    /// It can't be read, was changed after it was saved, or was made for another environment or AWS.
    pub fn open(invocation: &Invocation, path: &'a Path) -> Result<Self, Error> {
        let saved = read(path, &save_again(invocation, path, &[]))?;
        let invocation = same_environment(invocation, path, &saved)?;
        let renew = save_again(&invocation, path, &flags(&saved));
        let recorded = saved
            .replanned()
            .map_err(|why| altered(path, why, &renew))?;
        same_aws(&invocation, path, &saved)?;
        Ok(Self {
            path,
            saved,
            recorded,
            invocation,
            renew,
        })
    }

    /// Whether everything goes.
    pub fn destroys(&self) -> bool {
        self.recorded.destroy
    }

    /// Connects to the plan's account and Region. If there is a stack file, it must be unchanged.
    ///
    /// # Errors
    /// AWS can't be reached, another stack file, or a missing file of which the plan has only the digest.
    pub async fn session(&self, listener: &mut dyn Listener) -> Result<Session, Error> {
        let purpose = match self.saved.inputs.destroy {
            true => Purpose::Destroy,
            false => Purpose::Make,
        };
        let desired = self.saved.desired.clone();
        let mut session = Session::of_plan(&self.invocation, desired, purpose, listener).await?;
        match is_there(&self.invocation) {
            true => {
                let checked = self.same_file(&session, listener).await?;
                session.codes.clone_from(&checked.files.codes);
                session.given_keys = Some(GivenKeys::of(&checked));
            }
            // A plan doesn't show pool and keys, so they must follow from the file.
            false if self.is_about_other_stacks() => {
                let what = "the plan is about a user pool or a partner of another stack, which only the stack file names; nothing was \
                            written";
                return Err(Fault::new(FaultKind::Context, what)
                    .hint("apply it where the stack file is, or name that with -f FILE")
                    .into());
            }
            false => session.desired.tell_only_what_follows(),
        }
        self.payloads_are_at_hand(&session)?;
        Ok(session)
    }

    /// Reads AWS, and returns the same plan for the current state, with the added consent.
    ///
    /// # Errors
    /// A read failed, something changed since, an invalid consent, or the run was stopped.
    pub async fn renewed(
        &self,
        session: &Session,
        added: &Added,
        stops: &mut dyn Stops,
        listener: &mut dyn Listener,
    ) -> Result<Renewed, Error> {
        let now = or_stop(stops, session.observe(listener)).await??;
        let mut plan = self
            .saved
            .renewed(&self.recorded, &now)
            .map_err(|outdated| self.outdated(outdated))?;
        let confirmed = self.confirmed(added, &plan)?;
        self.agree(added, &mut plan)?;
        Ok(Renewed {
            planned: Planned {
                plan,
                observation: now,
            },
            confirmed,
        })
    }

    fn is_about_other_stacks(&self) -> bool {
        let desired = &self.saved.desired;
        desired.existing_pool.is_some() || !desired.guests.is_empty()
    }

    /// Whether the destroy is confirmed by the stack's name, then or now.
    fn confirmed(&self, added: &Added, plan: &Plan) -> Result<bool, Error> {
        let Some(given) = &added.confirm else {
            return Ok(self.saved.confirmed);
        };
        if !plan.destroy {
            let what = "--confirm is for a destroy, and this is not a destroy plan";
            return Err(Fault::new(FaultKind::Consent, what)
                .hint("leave it out; losses are confirmed with --allow-delete")
                .into());
        }
        let name = &self.saved.desired.context.stack;
        if given != name {
            return Err(other_name(name, given));
        }
        Ok(true)
    }

    /// Adds consent to the plan's.
    fn agree(&self, added: &Added, plan: &mut Plan) -> Result<(), Error> {
        let consent = Patterns::new(added.allow_delete.iter().cloned());
        let named = plan.changes.keys().chain(plan.missing_consent.keys());
        let named = named.chain(plan.going_along.iter().map(|one| &one.address));
        let idle = consent.idle(named);
        if let Some(idle) = idle.first() {
            // What stays until it is named stays in this plan.
            let what = format!("--allow-delete '{idle}' names nothing that this plan changes");
            return Err(Fault::new(FaultKind::Consent, what)
                .hint(format!(
                    "give it to the plan, and review that\n{}",
                    self.renew
                ))
                .into());
        }
        plan.agree(&consent);
        plan.needs_forward &= !added.forward;
        Ok(())
    }

    /// A payload may contain secrets, so the plan has only its digest.
    fn payloads_are_at_hand(&self, session: &Session) -> Result<(), Error> {
        let store = session.connection.payloads();
        let steps = self.recorded.steps.iter();
        let taken = steps.flat_map(|step| {
            let payloads = step.operation.payloads().into_iter();
            payloads.map(move |of| (step, of))
        });
        let absent = taken.filter(|(_, (_, digest))| {
            store.get(digest).is_none() && !session.codes.contains_key(*digest)
        });
        let absent: Vec<_> = absent.collect();
        if absent.is_empty() {
            return Ok(());
        }
        let what = format!(
            "{} records only the digest of a file that is needed; nothing was written",
            self.path.display()
        );
        let fault = Fault::new(FaultKind::Io, what);
        let fields: BTreeSet<&str> = absent.iter().map(|(_, (field, _))| *field).collect();
        let fields = Vec::from_iter(fields).join(" and ");
        let fault = absent.into_iter().fold(fault, |fault, (step, (field, _))| {
            fault.about(step.address.clone(), format!("its {field} file is missing"))
        });
        Err(fault
            .hint(format!(
                "apply it where the stack file and the file of its {fields} are, or name the stack file with -f FILE"
            ))
            .into())
    }

    /// The error about a stale plan.
    fn outdated(&self, outdated: Outdated) -> Error {
        let what = format!(
            "AWS changed since {} was made, so the plan is stale; nothing was written",
            self.path.display()
        );
        let fault = match outdated {
            Outdated::Moved(moved) => stale(what, moved),
            Outdated::NoPlan(problems) => {
                with_problems(Fault::new(FaultKind::Stale, what), problems)
            }
        };
        fault
            .hint(format!("create a new plan and review it\n{}", self.renew))
            .into()
    }

    /// Compares the plan with the stack file: after a change of the file another plan is needed.
    async fn same_file(
        &self,
        session: &Session,
        listener: &mut dyn Listener,
    ) -> Result<Checked, Error> {
        let (invocation, saved) = (&self.invocation, &self.saved);
        let values = saved.inputs.vars.clone().into_iter();
        let values = values.map(|(name, value)| (name, value.into())).collect();
        let checked = load_quietly(invocation, values, CodeReading::Needed(&Code::read))?;
        let planned = &saved.desired;
        let account = &planned.context.account;
        // Warnings about them were shown when the plan was made; here only the result counts.
        let lookups = lookups(
            invocation,
            &session.connection.reader(),
            account,
            &checked,
            Purpose::Find,
            listener,
        )
        .await?;
        let now = stack::expand(&checked.file, account, planned.adopt.clone(), &lookups);
        let now = Desired {
            leaving: planned.leaving.clone(),
            ..now
        };
        if now == *planned {
            return Ok(checked);
        }
        Err(self.other_file(&now))
    }

    /// The error about a changed stack file.
    fn other_file(&self, now: &Desired) -> Error {
        let planned = &self.saved.desired;
        if now.context.stack != planned.context.stack {
            return self.other_stack(&now.context.stack);
        }
        let made_from = &self.saved.inputs.file;
        let now_from = self.invocation.path().display().to_string();
        let what = if *made_from == now_from {
            format!(
                "{now_from} has changed since the plan was made, or what it points to; nothing was written"
            )
        } else {
            format!(
                "the plan was made from {made_from}, and {now_from} says something else; nothing was written"
            )
        };
        let addresses = planned.resources.keys().chain(
            now.resources
                .keys()
                .filter(|address| !planned.resources.contains_key(*address)),
        );
        let fault = addresses
            .filter(|address| planned.resources.get(*address) != now.resources.get(*address))
            .fold(Fault::new(FaultKind::Stale, what), |fault, address| {
                let text = match (
                    planned.resources.contains_key(address),
                    now.resources.contains_key(address),
                ) {
                    (true, false) => "it is no longer in the file",
                    (false, true) => "it is new in the file",
                    _ => "the file has other settings for it",
                };
                fault.about(address.clone(), text)
            });
        let fault = if *made_from == now_from {
            fault
        } else {
            fault.hint(format!(
                "to apply it as it is, add -f {}",
                shell_word(made_from)
            ))
        };
        fault
            .hint(format!("create a new plan and review it\n{}", self.renew))
            .into()
    }

    /// The error about the stack file of another stack.
    fn other_stack(&self, name: &str) -> Error {
        let what = format!(
            "the plan is for the stack {}, and {} is the stack {name}",
            self.saved.desired.context.stack,
            self.invocation.path().display(),
        );
        Fault::new(FaultKind::Context, what)
            .hint("name the plan's own stack file with -f FILE")
            .into()
    }

    /// The command line that continues an interrupted run: the plan itself is stale by then. `asked` are the flags for the
    /// answers to questions.
    pub fn resumption(&self, added: &Added, asked: Vec<String>) -> String {
        let (invocation, saved) = (&self.invocation, &self.saved);
        if saved.inputs.destroy {
            // `destroy` has no targets: a plan with them is made again.
            if !saved.inputs.targets.is_empty() || !saved.inputs.replace.is_empty() {
                return self.renew.clone();
            }
            let confirm = repeated(
                "--confirm",
                std::slice::from_ref(&saved.desired.context.stack),
            );
            let words = flags(saved).into_iter().filter(|flag| flag != "--destroy");
            let words = words.chain(confirm).chain(added.flags()).chain(asked);
            return invocation.command_line("destroy", &words.collect::<Vec<_>>());
        }
        let words = [flags(saved), added.flags(), asked].concat();
        invocation.command_line("apply", &words)
    }
}

fn read(path: &Path, again: &str) -> Result<Saved, Error> {
    let bytes = files::bytes(path)?;
    let text = String::from_utf8_lossy(&bytes);
    Saved::from_text(&text).map_err(|error| {
        let hint = match error {
            Unreadable::NotAPlan => {
                "`plan --out FILE` saves one; a stack file is named with -f FILE".into()
            }
            Unreadable::Damaged(_)
            | Unreadable::Format(_)
            | Unreadable::TooMuch(_)
            | Unreadable::Version(_) => {
                format!("create a new plan with\n{again}")
            }
        };
        let what = format!("can't apply {}: {error}", path.display());
        Fault::new(FaultKind::Io, what).hint(hint).into()
    })
}

/// The command line that saves such a plan.
fn save_again(invocation: &Invocation, path: &Path, flags: &[String]) -> String {
    let out = format!("--out {}", shell_word(&path.display().to_string()));
    let flags: Vec<String> = flags.iter().cloned().chain([out]).collect();
    invocation.command_line("plan", &flags)
}

/// The command line, in the environment of the plan.
fn same_environment(
    invocation: &Invocation,
    path: &Path,
    saved: &Saved,
) -> Result<Invocation, Error> {
    let made = &saved.inputs.environment;
    if let Some(Err(_)) = made.as_deref().map(environment::name) {
        let what = format!(
            "can't apply {}: its environment is not valid",
            path.display()
        );
        return Err(Fault::new(FaultKind::Io, what)
            .hint("create a new plan and review it")
            .into());
    }
    if let Some(asked) = invocation
        .environment
        .as_ref()
        .filter(|asked| made.as_ref() != Some(*asked))
    {
        let made = made
            .as_ref()
            .map_or("without --env".into(), |made| format!("with --env {made}"));
        let what = format!(
            "{} was made {made}, and --env (or GATESTACK_ENV) says {asked}",
            path.display()
        );
        return Err(Fault::new(FaultKind::Context, what)
            .hint("leave --env out: the plan has it in it")
            .into());
    }
    Ok(invocation.in_environment(made.clone()))
}

fn same_aws(invocation: &Invocation, path: &Path, saved: &Saved) -> Result<(), Error> {
    let (made, asked) = match (saved.local, invocation.local) {
        (true, false) => ("the local AWS, and this is AWS", "with --local"),
        (false, true) => ("AWS, and this is the local AWS", "without --local"),
        _ => return Ok(()),
    };
    let what = format!("{} was made for {made}", path.display());
    Err(Fault::new(FaultKind::Context, what)
        .hint(format!("apply it {asked}, or make a plan for this one"))
        .into())
}

/// The error about a plan that does not follow from its recorded inputs.
fn altered(path: &Path, altered: Altered, renew: &str) -> Error {
    let file = path.display();
    let fault = match altered {
        Altered::Differs(differences) => {
            let what = format!(
                "{file} was changed after it was saved: planning from what it records gives another plan; nothing was \
                 written"
            );
            let fault = Fault::new(FaultKind::Stale, what);
            differences
                .into_iter()
                .fold(fault, |fault, (address, what)| fault.about(address, what))
        }
        Altered::NoPlan(problems) => {
            let what = format!(
                "{file} was changed after it was saved: there is no plan for what it records; nothing was written"
            );
            with_problems(Fault::new(FaultKind::Stale, what), problems)
        }
    };
    fault
        .hint(format!("create a new plan and review it\n{renew}"))
        .into()
}

fn with_problems(fault: Fault, problems: Vec<Problem>) -> Fault {
    // Equal hints are shown once.
    const MOST_HINTS: usize = 10;
    let mut hints: BTreeSet<String> = BTreeSet::new();
    problems.into_iter().fold(fault, |fault, problem| {
        let fault = fault.about(problem.address, problem.what);
        if hints.len() < MOST_HINTS && hints.insert(problem.help.clone()) {
            fault.hint(problem.help)
        } else {
            fault
        }
    })
}

/// The flags that the plan was made with.
fn flags(saved: &Saved) -> Vec<String> {
    let vars: Vec<String> = saved
        .inputs
        .vars
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut flags = repeated("--var", &vars);
    if saved.inputs.destroy {
        flags.push("--destroy".into());
    }
    flags.extend(scope(saved));
    flags
}

/// The plan's scope and consent, as flags.
fn scope(saved: &Saved) -> Vec<String> {
    let inputs = &saved.inputs;
    Scope {
        targets: inputs.targets.clone(),
        adopt: saved.desired.adopt.texts().to_vec(),
        allow_delete: inputs.allow_delete.clone(),
        replace: inputs.replace.clone(),
        forward: inputs.forward,
    }
    .flags()
}

/// Whether there is a stack file to compare a plan with: it isn't required. A dangling link counts as unreadable.
fn is_there(invocation: &Invocation) -> bool {
    !invocation.file_is_left_out() || invocation.path().symlink_metadata().is_ok()
}
