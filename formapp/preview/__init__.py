"""A sandbox desk beside the preview of a guide: all that whoever serves the preview needs of the desk."""

from formapp.preview.sandbox import NotOnLoopback, Sandbox, open_sandbox, require_loopback
from formapp.web.context import PREFIX

__all__ = ["PREFIX", "NotOnLoopback", "Sandbox", "open_sandbox", "require_loopback"]
