//! The road that plan, apply, destroy and output share: read the file, open the connection, see whose account it is, look at
//! what the file points to, ask AWS what there is, compare.

use anyhow::Context as _;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};

use super::environment;
use super::existing;
use super::global::Global;
use super::variables;
use crate::aws::{AwsError, Connection, Count, Endpoint, ProfileError, check_profile};
use crate::caller::{self, Transport};
use crate::clock::Clock;
use crate::error::{Error, Fault, FaultKind};
use crate::files::{self, NotAFile};
use crate::kinds::{self, Desired, Duplicates, Observation, Questions, Surroundings};
use crate::model::{Address, shell_word};
use crate::plan::{self, Options, Plan};
use crate::render::lock::state_is_held;
use crate::render::waiting::waiting_for;
use crate::render::{Ui, diagnostics, indented};
use crate::stack::closest;
use crate::stack::{self, Checked, Code, Diagnostics, Given, LoadSettings, Source};

/// The file that the local AWS rests in, in the folder of the stack file.
pub(super) const LOCAL_STATE: &str = ".gatestack/local.json";

/// What a session is for, which decides whether faults of what the file points to stop it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// To make what the file says: what can't work stops it.
    Make,
    /// To see what is there, which has to be possible whatever became of its surroundings.
    Find,
    /// To delete all of it, where the same holds, and what goes along has to be known.
    Destroy,
    /// To call what is there, over real sockets and with tokens of the real time.
    Call,
}

/// A plan, and what it was made from.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) observation: Observation,
}

/// A stack, and the AWS it is on.
pub(super) struct Session {
    /// What the file wants in this account.
    pub(super) desired: Desired,
    /// The values from outside that replaced variables of the file.
    pub(super) given: BTreeMap<String, String>,
    /// The time, which on the local AWS costs none.
    pub(super) clock: Clock,
    /// Whether it is the local AWS.
    pub(super) local: bool,
    /// What it is for.
    purpose: Purpose,
    /// The connection.
    pub(super) connection: Connection,
    /// Where everything else of AWS answers.
    at: At,
}

/// Where the stack's own addresses answer: its token endpoint, its API.
#[derive(Clone, Debug)]
enum At {
    /// On the local AWS.
    Local(aws_local::Service),
    /// At one URL, which stands for AWS.
    Url(String),
    /// Where DNS leads.
    Internet,
}

impl Session {
    /// Reads the file, connects, and looks at what the file points to.
    ///
    /// # Errors
    /// Mistakes in the file, an account or Region that is not the stack's, no way to reach AWS, and when something is to be made:
    /// what the file points to is not there or can't work.
    pub(super) async fn open(
        global: &Global,
        ui: &mut Ui,
        adopt: &[String],
        purpose: Purpose,
    ) -> Result<Self, Error> {
        let checked = match purpose {
            Purpose::Make => load(global, ui)?,
            Purpose::Find | Purpose::Destroy | Purpose::Call => {
                load_quietly(global, variables::given(global)?)?
            }
        };
        let file = &checked.file;
        let (region, account) = (&file.stack.region, file.stack.account.as_deref());
        let opened = Opened::at(global, ui, region, account, purpose).await?;
        // A stack file without an account is in that of the credentials, and the local AWS has one of its own.
        let alone_in = match global.local {
            true => aws_local::Options::default().account,
            false => opened.account.clone(),
        };
        checked.is_its_own_stack(&opened.account, &alone_in)?;
        let adopt = adopt.iter().map(Address::new).collect();
        let surroundings = surroundings(
            global,
            ui,
            &opened.connection,
            &opened.account,
            &checked,
            purpose,
        )
        .await?;
        let desired = stack::expand(file, &opened.account, adopt, &surroundings);
        Ok(Self {
            given: checked.given,
            ..opened.with(desired, global.local, purpose)
        })
    }

    /// Connects to where a saved plan was made; the file is not needed.
    ///
    /// # Errors
    /// An account or Region that is not the plan's, no way to reach AWS.
    pub(super) async fn of_plan(
        global: &Global,
        ui: &mut Ui,
        desired: Desired,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        let (region, account) = (&desired.ground.region, &desired.ground.account);
        let opened = Opened::at(global, ui, region, Some(account), purpose).await?;
        Ok(opened.with(desired, global.local, purpose))
    }

    /// Asks AWS what there is, everything anew.
    ///
    /// # Errors
    /// AWS's refusal of a read.
    pub(super) async fn observe(&self, ui: &mut Ui) -> Result<Observation, Error> {
        let reader = self.connection.reader();
        let observe = async {
            match self.purpose {
                Purpose::Destroy => kinds::observe_to_destroy(&reader, &self.desired).await,
                Purpose::Make | Purpose::Find | Purpose::Call => {
                    kinds::observe(&reader, &self.desired).await
                }
            }
        };
        let what = "reading the stack from AWS";
        Ok(unless_local(self.local, ui, what, Box::pin(observe)).await?)
    }

    /// The same, where each address has one thing, as every reader needs it.
    ///
    /// # Errors
    /// AWS's refusal of a read, and several things at one address.
    pub(super) async fn observe_whole(
        &self,
        global: &Global,
        ui: &mut Ui,
    ) -> Result<Observation, Error> {
        let observation = self.observe(ui).await?;
        refuse_duplicates(&observation, global)?;
        Ok(observation)
    }

    /// Asks AWS what there is and compares it with the file.
    ///
    /// # Errors
    /// AWS's refusal of a read, or everything that keeps it from being a plan.
    pub(super) async fn plan(&self, ui: &mut Ui, options: &Options) -> Result<Planned, Error> {
        let observation = self.observe(ui).await?;
        let plan = plan::plan(&self.desired, &observation, options)?;
        Ok(Planned { plan, observation })
    }

    /// The way to the stack's own addresses. On the local AWS, `behind` says what answers for private targets.
    ///
    /// # Errors
    /// The system has no way to check certificates, or `--endpoint-url` is no URL.
    pub(super) fn transport(
        &self,
        behind: aws_local::DataPlaneOptions,
    ) -> Result<Transport, Error> {
        let no_client = |error: reqwest::Error| {
            Fault::io(anyhow::Error::new(error).context("can't make an HTTP client")).into()
        };
        match &self.at {
            At::Internet => Transport::internet().map_err(no_client),
            At::Url(url) => {
                let url = url
                    .parse()
                    .with_context(|| format!("--endpoint-url {url}"))
                    .map_err(|error| {
                        Fault::io(error).hint("write it as in http://127.0.0.1:4599")
                    })?;
                Transport::endpoint(url).map_err(no_client)
            }
            At::Local(service) => {
                let planes = aws_local::DataPlane::new(service.clone(), behind);
                Ok(Transport::in_process(Arc::new(move |request| {
                    let planes = planes.clone();
                    Box::pin(async move { planes.answer(request).await })
                })))
            }
        }
    }

    /// The local AWS, where it is one of this process.
    pub(super) fn service(&self) -> Option<&aws_local::Service> {
        match &self.at {
            At::Local(service) => Some(service),
            At::Url(_) | At::Internet => None,
        }
    }

    /// The requests so far.
    pub(super) fn requests(&self) -> Count {
        self.connection.tally().count()
    }
}

/// Refuses to guess which of several things at one address is meant.
///
/// # Errors
/// There are several.
pub(super) fn refuse_duplicates(observation: &Observation, global: &Global) -> Result<(), Error> {
    if observation.duplicates.is_empty() {
        return Ok(());
    }
    let what = "several things carry the same address: two runs made one each, or tags were copied";
    Err(several(what, &observation.duplicates, global))
}

/// That several things carry one address, and what to do about it.
pub(super) fn several(
    what: impl Into<String>,
    duplicates: &[Duplicates],
    global: &Global,
) -> Error {
    let fault = with_duplicates(Fault::new(FaultKind::Duplicate, what), duplicates);
    let open: Vec<_> = duplicates.iter().filter_map(Duplicates::help).collect();
    if open.is_empty() {
        return fault
            .hint(format!(
                "an apply deletes what is left over, with consent\n{}",
                global.command_line("apply", &[])
            ))
            .into();
    }
    open.into_iter().fold(fault, Fault::hint).into()
}

/// The same fault with what carries the same address.
pub(super) fn with_duplicates(fault: Fault, duplicates: &[Duplicates]) -> Fault {
    duplicates.iter().fold(fault, |fault, one| {
        fault.about(one.address.clone(), one.what())
    })
}

/// A connection to the account and Region where a stack belongs.
struct Opened {
    connection: Connection,
    clock: Clock,
    account: String,
    at: At,
}

impl Opened {
    async fn at(
        global: &Global,
        ui: &mut Ui,
        region: &str,
        belongs_in: Option<&str>,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        if let Some(insisted) = global.region.as_ref().filter(|one| *one != region) {
            let what = format!("the stack is in {region}, and --region says {insisted}");
            return Err(Fault::new(FaultKind::Ground, what)
                .hint("leave --region out, or change `[stack] region`: that is another stack in another Region")
                .into());
        }
        // What a wait takes is simulated, and never the local AWS's own time: each run would leave dates for the next one that
        // are still to come, of deployments, domains and tokens.
        let waits = if global.local {
            Clock::simulated(Timestamp::now())
        } else {
            Clock::system()
        };
        let clock = match purpose {
            Purpose::Make | Purpose::Find | Purpose::Destroy => waits.clone(),
            Purpose::Call => Clock::system(),
        };
        let (at, existing) = at(global, region, belongs_in)?;
        if let Some(existing) = existing.filter(|_| purpose == Purpose::Make) {
            ui.remark(&indented(&existing, 0, ui.width()));
        }
        if !global.local {
            let checked = check_profile(global.profile.as_deref()).await;
            checked.map_err(unusable_profile)?;
        }
        let endpoint = at.endpoint(global);
        let connect = Box::pin(async {
            let connection = Connection::open(endpoint, region, &waits).await;
            let account = connection.reader().account().await?;
            Ok::<_, AwsError>((connection, account))
        });
        let what = match &global.endpoint_url {
            Some(url) => format!("checking AWS credentials at {url}"),
            None => format!("checking AWS credentials in {region}"),
        };
        let (connection, account) = unless_local(global.local, ui, &what, connect).await?;
        if let Some(wanted) = belongs_in.filter(|wanted| *wanted != account) {
            let what = format!(
                "the stack belongs in account {wanted}, and these credentials are for {account}"
            );
            return Err(Fault::new(FaultKind::Ground, what)
                .hint("choose other credentials with --profile or AWS_PROFILE, or correct `[stack] account`")
                .into());
        }
        Ok(Self {
            connection,
            clock,
            account,
            at,
        })
    }

    fn with(self, desired: Desired, local: bool, purpose: Purpose) -> Session {
        Session {
            desired,
            given: BTreeMap::new(),
            clock: self.clock,
            local,
            purpose,
            connection: self.connection,
            at: self.at,
        }
    }
}

fn unusable_profile(error: ProfileError) -> Error {
    let fault = Fault::new(FaultKind::Profile, caller::in_full(&error));
    let fault = match &error {
        ProfileError::Unknown { name, known, .. } => {
            let near = closest(name, known.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            fault.hint(if known.is_empty() {
                format!(
                    "make it with `aws configure --profile {}`",
                    shell_word(name)
                )
            } else {
                format!("{near}profiles that are there: {}", known.join(", "))
            })
        }
        ProfileError::Unreadable { .. } => fault,
    };
    fault
        .hint("AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name other files")
        .into()
}

/// Waits for AWS and says so; the local AWS answers at once.
pub(super) async fn unless_local<T>(
    local: bool,
    ui: &mut Ui,
    what: &str,
    work: impl Future<Output = T>,
) -> T {
    if local {
        work.await
    } else {
        waiting_for(ui, what, work).await
    }
}

/// Asks AWS about what the file points to, and judges it where something is to be made.
///
/// # Errors
/// AWS's refusal of a read; what is not there or can't work, when something is to be made.
pub(super) async fn surroundings(
    global: &Global,
    ui: &mut Ui,
    connection: &Connection,
    account: &str,
    checked: &Checked,
    purpose: Purpose,
) -> Result<Surroundings, Error> {
    let questions = stack::questions(checked, account);
    let questions = match purpose {
        Purpose::Make => questions,
        Purpose::Find | Purpose::Destroy | Purpose::Call => questions.of_identities(),
    };
    // The internet knows nothing of an AWS that is not AWS.
    let dns = !global.local && global.endpoint_url.is_none();
    let found = {
        let reader = connection.reader();
        let look = Box::pin(kinds::look_around(&reader, &questions, dns));
        let at_once = global.local || questions == Questions::default();
        let what = "checking VPC, subnets and certificates";
        unless_local(at_once, ui, what, look).await?
    };
    let content = checked.user_data.as_ref();
    let surroundings = Surroundings {
        user_data: content.map(|content| connection.contents().put(content)),
        ..found
    };
    if purpose == Purpose::Make {
        let told = stack::preflight(checked, account, &surroundings);
        if told.has_errors() {
            return Err(told.into());
        }
        remark(&told, ui);
    }
    Ok(surroundings)
}

/// Says what is worth knowing.
fn remark(warnings: &Diagnostics, ui: &mut Ui) {
    if !warnings.list().is_empty() {
        let text = diagnostics::text(warnings, ui.diagnostics_style());
        ui.remark(&format!("{text}\n"));
    }
}

/// Reads and checks the stack file; says what is worth knowing about it.
///
/// # Errors
/// A file that can't be read, or its mistakes.
pub(super) fn load(global: &Global, ui: &mut Ui) -> Result<Checked, Error> {
    let checked = load_quietly(global, variables::given(global)?)?;
    remark(&checked.warnings, ui);
    Ok(checked)
}

/// The same with these values of variables, for who does not make what the file says: its warnings were told to those who do.
///
/// # Errors
/// A file that can't be read, or its mistakes.
pub(super) fn load_quietly(
    global: &Global,
    vars: BTreeMap<String, Given>,
) -> Result<Checked, Error> {
    let env = |name: &str| std::env::var(name).ok();
    let settings = LoadSettings {
        vars,
        env: &env,
        read: &named_file,
    };
    stack::load(source(global)?, &settings)
        .map_err(|mistakes| an_overlay(global, &mistakes).unwrap_or(mistakes.into()))
}

/// The text of a file that the stack file names.
///
/// # Errors
/// It is not a regular file of text, or larger than anything that AWS takes.
pub(super) fn named_file(path: &Path) -> io::Result<String> {
    const LARGEST: u64 = 1 << 20;
    files::read_text(path, LARGEST)
}

/// Why an overlay is no stack file by itself, where that is what lacks something.
fn an_overlay(global: &Global, mistakes: &Diagnostics) -> Option<Error> {
    let lacks = |code| matches!(code, Code::MissingKey | Code::MissingTable);
    if global.environment.is_some() || !mistakes.list().iter().any(|one| lacks(one.code)) {
        return None;
    }
    let path = global.path();
    let (stack, environment) = environment::of_overlay(&path)?;
    let what = format!(
        "{} is an overlay of {}, which lacks what that one says",
        path.display(),
        stack.display()
    );
    let fault = Fault::new(FaultKind::Io, what);
    Some(fault.hint(instead(global, &stack, &environment)).into())
}

/// How to name an environment, where an overlay was named.
fn instead(global: &Global, stack: &Path, environment: &str) -> String {
    format!(
        "name the stack file and the environment: write {}",
        global.flags_of(stack, environment)
    )
}

/// The text of the stack file, and of the overlay of `--env`.
///
/// # Errors
/// One of them can't be read.
pub(super) fn source(global: &Global) -> Result<Source, Error> {
    if global.reads_stdin() {
        let text = files::limited(io::stdin(), stack::LARGEST_FILE)
            .context("can't read the standard input")
            .and_then(|bytes| {
                String::from_utf8(bytes).context("the standard input is not UTF-8 text")
            })
            .map_err(Fault::io)?;
        return Ok(Source::new("<stdin>", text));
    }
    let path = global.path();
    let absent = || {
        let what = format!("there is no stack file {}", path.display());
        Fault::new(FaultKind::Io, what).hint("name it with -f FILE, or its folder with -C FOLDER")
    };
    let base = Source::new(&path, text(&path, absent)?);
    let Some(environment) = &global.environment else {
        return Ok(base);
    };
    let overlay = environment::overlay(&path, environment);
    let text = text(&overlay, || no_overlay(global, environment, &overlay))?;
    Ok(base.with_overlay(overlay, text))
}

/// Reads one file.
fn text(path: &Path, absent: impl FnOnce() -> Fault) -> Result<String, Error> {
    files::read_text(path, stack::LARGEST_FILE).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::NotFound => return absent().into(),
            ErrorKind::InvalidData => {
                let what = format!("{} is not UTF-8 text, as TOML is", path.display());
                return Fault::new(FaultKind::Io, what)
                    .hint("save it as UTF-8 in your editor")
                    .into();
            }
            ErrorKind::FileTooLarge => "a thousand partners take less than 1 MiB",
            _ if NotAFile::of(&error).is_some() => {
                "name the stack file itself with -f FILE; `-f -` reads the standard input"
            }
            _ => "name the stack file itself with -f FILE, and see that you may read it",
        };
        let error = anyhow::Error::new(error).context(format!("can't read {}", path.display()));
        Fault::io(error).hint(hint).into()
    })
}

/// What to say of an environment without an overlay.
fn no_overlay(global: &Global, environment: &str, overlay: &Path) -> Fault {
    let stack = &global.path();
    if let Some((below, of)) = environment::of_overlay(stack) {
        let what = format!("{} is an overlay of {}", stack.display(), below.display());
        return Fault::new(FaultKind::Io, what).hint(instead(global, &below, &of));
    }
    let what = format!("there is no overlay {}", overlay.display());
    let named = environment::all(stack);
    let named = named.iter().find(|(name, file)| {
        file == environment || Some(name.as_str()) == environment.strip_suffix(".toml")
    });
    if let Some((name, _)) = named {
        let hint = format!("write --env {name}");
        return Fault::new(FaultKind::Io, what).hint(hint);
    }
    let there = environment::all(stack);
    let hint = if there.is_empty() {
        let stack = stack.display();
        format!("{stack} has no overlays yet: make this one, with a `[stack]` `name` of its own")
    } else {
        let there: Vec<_> = there
            .iter()
            .map(|(name, file)| format!("--env {name} ({file})"))
            .collect();
        format!("there is {}", there.join(", "))
    };
    Fault::new(FaultKind::Io, what).hint(hint)
}

impl At {
    fn endpoint(&self, global: &Global) -> Endpoint {
        match self {
            Self::Local(service) => Endpoint::InProcess(aws_local::connector(service.clone())),
            Self::Url(_) | Self::Internet => Endpoint::Aws {
                profile: global.profile.clone(),
                url: global.endpoint_url.clone(),
            },
        }
    }
}

/// Where AWS is, and what was said of what the local one has before the first call.
fn at(global: &Global, region: &str, account: Option<&str>) -> Result<(At, Option<String>), Error> {
    if !global.local {
        let url = global.endpoint_url.clone();
        return Ok((url.map_or(At::Internet, At::Url), None));
    }
    let service = local_service(global, account)?;
    let existing = existing::provide_beside(&service, global, region)?;
    Ok((At::Local(service), existing))
}

/// The local AWS of a stack, in this account or its usual one, with the state that lies beside the stack file.
///
/// # Errors
/// The state can't be used.
pub(super) fn local_service(
    global: &Global,
    account: Option<&str>,
) -> Result<aws_local::Service, Error> {
    let defaults = aws_local::Options::default();
    let options = aws_local::Options {
        account: account.map_or(defaults.account.clone(), str::to_owned),
        waits: Some(state_is_held),
        ..defaults
    };
    aws_local::Service::at_file(&global.folder().join(LOCAL_STATE), options).map_err(local_state)
}

/// Why the local AWS's state can't be used.
pub(super) fn local_state(error: aws_local::StoreError) -> Error {
    let hint = match &error {
        aws_local::StoreError::Io { source, .. } if NotAFile::of(source).is_some() => {
            "the state is a regular file of gatestack's own, below .gatestack beside the stack file or where --state says: name \
             another, or see where that came from"
        }
        aws_local::StoreError::Io { source, .. } if source.kind() == ErrorKind::NotADirectory => {
            "gatestack makes a folder there for the state: move away what is there, or name another place with --state"
        }
        aws_local::StoreError::Io { .. } => {
            "its state lies in a folder .gatestack beside the stack file, or in the file of --state: see that you may write there"
        }
        aws_local::StoreError::Damaged { .. } | aws_local::StoreError::Format { .. } => {
            "it holds nothing but what was applied with --local: delete the file to start with an empty AWS"
        }
    };
    Fault::io(anyhow::Error::new(error).context("the local AWS can't start"))
        .hint(hint)
        .into()
}

/// The runtime a command runs on. On the local AWS nobody waits: tokio's time stands still and jumps to the next timer.
///
/// # Errors
/// The system gives no event queue.
pub(super) fn runtime(local: bool) -> Result<Runtime, Error> {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(local)
        .build()
        .context("can't start")
        .map_err(|error| Fault::io(error).into())
}
