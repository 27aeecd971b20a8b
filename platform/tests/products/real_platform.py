"""Import this first: it puts the standard library's `platform` back.

pytest calls these tests `platform.tests...` and, to have a parent for them, puts an empty module `platform`
where nobody has imported the standard library's yet; `import dagster` then fails.
"""

import importlib
import sys

if not hasattr(sys.modules.get("platform"), "architecture"):
    sys.modules.pop("platform", None)
    importlib.import_module("platform")
