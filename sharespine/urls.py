"""Every address of the installation."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from sharespine.api import webhooks
from sharespine.confirming import confirm

urlpatterns = [
    path("api/", include("sharespine.api.urls")),
    path("confirm/<str:token>/", confirm, name="confirm"),
    path("hooks/<str:code>/", webhooks.receive, name="webhook"),
    path("", RedirectView.as_view(pattern_name="portal:home")),
    path("portal/", include("sharespine.portal.urls")),
    path("portal/", include("sharespine.portal.log_in_urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
]

handler400 = "sharespine.errors.bad_request"
handler403 = "sharespine.errors.forbidden"
handler404 = "sharespine.errors.not_found"
handler500 = "sharespine.errors.failed"
