//! Systems Manager's parameters.

use super::*;

fn call(aws: &Aws, operation: &str, input: Value) -> Answer {
    aws.json("ssm", &format!("AmazonSSM.{operation}"), input)
}

fn put(aws: &Aws, name: &str, value: &str) -> Answer {
    let input = json!({"Name": name, "Value": value, "Type": "String"});
    call(aws, "PutParameter", input)
}

fn get(aws: &Aws, name: &str) -> Answer {
    call(aws, "GetParameter", json!({"Name": name}))
}

/// Evidence: recorded, LocalStack `test_put_parameters` and `test_get_parameter_by_arn`.
#[test]
fn a_name_is_the_same_with_a_slash_before_it() {
    let aws = Aws::new();
    assert_eq!(put(&aws, "param", "123").0, 200);
    for name in ["param", "/param"] {
        let (status, found) = get(&aws, name);
        let found = &found["Parameter"];
        assert_eq!(
            (status, &found["Name"], &found["Value"]),
            (200, &json!(name), &json!("123"))
        );
        let (_, found) = call(&aws, "GetParameters", json!({"Names": [name]}));
        assert_eq!(found["Parameters"][0]["Name"], json!(name));
    }
    let (_, found) = get(&aws, "arn:aws:ssm:eu-west-1:123456789012:parameter/param");
    assert_eq!(found["Parameter"]["Name"], json!("param"));
    // Evidence: inferred, from the same: both are one parameter.
    assert_eq!(words(&put(&aws, "/param", "4")).0, "ParameterAlreadyExists");
    assert_eq!(
        call(&aws, "DeleteParameter", json!({"Name": "/param"})).0,
        200
    );
    assert_eq!(words(&get(&aws, "param")).0, "ParameterNotFound");
}

/// Evidence: recorded, LocalStack `test_hierarchical_parameter`.
#[test]
fn a_path_that_is_none_is_refused_before_it_is_looked_for() {
    let aws = Aws::new();
    assert_eq!(put(&aws, "/a/b/c", "123").0, 200);
    assert_eq!(get(&aws, "/a/b/c").0, 200);
    for name in ["/a//b//c", "a/b/c"] {
        let refused = get(&aws, name);
        let (code, message) = words(&refused);
        assert_eq!(code, "ValidationException", "{name}");
        assert!(
            message.contains("sub-paths divided by slash symbol"),
            "{message}"
        );
    }
}

/// Evidence: reported, moto `test_put_parameter_empty_string_value`.
#[test]
fn a_value_is_not_empty() {
    let refused = put(&Aws::new(), "a", "");
    let wanted = "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or \
                  equal to 1.";
    assert_eq!(words(&refused), ("ValidationException", wanted));
}

/// Evidence: documented, "Discovering public parameters in Parameter Store" and "Referencing AWS Secrets Manager secrets from Parameter
/// Store parameters": AWS has them, so the local AWS must not say that they are not there.
#[test]
fn a_public_parameter_that_is_not_here_is_told_by_name() {
    let aws = Aws::new();
    let known = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64";
    assert_eq!(get(&aws, known).0, 200);
    let secret = "/aws/reference/secretsmanager/a";
    for name in [
        "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
        "/aws/service/eks/optimized-ami/1.31/amazon-linux-2023/arm64/standard/recommended/image_id",
        secret,
    ] {
        let decrypted = |names: Value| {
            let mut input = names;
            input["WithDecryption"] = true.into();
            input
        };
        let refused = call(&aws, "GetParameter", decrypted(json!({ "Name": name })));
        let wanted = format!("the local AWS does not have the public parameter {name}");
        assert_eq!((refused.0, words(&refused).1), (501, wanted.as_str()));
        let input = decrypted(json!({"Names": [known, name]}));
        assert_eq!(call(&aws, "GetParameters", input).0, 501);
    }
    // Evidence: reported, moto `test_get_value_from_secrets_manager__with_decryption_false`.
    let wanted = "WithDecryption flag must be True for retrieving a Secret Manager secret.";
    assert_eq!(words(&get(&aws, secret)), ("ValidationException", wanted));
}

/// Evidence: documented, "GetParametersByPath" and "DeleteParameters" in the API reference.
#[test]
fn parameters_are_found_by_their_path() {
    let aws = Aws::new();
    for (name, value) in [("/a/b", "1"), ("/a/b/c", "2"), ("/ab", "3"), ("d", "4")] {
        assert_eq!(put(&aws, name, value).0, 200);
    }
    for (path, recursive, wanted) in [
        ("/a", false, "/a/b"),
        ("/a/", true, "/a/b /a/b/c"),
        ("/a/b", false, "/a/b/c"),
        // Evidence: inferred, from a name with and without a slash being one.
        ("/", false, "ab d"),
        ("/absent", true, ""),
    ] {
        let input = json!({"Path": path, "Recursive": recursive});
        let (status, found) = call(&aws, "GetParametersByPath", input);
        let names = found["Parameters"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|one| one["Name"].as_str().unwrap()).collect();
        assert_eq!((status, names.join(" ").as_str()), (200, wanted), "{path}");
    }
    let refused = call(&aws, "GetParametersByPath", json!({"Path": "a"}));
    assert_eq!(words(&refused).0, "ValidationException");
    // Evidence: inferred, from the same.
    let (_, gone) = call(&aws, "DeleteParameters", json!({"Names": ["/d", "absent"]}));
    assert_eq!(
        gone,
        json!({"DeletedParameters": ["/d"], "InvalidParameters": ["absent"]})
    );
}
