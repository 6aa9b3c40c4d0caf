"""Customers."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from billing.models import Customer
from sharespine.lib.admin import ConfigurationAdmin


@admin.register(Customer)
class CustomerAdmin(ConfigurationAdmin):
    list_display = ("name", "organisation_number", "email", "phone", "language", "created_at")
    search_fields = ("name", "organisation_number", "email", "phone")
    search_help_text = _("Name, organisation number, e-mail or phone")
    fieldsets = (
        (None, {"fields": (("name", "organisation_number"), ("email", "phone"), "language")}),
        (_("Internal"), {"fields": ("notes",)}),
    )
