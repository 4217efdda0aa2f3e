"""``python -m formapp``: the same as the ``formapp`` command."""

from formapp.cli.main import main

main(prog_name="formapp")
