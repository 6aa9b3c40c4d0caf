from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FlowsConfig(AppConfig):
    name = "flows"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        # What `billing` tells is heard here, since it knows nothing of flows.
        from billing.signals import cap_noticed, rights_changed
        from flows import services
        from flows.outgoing import outbox

        rights_changed.connect(
            lambda *, customer_id, **_: services.rights_changed(customer_id), weak=False, dispatch_uid="flows.rights_changed"
        )
        cap_noticed.connect(lambda *, notice, **_: outbox.cap_noticed(notice), weak=False, dispatch_uid="flows.cap_noticed")
