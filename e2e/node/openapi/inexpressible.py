"""Requests that fit the document and are refused all the same, for rules that JSON Schema has no words for.

Each answer has to say that it was refused for such a rule: any other refusal of what fits the document is a failure.
"""

import re

import schemathesis

RULES = [
    # A table's columns have one length; the nested arrays of a tensor have one length at each level.
    r"The column has \d+ values, and the column '.*' has \d+\.",
    r"Not an array of the right length\.",
    # What a model refuses for its values, as an index past the end of its table; lengths that have to agree across inputs.
    r"The model's runtime refuses ",
    r"The inputs have the right types and shapes, but ",
    # The protocol has a tensor's shape beside its data, and its inputs in any order, each once.
    r"elements came, and the shape \[.*\] has \d+",
    r"expected an array of \d+, as the shape \[.*\] has it",
    r"is (there|asked for) twice",
    r"dimension \d+ is \d+, and dimension \d+ of '.*' is \d+: both are ",
    r"has more than 2147483647 elements",
]
INEXPRESSIBLE = re.compile("|".join(RULES))

# Tells how many bytes of a body are JSON; any other number cuts that in pieces. Without it a binary body is no request.
JSON_LENGTH = "Inference-Header-Content-Length"


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if failure.code != "ST202":  # Schema-valid request rejected
        return True
    if JSON_LENGTH in (case.headers or {}) or case.media_type == "application/octet-stream":
        return response.status_code not in (400, 422)
    return not (response.status_code == 422 and INEXPRESSIBLE.search(response.text))
