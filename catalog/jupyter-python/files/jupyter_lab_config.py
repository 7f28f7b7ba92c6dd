"""Settings of JupyterLab that depend on the launch; the rest is on its command line."""

import os
from urllib.parse import quote

c = get_config()  # noqa: F821 - given by Jupyter

# Nothing is fetched from outside to show the first page.
c.LabApp.news_url = ""
c.LabApp.check_for_updates_class = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}
# Without a file the plain start page: an empty path there would be shown as "not found".
if os.environ.get("OPEN_PATH"):
    c.LabApp.default_url = "/lab/tree/" + quote(os.environ["OPEN_PATH"])
