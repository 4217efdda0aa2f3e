"""How fast the embedded form files, beside django-helpdesk's public form on the same machine."""
