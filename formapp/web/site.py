"""The built guide, served from the same origin as the desk, so that one port shows both."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Response, abort, make_response, redirect, request, send_file
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as BaseResponse

from formapp.widgets.built_site import PAGES_FILE, current_folder, site_path, version_folders
from formapp.widgets.page_frame import CSP_FILE, FRAME_FILE

HIDDEN = frozenset({FRAME_FILE, CSP_FILE, PAGES_FILE})
FALLBACK_CSP = "base-uri 'self'; frame-ancestors 'none'; object-src 'none'"

# The machine's own table of types differs from one system to the next.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".ics": "text/calendar; charset=utf-8",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
# A name that carries a hash of its content never changes its content.
_HASHED = re.compile(r"\.[0-9a-f]{8,64}\.(?:min\.)?(?:css|js)$")
_YEAR = 365 * 24 * 3600


class SiteFolder:
    """The files of a built site and how to answer for each; ``path`` is where it lies ("/" or "/docs/")."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.path = site_path(self._folder)
        self._csp_seen: int | None = None
        self._csp = FALLBACK_CSP

    def find(self, path: str) -> Path | None:
        """The file that answers a URL path (of a folder its index); None for what isn't there or isn't to be seen."""
        # More than Flask's send_from_directory looks at: hidden names, links that lead out, a folder's index.
        if any(part.startswith(".") and part != ".well-known" for part in path.split("/")):
            return None
        joined = safe_join(str(self._folder), path)
        if joined is None or "\0" in joined:
            return None
        try:
            found = Path(joined).resolve()
            if found.is_dir():
                found = found / "index.html"
            elif path.endswith("/"):
                return None
            there = found.is_file() and found.is_relative_to(self._folder)
        except OSError:
            # A name longer than the file system takes is a page that isn't there.
            return None
        # Beside the pages of each version, where there are several.
        hidden = found.name in HIDDEN and self._folder in {found.parent, found.parent.parent}
        return found if there and not hidden else None

    def csp(self) -> str:
        """The Content-Security-Policy that the build wrote for its pages."""
        path = current_folder(self._folder) / CSP_FILE
        try:
            seen = path.stat().st_mtime_ns
            if seen != self._csp_seen:
                self._csp = " ".join(path.read_text("utf-8").split()) or FALLBACK_CSP
                self._csp_seen = seen
        except OSError:
            return FALLBACK_CSP
        return self._csp

    def missing_page(self, path: str) -> BaseResponse | None:
        """The guide's own page for this URL path, which isn't there: that of its version; None where there is none."""
        version = path.removeprefix(self.path).partition("/")[0]
        folders = [folder for folder in version_folders(self._folder) if folder.name == version]
        pages = [folder / "404.html" for folder in (*folders, self._folder, current_folder(self._folder))]
        page = next((page for page in pages if page.is_file()), None)
        if page is None:
            return None
        answer = make_response(page.read_bytes(), 404)
        answer.headers["Content-Type"] = MEDIA_TYPES[".html"]
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def guide_blueprint(site: SiteFolder, site_path: str) -> Blueprint:
    """The routes of the guide below ``site_path`` ("/" or "/docs/"); everyone may read it."""
    blueprint = Blueprint("guide", __name__)

    @blueprint.get(site_path, defaults={"path": ""}, endpoint="home")
    @blueprint.get(f"{site_path}<path:path>", endpoint="page")
    def page(path: str) -> BaseResponse:
        found = site.find(path)
        if found is None:
            abort(404)
        asked = path.rpartition("/")[2]
        if asked and asked != found.name:
            # A folder without its slash. Relative, so that no host name of the request gets into it.
            query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
            return redirect(f"{quote(asked)}/{query}", 301, Response)
        return _file(found)

    return blueprint


def _file(path: Path) -> BaseResponse:
    kind = MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
    answer = send_file(path, mimetype=kind, conditional=True, etag=True)
    answer.headers["Content-Type"] = kind
    if _HASHED.search(path.name):
        answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    else:
        answer.headers["Cache-Control"] = "no-cache"
    return answer
