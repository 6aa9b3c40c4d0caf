"""Admin pages of other people's models, in our style: users, groups and the queue."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from sharespine.lib.admin import Admin

for model in (User, Group, Failure, OrmQ, Schedule, Success):
    # The queue only wakes us and has its own page nowhere: its "resubmit" would run work past the ledger.
    admin.site.unregister(model)


@admin.register(User)
class StaffAdmin(UserAdmin, Admin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_superuser", "last_login")


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin, Admin):
    pass
