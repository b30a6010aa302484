//! All execution environments of an owner: who gets which, how many run at once, and what they are started from.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::time::Instant;

use super::super::beside::Beside;
use super::super::identifiers;
use super::environment::{self, Back, Environment, LONGEST_INIT, Launch, NotReady};
use super::guard::Guard;
use super::output::{Log, SharedLog};
use super::program::{self, Interpreter, Needs};
use super::report::{self, Failure, Took};
use super::{FunctionVersion, Invocation, Outcome, Unable, WrittenBy, locked, unpack};

/// Everything that runs.
pub(super) struct Fleet {
    /// Unpacked code and the bootstraps. Only the user can read it.
    folder: PathBuf,
    guard: Arc<Guard>,
    /// By the ARNs of versions.
    pools: Mutex<HashMap<String, Pool>>,
    /// How many invocations of a function run, by its ARN.
    running: Mutex<HashMap<String, u64>>,
    /// Interpreters that were looked for, by runtime.
    interpreters: AsyncMutex<HashMap<String, Option<Interpreter>>>,
    /// One archive is unpacked at a time.
    unpacking: AsyncMutex<()>,
    /// Warnings that were given.
    warned: Mutex<HashSet<String>>,
    endpoint: Arc<Mutex<Option<String>>>,
    limits: Limits,
    /// The processes that may run something at once. Further invocations wait.
    places: Semaphore,
    closed: AtomicBool,
}

/// How much of a machine functions take. AWS's own limit, a thousand at once, would be a thousand processes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The most invocations that run at once.
    pub(super) at_once: usize,
    /// The most idle processes of a version.
    pub(super) idle: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: 64,
            idle: 16,
        }
    }
}

/// What an environment was started from. Another revision has other variables, another digest other code.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Stamp {
    code_sha256: String,
    revision: String,
}

impl Stamp {
    fn of(version: &FunctionVersion) -> Self {
        Self {
            code_sha256: version.code_sha256.clone(),
            revision: version.revision.clone(),
        }
    }
}

/// The idle environments of a version.
#[derive(Default)]
struct Pool {
    stamp: Stamp,
    idle: Vec<Environment>,
}

/// One of the invocations that may run at once.
struct Turn<'f> {
    fleet: &'f Fleet,
    arn: String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running = locked(&self.fleet.running);
        if let Some(count) = running.get_mut(&self.arn) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.arn);
            }
        }
    }
}

/// A start that failed: how its invocation ends, and the milliseconds that it took.
struct Failed {
    log: SharedLog,
    milliseconds: f64,
    why: Why,
}

enum Why {
    /// What the runtime reports.
    Reported(bytes::Bytes),
    Lambda(Failure),
}

impl Fleet {
    pub(super) fn new(endpoint: Arc<Mutex<Option<String>>>, limits: Limits) -> io::Result<Self> {
        const DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let name = format!("aws-local-functions-{}", identifiers::random(DIGITS, 12));
        let folder = folder_of_code(&name)?;
        let guard = Arc::new(Guard::new(&folder)?);
        let runtime = folder.join("runtime");
        fs::create_dir(&runtime)?;
        fs::create_dir(folder.join("code"))?;
        for (name, text) in program::BOOTSTRAPS {
            fs::write(runtime.join(name), text)?;
        }
        Ok(Self {
            folder,
            guard,
            pools: Mutex::default(),
            running: Mutex::default(),
            interpreters: AsyncMutex::default(),
            unpacking: AsyncMutex::default(),
            warned: Mutex::default(),
            endpoint,
            limits,
            places: Semaphore::new(limits.at_once),
            closed: AtomicBool::new(false),
        })
    }

    /// Ends all processes, and removes the folder.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        locked(&self.pools).clear();
        self.guard.close();
    }

    /// Ends all processes, and waits until they have ended.
    pub(super) async fn end(&self) {
        self.closed.store(true, Ordering::Relaxed);
        locked(&self.pools).clear();
        self.guard.kill_all();
        self.guard.none_left().await;
    }

    /// Runs one invocation.
    pub(super) async fn run(self: Arc<Self>, invocation: Invocation) -> Result<Outcome, Unable> {
        let version = &invocation.version;
        let needs = program::needs(&version.runtime)
            .ok_or_else(|| Unable::NotImplemented(format!("the runtime {}", version.runtime)))?;
        let _turn = self.admit(version)?;
        // It is never closed.
        let _place = self.places.acquire().await;
        loop {
            let (mut environment, init) = match self.idle(version) {
                Some(environment) => (environment, None),
                None => {
                    let began = Instant::now();
                    match self.start(needs, &invocation).await? {
                        Ok(environment) => (environment, Some(milliseconds(began))),
                        Err(failed) => return Ok(self.not_started(&invocation, failed)),
                    }
                }
            };
            match environment.invoke(&invocation, init).await {
                Back::Over(outcome, goes_on) => {
                    if goes_on {
                        self.put_back(version, environment);
                    }
                    return Ok(outcome);
                }
                Back::NotTaken => {}
            }
        }
    }

    fn admit(&self, version: &FunctionVersion) -> Result<Turn<'_>, Unable> {
        let mut running = locked(&self.running);
        let count = running.entry(version.arn.clone()).or_default();
        if version
            .reserved_concurrency
            .is_some_and(|most| *count >= most)
        {
            return Err(Unable::Throttled);
        }
        *count += 1;
        Ok(Turn {
            fleet: self,
            arn: version.arn.clone(),
        })
    }

    /// An environment of this version that is left from before. Those of another revision end.
    fn idle(&self, version: &FunctionVersion) -> Option<Environment> {
        let stamp = Stamp::of(version);
        let mut pools = locked(&self.pools);
        let pool = pools.entry(version.qualified_arn.clone()).or_default();
        if pool.stamp != stamp {
            pool.idle.clear();
            pool.stamp = stamp;
        }
        while let Some(environment) = pool.idle.pop() {
            if !environment.is_gone() {
                return Some(environment);
            }
        }
        None
    }

    fn put_back(&self, version: &FunctionVersion, environment: Environment) {
        let mut pools = locked(&self.pools);
        if let Some(pool) = pools.get_mut(&version.qualified_arn)
            && pool.stamp == Stamp::of(version)
            && pool.idle.len() < self.limits.idle
            && !self.closed.load(Ordering::Relaxed)
        {
            pool.idle.push(environment);
        }
    }

    /// Starts an environment that is ready.
    async fn start(
        &self,
        needs: Needs<'_>,
        invocation: &Invocation,
    ) -> Result<Result<Environment, Failed>, Unable> {
        let version = &invocation.version;
        let day = Timestamp::now().strftime("%Y/%m/%d").to_string();
        const HEXADECIMAL: &[u8] = b"0123456789abcdef";
        let stream = format!(
            "{day}/[{}]{}",
            version.version,
            identifiers::random(HEXADECIMAL, 32)
        );
        let mut log = Log::new(invocation.beside.clone(), version, stream);
        log.request_id = Some(invocation.request_id.clone());
        log.watcher.clone_from(&invocation.watcher);
        log.is_kept = invocation.is_logged;
        let log: SharedLog = Arc::new(Mutex::new(log));
        let code = self.unpacked(&invocation.beside, version).await?;
        let began = Instant::now();
        let failed = |failure: Failure| {
            Ok(Err(Failed {
                log: Arc::clone(&log),
                milliseconds: milliseconds(began),
                why: Why::Lambda(failure),
            }))
        };
        if !version.layers.is_empty() {
            self.warn(
                &log,
                "layers are not there: what they contain has to be in the function's own code",
            );
        }
        if version.log_format == "JSON" {
            self.warn(&log, "the log is text, also with the format JSON");
        }
        let interpreter = match self.interpreter(needs, version, &log).await {
            Ok(interpreter) => interpreter,
            Err(failure) => return failed(failure),
        };
        let runtime = self.folder.join("runtime");
        let endpoint = locked(&self.endpoint).clone();
        let bootstrap;
        let (program, arguments) = match &interpreter {
            Some(interpreter) => {
                bootstrap = runtime.join(interpreter.bootstrap);
                (interpreter.path.as_path(), vec![bootstrap.as_path()])
            }
            None => {
                bootstrap = code.join("bootstrap");
                if let Err(failure) = check_bootstrap(&bootstrap) {
                    return failed(failure);
                }
                (bootstrap.as_path(), Vec::new())
            }
        };
        let launch = Launch {
            program,
            arguments,
            task_root: &code,
            runtime: &runtime,
            endpoint: endpoint.as_deref(),
        };
        // The first start has a limit of its own; the second counts as the invocation's.
        let limits = [LONGEST_INIT, Duration::from_secs(version.timeout_seconds)];
        for limit in limits {
            let began = Instant::now();
            let started = Environment::start(version, &launch, &self.guard, Arc::clone(&log));
            let mut environment = match started.await {
                Ok(environment) => environment,
                Err(failure) => return failed(failure),
            };
            if !environment.is_read_only() {
                self.warn(
                    &log,
                    "this system lets functions write to other files than those in /tmp, and may let them read the environment variables of other processes; Lambda does neither",
                );
            }
            let why = match environment.ready(limit).await {
                Ok(()) => return Ok(Ok(environment)),
                Err(NotReady::Slow) => {
                    let line = report::init_report(milliseconds(began), "Status: timeout");
                    locked(&log).write(WrittenBy::Lambda, &[line]);
                    continue;
                }
                Err(NotReady::Reported(error)) => Why::Reported(error),
                Err(NotReady::Exited(exit)) => Why::Lambda(Failure::Exited(exit)),
            };
            let kind = match &why {
                Why::Reported(error) => report::reported(error).0,
                Why::Lambda(failure) => failure.kind().to_owned(),
            };
            let took = milliseconds(began);
            let line = report::init_report(took, &format!("Status: error\tError Type: {kind}"));
            locked(&log).write(WrittenBy::Lambda, &[line]);
            return Ok(Err(Failed {
                log: Arc::clone(&log),
                milliseconds: took,
                why,
            }));
        }
        failed(Failure::TimedOut {
            seconds: version.timeout_seconds,
        })
    }

    /// The outcome of an invocation whose environment did not start.
    fn not_started(&self, invocation: &Invocation, failed: Failed) -> Outcome {
        let Failed {
            log,
            milliseconds,
            why,
        } = failed;
        environment::begin(&log, invocation);
        let took = Took {
            milliseconds,
            init_milliseconds: None,
            memory_mb: invocation.version.memory_mb,
            used_mb: 0,
        };
        match why {
            Why::Reported(payload) => {
                environment::hint_at(&log, &payload);
                environment::over(&log, invocation, payload, true, &took, None)
            }
            Why::Lambda(failure) => {
                let payload = failure.payload(&invocation.request_id);
                environment::over(&log, invocation, payload, true, &took, Some(&failure))
            }
        }
    }

    /// The folder with the code of a version, unpacked at its first use.
    async fn unpacked(
        &self,
        beside: &Beside,
        version: &FunctionVersion,
    ) -> Result<PathBuf, Unable> {
        let digest = STANDARD.decode(&version.code_sha256).unwrap_or_default();
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = self.folder.join("code").join(&name);
        let _one = self.unpacking.lock().await;
        if folder.exists() {
            return Ok(folder);
        }
        let (beside, sha256) = (beside.clone(), version.code_sha256.clone());
        let into = folder.clone();
        let done = tokio::task::spawn_blocking(move || {
            let archive = beside
                .code(&sha256)
                .ok_or_else(|| "the function's code is not there".to_owned())?;
            unpack::unpack(&archive, &into)
        });
        let done = done.await.unwrap_or_else(|error| Err(error.to_string()));
        done.map_err(Unable::Broken)?;
        Ok(folder)
    }

    /// The machine's interpreter for a runtime, if it needs one.
    async fn interpreter(
        &self,
        needs: Needs<'_>,
        version: &FunctionVersion,
        log: &SharedLog,
    ) -> Result<Option<Interpreter>, Failure> {
        let (language, program, wanted) = match needs {
            Needs::Nothing => return Ok(None),
            Needs::Node(wanted) => ("Node.js", "node", wanted),
            Needs::Python(wanted) => ("Python", "python3", wanted),
        };
        let runtime = &version.runtime;
        let found = {
            let mut known = self.interpreters.lock().await;
            match known.get(runtime) {
                Some(found) => found.clone(),
                None => {
                    let found = program::find(needs).await;
                    known.insert(runtime.clone(), found.clone());
                    found
                }
            }
        };
        let Some(found) = found else {
            return Err(Failure::NoStart {
                kind: "Runtime.InvalidEntrypoint",
                why: format!(
                    "the local AWS runs {runtime} with this machine's {language}, and there is no {program} on PATH: install {language} {wanted}"
                ),
            });
        };
        if found.version != wanted {
            self.warn(
                log,
                &format!(
                    "{runtime} runs with this machine's {language} {} here",
                    found.version
                ),
            );
        }
        Ok(Some(found))
    }

    /// Gives a warning once.
    fn warn(&self, log: &SharedLog, text: &str) {
        if locked(&self.warned).insert(text.to_owned()) {
            locked(log).write(WrittenBy::LocalAws, &[format!("local AWS: {text}")]);
        }
    }
}

/// A `bootstrap` that can run on this machine.
fn check_bootstrap(bootstrap: &Path) -> Result<(), Failure> {
    let failure = |why: String| Failure::NoStart {
        kind: "Runtime.InvalidEntrypoint",
        why,
    };
    match program::misfit(bootstrap) {
        Ok(None) => Ok(()),
        Ok(Some(why)) => Err(failure(format!(
            "fork/exec /var/task/bootstrap: exec format error ({why})"
        ))),
        Err(_) => Err(failure(
            "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".into(),
        )),
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// A folder of this name that functions can't write to: not below `/tmp`, unless `TMPDIR` says so or there is no other place.
fn folder_of_code(name: &str) -> io::Result<PathBuf> {
    let apart = Path::new("/var/tmp").join(name);
    if std::env::var_os("TMPDIR").is_none() && private_folder(&apart).is_ok() {
        return Ok(apart);
    }
    let folder = std::env::temp_dir().join(name);
    private_folder(&folder)?;
    Ok(folder)
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}
