"""Terraform builds, keeps, changes and takes down what gatestack is for, with its AWS provider and nothing of ours in between.

Needs `terraform` and the provider hashicorp/aws in a filesystem mirror: at $TERRAFORM_MIRROR, in a `filesystem_mirror` of Terraform's own
configuration, or where Terraform looks by itself.
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import REGION
from functions import archive

PROVIDER = "registry.terraform.io/hashicorp/aws"

STACK = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {}
variable "scope" { default = "read" }
variable "port" { default = 8080 }

provider "aws" {
  region                      = "%(region)s"
  access_key                  = "any"
  secret_key                  = "any"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
  endpoints {
    apigateway     = var.endpoint
    cloudwatchlogs = var.endpoint
    cognitoidp     = var.endpoint
    ec2            = var.endpoint
    elbv2          = var.endpoint
    iam            = var.endpoint
    lambda         = var.endpoint
    sts            = var.endpoint
  }
  default_tags {
    tags = { team = "claims" }
  }
}

# The network that is there, and the way to what runs in it.

data "aws_vpc" "default" { default = true }

data "aws_subnets" "private" {
  filter {
    name   = "tag:tier"
    values = ["private"]
  }
}

data "aws_subnet" "private" { id = data.aws_subnets.private.ids[0] }

resource "aws_security_group" "front" {
  name   = "claims-front"
  vpc_id = data.aws_vpc.default.id
  egress {
    protocol    = "tcp"
    from_port   = var.port
    to_port     = var.port
    cidr_blocks = [data.aws_vpc.default.cidr_block]
  }
}

resource "aws_vpc_security_group_ingress_rule" "front" {
  security_group_id = aws_security_group.front.id
  cidr_ipv4         = data.aws_vpc.default.cidr_block
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_lb" "inner" {
  name               = "claims"
  load_balancer_type = "network"
  internal           = true
  subnets            = data.aws_subnets.private.ids
  security_groups    = [aws_security_group.front.id]
}

resource "aws_lb_target_group" "service" {
  name        = "claims-${var.port}"
  port        = var.port
  protocol    = "TCP"
  target_type = "ip"
  vpc_id      = data.aws_vpc.default.id
  lifecycle { create_before_destroy = true }
}

resource "aws_lb_target_group_attachment" "service" {
  target_group_arn = aws_lb_target_group.service.arn
  target_id        = cidrhost(data.aws_subnet.private.cidr_block, 10)
}

resource "aws_lb_listener" "service" {
  load_balancer_arn = aws_lb.inner.arn
  port              = 80
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service.arn
  }
}

resource "aws_api_gateway_vpc_link" "inner" {
  name        = "claims"
  target_arns = [aws_lb.inner.arn]
}

# Whose tokens are taken, and whose they are.

resource "aws_cognito_user_pool" "partners" { name = "partners" }

resource "aws_cognito_user_pool_domain" "partners" {
  domain       = "claims-partners"
  user_pool_id = aws_cognito_user_pool.partners.id
}

resource "aws_cognito_resource_server" "claims" {
  identifier   = "claims-api"
  name         = "Claims"
  user_pool_id = aws_cognito_user_pool.partners.id
  scope {
    scope_name        = var.scope
    scope_description = "read claims"
  }
}

resource "aws_cognito_user_pool_client" "acme" {
  name                                 = "acme"
  user_pool_id                         = aws_cognito_user_pool.partners.id
  generate_secret                      = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = ["${aws_cognito_resource_server.claims.identifier}/${var.scope}"]
}

# The API.

resource "aws_api_gateway_rest_api" "claims" {
  name = "claims"
  endpoint_configuration { types = ["REGIONAL"] }
}

resource "aws_api_gateway_authorizer" "partners" {
  name          = "partners"
  rest_api_id   = aws_api_gateway_rest_api.claims.id
  type          = "COGNITO_USER_POOLS"
  provider_arns = [aws_cognito_user_pool.partners.arn]
}

resource "aws_api_gateway_resource" "claim" {
  rest_api_id = aws_api_gateway_rest_api.claims.id
  parent_id   = aws_api_gateway_rest_api.claims.root_resource_id
  path_part   = "{proxy+}"
}

resource "aws_api_gateway_method" "claim" {
  rest_api_id          = aws_api_gateway_rest_api.claims.id
  resource_id          = aws_api_gateway_resource.claim.id
  http_method          = "GET"
  authorization        = "COGNITO_USER_POOLS"
  authorizer_id        = aws_api_gateway_authorizer.partners.id
  authorization_scopes = ["${aws_cognito_resource_server.claims.identifier}/${var.scope}"]
  api_key_required     = true
  request_parameters   = { "method.request.path.proxy" = true }
}

resource "aws_api_gateway_integration" "claim" {
  rest_api_id             = aws_api_gateway_rest_api.claims.id
  resource_id             = aws_api_gateway_resource.claim.id
  http_method             = aws_api_gateway_method.claim.http_method
  type                    = "HTTP_PROXY"
  integration_http_method = "GET"
  uri                     = "http://${aws_lb.inner.dns_name}/{proxy}"
  connection_type         = "VPC_LINK"
  connection_id           = aws_api_gateway_vpc_link.inner.id
  request_parameters      = { "integration.request.path.proxy" = "method.request.path.proxy" }
}

resource "aws_api_gateway_method" "preflight" {
  rest_api_id   = aws_api_gateway_rest_api.claims.id
  resource_id   = aws_api_gateway_resource.claim.id
  http_method   = "OPTIONS"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "preflight" {
  rest_api_id       = aws_api_gateway_rest_api.claims.id
  resource_id       = aws_api_gateway_resource.claim.id
  http_method       = aws_api_gateway_method.preflight.http_method
  type              = "MOCK"
  request_templates = { "application/json" = "{\\"statusCode\\": 204}" }
}

resource "aws_api_gateway_method_response" "preflight" {
  rest_api_id         = aws_api_gateway_rest_api.claims.id
  resource_id         = aws_api_gateway_resource.claim.id
  http_method         = aws_api_gateway_method.preflight.http_method
  status_code         = "204"
  response_parameters = { "method.response.header.Access-Control-Allow-Origin" = true }
}

resource "aws_api_gateway_integration_response" "preflight" {
  rest_api_id         = aws_api_gateway_rest_api.claims.id
  resource_id         = aws_api_gateway_resource.claim.id
  http_method         = aws_api_gateway_method.preflight.http_method
  status_code         = aws_api_gateway_method_response.preflight.status_code
  response_parameters = { "method.response.header.Access-Control-Allow-Origin" = "'*'" }
  depends_on          = [aws_api_gateway_integration.preflight]
}

resource "aws_api_gateway_gateway_response" "unauthorized" {
  rest_api_id         = aws_api_gateway_rest_api.claims.id
  response_type       = "UNAUTHORIZED"
  status_code         = "401"
  response_templates  = { "application/json" = "{\\"message\\":$context.error.messageString}" }
  response_parameters = { "gatewayresponse.header.Access-Control-Allow-Origin" = "'*'" }
}

resource "aws_api_gateway_deployment" "claims" {
  rest_api_id = aws_api_gateway_rest_api.claims.id
  triggers    = { scope = var.scope }
  depends_on = [
    aws_api_gateway_integration.claim,
    aws_api_gateway_integration_response.preflight,
    aws_api_gateway_gateway_response.unauthorized,
  ]
  lifecycle { create_before_destroy = true }
}

resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = aws_api_gateway_rest_api.claims.id
  deployment_id = aws_api_gateway_deployment.claims.id
  stage_name    = "prod"
}

resource "aws_api_gateway_method_settings" "prod" {
  rest_api_id = aws_api_gateway_rest_api.claims.id
  stage_name  = aws_api_gateway_stage.prod.stage_name
  method_path = "*/*"
  settings {
    throttling_rate_limit  = 50
    throttling_burst_limit = 100
  }
}

resource "aws_api_gateway_usage_plan" "standard" {
  name = "standard"
  api_stages {
    api_id = aws_api_gateway_rest_api.claims.id
    stage  = aws_api_gateway_stage.prod.stage_name
  }
  throttle_settings {
    rate_limit  = 10
    burst_limit = 20
  }
  quota_settings {
    limit  = 1000
    period = "MONTH"
  }
}

resource "aws_api_gateway_api_key" "acme" { name = "acme" }

resource "aws_api_gateway_usage_plan_key" "acme" {
  key_id        = aws_api_gateway_api_key.acme.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.standard.id
}

# An API of an OpenAPI document, which is put over it again where the document changes.

resource "aws_api_gateway_rest_api" "imported" {
  name               = "imported"
  binary_media_types = ["image/png"]
  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = "imported", version = "1.0", description = "of a document" }
    paths = {
      "/claims" = {
        get = {
          security  = [{ people = ["claims/${var.scope}"] }]
          responses = { "200" = { description = "OK" } }
          x-amazon-apigateway-integration = {
            type             = "mock"
            requestTemplates = { "application/json" = jsonencode({ statusCode = 200 }) }
            responses        = { default = { statusCode = "200" } }
          }
        }
      }
    }
    components = {
      securitySchemes = {
        people = {
          type                           = "apiKey"
          name                           = "Authorization"
          in                             = "header"
          x-amazon-apigateway-authtype   = "cognito_user_pools"
          x-amazon-apigateway-authorizer = { type = "cognito_user_pools", providerARNs = [aws_cognito_user_pool.partners.arn] }
        }
      }
    }
  })
  fail_on_warnings = true
  endpoint_configuration { types = ["REGIONAL"] }
}

resource "aws_api_gateway_deployment" "imported" {
  rest_api_id = aws_api_gateway_rest_api.imported.id
  triggers    = { body = sha1(aws_api_gateway_rest_api.imported.body) }
  lifecycle { create_before_destroy = true }
}

resource "aws_api_gateway_stage" "imported" {
  rest_api_id   = aws_api_gateway_rest_api.imported.id
  deployment_id = aws_api_gateway_deployment.imported.id
  stage_name    = "prod"
}

# A function behind the API, its role and its log group.

resource "aws_iam_role" "hello" {
  name               = "claims-hello"
  description        = "runs hello"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
  max_session_duration = var.scope == "read" ? 3600 : 7200
}

resource "aws_iam_role_policy_attachment" "hello" {
  role       = aws_iam_role.hello.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "hello" {
  name   = "reads"
  role   = aws_iam_role.hello.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::claims/${var.scope}/*" }]
  })
}

resource "aws_cloudwatch_log_group" "hello" {
  name              = "/aws/lambda/claims-hello"
  retention_in_days = 30
}

resource "aws_lambda_function" "hello" {
  function_name    = "claims-hello"
  description      = "says hello"
  role             = aws_iam_role.hello.arn
  runtime          = "nodejs22.x"
  handler          = "index.handler"
  filename         = "${path.module}/${var.scope}.zip"
  source_code_hash = filebase64sha256("${path.module}/${var.scope}.zip")
  memory_size      = 256
  timeout          = 10
  publish          = true
  architectures    = ["arm64"]
  environment {
    variables = { SCOPE = var.scope }
  }
  tracing_config { mode = "Active" }
  reserved_concurrent_executions = var.scope == "read" ? 5 : -1
  depends_on = [aws_cloudwatch_log_group.hello, aws_iam_role_policy_attachment.hello]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.hello.function_name
  function_version = aws_lambda_function.hello.version
}

resource "aws_lambda_permission" "api" {
  statement_id  = "api-${var.scope}"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.hello.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.claims.execution_arn}/*/GET/*"
}

output "api" { value = aws_api_gateway_rest_api.claims.id }
"""


def configured(environment):
    """The folders of the `filesystem_mirror` blocks in Terraform's own configuration: $TF_CLI_CONFIG_FILE, else ~/.terraformrc."""
    file = pathlib.Path(environment.get("TF_CLI_CONFIG_FILE") or pathlib.Path(environment.get("HOME", "~"), ".terraformrc"))
    try:
        text = file.expanduser().read_text(encoding="utf-8")
    except OSError:
        return []
    # Comments that are lines of their own, and the rest of a line behind a blank: a path may contain `//` and `#`.
    text = re.sub(r"(?m)(^|\s)(#|//).*$|/\*(?s:.*?)\*/", "", text)
    blocks = re.findall(r"filesystem_mirror\s*\{(.*?)\}", text, re.DOTALL)
    paths = [re.search(r'\bpath\s*=\s*"((?:[^"\\]|\\.)*)"', block) for block in blocks]
    return [re.sub(r"\\(.)", r"\1", path.group(1)) for path in paths if path]


def mirror(environment=os.environ):
    """The folder in which the provider lies unpacked or packed, as `terraform providers mirror` makes it."""
    home = environment.get("HOME", "~")
    shared = (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    data = [environment.get("XDG_DATA_HOME") or f"{home}/.local/share", *shared]
    application_support = "Library/Application Support/io.terraform/plugins"
    places = [
        environment.get("TERRAFORM_MIRROR"),
        *configured(environment),
        f"{home}/.terraform.d/plugins",
        *(f"{place}/terraform/plugins" for place in data),
        f"{home}/{application_support}",
        f"/{application_support}",
    ]
    folders = [pathlib.Path(place).expanduser() for place in places if place]
    return next((folder for folder in folders if (folder / PROVIDER).is_dir()), None)


@pytest.fixture(scope="module")
def terraform(tmp_path_factory):
    """Runs Terraform on the stack, on a local AWS of its own; answers its status and what it printed."""
    program, plugins = shutil.which("terraform"), mirror()
    if program is None:
        pytest.skip("there is no terraform")
    if plugins is None:
        pytest.skip(f"no filesystem mirror has {PROVIDER}: set TERRAFORM_MIRROR to one")
    folder = tmp_path_factory.mktemp("terraform")
    (folder / "main.tf").write_text(STACK % {"region": REGION}, encoding="utf-8")
    for scope in ("read", "write"):
        (folder / f"{scope}.zip").write_bytes(archive(scope))
    settings = folder / "terraform.rc"
    settings.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{plugins}" }} }}\n', encoding="utf-8")
    command = [os.environ["GATESTACK"], "local", "serve", "--listen", "127.0.0.1:0", "--state", str(folder / "aws.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = re.search(r"http://[0-9.:]+", server.stdout.readline()).group()
        environment = {
            **os.environ,
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_IN_AUTOMATION": "1",
            "TF_VAR_endpoint": url,
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

        def run(*arguments):
            done = subprocess.run(
                [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
            )
            return done.returncode, f"{done.stdout}\n{done.stderr}"

        try:
            status, printed = run("init", "-no-color", "-input=false")
            assert status == 0, printed
            yield run
        finally:
            server.terminate()


def test_terraform_makes_the_stack_finds_it_as_it_is_changes_it_and_takes_it_down(terraform):
    run = ("-no-color", "-input=false", "-compact-warnings")

    def applied(*variables):
        status, printed = terraform("apply", *run, "-auto-approve", *variables)
        assert status == 0, printed
        # 2 is for changes.
        status, printed = terraform("plan", *run, "-detailed-exitcode", *variables)
        assert status == 0, printed

    applied()
    applied("-var=scope=write", "-var=port=8081")
    status, printed = terraform("destroy", *run, "-auto-approve", "-var=scope=write", "-var=port=8081")
    assert status == 0, printed


@pytest.mark.parametrize(
    "configuration",
    [
        'provider_installation {{\n  filesystem_mirror {{\n    path    = "{mirror}"\n    include = ["*/*/*"]\n  }}\n  direct {{}}\n}}\n',
        'provider_installation {{ filesystem_mirror {{ path = "/nothing/there" }} filesystem_mirror {{ path = "{mirror}" }} }}',
        '# filesystem_mirror {{ path = "{other}" }}\nprovider_installation {{\n  filesystem_mirror {{ # ours\n    path = "{mirror}"\n  }}\n}}\n',
    ],
)
def test_the_mirror_is_found_in_terraforms_own_configuration(tmp_path, configuration):
    place = tmp_path / "a mirror"
    other = tmp_path / "other"
    for one in (place, other):
        (one / PROVIDER).mkdir(parents=True)
    nowhere = {"XDG_DATA_DIRS": str(tmp_path), "HOME": str(tmp_path)}
    assert mirror(nowhere) is None
    written = configuration.format(mirror=place, other=other)
    (tmp_path / ".terraformrc").write_text(written)
    assert mirror(nowhere) == place
    (tmp_path / ".terraformrc").rename(tmp_path / "other.tfrc")
    assert mirror(nowhere) is None
    assert mirror({**nowhere, "TF_CLI_CONFIG_FILE": str(tmp_path / "other.tfrc")}) == place


def test_the_mirror_is_found_where_terraform_looks_by_itself(tmp_path):
    for inside, more in [
        (".terraform.d/plugins", {}),
        (".local/share/terraform/plugins", {}),
        ("data/terraform/plugins", {"XDG_DATA_HOME": str(tmp_path / "data")}),
        ("shared/terraform/plugins", {"XDG_DATA_DIRS": f"/nothing/there:{tmp_path}/shared"}),
        ("named", {"TERRAFORM_MIRROR": str(tmp_path / "named")}),
    ]:
        place = tmp_path / inside
        (place / PROVIDER).mkdir(parents=True)
        assert mirror({"XDG_DATA_DIRS": "/nothing/there", "HOME": str(tmp_path), **more}) == place
        (place / PROVIDER).rmdir()
