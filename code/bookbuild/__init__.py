"""What makes the book: execution and outputs, Sphinx extension, checks."""

import sys

# nbformat imports jsonschema, and jsonschema this grammar for one format that
# no notebook holds; to compile it takes more than a second of every process.
sys.modules.setdefault("rfc3987_syntax", None)
