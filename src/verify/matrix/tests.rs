use super::*;
use crate::model::Place;
use crate::verify::access::KeySketch;

fn options() -> Options {
    Options {
        include_writes: false,
        all_partners: false,
        budget: 500,
        samples: Samples::new(),
        without_certificate: false,
        quota_share: 0.1,
    }
}

fn scopes(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn partner(names: &[&str]) -> KnownCaller {
    KnownCaller {
        scopes: Some(scopes(names)),
        key: Some(KeySketch {
            enabled: true,
            plan: Some(Address::new("plans.standard")),
            quota: None,
            rate: None,
        }),
        enabled: true,
    }
}

fn route(name: &str, needs: Option<&[&str]>, key: bool) -> ExpectedRoute {
    let (method, path) = name.split_once(' ').unwrap();
    ExpectedRoute {
        address: Place::Route(name.into()).address(),
        method: method.into(),
        path: path.into(),
        scopes: needs.map(scopes),
        key,
        mock: None,
        backend: Backend::Other,
        origins: BTreeSet::new(),
    }
}

fn access(routes: Vec<ExpectedRoute>, partners: &[(&str, &[&str])]) -> ExpectedAccess {
    ExpectedAccess {
        door: Some(Door {
            url: "https://api.example/prod".into(),
            name: None,
            about: None,
            mutual_tls: false,
        }),
        routes,
        callers: partners
            .iter()
            .map(|(name, scopes)| (Address::new(*name), partner(scopes)))
            .collect(),
        token_header: "Authorization".into(),
        ..ExpectedAccess::default()
    }
}

fn lines(cases: &[Case]) -> Vec<String> {
    let line = |case: &Case| {
        let expected = match &case.not_tested {
            Some(reason) => format!("not tested: {reason}"),
            None => case.expected.to_string(),
        };
        format!(
            "{} {} | {} | {expected}",
            case.method, case.target, case.caller
        )
    };
    cases.iter().map(line).collect()
}

#[test]
fn a_route_with_scope_and_key_is_tried_by_everybody() {
    let routes = vec![route("GET /policies/{id}", Some(&["xxx/read"]), true)];
    let cases = matrix(
        &access(routes, &[("partners.acme", &["xxx/read"])]),
        &options(),
    );
    let path = "GET /policies/gatestack-verify";
    let expected = [
        "no token | 401 Unauthorized",
        "garbage token | 401 Unauthorized",
        "forged token | 401 Unauthorized",
        "expired token | 401 Unauthorized",
        "token of another pool | 401 Unauthorized",
        "token without the scope | 401 Unauthorized",
        "no key | 403 Forbidden",
        "unknown key | 403 Forbidden",
        "key on no plan | 403 Forbidden",
        "key of another plan | 403 Forbidden",
        "disabled key | 403 Forbidden",
        "key with its quota used up | 429 Limit Exceeded",
        "partners.acme | admitted",
    ]
    .map(|line| format!("{path} | {line}"));
    assert_eq!(lines(&cases), expected);
    // Only one thing is wrong with each.
    assert!(
        cases[..6]
            .iter()
            .all(|case| matches!(case.key, KeyShown::Of(_)))
    );
    assert!(
        cases[6..]
            .iter()
            .all(|case| matches!(case.token, TokenShown::Of(_)))
    );
}

#[test]
fn an_open_route_lets_anybody_in() {
    let cases = matrix(
        &access(vec![route("GET /health", None, false)], &[]),
        &options(),
    );
    assert_eq!(lines(&cases), ["GET /health | anybody | admitted"]);
}

#[test]
fn a_write_is_called_only_when_somebody_says_so() {
    let routes = vec![route("POST /claims", Some(&["xxx/write"]), false)];
    let access = access(routes, &[("partners.acme", &["xxx/write"])]);
    let cases = matrix(&access, &options());
    assert!(
        cases.iter().all(|case| {
            case.not_tested.as_deref() == Some("it may write: pass --include-writes")
        })
    );
    let options = Options {
        include_writes: true,
        ..options()
    };
    assert!(
        matrix(&access, &options)
            .iter()
            .all(|case| case.not_tested.is_none())
    );
}

#[test]
fn each_caller_is_tried_once_and_each_route_by_somebody() {
    let routes = vec![
        route("GET /a", Some(&["xxx/read"]), true),
        route("GET /b", Some(&["xxx/read"]), true),
        route("GET /c", Some(&["xxx/write"]), true),
    ];
    let partners: &[(&str, &[&str])] = &[
        ("partners.one", &["xxx/read"]),
        ("partners.two", &["xxx/read"]),
        ("partners.three", &["xxx/write"]),
    ];
    let access = access(routes, partners);
    let known = |cases: &[Case]| -> Vec<String> {
        let known = cases
            .iter()
            .filter(|case| matches!(case.caller, Caller::Known(_)));
        known
            .map(|case| format!("{} {} {}", case.path, case.caller, case.expected))
            .collect()
    };
    assert_eq!(
        known(&matrix(&access, &options())),
        [
            "/a partners.one admitted",
            "/a partners.two admitted",
            "/b partners.one admitted",
            "/c partners.three admitted"
        ]
    );
    let all = Options {
        all_partners: true,
        ..options()
    };
    let all = known(&matrix(&access, &all));
    assert_eq!(all.len(), 9);
    assert!(all.contains(&"/a partners.three 401 Unauthorized".to_owned()));
}

#[test]
fn a_disabled_partner_is_to_be_refused() {
    let mut access = access(
        vec![route("GET /a", Some(&["xxx/read"]), true)],
        &[
            ("partners.one", &["xxx/read"]),
            ("partners.two", &["xxx/read"]),
        ],
    );
    let two = access
        .callers
        .get_mut(&Address::new("partners.two"))
        .unwrap();
    two.key.as_mut().unwrap().enabled = false;
    let options = Options {
        all_partners: true,
        ..options()
    };
    let cases = matrix(&access, &options);
    assert!(lines(&cases).contains(&"GET /a | partners.two | 403 Forbidden".to_owned()));
}

#[test]
fn a_route_for_people_is_shut_to_machines() {
    let routes = vec![route("GET /me", Some(&[]), false)];
    let cases = matrix(
        &access(routes, &[("partners.one", &["xxx/read"])]),
        &options(),
    );
    let lines = lines(&cases);
    assert!(
        lines.contains(&"GET /me | access token for an ID token | 401 Unauthorized".to_owned())
    );
    assert_eq!(
        lines.last().unwrap(),
        "GET /me | any caller of the stack | not tested: it needs the ID token of a person who signed in"
    );
}

#[test]
fn the_budget_keeps_what_proves_most() {
    let routes = vec![route("GET /a", Some(&["xxx/read"]), true)];
    let access = access(routes, &[("partners.one", &["xxx/read"])]);
    let cases = matrix(
        &access,
        &Options {
            budget: 3,
            ..options()
        },
    );
    let tried: Vec<String> = cases
        .iter()
        .filter(|case| case.not_tested.is_none())
        .map(|case| case.caller.to_string())
        .collect();
    assert_eq!(tried, ["no token", "no key", "partners.one"]);
}

#[test]
fn a_small_quota_is_left_to_its_partner() {
    let routes = ["GET /a", "GET /b", "GET /c"].map(|name| route(name, None, true));
    let mut access = access(routes.into(), &[("partners.one", &[])]);
    let one = access
        .callers
        .get_mut(&Address::new("partners.one"))
        .unwrap();
    one.key.as_mut().unwrap().quota = Some(20);
    let cases = matrix(&access, &options());
    let left: Vec<String> = lines(&cases)
        .into_iter()
        .filter(|line| line.contains("quota of"))
        .collect();
    assert_eq!(
        left,
        ["GET /c | partners.one | not tested: it would use up the quota of plans.standard"]
    );
}

#[test]
fn the_default_endpoint_is_to_be_shut_where_the_file_says_so() {
    let mut access = access(vec![route("GET /a", None, false)], &[]);
    let door = |url: &str, about: &str| Door {
        url: url.into(),
        name: Some(url.into()),
        about: Some(Address::new(about)),
        mutual_tls: false,
    };
    access.shut = Some(door(
        "https://x.execute-api.eu-west-1.amazonaws.com/prod",
        "api",
    ));
    access.others = vec![door(
        "https://api.example.com/v1",
        "api.domain.base_paths.v1",
    )];
    let cases = matrix(&access, &options());
    let doors: Vec<_> = cases[1..]
        .iter()
        .map(|case| case.expected.to_string())
        .collect();
    assert_eq!(doors, ["admitted", "403 Forbidden"]);
}

#[test]
fn path_parameters_take_the_values_they_are_given() {
    let samples = Samples::from([("id".to_owned(), "123".to_owned())]);
    assert_eq!(
        filled("/a/{id}/b/{rest+}", &samples),
        "/a/123/b/gatestack-verify"
    );
}

#[test]
fn values_that_lead_to_another_route_are_not_tested() {
    let access = access(
        vec![
            route("GET /a/b", None, false),
            route("GET /a/{id}", None, true),
        ],
        &[("partners.one", &[])],
    );
    let options = Options {
        samples: Samples::from([("id".to_owned(), "b".to_owned())]),
        ..options()
    };
    let cases = matrix(&access, &options);
    assert_eq!(cases[0].not_tested, None);
    let reason = "the values of its parameters match another route: give others with --param";
    assert!(
        cases[1..]
            .iter()
            .all(|case| case.not_tested.as_deref() == Some(reason))
    );
}

#[test]
fn a_door_for_callers_with_certificates_is_not_tested_without_one() {
    let mut access = access(vec![route("GET /a", None, false)], &[]);
    access.door.as_mut().unwrap().mutual_tls = true;
    assert_eq!(
        lines(&matrix(&access, &options())),
        [
            "GET /a | anybody | not tested: callers show a certificate of their own there (mutual TLS)"
        ]
    );
    let options = Options {
        without_certificate: true,
        ..options()
    };
    assert_eq!(
        lines(&matrix(&access, &options)),
        ["GET /a | anybody | admitted"]
    );
}

#[test]
fn what_is_wrong_with_a_token_is_one_thing_only() {
    let routes = vec![
        route("GET /a", Some(&["xxx/read"]), false),
        route("GET /b", Some(&["xxx/write"]), false),
    ];
    let partners: &[(&str, &[&str])] = &[
        ("partners.one", &["xxx/read"]),
        ("partners.two", &["xxx/write"]),
    ];
    let cases = matrix(&access(routes, partners), &options());
    let forged: Vec<&TokenShown> = cases
        .iter()
        .filter(|case| case.caller == Caller::ForgedToken)
        .map(|case| &case.token)
        .collect();
    let of = |name| TokenShown::Forged(Address::new(name));
    assert_eq!(forged, [&of("partners.one"), &of("partners.two")]);
}

#[test]
fn a_preflight_is_also_sent_from_a_listed_origin() {
    let headers = |origin: &str| {
        BTreeMap::from([
            (ALLOW_ORIGIN.to_owned(), origin.to_owned()),
            ("Access-Control-Allow-Methods".to_owned(), "GET".to_owned()),
        ])
    };
    let preflight = |origins: &[&str]| ExpectedRoute {
        mock: Some((204, headers("https://a.example"))),
        origins: scopes(origins),
        ..route("OPTIONS /a", None, false)
    };
    let allowed = |origins: &[&str]| {
        let cases = matrix(&access(vec![preflight(origins)], &[]), &options());
        let told = cases.into_iter().map(|case| match case.expected {
            Expected::Admitted { headers, .. } => {
                format!("{}: {}", case.caller, headers[ALLOW_ORIGIN])
            }
            refused => panic!("{refused:?}"),
        });
        told.collect::<Vec<_>>()
    };
    let other = "preflight: https://a.example";
    assert_eq!(allowed(&[]), [other]);
    assert_eq!(
        allowed(&["https://a.example", "https://b.example"]),
        [other, "preflight of a listed origin: https://b.example"]
    );
}
