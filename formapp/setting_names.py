"""How the names of settings begin, for all that speak of them.

Apart from their values, whose reading brings much along that a short process has no use for.
"""

PREFIX = "FORMAPP_"
