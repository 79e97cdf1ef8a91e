"""The process behind `make run`: both APIs, the demo application and the outbox page, until it is told to end."""

import argparse
import signal
import threading
from functools import partial

from local import app, aws, certificate, outbox
from local.gateway.requests import Functions, serve
from local.gateway.routes import Api, from_template
from local.gateway.server import listen
from local.instance import ORDERS_STACK_NAME, STACK_NAME, Instance, named

WIDTH = 6


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m local.gateway", description=__doc__)
    arguments.add_argument("--instance", required=True)
    instance = named(arguments.parse_args().instance)
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    functions = Functions(aws.lambda_(instance, connections=WIDTH), threading.Semaphore(WIDTH))
    tls = certificate.context(instance.certificate_file) if instance.tls else None
    listen(instance.port, partial(serve, load(instance, STACK_NAME), functions), tls)
    listen(instance.orders_port, partial(serve, load(instance, ORDERS_STACK_NAME), functions), tls)
    listen(instance.app_port, partial(app.serve, instance), tls)
    listen(instance.mail_port, partial(outbox.serve, instance), tls)
    ended.wait()


def load(instance: Instance, stack: str) -> Api:
    """The API of a deployed stack."""
    client = aws.cloudformation(instance)
    template = client.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    described = client.describe_stacks(StackName=stack)["Stacks"][0]
    names = {entry["ParameterKey"]: entry["ParameterValue"] for entry in described.get("Parameters", [])}
    resources = client.describe_stack_resources(StackName=stack)["StackResources"]
    names |= {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    return from_template(template, names)


if __name__ == "__main__":
    main()
