//! What `dev` shows: the URLs, what a changed file applied, and every request with its outcome.

use std::collections::BTreeMap;
use std::time::Duration;

use anstyle::Style;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::json::{ChangeSummary, Line, LossReport, line};
use super::layout::{behind, counted, harmless, indented, listed};
use super::logs::harmless_line;
use super::outcome::Made;
use super::plan::losses;
use super::style::{CREATE, DELETE, ERROR, FAINT, HINT, STRONG, UPDATE, WARNING, paint};
use crate::apply::Failure;
use crate::kinds::route;
use crate::kinds::{Desired, Resource};
use crate::model::{Address, Book, Place, bare_or_quoted};
use crate::plan::Loss;
use aws_local::{FunctionLine, Seen};

/// A route that callers see.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ServedRoute {
    /// Its HTTP method, or `ANY`.
    pub method: String,
    /// Its path, such as `/policies/{id}`.
    pub path: String,
    /// Whether a token is needed.
    pub token: bool,
    /// Any one of these scopes in the token admits.
    pub scopes: Vec<String>,
    /// Whether an API key is needed.
    pub api_key: bool,
}

/// One line of `dev --json`; what stands around a run and what is wrong come as in `apply --json`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DevLine {
    /// Requests are answered from now on.
    Ready {
        /// The URL that stands for AWS's endpoints.
        url: String,
        /// The API's own URL, without DNS.
        invoke_url: Option<String>,
        /// Where tokens are got, without DNS.
        token_url: Option<String>,
        /// What it serves; preflights that gatestack adds are left out.
        routes: Vec<ServedRoute>,
    },
    /// A file changed, and the stack is as it says now.
    Reloaded {
        /// What that changed.
        summary: ChangeSummary,
        /// What is gone for good.
        lost: Vec<LossReport>,
    },
    /// A function wrote a line.
    Written {
        /// When, in UTC.
        at: String,
        /// The function's name in Lambda.
        function: String,
        /// The id of the invocation, if it was in one.
        request_id: Option<String>,
        /// The line.
        message: String,
    },
    /// A request was answered.
    Request {
        /// When it came, in UTC.
        at: String,
        /// The status of the answer.
        status: u16,
        /// Its method.
        method: String,
        /// The path behind the stage, without the query.
        path: String,
        /// The route it matched.
        route: Option<String>,
        /// Whose token or key it brought, by address; both where they are not one caller's.
        callers: Vec<String>,
        /// How long the answer took, in seconds.
        seconds: f64,
        /// Why it was refused.
        refused: Option<String>,
    },
}

/// Where a stack is served.
pub(crate) struct Served<'a> {
    pub(crate) stack: &'a str,
    /// The URL that stands for AWS's endpoints.
    pub(crate) url: &'a str,
    pub(crate) invoke_url: Option<String>,
    pub(crate) token_url: Option<String>,
    /// The backends of private targets, if the stack has any.
    pub(crate) private: Option<Private>,
    /// Whether a stand-in answers for the backends on other machines.
    pub(crate) stand_in: bool,
    pub(crate) routes: Vec<ServedRoute>,
    /// How many paths answer a CORS preflight that the file does not contain.
    pub(crate) preflights: usize,
    /// A command line to try.
    pub(crate) call: Option<String>,
}

/// The backends of the targets behind the load balancer.
pub(crate) struct Private {
    /// For every target that is not mapped.
    pub(crate) backend: Option<String>,
    /// How many targets are mapped.
    pub(crate) mapped: usize,
}

impl Private {
    fn text(&self) -> String {
        match (&self.backend, self.mapped) {
            (Some(backend), 0) => format!("{backend} answers for every private target"),
            (Some(backend), mapped) => {
                let mapped = counted(mapped as u64, "target");
                format!("{backend} answers for private targets, but {mapped} mapped elsewhere")
            }
            (None, 0) => "no backend answers for private targets: see --backend PORT".to_owned(),
            (None, mapped) => format!("{} mapped", counted(mapped as u64, "private target")),
        }
    }
}

impl Served<'_> {
    /// The whole screen.
    pub(crate) fn text(&self, width: usize) -> String {
        let title = format!("Stack {} is served at {}", self.stack, self.url);
        let mut text = format!("{}\n\n", paint(STRONG, &title));
        let private = self.private.as_ref().map(Private::text);
        let stand_in = "a stand-in answers for backends on other machines".to_owned();
        let stand_in = self.stand_in.then_some(stand_in);
        for (name, value) in [
            ("invoke URL", &self.invoke_url),
            ("token URL", &self.token_url),
            ("backend", &private),
            ("backend", &stand_in),
        ] {
            if let Some(value) = value {
                text.push_str(&format!("  {name:<10}  {value}\n"));
            }
        }
        if !self.routes.is_empty() {
            text.push_str(&format!(
                "\n{}\n{}",
                paint(STRONG, "Routes"),
                self.routes(width)
            ));
        }
        if let Some(call) = &self.call {
            text.push_str(&format!("\n{} {call}\n", paint(HINT, "Try:")));
        }
        text
    }

    fn routes(&self, width: usize) -> String {
        let name = |route: &ServedRoute| format!("{} {}", route.method, route.path);
        let widest = self.routes.iter().map(|route| name(route).chars().count());
        let column = widest.max().unwrap_or_default().min(width / 2);
        let mut text: String = self
            .routes
            .iter()
            .map(|route| {
                let head = format!("  {:<column$} ", name(route));
                let head_width = head.chars().count();
                behind(&head, head_width, &route.needs(), column + 4, width)
            })
            .collect();
        if self.preflights > 0 {
            let paths = counted(self.preflights as u64, "path");
            let line = format!("and a public CORS preflight on {paths}");
            text.push_str(&indented(&line, 2, width));
        }
        text
    }
}

impl ServedRoute {
    /// A route's requirements, in words.
    fn needs(&self) -> String {
        let mut needs = Vec::new();
        if self.token {
            needs.push(match &self.scopes[..] {
                [] => "an ID token".to_owned(),
                scopes => format!("a token with {}", scopes.join(" or ")),
            });
        }
        if self.api_key {
            needs.push("an API key".into());
        }
        if needs.is_empty() {
            "public".to_owned()
        } else {
            listed(&needs)
        }
    }

    fn of(props: &route::Props, book: &Book) -> Self {
        let scopes = props.scopes.iter().filter_map(|scope| scope.resolve(book));
        Self {
            method: props.method.clone(),
            path: props.path.clone(),
            token: props.authorizer.is_some(),
            scopes: scopes.collect(),
            api_key: props.api_key,
        }
    }

    /// The routes of a stack by their paths, and how many more are only preflights.
    pub(crate) fn all(desired: &Desired, book: &Book) -> (Vec<Self>, usize) {
        let routes = desired
            .resources
            .values()
            .filter_map(|wanted| match &wanted.resource {
                Resource::Route(props) => Some(props),
                _ => None,
            });
        let (preflights, routes): (Vec<_>, Vec<_>) = routes.partition(|props| props.is_preflight());
        let mut routes: Vec<_> = routes
            .into_iter()
            .map(|props| Self::of(props, book))
            .collect();
        routes.sort_by(|one, other| (&one.path, &one.method).cmp(&(&other.path, &other.method)));
        (routes, preflights.len())
    }
}

/// One line for what a function wrote: time, function, text.
pub(crate) fn written(line: &FunctionLine, zone: &TimeZone) -> String {
    let time = line.at.to_zoned(zone.clone()).strftime("%H:%M:%S");
    let (function, text) = (harmless(&line.function), harmless_line(&line.text));
    format!(
        "{} {} {text}\n",
        paint(FAINT, &time.to_string()),
        paint(STRONG, &function)
    )
}

/// One line for a request: time, status, route, caller, duration, and the reason if it was denied.
pub(crate) fn request(seen: &Seen, callers: &[&str], zone: &TimeZone, width: usize) -> String {
    let time = seen.at.to_zoned(zone.clone()).strftime("%H:%M:%S");
    let style = match seen.status {
        ..300 => CREATE,
        300..400 => FAINT,
        400..500 => UPDATE,
        _ => DELETE,
    };
    let mut words = Words::default();
    words.add(FAINT, &time.to_string(), "");
    words.add(style.bold(), &seen.status.to_string(), " ");
    words.add(Style::new(), &format!("{} {}", seen.method, seen.path), " ");
    if let Some(route) = seen
        .route
        .as_deref()
        .and_then(|route| other_route(seen, route))
    {
        words.add(Style::new(), &format!("→ {route}"), " ");
    }
    let callers: Vec<_> = callers.iter().map(|caller| short(caller)).collect();
    if !callers.is_empty() {
        words.add(STRONG, &listed(&callers), "  ");
    }
    words.add(FAINT, &milliseconds(seen.took), "  ");
    match &seen.refused {
        Some(refused) => {
            let head = words.text + " ";
            behind(&head, words.columns + 1, &harmless(refused), INDENT, width)
        }
        None => words.text + "\n",
    }
}

/// The indent of a reason's further lines: under the request's method.
const INDENT: usize = 13;

/// Text with styles, whose columns are known.
#[derive(Default)]
struct Words {
    text: String,
    columns: usize,
}

impl Words {
    fn add(&mut self, style: Style, words: &str, gap: &str) {
        let words = harmless(words);
        self.columns += gap.len() + words.chars().count();
        self.text.push_str(gap);
        self.text.push_str(&paint(style, &words));
    }
}

/// The matched route, if it differs from the request's line.
fn other_route<'a>(seen: &Seen, route: &'a str) -> Option<&'a str> {
    let (method, path) = route.split_once(' ')?;
    match (method == seen.method, path == seen.path) {
        (true, true) => None,
        (true, false) => Some(path),
        (false, _) => Some(route),
    }
}

/// A partner by its name; anything else by its address.
fn short(address: &str) -> String {
    match Address::new(address).place() {
        Some(Place::Partner(name)) => bare_or_quoted(&name),
        _ => address.to_owned(),
    }
}

fn milliseconds(took: Duration) -> String {
    match took.as_secs_f64() * 1000.0 {
        under if under < 10.0 => format!("{under:.1}ms"),
        more if more < 10_000.0 => format!("{more:.0}ms"),
        long => format!("{:.0}s", long / 1000.0),
    }
}

impl DevLine {
    /// A request that was answered.
    pub(crate) fn request(seen: &Seen, callers: &[&str]) -> Self {
        Self::Request {
            at: seen.at.to_string(),
            status: seen.status,
            method: seen.method.clone(),
            path: seen.path.clone(),
            route: seen.route.clone(),
            callers: callers.iter().map(|caller| (*caller).to_owned()).collect(),
            seconds: (seen.took.as_secs_f64() * 1e6).round() / 1e6,
            refused: seen.refused.clone(),
        }
    }

    /// What a function wrote.
    pub(crate) fn written(line: &FunctionLine) -> Self {
        Self::Written {
            at: line.at.to_string(),
            function: line.function.clone(),
            request_id: line.request_id.clone(),
            message: line.text.clone(),
        }
    }

    /// One JSON line.
    pub(crate) fn text(self) -> String {
        line(&Line::Served(self))
    }
}

/// One line for a changed file, and the losses.
pub(crate) fn reloaded(
    made: Made,
    whole: bool,
    lost: &BTreeMap<Address, Loss>,
    width: usize,
) -> String {
    let what = if made == Made::default() {
        "no changes".to_owned()
    } else {
        made.text()
    };
    let head = if whole {
        paint(STRONG, "reloaded:")
    } else {
        paint(ERROR, "reloaded in part:")
    };
    let lost = if lost.is_empty() {
        String::new()
    } else {
        let head = paint(WARNING, "This can't be undone:");
        format!("{head}\n{}", losses(lost, width))
    };
    format!("{head} {what}\n{lost}")
}

/// Why a changed file is not served.
pub(crate) fn kept() -> String {
    format!(
        "{} the stack is served as it was before\n",
        paint(ERROR, "not reloaded:")
    )
}

/// AWS's errors.
pub(crate) fn failures(failures: &[Failure], width: usize) -> String {
    let failures = failures.iter().map(|failure| {
        let action = super::progress::infinitive(failure.action);
        let about = format!("{}: can't {action}", failure.address);
        super::error::aws(Some(&about), &failure.error, width)
    });
    failures.collect()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    fn seen() -> Seen {
        Seen {
            at: "2026-11-21T16:02:11Z".parse().unwrap(),
            method: "GET".into(),
            path: "/hello".into(),
            route: Some("GET /hello".into()),
            client: None,
            api_key: None,
            status: 200,
            refused: None,
            took: Duration::from_micros(1_240),
        }
    }

    fn line(seen: &Seen, callers: &[&str]) -> String {
        strip_str(&request(seen, callers, &TimeZone::UTC, 80)).to_string()
    }

    #[test]
    fn requests_read_as_the_readme_shows_them() {
        let refused = |at: &str, status, refused: &str, micros| Seen {
            at: at.parse().unwrap(),
            status,
            refused: Some(refused.into()),
            took: Duration::from_micros(micros),
            ..seen()
        };
        let token = "no token was sent in the header Authorization";
        let lines = [
            line(&seen(), &["partners.acme"]),
            line(&refused("2026-11-21T16:02:14Z", 401, token, 300), &[]),
            line(
                &refused("2026-11-21T16:02:31Z", 403, "the API key is disabled", 400),
                &["partners.acme"],
            ),
        ];
        let page = include_str!("../../docs/local-aws.md");
        for line in lines {
            assert!(page.contains(&line), "{line}");
        }
    }

    #[test]
    fn a_route_is_named_where_the_path_does_not_say_it() {
        let one = Seen {
            path: "/policies/7".into(),
            route: Some("GET /policies/{id}".into()),
            took: Duration::from_millis(29_000),
            status: 504,
            ..seen()
        };
        insta::assert_snapshot!(
            line(&one, &["partners.acme", "api_keys.batch"]),
            @"16:02:11 504 GET /policies/7 → /policies/{id}  acme and api_keys.batch  29s"
        );
        let any = Seen {
            route: Some("ANY /hello".into()),
            ..seen()
        };
        insta::assert_snapshot!(line(&any, &[]), @"16:02:11 200 GET /hello → ANY /hello  1.2ms");
        let none = Seen {
            route: None,
            ..seen()
        };
        insta::assert_snapshot!(line(&none, &[]), @"16:02:11 200 GET /hello  1.2ms");
    }

    #[test]
    fn reasons_keep_to_the_width_and_strangers_out_of_the_terminal() {
        let one = Seen {
            path: "/\u{1b}[2J".into(),
            route: None,
            status: 401,
            refused: Some(
                "the token has none of the scopes xxx-api/read, xxx-api/write and xxx-api/admin"
                    .into(),
            ),
            ..seen()
        };
        insta::assert_snapshot!(line(&one, &[]), @r"
        16:02:11 401 GET /�[2J  1.2ms  the token has none of the scopes xxx-api/read,
                     xxx-api/write and xxx-api/admin
        ");
    }

    #[test]
    fn a_backend_is_named_as_far_as_it_goes() {
        let text = |backend: Option<&str>, mapped| {
            let backend = backend.map(str::to_owned);
            Private { backend, mapped }.text()
        };
        assert_eq!(
            text(None, 0),
            "no backend answers for private targets: see --backend PORT"
        );
        assert_eq!(text(None, 1), "1 private target mapped");
        assert_eq!(
            text(Some("127.0.0.1:80"), 2),
            "127.0.0.1:80 answers for private targets, but 2 targets mapped elsewhere"
        );
    }
}
