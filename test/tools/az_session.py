"""Keeps one unmodified Azure CLI loaded and runs many commands in it: a start of az takes seconds, a command in it little.

Reads an argument list as JSON per line, answers {"code", "stdout", "stderr"} as JSON per line. Not a client of its own: arguments, requests,
polling and printing are az's (azure.cli.core.get_default_cli is how its makers embed it).
"""

import io
import json
import os
import sys

# Answers alone go to the descriptor that is read: what a library writes past sys.stdout goes where errors go.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.stdout, sys.stderr = io.StringIO(), io.StringIO()

from azure.cli.core import get_default_cli  # noqa: E402  (az binds the streams when it is loaded)


def run(arguments):
    for stream in (sys.stdout, sys.stderr):
        stream.seek(0)
        stream.truncate()
    printed = io.StringIO()
    try:
        code = cli.invoke(arguments, out_file=printed)
    except SystemExit as ended:
        code = ended.code
    return {"code": code or 0, "stdout": printed.getvalue() + sys.stdout.getvalue(), "stderr": sys.stderr.getvalue()}


cli = get_default_cli()
for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), file=answers, flush=True)
