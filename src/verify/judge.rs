//! Compares a response with the file, and explains differences. Pure.

use std::collections::BTreeMap;

use super::case::{Answer, Backend, Caller, Case, Difference, Expected, Refusal};
use crate::model::{Place, shell_word};

/// The line of a command on the same stack, with these words more.
pub type Command<'a> = dyn Fn(&str, &[String]) -> String + 'a;

/// The header without which a browser blocks the response.
const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// Compares a response with the expected result: the differences, and remarks. Hints name commands on the same stack.
pub fn judge(
    case: &Case,
    answer: &Answer,
    command: &Command<'_>,
) -> (Vec<Difference>, Vec<String>) {
    let mut differences = Vec::new();
    let mut remarks = Vec::new();
    match &case.expected {
        Expected::Refused {
            how,
            status,
            headers,
        } => {
            match refused(case, *how, *status, answer) {
                Some(difference) => differences.push(difference),
                None => differences.extend(missing_headers(headers, answer, "the refusal")),
            };
        }
        Expected::Admitted { status, headers } => match admitted(case, *status, answer, command) {
            Some(difference) => differences.push(difference),
            None => {
                let whose = match case.caller {
                    Caller::Preflight | Caller::ListedPreflight(_) => "the preflight",
                    _ => "the answer",
                };
                differences.extend(missing_headers(headers, answer, whose));
                if case.cors && !answer.headers.contains_key(ALLOW_ORIGIN) {
                    remarks.push(
                        "the backend sends no Access-Control-Allow-Origin, so browsers hide its answers from pages"
                            .into(),
                    );
                }
            }
        },
    }
    (differences, remarks)
}

/// The meaning of a missing response.
pub(super) fn no_answer(case: &Case, why: &str) -> Difference {
    let door = case.door.name.as_deref().unwrap_or("the stage");
    Difference {
        what: format!("{door} does not answer: {why}"),
        help: "see that its name resolves and that this machine may reach it".into(),
    }
}

fn refused(case: &Case, how: Refusal, status: u16, answer: &Answer) -> Option<Difference> {
    let expected = &how.with(status);
    let caller = &case.caller;
    let Some(error_type) = &answer.error_type else {
        return Some(let_in(case, how, answer));
    };
    if answer.is_broken() {
        return Some(Difference {
            what: format!("{caller} is not refused: {answer} instead of {expected}"),
            help:
                "look at the route's authorizer and API key requirement, then at what is behind it"
                    .into(),
        });
    }
    let as_expected = same_refusal(how, error_type);
    if as_expected && answer.status == status {
        return None;
    }
    if as_expected {
        return Some(Difference {
            what: format!(
                "{caller} is refused with {} instead of {expected}",
                answer.status
            ),
            help:
                "a gateway response gives it another status: apply the file, or set the status back"
                    .into(),
        });
    }
    Some(Difference {
        what: format!("{caller} is refused by {answer} instead of {expected}"),
        help: match how {
            _ if error_type == "MissingAuthenticationTokenException" => {
                "the stage has no such route: apply the file, so that it is deployed"
            }
            _ if answer.status == 429 => THROTTLED,
            Refusal::Token if error_type == "ForbiddenException" && !case.needs_key => NO_KEY_NEEDED,
            Refusal::Token if error_type == "ForbiddenException" => {
                "the route takes the token, or asks for none: look at its authorizer and its scopes"
            }
            Refusal::Key | Refusal::Quota if error_type == "UnauthorizedException" => {
                "a good token is refused: look at the route's authorizer, its user pool and its scopes"
            }
            Refusal::Quota => "the plan of its key does not count its requests",
            _ => "look at what the route requires",
        }
        .into(),
    })
}

/// A call was admitted that should be denied.
fn let_in(case: &Case, how: Refusal, answer: &Answer) -> Difference {
    let caller = &case.caller;
    let help = match caller {
        Caller::Anybody if how == Refusal::NoRoute => {
            "AWS has a route that the file has not: apply the file to delete it, or write it down"
        }
        _ if how == Refusal::DefaultEndpoint => {
            "apply the file, which disables the default endpoint"
        }
        Caller::NoToken | Caller::GarbageToken | Caller::ForgedToken => {
            "calls without a token are admitted: apply the file, so that the route asks the authorizer again"
        }
        Caller::ExpiredToken => "the route asks no authorizer, or it checks no expiry",
        Caller::OtherPoolToken => "the authorizer takes the tokens of another user pool",
        Caller::WithoutScope => {
            "tokens with any other scope are admitted: the route names no scope, or others"
        }
        Caller::AccessToken => "the route wants an ID token and takes an access token",
        Caller::NoKey | Caller::UnknownKey => {
            "calls without an API key are admitted: apply the file, so that the route requires one again"
        }
        Caller::NoPlanKey | Caller::OtherPlanKey | Caller::DisabledKey | Caller::UsedUpKey => {
            "look at the route's API key requirement and at which plans open the stage"
        }
        _ => "look at what the route requires and at what this caller may do",
    };
    Difference {
        what: format!(
            "{caller} is admitted: {} instead of {}",
            answer.status,
            how.words()
        ),
        help: help.into(),
    }
}

const THROTTLED: &str =
    "calls are throttled: look at the stage's throttle, the plan's, and what is left of its quota";

const NO_KEY_NEEDED: &str = "the file asks for no API key here: the stage is not there, still serves a route that needs one, or a resource policy or \
     firewall refuses the call; apply the file";

fn admitted(
    case: &Case,
    status: Option<u16>,
    answer: &Answer,
    command: &Command<'_>,
) -> Option<Difference> {
    let caller = &case.caller;
    let Some(error_type) = answer.error_type.as_deref() else {
        let other = status.filter(|status| *status != answer.status)?;
        return Some(Difference {
            what: format!("{caller} is answered {} instead of {other}", answer.status),
            help: "API Gateway answers this route by itself, and the stage has another answer: apply the file, so that it is \
                   deployed"
                .into(),
        });
    };
    if answer.is_broken() {
        return Some(Difference {
            what: format!("{caller} is admitted, but the backend fails: {answer}"),
            help: match (&case.backend, answer.status) {
                (Backend::Function, _) => format!(
                    "`{}` shows what the function wrote; if nothing, see with `{}` whether the API may invoke it",
                    command("logs", &route_words(case)),
                    command("plan", &[])
                ),
                (Backend::Public(at), 504) => {
                    format!("see that the backend at {at} runs and answers in time")
                }
                (Backend::Other, 504) => {
                    "see that the backend runs and answers in time, and that load balancer and VPC link are healthy".into()
                }
                _ => "look at the route's integration: API Gateway can't use it as it is".into(),
            },
        });
    }
    let help = match error_type {
        "MissingAuthenticationTokenException" => {
            "the stage has no such route: apply the file, so that it is deployed"
        }
        _ if answer.status == 429 => THROTTLED,
        "UnauthorizedException" => {
            "its token is refused: look at the authorizer, its user pool and header, and the scopes of route and client"
        }
        "ForbiddenException" if !case.needs_key => NO_KEY_NEEDED,
        "ForbiddenException" => {
            "its key is refused: look whether it is enabled and on a plan that opens this stage; a change of keys takes AWS a \
             few minutes"
        }
        _ => "look at what the route requires and at what this caller has",
    };
    Some(Difference {
        what: format!("{caller} is refused: {answer}"),
        help: help.into(),
    })
}

/// The route as the file has it, which may be one for `ANY` method, as words of a command.
fn route_words(case: &Case) -> [String; 2] {
    let name = match case.route.place() {
        Some(Place::Route(name)) => name,
        _ => format!("{} {}", case.method, case.path),
    };
    let (verb, path) = name.split_once(' ').unwrap_or((&name, &case.path));
    [verb.to_owned(), shell_word(path)]
}

/// Whether a denial has this error type. AWS has several for some.
fn same_refusal(how: Refusal, error_type: &str) -> bool {
    let also: &[&str] = match how {
        Refusal::Quota => &["TooManyRequestsException"],
        Refusal::Key | Refusal::DefaultEndpoint | Refusal::NoRoute | Refusal::Token => &[],
    };
    error_type == how.error_type() || also.contains(&error_type)
}

fn missing_headers(
    expected: &BTreeMap<String, String>,
    answer: &Answer,
    whose: &str,
) -> Vec<Difference> {
    let difference = |(name, value): (&String, &String)| {
        let what = match answer.headers.get(&name.to_ascii_lowercase()) {
            Some(got) if same_value(name, value, got) => return None,
            Some(got) => format!("{whose} says {name}: {got} instead of {value}"),
            None => format!("{whose} has no {name}"),
        };
        let cors = name.to_ascii_lowercase().starts_with("access-control-");
        Some(Difference {
            what,
            help: if cors {
                "browsers show a page a CORS error instead of the answer: apply the file, so that it is deployed"
            } else {
                "apply the file, so that it is deployed"
            }
            .into(),
        })
    };
    expected.iter().filter_map(difference).collect()
}

/// The lists of CORS have no order.
fn same_value(name: &str, expected: &str, got: &str) -> bool {
    let lists = [
        "access-control-allow-methods",
        "access-control-allow-headers",
    ];
    if !lists.contains(&name.to_ascii_lowercase().as_str()) {
        return expected == got;
    }
    let sorted = |list: &str| {
        let mut items: Vec<String> = list
            .split(',')
            .map(|item| item.trim().to_ascii_lowercase())
            .collect();
        items.sort();
        items
    };
    sorted(expected) == sorted(got)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;
    use crate::verify::case::{Door, KeyShown, TokenShown};

    fn case(caller: Caller, expected: Expected) -> Case {
        Case {
            route: Address::new("api.routes.\"GET /a\""),
            method: "GET".into(),
            path: "/a".into(),
            target: "/a".into(),
            door: Door {
                url: "https://x".into(),
                name: None,
                about: None,
                mutual_tls: false,
            },
            caller,
            token: TokenShown::None,
            key: KeyShown::None,
            needs_key: true,
            backend: Backend::Other,
            expected,
            cors: false,
            not_tested: None,
        }
    }

    fn headers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    fn refused(caller: Caller, how: Refusal) -> Case {
        case(
            caller,
            Expected::Refused {
                how,
                status: how.status(),
                headers: headers(&[("Access-Control-Allow-Origin", "*")]),
            },
        )
    }

    fn let_in() -> Case {
        let expected = Expected::Admitted {
            status: None,
            headers: BTreeMap::new(),
        };
        case(Caller::Known(Address::new("partners.acme")), expected)
    }

    fn answer(status: u16, error_type: &str, message: &str) -> Answer {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Answer {
            status,
            error_type: some(error_type),
            message: some(message),
            headers: headers(&[("access-control-allow-origin", "*")]),
        }
    }

    fn command(name: &str, more: &[String]) -> String {
        let words = [&["gatestack --env x".to_owned(), name.to_owned()], more].concat();
        words.join(" ")
    }

    fn told(case: &Case, answer: &Answer) -> Vec<String> {
        judge(case, answer, &command)
            .0
            .into_iter()
            .map(|difference| difference.what)
            .collect()
    }

    const UNAUTHORIZED: (u16, &str, &str) = (401, "UnauthorizedException", "Unauthorized");
    const FORBIDDEN: (u16, &str, &str) = (403, "ForbiddenException", "Forbidden");

    fn of((status, error_type, message): (u16, &str, &str)) -> Answer {
        answer(status, error_type, message)
    }

    #[test]
    fn a_refusal_is_the_right_one_or_a_difference() {
        let no_token = refused(Caller::NoToken, Refusal::Token);
        assert_eq!(told(&no_token, &of(UNAUTHORIZED)), [""; 0]);
        assert_eq!(
            told(&no_token, &answer(200, "", "")),
            ["no token is admitted: 200 instead of 401 Unauthorized"]
        );
        // A backend's own 401 is not API Gateway's.
        assert_eq!(
            told(&no_token, &answer(401, "", "")),
            ["no token is admitted: 401 instead of 401 Unauthorized"]
        );
        assert_eq!(
            told(&no_token, &of(FORBIDDEN)),
            ["no token is refused by 403 Forbidden instead of 401 Unauthorized"]
        );
        assert_eq!(
            told(
                &no_token,
                &answer(200, "UnauthorizedException", "Unauthorized")
            ),
            ["no token is refused with 200 instead of 401 Unauthorized"]
        );
        assert_eq!(
            told(
                &no_token,
                &answer(
                    504,
                    "InternalServerErrorException",
                    "Endpoint request timed out"
                )
            ),
            ["no token is not refused: 504 Endpoint request timed out instead of 401 Unauthorized"]
        );
    }

    #[test]
    fn a_refusal_lets_browsers_read_it() {
        let no_key = refused(Caller::NoKey, Refusal::Key);
        let bare = Answer {
            headers: BTreeMap::new(),
            ..of(FORBIDDEN)
        };
        assert_eq!(
            told(&no_key, &bare),
            ["the refusal has no Access-Control-Allow-Origin"]
        );
    }

    #[test]
    fn whoever_may_come_in_is_let_in() {
        assert_eq!(told(&let_in(), &answer(200, "", "")), [""; 0]);
        // The sample value of a path parameter doesn't exist: that is the backend's response.
        assert_eq!(told(&let_in(), &answer(404, "", "")), [""; 0]);
        assert_eq!(
            told(&let_in(), &of(UNAUTHORIZED)),
            ["partners.acme is refused: 401 Unauthorized"]
        );
        assert_eq!(
            told(
                &let_in(),
                &answer(
                    504,
                    "InternalServerErrorException",
                    "Endpoint request timed out"
                )
            ),
            ["partners.acme is admitted, but the backend fails: 504 Endpoint request timed out"]
        );
    }

    #[test]
    fn a_backend_on_the_internet_has_no_vpc_link() {
        let dead = answer(
            504,
            "InternalServerErrorException",
            "Endpoint request timed out",
        );
        let help = |case: &Case| judge(case, &dead, &command).0.remove(0).help;
        assert!(help(&let_in()).contains("VPC link"));
        let public = Case {
            backend: Backend::Public("api.example.com:443".into()),
            ..let_in()
        };
        assert_eq!(
            help(&public),
            "see that the backend at api.example.com:443 runs and answers in time"
        );
        let function = Case {
            backend: Backend::Function,
            ..let_in()
        };
        let help = help(&function);
        assert!(
            help.starts_with("`gatestack --env x logs GET /a`"),
            "{help}"
        );
        assert!(help.contains("`gatestack --env x plan`"), "{help}");
    }

    #[test]
    fn the_logs_of_a_route_for_any_method_are_asked_for_by_its_name() {
        let case = Case {
            backend: Backend::Function,
            route: Place::Route("ANY /a/{proxy+}".into()).address(),
            path: "/a/{proxy+}".into(),
            ..let_in()
        };
        let dead = answer(502, "InternalServerErrorException", "Internal server error");
        let help = judge(&case, &dead, &command).0.remove(0).help;
        assert!(
            help.starts_with("`gatestack --env x logs ANY '/a/{proxy+}'`"),
            "{help}"
        );
    }

    #[test]
    fn a_key_is_blamed_only_where_one_is_needed() {
        let help = |case: &Case| judge(case, &of(FORBIDDEN), &command).0.remove(0).help;
        let without_key = |case: Case| Case {
            needs_key: false,
            ..case
        };
        assert!(help(&let_in()).starts_with("its key is refused"));
        assert_eq!(help(&without_key(let_in())), NO_KEY_NEEDED);
        let no_token = refused(Caller::NoToken, Refusal::Token);
        assert_eq!(help(&without_key(no_token)), NO_KEY_NEEDED);
    }

    #[test]
    fn a_backend_without_cors_is_worth_a_word() {
        let case = Case {
            cors: true,
            ..let_in()
        };
        let bare = Answer {
            headers: BTreeMap::new(),
            ..answer(200, "", "")
        };
        let (differences, remarks) = judge(&case, &bare, &command);
        assert!(differences.is_empty());
        assert_eq!(remarks.len(), 1);
        assert!(judge(&case, &answer(200, "", ""), &command).1.is_empty());
    }

    #[test]
    fn a_preflight_says_what_the_file_says_in_any_order() {
        let expected = Expected::Admitted {
            status: Some(204),
            headers: headers(&[
                ("Access-Control-Allow-Origin", "*"),
                ("Access-Control-Allow-Headers", "Authorization,X-Api-Key"),
            ]),
        };
        let case = case(Caller::Preflight, expected);
        let mut got = answer(204, "", "");
        got.headers.insert(
            "access-control-allow-headers".into(),
            "x-api-key, authorization".into(),
        );
        assert_eq!(told(&case, &got), [""; 0]);
        got.headers
            .insert("access-control-allow-headers".into(), "x-api-key".into());
        assert_eq!(
            told(&case, &got),
            [
                "the preflight says Access-Control-Allow-Headers: x-api-key instead of Authorization,X-Api-Key"
            ]
        );
        assert_eq!(
            told(&case, &answer(200, "", "")),
            ["preflight is answered 200 instead of 204"]
        );
    }
}
