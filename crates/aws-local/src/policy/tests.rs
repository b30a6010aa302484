//! Rules of the evaluator, and comparisons with naive ones.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn request(context: Context) -> Request<'static> {
    Request {
        principal: Principal::Service("apigateway.amazonaws.com"),
        action: "lambda:InvokeFunction",
        resource: "arn:aws:lambda:eu-west-1:123456789012:function:hello",
        context,
    }
}

fn decided(statements: &Value, request: &Request<'_>) -> Decision {
    decide(each(statements), request).unwrap()
}

/// Whether a statement with these other elements allows the request.
fn allows(elements: Value, context: Context) -> bool {
    let mut statement = json!({"Effect": "Allow"});
    for (name, value) in elements.as_object().unwrap() {
        statement[name] = value.clone();
    }
    decided(&statement, &request(context)) == Decision::Allowed
}

#[test]
fn elements_and_their_opposites() {
    let none = Context::default;
    for (elements, wanted) in [
        (json!({}), true),
        (json!({"Action": "lambda:InvokeFunction"}), true),
        (json!({"Action": "LAMBDA:invoke*"}), true),
        (json!({"Action": ["s3:*", "lambda:?nvokeFunction"]}), true),
        (json!({"Action": "lambda:Invoke"}), false),
        (json!({"NotAction": "lambda:*"}), false),
        (json!({"NotAction": ["s3:*"]}), true),
        (json!({"Resource": "*"}), true),
        (json!({"Resource": "arn:aws:lambda:*:function:hello"}), true),
        (
            json!({"Resource": "arn:aws:lambda:eu-west-1:123456789012:function:HELLO"}),
            false,
        ),
        (json!({"Resource": ["arn:aws:s3:::a", "*:hell?"]}), true),
        (json!({"NotResource": "arn:aws:lambda:*"}), false),
        (json!({"Principal": "*"}), true),
        (json!({"Principal": {"AWS": "*"}}), true),
        (
            json!({"Principal": {"Service": "apigateway.amazonaws.com"}}),
            true,
        ),
        (
            json!({"Principal": {"Service": ["s3.amazonaws.com"], "AWS": "123456789012"}}),
            false,
        ),
        (
            json!({"NotPrincipal": {"Service": "apigateway.amazonaws.com"}}),
            false,
        ),
    ] {
        assert_eq!(allows(elements.clone(), none()), wanted, "{elements}");
    }
}

#[test]
fn a_principal_is_an_account_a_role_or_anyone() {
    let role = Principal::Aws {
        arn: "arn:aws:iam::123456789012:role/caller",
        account: "123456789012",
    };
    for (named, principal, wanted) in [
        ("123456789012", role, true),
        ("arn:aws:iam::123456789012:root", role, true),
        ("arn:aws:iam::123456789012:role/caller", role, true),
        ("arn:aws:iam::123456789012:role/*", role, false),
        ("arn:aws:iam::210987654321:root", role, false),
        ("*", Principal::Anonymous, true),
        ("123456789012", Principal::Anonymous, false),
    ] {
        let statement = json!({"Effect": "Allow", "Principal": {"AWS": [named]}});
        let request = Request {
            principal,
            ..request(Context::default())
        };
        let wanted = if wanted {
            Decision::Allowed
        } else {
            Decision::NotAllowed
        };
        assert_eq!(
            decided(&statement, &request),
            wanted,
            "{named} {principal:?}"
        );
    }
}

#[test]
fn a_denial_wins_wherever_it_stands() {
    let (allow, deny) = (
        json!({"Effect": "Allow"}),
        json!({"Effect": "Deny", "Resource": "*"}),
    );
    let request = request(Context::default());
    assert_eq!(decided(&json!([allow, deny]), &request), Decision::Denied);
    assert_eq!(decided(&json!([deny, allow]), &request), Decision::Denied);
    let other = json!({"Effect": "Deny", "Resource": "arn:aws:s3:::a"});
    assert_eq!(decided(&json!([other, allow]), &request), Decision::Allowed);
    assert_eq!(decided(&json!([]), &request), Decision::NotAllowed);
    let document = json!({"Version": "2012-10-17", "Statement": allow});
    assert_eq!(
        decide(statements(&document), &request),
        Ok(Decision::Allowed)
    );
}

#[test]
fn what_is_unknown_is_told() {
    let unknown = |statement: Value| {
        decide([&statement], &request(Context::default()))
            .unwrap_err()
            .0
    };
    assert_eq!(unknown(json!({"Effect": "Maybe"})), "Effect Maybe");
    for operator in ["StringIs", "ForNoValue:StringLike", "NullIfExists"] {
        let statement = json!({"Effect": "Allow", "Condition": {operator: {"a": "b"}}});
        assert_eq!(
            unknown(statement),
            format!("the condition operator {operator}")
        );
    }
}

/// Operators on a request with `aws:SourceArn`, `n` 5, `at`, `ip`, `flag` and the tags `a` and `b`; each with what it must say.
#[test]
fn conditions() {
    let context = || {
        Context::default()
            .with(
                "AWS:SourceArn",
                "arn:aws:execute-api:eu-west-1:123456789012:api/prod/GET/hello",
            )
            .with("n", "5")
            .with("at", "2026-11-30T12:00:00Z")
            .with("ip", "203.0.113.7")
            .with("flag", "true")
            .with("user", "ann*")
            .with("tags", "a")
            .with("tags", "b")
    };
    let arn = |last: &str| format!("arn:aws:execute-api:eu-west-1:123456789012:{last}");
    let rows = [
        ("ArnLike", "aws:sourcearn", json!(arn("api/*/GET/*")), true),
        (
            "ArnLike",
            "aws:SourceArn",
            json!(arn("api/prod/POST/*")),
            false,
        ),
        // A part of an ARN is matched for itself.
        (
            "ArnLike",
            "aws:SourceArn",
            json!("arn:aws:*:api/prod/GET/hello"),
            false,
        ),
        (
            "StringLike",
            "aws:SourceArn",
            json!("arn:aws:*:api/prod/GET/hello"),
            true,
        ),
        (
            "ArnEquals",
            "aws:SourceArn",
            json!(arn("api/pro?/GET/hello")),
            true,
        ),
        ("ArnNotLike", "aws:SourceArn", json!(arn("other/*")), true),
        ("StringEquals", "flag", json!(["false", "true"]), true),
        ("StringEquals", "flag", json!("tru*"), false),
        ("StringEquals", "flag", json!("TRUE"), false),
        ("StringEqualsIgnoreCase", "flag", json!("TRUE"), true),
        ("StringNotEquals", "flag", json!(["false", "true"]), false),
        ("StringNotEquals", "absent", json!("x"), true),
        ("StringEquals", "absent", json!("x"), false),
        ("StringEqualsIfExists", "absent", json!("x"), true),
        ("StringLike", "user", json!("${user}"), true),
        ("StringEquals", "user", json!("${user}"), true),
        ("StringEquals", "user", json!("ann${*}"), true),
        ("StringLike", "flag", json!("${absent}"), false),
        ("StringLike", "flag", json!("${absent, 'true'}"), true),
        ("NumericLessThanEquals", "n", json!(5), true),
        ("NumericLessThan", "n", json!("5"), false),
        ("NumericGreaterThan", "n", json!("4.5"), true),
        ("NumericNotEquals", "n", json!("4"), true),
        ("NumericEquals", "user", json!("4"), false),
        ("DateGreaterThan", "at", json!("2026-11-30"), true),
        ("DateLessThan", "at", json!("1900000000"), true),
        ("DateEquals", "at", json!("2026-11-30T13:00:00+01:00"), true),
        ("Bool", "flag", json!(true), true),
        (
            "IpAddress",
            "ip",
            json!(["10.0.0.0/8", "203.0.113.0/24"]),
            true,
        ),
        ("IpAddress", "ip", json!("203.0.113.8"), false),
        ("NotIpAddress", "ip", json!("203.0.113.0/29"), false),
        ("IpAddress", "ip", json!("0.0.0.0/0"), true),
        ("IpAddress", "ip", json!("::/0"), false),
        ("Null", "absent", json!("true"), true),
        ("Null", "n", json!(true), false),
        ("Null", "n", json!("false"), true),
        ("ForAnyValue:StringEquals", "tags", json!(["b", "c"]), true),
        (
            "ForAllValues:StringEquals",
            "tags",
            json!(["b", "c"]),
            false,
        ),
        ("ForAllValues:StringLike", "tags", json!("?"), true),
        ("ForAnyValue:StringNotEquals", "tags", json!("a"), true),
        ("ForAllValues:StringEquals", "absent", json!("a"), true),
        ("ForAnyValue:StringEquals", "absent", json!("a"), false),
    ];
    for (operator, key, wanted, holds) in rows {
        let condition = json!({operator: {key: wanted}});
        assert_eq!(
            allows(json!({"Condition": condition}), context()),
            holds,
            "{condition}"
        );
    }
    // All operators and all keys.
    let both = |other: &str| json!({"Condition": {"Bool": {"flag": "true"}, "NumericEquals": {"n": other}}});
    assert!(allows(both("5"), context()) && !allows(both("6"), context()));
    let keys = json!({"Condition": {"StringEquals": {"flag": "true", "n": "6"}}});
    assert!(!allows(keys, context()));
}

proptest! {
    /// Patterns match as regular expressions do.
    #[test]
    fn patterns_match_like_regular_expressions(
        pattern in "[ab:*?]{0,8}",
        text in "[ab:]{0,8}",
    ) {
        let expression = regex::escape(&pattern).replace(r"\*", ".*").replace(r"\?", ".");
        let expression = regex::Regex::new(&format!("^(?s:{expression})$")).unwrap();
        prop_assert_eq!(Pattern::plain(&pattern).matches(&text), expression.is_match(&text));
    }

    /// A part of an ARN's pattern matches within its part only; the last one has the rest, with its colons.
    #[test]
    fn arns_match_part_by_part(
        pattern in prop::collection::vec("[a*?]{0,2}", 2..9),
        text in prop::collection::vec("a{0,2}", 5..9),
    ) {
        let (pattern, text) = (pattern.join(":"), text.join(":"));
        let parts: Vec<_> = pattern.splitn(6, ':').collect();
        let texts: Vec<_> = text.splitn(6, ':').collect();
        let mut pairs = parts.iter().zip(&texts);
        let naive = parts.len() == 6
            && texts.len() == 6
            && pairs.all(|(pattern, text)| Pattern::plain(pattern).matches(text));
        prop_assert_eq!(Pattern::plain(&pattern).matches_arn(&text), naive);
    }

    /// A network holds an address if their first bits are the same.
    #[test]
    fn networks_hold_what_shares_their_first_bits(
        network: [u8; 4],
        address: [u8; 4],
        length in 0_u32..=32,
    ) {
        let bits = |octets: [u8; 4]| octets.map(|octet| format!("{octet:08b}")).concat();
        let naive = bits(network)[..length as usize] == bits(address)[..length as usize];
        let dotted = |octets: [u8; 4]| octets.map(|octet| octet.to_string()).join(".");
        let condition = json!({"Condition": {"IpAddress": {"ip": format!("{}/{length}", dotted(network))}}});
        prop_assert_eq!(allows(condition, Context::default().with("ip", dotted(address))), naive);
    }

    /// An explicit denial wins, then an allowance; order says nothing.
    #[test]
    fn decisions_do_not_depend_on_the_order(
        statements in prop::collection::vec((prop::bool::ANY, prop::bool::ANY), 0..6),
    ) {
        let list: Vec<Value> = statements.iter().map(|(allow, applies)| json!({
            "Effect": if *allow { "Allow" } else { "Deny" },
            "Action": if *applies { "lambda:*" } else { "s3:*" },
        })).collect();
        let naive = if statements.contains(&(false, true)) {
            Decision::Denied
        } else if statements.contains(&(true, true)) {
            Decision::Allowed
        } else {
            Decision::NotAllowed
        };
        let request = request(Context::default());
        prop_assert_eq!(decide(&list, &request), Ok(naive));
        prop_assert_eq!(decide(list.iter().rev(), &request), Ok(naive));
    }
}
