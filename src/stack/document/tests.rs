use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::stack::file::{HeaderValue, Requires, Route};
use crate::stack::testing::with_document;
use crate::stack::{Checked, Diagnostics, Template};

const STACK: &str = "user_pool.name = \"pets\"\napi_keys.one.plan = \"all\"\n[stack]\nname = \"pets\"\nregion = \"eu-central-1\"\n[resource_servers.pets]\nscopes = { read = \"Read\", write = \"Write\" }\n[plans.all]\n[api]\nname = \"pets\"\nstage = \"prod\"\nopenapi = \"api.yaml\"\n";

const PATHS: &str = "openapi: 3.0.3\npaths:\n  /pets:\n    get: {}\n    post: {}\n  /pets/{id}:\n    get: {}\n  /toys:\n    get: {}\n";

fn read(lines: &str, document: &str) -> Result<Checked, Diagnostics> {
    with_document(&format!("{STACK}{lines}"), document)
}

fn routes(lines: &str, document: &str) -> BTreeMap<String, Route> {
    let checked = read(lines, document).unwrap_or_else(|told| panic!("{:#?}", list(&told)));
    checked.file.api.unwrap().routes
}

/// The mistakes and warnings, each `FILE:LINE what`.
fn list(told: &Diagnostics) -> Vec<String> {
    let source = told.source();
    told.list()
        .iter()
        .map(|one| {
            let at = source.locate(&one.labels[0].range());
            format!("{}:{} {}", at.file, at.line, one.message)
        })
        .collect()
}

/// The mistakes of a stack with these lines below its fixed ones, which are 12.
fn mistakes(lines: &str, document: &str) -> Vec<String> {
    match read(lines, document) {
        Ok(checked) => panic!("it is valid: {:#?}", list(&checked.warnings)),
        Err(told) => list(&told),
    }
}

fn url(routes: &BTreeMap<String, Route>, name: &str) -> String {
    routes[name].http.as_ref().unwrap().as_written().to_owned()
}

#[test]
fn the_most_specific_pattern_says_each_field() {
    let lines = "requires = \"nothing\"\n[api.routes]\n\"* *\" = { http = \"https://a.example/v1/*\", timeout = \"5s\", throttle = { rate = 1, burst = 2 } }\n\"GET /pets*\" = { timeout = \"6s\" }\n\"GET /pets\" = { http = \"https://b.example\", send_headers = { X-A = \"a\" } }\n\"POST *\" = { mock = 201 }\n\"GET /more\" = { mock = 200 }\n";
    let routes = routes(lines, PATHS);
    let names: Vec<_> = routes.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "GET /more",
            "GET /pets",
            "GET /pets/{id}",
            "GET /toys",
            "POST /pets"
        ]
    );
    assert_eq!(url(&routes, "GET /toys"), "https://a.example/v1/toys");
    assert_eq!(
        url(&routes, "GET /pets/{id}"),
        "https://a.example/v1/pets/{id}"
    );
    assert_eq!(url(&routes, "GET /pets"), "https://b.example");
    let timeout = |name: &str| routes[name].timeout.map(|timeout| timeout.as_secs());
    assert_eq!(
        ["GET /toys", "GET /pets", "GET /pets/{id}"].map(timeout),
        [Some(5), Some(6), Some(6)]
    );
    // A mock has no time-out, and the pattern for all does not know that there is one.
    let mock = &routes["POST /pets"];
    assert!(mock.http.is_none() && mock.timeout.is_none() && mock.throttle.is_some());
    assert!(routes["GET /pets"].send_headers.contains_key("X-A"));
    assert_eq!(routes["GET /more"].timeout, None);
}

#[test]
fn two_patterns_of_which_neither_is_more_specific_are_a_tie() {
    let lines = "requires = \"nothing\"\n[api.routes]\n\"* *\" = { mock = 200 }\n\"POST *\" = { requires = { scopes = [\"pets/write\"] } }\n\"* /pets*\" = { requires = { scopes = [\"pets/read\"] } }\n";
    assert_eq!(
        mistakes(lines, PATHS),
        [
            "stack.toml:17 `* /pets*` and `POST *` both match `POST /pets`, and neither is more specific"
        ]
    );
    let both =
        format!("{lines}\"POST /pets\" = {{ requires = {{ scopes = [\"pets/write\"] }} }}\n");
    let Some(Requires::These(these)) = &routes(&both, PATHS)["POST /pets"].requires else {
        panic!("it needs a scope");
    };
    assert_eq!(these.scopes.len(), 1);
}

#[test]
fn a_pattern_that_matches_nothing_is_told_with_what_is_near() {
    let lines = "requires = \"nothing\"\n[api.routes]\n\"* *\" = { mock = 200 }\n\"PUT /pet*\" = { timeout = \"5s\" }\n\"*\" = { mock = 200 }\n\"FETCH *\" = { mock = 200 }\n\"* pets/*\" = { mock = 200 }\n";
    assert_eq!(
        mistakes(lines, PATHS),
        [
            "stack.toml:16 `PUT /pet*` matches no operation of the document",
            "stack.toml:17 `*` is not a pattern of routes",
            "stack.toml:18 `FETCH` is not a method of API Gateway",
            "stack.toml:19 the path `pets/*` does not start with a slash",
        ]
    );
    let told = read(lines, PATHS).unwrap_err();
    let help = told.list()[0].help.as_deref().unwrap();
    assert!(
        help.starts_with("the nearest operations are `GET /pets`, "),
        "{help}"
    );
}

#[test]
fn a_pattern_without_a_document_is_told() {
    let text = format!("{STACK}[api.routes]\n\"GET *\" = {{ mock = 200 }}\n")
        .replace("openapi = \"api.yaml\"\n", "");
    let told = crate::stack::testing::read(&text).unwrap_err();
    assert_eq!(
        list(&told),
        ["stack.toml:13 `GET *` is a pattern, and `[api]` names no document"]
    );
}

#[test]
fn a_mistake_in_a_pattern_is_told_once() {
    for (pattern, what) in [
        (
            "{ http = \"ftp://a.example/*\" }",
            "`ftp://a.example/pets` is not a URL that API Gateway can call",
        ),
        (
            "{ mock = 200, timeout = \"10m\" }",
            "a mock answers at once, so its timeout has no effect",
        ),
        (
            "{ mock = 200, timeout = \"soon\" }",
            "`api.routes.\"* *\".timeout`: ",
        ),
        (
            "{ mock = 200, requires = { scopes = [\"pets/nope\"] } }",
            "the resource server `pets` has no scope `nope`",
        ),
        (
            "{ mock = 200, via = \"load_balancer\" }",
            "a mock has no backend, so `via` has no effect",
        ),
        (
            "{ http = 5 }",
            "`api.routes.\"* *\".http` must be text in quotes",
        ),
        ("5", "`api.routes.\"* *\"` must be a table"),
    ] {
        let lines = format!("requires = \"nothing\"\n[api.routes]\n\"* *\" = {pattern}\n");
        let told = match read(&lines, PATHS) {
            Ok(checked) => list(&checked.warnings),
            Err(told) => list(&told),
        };
        assert_eq!(told.len(), 1, "{pattern}: {told:#?}");
        assert!(told[0].contains(what), "{pattern}: {told:#?}");
    }
}

#[test]
fn what_lacks_a_backend_or_a_caller_is_told_in_one_line() {
    let document = "openapi: 3.0.3\npaths:\n  /a:\n    get: {}\n    put: {}\n    post: {}\n";
    assert_eq!(
        mistakes(
            "[api.routes]\n\"GET /a\" = { requires = \"nothing\" }\n",
            document
        ),
        [
            "api.yaml:4 `GET /a` and 2 other operations have no backend",
            "api.yaml:5 no requirements for callers of `PUT /a` and `POST /a`, in the file or the document",
        ]
    );
    let mock = "[api.routes]\n\"* *\" = { mock = 200, requires = \"nothing\" }\n";
    let routes = routes(mock, document);
    assert_eq!(routes["PUT /a"].requires, Some(Requires::Nothing));
}

#[test]
fn collisions_are_told_with_both_places() {
    let document = "openapi: 3.0.3\npaths:\n  /pets/{id}:\n    get: {}\n    put: {}\n  /pets/{name}/toys:\n    get: {}\n    put: {}\n  /a/{x}.json:\n    get: {}\n";
    let lines = "requires = \"nothing\"\n[api.routes]\n\"* *\" = { mock = 200 }\n\"GET /pets/{other}\" = { mock = 200 }\n";
    let told = read(lines, document).unwrap_err();
    assert_eq!(
        list(&told),
        [
            "stack.toml:16 below `/pets/` there is `{id}` already, and API Gateway takes one parameter there",
            "api.yaml:6 below `/pets/` there is `{id}` already, and API Gateway takes one parameter there",
            "api.yaml:9 a parameter is a whole piece of the path, and `{x}.json` is more",
        ]
    );
    let source = told.source();
    let second = source.locate(&told.list()[0].labels[1].range());
    assert_eq!(second.link(), "api.yaml:3:3");
}

#[test]
fn a_document_that_cant_be_read_makes_no_other_mistakes() {
    let lines = "requires = \"nothing\"\n[api.routes]\n\"GET *\" = { mock = 200 }\n[plans.all.routes]\n\"GET /pets\" = { rate = 1, burst = 1 }\n";
    assert_eq!(
        mistakes(lines, "openapi: 3.1.0\n"),
        ["api.yaml:1 the document is OpenAPI 3.1.0, and gatestack reads 3.0"]
    );
    let text = format!("{STACK}{lines}").replace("\"api.yaml\"", "\"gone.yaml\"");
    let told = crate::stack::testing::read(&text).unwrap_err();
    assert_eq!(list(&told), ["stack.toml:12 there is no file `gone.yaml`"]);
    let text = text.replace("\"gone.yaml\"", "5");
    let told = crate::stack::testing::read(&text).unwrap_err();
    assert_eq!(
        list(&told),
        ["stack.toml:12 `api.openapi` must be text in quotes, not a whole number"]
    );
}

#[test]
fn what_the_document_says_for_all_is_told_once() {
    let security = "security: [{bearer: []}]\ncomponents: {securitySchemes: {bearer: {type: http, scheme: bearer}}}\n";
    let document = format!("{PATHS}{security}");
    let told = mistakes("[api.routes]\n\"* *\" = { mock = 200 }\n", &document);
    assert_eq!(told.len(), 1, "{told:#?}");
}

#[test]
fn a_wrong_operation_does_not_leave_the_api_without_routes() {
    let document = "openapi: 3.0.3\npaths:\n  /pets:\n    gett: {}\n";
    let told = mistakes("", document);
    assert_eq!(told, ["api.yaml:4 `gett` is not a method"]);
}

#[test]
fn patterns_are_checked_beside_a_document_that_cant_be_read() {
    let told = mistakes(
        "[api.routes]\n\"FOO *\" = { mock = 200 }\n",
        "openapi: 3.1.0\n",
    );
    let told = told.join("\n");
    assert!(told.contains("`FOO` is not a method"), "{told}");
    assert!(told.contains("api.yaml:1 "), "{told}");
}

/// What callers of `GET /a` need, where the document says this of it and the file this.
fn needed(security: &str, file: &str) -> Result<(Option<Requires>, Vec<String>), Vec<String>> {
    let document = format!(
        "openapi: 3.0.3\npaths:\n  /a:\n    get:\n      security: {security}\ncomponents:\n  securitySchemes:\n    key: {{type: apiKey, in: header, name: x-api-key}}\n    pool: {{type: apiKey, in: header, name: Authorization, x-amazon-apigateway-authtype: cognito_user_pools}}\n    oauth: {{type: oauth2}}\n    bearer: {{type: http, scheme: bearer}}\n"
    );
    let lines = format!("{file}\n[api.routes.\"* *\"]\nmock = 200\n");
    match read(&lines, &document) {
        Ok(checked) => {
            let api = checked.file.api.as_ref().unwrap();
            Ok((
                api.routes["GET /a"].requires.clone(),
                list(&checked.warnings),
            ))
        }
        Err(told) => Err(list(&told)),
    }
}

#[test]
fn the_documents_security_is_taken_as_far_as_it_lets_in_no_more() {
    let these = |security: &str| {
        let (requires, warnings) = needed(security, "").unwrap();
        assert_eq!(warnings, [""; 0], "{security}");
        let Some(Requires::These(these)) = requires else {
            panic!("{security}: {requires:?}");
        };
        let scopes = these
            .scopes
            .iter()
            .map(|scope| scope.as_written().to_owned());
        (
            scopes.collect::<Vec<_>>(),
            these.token.is_some(),
            these.api_key,
        )
    };
    let owned = |scopes: &[&str]| {
        scopes
            .iter()
            .map(|scope| (*scope).to_owned())
            .collect::<Vec<_>>()
    };
    for (security, scopes, is_id, api_key) in [
        ("[{key: []}]", &[][..], false, true),
        ("[{pool: []}]", &[], true, false),
        (
            "[{pool: [pets/read, pets/write]}]",
            &["pets/read", "pets/write"],
            false,
            false,
        ),
        (
            "[{oauth: [read]}, {oauth: [pets/write]}]",
            &["pets/read", "pets/write"],
            false,
            false,
        ),
        ("[{oauth: [read], key: []}]", &["pets/read"], false, true),
        ("[{pool: [read]}, {key: []}]", &["pets/read"], false, true),
        ("[{oauth: [email]}]", &["email"], false, false),
    ] {
        assert_eq!(
            these(security),
            (owned(scopes), is_id, api_key),
            "{security}"
        );
    }
    let refused = [
        (
            "[{bearer: []}]",
            "`bearer` of the document is HTTP's scheme `bearer`, which a route can't ask for",
        ),
        (
            "[{oauth: []}]",
            "`oauth` asks for a token without a scope, which API Gateway can't ask for",
        ),
        (
            "[{oauth: [read, write]}]",
            "`oauth` asks for several scopes at once, and API Gateway takes a token with any one",
        ),
        (
            "[{oauth: [nope]}]",
            "no resource server of the file has the scope `nope`, which `oauth` asks for",
        ),
        (
            "[{oauth: [read], pool: [write]}]",
            "the document asks for two tokens at once, and API Gateway takes one",
        ),
        (
            "[{pool: [read]}, {pool: []}]",
            "the document asks for a token with scopes or one without, and a method of API Gateway takes one kind",
        ),
    ];
    for (security, what) in refused {
        let told = needed(security, "").unwrap_err();
        assert_eq!(told, [format!("api.yaml:5 {what}")], "{security}");
        let open = needed(security, "requires = \"nothing\"").unwrap_err();
        assert_eq!(open, told, "{security}: the file's default would open it");
        let (requires, warnings) =
            needed(security, "requires = { scopes = [\"pets/write\"] }").unwrap();
        assert_eq!(requires, None, "{security}");
        assert_eq!(
            warnings,
            [format!(
                "api.yaml:5 {what}, so `requires` of `[api]` counts"
            )]
        );
    }
    for open in ["[]", "[{}]", "[{}, {key: []}]"] {
        let told = needed(open, "").unwrap_err();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains("no requirements for callers of"),
            "{told:?}"
        );
        assert_eq!(
            needed(open, "requires = \"nothing\""),
            Ok((None, Vec::new()))
        );
    }
}

#[test]
fn the_documents_integrations_are_backends() {
    let document = "openapi: 3.0.3\npaths:\n  /a/{id}:\n    get:\n      x-amazon-apigateway-integration: {type: http_proxy, uri: 'http://${stageVariables.host}/{id}', timeoutInMillis: 5000, requestParameters: {integration.request.header.X-A: \"'${b}'\", integration.request.header.X-Id: context.requestId}}\n    put:\n      x-amazon-apigateway-integration: {type: aws_proxy, uri: 'arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:${AWS::Partition}:lambda:eu-central-1:${AWS::AccountId}:function:f/invocations'}\n    post:\n      x-amazon-apigateway-integration: {type: mock, requestTemplates: {application/json: '{\"statusCode\": 201}'}}\n";
    let lines = "requires = \"nothing\"\n[api.stage_variables]\nhost = \"a.example\"\n[functions.it]\nexisting = \"arn:aws:lambda:eu-central-1:${account.id}:function:f\"\n";
    let routes = routes(lines, document);
    let get = &routes["GET /a/{id}"];
    assert_eq!(
        url(&routes, "GET /a/{id}"),
        "http://${stageVariables.host}/{id}"
    );
    let fixed = HeaderValue::Fixed(Template::new("$${b}"));
    assert_eq!(
        get.send_headers["X-A"], fixed,
        "what is a reference in the file is a text here"
    );
    assert_eq!(
        get.send_headers["X-Id"],
        HeaderValue::From("context.requestId".into())
    );
    assert_eq!(get.timeout.unwrap().as_secs(), 5);
    assert_eq!(routes["PUT /a/{id}"].function.as_deref(), Some("it"));
    assert_eq!(routes["POST /a/{id}"].mock.as_ref().unwrap().status, 201);
    let without = lines.replace(":function:f", ":function:g");
    let told = mistakes(&without, document);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with(
            "api.yaml:7 `PUT /a/{id}` calls a function that the file does not have: arn:"
        ),
        "{told:?}"
    );
    let other = document.replace("type: mock", "type: http");
    assert_eq!(
        mistakes(lines, &other),
        [
            "api.yaml:9 the document's integration of `POST /a/{id}` can't be a route: it has the type `http`"
        ]
    );
    let said = format!("{lines}[api.routes]\n\"POST *\" = {{ mock = 200 }}\n");
    assert!(read(&said, &other).is_ok(), "what the file says counts");
}

proptest! {
    /// The order of the lines never matters, and a tie is one in every order.
    #[test]
    fn the_order_of_patterns_does_not_matter(
        patterns in proptest::collection::btree_set("(GET|POST|\\*) (\\*|/\\*|/pets|/pets\\*|/pets/\\*|\\*s|/toys)", 1..6),
        turn in 0usize..6,
    ) {
        let lines: Vec<String> = patterns
            .iter()
            .enumerate()
            .map(|(at, name)| format!("\"{name}\" = {{ timeout = \"{}s\", throttle = {{ rate = {at}, burst = 1 }} }}", at + 1))
            .collect();
        let as_written = |lines: &[String]| {
            let lines = format!("requires = \"nothing\"\n[api.routes]\n\"* **\" = {{ http = \"https://a.example/*\" }}\n{}\n", lines.join("\n"));
            match read(&lines, PATHS) {
                Ok(checked) => {
                    let routes = checked.file.api.unwrap().routes;
                    let said = routes.into_iter().map(|(name, route)| (name, route.timeout, route.throttle.map(|throttle| throttle.rate as u32)));
                    Ok(said.collect::<Vec<_>>())
                }
                Err(told) => {
                    let mut messages: Vec<_> = told.list().iter().map(|one| one.message.clone()).collect();
                    messages.sort();
                    Err(messages)
                }
            }
        };
        let mut turned = lines.clone();
        turned.rotate_left(turn % lines.len());
        let said = as_written(&lines);
        prop_assert_eq!(&said, &as_written(&turned));
        turned.reverse();
        prop_assert_eq!(&said, &as_written(&turned));
    }
}
