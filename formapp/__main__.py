"""``python -m formapp``: the same as the ``formapp`` command."""

from formapp.cli import main

main(prog_name="formapp")
