mod curl;
mod refused;
mod request;

use clap::builder::NonEmptyStringValueParser;

use clap::ValueEnum;
use http::{Method, Response};
use jiff::Timestamp;

use self::request::{Data, Header, Parts, invoked};
use crate::caller::{API_KEY_HEADER, Credentials, Known, Refusal, Token, in_full};
use crate::cli::backends::CalledBackends;
use crate::cli::global::{Global, one_of};
use crate::cli::opening::open_to_call;
use crate::engine::{Calling, Invocation, not_applied, runtime, unless_local};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::model::Address;
use crate::render::handoff::warning;
use crate::render::{Ui, call};

/// Call the API as a partner does, with the partner's token and key
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack call acme GET /hello
  gatestack call acme POST '/claims?draft=1' -d @claim.json -i
  gatestack call acme GET /hello --without key --fail
  gatestack call acme GET /hello --print-curl
  gatestack --local call acme GET /policies --backend 8080

The body goes to the standard output as it came, whatever the status: exit 0
means that there was an answer. A token and the API key are sent where the
partner has them, unless -H gives the same header. Why the API itself refused is
said on the standard error; -q keeps that quiet.")]
pub(crate) struct Args {
    /// The partner or client to call as, by name or address, such as acme
    #[arg(value_name = "PARTNER")]
    caller: String,
    /// The HTTP method
    #[arg(value_parser = request::method)]
    method: Method,
    /// The path after the stage, with the query: /policies?x=1
    #[arg(value_parser = request::path)]
    path: String,
    /// Send this body: DATA, @FILE or @- for the standard input; application/json
    /// unless -H says otherwise
    #[arg(short, long, value_name = "DATA")]
    data: Option<Data>,
    /// Send this header; 'NAME:' leaves one out that would be sent
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<Header>,
    /// Print the answer's status and headers, too
    #[arg(short, long)]
    include: bool,
    /// Exit 1 when the status is 400 or above
    #[arg(long)]
    fail: bool,
    /// Leave out the partner's token or key, to see the refusal
    #[arg(long, value_name = "WHAT", value_parser = one_of::<Credential>())]
    without: Vec<Credential>,
    /// Ask for a token with this scope only, or SERVER/*; left out, with all
    /// it may have
    #[arg(long = "scope", value_name = "SCOPE", value_parser = NonEmptyStringValueParser::new())]
    scopes: Vec<String>,
    /// Print the curl command that does the same, without calling; secrets are
    /// variables in it
    #[arg(long, conflicts_with_all = ["fail", "map", "backend", "real_backends"])]
    print_curl: bool,
    #[command(flatten)]
    backends: CalledBackends,
}

/// A partner's credentials.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Credential {
    Token,
    Key,
}

/// Which credentials are sent.
struct Shown {
    token: bool,
    key: bool,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(invocation.local)?.block_on(self.call(invocation, ui))
    }

    /// Flags that exclude each other across the subcommand.
    pub(super) fn contradiction(&self, global: &Global) -> Option<String> {
        if global.reads_stdin() && self.data.as_ref().is_some_and(Data::reads_stdin) {
            return Some("the argument '--data @-' cannot be used with '--file -'".into());
        }
        self.backends.contradiction(global)
    }

    async fn call(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let body = match &self.data {
            Some(data) if !self.print_curl => Some(data.read()?),
            _ => None,
        };
        let calling = open_to_call(invocation, Some(&self.backends.behind()), ui).await?;
        let known = calling.caller(&self.caller)?;
        let url = match &calling.view.invoke_url {
            Some(invoke_url) => invoked(invoke_url, &self.path)?,
            None => return Err(no_api(invocation, &calling)),
        };
        let shown = self.shown(&calling, known);
        if self.print_curl {
            ui.print(&self.curl(invocation, &calling, known, &shown, url));
            return Ok(Exit::Success);
        }
        if let Some(words) = known.several_keys().filter(|_| shown.key) {
            ui.remark(&warning(&words, ui.width()));
        }
        let credentials = if shown.token || shown.key {
            calling.credentials(known).await?
        } else {
            Credentials::default()
        };
        let token = if shown.token {
            if let Some(words) = calling.second_secret(known).await {
                ui.remark(&warning(&words, ui.width()));
            }
            let token = Box::pin(calling.token(known, &credentials, &self.scopes));
            let what = "asking for a token";
            Some(unless_local(calling.session.is_local(), ui, what, token).await?)
        } else {
            None
        };
        let request = Parts {
            method: &self.method,
            url,
            headers: &self.headers,
            body,
            token: token
                .as_ref()
                .map(|token| (&*calling.view.authorizer_header, &token.value)),
            api_key: credentials.api_key.as_ref().filter(|_| shown.key),
        };
        let begun = Timestamp::now();
        let send = Box::pin(calling.transport.send(request.request()?));
        let answer = unless_local(calling.session.is_local(), ui, "calling the API", send).await;
        let answer = answer.map_err(|error| unanswered(invocation, &in_full(&error)))?;
        if self.include {
            ui.print(&call::head(&answer));
        }
        let at_line_start = ui.pass_on(answer.body());
        let width = ui.width();
        let notes = calling.stand_ins();
        let notes = notes.iter().map(|words| call::note(words, width));
        let hint = self.explanation(invocation, &calling, known, &answer, token.as_ref());
        let (hint, failed) = hint.unzip();
        let wrote = match failed.flatten() {
            Some(route) => calling.failure(&route, begun).await,
            None => None,
        };
        let hints = wrote.into_iter().chain(hint);
        let hints = hints.map(|hint| crate::render::error::hint_line(&hint, width));
        let told: String = notes.chain(hints).collect();
        if !told.is_empty() {
            // The body may have no newline at its end, and both streams may be one terminal.
            let apart = if at_line_start { "" } else { "\n" };
            ui.remark(&(apart.to_owned() + &told));
        }
        Ok(if self.fail && answer.status().as_u16() >= 400 {
            Exit::Failure
        } else {
            Exit::Success
        })
    }

    fn shown(&self, calling: &Calling, known: &Known) -> Shown {
        let given = |name: &str| self.headers.iter().any(|header| header.is(name));
        let wanted = |credential| !self.without.contains(&credential);
        Shown {
            token: known.gets_tokens()
                && wanted(Credential::Token)
                && !given(&calling.view.authorizer_header),
            key: known.has_api_key && wanted(Credential::Key) && !given(API_KEY_HEADER),
        }
    }

    /// Why API Gateway denied the call, and the route whose function failed, if one did.
    fn explanation(
        &self,
        invocation: &Invocation,
        calling: &Calling,
        known: &Known,
        answer: &Response<bytes::Bytes>,
        token: Option<&Token>,
    ) -> Option<(String, Option<Address>)> {
        let refusal = Refusal::of(answer)?;
        let shown = self.shown(calling, known);
        let refused = refused::Refused {
            invocation,
            desired: &calling.session.desired,
            book: &calling.observation.book(),
            known,
            method: self.method.as_str(),
            path: self.path.split('?').next().unwrap_or_default(),
            header: &calling.view.authorizer_header,
            view: &calling.view,
            token,
            own_token: !shown.token
                && !self.without.contains(&Credential::Token)
                && known.gets_tokens(),
            key: shown.key,
            own_key: self
                .headers
                .iter()
                .any(|header| header.is(API_KEY_HEADER) && header.has_value()),
        };
        Some((refused.hint(refusal), refused.failed_function(refusal)))
    }
}

fn no_api(invocation: &Invocation, calling: &Calling) -> Error {
    if calling.session.desired.outputs.contains_key("invoke_url") {
        return not_applied(invocation, "the API's stage is not there yet");
    }
    Fault::new(FaultKind::Absent, "the stack has no API to call")
        .hint("add `[api]` with a `name`, a `stage` and its routes, then apply it")
        .into()
}

fn unanswered(invocation: &Invocation, what: &str) -> Error {
    let plan = invocation.command_line("plan", &[]);
    Fault::new(FaultKind::Unanswered, what)
        .hint(format!(
            "check the network; a custom domain answers once its DNS record points to `api.domain.target`; plan shows \
             more\n{plan}"
        ))
        .into()
}
