"""What AWS's console sets on the pool and the clients of a stack: secrets in Secrets Manager, and the updated issuer."""

import json
import os
import subprocess
import urllib.request

import jwt
import pytest

STACK = """
[stack]
name = "{name}"
region = "eu-west-1"

[user_pool]
name = "{name}"
domain = "{name}"
deletion_protection = false
password = {{ min_length = {length} }}

[resource_servers.claims]
scopes = {{ read = "Read" }}

[api]
name = "{name}"
stage_variables = {{ issuer = "${{user_pool.issuer}}" }}
stage = "prod"
requires = {{ scopes = ["claims/read"], api_key = true }}

[api.routes]
"GET /claims" = {{ mock = 200 }}

[plans.{name}]

[partners.{name}]
plan = "{name}"
scopes = ["claims/read"]
tokens = {{ access = "{access}" }}
"""


class Stack:
    """An applied stack, and what one does with it."""

    def __init__(self, folder, cognito, name):
        self.folder, self.cognito, self.name = folder, cognito, name
        self.apply()
        pools = cognito.get_paginator("list_user_pools").paginate(MaxResults=60)
        self.pool = next(pool["Id"] for page in pools for pool in page["UserPools"] if pool["Name"] == name)
        self.client = cognito.list_user_pool_clients(UserPoolId=self.pool)["UserPoolClients"][0]["ClientId"]

    def run(self, *arguments):
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        command = [os.environ["GATESTACK"], "--endpoint-url", self.cognito.meta.endpoint_url, *arguments]
        ran = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, f"{arguments}: {ran.stdout}{ran.stderr}"
        return ran

    def apply(self, length=10, access="1h"):
        (self.folder / "stack.toml").write_text(STACK.format(name=self.name, length=length, access=access))
        self.run("apply", "--yes")
        self.run("plan", "--detailed-exitcode")

    def described(self):
        return self.cognito.describe_user_pool_client(UserPoolId=self.pool, ClientId=self.client)["UserPoolClient"]

    def set_client(self, **members):
        """The client with these settings, and else as it is, as the console updates it."""
        only_described = {"ClientSecret", "ClientSecretArn", "ClientType", "CreationDate", "LastModifiedDate"}
        kept = {name: value for name, value in self.described().items() if name not in only_described}
        self.cognito.update_user_pool_client(**{**kept, **members})

    def works(self):
        """Commands that call with the partner's credentials do. Answers the token."""
        self.run("plan", "--detailed-exitcode")
        self.run("call", self.name, "GET", "/claims", "--fail")
        self.run("verify")
        return self.run("token", self.name).stdout.strip()


@pytest.fixture
def stack(tmp_path, client, unique):
    return Stack(tmp_path, client("cognito-idp"), unique)


def test_a_secret_that_cognito_keeps_in_secrets_manager(stack, client, tmp_path):
    secrets = client("secretsmanager")
    before = stack.described()["ClientSecret"]
    stack.set_client(PublishSecretsInAWSSecretsManager=True)
    shown = stack.described()
    arn = shown["ClientSecretArn"]
    assert "ClientSecret" not in shown
    stored = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    assert stored["userPoolId"] == stack.pool and stored["userPoolClientId"] == stack.client
    value = stored["clientSecretValue"]
    assert value != before, "it is rotated at once"

    said = stack.run("token", stack.name).stderr
    assert "secrets" not in said, said
    stack.works()
    ran = stack.run("handoff", stack.name, "--to", str(tmp_path / "acme.json"))
    assert json.loads((tmp_path / "acme.json").read_text())["client_secret"] == value
    assert "rotates" in ran.stderr and value not in ran.stdout + ran.stderr

    # Changes of the client and of the pool leave it where it is.
    stack.apply(length=12, access="2h")
    assert stack.described()["ClientSecretArn"] == arn
    assert json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["clientSecretValue"] == value
    stack.works()

    stack.set_client(PublishSecretsInAWSSecretsManager=False)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId=arn)
    assert "ClientSecretArn" not in stack.described()


def test_a_client_is_made_with_its_secret_in_secrets_manager(stack, client):
    cognito, secrets = stack.cognito, client("secretsmanager")
    made = {"UserPoolId": stack.pool, "ClientName": "console", "PublishSecretsInAWSSecretsManager": True}
    shown = cognito.create_user_pool_client(**made, GenerateSecret=True)["UserPoolClient"]
    assert "ClientSecret" not in shown
    named = {"UserPoolId": stack.pool, "ClientId": shown["ClientId"]}
    assert len(cognito.list_user_pool_client_secrets(**named)["ClientSecrets"]) == 2
    # A third one, at the first rotation of a client with two.
    cognito.update_user_pool_client(**named, PublishSecretsInAWSSecretsManager=True)
    cognito.delete_user_pool_client(**named)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId=shown["ClientSecretArn"])
    # It applies only with GenerateSecret, and only to clients with a secret.
    assert "ClientSecretArn" not in cognito.create_user_pool_client(**made)["UserPoolClient"]
    public = cognito.create_user_pool_client(UserPoolId=stack.pool, ClientName="public")["UserPoolClient"]["ClientId"]
    with pytest.raises(cognito.exceptions.InvalidParameterException):
        cognito.update_user_pool_client(UserPoolId=stack.pool, ClientId=public, PublishSecretsInAWSSecretsManager=True)


def test_a_pool_with_the_updated_issuer(stack, endpoint, client):
    def issuer():
        gateway = client("apigateway")
        api = next(api["id"] for api in gateway.get_rest_apis(limit=500)["items"] if api["name"] == stack.name)
        return gateway.get_stage(restApiId=api, stageName="prod")["variables"]["issuer"]

    original = f"https://cognito-idp.eu-west-1.amazonaws.com/{stack.pool}"
    updated = f"https://issuer-cognito-idp.eu-west-1.amazonaws.com/{stack.pool}"
    assert issuer() == original

    settings = {"Policies", "DeletionProtection", "UserPoolTags", "AdminCreateUserConfig"}
    pool = stack.cognito.describe_user_pool(UserPoolId=stack.pool)["UserPool"]
    kept = {name: value for name, value in pool.items() if name in settings}
    kept["AdminCreateUserConfig"] = {"AllowAdminCreateUserOnly": True}
    stack.cognito.update_user_pool(UserPoolId=stack.pool, **kept, IssuerConfiguration={"Type": "UPDATED"})
    for length in (10, 12):
        stack.apply(length=length)
        assert issuer() == updated
        token = stack.works()
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["iss"] == updated

    def published(name):
        host = {"Host": "issuer-cognito-idp.eu-west-1.amazonaws.com"}
        request = urllib.request.Request(f"{endpoint}/{stack.pool}/.well-known/{name}", headers=host)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())

    configuration = published("openid-configuration")
    assert configuration["issuer"] == updated
    assert configuration["jwks_uri"] == f"{updated}/.well-known/jwks.json"
    key = next(key for key in published("jwks.json")["keys"] if key["kid"] == jwt.get_unverified_header(token)["kid"])
    assert jwt.decode(token, jwt.PyJWK(key).key, algorithms=["RS256"], issuer=updated)
