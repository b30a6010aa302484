"""User pools: what AWS takes, answers and refuses."""

import pytest
from conftest import refused


@pytest.fixture
def cognito(client):
    return client("cognito-idp")


@pytest.fixture
def pool(cognito, unique):
    return cognito.create_user_pool(PoolName=unique)["UserPool"]["Id"]


def described(cognito, pool):
    return cognito.describe_user_pool(UserPoolId=pool)["UserPool"]


def test_a_new_pool_has_the_defaults_of_aws(cognito, unique):
    pool = cognito.create_user_pool(PoolName=unique)["UserPool"]
    assert pool["Id"].startswith("eu-west-1_")
    assert pool["Arn"] == f"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/{pool['Id']}"
    assert pool["Policies"] == {
        "PasswordPolicy": {
            "MinimumLength": 8,
            "RequireUppercase": True,
            "RequireLowercase": True,
            "RequireNumbers": True,
            "RequireSymbols": True,
            "TemporaryPasswordValidityDays": 7,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
    }
    assert pool["DeletionProtection"] == "INACTIVE"
    assert pool["MfaConfiguration"] == "OFF"
    assert pool["UserPoolTier"] == "ESSENTIALS"
    assert pool["EstimatedNumberOfUsers"] == 0
    assert pool["LambdaConfig"] == {}
    assert pool["EmailConfiguration"] == {"EmailSendingAccount": "COGNITO_DEFAULT"}
    assert pool["VerificationMessageTemplate"] == {"DefaultEmailOption": "CONFIRM_WITH_CODE"}
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7}
    assert pool["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": []}
    assert [m["Name"] for m in pool["AccountRecoverySetting"]["RecoveryMechanisms"]] == [
        "verified_email",
        "verified_phone_number",
    ]
    names = {attribute["Name"] for attribute in pool["SchemaAttributes"]}
    assert {"sub", "email", "email_verified", "phone_number", "updated_at"} <= names and len(names) == 20
    assert "Domain" not in pool and "AliasAttributes" not in pool
    assert described(cognito, pool["Id"]) == pool


def test_a_partial_password_policy_asks_only_for_what_it_names(cognito, unique):
    policy = {"MinimumLength": 12, "RequireNumbers": True}
    pool = cognito.create_user_pool(PoolName=unique, Policies={"PasswordPolicy": policy})["UserPool"]
    assert pool["Policies"]["PasswordPolicy"] == {
        "MinimumLength": 12,
        "RequireNumbers": True,
        "RequireUppercase": False,
        "RequireLowercase": False,
        "RequireSymbols": False,
        "TemporaryPasswordValidityDays": 7,
    }


def test_two_pools_may_have_one_name(cognito, unique):
    first = cognito.create_user_pool(PoolName=unique)["UserPool"]["Id"]
    assert first != cognito.create_user_pool(PoolName=unique)["UserPool"]["Id"]


def test_an_update_resets_what_it_does_not_send(cognito, unique):
    pool = cognito.create_user_pool(
        PoolName=unique,
        DeletionProtection="ACTIVE",
        UserPoolTier="PLUS",
        UserPoolTags={"stack": "a"},
        AutoVerifiedAttributes=["email"],
        Policies={"PasswordPolicy": {"MinimumLength": 20}},
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
        EmailVerificationSubject="Hello",
    )["UserPool"]["Id"]
    cognito.update_user_pool(UserPoolId=pool, AutoVerifiedAttributes=["email"])
    now = described(cognito, pool)
    assert now["DeletionProtection"] == "INACTIVE"
    assert now["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert "UserPoolAddOns" not in now and "EmailVerificationSubject" not in now
    assert now["AutoVerifiedAttributes"] == ["email"]
    assert (now["Name"], now["UserPoolTier"], now["UserPoolTags"]) == (unique, "PLUS", {})


def test_an_update_renames(cognito, pool):
    cognito.update_user_pool(UserPoolId=pool, PoolName="another name")
    assert described(cognito, pool)["Name"] == "another name"


def test_a_protected_pool_stays(cognito, unique):
    pool = cognito.create_user_pool(PoolName=unique, DeletionProtection="ACTIVE")["UserPool"]["Id"]
    with refused("InvalidParameterException", "deletion protection"):
        cognito.delete_user_pool(UserPoolId=pool)
    cognito.update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")
    cognito.delete_user_pool(UserPoolId=pool)
    with refused("ResourceNotFoundException", f"User pool {pool} does not exist."):
        cognito.describe_user_pool(UserPoolId=pool)


def test_a_pool_that_is_not_there(cognito):
    for call in (cognito.describe_user_pool, cognito.update_user_pool, cognito.delete_user_pool):
        with refused("ResourceNotFoundException", "User pool eu-west-1_nothing00 does not exist."):
            call(UserPoolId="eu-west-1_nothing00")


def test_a_pool_lives_in_its_region(client, unique):
    there = client("cognito-idp", region="us-east-1")
    pool = there.create_user_pool(PoolName=unique)["UserPool"]["Id"]
    assert pool.startswith("us-east-1_")
    with refused("ResourceNotFoundException"):
        client("cognito-idp").describe_user_pool(UserPoolId=pool)


@pytest.mark.parametrize(
    "members, words",
    [
        ({}, "Value null at 'poolName' failed to satisfy constraint: Member must not be null"),
        ({"PoolName": "x" * 129}, "at 'poolName' failed to satisfy constraint: Member must have length less than or equal to 128"),
        ({"PoolName": "a/b"}, r"Member must satisfy regular expression pattern: [\w\s+=,.@-]+"),
        ({"PoolName": "a", "MfaConfiguration": "MAYBE"}, "Member must satisfy enum value set: [OFF, ON, OPTIONAL]"),
        (
            {"PoolName": "a", "Policies": {"PasswordPolicy": {"MinimumLength": 5}}},
            "Value '5' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: "
            "Member must have value greater than or equal to 6",
        ),
        (
            {"PoolName": "a", "Policies": {"PasswordPolicy": {"PasswordHistorySize": -1}}},
            "Member must have value greater than or equal to 0",
        ),
        ({"PoolName": "a", "AutoVerifiedAttributes": ["fax"]}, "Value '[fax]' at 'autoVerifiedAttributes'"),
        ({"PoolName": "a/b", "UserPoolTier": "FREE"}, "2 validation errors detected: "),
    ],
)
def test_what_the_model_does_not_allow(client, members, words):
    with refused("InvalidParameterException", words):
        client("cognito-idp", checked=False).create_user_pool(**members)


@pytest.mark.parametrize("members", [{"PoolName": 5}, {"PoolName": "a", "DeletionProtection": 1}])
def test_what_has_another_type(client, members):
    with refused("SerializationException"):
        client("cognito-idp", checked=False).create_user_pool(**members)


@pytest.mark.parametrize(
    "members, code, words",
    [
        ({"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}, "InvalidParameterException", "Only one of"),
        ({"MfaConfiguration": "ON"}, "InvalidParameterException", "SMS configuration"),
        (
            {"Schema": [{"Name": "n", "AttributeDataType": "String", "Required": True}]},
            "InvalidParameterException",
            "Required custom attributes are not supported currently.",
        ),
        ({"Schema": [{"Name": "email", "AttributeDataType": "Number"}]}, "InvalidParameterException", "email"),
        ({"UserPoolTags": {"aws:mine": "x"}}, "UserPoolTaggingException", "reserved"),
        ({"UserPoolTags": {f"k{n}": "" for n in range(51)}}, "UserPoolTaggingException", "50"),

        (
            {"AccountRecoverySetting": {"RecoveryMechanisms": [
                {"Priority": 1, "Name": "verified_email"}, {"Priority": 1, "Name": "verified_phone_number"}]}},
            "InvalidParameterException",
            "duplicate priorities",
        ),
        ({"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}, "FeatureUnavailableInTierException", ""),
        (
            {"UserPoolTier": "LITE", "Policies": {"PasswordPolicy": {"MinimumLength": 8, "PasswordHistorySize": 1}}},
            "FeatureUnavailableInTierException",
            "Password history",
        ),
        ({"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER"}}, "InvalidParameterException", "SourceArn"),
    ],
)
def test_what_aws_refuses_in_a_pool(cognito, unique, members, code, words):
    with refused(code, words):
        cognito.create_user_pool(PoolName=unique, **members)


def test_pools_are_listed_in_pages(client, unique):
    cognito = client("cognito-idp", region="ap-southeast-2")
    made = {cognito.create_user_pool(PoolName=f"{unique}-{n}")["UserPool"]["Id"] for n in range(5)}
    pages = list(cognito.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 2}))
    assert all(len(page["UserPools"]) <= 2 for page in pages)
    found = [pool["Id"] for page in pages for pool in page["UserPools"]]
    assert made <= set(found) and len(found) == len(set(found))
    with refused("InvalidParameterException", "pagination token"):
        cognito.list_user_pools(MaxResults=2, NextToken="nonsense")
    for size in (0, 61):
        with refused("InvalidParameterException", "maxResults"):
            client("cognito-idp", checked=False).list_user_pools(MaxResults=size)


def test_custom_attributes_are_added(cognito, pool):
    attribute = {"Name": "tier", "AttributeDataType": "String", "StringAttributeConstraints": {"MaxLength": "9"}}
    cognito.add_custom_attributes(UserPoolId=pool, CustomAttributes=[attribute])
    found = [a for a in described(cognito, pool)["SchemaAttributes"] if a["Name"] == "custom:tier"]
    assert found == [{**attribute, "Name": "custom:tier", "Mutable": True, "Required": False, "DeveloperOnlyAttribute": False}]
    with refused("InvalidParameterException", "custom:tier"):
        cognito.add_custom_attributes(UserPoolId=pool, CustomAttributes=[attribute])


def test_a_standard_attribute_is_made_required(cognito, unique):
    schema = [{"Name": "email", "AttributeDataType": "String", "Required": True, "Mutable": True}]
    pool = cognito.create_user_pool(PoolName=unique, Schema=schema)["UserPool"]
    assert next(a for a in pool["SchemaAttributes"] if a["Name"] == "email")["Required"] is True
    assert len(pool["SchemaAttributes"]) == 20


def test_second_factors(cognito, pool):
    assert cognito.get_user_pool_mfa_config(UserPoolId=pool)["MfaConfiguration"] == "OFF"
    with refused("InvalidParameterException", "can't turn off MFA and configure an MFA together"):
        cognito.set_user_pool_mfa_config(
            UserPoolId=pool, MfaConfiguration="OFF", SoftwareTokenMfaConfiguration={"Enabled": True}
        )
    with refused("InvalidParameterException", "can't disable all MFAs"):
        cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="ON")
    with refused("InvalidParameterException", "Amazon SES"):
        cognito.set_user_pool_mfa_config(
            UserPoolId=pool, MfaConfiguration="ON", EmailMfaConfiguration={"Subject": "Your code"}
        )
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    config = cognito.get_user_pool_mfa_config(UserPoolId=pool)
    assert (config["MfaConfiguration"], config["SoftwareTokenMfaConfiguration"]) == ("ON", {"Enabled": True})
    assert described(cognito, pool)["MfaConfiguration"] == "ON"
    cognito.set_user_pool_mfa_config(UserPoolId=pool, MfaConfiguration="OFF")
    assert "SoftwareTokenMfaConfiguration" not in cognito.get_user_pool_mfa_config(UserPoolId=pool)


def test_tags(cognito, unique):
    pool = cognito.create_user_pool(PoolName=unique, UserPoolTags={"a": "1"})["UserPool"]
    arn = pool["Arn"]
    cognito.tag_resource(ResourceArn=arn, Tags={"b": "2", "a": "3"})
    assert cognito.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a": "3", "b": "2"}
    assert described(cognito, pool["Id"])["UserPoolTags"] == {"a": "3", "b": "2"}
    cognito.untag_resource(ResourceArn=arn, TagKeys=["a", "not there"])
    assert cognito.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}
    with refused("InvalidParameterException", "50"):
        cognito.tag_resource(ResourceArn=arn, Tags={f"k{n}": "" for n in range(50)})
    assert cognito.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}
    with refused("ResourceNotFoundException"):
        cognito.list_tags_for_resource(ResourceArn=arn[:-9] + "nothing00")


def test_groups(cognito, pool):
    role = "arn:aws:iam::123456789012:role/readers"
    made = cognito.create_group(UserPoolId=pool, GroupName="readers", Description="who read", Precedence=3)["Group"]
    assert (made["GroupName"], made["Description"], made["Precedence"]) == ("readers", "who read", 3)
    with refused("GroupExistsException"):
        cognito.create_group(UserPoolId=pool, GroupName="readers")
    cognito.update_group(UserPoolId=pool, GroupName="readers", RoleArn=role)
    group = cognito.get_group(UserPoolId=pool, GroupName="readers")["Group"]
    assert (group["Description"], group["RoleArn"]) == ("who read", role)
    assert [g["GroupName"] for g in cognito.list_groups(UserPoolId=pool)["Groups"]] == ["readers"]
    cognito.delete_group(UserPoolId=pool, GroupName="readers")
    with refused("ResourceNotFoundException"):
        cognito.get_group(UserPoolId=pool, GroupName="readers")


def test_what_is_not_there_says_so(cognito, pool):
    with refused("NotImplemented", "cognito-idp:AdminCreateUser", status=501):
        cognito.admin_create_user(UserPoolId=pool, Username="someone")
    with refused("NotImplemented", "cognito-idp:UpdateIdentityProvider", status=501):
        cognito.update_identity_provider(UserPoolId=pool, ProviderName="Google", ProviderDetails={"client_id": "x"})


def test_an_identity_provider_is_kept_and_told(cognito, pool):
    made = cognito.create_identity_provider(
        UserPoolId=pool, ProviderName="Google", ProviderType="Google", ProviderDetails={"client_id": "x"}
    )["IdentityProvider"]
    described = cognito.describe_identity_provider(UserPoolId=pool, ProviderName="Google")["IdentityProvider"]
    assert described == made and described["ProviderDetails"] == {"client_id": "x"}
    (listed,) = cognito.list_identity_providers(UserPoolId=pool)["Providers"]
    assert listed["ProviderName"] == "Google" and "ProviderDetails" not in listed
    with refused("DuplicateProviderException"):
        cognito.create_identity_provider(
            UserPoolId=pool, ProviderName="Google", ProviderType="Google", ProviderDetails={"client_id": "x"}
        )
    cognito.delete_identity_provider(UserPoolId=pool, ProviderName="Google")
    with refused("ResourceNotFoundException"):
        cognito.describe_identity_provider(UserPoolId=pool, ProviderName="Google")


def test_the_command_line(aws, unique):
    pool = aws("cognito-idp", "create-user-pool", "--pool-name", unique, "--user-pool-tags", "a=1")["UserPool"]
    assert pool["UserPoolTags"] == {"a": "1"}
    found = aws("cognito-idp", "describe-user-pool", "--user-pool-id", pool["Id"])["UserPool"]
    assert found == pool
    aws("cognito-idp", "delete-user-pool", "--user-pool-id", pool["Id"])
    with pytest.raises(AssertionError, match="ResourceNotFoundException.*does not exist"):
        aws("cognito-idp", "describe-user-pool", "--user-pool-id", pool["Id"])
