//! Requests of web pages in a browser on this machine to the local AWS: the control plane refuses them, by whatever host name,
//! and at run time the API answers pages as on AWS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::program::Folder;

/// One partner, and an API that pages of any origin may call.
const STACK: &str = r#"
[stack]
name   = "claims"
region = "eu-west-1"

[api]
name     = "claims"
stage    = "prod"
cors     = true
requires = { api_key = true }

[api.routes]
"GET /claims" = { mock = 200 }

[plans.standard]

[api_keys.web]
plan = "standard"
"#;

/// Signed as anybody signs, for a service.
fn signed(service: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential=any/20261121/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
    )
}

/// Credentials in the query, as a link or a form can have them.
fn presigned(service: &str) -> String {
    format!(
        "X-Amz-Credential=any%2F20261121%2Feu-west-1%2F{service}%2Faws4_request&X-Amz-Signature=00"
    )
}

/// The status and the whole answer to a request, sent as it stands here.
fn sent(url: &str, first_line: &str, headers: &[&str]) -> (u16, String) {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    let body = match first_line.starts_with("POST") {
        true => "{}",
        false => "",
    };
    let length = body.len();
    let head = format!(
        "{first_line}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.unwrap_or_default(), answer)
}

/// The local AWS of an applied stack over HTTP; its URL and the API's id.
fn served(with: impl FnOnce(&str, &str)) {
    let folder = Folder::with(STACK);
    folder.apply(&[]);
    let api = folder.local(&["output", "--raw", "api_id"]).stdout;
    folder.served(&[], |url| with(url, api.trim()));
}

#[test]
fn the_control_plane_is_not_for_web_pages() {
    served(|url, _| {
        let key = signed("apigateway");
        let (apis, vpcs) = (
            format!("POST /restapis?{} HTTP/1.1", presigned("apigateway")),
            format!(
                "GET /?Action=CreateVpc&Version=2016-11-15&CidrBlock=10.9.0.0/16&{} HTTP/1.1",
                presigned("ec2")
            ),
        );
        let own = format!("Origin: {url}");
        let referer = format!("Referer: {url}/_aws/execute-api/a1b2/prod/page");
        let signed_cognito = signed("cognito-idp");
        let host = format!("Host: {}", &url["http://".len()..]);
        let keys = "GET /apikeys?includeValues=true HTTP/1.1";
        for (line, headers) in [
            (
                apis.as_str(),
                &[
                    "Host: localhost",
                    "Origin: http://evil.example",
                    "Content-Type: text/plain",
                ][..],
            ),
            (
                &vpcs,
                &[
                    "Host: localhost",
                    "Sec-Fetch-Site: cross-site",
                    "Sec-Fetch-Mode: no-cors",
                ],
            ),
            // From an older browser, or to an address that browsers do not trust: no header shows the page.
            (&vpcs, &["Host: localhost"]),
            (&apis, &["Host: localhost"]),
            (keys, &["Host: localhost", &key, "Origin: null"]),
            (
                keys,
                &["Host: localhost", &key, "Origin: http://localhost:3000"],
            ),
            (
                keys,
                &["Host: localhost", &key, "Sec-Fetch-Site: same-site"],
            ),
            (
                keys,
                &["Host: apigateway.eu-west-1.amazonaws.com", &key, &own],
            ),
            (
                keys,
                &[
                    "Host: apigateway.eu-west-1.amazonaws.com",
                    &key,
                    "Origin: http://apigateway.eu-west-1.amazonaws.com",
                ],
            ),
            (
                "OPTIONS /apikeys HTTP/1.1",
                &[
                    &host,
                    "Origin: http://evil.example",
                    "Access-Control-Request-Method: GET",
                ],
            ),
            // A page that came through an API of this server, to a browser of the same origin.
            (keys, &[&host, &key, "Sec-Fetch-Site: same-origin"]),
            (keys, &[&host, &key, &own]),
            (keys, &[&host, &key, &referer]),
            (
                "POST /restapis HTTP/1.1",
                &[&host, &key, &own, "Sec-Fetch-Site: same-origin"],
            ),
            (
                "POST / HTTP/1.1",
                &[
                    &host,
                    &signed_cognito,
                    &own,
                    "X-Amz-Target: AWSCognitoIdentityProviderService.ListUserPools",
                ],
            ),
            (
                "GET /_aws/unknown HTTP/1.1",
                &[&host, &key, "Origin: http://evil.example"],
            ),
        ] {
            let (status, answer) = sent(url, line, headers);
            assert_eq!(status, 403, "{line} {headers:?}\n{answer}");
            assert!(
                !answer.to_lowercase().contains("access-control-allow"),
                "{answer}"
            );
            assert!(!answer.contains("\"value\""), "{answer}");
        }
        for headers in [
            &[host.as_str(), &key][..],
            &[&host, &key, "Sec-Fetch-Site: none"],
            // Node's `fetch` is no browser.
            &[&host, &key, "Sec-Fetch-Mode: cors", "Accept-Language: *"],
        ] {
            let (status, answer) = sent(url, keys, headers);
            assert!(
                status == 200 && answer.contains("\"value\""),
                "{headers:?}\n{answer}"
            );
        }
        let (_, apis) = sent(url, "GET /restapis HTTP/1.1", &["Host: localhost", &key]);
        assert_eq!(apis.matches("\"createdDate\"").count(), 1, "{apis}");
        let described = format!(
            "GET /?Action=DescribeVpcs&Version=2016-11-15&{} HTTP/1.1",
            presigned("ec2")
        );
        let (status, vpcs) = sent(url, &described, &["Host: localhost"]);
        assert!(status == 200 && !vpcs.contains("10.9.0.0"), "{vpcs}");
    });
}

#[test]
fn a_host_is_one_that_no_page_can_have() {
    served(|url, api| {
        let key = signed("apigateway");
        let port = url.rsplit(':').next().unwrap();
        let with_port = format!("Host: LocalHost:{port}");
        for host in [
            with_port.as_str(),
            "Host: localhost.",
            "Host: localhost:1",
            "Host: 127.0.0.1",
            "Host: 127.9.9.9",
            "Host: [::1]:80",
            "Host: APIGATEWAY.eu-west-1.amazonaws.com:443",
        ] {
            let (status, answer) = sent(url, "GET /apikeys HTTP/1.1", &[host, &key]);
            assert_eq!(status, 200, "{host}\n{answer}");
        }
        let at_run_time = format!("GET /_aws/execute-api/{api}/prod/claims HTTP/1.1");
        for line in [
            "GET /apikeys?includeValues=true HTTP/1.1",
            "GET / HTTP/1.1",
            &at_run_time,
            "GET /eu-west-1_A/.well-known/jwks.json HTTP/1.1",
        ] {
            for (host, refused) in [
                ("Host: evil.example", 403),
                ("Host: localhost.evil.example", 403),
                ("Host: evil-localhost", 403),
                ("Host: 192.168.1.5", 403),
                ("Host: 0.0.0.0", 403),
                ("Host: amazonaws.com.evil.example", 403),
                ("Host: evilamazonaws.com", 403),
                ("Host: me@localhost", 400),
                ("Host: localhost@evil.example", 400),
                ("Host: localhost:80:80", 400),
                ("Host: ::1", 400),
                ("Host:", 400),
                ("Host: localhost\r\nHost: localhost", 400),
                ("Host: localhost\r\nHost: evil.example", 400),
                ("X: y", 400),
            ] {
                let (status, answer) = sent(url, line, &[host, &key]);
                assert_eq!(status, refused, "{line} {host}\n{answer}");
            }
        }
        for (line, host, wanted) in [
            (
                "GET http://localhost/apikeys HTTP/1.1",
                "Host: localhost",
                200,
            ),
            ("GET http://LOCALHOST:80/apikeys HTTP/1.1", "X: y", 200),
            (
                "GET http://evil.example/apikeys HTTP/1.1",
                "Host: evil.example",
                403,
            ),
            (
                "GET http://evil.example/apikeys HTTP/1.1",
                "Host: localhost",
                400,
            ),
            (
                "GET http://localhost/apikeys HTTP/1.1",
                "Host: evil.example",
                400,
            ),
            (
                "GET http://me@localhost/apikeys HTTP/1.1",
                "Host: localhost",
                400,
            ),
            ("GET /apikeys HTTP/1.0", "Host: localhost", 200),
            ("GET /apikeys HTTP/1.0", "X: y", 400),
        ] {
            let (status, answer) = sent(url, line, &[host, &key]);
            assert_eq!(status, wanted, "{line} {host}\n{answer}");
        }
    });
}

/// The prefix of a pool's domain is a name below AWS's, not one of its own: a network may have a machine of that name.
#[test]
fn the_prefix_of_a_pools_domain_is_no_host() {
    let folder = Folder::with(&format!(
        "{STACK}\n[user_pool]\nname = \"claims\"\ndomain = \"claims-123\"\n"
    ));
    folder.apply(&[]);
    folder.served(&[], |url| {
        let key = signed("apigateway");
        for line in [
            "GET /apikeys?includeValues=true HTTP/1.1",
            "POST /oauth2/token HTTP/1.1",
            "GET / HTTP/1.1",
        ] {
            let (status, answer) = sent(url, line, &["Host: claims-123", &key]);
            assert_eq!(status, 403, "{line}\n{answer}");
        }
        // Where the pool answers, it wants a form.
        for (line, host, wanted) in [
            (
                "POST /oauth2/token HTTP/1.1",
                "Host: claims-123.auth.eu-west-1.amazoncognito.com",
                405,
            ),
            (
                "POST /_aws/cognito/claims-123/oauth2/token HTTP/1.1",
                "Host: localhost",
                405,
            ),
            (
                "POST /_aws/domain/claims-123/oauth2/token HTTP/1.1",
                "Host: localhost",
                404,
            ),
        ] {
            let (status, answer) = sent(url, line, &[host]);
            assert_eq!(status, wanted, "{line}\n{answer}");
        }
    });
}

#[test]
fn an_api_answers_pages_as_it_is_configured() {
    served(|url, api| {
        let route = format!("/_aws/execute-api/{api}/prod/claims");
        let page = ["Origin: https://app.example", "Sec-Fetch-Site: cross-site"];
        let headers = [
            &["Host: localhost", "Access-Control-Request-Method: GET"][..],
            &page,
        ]
        .concat();
        let (status, answer) = sent(url, &format!("OPTIONS {route} HTTP/1.1"), &headers);
        assert!(
            status == 204
                && answer
                    .to_lowercase()
                    .contains("access-control-allow-origin: *"),
            "{answer}"
        );
        // Refusals can be read by pages too.
        let (status, answer) = sent(
            url,
            &format!("GET {route} HTTP/1.1"),
            &[&["Host: localhost"][..], &page].concat(),
        );
        assert!(
            status == 403
                && answer
                    .to_lowercase()
                    .contains("access-control-allow-origin: *"),
            "{answer}"
        );
        let host = format!("Host: {api}.execute-api.eu-west-1.amazonaws.com");
        let (status, answer) = sent(
            url,
            "GET /prod/claims HTTP/1.1",
            &[&[host.as_str()][..], &page].concat(),
        );
        assert!(status == 403 && answer.contains("Forbidden"), "{answer}");
    });
}

#[test]
fn other_machines_are_let_in_by_a_flag_only() {
    let folder = Folder::with(STACK);
    for command in [&["local", "serve"][..], &["dev"]] {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
            let ran = folder.run(&[command, &["--listen", address]].concat());
            assert_eq!(ran.code, 1, "{address}\n{}", ran.stdout);
            assert!(
                ran.stderr.contains("other machines can reach"),
                "{}",
                ran.stderr
            );
            assert!(ran.stderr.contains("--allow-remote"), "{}", ran.stderr);
        }
    }
    folder.served_at("0.0.0.0:0", &["--allow-remote"], |url| {
        let (status, answer) = sent(
            url,
            "GET /apikeys HTTP/1.1",
            &["Host: 192.168.1.5:4599", &signed("apigateway")],
        );
        assert_eq!(status, 200, "{answer}");
        let (status, _) = sent(
            url,
            "GET /apikeys HTTP/1.1",
            &["Host: evil.example", &signed("apigateway")],
        );
        assert_eq!(status, 403);
    });
}
