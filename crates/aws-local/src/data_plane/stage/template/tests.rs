//! Templates filled for one request.

use super::super::exchange::{Exchange, NOT_IMPLEMENTED};
use super::super::integration::tests::Ground;
use super::*;

/// What a template is filled to for a request with this body, or why not.
fn filled(template: &str, body: &str) -> Result<String, Refused> {
    let ground = Ground::default();
    let mut exchange: Exchange<'_> = ground.exchange();
    exchange.body = body.to_owned().into();
    fill(template, &Variables::of_request(&exchange))
}

fn not_here(template: &str, named: &str) {
    let refused = filled(template, "{\"a\": {\"b\": 1}}").unwrap_err();
    assert_eq!(refused.kind, NOT_IMPLEMENTED, "{template}");
    assert!(
        refused.message.contains(named),
        "{template}: {}",
        refused.message
    );
}

#[test]
fn references_are_filled_in() {
    for (template, expected) in [
        ("plain $5 #1 C:\\x # $", "plain $5 #1 C:\\x # $"),
        ("$context.stage/${context.httpMethod}.", "prod/GET."),
        ("$context.identity.sourceIp", "192.0.2.7"),
        (
            "$context.requestTimeEpoch $context.requestTime",
            "1795255200000 21/Nov/2026:10:00:00 +0000",
        ),
        ("<$context.identity.apiKeyId>", "<>"),
        ("$context.authorizer.claims.client_id", "web"),
        ("$context.authorizer.claims['cognito:username']", "ann"),
        ("$context.authorizer.claims.absent|", "|"),
        (
            "$stageVariables.host ${stageVariables['host']}",
            "api.test api.test",
        ),
        (
            "$input.params('id') $input.params(\"page\") $input.params('X-Role')",
            "7 2 admin",
        ),
        (
            "$undefined $!undefined ${undefined}",
            "$undefined  ${undefined}",
        ),
        ("## all of it\nx#* no *#y", "xy"),
        ("#set($a='$')#set($b = \"two\")\n$a${b}", "$two"),
        ("#fff #{x}", "#fff #{x}"),
        (
            "$input.params().path.get('id') $input.params().querystring.get('page') $input.params().header.get('X-Role')",
            "7 2 admin",
        ),
        // Evidence: inferred, from AWS's CDK, whose template compares it with "".
        ("<$input.params().header.get('id')>", "<>"),
        (
            "#set($id = $input.params('id'))\n#if($id == '8')\nA\n#elseif($id == '7')\nB\n#else\nC\n#end\nD",
            "B\nD",
        ),
        ("#if($undefined == '')A#{else}B#end", "B"),
        (
            "#if($context.stage == 'a' && 'x' == 'x' || 'y' == 'y')A#end",
            "A",
        ),
        (
            "#if('y' == 'y' || $context.stage == 'a' && 'x' == 'x')A#end",
            "A",
        ),
        // What has no effect is not evaluated.
        (
            "#if('a' == 'b')$input.path('$..b')#if($input.path('$..b') == 'x')#set($a = $input.path('$..b'))#else x#end$1#end.",
            ".",
        ),
        ("#if('a' == 'b')$util.escapeJavaScript('##')$5#end.", "."),
        (
            "#if('a' == 'b' && $input.path('$..b') == 'x')A#else B#end",
            " B",
        ),
        (
            "#if('a' == 'a' || $input.path('$..b') == 'x' && $input.path('$..b') == 'y')A#end",
            "A",
        ),
        (
            "#if('a' == 'b' && $input.path('$..b') == 'x' || $context.stage == 'prod')A#end",
            "A",
        ),
    ] {
        assert_eq!(filled(template, "").as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn a_body_is_read() {
    let body = r#"{"name": "O'Neil", "age": 7, "pets": [{"id": 1}], "none": null}"#;
    for (template, expected) in [
        ("$input.body", body),
        ("$input.json('$.pets')", r#"[{"id":1}]"#),
        (
            "$input.json('$.name') $input.path('$.name')",
            r#""O'Neil" O'Neil"#,
        ),
        (
            "$input.path('$.age') <$input.path('$.none')$input.path('$.nobody')>",
            "7 <>",
        ),
        ("$input.json('$.nobody')", "\"\""),
        ("$util.escapeJavaScript($input.path('$.name'))", "O\\'Neil"),
        ("$util.base64Encode($input.path('$.name'))", "TydOZWls"),
        (
            "$util.urlEncode('a b/ü') $util.urlDecode('a+b%2F')",
            "a+b%2F%C3%BC a b/",
        ),
        ("$util.base64Decode('TydOZWls')", "O'Neil"),
    ] {
        assert_eq!(
            filled(template, body).as_deref(),
            Ok(expected),
            "{template}"
        );
    }
    assert_eq!(filled("$input.json('$')", "").as_deref(), Ok("{}"));
    let refused = filled("$input.json('$.a')", "not json").unwrap_err();
    assert_eq!(
        (refused.kind, refused.error_type),
        ("BAD_REQUEST_BODY", "BadRequestException")
    );
}

#[test]
fn scripts_are_escaped_as_java_does() {
    assert_eq!(
        filled(
            "$util.escapeJavaScript($input.body)",
            "a\"b\\c/d\n\u{e9}\u{1f600}"
        )
        .as_deref(),
        Ok("a\\\"b\\\\c\\/d\\n\\u00E9\\uD83D\\uDE00")
    );
}

#[test]
fn what_velocity_would_compute_is_refused_by_name() {
    not_here("#if($input.params('id') != '7')x#end", "#if");
    not_here("#if($input.params('id'))x#end", "#if");
    not_here("#if(!$input.params('id'))x#end", "#if");
    not_here("#if(($context.stage == 'a'))x#end", "#if");
    not_here("#if($context.stage == 'a')x", "#if without #end");
    not_here("x#end", "#end without #if");
    not_here("#else", "#else without #if");
    not_here("#elseif($context.stage == 'a')", "#elseif without #if");
    not_here("#foreach($a in $input.path('$.a'))x#end", "#foreach");
    not_here("#set($x = $input.path('$.a'))", "an object or array");
    not_here("#set($context.responseOverride.status = 400)", "#set");
    not_here(
        "#set($context.responseOverride.status = '400')",
        "#set of $context.responseOverride.status",
    );
    // Only the template of a response sets its headers.
    not_here(
        "#set($context.responseOverride.header.Vary = 'Origin')",
        "#set of $context.responseOverride.header.Vary",
    );
    not_here("#set($x = 1)", "#set");
    not_here(
        "#if('a' == 'b')$util.urlEncode(\"##\")#end",
        "the argument \"##\"",
    );
    not_here("#set($input = 'a')", "#set");
    not_here(
        "$input.params().body.get('x')",
        "$input.params().body.get('x')",
    );
    not_here("$input.params().header", "$input.params().header");
    not_here("$input.path('$.a').size()", "$input.path('$.a').size()");
    not_here("$input.path('$.a')", "an object or array");
    not_here("$input.path('$..b')", "$input.path('$..b')");
    not_here(
        "$context.identity.cognitoIdentityId",
        "$context.identity.cognitoIdentityId",
    );
    not_here("$util.parseJson('{}')", "$util.parseJson('{}')");
    not_here("$util.escapeJavaScript($nobody)", "$nobody");
    not_here("#set($a='x')$a.length()", "$a.length()");
    not_here("\\$context.stage", "\\$context.stage");
}

/// The template that gatestack, like AWS's CDK, writes for preflights from several origins.
///
/// Evidence: documented, "Override your API's request and response parameters and status codes for REST APIs in API Gateway"
#[test]
fn an_answer_sets_headers() {
    const OVERRIDE: &str = "$context.responseOverride.header.Access-Control-Allow-Origin";
    let template = format!(
        "#set($origin = $input.params().header.get(\"Origin\"))\n#if($origin == \"\")\n\
         #set($origin = $input.params().header.get(\"origin\"))\n#end\n\
         #if($origin == \"https://a.example\" || $origin == \"https://b.example\")\n#set({OVERRIDE} = $origin)\n#end\nhi"
    );
    let answered = |origin: Option<&str>, template: &str| {
        let ground = Ground::default();
        let mut exchange: Exchange<'_> = ground.exchange();
        if let Some(origin) = origin {
            let origin = origin.parse().unwrap();
            exchange.headers.insert("origin", origin);
        }
        let (text, headers) = fill_answer(template, &Variables::of_request(&exchange))?;
        let header = headers.get("Access-Control-Allow-Origin").cloned();
        Ok::<_, Refused>((text, header))
    };
    for listed in ["https://a.example", "https://b.example"] {
        assert_eq!(
            answered(Some(listed), &template),
            Ok(("hi".to_owned(), Some(listed.to_owned())))
        );
    }
    for other in [Some("https://c.example"), None] {
        assert_eq!(answered(other, &template), Ok(("hi".to_owned(), None)));
    }
    let twice = format!(
        "#set({OVERRIDE} = 'a')#set({} = 'b')",
        OVERRIDE.to_lowercase()
    );
    let twice = twice.replace("responseoverride", "responseOverride");
    let refused = answered(None, &twice).unwrap_err();
    assert_eq!(refused.error_type, "InternalServerErrorException");
}

/// The template that gatestack writes for a mock's body with special characters in it.
#[test]
fn special_characters_come_out_as_they_were_meant() {
    let template = "#set($dollar='$')#set($hash='#')#set($backslash='\\')${dollar}5 ${hash}1 ${backslash}${dollar}ref";
    assert_eq!(filled(template, "").as_deref(), Ok("$5 #1 \\$ref"));
}
