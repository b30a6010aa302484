//! `plan --out FILE` and `apply PLAN`: writing a plan down, and carrying out exactly what was written.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

use super::apply::{show, verified};
use super::consent::{Consent, FORWARD, ask, ask_destroy, other_name};
use super::environment;
use super::files::{self, Readers};
use super::global::{Global, repeated};
use super::lock::{Held, Locking, Wait};
use super::plan::Scope;
use super::run::{Carry, Signals, look_again, stale};
use super::session::{Purpose, Session, load_quietly, surroundings};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::model::{Address, shell_word};
use crate::plan::{Altered, Operation, Outdated, Patterns, Plan, Problem, Saved, Step, Unreadable};
use crate::render::Ui;
use crate::stack;

/// Writes a plan beside the file and renames it, so that nobody ever reads half a plan. Its owner alone may read it: it
/// holds no secret, and still tells all about the stack.
///
/// # Errors
/// The file can't be written, or something else is there.
pub(super) fn write(path: &Path, saved: &Saved) -> Result<(), Error> {
    if let Some(there) = files::text(path)?
        && Saved::from_text(&there).is_err_and(|error| error.is_something_else())
    {
        return Err(files::taken(
            path,
            "no plan",
            "give the plan another name, or delete that file first",
        ));
    }
    let text = saved
        .to_text()
        .context("can't save the plan")
        .map_err(Fault::io)?;
    files::write(path, text.as_bytes(), Readers::Owner)
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
pub(super) fn save_again(global: &Global, path: &Path, flags: &[String]) -> String {
    let out = format!("--out {}", shell_word(&path.display().to_string()));
    let flags: Vec<String> = flags.iter().cloned().chain([out]).collect();
    global.command_line("plan", &flags)
}

/// What `apply PLAN` is asked for.
pub(super) struct Apply<'a> {
    pub(super) path: &'a Path,
    pub(super) allow_delete: &'a [String],
    pub(super) forward: bool,
    pub(super) confirm: Option<&'a str>,
    pub(super) json: bool,
    /// Whether to verify the stack afterwards, which a destroyed one is not.
    pub(super) verify: bool,
    pub(super) wait: Wait,
}

impl Apply<'_> {
    /// Carries out the plan if nothing has moved. Whoever names a plan has read it, so nothing ordinary is asked; what
    /// is lost for good still takes consent.
    pub(super) async fn run(&self, global: &Global, ui: &mut Ui) -> Result<Exit, Error> {
        let saved = read(self.path, &save_again(global, self.path, &[]))?;
        let global = &self.same_environment(global, &saved)?;
        let renew = renewal(global, self.path, &saved);
        let recorded = saved
            .replanned()
            .map_err(|altered| self.altered(altered, &renew))?;
        self.same_aws(global, &saved)?;
        let purpose = match saved.inputs.destroy {
            true => Purpose::Destroy,
            false => Purpose::Make,
        };
        let mut session = Session::of_plan(global, ui, saved.desired.clone(), purpose).await?;
        match is_there(global) {
            true => same_file(global, ui, &session, &saved, &renew).await?,
            false => session.desired.tell_only_what_follows(),
        }
        self.contents_are_at_hand(&session, &recorded)?;
        let mut signals = Signals::listen()?;
        let file = shell_word(&self.path.display().to_string());
        let locking = Locking {
            session: &session,
            command: "apply",
            wait: self.wait,
            again: global.command_line("apply", &[file]),
        };
        let mut lock = locking.take(Some(&mut signals), ui).await?;
        let verify = self.verify && !recorded.destroy;
        let ended = self
            .locked(
                (saved, &recorded),
                &session,
                &mut signals,
                &mut lock,
                global,
                ui,
            )
            .await;
        lock.release(ui).await;
        verified(&session, ended?, verify, self.json, (global, ui)).await
    }

    /// What is left to do once no other run writes to the stack.
    async fn locked(
        &self,
        (mut saved, recorded): (Saved, &Plan),
        session: &Session,
        signals: &mut Signals,
        lock: &mut Held,
        global: &Global,
        ui: &mut Ui,
    ) -> Result<Exit, Error> {
        let renew = renewal(global, self.path, &saved);
        let now = signals.or_stop(session.observe(ui)).await??;
        let mut plan = saved
            .renewed(recorded, &now)
            .map_err(|outdated| self.outdated(outdated, &renew))?;
        self.consent_by_flags(&mut saved, &mut plan, &renew)?;
        let plan = &plan;
        let next = plan.is_empty().then(|| global.next("output", &[], &[]));
        show(session, plan, self.json, next, ui);
        if plan.is_empty() {
            return Ok(Exit::Success);
        }
        let consent = self.ask(&saved, plan, global, ui)?;
        if consent != Consent::Given {
            look_again(session, plan, &now, signals, ui).await?;
        }
        Carry {
            session,
            global,
            plan,
            json: self.json,
            again: resumption(global, self.path, &saved, self.added(), consent),
        }
        .out(signals, lock, ui)
        .await
    }

    /// What the command line says, in the environment of the plan.
    fn same_environment(&self, global: &Global, saved: &Saved) -> Result<Global, Error> {
        let made = &saved.inputs.environment;
        if let Some(Err(_)) = made.as_deref().map(environment::name) {
            let what = format!(
                "can't apply {}: its environment is none",
                self.path.display()
            );
            return Err(Fault::new(FaultKind::Io, what)
                .hint("create a new plan and review it")
                .into());
        }
        if let Some(asked) = global
            .environment
            .as_ref()
            .filter(|asked| made.as_ref() != Some(*asked))
        {
            let made = made
                .as_ref()
                .map_or("without --env".into(), |made| format!("with --env {made}"));
            let what = format!(
                "{} was made {made}, and --env (or GATESTACK_ENV) says {asked}",
                self.path.display()
            );
            return Err(Fault::new(FaultKind::Ground, what)
                .hint("leave --env out: the plan has it in it")
                .into());
        }
        Ok(global.in_environment(made.clone()))
    }

    fn same_aws(&self, global: &Global, saved: &Saved) -> Result<(), Error> {
        let (made, asked) = match (saved.local, global.local) {
            (true, false) => ("the local AWS, and this is AWS", "with --local"),
            (false, true) => ("AWS, and this is the local AWS", "without --local"),
            _ => return Ok(()),
        };
        let what = format!("{} was made for {made}", self.path.display());
        Err(Fault::new(FaultKind::Ground, what)
            .hint(format!("apply it {asked}, or make a plan for this one"))
            .into())
    }

    /// A script that new instances run may hold what nobody should read, so it is not in the plan.
    fn contents_are_at_hand(&self, session: &Session, plan: &Plan) -> Result<(), Error> {
        let contents = session.connection.contents();
        let absent = |step: &&Step| match &step.operation {
            Operation::Create(want) => want
                .content()
                .is_some_and(|digest| contents.get(digest).is_none()),
            _ => false,
        };
        let absent: Vec<_> = plan.steps.iter().filter(absent).collect();
        if absent.is_empty() {
            return Ok(());
        }
        let what = format!(
            "{} holds only the digest of a file that this takes; nothing was written",
            self.path.display()
        );
        let fault = Fault::new(FaultKind::Io, what);
        let fault = absent.into_iter().fold(fault, |fault, step| {
            fault.about(step.address.clone(), "its user_data is not at hand")
        });
        Err(fault
            .hint("apply it where the stack file and the file of its user_data are, or name the stack file with -f FILE")
            .into())
    }

    /// Takes the consent that the command line adds to what the plan records.
    fn consent_by_flags(
        &self,
        saved: &mut Saved,
        plan: &mut Plan,
        renew: &str,
    ) -> Result<(), Error> {
        let name = &saved.desired.ground.stack;
        if let Some(given) = self.confirm {
            if !plan.destroy {
                let what = "--confirm is the consent to a destroy, and this plan is none";
                return Err(Fault::new(FaultKind::Consent, what)
                    .hint("leave it out; losses are agreed to with --allow-delete")
                    .into());
            }
            if given != name {
                return Err(other_name(name, given));
            }
            saved.confirmed = true;
        }
        let consent = Patterns::new(self.allow_delete.iter().cloned());
        let named = plan.changes.keys().chain(plan.missing_consent.keys());
        let named = named.chain(plan.going_along.iter().map(|one| &one.address));
        let idle = consent.idle(named);
        if let Some(idle) = idle.first() {
            // What stays until it is named stays in this plan.
            let what = format!("--allow-delete '{idle}' names nothing that this plan changes");
            return Err(Fault::new(FaultKind::Consent, what)
                .hint(format!("give it to the plan, and review that\n{renew}"))
                .into());
        }
        plan.agree(&consent);
        plan.needs_forward &= !self.forward;
        Ok(())
    }

    /// The consent that the command line adds, as flags.
    fn added(&self) -> Vec<String> {
        let forward = self.forward.then(|| FORWARD.to_owned());
        let losses = repeated("--allow-delete", self.allow_delete);
        losses.into_iter().chain(forward).collect()
    }

    fn ask(&self, saved: &Saved, plan: &Plan, global: &Global, ui: &Ui) -> Result<Consent, Error> {
        let can_ask = ui.asks() && !self.json;
        let file = shell_word(&self.path.display().to_string());
        let again = |more: Vec<String>| {
            let words: Vec<String> = [file.clone()].into_iter().chain(more).collect();
            global.command_line("apply", &words)
        };
        if plan.destroy {
            let again = again(self.added());
            return ask_destroy(plan, saved.confirmed, &again, can_ask);
        }
        let again = again(self.added());
        ask(plan, true, &again, can_ask)
    }

    /// Why a plan that does not follow from what it records is not applied.
    fn altered(&self, altered: Altered, renew: &str) -> Error {
        let file = self.path.display();
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

    /// Why a plan is not applied to what AWS is by now.
    fn outdated(&self, outdated: Outdated, renew: &str) -> Error {
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
            .hint(format!("create a new plan and review it\n{renew}"))
            .into()
    }
}

fn with_problems(fault: Fault, problems: Vec<Problem>) -> Fault {
    // Many that are refused alike are helped alike.
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

fn renewal(global: &Global, path: &Path, saved: &Saved) -> String {
    save_again(global, path, &flags(saved))
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

/// What the plan is about and what may be lost, as flags.
fn scope(saved: &Saved) -> Vec<String> {
    let inputs = &saved.inputs;
    Scope {
        targets: inputs.targets.clone(),
        adopt: saved.desired.adopt.iter().map(Address::to_string).collect(),
        allow_delete: inputs.allow_delete.clone(),
        replace: inputs.replace.clone(),
        forward: inputs.forward,
    }
    .flags()
}

/// What goes on where this run stopped: the plan itself is stale by then.
fn resumption(
    global: &Global,
    path: &Path,
    saved: &Saved,
    added: Vec<String>,
    consent: Consent,
) -> String {
    if saved.inputs.destroy {
        // `destroy` takes no targets: what they name is planned anew.
        if !saved.inputs.targets.is_empty() || !saved.inputs.replace.is_empty() {
            return renewal(global, path, saved);
        }
        let confirm = repeated(
            "--confirm",
            std::slice::from_ref(&saved.desired.ground.stack),
        );
        let words = flags(saved).into_iter().filter(|flag| flag != "--destroy");
        let asked = match consent {
            Consent::Given => Vec::new(),
            Consent::Asked(agreed) => agreed,
        };
        let words: Vec<String> = words.chain(confirm).chain(added).chain(asked).collect();
        return global.command_line("destroy", &words);
    }
    let mut flags = flags(saved);
    flags.extend(added);
    if let Consent::Asked(agreed) = consent {
        flags.extend(agreed);
    }
    global.command_line("apply", &flags)
}

/// Whether there is a stack file to compare a plan with: without one it stands alone. A link that leads nowhere is one that can't
/// be read.
fn is_there(global: &Global) -> bool {
    !global.file_is_left_out() || global.path().symlink_metadata().is_ok()
}

/// Compares the plan with the stack file: who changed the file since wants another plan.
async fn same_file(
    global: &Global,
    ui: &mut Ui,
    session: &Session,
    saved: &Saved,
    renew: &str,
) -> Result<(), Error> {
    let vars = saved.inputs.vars.clone().into_iter();
    let vars = vars.map(|(name, value)| (name, value.into())).collect();
    let checked = load_quietly(global, vars)?;
    let planned = &saved.desired;
    let account = &planned.ground.account;
    // Whatever is wrong with them was told when the plan was made; here only what the file means by them counts.
    let surroundings = surroundings(
        global,
        ui,
        &session.connection,
        account,
        &checked,
        Purpose::Find,
    )
    .await?;
    let now = stack::expand(&checked.file, account, planned.adopt.clone(), &surroundings);
    if now == *planned {
        return Ok(());
    }
    if now.ground.stack != planned.ground.stack {
        let what = format!(
            "the plan is for the stack {}, and {} is the stack {}",
            planned.ground.stack,
            global.path().display(),
            now.ground.stack
        );
        return Err(Fault::new(FaultKind::Ground, what)
            .hint("name the plan's own stack file with -f FILE")
            .into());
    }
    let made_from = &saved.inputs.file;
    let now_from = global.path().display().to_string();
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
                (true, false) => "the file says nothing of it any more",
                (false, true) => "it is new in the file",
                _ => "the file says something else of it",
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
    Err(fault
        .hint(format!("create a new plan and review it\n{renew}"))
        .into())
}
