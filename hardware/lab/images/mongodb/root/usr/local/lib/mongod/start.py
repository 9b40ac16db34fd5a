"""Starts nx-27017, and mends what keeps a sink from writing to it.

MongoDB takes a sub-document in a query for a value to be equal to; nx-27017
0.8.1 takes its keys for operators and refuses them. A sink that replaces a
document by an `_id` that is a sub-document would lose every record.
"""

import logging
import sys

from neosqlite.collection.query_helper.query_builder import QueryBuilderMixin


def is_value(field, wanted):
    """Whether the condition is a document to compare with, and no operator."""
    document = isinstance(wanted, dict) and wanted and not field.startswith("$")
    return document and not any(key.startswith("$") for key in wanted)


_as_it_was = QueryBuilderMixin._apply_query


def _mended(self, query, document):
    query = {field: {"$eq": wanted} if is_value(field, wanted) else wanted for field, wanted in query.items()}
    return _as_it_was(self, query, document)


QueryBuilderMixin._apply_query = _mended
# Below errors it logs every document it is given, and every query it finds hard.
logging.disable(logging.WARNING)

from nx_27017.nx_27017 import main  # noqa: E402 - only now is it mended

sys.exit(main())
