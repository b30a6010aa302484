"""Own domains of APIs at run time: the host name finds the API, the base path the stage."""

import json
import urllib.error
import urllib.request

import pytest
from certificates import imported
from gateway import Api


@pytest.fixture
def mapped(client, unique):
    """An API whose stage is at `v1` of an own domain and of a wildcard; with the domain."""
    gateway = client("apigateway")
    api = Api(gateway)
    pets = api.put_mock(api.resource("pets"))
    template = {"application/json": json.dumps({"stage": "$context.stage", "from": "$context.identity.sourceIp"})}
    gateway.put_method_response(**pets, statusCode="200")
    gateway.put_integration_response(**pets, statusCode="200", responseTemplates=template)
    stage = api.stage()["stageName"]
    domain = f"{unique}.example.com"
    for name in [domain, f"*.{domain}"]:
        certificate = imported(gateway, name)
        endpoint = {"types": ["REGIONAL"]}
        gateway.create_domain_name(domainName=name, regionalCertificateArn=certificate, endpointConfiguration=endpoint)
        gateway.create_base_path_mapping(domainName=name, restApiId=api.id, stage=stage, basePath="v1")
    return domain


def got(url, host):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host})) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_host_name_leads_to_the_stage(endpoint, mapped):
    served = 200, {"stage": "live", "from": "127.0.0.1"}
    for host in [mapped, f"{mapped}:443", mapped.upper(), f"any.{mapped}"]:
        assert got(f"{endpoint}/v1/pets", host) == served, host
    assert got(f"{endpoint}/_aws/domain/{mapped}/v1/pets", "localhost") == served


def test_where_nothing_is_mapped_is_nothing(endpoint, mapped):
    assert got(f"{endpoint}/v2/pets", mapped) == (403, {"message": "Forbidden"})
    assert got(f"{endpoint}/v1/cats", mapped) == (403, {"message": "Missing Authentication Token"})
    # For an unknown domain, as a web page may have made one up.
    status, answer = got(f"{endpoint}/v1/pets", f"a.b.{mapped}")
    assert status == 403
    assert answer["message"].startswith(f"the local AWS does not answer for the host a.b.{mapped}")
    assert got(f"{endpoint}/_aws/domain/a.b.{mapped}/v1/pets", "localhost")[0] == 404
