"""The addresses of logging in: those of allauth that we use. Nobody signs up, and e-mail addresses are ours to change."""

from __future__ import annotations

from allauth.account import views
from django.urls import include, path, re_path

urlpatterns = [
    path("log-in/", views.login, name="account_login"),
    path("log-out/", views.logout, name="account_logout"),
    path("log-in/inactive/", views.account_inactive, name="account_inactive"),
    path("account/again/", views.reauthenticate, name="account_reauthenticate"),
    path("account/password/", views.password_change, name="account_change_password"),
    path("account/password/first/", views.password_set, name="account_set_password"),
    path("password/", views.password_reset, name="account_reset_password"),
    # Under this name the log-in of the back office looks for it, too.
    path("password/", views.password_reset, name="admin_password_reset"),
    path("password/sent/", views.password_reset_done, name="account_reset_password_done"),
    path("password/changed/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("account/two-factor/", include("allauth.mfa.urls")),
]
