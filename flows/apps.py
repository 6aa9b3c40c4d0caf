from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FlowsConfig(AppConfig):
    name = "flows"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        # What `billing` tells is heard here, since it knows nothing of flows.
        from billing.signals import rights_changed
        from flows import services

        rights_changed.connect(
            lambda *, customer_id, **_: services.rights_changed(customer_id), weak=False, dispatch_uid="flows.rights_changed"
        )
