"""Client-credentials tokens: requested with Authlib, verified by PyJWT with the pool's published keys."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request

import boto3
import jwt
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from botocore import UNSIGNED
from botocore.config import Config
from certificates import imported
from conftest import REGION, refused

SCOPES = ["claims/read", "claims/write"]


@pytest.fixture(autouse=True)
def insecure(monkeypatch):
    """The endpoint on this machine has no TLS."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


class Front:
    """A pool with a domain, two scopes and a partner."""

    def __init__(self, endpoint, cognito, name):
        self.cognito, self.domain = cognito, name
        self.pool = cognito.create_user_pool(PoolName=name)["UserPool"]["Id"]
        scopes = [{"ScopeName": scope.split("/")[1], "ScopeDescription": scope} for scope in SCOPES]
        cognito.create_resource_server(UserPoolId=self.pool, Identifier="claims", Name="Claims", Scopes=scopes)
        cognito.create_user_pool_domain(UserPoolId=self.pool, Domain=name)
        self.token_url = f"{endpoint}/_aws/cognito/{name}/oauth2/token"
        self.issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{self.pool}"
        # The issuer's path, at the local endpoint.
        self.keys_url = f"{endpoint}/{self.pool}/.well-known/jwks.json"
        self.client = self.made()

    def made(self, **members):
        wanted = {
            "GenerateSecret": True,
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthFlows": ["client_credentials"],
            "AllowedOAuthScopes": SCOPES,
        }
        made = self.cognito.create_user_pool_client(
            UserPoolId=self.pool, ClientName="partner", **{**wanted, **members}
        )["UserPoolClient"]
        return made["ClientId"], made["ClientSecret"]

    def session(self, **members):
        client, secret = self.client
        return OAuth2Session(client, secret, **members)

    def token(self, **members):
        return self.session(**members).fetch_token(self.token_url, grant_type="client_credentials")

    def checked(self, token):
        key = jwt.PyJWKClient(self.keys_url).get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=["RS256"], issuer=self.issuer)


@pytest.fixture
def front(endpoint, client, unique):
    return Front(endpoint, client("cognito-idp"), unique)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_partner_gets_a_token_that_anybody_can_check(front, method):
    answer = front.token(token_endpoint_auth_method=method)
    assert answer["token_type"] == "Bearer" and answer["expires_in"] == 3600
    claims = front.checked(answer["access_token"])
    assert claims["client_id"] == claims["sub"] == front.client[0]
    assert claims["token_use"] == "access" and claims["scope"].split() == SCOPES
    assert claims["exp"] - claims["iat"] == 3600 and claims["version"] == 2


def test_a_partner_asks_for_less(front):
    token = front.token(scope="claims/read")["access_token"]
    assert front.checked(token)["scope"] == "claims/read"


def test_a_token_that_was_tampered_with_is_refused(front):
    head, claims, signature = front.token(scope="claims/read")["access_token"].split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    decoded["scope"] = "claims/write"
    forged = base64.urlsafe_b64encode(json.dumps(decoded).encode()).decode().rstrip("=")
    with pytest.raises(jwt.InvalidSignatureError):
        front.checked(f"{head}.{forged}.{signature}")


def test_a_token_of_another_pool_is_refused(front, endpoint, client, unique):
    other = Front(endpoint, client("cognito-idp"), f"{unique}-other")
    with pytest.raises(jwt.PyJWKClientError):
        front.checked(other.token()["access_token"])


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"scope": "claims/delete"}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
    ],
)
def test_cognitos_refusals_are_oauths(front, changed, error):
    client, secret = front.client
    session = OAuth2Session(**{"client_id": client, "client_secret": secret, **changed})
    with pytest.raises(OAuthError, match=error):
        session.fetch_token(front.token_url, grant_type="client_credentials")


def test_a_client_of_people_gets_no_machines_token(front):
    flow = {"AllowedOAuthFlows": ["code"], "CallbackURLs": ["https://example.com"], "AllowedOAuthScopes": ["openid"]}
    session = OAuth2Session(*front.made(**flow))
    with pytest.raises(OAuthError, match="unauthorized_client"):
        session.fetch_token(front.token_url, grant_type="client_credentials")
    with pytest.raises(OAuthError, match="unsupported_grant_type"):
        front.session().fetch_token(front.token_url, grant_type="password", username="a", password="b")


def test_both_secrets_of_a_rotation_work_until_one_goes(front):
    client, first = front.client
    named = {"UserPoolId": front.pool, "ClientId": client}
    added = front.cognito.add_user_pool_client_secret(**named)["ClientSecretDescriptor"]
    for secret in [first, added["ClientSecretValue"]]:
        OAuth2Session(client, secret).fetch_token(front.token_url, grant_type="client_credentials")
    front.cognito.delete_user_pool_client_secret(**named, ClientSecretId=added["ClientSecretId"])
    with pytest.raises(OAuthError, match="invalid_client"):
        session = OAuth2Session(client, added["ClientSecretValue"])
        session.fetch_token(front.token_url, grant_type="client_credentials")


def sent(url, body=None, **headers):
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), json.loads(error.read())


def test_aws_own_host_names_lead_there_too(front, endpoint):
    client, secret = front.client
    form = urllib.parse.urlencode(
        {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    ).encode()
    host = f"{front.domain}.auth.{REGION}.amazoncognito.com"
    status, headers, answer = sent(f"{endpoint}/oauth2/token", form, Host=host)
    assert status == 200 and "no-store" in headers["cache-control"]
    front.checked(answer["access_token"])
    status, _, configuration = sent(
        f"{endpoint}/{front.pool}/.well-known/openid-configuration", Host=f"cognito-idp.{REGION}.amazonaws.com"
    )
    assert status == 200 and configuration["issuer"] == front.issuer
    assert configuration["token_endpoint"] == f"https://{host}/oauth2/token"


def test_the_token_endpoint_takes_forms_only(front):
    assert sent(front.token_url)[0] == 405
    assert sent(front.token_url, b"{}", **{"Content-Type": "application/json"})[0] == 405


def test_a_deleted_domain_issues_nothing(front):
    front.token()
    front.cognito.delete_user_pool_domain(UserPoolId=front.pool, Domain=front.domain)
    assert sent(front.token_url, b"grant_type=client_credentials")[0] == 404


def test_a_pool_answers_at_a_domain_of_its_own(front, endpoint, unique):
    name = f"auth.{unique}.example.com"
    config = {"CertificateArn": imported(front.cognito, name, region="us-east-1")}
    front.cognito.create_user_pool_domain(UserPoolId=front.pool, Domain=name, CustomDomainConfig=config)
    client, secret = front.client
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": client, "client_secret": secret})
    for path, host in [
        ("/oauth2/token", name),
        (f"/_aws/domain/{name}/oauth2/token", "localhost"),
        (f"/_aws/cognito/{name}/oauth2/token", "localhost"),
    ]:
        status, _, answer = sent(endpoint + path, form.encode(), Host=host)
        assert status == 200, path
        front.checked(answer["access_token"])
    _, _, configuration = sent(f"{endpoint}/{front.pool}/.well-known/openid-configuration")
    assert configuration["token_endpoint"] == f"https://{name}/oauth2/token"


def test_a_machine_gets_its_token_without_a_domain_and_a_signature(front):
    machine = {"AllowedOAuthFlowsUserPoolClient": False, "AllowedOAuthFlows": []}
    client_id, secret = front.made(**machine, ExplicitAuthFlows=["ALLOW_CLIENT_TOKEN_AUTH"])
    anybody = boto3.client(
        "cognito-idp",
        region_name=REGION,
        endpoint_url=front.cognito.meta.endpoint_url,
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )
    answer = anybody.get_client_token(ClientId=client_id, Secret=secret, Scopes=["claims/read"])
    result = answer["ClientAuthenticationResult"]
    assert result["ExpiresIn"] == 3600 and result["TokenType"] == "Bearer"
    assert front.checked(result["AccessToken"])["scope"] == "claims/read"
    with refused("MissingAuthenticationTokenException", status=403):
        anybody.list_user_pools(MaxResults=1)
    with refused("NotAuthorizedException"):
        anybody.get_client_token(ClientId=client_id, Secret="a_wrong_one_of_the_right_length")
    with refused("InvalidParameterException", "claims/delete"):
        anybody.get_client_token(ClientId=client_id, Secret=secret, Scopes=["claims/delete"])
    with refused("InvalidParameterException", "other authentication flows"):
        front.made(ExplicitAuthFlows=["ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"])
