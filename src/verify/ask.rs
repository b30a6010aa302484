//! Runs the cases: each is called, judged, and retried while changes on AWS may still be propagating.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderName, HeaderValue, Request, Response};
use serde::Deserialize;

use super::case::{
    Answer, Caller, Case, Difference, Expected, KeyShown, NOT_IMPLEMENTED, ORIGIN, Outcome, Tested,
};
use super::judge::{Command, judge, no_answer};
use super::test_credentials::TestCredentials;
use crate::caller::{API_KEY_HEADER, Transport, error_type, in_full};
use crate::clock::Clock;
use crate::model::Secret;

/// How to run the cases.
pub struct Asking<'a> {
    /// The line of a command on the same stack, for hints.
    pub command: &'a Command<'a>,
    /// The transport to the stack, made for each case: on the local AWS each case has its own copy.
    pub way: &'a dyn Fn(&Case) -> Transport,
    /// What callers show.
    pub test_credentials: &'a TestCredentials,
    /// The header that carries the token.
    pub token_header: &'a str,
    /// The time.
    pub clock: &'a Clock,
    /// How long to retry failed cases: a key or a plan takes minutes to propagate on AWS.
    pub patience: Duration,
    /// Whether throttled calls are retried.
    pub throttled_again: bool,
    /// How many calls may be concurrent.
    pub beside: usize,
}

/// The first wait before a retry, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// Retries of a throttled call.
const THROTTLED: (usize, Duration) = (3, Duration::from_secs(1));

/// Runs every case, in order.
///
/// A denied temporary key proves nothing before it has propagated, so those cases come last: by then the one temporary key that
/// is admitted once has been admitted.
pub async fn ask(asking: &Asking<'_>, cases: Vec<Case>) -> Vec<Tested> {
    let mut tested: Vec<Tested> = cases.into_iter().map(untried).collect();
    let to_try = |late: bool, tested: &[Tested]| -> Vec<usize> {
        let wanted = |place: &usize| {
            let case = &tested[*place].case;
            case.not_tested.is_none() && is_late(case) == late
        };
        (0..tested.len()).filter(wanted).collect()
    };
    for late in [false, true] {
        let places = to_try(late, &tested);
        round(asking, &mut tested, &places).await;
        patiently(asking, &mut tested, &places).await;
    }
    tested
}

fn untried(case: Case) -> Tested {
    let outcome = match &case.not_tested {
        Some(reason) => Outcome::NotTested(reason.clone()),
        None => Outcome::Passed,
    };
    Tested {
        case,
        answer: None,
        outcome,
        remarks: Vec::new(),
    }
}

fn is_late(case: &Case) -> bool {
    matches!(
        case.key,
        KeyShown::NoPlan | KeyShown::OtherPlan | KeyShown::Disabled
    )
}

/// Tries these once.
async fn round(asking: &Asking<'_>, tested: &mut [Tested], places: &[usize]) {
    let cases: Vec<(usize, Case)> = places
        .iter()
        .map(|place| (*place, tested[*place].case.clone()))
        .collect();
    let mut answers = stream::iter(cases)
        .map(async |(place, case)| (place, one(asking, case).await))
        .buffered(asking.beside.max(1));
    while let Some((place, answer)) = answers.next().await {
        tested[place] = answer;
    }
}

/// Retries failed cases, until none is left or the time is over.
async fn patiently(asking: &Asking<'_>, tested: &mut [Tested], places: &[usize]) {
    let until = asking.clock.now() + asking.patience;
    let (mut wait, longest) = WAITS;
    loop {
        let differ: Vec<usize> = places
            .iter()
            .copied()
            .filter(|place| matches!(tested[*place].outcome, Outcome::Different(_)))
            .collect();
        if differ.is_empty() || asking.clock.now() + wait > until {
            return;
        }
        asking.clock.sleep(wait).await;
        wait = (wait * 2).min(longest);
        round(asking, tested, &differ).await;
    }
}

async fn one(asking: &Asking<'_>, case: Case) -> Tested {
    let shown = (asking.test_credentials.token(&case.token)).and_then(|token| {
        let key = asking.test_credentials.key(&case.key)?;
        Ok((token, key))
    });
    let (token, key) = match shown {
        Ok(shown) => shown,
        // A caller of the stack without credentials can't call.
        Err(why) if matches!(case.caller, Caller::Known(_)) => {
            let difference = Difference {
                what: format!("{} can't call: {why}", case.caller),
                help: "apply the file, so that it has what it calls with".into(),
            };
            return Tested {
                outcome: Outcome::Different(vec![difference]),
                ..untried(case)
            };
        }
        Err(reason) => {
            return Tested {
                outcome: Outcome::NotTested(reason),
                ..untried(case)
            };
        }
    };
    let way = (asking.way)(&case);
    let send = async || {
        let request = request(asking, &case, token.as_ref(), key.as_ref())?;
        let answer = way.send(request).await;
        answer
            .map(|answer| read(&case, &answer))
            .map_err(|error| in_full(&error))
    };
    let mut answer = send().await;
    if case.key == KeyShown::UsedUp {
        // The first one uses it up.
        answer = send().await;
    }
    let (times, pause) = THROTTLED;
    for _ in 0..times {
        let throttled = matches!(&answer, Ok(answer) if answer.status == 429);
        if !throttled || case.key == KeyShown::UsedUp || !asking.throttled_again {
            break;
        }
        asking.clock.sleep(pause).await;
        answer = send().await;
    }
    match answer {
        Ok(answer) => {
            if let Some(lacks) = answer.not_simulated().map(str::to_owned) {
                return Tested {
                    outcome: Outcome::NotTested(lacks),
                    answer: Some(answer),
                    ..untried(case)
                };
            }
            let (differences, remarks) = judge(&case, &answer, asking.command);
            Tested {
                outcome: if differences.is_empty() {
                    Outcome::Passed
                } else {
                    Outcome::Different(differences)
                },
                answer: Some(answer),
                remarks,
                case,
            }
        }
        Err(why) => Tested {
            outcome: Outcome::Different(vec![no_answer(&case, &why)]),
            ..untried(case)
        },
    }
}

fn request(
    asking: &Asking<'_>,
    case: &Case,
    token: Option<&Secret>,
    key: Option<&Secret>,
) -> Result<Request<Bytes>, String> {
    let (origin, is_preflight) = match &case.caller {
        Caller::Preflight => (ORIGIN, true),
        Caller::ListedPreflight(origin) => (origin.as_str(), true),
        _ => (ORIGIN, false),
    };
    let mut request = Request::builder()
        .method(case.method.as_str())
        .uri(format!("{}{}", case.door.url, case.target))
        .header("origin", origin)
        .header("accept", "*/*");
    if is_preflight {
        request = request
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
    }
    let shown = [
        (
            asking.token_header,
            token.map(|token| format!("Bearer {}", token.expose())),
        ),
        (API_KEY_HEADER, key.map(|key| key.expose().to_owned())),
    ];
    for (name, value) in shown {
        let Some(value) = value else { continue };
        let name: HeaderName = name
            .parse()
            .map_err(|_| format!("`{name}` is not a header name"))?;
        // The value itself is not shown.
        let mut value =
            HeaderValue::from_str(&value).map_err(|_| format!("no value of {name} can be sent"))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    request
        .body(Bytes::new())
        .map_err(|_| format!("`{}` is not a path that can be called", case.target))
}

/// What may be shown of a response: of its headers those of CORS, and those that the file names.
fn read(case: &Case, response: &Response<Bytes>) -> Answer {
    let (Expected::Refused { headers: named, .. } | Expected::Admitted { headers: named, .. }) =
        &case.expected;
    let text = |name: &str| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let error_type = error_type(response).map(str::to_owned);
    let headers: BTreeMap<String, String> = response
        .headers()
        .keys()
        .map(|name| name.as_str())
        .filter(|name| {
            let named = || named.keys().any(|named| named.eq_ignore_ascii_case(name));
            name.starts_with("access-control-") || *name == "vary" || named()
        })
        .filter_map(|name| Some((name.to_owned(), text(name)?)))
        .collect();
    let lacks = error_type.as_deref() == Some(NOT_IMPLEMENTED);
    Answer {
        status: response.status().as_u16(),
        message: match lacks {
            // The local AWS names settings of the API there, and nothing that was shown.
            true => words(response.body()),
            false => words(response.body()).filter(|text| error_type.is_some() && is_plain(text)),
        },
        error_type,
        headers,
    }
}

fn words(body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(alias = "Message")]
        message: Option<String>,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    body.message
}

/// Whether words of API Gateway's quote nothing that was shown: it repeats an `Authorization` header that it can't read.
fn is_plain(text: &str) -> bool {
    const LONGEST: usize = 60;
    let mut characters = text.chars();
    text.len() <= LONGEST && characters.all(|c| c.is_ascii_alphanumeric() || " .,'".contains(c))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::model::Address;
    use crate::verify::case::{Backend, Door, Expected, Refusal, TokenShown};
    use crate::verify::test_credentials::Temporary;

    fn case(caller: Caller, key: KeyShown, how: Refusal) -> Case {
        Case {
            route: Address::new("api.routes.\"GET /a\""),
            method: "GET".into(),
            path: "/a".into(),
            target: "/a".into(),
            door: Door {
                url: "https://api.example/prod".into(),
                name: None,
                about: None,
                mutual_tls: false,
            },
            caller,
            token: TokenShown::Garbage,
            key,
            needs_key: true,
            backend: Backend::Other,
            expected: Expected::Refused {
                how,
                status: how.status(),
                headers: BTreeMap::new(),
            },
            cors: false,
            not_tested: None,
        }
    }

    fn test_credentials() -> TestCredentials {
        TestCredentials {
            tokens: BTreeMap::new(),
            keys: BTreeMap::new(),
            by_scopes: Vec::new(),
            temporary: Temporary {
                used_up: Ok(Secret::new("used-up")),
                ..Temporary::none("pass --probe")
            },
        }
    }

    fn refusal(status: u16, error_type: &str, body: &str) -> Response<Bytes> {
        Response::builder()
            .status(status)
            .header("x-amzn-ErrorType", error_type)
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap()
    }

    async fn tried(
        case: Case,
        patience: Duration,
        answer: impl Fn(usize, Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> (Tested, usize) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let answer = Arc::new(answer);
        let transport = Transport::in_process(Arc::new(move |request| {
            let (counted, answer) = (counted.clone(), answer.clone());
            Box::pin(async move { answer(counted.fetch_add(1, Ordering::SeqCst), request) })
        }));
        let clock = Clock::simulated(jiff::Timestamp::UNIX_EPOCH);
        let asking = Asking {
            command: &|name, _| name.to_owned(),
            way: &|_| transport.clone(),
            test_credentials: &test_credentials(),
            token_header: "Authorization",
            clock: &clock,
            patience,
            throttled_again: true,
            beside: 8,
        };
        let tested = ask(&asking, vec![case]).await.remove(0);
        (tested, calls.load(Ordering::SeqCst))
    }

    const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;

    #[tokio::test(start_paused = true)]
    async fn what_differs_is_asked_again_while_patience_lasts() {
        let wanted = case(Caller::GarbageToken, KeyShown::None, Refusal::Token);
        let known_at_last = |times, _| match times {
            0..3 => refusal(403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
            _ => refusal(401, "UnauthorizedException", UNAUTHORIZED),
        };
        let minutes = Duration::from_secs(180);
        let (tested, calls) = tried(wanted.clone(), minutes, known_at_last).await;
        assert_eq!((tested.outcome, calls), (Outcome::Passed, 4));
        let (tested, calls) = tried(wanted, Duration::ZERO, known_at_last).await;
        assert!(matches!(tested.outcome, Outcome::Different(_)));
        assert_eq!(calls, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_quota_of_one_is_used_up_by_the_first_call() {
        let wanted = case(Caller::UsedUpKey, KeyShown::UsedUp, Refusal::Quota);
        let counting = |times, _| match times {
            0 => Response::new(Bytes::new()),
            _ => refusal(
                429,
                "LimitExceededException",
                r#"{"message":"Limit Exceeded"}"#,
            ),
        };
        let (tested, calls) = tried(wanted, Duration::ZERO, counting).await;
        assert_eq!((tested.outcome, calls), (Outcome::Passed, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_shown_is_not_tested() {
        let wanted = case(Caller::DisabledKey, KeyShown::Disabled, Refusal::Key);
        let (tested, calls) = tried(wanted, Duration::ZERO, |_, _| unreachable!()).await;
        assert_eq!(tested.outcome, Outcome::NotTested("pass --probe".into()));
        assert_eq!(calls, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_callers_credentials_are_told_nobody() {
        let wanted = case(Caller::GarbageToken, KeyShown::UsedUp, Refusal::Token);
        let echoing = |_, request: Request<Bytes>| {
            assert_eq!(request.headers()["x-api-key"], "used-up");
            let shown = request.headers()["authorization"].to_str().unwrap();
            refusal(
                403,
                "IncompleteSignatureException",
                &format!(r#"{{"message":"{shown}"}}"#),
            )
        };
        let (tested, _) = tried(wanted, Duration::ZERO, echoing).await;
        assert_eq!(tested.answer.unwrap().message, None);
    }
}
