"""Requests that match the document and are rejected anyway, because of rules that JSON Schema cannot express.

Each response has to state such a rule. Any other rejection of a request that matches the document is a failure.
"""

import re

import schemathesis

RULES = [
    # The columns of a table have the same length, and so have the nested arrays of a tensor at each level.
    r"The column has \d+ values?, but the column '.*' has \d+\.",
    r"The array has the wrong length\.",
    # A model rejects values, such as an index past the end of its table, or lengths that differ between inputs.
    r"The model's runtime rejects ",
    # The protocol sends a tensor's shape next to its data, and the inputs in any order, each once.
    r"it has \d+ elements?, but the shape \[.*\] has \d+",
    r"expected an array of \d+ because of the shape \[.*\]",
    r"is (duplicated|requested twice)",
    r"has more than 2147483647 elements",
    # Only a tensor's first dimension may be 0: it has no rows then, and neither have the others.
    r"dimension \d+ of the shape \[.*\] is 0, expected at least 1",
    r"it has no rows, but '.*' has \d+",
    r"has no rows, and the dimensions of the output '.*' depend on its rows",
]
INEXPRESSIBLE = re.compile("|".join(RULES))

# The number of bytes of a body that are JSON. Any other number cuts the JSON into pieces, and without it a binary body
# is not a valid request.
JSON_LENGTH = "Inference-Header-Content-Length"

# A request that allows less time than the model needs is not served.
TIMEOUT = "X-Request-Timeout-Ms"
ENOUGH_MS = 1000


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # HTTP allows any other header.
    if failure.code == "ST201" and "x-schemathesis-unknown-property" in (case.headers or {}):  # Invalid one accepted
        return False
    if failure.code == "ST101" and response.status_code == 504:  # Server error
        return not is_short((case.headers or {}).get(TIMEOUT))
    if failure.code != "ST202":  # Schema-valid request rejected
        return True
    if JSON_LENGTH in (case.headers or {}) or case.media_type == "application/octet-stream":
        return response.status_code not in (400, 422)
    return not (response.status_code == 422 and INEXPRESSIBLE.search(response.text))


def is_short(timeout):
    try:
        return int(timeout) < ENOUGH_MS
    except (TypeError, ValueError):
        return False
