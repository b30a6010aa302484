use std::io::{self, ErrorKind};
use std::path::Path;

use proptest::prelude::*;

use super::document::Reading;
use super::{Backend, SchemeKind, read};

const PET_STORE: &str = include_str!("../../examples/petstore/PetStore.yaml");

fn read_files(files: &[(&str, &str)]) -> Reading {
    let beside = |path: &Path, _: u64| -> io::Result<Vec<u8>> {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        let (_, text) = found.ok_or(ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    };
    read(Path::new(""), files[0].0, &beside)
}

fn of(text: &str) -> Reading {
    read_files(&[("api.yaml", text)])
}

/// The mistakes as `FILE:LINE:COLUMN what`, each further place behind it.
fn told(reading: &Reading) -> Vec<String> {
    let place = |place: &super::Place| {
        let text = &reading.texts[place.file];
        let before = &text.text[..place.span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        format!("{}:{line}:{column}", text.path.display())
    };
    let faults = reading.faults.iter().map(|fault| {
        let places: Vec<_> = fault.places.iter().map(|(at, _)| place(at)).collect();
        format!("{} {}", places.join(" "), fault.what)
    });
    faults.collect()
}

/// A document with these lines below `paths`.
fn with_paths(lines: &str) -> String {
    format!("openapi: 3.0.3\npaths:\n{lines}")
}

#[test]
fn a_document_is_cut_into_operations() {
    let reading = of(PET_STORE);
    assert_eq!(told(&reading), [""; 0]);
    let document = reading.document.unwrap();
    assert_eq!(document.format, "OpenAPI 3.0.1");
    let names: Vec<_> = document
        .operations
        .iter()
        .map(super::Operation::name)
        .collect();
    assert_eq!(
        names,
        ["GET /", "GET /pets", "POST /pets", "GET /pets/{petId}"]
    );
    let list = &document.operations[1];
    assert_eq!(&PET_STORE[list.place.span.clone()], "get");
    assert_eq!(&PET_STORE[list.path_place.span.clone()], "/pets");
    let parameters: Vec<_> = list
        .parameters
        .iter()
        .map(|one| (one.name.as_str(), one.location.as_str(), one.required))
        .collect();
    assert_eq!(
        parameters,
        [("type", "query", false), ("page", "query", false)]
    );
    assert!(document.operations[3].parameters[0].required);
}

#[test]
fn json_is_read_as_yaml_with_its_escapes_and_controls() {
    let text = "{\n\t\"swagger\": \"2.0\",\n\t\"info\": {\"title\": \"\\ud83d\\ude00 \u{80}\"},\n\t\"paths\": {\"/a\\/b\": {\"get\": {}, \"post\": 1}}\n}";
    let reading = of(text);
    assert_eq!(
        told(&reading),
        ["api.yaml:4:33 the operation `POST /a/b` must be a mapping"]
    );
    let document = reading.document.unwrap();
    assert_eq!(document.format, "Swagger 2.0");
    assert_eq!(document.operations[0].name(), "GET /a/b");
}

#[test]
fn only_versions_that_api_gateway_reads_are_read() {
    for (text, what) in [
        (
            "openapi: 3.1.0",
            "api.yaml:1:10 the document is OpenAPI 3.1.0, and gatestack reads 3.0",
        ),
        (
            "swagger: '1.2'",
            "api.yaml:1:10 the document is Swagger 1.2, and gatestack reads 2.0",
        ),
        ("a: 1", "api.yaml:1:1 the document does not say its version"),
        ("- 1", "api.yaml:1:1 the file is not an OpenAPI document"),
        ("", "api.yaml:1:1 the file is empty"),
        ("openapi: 3.0.3", "api.yaml:1:1 the document has no `paths`"),
        (
            "openapi: 3.0.3\npaths: {}",
            "api.yaml:2:1 the document has no operations",
        ),
        (
            "openapi: 3.0.0\nswagger: '2.0'",
            "api.yaml:2:10 api.yaml:1:10 the document has both `openapi` and `swagger`",
        ),
    ] {
        assert_eq!(told(&of(text)), [what], "{text}");
    }
}

#[test]
fn mistakes_of_the_text_have_their_place() {
    for (text, what) in [
        ("a: [1", "api.yaml:1:4 this is not YAML: "),
        ("a: 1\na: 2", "api.yaml:2:1 api.yaml:1:1 duplicate `a`"),
        ("a: !Sub b", "api.yaml:1:9 the tag `!Sub` is not OpenAPI"),
        (
            "a: 1\n---\nb: 2",
            "api.yaml:2:1 a second document in the file",
        ),
        (
            "a: &x 1\nb:\n  <<: *x",
            "api.yaml:3:3 gatestack reads no merge keys",
        ),
        ("? [1]\n: 2", "api.yaml:1:3 a key must be a text"),
        ("a: &x\n  - *x", "api.yaml:2:5 the alias contains itself"),
        ("a: *x", "api.yaml:1:4 this is not YAML: "),
    ] {
        let told = told(&of(text));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(what), "{told:?}\n{what}");
    }
}

#[test]
fn what_would_become_too_large_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    let deep = format!("a: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let mut nested = "a0: &a0 [[[[[[[[[[1]]]]]]]]]]\n".to_owned();
    for level in 1..20 {
        nested += &format!("a{level}: &a{level} [[[[[[[[[[*a{}]]]]]]]]]]\n", level - 1);
    }
    for (text, what) in [
        (
            bomb,
            "with its aliases written out, the file has more than 4000000 values",
        ),
        (deep, "lists and mappings are nested deeper than 100 levels"),
        (
            nested,
            "lists and mappings are nested deeper than 100 levels",
        ),
    ] {
        let told = told(&of(&text));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].ends_with(what), "{told:?}");
    }
    let large = |_: &Path, most: u64| -> io::Result<Vec<u8>> {
        assert_eq!(most, 6 << 20);
        Err(ErrorKind::FileTooLarge.into())
    };
    let reading = read(Path::new("folder"), "api.yaml", &large);
    assert_eq!(
        told(&reading),
        [" `folder/api.yaml` and what belongs to it have more than 6 MiB"]
    );
}

#[test]
fn every_mistake_of_the_paths_is_told() {
    let text = with_paths(
        "  pets:\n    get: {}\n  /pets:\n    GET: {}\n    trace: {}\n    fetch: {}\n    x-other: {}\n    parameters:\n      - name: id\n        in: path\n      - in: query\n    put:\n      parameters:\n        - {name: a, in: query}\n        - {name: a, in: query}\n      security: [{nope: []}]\n  /b: 1\n",
    );
    assert_eq!(
        told(&of(&text)),
        [
            "api.yaml:3:3 the path `pets` does not start with a slash",
            "api.yaml:6:5 `GET` is not a method",
            "api.yaml:7:5 API Gateway has no method TRACE",
            "api.yaml:8:5 `fetch` is not a method",
            "api.yaml:11:15 api.yaml:5:3 the path `/pets` has no parameter `id`",
            "api.yaml:13:9 a parameter needs `name` and `in`",
            "api.yaml:17:18 a second parameter `a` in `query`",
            "api.yaml:18:19 the document has no security scheme `nope`",
            "api.yaml:19:3 the path `/b` must be a mapping",
        ]
    );
}

#[test]
fn references_lead_to_other_files_and_places_are_there() {
    let reading = read_files(&[
        (
            "specs/api.yaml",
            "openapi: 3.0.3\npaths:\n  /pets:\n    $ref: paths/pets.yaml\n  /owners:\n    $ref: 'paths/more.json#/~1owners'\n",
        ),
        (
            "specs/paths/pets.yaml",
            "get:\n  parameters:\n    - $ref: '../api.yaml#/components/parameters/Page'\n    - $ref: ../parameters.yaml#/Type\n    - $ref: parameters.yaml\n",
        ),
        (
            "specs/paths/more.json",
            "{\"/owners\": {\"post\": {}, \"put\": {}}}",
        ),
        (
            "specs/parameters.yaml",
            "Type:\n  name: type\n  in: query\n",
        ),
    ]);
    assert_eq!(
        told(&reading),
        [
            "specs/paths/pets.yaml:5:13 there is no file `specs/paths/parameters.yaml`",
            "specs/paths/pets.yaml:3:13 `../api.yaml#/components/parameters/Page` does not exist",
        ]
    );
    let document = reading.document.unwrap();
    let names: Vec<_> = document
        .operations
        .iter()
        .map(super::Operation::name)
        .collect();
    assert_eq!(names, ["GET /pets", "POST /owners", "PUT /owners"]);
    assert_eq!(document.operations[0].parameters[0].name, "type");
    assert_eq!(document.operations[1].place.file, 2);
}

#[test]
fn references_stay_in_the_folder_and_off_the_network() {
    for reference in [
        "../api.yaml",
        "/etc/passwd",
        "a/../../b.yaml",
        "https://example.com/a.yaml",
    ] {
        let text = with_paths(&format!("  /a:\n    $ref: {reference}\n"));
        let reading = of(&text);
        let told = told(&reading);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains("is outside of the stack file's folder")
                || told[0].contains("is a URL, and gatestack reads files only"),
            "{told:?}"
        );
        assert_eq!(reading.texts.len(), 1);
    }
    let outside = read(Path::new("a"), "../b.yaml", &|_, _| unreachable!());
    assert_eq!(
        told(&outside),
        [" `../b.yaml` is outside of the stack file's folder"]
    );
}

#[test]
fn a_circle_is_wrong_where_nothing_is_in_it() {
    let schemas = "components:\n  schemas:\n    Pet:\n      properties:\n        parent: {$ref: '#/components/schemas/Pet'}\n        default: {$ref: '#/components/schemas/Nope'}\n      default: {$ref: '#/nothing'}\n";
    let text = with_paths("  /a:\n    get: {}\n") + schemas;
    assert_eq!(
        told(&of(&text)),
        ["api.yaml:10:25 `#/components/schemas/Nope` does not exist"]
    );
    for (lines, count) in [
        (
            "  /a: {$ref: '#/paths/~1b'}\n  /b: {$ref: '#/paths/~1a'}\n",
            2,
        ),
        (
            "  /a:\n    get: {parameters: [{$ref: '#/paths/~1a/get/parameters/0'}]}\n",
            1,
        ),
        (
            "  /a:\n    get: {responses: {default: {$ref: '#/paths/~1a/get/responses/default'}}}\n",
            1,
        ),
    ] {
        let told = told(&of(&with_paths(lines)));
        assert_eq!(told.len(), count, "{told:?}");
        assert!(told[0].ends_with("refers to itself"), "{told:?}");
    }
}

/// A requirement that is none would let anyone in.
#[test]
fn a_requirement_is_a_mapping_with_lists() {
    let schemes = "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-API-Key}}}\npaths: {}\n";
    for (security, wrong) in [
        ("[key]", "an element of `security` must be a mapping"),
        ("[{key: a}]", "the scopes of `key` must be a list"),
        ("key", "`security` must be a list"),
    ] {
        let reading = of(&format!("openapi: 3.0.3\nsecurity: {security}\n{schemes}"));
        let told = told(&reading);
        assert!(
            told.len() == 1 && told[0].ends_with(wrong),
            "{security}: {told:#?}"
        );
    }
}

/// A document of many mistakes is read in time: not every pair of words is compared.
#[test]
fn what_was_meant_is_told_of_the_first_mistakes() {
    let count = 1_000;
    let schemas = (0..count).map(|n| format!("    schema{n}: {{}}\n"));
    let wrong =
        (0..count).map(|n| format!("        - {{$ref: '#/components/schemas/shema{n}'}}\n"));
    let text = format!(
        "openapi: 3.0.3\npaths: {{/a: {{get: {{}}}}}}\ncomponents:\n  schemas:\n{}    all:\n      allOf:\n{}",
        schemas.collect::<String>(),
        wrong.collect::<String>()
    );
    let reading = of(&text);
    let meant = reading.faults.iter();
    let meant = meant
        .filter(|fault| fault.help.starts_with("did you mean"))
        .count();
    assert_eq!(reading.faults.len(), count, "{:?}", reading.faults.first());
    assert!((1..count).contains(&meant), "{meant}");
}

#[test]
fn security_is_the_operations_or_the_documents() {
    let text = "openapi: 3.0.3\nsecurity: [{key: []}]\npaths:\n  /a:\n    get: {}\n    put: {security: [{pool: [a/read]}, {oauth: []}]}\n    post: {security: []}\ncomponents:\n  securitySchemes:\n    key: {type: apiKey, in: header, name: X-API-Key}\n    pool: {type: apiKey, in: header, name: Authorization, x-amazon-apigateway-authtype: COGNITO_USER_POOLS}\n    oauth: {type: oauth2}\n    bearer: {type: http, scheme: bearer}\n    query: {type: apiKey, in: query, name: key}\n    lambda: {type: apiKey, in: header, name: x-api-key, x-amazon-apigateway-authorizer: {type: token}}\n";
    let reading = of(text);
    assert_eq!(told(&reading), [""; 0]);
    let document = reading.document.unwrap();
    let asked = |at: usize| {
        let security = document.operations[at].security.as_ref().unwrap();
        let names = security.iter().flat_map(|one| &one.asked);
        names.map(|one| one.scheme.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(asked(0), ["key"]);
    assert_eq!(asked(1), ["pool", "oauth"]);
    assert_eq!(asked(2), [""; 0]);
    let kinds = document.schemes.iter();
    let kinds: Vec<_> = kinds
        .map(|(name, scheme)| (name.as_str(), &scheme.kind))
        .collect();
    let other = |words: &str| SchemeKind::Other(words.into());
    assert_eq!(
        kinds,
        [
            ("bearer", &other("HTTP's scheme `bearer`")),
            ("key", &SchemeKind::ApiKey),
            ("lambda", &other("an authorizer of a Lambda function")),
            ("oauth", &SchemeKind::OAuth2),
            ("pool", &SchemeKind::Cognito),
            ("query", &other("a key in the query `key`")),
        ]
    );
}

/// The backend of an integration with these members.
fn backend(members: &str) -> Result<Backend, String> {
    let text = with_paths(&format!(
        "  /a/{{id}}:\n    get:\n      x-amazon-apigateway-integration: {members}\n"
    ));
    let operations = of(&text).document.unwrap().operations;
    let integration = operations[0].integration.clone().unwrap();
    integration.backend.map_err(|(what, _)| what)
}

#[test]
fn integrations_are_backends_as_far_as_routes_can_say_them() {
    let http = backend(
        "{type: HTTP_PROXY, uri: 'http://a.example/{id}', httpMethod: get, timeoutInMillis: 5000, passthroughBehavior: when_no_match, cacheKeyParameters: [], requestParameters: {integration.request.path.id: method.request.path.id, integration.request.header.X-A: \"'b'\"}}",
    );
    let Ok(Backend::Http {
        url,
        headers,
        timeout,
        ..
    }) = http
    else {
        panic!("{http:?}");
    };
    assert_eq!(
        (
            url.as_str(),
            headers[0].expression.as_str(),
            timeout.unwrap().0
        ),
        ("http://a.example/{id}", "'b'", 5_000)
    );
    let function = backend(
        "{type: aws_proxy, httpMethod: POST, uri: 'arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:f/invocations'}",
    );
    assert!(
        matches!(&function, Ok(Backend::Function { arn, .. }) if arn == "arn:aws:lambda:eu-west-1:123456789012:function:f"),
        "{function:?}"
    );
    let mock = backend(
        "{type: mock, requestTemplates: {application/json: '{\"statusCode\": 204}'}, responses: {default: {statusCode: 204, responseParameters: {}, responseTemplates: {application/json: hello}}}}",
    );
    assert!(
        matches!(&mock, Ok(Backend::Mock { status: 204, body: Some(body), .. }) if body == "hello"),
        "{mock:?}"
    );
    for (members, what) in [
        ("{type: http, uri: x}", "it has the type `http`"),
        ("{uri: x}", "it has no `type`"),
        ("{type: http_proxy}", "it has no `uri`"),
        (
            "{type: http_proxy, uri: x, httpMethod: POST}",
            "it calls the backend by POST, and a route calls it by its own method",
        ),
        (
            "{type: http_proxy, uri: x, connectionType: VPC_LINK}",
            "it has the connection type `VPC_LINK`",
        ),
        (
            "{type: http_proxy, uri: x, credentials: y}",
            "it has `credentials`",
        ),
        (
            "{type: http_proxy, uri: x, requestParameters: {integration.request.querystring.a: method.request.querystring.a}}",
            "it maps `integration.request.querystring.a`",
        ),
        (
            "{type: aws_proxy, uri: 'arn:aws:apigateway:eu-west-1:sqs:path/1/q'}",
            "it calls another service than Lambda",
        ),
        (
            "{type: mock}",
            "its request template is not `{\"statusCode\": …}`",
        ),
        (
            "{type: mock, requestTemplates: {application/json: '{\"statusCode\": 200}'}, responses: {default: {statusCode: '200', responseTemplates: {text/html: x}}}}",
            "its body has the media type `text/html`",
        ),
        (
            "{type: mock, requestTemplates: {application/json: '{\"statusCode\": 200}'}, responses: {default: {statusCode: '200', responseTemplates: {application/json: $input.body}}}}",
            "its body is a template",
        ),
        (
            "{type: mock, requestTemplates: {application/json: '{\"statusCode\": 200}'}, responses: {default: {statusCode: '200', responseParameters: {a: b}}}}",
            "its answer has `responseParameters`",
        ),
    ] {
        assert_eq!(backend(members), Err(what.to_owned()), "{members}");
    }
}

proptest! {
    #[test]
    fn every_place_is_in_its_file(edits in proptest::collection::vec((0usize..4_000, "[a-zü0-9\"&*!$:{}\\[\\]/# \n-]{0,3}"), 1..6)) {
        let mut text = PET_STORE.to_owned();
        for (at, put) in edits {
            let at = at % text.len();
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.replace_range(at..=at, &put);
            }
        }
        let reading = of(&text);
        for fault in &reading.faults {
            prop_assert!(!fault.help.is_empty());
            for (place, _) in &fault.places {
                let text = &reading.texts[place.file].text;
                prop_assert!(text.get(place.span.clone()).is_some(), "{:?}", fault);
            }
        }
    }
}
