//! The whole of the local AWS behind one function: an HTTP request in, an HTTP response out.

mod scope;
mod wire;

use std::fmt;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::Value;

use self::scope::Scope;
use self::wire::{Wire, guess};
use super::apigateway::Meter;
use super::beside::Beside;
use super::functions::{FunctionVersion, FunctionWatcher, Functions, LogAccess};
use super::model::Model;
use super::operation::{Answer, Call, Object, Operation, Outside, Pace, Refusal, Run, seconds};
use super::protocol::{self, Target};
use super::registry::{self, AwsService, SERVICES};
use super::scenario::{Counts, Scenario, TaggedStates};
use super::state::State;
use super::store::{Store, StoreError};
use super::{ec2, identifiers, lambda};
use crate::clock::Clock;

/// The options of a local AWS.
#[derive(Clone, Debug)]
pub struct Options {
    /// The account that every caller is in. 123456789012 by default.
    pub account: String,
    /// The time. The machine's by default.
    pub clock: Clock,
    /// How long asynchronous operations take. By default they are done by the next call.
    pub pace: Pace,
    /// Called when another process locks the state's file for more than a second. Nothing by default.
    pub waits: Option<fn(&Path)>,
    /// Simulated delays. None by default.
    pub scenario: Scenario,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            account: "123456789012".into(),
            clock: Clock::system(),
            pace: Pace::Immediate,
            waits: None,
            scenario: Scenario::default(),
        }
    }
}

/// A local AWS: one account, all Regions. Copies share it.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    options: Options,
    store: Mutex<Store>,
    /// Code archives and log events.
    beside: Beside,
    functions: Functions,
    meter: Meter,
    /// The tagging API's index, if the scenario has a rule for it. Locked after the store.
    tagged: Option<Mutex<TaggedStates>>,
    /// The calls that the scenario's rules count.
    counts: Counts,
}

impl Drop for Inner {
    /// The stages' usage counts are saved with the state.
    fn drop(&mut self) {
        let counted = self.meter.counted();
        if counted.is_empty() {
            return;
        }
        let store = self.store.get_mut().unwrap_or_else(PoisonError::into_inner);
        // A failure can't be reported any more.
        let _ = store.change(|state| {
            counted.add_to(state);
            Ok(())
        });
    }
}

impl fmt::Debug for Service {
    /// Without the state, which holds secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Service")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// A local AWS in memory.
    pub fn in_memory(options: Options) -> Self {
        let state = State::default();
        let tagged = tagged(&options, &state);
        let beside = (Beside::in_memory(), Functions::default());
        Self::over(Store::Memory(state), beside, options, tagged)
    }

    /// A local AWS whose state is in a file, shared with other processes and on disk before a changing call is answered.
    ///
    /// # Errors
    /// If the file or its folder can't be created or read, is damaged, or has another format.
    pub fn at_file(path: &Path, options: Options) -> Result<Self, StoreError> {
        let mut store = Store::at_file(path, &options.account, options.waits)?;
        let tagged = store.read(|state| tagged(&options, state))?;
        let beside = Beside::file(path, &options.account);
        let beside = (beside, Functions::default());
        Ok(Self::over(store, beside, options, tagged))
    }

    /// A separate local AWS in memory with a copy of the current state and this clock.
    ///
    /// # Errors
    /// The state's file can't be read.
    pub fn in_memory_copy(&self, clock: Clock) -> Result<Self, StoreError> {
        let mut store = self.store();
        let options = Options {
            clock,
            ..self.0.options.clone()
        };
        let state = store.read(State::clone)?;
        let tagged = self.tagged().map(|tagged| tagged.clone());
        let beside = (self.0.beside.shared(), self.0.functions.clone());
        Ok(Self::over(Store::Memory(state), beside, options, tagged))
    }

    /// A separate local AWS in memory with a copy of the current state and this scenario.
    ///
    /// # Errors
    /// The state's file can't be read.
    pub fn in_memory_copy_with(&self, scenario: Scenario) -> Result<Self, StoreError> {
        let options = Options {
            scenario,
            ..self.0.options.clone()
        };
        let state = self.snapshot()?;
        let tagged = tagged(&options, &state);
        let beside = (self.0.beside.shared(), self.0.functions.clone());
        Ok(Self::over(Store::Memory(state), beside, options, tagged))
    }

    fn over(
        store: Store,
        (beside, functions): (Beside, Functions),
        options: Options,
        tagged: Option<TaggedStates>,
    ) -> Self {
        Self(Arc::new(Inner {
            options,
            store: Mutex::new(store),
            beside,
            functions,
            meter: Meter::default(),
            tagged: tagged.map(Mutex::new),
            counts: Counts::default(),
        }))
    }

    fn tagged(&self) -> Option<MutexGuard<'_, TaggedStates>> {
        let tagged = self.0.tagged.as_ref()?;
        Some(tagged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The whole state as it is now, read again when another process changed it. A copy is cheap.
    pub(super) fn snapshot(&self) -> Result<State, StoreError> {
        self.store().read(State::clone)
    }

    /// Changes the state, on disk too, for what is created at first use.
    pub(super) fn change<R>(
        &self,
        change: impl FnOnce(&mut State) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        self.store()
            .change(change)
            .unwrap_or_else(|error| Err(broken(&error)))
    }

    /// The account that everything here is in.
    pub(super) fn account(&self) -> &str {
        &self.0.options.account
    }

    /// Code archives and log events.
    pub fn beside(&self) -> &Beside {
        &self.0.beside
    }

    /// What runs functions.
    pub(super) fn functions(&self) -> &Functions {
        &self.0.functions
    }

    /// Whether a function's log is kept. Its group is created as Lambda does it: with the function's role, if that may.
    pub(super) fn opens_log(&self, state: &State, version: &FunctionVersion) -> bool {
        let now = seconds(self.now());
        let access = LogAccess::of(state, version, now);
        let region = state.regions.get(&version.region);
        let has_group = region.is_some_and(|region| region.logs.has_group(&version.log_group));
        if has_group || !access.create || !access.write {
            return has_group && access.write;
        }
        let made = self.change(|state| {
            let region = state.regions.entry(&version.region);
            region.logs.create_group(&version.log_group, now);
            Ok(())
        });
        made.is_ok()
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.0.options.clock.now()
    }

    /// The request counts of stages that are not in the state yet.
    pub(super) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic in an operation leaves the state unchanged, so a poisoned lock can be used.
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request to any service in any Region; both are taken from the signature's credential scope. What runs a function is
    /// refused: [`Service::answer`] waits for it.
    pub fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        match self.begin(&request) {
            Begun::Answered(response) => response,
            Begun::Running {
                wire, request_id, ..
            } => {
                let refusal = Refusal::not_implemented("functions where nothing can be waited for");
                wire.refused(&refusal, &request_id)
            }
        }
    }

    /// The same, and it waits for a function.
    pub async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        match self.begin(&request) {
            Begun::Answered(response) => response,
            Begun::Running {
                wire,
                request_id,
                later,
            } => later
                .await
                .unwrap_or_else(|refusal| wire.refused(&refusal, &request_id)),
        }
    }

    fn begin(&self, request: &Request<Bytes>) -> Begun {
        let request_id = identifiers::uuid();
        let scope = Scope::of(request);
        let target = Target::of(request).map(|target| target.prefix.to_owned());
        let service = match (&scope, &target) {
            (Some(scope), _) => registry::of_request(&scope.service, request.uri().path()),
            (None, Some(target)) => SERVICES
                .iter()
                .find(|service| service.model.metadata.target_prefix == *target),
            (None, None) => None,
        };
        let Some(service) = service else {
            let refusal = match scope {
                Some(scope) => {
                    Refusal::not_implemented(format_args!("the service {}", scope.service))
                }
                None => missing_token(),
            };
            return Begun::Answered(guess(request).refused(&refusal, &request_id));
        };
        let model: &'static Model = &service.model;
        let wire = Wire {
            protocol: model.metadata.protocol,
            json_version: &model.metadata.json_version,
            error_message: &model.metadata.error_message,
            model: Some(model),
        };
        match self.answered(service, scope, request, &request_id) {
            Ok(Answered::Now(response)) => Begun::Answered(response),
            Ok(Answered::Later(later)) => Begun::Running {
                wire,
                request_id,
                later,
            },
            Err(refusal) => Begun::Answered(wire.refused(&refusal, &request_id)),
        }
    }

    fn answered(
        &self,
        service: &'static AwsService,
        scope: Option<Scope>,
        request: &Request<Bytes>,
        request_id: &str,
    ) -> Result<Answered, Refusal> {
        let model: &'static Model = &service.model;
        if service.name == "lambda" {
            lambda::check_size(request)?;
        }
        let (name, in_model) = protocol::operation(model, request)?;
        let Some(operation) = service.implemented(name) else {
            return Err(Refusal::not_implemented(format_args!(
                "{}:{name}",
                service.name
            )));
        };
        if scope.is_none() && operation.unsigned.is_none() {
            return Err(missing_token());
        }
        if scope.as_ref().is_some_and(|scope| scope.presigned)
            && matches!(operation.run, Run::Change(_))
        {
            // A browser sends it for any page's link or image, and to an address such as 0.0.0.0 without headers that show the
            // page.
            return Err(Refusal::new(
                403,
                "AccessDenied",
                "the local AWS takes presigned requests for what reads only: sign this one in the header Authorization",
            ));
        }
        let input = protocol::input(model, in_model, request)?;
        if let Some(shape) = &in_model.input {
            service.check(name, shape, &input)?;
        }
        let session = scope.as_ref().and_then(Scope::session);
        let region = match (scope, service.global_region) {
            (_, Some(global)) => global.into(),
            (Some(scope), None) => scope.region,
            (None, None) => self.region_of_unsigned(operation, request, &input)?,
        };
        if let Some(member) = operation.refused.iter().find(|path| has(&input, path)) {
            return Err(Refusal::not_implemented(format_args!(
                "{member} of {}:{name}",
                service.name
            )));
        }
        let options = &self.0.options;
        let mut call = Call {
            operation: operation.name,
            input,
            now: options.clock.now(),
            account: options.account.clone(),
            session,
            region,
            request_id: request_id.into(),
            pace: options
                .scenario
                .takes(operation.name)
                .map_or(options.pace, Pace::Exactly),
            id: None,
            everywhere: State::default(),
            beside: self.0.beside.clone(),
        };
        self.refuse(service, &call)?;
        if let Run::Outside(run) = operation.run {
            call.everywhere = self.snapshot().map_err(|error| broken(&error))?;
            let outside = Outside {
                service: self.clone(),
                watcher: request.extensions().get::<FunctionWatcher>().cloned(),
            };
            let (ran, request_id) = (run(outside, call), request_id.to_owned());
            return Ok(Answered::Later(Box::pin(async move {
                protocol::answer(model, name, in_model, ran.await?, &request_id)
            })));
        }
        let mut output = self.run(service, operation, call)?;
        if options.scenario.hides_tags(operation.name) {
            let lists = output.values_mut().filter_map(Value::as_array_mut);
            for item in lists.flatten().filter_map(Value::as_object_mut) {
                item.shift_remove("tags");
            }
        }
        protocol::answer(model, name, in_model, output, request_id).map(Answered::Now)
    }

    /// Refuses a call if the scenario says so.
    fn refuse(&self, service: &AwsService, call: &Call) -> Result<(), Refusal> {
        let scenario = &self.0.options.scenario;
        if let Some(rule) = scenario.refuses(call.operation)
            && let Some(refusal) = self.0.counts.refuse(rule, service.name)
        {
            return Err(refusal);
        }
        if scenario.needs_active(call.operation) {
            let state = self.snapshot().map_err(|error| broken(&error))?;
            let region = state.regions.get(&call.region);
            if region.is_some_and(|region| region.elbv2.is_provisioning(call)) {
                return Err(Refusal::new(
                    400,
                    "InvalidConfigurationRequest",
                    "The load balancer is being provisioned.",
                ));
            }
        }
        Ok(())
    }

    /// The Region of a call without a signature: its host name's, or that of what it names.
    fn region_of_unsigned(
        &self,
        operation: &Operation,
        request: &Request<Bytes>,
        input: &Object,
    ) -> Result<String, Refusal> {
        let host = protocol::host(request);
        if let [_, region, "amazonaws", "com"] = *host.split('.').collect::<Vec<_>>() {
            return Ok(region.to_owned());
        }
        let state = self.snapshot().map_err(|error| broken(&error))?;
        let named = operation.unsigned.and_then(|named| named(&state, input));
        // If there is nothing, the operation answers that it doesn't exist.
        Ok(named.unwrap_or_default())
    }

    fn run(&self, service: &AwsService, operation: &Operation, mut call: Call) -> Answer {
        let mut store = self.store();
        let networked = service.sees_networks;
        let now = call.now;
        let dry = service.name == "ec2" && call.input.get("DryRun") == Some(&Value::Bool(true));
        let settled = |answer: Answer| match answer {
            Ok(_) if dry => Err(ec2::dry_run()),
            answer => answer,
        };
        if let Some(first) = operation.first {
            let missing = store.read(|state| {
                let region = state.regions.get(&call.region);
                region.is_some_and(|region| (first.missing)(region, &call))
            });
            if missing.map_err(|error| broken(&error))? {
                let made =
                    store.change(|state| (first.make)(state.regions.entry(&call.region), &call));
                made.map_err(|error| broken(&error))??;
            }
        }
        let ran = match operation.run {
            Run::Read(run)
                if service.name == "tagging"
                    && let Some(mut tagged) = self.tagged() =>
            {
                let known = tagged.known(call.now);
                let region = known.regions.get(&call.region).cloned();
                Ok(run(&region.unwrap_or_default(), &call))
            }
            Run::Read(run) => store.read(|state| {
                call.everywhere = state.clone();
                settled(match state.regions.get(&call.region) {
                    Some(region) if !networked || region.ec2.has_ground() => run(region, &call),
                    region => {
                        let mut region = region.cloned().unwrap_or_default();
                        if networked {
                            region.ec2.lay_ground(&call.account, &call.region);
                        }
                        run(&region, &call)
                    }
                })
            }),
            // It was run before.
            Run::Outside(_) => Ok(Err(Refusal::not_implemented(operation.name))),
            Run::Change(run) => {
                let mut counted = self.0.meter.counted();
                let changed = store.change(|state| {
                    counted.add_to(state);
                    call.everywhere = state.clone();
                    let region = state.regions.entry(&call.region);
                    if networked {
                        region.ec2.lay_ground(&call.account, &call.region);
                    }
                    settled(run(region, &call))
                });
                if let Ok(Ok(_)) = changed {
                    counted.clear();
                    if let Some(then) = operation.then {
                        // What is left over is removed by the next call that does this.
                        let done = store.read(|state| then(state, &self.0.beside));
                        done.map_err(|error| broken(&error))?.ok();
                    }
                    if let Some(mut tagged) = self.tagged() {
                        let state = store.read(State::clone);
                        tagged.changed(now, state.map_err(|error| broken(&error))?);
                    }
                }
                changed
            }
        };
        ran.unwrap_or_else(|error| Err(broken(&error)))
    }
}

/// What became of a request.
enum Begun {
    Answered(Response<Bytes>),
    /// A function runs.
    Running {
        wire: Wire,
        request_id: String,
        later: LaterResponse,
    },
}

/// An operation's answer on the wire.
enum Answered {
    Now(Response<Bytes>),
    Later(LaterResponse),
}

type LaterResponse = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Refusal>> + Send>>;

/// The tagging API's index of a local AWS that starts with this state, if its scenario has a rule for it.
fn tagged(options: &Options, state: &State) -> Option<TaggedStates> {
    let rule = options.scenario.tagging_index()?;
    Some(TaggedStates::starting_with(rule, state.clone()))
}

fn missing_token() -> Refusal {
    Refusal::new(
        403,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    )
}

/// Whether the input has a member at this dotted path, looking into every item of a list on the way.
fn has(input: &Object, path: &str) -> bool {
    fn within(value: &Value, path: &str) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|item| within(item, path)),
            Value::Object(members) => has(members, path),
            _ => false,
        }
    }
    match path.split_once('.') {
        None => input.contains_key(path),
        Some((first, rest)) => input.get(first).is_some_and(|value| within(value, rest)),
    }
}

/// The state can't be used.
pub(super) fn broken(error: &StoreError) -> Refusal {
    let message = match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    Refusal::new(500, "InternalFailure", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_path() {
        let Value::Object(input) = serde_json::json!({"a": {"b": [{"c": false}]}}) else {
            unreachable!()
        };
        assert!(has(&input, "a.b.c") && has(&input, "a"));
        assert!(!has(&input, "a.c") && !has(&input, "b"));
    }
}
