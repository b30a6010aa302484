//! The whole of the local AWS behind one function: an HTTP request in, an HTTP response out.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response, header};
use jiff::Timestamp;
use serde_json::Value;
use url::form_urlencoded;

use super::apigateway::Meter;
use super::model::{Model, Protocol};
use super::operation::{Answer, Call, Object, Operation, Pace, Refusal, Run};
use super::protocol::{self, Target};
use super::registry::{AwsService, SERVICES};
use super::scenario::{Counts, Scenario, TaggedStates};
use super::state::State;
use super::store::{Store, StoreError};
use super::{ec2, identifiers};
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

/// What a signature's credential scope says: `AKID/20261121/eu-west-1/cognito-idp/aws4_request`.
struct Scope {
    region: String,
    service: String,
    /// Whether it is in the query, which a link or an image of a web page can contain too.
    presigned: bool,
}

impl Scope {
    /// From the `Authorization` header, or the query of a presigned URL. The signature is not checked: any credentials are valid.
    fn of(request: &Request<Bytes>) -> Option<Self> {
        let authorization = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let in_header = authorization.and_then(|text| {
            text.split("Credential=")
                .nth(1)?
                .split([',', ' '])
                .next()
                .map(str::to_owned)
        });
        let in_query = || {
            let query = request.uri().query().unwrap_or_default();
            form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == "X-Amz-Credential")
                .map(|(_, value)| value.into_owned())
        };
        let presigned = in_header.is_none();
        let credential = in_header.or_else(in_query)?;
        // From the end: an access key id may have slashes of its own.
        let mut parts = credential.rsplit('/');
        let (_terminator, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            region: region.into(),
            service: service.into(),
            presigned,
        })
    }
}

/// How a refusal travels.
struct Wire {
    protocol: Protocol,
    json_version: &'static str,
    error_message: &'static str,
}

impl Service {
    /// A local AWS in memory.
    pub fn in_memory(options: Options) -> Self {
        let state = State::default();
        let tagged = tagged(&options, &state);
        Self::over(Store::Memory(state), options, tagged)
    }

    /// A local AWS whose state is in a file, shared with other processes and on disk before a changing call is answered.
    ///
    /// # Errors
    /// If the file or its folder can't be created or read, is damaged, or has another format.
    pub fn at_file(path: &Path, options: Options) -> Result<Self, StoreError> {
        let mut store = Store::at_file(path, &options.account, options.waits)?;
        let tagged = store.read(|state| tagged(&options, state))?;
        Ok(Self::over(store, options, tagged))
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
        Ok(Self::over(Store::Memory(state), options, tagged))
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
        Ok(Self::over(Store::Memory(state), options, tagged))
    }

    fn over(store: Store, options: Options, tagged: Option<TaggedStates>) -> Self {
        Self(Arc::new(Inner {
            options,
            store: Mutex::new(store),
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

    /// Answers one request to any service in any Region; both are taken from the signature's credential scope.
    pub fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        let request_id = identifiers::uuid();
        let refused = |wire: &Wire, refusal: &Refusal| {
            let json = (wire.json_version, wire.error_message);
            protocol::refusal(wire.protocol, json, refusal, &request_id)
        };
        let scope = Scope::of(&request);
        let target = Target::of(&request).map(|target| target.prefix.to_owned());
        let service = SERVICES.iter().find(|service| match (&scope, &target) {
            (Some(scope), _) => service.name == scope.service,
            (None, Some(target)) => service.model.metadata.target_prefix == *target,
            (None, None) => false,
        });
        let Some(service) = service else {
            let refusal = match scope {
                Some(scope) => {
                    Refusal::not_implemented(format_args!("the service {}", scope.service))
                }
                None => missing_token(),
            };
            return refused(&guess(&request), &refusal);
        };
        let model: &'static Model = &service.model;
        let wire = Wire {
            protocol: model.metadata.protocol,
            json_version: &model.metadata.json_version,
            error_message: &model.metadata.error_message,
        };
        self.answer(service, scope, &request, &request_id)
            .unwrap_or_else(|refusal| refused(&wire, &refusal))
    }

    fn answer(
        &self,
        service: &'static AwsService,
        scope: Option<Scope>,
        request: &Request<Bytes>,
        request_id: &str,
    ) -> Result<Response<Bytes>, Refusal> {
        let model: &'static Model = &service.model;
        if service.name == "apigateway" && request.uri().path().starts_with("/v2/") {
            // It is signed for the same service, and has a model of its own.
            let asked = format_args!(
                "API Gateway v2: {} {}",
                request.method(),
                request.uri().path()
            )
            .to_string();
            return Err(Refusal::not_implemented(asked));
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
        let call = Call {
            operation: operation.name,
            input,
            now: options.clock.now(),
            account: options.account.clone(),
            region,
            request_id: request_id.into(),
            pace: options
                .scenario
                .takes(operation.name)
                .map_or(options.pace, Pace::Exactly),
            id: None,
            everywhere: State::default(),
        };
        self.refuse(service, &call)?;
        let mut output = self.run(service, operation, call)?;
        if options.scenario.hides_tags(operation.name) {
            let lists = output.values_mut().filter_map(Value::as_array_mut);
            for item in lists.flatten().filter_map(Value::as_object_mut) {
                item.shift_remove("tags");
            }
        }
        protocol::answer(model, name, in_model, output, request_id)
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

/// The protocol for errors about unknown services.
fn guess(request: &Request<Bytes>) -> Wire {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let protocol = if content_type.starts_with("application/x-www-form-urlencoded") {
        Protocol::Query
    } else if Target::of(request).is_some() {
        Protocol::Json
    } else {
        Protocol::RestJson
    };
    Wire {
        protocol,
        json_version: "1.1",
        error_message: "message",
    }
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
    fn the_scope_is_read_from_the_end() {
        let request = |credential: &str| {
            let authorization = format!(
                "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
            );
            Request::get("/")
                .header("authorization", authorization)
                .body(Bytes::new())
                .unwrap()
        };
        let scope = Scope::of(&request(
            "AKID/with/slashes/20261121/eu-west-1/sts/aws4_request",
        ))
        .unwrap();
        assert_eq!(
            (scope.region.as_str(), scope.service.as_str()),
            ("eu-west-1", "sts")
        );
        assert!(Scope::of(&request("nonsense")).is_none());
        let presigned =
            Request::get("/?X-Amz-Credential=a%2F20261121%2Feu-west-1%2Fsts%2Faws4_request")
                .body(Bytes::new());
        assert_eq!(Scope::of(&presigned.unwrap()).unwrap().service, "sts");
    }

    #[test]
    fn members_are_found_by_path() {
        let Value::Object(input) = serde_json::json!({"a": {"b": [{"c": false}]}}) else {
            unreachable!()
        };
        assert!(has(&input, "a.b.c") && has(&input, "a"));
        assert!(!has(&input, "a.c") && !has(&input, "b"));
    }
}
