"""The help desk. Light on purpose: the factory lives in ``formapp.app``, so that the site plugin can use the form."""
