"""How the model walk calls Cognito's operations."""

import uuid

import jwt
from certificates import imported
from walk import Recipe

SERVICE, MODULE = "cognito-idp", "cognito"

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:trigger"
SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}

# Names of nothing, by member.
ABSENT = {
    "UserPoolId": "eu-west-1_nothing00",
    "Secret": "no_secret_of_any_client_here",
    "ManagedLoginBrandingId": "00000000-0000-4000-8000-000000000000",
    "ResourceArn": "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_nothing00",
}

# Where a name of nothing is no error, as AWS has it.
FORGIVING = {
    "DescribeUserPoolDomain.Domain": "an absent domain is an empty description",
    "UntagResource.TagKeys": "a tag that is not there is as good as removed",
}

SAMPLES = {
    "ArnType": FUNCTION,
    "EmailAddressType": "someone@example.com",
    "SmsVerificationMessageType": "The code is {####}.",
    "EmailVerificationMessageType": "The code is {####}.",
    "EmailMfaMessageType": "The code is {####}.",
    "EmailVerificationMessageByLinkType": "Click {##here##}.",
    "RedirectUrlType": "https://example.com/back",
    "HexStringType": "ab12",
    "ScopeType": "openid",
    "ProviderNameType": "COGNITO",
    "ClientPermissionType": "email",
    "ClientSecretType": "ownsecretownsecretownsecret",
    "StringAttributeConstraintsType": {"MinLength": "2", "MaxLength": "9"},
    "NumberAttributeConstraintsType": {"MinValue": "2", "MaxValue": "9"},
}


def name():
    return f"w{uuid.uuid4().hex[:12]}"


def pool(cognito, **members):
    return cognito.create_user_pool(PoolName=name(), **members)["UserPool"]["Id"]


def in_pool(cognito):
    return {"UserPoolId": pool(cognito)}


def in_pool_with_ses(c):
    """What e-mail as a second factor needs."""
    email = {"EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/a@example.com"}
    return {"UserPoolId": c.create_user_pool(PoolName=name(), EmailConfiguration=email)["UserPool"]["Id"]}


def app_client(cognito):
    named = in_pool(cognito)
    made = cognito.create_user_pool_client(**named, ClientName="c", GenerateSecret=True)["UserPoolClient"]
    return {**named, "ClientId": made["ClientId"]}


def with_attribute(cognito):
    return {**in_pool(cognito), "CustomAttributes": [{"Name": "other", "AttributeDataType": "Boolean"}]}


def resource_server(cognito):
    named = {**in_pool(cognito), "Identifier": "claims"}
    cognito.create_resource_server(**named, Name="Claims")
    return named


def certificate(cognito, base):
    """A certificate for the domain, in the Region that CloudFront requires."""
    return {"CustomDomainConfig": {"CertificateArn": imported(cognito, base["Domain"], region="us-east-1")}}


def custom(cognito, base):
    named = {**base, "Domain": f"auth.{name()}.example.com"}
    return {**named, **certificate(cognito, named)}


def domain(cognito, custom=False):
    named = {**in_pool(cognito), "Domain": f"auth.{name()}.example.com" if custom else name()}
    config = certificate(cognito, named) if custom else {}
    cognito.create_user_pool_domain(**named, **config)
    return named


PROVIDER = {
    "ProviderName": "theirs",
    "ProviderType": "SAML",
    "ProviderDetails": {"MetadataURL": "https://example.com/saml"},
}


def identity_provider(cognito):
    """An existing provider."""
    pool = in_pool(cognito)
    cognito.create_identity_provider(**pool, **PROVIDER)
    return {**pool, "ProviderName": PROVIDER["ProviderName"]}


def group(cognito):
    named = {**in_pool(cognito), "GroupName": "readers"}
    cognito.create_group(**named)
    return named


def branding(cognito):
    client = app_client(cognito)
    made = cognito.create_managed_login_branding(**client)["ManagedLoginBranding"]
    return {"UserPoolId": client["UserPoolId"], "ManagedLoginBrandingId": made["ManagedLoginBrandingId"]}


def branded_client(cognito):
    client = app_client(cognito)
    cognito.create_managed_login_branding(**client)
    return client


def secret(cognito):
    client = app_client(cognito)
    first = cognito.list_user_pool_client_secrets(**client)["ClientSecrets"][0]["ClientSecretId"]
    cognito.add_user_pool_client_secret(**client)
    return {**client, "ClientSecretId": first}


def machine(cognito):
    """A client with two scopes and client credentials."""
    scopes = [{"ScopeName": scope, "ScopeDescription": scope} for scope in ("read", "write")]
    named = in_pool(cognito)
    cognito.create_resource_server(**named, Identifier="claims", Name="Claims", Scopes=scopes)
    made = cognito.create_user_pool_client(
        **named,
        ClientName="c",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_CLIENT_TOKEN_AUTH"],
        AllowedOAuthScopes=["claims/read", "claims/write"],
    )["UserPoolClient"]
    return {"ClientId": made["ClientId"], "Secret": made["ClientSecret"]}


def claims(cognito, sent, answer):
    return jwt.decode(answer["ClientAuthenticationResult"]["AccessToken"], options={"verify_signature": False})


def tagged(cognito):
    arn = cognito.create_user_pool(PoolName=name(), UserPoolTags={"abcdef": "x"})["UserPool"]["Arn"]
    return {"ResourceArn": arn}


def to_be_tagged(cognito):
    return {**tagged(cognito), "Tags": {"other": "y"}}


def to_be_untagged(cognito):
    return {**tagged(cognito), "TagKeys": ["abcdef"]}


def customized(cognito):
    named = domain(cognito)
    return {"UserPoolId": named["UserPoolId"]}


def read_pool(cognito, sent, answer):
    found = answer["UserPool"]["Id"] if "UserPool" in answer else sent["UserPoolId"]
    return cognito.describe_user_pool(UserPoolId=found)


def read_client(cognito, sent, answer):
    found = answer["UserPoolClient"]
    return cognito.describe_user_pool_client(UserPoolId=found["UserPoolId"], ClientId=found["ClientId"])


def read_domain(cognito, sent, answer):
    return cognito.describe_user_pool_domain(Domain=sent["Domain"])


# In a policy with any setting, the others are not required.
OTHERWISE_PARTIAL = {"Policies": {"PasswordPolicy": {"MinimumLength": 20}}}

POOL = dict(
    beside={
        **{f"Policies.PasswordPolicy.Require{kind}": OTHERWISE_PARTIAL for kind in ("Uppercase", "Lowercase", "Numbers", "Symbols")},
        "MfaConfiguration": {"SmsConfiguration": SMS},
        "UserAttributeUpdateSettings": {"AutoVerifiedAttributes": ["phone_number", "email"]},
        "UserPoolAddOns": {"UserPoolTier": "PLUS"},
        "EmailConfiguration.EmailSendingAccount": {"EmailConfiguration": {"SourceArn": FUNCTION}},
        "LambdaConfig.CustomSMSSender": {"LambdaConfig": {"KMSKeyID": FUNCTION}},
        "LambdaConfig.CustomEmailSender": {"LambdaConfig": {"KMSKeyID": FUNCTION}},
    },
    values={
        "DeletionProtection": "ACTIVE",
        "VerificationMessageTemplate.DefaultEmailOption": "CONFIRM_WITH_LINK",
        "Policies.SignInPolicy.AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"],
        "AccountRecoverySetting.RecoveryMechanisms.Name": "admin_only",
    },
)

RENAMED = {
    "PoolName": lambda value, _: ("Name", value),
    "AccountRecoverySetting.RecoveryMechanisms.Priority": lambda value, _: (
        "RecoveryMechanisms",
        [{"Priority": value, "Name": "admin_only"}],
    ),
}


def attributes(member):
    """The parts of a recipe for an operation whose `member` lists attributes: a whole attribute for each member of one."""
    whole, becomes = {}, {}

    def case(path, sent, name="custom:n"):
        sent = {"Name": "n", "AttributeDataType": "String", **sent}
        whole[f"{member}.{path}"] = {member: [sent]}
        becomes[f"{member}.{path}"] = lambda *_: ("SchemaAttributes", [{**sent, "Name": name}])

    case("Name", {})
    case("AttributeDataType", {"AttributeDataType": "DateTime"})
    case("DeveloperOnlyAttribute", {"DeveloperOnlyAttribute": True}, "dev:custom:n")
    case("Mutable", {"Mutable": False})
    case("NumberAttributeConstraints.MinValue", {"AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "2"}})
    case("NumberAttributeConstraints.MaxValue", {"AttributeDataType": "Number", "NumberAttributeConstraints": {"MaxValue": "9"}})
    case("StringAttributeConstraints.MinLength", {"StringAttributeConstraints": {"MinLength": "2"}})
    case("StringAttributeConstraints.MaxLength", {"StringAttributeConstraints": {"MaxLength": "9"}})
    # Only a standard attribute can be required, and only at creation.
    if member == "Schema":
        case("Required", {"Name": "email", "Required": True}, "email")
    else:
        case("Required", {"Required": False})
    return dict(whole=whole, becomes=becomes)


CLIENT = dict(
    beside={
        "DefaultRedirectURI": {"CallbackURLs": ["https://example.com/back"]},
        "AllowedOAuthFlows": {"CallbackURLs": ["https://example.com/back"]},
        "AllowedOAuthFlowsUserPoolClient": {
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid"],
            "CallbackURLs": ["https://example.com/back"],
        },
        **{
            f"AnalyticsConfiguration.{member}": {
                "AnalyticsConfiguration": {"ApplicationId": "ab12", "RoleArn": FUNCTION, "ExternalId": "e"}
            }
            for member in ("ApplicationId", "RoleArn", "ExternalId")
        },
        "AnalyticsConfiguration.UserDataShared": {"AnalyticsConfiguration": {"ApplicationArn": FUNCTION}},
    },
    values={"EnableTokenRevocation": False, "AllowedOAuthFlows": ["code"], "ExplicitAuthFlows": ["ALLOW_USER_AUTH"]},
)


PAGE = frozenset({"MaxResults", "NextToken", "Limit"})
IN_POOL = frozenset({"UserPoolId"})
OF_CLIENT = IN_POOL | {"ClientId"}
OF_BRANDING = IN_POOL | {"ManagedLoginBrandingId"}
SERVER = IN_POOL | {"Identifier"}
DOMAIN = IN_POOL | {"Domain"}
GROUP = IN_POOL | {"GroupName"}

RECIPES = {
    "CreateUserPool": Recipe(
        lambda c: {"PoolName": name()},
        read_pool,
        **POOL,
        whole=attributes("Schema")["whole"],
        becomes={**RENAMED, **attributes("Schema")["becomes"]},
    ),
    "UpdateUserPool": Recipe(in_pool, read_pool, names=IN_POOL, becomes=RENAMED, **POOL),
    "DescribeUserPool": Recipe(in_pool, names=IN_POOL),
    "DeleteUserPool": Recipe(in_pool, names=IN_POOL),
    "ListUserPools": Recipe(lambda c: {"MaxResults": 5}, names=PAGE),
    "AddCustomAttributes": Recipe(with_attribute, read_pool, names=IN_POOL, **attributes("CustomAttributes")),
    "GetUserPoolMfaConfig": Recipe(in_pool, names=IN_POOL),
    "SetUserPoolMfaConfig": Recipe(
        in_pool_with_ses,
        lambda c, sent, answer: c.get_user_pool_mfa_config(UserPoolId=sent["UserPoolId"]),
        names=IN_POOL,
        beside={
            "SmsMfaConfiguration": {"MfaConfiguration": "ON", "SmsMfaConfiguration": {"SmsConfiguration": SMS}},
            "SoftwareTokenMfaConfiguration": {"MfaConfiguration": "ON"},
            "EmailMfaConfiguration": {"MfaConfiguration": "ON"},
            "MfaConfiguration": {"SoftwareTokenMfaConfiguration": {"Enabled": True}},
        },
    ),
    "CreateUserPoolClient": Recipe(
        lambda c: {**in_pool(c), "ClientName": "c"},
        read_client,
        names=IN_POOL,
        beside={
            **CLIENT["beside"],
            "EnablePropagateAdditionalUserContextData": {"GenerateSecret": True},
        },
        values=CLIENT["values"],
        never={
            "GenerateSecret": "the secret that it makes comes back as ClientSecret",
            "PublishSecretsInAWSSecretsManager": "ClientSecretArn comes back instead, of a client with a generated secret",
        },
    ),
    "UpdateUserPoolClient": Recipe(
        app_client,
        read_client,
        names=OF_CLIENT,
        never={"PublishSecretsInAWSSecretsManager": "ClientSecretArn comes back instead"},
        **CLIENT,
    ),
    "DescribeUserPoolClient": Recipe(app_client, names=OF_CLIENT),
    "DeleteUserPoolClient": Recipe(app_client, names=OF_CLIENT),
    "ListUserPoolClients": Recipe(in_pool, names=IN_POOL | PAGE),
    "AddUserPoolClientSecret": Recipe(
        app_client,
        names=OF_CLIENT,
        never={"ClientSecret": "AWS returns a secret's value only when Cognito made it"},
    ),
    "ListUserPoolClientSecrets": Recipe(app_client, names=OF_CLIENT | PAGE),
    "DeleteUserPoolClientSecret": Recipe(secret, names=OF_CLIENT | {"ClientSecretId"}),
    "GetClientToken": Recipe(
        machine,
        claims,
        names=frozenset({"ClientId", "Secret"}),
        values={"Scopes": ["claims/read"]},
        becomes={"Scopes": lambda value, _: ("scope", value[0])},
        never={"ClientMetadata": "it is for the pool's triggers only"},
    ),
    "CreateResourceServer": Recipe(
        lambda c: {**in_pool(c), "Identifier": "claims", "Name": "Claims"},
        lambda c, sent, answer: c.describe_resource_server(UserPoolId=sent["UserPoolId"], Identifier=sent["Identifier"]),
        names=IN_POOL,
    ),
    "UpdateResourceServer": Recipe(
        lambda c: {**resource_server(c), "Name": "Renamed"},
        lambda c, sent, answer: c.describe_resource_server(UserPoolId=sent["UserPoolId"], Identifier=sent["Identifier"]),
        names=SERVER,
    ),
    "DescribeResourceServer": Recipe(resource_server, names=SERVER),
    "DeleteResourceServer": Recipe(resource_server, names=SERVER),
    "ListResourceServers": Recipe(in_pool, names=IN_POOL | PAGE),
    "CreateUserPoolDomain": Recipe(
        lambda c: {**in_pool(c), "Domain": name()},
        read_domain,
        names=IN_POOL,
        values={"ManagedLoginVersion": 2},
        whole={"CustomDomainConfig.CertificateArn": custom},
    ),
    "UpdateUserPoolDomain": Recipe(
        lambda c: domain(c, custom=True),
        read_domain,
        names=DOMAIN,
        values={"ManagedLoginVersion": 2},
        whole={"CustomDomainConfig.CertificateArn": certificate},
    ),
    "DescribeUserPoolDomain": Recipe(lambda c: {"Domain": domain(c)["Domain"]}, names=DOMAIN),
    "DeleteUserPoolDomain": Recipe(domain, names=DOMAIN),
    "TagResource": Recipe(
        to_be_tagged,
        lambda c, sent, answer: c.list_tags_for_resource(ResourceArn=sent["ResourceArn"]),
        names=frozenset({"ResourceArn"}),
    ),
    "UntagResource": Recipe(to_be_untagged, names=frozenset({"ResourceArn", "TagKeys"})),
    "ListTagsForResource": Recipe(tagged, names=frozenset({"ResourceArn"})),
    "CreateGroup": Recipe(
        lambda c: {**in_pool(c), "GroupName": "readers"},
        lambda c, sent, answer: c.get_group(UserPoolId=sent["UserPoolId"], GroupName=sent["GroupName"]),
        names=IN_POOL,
    ),
    "UpdateGroup": Recipe(
        group, lambda c, sent, answer: c.get_group(UserPoolId=sent["UserPoolId"], GroupName=sent["GroupName"]), names=GROUP
    ),
    "GetGroup": Recipe(group, names=GROUP),
    "DeleteGroup": Recipe(group, names=GROUP),
    "ListGroups": Recipe(in_pool, names=IN_POOL | PAGE),
    "CreateIdentityProvider": Recipe(
        lambda c: {**in_pool(c), **PROVIDER},
        lambda c, sent, answer: c.describe_identity_provider(
            UserPoolId=sent["UserPoolId"], ProviderName=sent["ProviderName"]
        ),
        names=IN_POOL,
    ),
    "DescribeIdentityProvider": Recipe(identity_provider, names=IN_POOL | {"ProviderName"}),
    "DeleteIdentityProvider": Recipe(identity_provider, names=IN_POOL | {"ProviderName"}),
    "ListIdentityProviders": Recipe(in_pool, names=IN_POOL | PAGE),
    "CreateManagedLoginBranding": Recipe(
        app_client,
        lambda c, sent, answer: c.describe_managed_login_branding_by_client(UserPoolId=sent["UserPoolId"], ClientId=sent["ClientId"]),
        names=OF_CLIENT,
    ),
    "UpdateManagedLoginBranding": Recipe(
        branding,
        lambda c, sent, answer: c.describe_managed_login_branding(**{k: sent[k] for k in OF_BRANDING}),
        names=OF_BRANDING,
    ),
    "DescribeManagedLoginBranding": Recipe(branding, names=OF_BRANDING),
    "DescribeManagedLoginBrandingByClient": Recipe(branded_client, names=OF_CLIENT),
    "DeleteManagedLoginBranding": Recipe(branding, names=OF_BRANDING),
    "SetUICustomization": Recipe(
        customized,
        lambda c, sent, answer: c.get_ui_customization(UserPoolId=sent["UserPoolId"]),
        names=OF_CLIENT,
        never={"ImageFile": "AWS answers the address of the image only, as ImageUrl"},
    ),
    "GetUICustomization": Recipe(customized, names=OF_CLIENT),
}
