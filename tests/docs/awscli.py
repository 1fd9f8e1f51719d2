"""Whether `aws` would take a command, by botocore's descriptions of AWS's services."""

import json

import botocore.session
from botocore import xform_name

# Of `aws` itself, and how many values each takes.
GLOBAL = {"--query": 1, "--output": 1, "--region": 1, "--profile": 1, "--endpoint-url": 1, "--no-cli-pager": 0,
          "--cli-binary-format": 1, "--cli-read-timeout": 1, "--cli-connect-timeout": 1, "--no-paginate": 0,
          "--max-items": 1, "--page-size": 1, "--starting-token": 1, "--cli-input-json": 1}
# An answer that is a stream goes into a file, which is named last.
INTO_A_FILE = {("lambda", "invoke"): 1}

SESSION = botocore.session.get_session()


def wrong(words):
    """What is wrong with `aws …`, or nothing."""
    if len(words) < 3:
        return f"`{' '.join(words)}` names no operation"
    service, operation = words[1:3]
    if service not in SESSION.get_available_services():
        return f"`aws` has no service {service}"
    model = SESSION.get_service_model(service)
    if operation == "wait":
        return wrong_wait(service, words)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        return f"`aws {service}` has no operation {operation}"
    shape = model.operation_model(names[operation]).input_shape
    return wrong_options(words[3:], shape.members if shape else {}, shape.required_members if shape else [],
                         INTO_A_FILE.get((service, operation), 0))


def wrong_wait(service, words):
    """The same of `aws … wait …`."""
    waiters = SESSION.get_waiter_model(service)
    names = {xform_name(name, "-"): name for name in waiters.waiter_names}
    if len(words) < 4 or words[3] not in names:
        return f"`aws {service} wait` does not wait for {' '.join(words[3:4])}"
    operation = waiters.get_waiter(names[words[3]]).operation
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    return wrong_options(words[4:], shape.members, shape.required_members, 0)


def wrong_options(words, members, required, files):
    """What is wrong with the options of an operation."""
    known = {"--" + xform_name(name, "-"): name for name in members}
    given, values = {}, None
    for word in words:
        if word.startswith("--"):
            values = given.setdefault(word.partition("=")[0], [])
            if "=" in word:
                values.append(word.partition("=")[2])
        elif values is None:
            return f"{word} stands before any option"
        else:
            values.append(word)
    for option, values in given.items():
        # A boolean is a flag, and has a second one that says no.
        name = known.get(option) or known.get(option.replace("--no-", "--", 1))
        if name is None and option not in GLOBAL:
            return f"there is no option {option}"
        if name is not None:
            why = wrong_values(members[name], values, files if option == list(given)[-1] else 0)
        else:
            spare = len(values) - GLOBAL[option]
            why = "" if 0 <= spare <= files else f"takes {GLOBAL[option]} values"
        if why:
            return f"{option} {why}"
    missing = [option for option, name in known.items() if name in required and option not in given]
    return f"{missing[0]} is missing" if missing and "--cli-input-json" not in given else ""


def wrong_values(shape, values, files):
    """What is wrong with what is given for an option."""
    if shape.type_name == "boolean":
        return "takes no value" if len(values) > files else ""
    if not values:
        return "lacks its value"
    if shape.type_name != "list" and len(values) > 1 + files:
        return "takes one value"
    allowed = getattr(shape if shape.type_name == "string" else getattr(shape, "member", shape), "enum", None)
    strangers = [one for one in values if allowed and one not in allowed and "$" not in one]
    if strangers:
        return f"is none of {', '.join(allowed)}"
    if shape.type_name == "structure" and not values[0].startswith(("{", "file:", "$")):
        names = [pair.partition("=")[0] for pair in values[0].split(",")]
        unknown = [name for name in names if name not in shape.members]
        return f"has no {unknown[0]}" if unknown else ""
    if values[0].startswith("{") and shape.type_name in ("structure", "map"):
        try:
            json.loads(values[0])
        except ValueError as error:
            return f"is no JSON: {error}"
    return ""
