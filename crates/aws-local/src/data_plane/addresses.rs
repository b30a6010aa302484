//! The target of a request: read from AWS's host name, or from a path below `/_aws/`.

use std::net::IpAddr;

use aws_facts::hosts::Host;

/// What a request is for, by its host name and path alone.
#[derive(Debug, PartialEq)]
pub(super) enum Address<'r> {
    /// An API at its default endpoint.
    Api {
        id: &'r str,
        /// None when the request came by path: an API's id doesn't tell.
        region: Option<&'r str>,
        /// Begins with `/` and the stage.
        rest: &'r str,
    },
    /// A user pool's domain.
    PoolDomain {
        /// A prefix, or by path an own domain too.
        name: &'r str,
        /// None when the request came by path.
        region: Option<&'r str>,
        rest: &'r str,
    },
    /// A user pool's public document, such as `jwks.json`.
    PoolDocument { pool: &'r str, name: &'r str },
    /// An own domain of an API or a user pool, if there is one of this name.
    OwnDomain {
        name: &'r str,
        rest: &'r str,
        /// Whether the path says so, so that it can't be anything else.
        by_path: bool,
    },
}

impl<'r> Address<'r> {
    /// The address of a request to the data plane, or none: then it is for the control plane.
    pub(super) fn of(host: &'r str, path: &'r str) -> Option<Self> {
        if let Some(path) = path.strip_prefix("/_aws/") {
            return Self::below(path);
        }
        match Host::parse(host) {
            Some(Host::Api { id, region }) => {
                return Some(Self::Api {
                    id,
                    region: Some(region),
                    rest: path,
                });
            }
            Some(Host::PoolDomain { prefix, region }) => {
                return Some(Self::PoolDomain {
                    name: prefix,
                    region: Some(region),
                    rest: path,
                });
            }
            Some(Host::Cognito { .. }) | None => {}
        }
        if let Some(document) = document(path) {
            // A custom endpoint has another host name and the same paths.
            return Some(document);
        }
        let own = host.contains('.')
            && !host.ends_with(".amazonaws.com")
            && host.parse::<IpAddr>().is_err();
        own.then_some(Self::OwnDomain {
            name: host,
            rest: path,
            by_path: false,
        })
    }

    /// From the path after `/_aws/`.
    fn below(path: &'r str) -> Option<Self> {
        let (service, path) = path.split_once('/')?;
        let (name, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        match service {
            "execute-api" => Some(Self::Api {
                id: name,
                region: None,
                rest,
            }),
            "cognito" => Some(Self::PoolDomain {
                name,
                region: None,
                rest,
            }),
            "domain" => Some(Self::OwnDomain {
                name,
                rest,
                by_path: true,
            }),
            "cognito-idp" => document(&path[..name.len() + rest.len()]),
            _ => None,
        }
    }
}

/// `/{pool}/.well-known/{name}`, with or without the first slash. A pool's id begins with its Region: `eu-west-1_AbCdEfGhI`.
fn document(path: &str) -> Option<Address<'_>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (pool, name) = path.split_once("/.well-known/")?;
    (pool.contains('_') && !pool.contains('/')).then_some(Address::PoolDocument { pool, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_aws_and_paths_without_dns_say_the_same() {
        let table = [
            (
                "a1b2.execute-api.eu-west-1.amazonaws.com",
                "/prod/pets",
                "/_aws/execute-api/a1b2/prod/pets",
            ),
            (
                "front.auth.eu-west-1.amazoncognito.com",
                "/oauth2/token",
                "/_aws/cognito/front/oauth2/token",
            ),
            (
                "cognito-idp.eu-west-1.amazonaws.com",
                "/eu-west-1_AbC/.well-known/jwks.json",
                "/_aws/cognito-idp/eu-west-1_AbC/.well-known/jwks.json",
            ),
            (
                "api.example.com",
                "/v1/pets",
                "/_aws/domain/api.example.com/v1/pets",
            ),
        ];
        for (host, path, below) in table {
            let by_host = Address::of(host, path).unwrap();
            let by_path = match Address::of("localhost", below).unwrap() {
                Address::Api { id, rest, .. } => Address::Api {
                    id,
                    region: Some("eu-west-1"),
                    rest,
                },
                Address::PoolDomain { name, rest, .. } => Address::PoolDomain {
                    name,
                    region: Some("eu-west-1"),
                    rest,
                },
                Address::OwnDomain { name, rest, .. } => Address::OwnDomain {
                    name,
                    rest,
                    by_path: false,
                },
                document => document,
            };
            assert_eq!(by_host, by_path);
        }
    }

    #[test]
    fn the_rest_is_the_control_planes() {
        for (host, path) in [
            ("localhost", "/"),
            ("127.0.0.1", "/restapis/a1b2/stages"),
            ("::1", "/"),
            ("cognito-idp.eu-west-1.amazonaws.com", "/"),
            ("apigateway.eu-west-1.amazonaws.com", "/restapis"),
            ("route53.amazonaws.com", "/2013-04-01/hostedzone"),
            ("localhost", "/_aws/unknown/x"),
        ] {
            assert_eq!(Address::of(host, path), None, "{host}{path}");
        }
    }

    #[test]
    fn an_endpoint_that_stands_for_aws_has_the_pools_documents_too() {
        let address = Address::of("127.0.0.1", "/eu-west-1_AbC/.well-known/jwks.json");
        let wanted = Address::PoolDocument {
            pool: "eu-west-1_AbC",
            name: "jwks.json",
        };
        assert_eq!(address, Some(wanted));
    }
}
