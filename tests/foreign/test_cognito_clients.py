"""App clients, their secrets, resource servers, domains and branding: what AWS takes, answers and refuses."""

import pytest
from certificates import imported, issued
from conftest import refused



@pytest.fixture
def cognito(client):
    return client("cognito-idp")


@pytest.fixture
def pool(cognito, unique):
    """A pool with the resource server `claims`, which has the scopes `read` and `write`."""
    pool = cognito.create_user_pool(PoolName=unique)["UserPool"]["Id"]
    scopes = [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")]
    cognito.create_resource_server(UserPoolId=pool, Identifier="claims", Name="Claims", Scopes=scopes)
    return pool


def machine(**members):
    return {
        "ClientName": "partner",
        "GenerateSecret": True,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["claims/read"],
        **members,
    }


def browser(**members):
    return {
        "ClientName": "site",
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid"],
        "CallbackURLs": ["https://example.com/back"],
        **members,
    }


def described(cognito, pool, client):
    return cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]


def test_a_new_client_has_the_defaults_of_aws(cognito, pool):
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="plain")["UserPoolClient"]
    client = made["ClientId"]
    assert len(client) == 26
    assert made == described(cognito, pool, client)
    assert {name: value for name, value in made.items() if not name.endswith("Date")} == {
        "UserPoolId": pool,
        "ClientId": client,
        "ClientName": "plain",
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {},
        "AllowedOAuthFlowsUserPoolClient": False,
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AuthSessionValidity": 3,
        "ClientType": "REGULAR",
    }


def test_a_secret_is_shown_where_aws_shows_it(cognito, pool):
    made = cognito.create_user_pool_client(UserPoolId=pool, **machine())["UserPoolClient"]
    secret, client = made["ClientSecret"], made["ClientId"]
    assert described(cognito, pool, client)["ClientSecret"] == secret
    updated = cognito.update_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    assert updated["ClientSecret"] == secret
    listed = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    assert listed == [{"ClientId": client, "ClientName": "partner", "UserPoolId": pool}]


def test_a_secret_of_ones_own(client, cognito, pool):
    own = "ownsecretownsecretownsecret"
    made = cognito.create_user_pool_client(UserPoolId=pool, **machine(GenerateSecret=False, ClientSecret=own))
    assert made["UserPoolClient"]["ClientSecret"] == own
    with refused("InvalidParameterException", "GenerateSecret"):
        cognito.create_user_pool_client(UserPoolId=pool, **machine(ClientSecret=own))
    with refused("InvalidParameterException", "Value at 'clientSecret' failed") as refusal:
        unchecked = client("cognito-idp", checked=False)
        unchecked.create_user_pool_client(UserPoolId=pool, ClientName="a", ClientSecret="tooshort")
    assert refusal is not None


def test_an_update_resets_what_it_does_not_send(cognito, pool):
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        **browser(
            AccessTokenValidity=15,
            TokenValidityUnits={"AccessToken": "minutes"},
            ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            LogoutURLs=["https://example.com"],
            SupportedIdentityProviders=["COGNITO"],
            PreventUserExistenceErrors="ENABLED",
            EnableTokenRevocation=False,
            ReadAttributes=["email"],
        ),
    )["UserPoolClient"]["ClientId"]
    cognito.update_user_pool_client(UserPoolId=pool, ClientId=client, RefreshTokenValidity=5)
    now = described(cognito, pool, client)
    assert {name: value for name, value in now.items() if not name.endswith("Date")} == {
        "UserPoolId": pool,
        "ClientId": client,
        "ClientName": "site",
        "RefreshTokenValidity": 5,
        "TokenValidityUnits": {},
        "AllowedOAuthFlowsUserPoolClient": False,
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AuthSessionValidity": 3,
        "ClientType": "REGULAR",
    }


@pytest.mark.parametrize(
    "members, code, words",
    [
        (machine(AllowedOAuthScopes=["claims/nothing"]), "ScopeDoesNotExistException", "Invalid scope requested: claims/nothing"),
        (machine(GenerateSecret=False), "InvalidOAuthFlowException", "does not have a client secret"),
        (
            machine(AllowedOAuthFlows=["client_credentials", "code"], CallbackURLs=["https://a.example"]),
            "InvalidOAuthFlowException",
            "along with code flow or implicit flow",
        ),
        (machine(AllowedOAuthScopes=["openid"]), "InvalidOAuthFlowException", "openid is not supported with client_credentials"),
        (machine(AllowedOAuthScopes=[]), "InvalidParameterException", "AllowedOAuthFlows and AllowedOAuthScopes are required"),
        (browser(CallbackURLs=[]), "InvalidOAuthFlowException", "CallbackUrls can not be empty"),
        (browser(CallbackURLs=["http://example.com"]), "InvalidParameterException", "cannot use the HTTP protocol"),
        (browser(CallbackURLs=["https://example.com/#part"]), "InvalidParameterException", "fragment"),
        (browser(CallbackURLs=["/back"]), "InvalidParameterException", "/back"),
        (browser(LogoutURLs=["http://example.com"]), "InvalidParameterException", "cannot use the HTTP protocol"),
        (browser(DefaultRedirectURI="https://other.example"), "InvalidParameterException", "not in the callback URIs list"),
        (browser(SupportedIdentityProviders=["Google"]), "InvalidParameterException", "The provider Google does not exist"),
        (browser(ReadAttributes=["custom:none"]), "InvalidParameterException", "Invalid read attributes"),
        (browser(WriteAttributes=["email_verified"]), "InvalidParameterException", "Invalid write attributes"),
        (browser(AccessTokenValidity=2, TokenValidityUnits={"AccessToken": "days"}), "InvalidParameterException", "token validity"),
        (browser(AccessTokenValidity=4, TokenValidityUnits={"AccessToken": "minutes"}), "InvalidParameterException", "token validity"),
        (browser(IdTokenValidity=25), "InvalidParameterException", "token validity"),
        (browser(RefreshTokenValidity=3651), "InvalidParameterException", "token validity"),
        (
            browser(RefreshTokenValidity=2, AccessTokenValidity=3, TokenValidityUnits={"RefreshToken": "hours"}),
            "InvalidParameterException",
            "token validity",
        ),
        (
            browser(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH"]),
            "InvalidParameterException",
            "ALLOW_",
        ),
        (
            browser(ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"], RefreshTokenRotation={"Feature": "ENABLED"}),
            "InvalidParameterException",
            "rotation",
        ),
        (browser(EnablePropagateAdditionalUserContextData=True), "InvalidParameterException", "client secret"),
        (browser(AllowedOAuthScopes=["openid"] * 51), "InvalidParameterException", "less than or equal to 50"),
        (browser(AuthSessionValidity=16), "InvalidParameterException", "less than or equal to 15"),
        (browser(ClientName="a/b"), "InvalidParameterException", "regular expression"),
        (browser(AnalyticsConfiguration={"ApplicationId": "ab12"}), "InvalidParameterException", "analytics"),
    ],
)
def test_what_aws_refuses_in_a_client(client, pool, members, code, words):
    with refused(code, words):
        client("cognito-idp", checked=False).create_user_pool_client(UserPoolId=pool, **members)


@pytest.mark.parametrize(
    "url", ["http://localhost:3000/back", "http://127.0.0.1:8080", "http://[::1]:9/x", "myapp://back", "https://a.example/?q=1"]
)
def test_callback_urls_that_aws_takes(cognito, pool, url):
    made = cognito.create_user_pool_client(UserPoolId=pool, **browser(CallbackURLs=[url]))["UserPoolClient"]
    assert made["CallbackURLs"] == [url]


def test_oauth_settings_without_the_switch_are_kept(cognito, pool):
    made = cognito.create_user_pool_client(UserPoolId=pool, **machine(AllowedOAuthFlowsUserPoolClient=False))
    assert made["UserPoolClient"]["AllowedOAuthScopes"] == ["claims/read"]


def test_a_refused_update_changes_nothing(cognito, pool):
    client = cognito.create_user_pool_client(UserPoolId=pool, **machine())["UserPoolClient"]["ClientId"]
    before = described(cognito, pool, client)
    with refused("ScopeDoesNotExistException"):
        cognito.update_user_pool_client(
            UserPoolId=pool, ClientId=client, ClientName="renamed", AllowedOAuthScopes=["claims/nothing"]
        )
    assert described(cognito, pool, client) == before


def test_a_client_that_is_not_there(cognito, pool):
    for call in (cognito.describe_user_pool_client, cognito.update_user_pool_client, cognito.delete_user_pool_client):
        with refused("ResourceNotFoundException", "User pool client nothing does not exist."):
            call(UserPoolId=pool, ClientId="nothing")
        with refused("ResourceNotFoundException", "User pool eu-west-1_nothing00 does not exist."):
            call(UserPoolId="eu-west-1_nothing00", ClientId="nothing")


def test_clients_are_listed_in_pages(cognito, pool):
    made = {cognito.create_user_pool_client(UserPoolId=pool, ClientName="same")["UserPoolClient"]["ClientId"] for _ in range(5)}
    pages = list(cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool, PaginationConfig={"PageSize": 2}))
    assert [len(page["UserPoolClients"]) for page in pages] == [2, 2, 1]
    assert {c["ClientId"] for page in pages for c in page["UserPoolClients"]} == made
    with refused("InvalidParameterException", "pagination token"):
        cognito.list_user_pool_clients(UserPoolId=pool, NextToken="nonsense")


def test_secrets_are_rotated(cognito, pool):
    made = cognito.create_user_pool_client(UserPoolId=pool, **machine())["UserPoolClient"]
    named = {"UserPoolId": pool, "ClientId": made["ClientId"]}
    first = cognito.list_user_pool_client_secrets(**named)["ClientSecrets"]
    assert len(first) == 1 and "ClientSecretValue" not in first[0]
    assert first[0]["ClientSecretId"].startswith(made["ClientId"] + "--")
    with refused("InvalidParameterException", "last"):
        cognito.delete_user_pool_client_secret(**named, ClientSecretId=first[0]["ClientSecretId"])
    second = cognito.add_user_pool_client_secret(**named)["ClientSecretDescriptor"]
    assert len(second["ClientSecretValue"]) >= 24
    with refused("LimitExceededException"):
        cognito.add_user_pool_client_secret(**named)
    assert described(cognito, pool, made["ClientId"])["ClientSecret"] == made["ClientSecret"]
    cognito.delete_user_pool_client_secret(**named, ClientSecretId=first[0]["ClientSecretId"])
    left = cognito.list_user_pool_client_secrets(**named)["ClientSecrets"]
    assert [secret["ClientSecretId"] for secret in left] == [second["ClientSecretId"]]
    own = cognito.add_user_pool_client_secret(**named, ClientSecret="ownsecretownsecretownsecret")
    assert "ClientSecretValue" not in own["ClientSecretDescriptor"]
    with refused("ResourceNotFoundException"):
        cognito.delete_user_pool_client_secret(**named, ClientSecretId="nothing")


def test_a_public_client_gets_no_secret(cognito, pool):
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="public")["UserPoolClient"]["ClientId"]
    with refused("InvalidParameterException"):
        cognito.add_user_pool_client_secret(UserPoolId=pool, ClientId=client)


def test_resource_servers(cognito, pool):
    named = {"UserPoolId": pool, "Identifier": "https://api.example.com"}
    scope = {"ScopeName": "all", "ScopeDescription": "Everything"}
    made = cognito.create_resource_server(**named, Name="API", Scopes=[scope])["ResourceServer"]
    assert made == {**named, "Name": "API", "Scopes": [scope]}
    with refused("InvalidParameterException", "already exists"):
        cognito.create_resource_server(**named, Name="API")
    client = cognito.create_user_pool_client(UserPoolId=pool, **machine(AllowedOAuthScopes=["https://api.example.com/all"]))
    cognito.update_resource_server(**named, Name="Renamed")
    assert cognito.describe_resource_server(**named)["ResourceServer"] == {**named, "Name": "Renamed", "Scopes": []}
    # A deleted scope stays on the clients that had it.
    kept = described(cognito, pool, client["UserPoolClient"]["ClientId"])
    assert kept["AllowedOAuthScopes"] == ["https://api.example.com/all"]
    listed = cognito.list_resource_servers(UserPoolId=pool, MaxResults=50)["ResourceServers"]
    assert {server["Identifier"] for server in listed} == {"claims", "https://api.example.com"}
    first = cognito.list_resource_servers(UserPoolId=pool, MaxResults=1)
    second = cognito.list_resource_servers(UserPoolId=pool, MaxResults=1, NextToken=first["NextToken"])
    assert "NextToken" not in second and second["ResourceServers"] != first["ResourceServers"]
    cognito.delete_resource_server(**named)
    with refused("ResourceNotFoundException"):
        cognito.describe_resource_server(**named)
    with refused("ResourceNotFoundException"):
        cognito.delete_resource_server(**named)


def test_resource_servers_are_limited(client, cognito, pool):
    for number in range(24):
        cognito.create_resource_server(UserPoolId=pool, Identifier=f"s{number}", Name="n")
    with refused("LimitExceededException"):
        cognito.create_resource_server(UserPoolId=pool, Identifier="one-more", Name="n")
    scopes = [{"ScopeName": f"s{n}", "ScopeDescription": "d"} for n in range(101)]
    with refused("InvalidParameterException", "less than or equal to 100"):
        client("cognito-idp", checked=False).update_resource_server(
            UserPoolId=pool, Identifier="claims", Name="n", Scopes=scopes
        )
    with refused("InvalidParameterException", "maxResults"):
        client("cognito-idp", checked=False).list_resource_servers(UserPoolId=pool, MaxResults=51)


def test_a_prefix_domain(cognito, pool, unique):
    assert cognito.describe_user_pool_domain(Domain=unique)["DomainDescription"] == {}
    cognito.create_user_pool_domain(UserPoolId=pool, Domain=unique, ManagedLoginVersion=2)
    found = cognito.describe_user_pool_domain(Domain=unique)["DomainDescription"]
    assert (found["UserPoolId"], found["Domain"], found["Status"]) == (pool, unique, "ACTIVE")
    assert (found["ManagedLoginVersion"], found["CustomDomainConfig"]) == (2, {})
    assert cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Domain"] == unique
    with refused("InvalidParameterException", "already has a domain"):
        cognito.create_user_pool_domain(UserPoolId=pool, Domain=unique + "x")
    other = cognito.create_user_pool(PoolName=unique)["UserPool"]["Id"]
    with refused("InvalidParameterException", "Domain already associated with another user pool"):
        cognito.create_user_pool_domain(UserPoolId=other, Domain=unique)
    with refused("InvalidParameterException", "It has a domain configured that should be deleted first"):
        cognito.delete_user_pool(UserPoolId=pool)
    cognito.update_user_pool_domain(UserPoolId=pool, Domain=unique, ManagedLoginVersion=1)
    assert cognito.describe_user_pool_domain(Domain=unique)["DomainDescription"]["ManagedLoginVersion"] == 1
    cognito.delete_user_pool_domain(UserPoolId=pool, Domain=unique)
    assert cognito.describe_user_pool_domain(Domain=unique)["DomainDescription"] == {}
    with refused("InvalidParameterException", "No such domain"):
        cognito.delete_user_pool_domain(UserPoolId=pool, Domain=unique)
    cognito.create_user_pool_domain(UserPoolId=other, Domain=unique)
    cognito.delete_user_pool(UserPoolId=pool)


def test_a_custom_domain(cognito, pool, unique):
    name = f"auth.{unique}.example.com"
    config = {"CertificateArn": imported(cognito, f"*.{unique}.example.com", region="us-east-1")}
    cognito.create_user_pool_domain(UserPoolId=pool, Domain=unique)
    made = cognito.create_user_pool_domain(UserPoolId=pool, Domain=name, CustomDomainConfig=config)
    assert made["CloudFrontDomain"].endswith(".cloudfront.net")
    found = cognito.describe_user_pool_domain(Domain=name)["DomainDescription"]
    assert found["CustomDomainConfig"] == config
    assert found["CloudFrontDistribution"] == made["CloudFrontDomain"]
    described_pool = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    assert (described_pool["Domain"], described_pool["CustomDomain"]) == (unique, name)
    renewed = {"CertificateArn": issued(cognito, name, region="us-east-1")}
    cognito.update_user_pool_domain(UserPoolId=pool, Domain=name, CustomDomainConfig=renewed)
    assert cognito.describe_user_pool_domain(Domain=name)["DomainDescription"]["CustomDomainConfig"] == renewed
    cognito.delete_user_pool_domain(UserPoolId=pool, Domain=name)
    assert "CustomDomain" not in cognito.describe_user_pool(UserPoolId=pool)["UserPool"]


@pytest.mark.parametrize(
    "members, words",
    [
        ({"Domain": "my-aws-login"}, "reserved word: aws"),
        ({"Domain": "amazon"}, "reserved word: amazon"),
        ({"Domain": "cognito-x"}, "reserved word: cognito"),
        ({"Domain": "Upper"}, "invalid character"),
        ({"Domain": "-edge"}, "invalid character"),
        ({"Domain": "auth.example.com"}, "invalid character"),
        ({"Domain": "x" * 64}, "less than or equal to 63"),
        ({"Domain": "fine", "ManagedLoginVersion": 3}, "ManagedLoginVersion"),
    ],
)
def test_what_aws_refuses_in_a_domain(client, pool, members, words):
    with refused("InvalidParameterException", words):
        client("cognito-idp", checked=False).create_user_pool_domain(UserPoolId=pool, **members)


def test_the_certificate_of_a_custom_domain(client, cognito, pool, unique):
    def create(certificate, name=f"a.{unique}.com"):
        config = {"CertificateArn": certificate}
        cognito.create_user_pool_domain(UserPoolId=pool, Domain=name, CustomDomainConfig=config)

    with refused("InvalidParameterException", "not a valid subdomain"):
        create(imported(cognito, f"{unique}.com", region="us-east-1"), f"{unique}.com")
    words = "The specified SSL certificate doesn't exist, isn't in us-east-1 region"
    pending = client("acm", region="us-east-1").request_certificate(DomainName=f"a.{unique}.com")["CertificateArn"]
    for certificate in [
        "arn:aws:acm:us-east-1:123456789012:certificate/4e1a2d6a-1d4b-4b1e-9c3f-0123456789ab",
        imported(cognito, f"a.{unique}.com"),
        imported(cognito, f"b.{unique}.com", region="us-east-1"),
        imported(cognito, "*.com", region="us-east-1"),
        pending,
    ]:
        with refused("InvalidParameterException", words):
            create(certificate)


def test_managed_login_branding(cognito, pool):
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="site")["UserPoolClient"]["ClientId"]
    settings = {"components": {"form": {"borderRadius": 8.5}}, "list": [1, "two", None]}
    made = cognito.create_managed_login_branding(UserPoolId=pool, ClientId=client, Settings=settings)["ManagedLoginBranding"]
    assert made["Settings"] == settings
    with refused("ManagedLoginBrandingExistsException"):
        cognito.create_managed_login_branding(UserPoolId=pool, ClientId=client, UseCognitoProvidedValues=True)
    named = {"UserPoolId": pool, "ManagedLoginBrandingId": made["ManagedLoginBrandingId"]}
    asset = {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": b"png"}
    cognito.update_managed_login_branding(**named, Assets=[asset])
    found = cognito.describe_managed_login_branding_by_client(UserPoolId=pool, ClientId=client)["ManagedLoginBranding"]
    assert (found["Settings"], found["Assets"]) == (settings, [asset])
    with refused("NotImplemented", "ReturnMergedResources", status=501):
        cognito.describe_managed_login_branding(**named, ReturnMergedResources=True)
    cognito.delete_managed_login_branding(**named)
    with refused("ResourceNotFoundException"):
        cognito.describe_managed_login_branding(**named)


def test_ui_customization(cognito, pool, unique):
    assert cognito.get_ui_customization(UserPoolId=pool)["UICustomization"] == {}
    with refused("InvalidParameterException", "domain"):
        cognito.set_ui_customization(UserPoolId=pool, CSS=".a {}")
    cognito.create_user_pool_domain(UserPoolId=pool, Domain=unique)
    cognito.set_ui_customization(UserPoolId=pool, CSS=".a {}", ImageFile=b"png")
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="site")["UserPoolClient"]["ClientId"]
    found = cognito.get_ui_customization(UserPoolId=pool, ClientId=client)["UICustomization"]
    assert (found["ClientId"], found["CSS"]) == ("ALL", ".a {}") and found["ImageUrl"].startswith("https://")
    cognito.set_ui_customization(UserPoolId=pool, ClientId=client, CSS=".b {}")
    assert cognito.get_ui_customization(UserPoolId=pool, ClientId=client)["UICustomization"]["CSS"] == ".b {}"


def test_the_command_line(aws, pool):
    made = aws(
        "cognito-idp", "create-user-pool-client", "--user-pool-id", pool, "--client-name", "cli", "--generate-secret",
        "--allowed-o-auth-flows-user-pool-client", "--allowed-o-auth-flows", "client_credentials",
        "--allowed-o-auth-scopes", "claims/read", "claims/write",
    )["UserPoolClient"]
    assert made["AllowedOAuthScopes"] == ["claims/read", "claims/write"]
    listed = aws("cognito-idp", "list-user-pool-clients", "--user-pool-id", pool)["UserPoolClients"]
    assert [client["ClientName"] for client in listed] == ["cli"]
    with pytest.raises(AssertionError, match="InvalidOAuthFlowException.*client secret"):
        aws(
            "cognito-idp", "create-user-pool-client", "--user-pool-id", pool, "--client-name", "cli",
            "--allowed-o-auth-flows", "client_credentials", "--allowed-o-auth-scopes", "claims/read",
        )
