"""Filters that the lists share. What there may be thousands of is chosen by typing, never offered as a whole."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from flows.models import Flow
from sharespine.lib.admin import AutocompleteDropdownForm, AutocompleteSelectFilter, RangeDateFilter


class DaysFilter(RangeDateFilter):
    """From one day to another, both included, as days are here. (The library's own ends with the midnight before the last.)"""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = (self._day(f"{self.parameter_name}_{edge}") for edge in ("from", "to"))
        if first:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": first})
        if last:
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": last + timedelta(days=1)})
        return queryset

    def _day(self, name: str) -> datetime | None:
        """When the day begins; None where none is given, or none that there is."""
        try:
            day = forms.DateField(required=False).clean(self.used_parameters.get(name))
        except ValidationError:
            return None
        return timezone.make_aware(datetime.combine(day, time.min)) if day else None


class CustomerFilter(AutocompleteSelectFilter):
    """By customer, wherever on the record that is."""


class FlowChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return labelled(obj)


class FlowForm(AutocompleteDropdownForm):
    field = FlowChoice


class FlowFilter(AutocompleteSelectFilter):
    """By flow, and so by its customer: the newest orders of a customer are what an index gives in order."""

    form_class = FlowForm

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if not value.isdigit():
            return queryset
        customer = Flow.objects.filter(pk=value).values_list("connection__customer", flat=True).first()
        return queryset.filter(flow=value, customer=customer)


def labelled(flow: Flow) -> str:
    """A flow with its customer: two customers' flows may be called the same."""
    return f"{flow.connection.customer}: {flow}"
