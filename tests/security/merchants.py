"""Two merchants with everything that a customer can own, so marked that whatever is shown of one of them is recognised.

The rows of one merchant have the same ids in every table: one number is the foreign order, the foreign key and the foreign user
at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from billing.dates import add_months, today
from billing.models import (
    AddOn,
    AddOnKind,
    ApiKey,
    Contact,
    Customer,
    Edition,
    Entry,
    Feature,
    Grant,
    Invitation,
    InvoiceBasis,
    InvoiceRow,
    Membership,
    Notice,
    OrderMonth,
    OrderUse,
    Package,
    PackageRequest,
    Quote,
    Role,
    Scope,
    ServiceAccount,
    SignUp,
    Subscription,
    Term,
    WorkCategory,
)
from connectors.base import Register
from connectors.records import to_json
from connectors.registry import connector_class
from flows import services
from flows.models import (
    Alert,
    Connection,
    ConnectionPlugin,
    Delivery,
    Endpoint,
    Event,
    FieldMapping,
    Flow,
    HookMessage,
    InitialArticle,
    InitialSync,
    Item,
    LookUpTable,
    MappingDraft,
    Run,
    StockProfile,
    Transfer,
    Webhook,
)
from sharespine import sales
from sharespine.lib.text import Text
from tests import factories
from tests.customers import price_list
from tests.security.marks import HUSH, SHARED, Mark


@dataclass(frozen=True, slots=True)
class Merchant:
    """A customer, its users by role, and its keys in clear by what they open."""

    mark: Mark
    customer: Customer
    users: Mapping[str, User]
    keys: Mapping[str, str]
    #: What the open and the withdrawn invitation were sent with.
    tokens: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return int(self.customer.pk)


def merchant(mark: Mark) -> Merchant:
    """Everything that a customer can own. The first two orders are those about which the merchant may do something."""
    price_list()
    now = timezone.now()
    customer = _customer(mark)
    users = _users(mark, customer)
    keys, tokens = _let_in(mark, customer, now)
    _bought(mark, customer, today(now))
    _asked(mark, customer, now)
    flows = _connected(mark, customer, now)
    _moved(mark, customer, flows, now)
    _told(mark, customer, now)
    return Merchant(mark, customer, users, keys, tokens)


def _make(model: type[Model], mark: Mark, *rows: Mapping[str, Any]) -> list[Any]:
    """Rows with the ids of the merchant, from the first on."""
    return [model._default_manager.create(pk=mark.number(n), **row) for n, row in enumerate(rows, start=1)]


def _customer(mark: Mark) -> Customer:
    (customer,) = _make(
        Customer,
        mark,
        {
            "name": f"{mark.text('Kund')} AB",
            "email": f"info@{mark.domain}",
            "phone": str(mark.number(801)),
            "status": Customer.Status.ACTIVE,
            "notes": f"{HUSH} {mark.text('Anteckning')}",
        },
    )
    (_contact,) = _make(
        Contact,
        mark,
        {
            "customer": customer,
            "name": mark.text("Kontakt"),
            "role": mark.text("Titel"),
            "email": f"kontakt@{mark.domain}",
            "phone": str(mark.number(802)),
            "gets_notices": True,
        },
    )
    made: Customer = customer
    return made


def _users(mark: Mark, customer: Customer) -> dict[str, User]:
    """One of each role."""
    roles = [str(role) for role in Role]
    users = _make(
        User,
        mark,
        *(
            {
                "username": f"{role}@{mark.domain}",
                "email": f"{role}@{mark.domain}",
                "first_name": mark.text(role.title()),
                "last_name": mark.text("Efternamn"),
                "password": "!",
            }
            for role in roles
        ),
    )
    found = dict(zip(roles, users, strict=True))
    _make(Membership, mark, *({"customer": customer, "user": found[role], "role": role} for role in Role))
    return found


def _let_in(mark: Mark, customer: Customer, now: datetime) -> tuple[dict[str, str], dict[str, str]]:
    """Keys and invitations, those that work first; what they are in clear, by name."""
    tokens = {name: f"{mark.word}-{name}-{'x' * 30}" for name in ("open", "used", "withdrawn")}
    hashes = {name: hashlib.sha256(token.encode()).hexdigest() for name, token in tokens.items()}
    invited = {
        "customer": customer,
        "role": Role.READER,
        "invited_by": mark.text("Inbjudare"),
        "expires_at": now + timedelta(days=7),
    }
    _make(
        Invitation,
        mark,
        {**invited, "email": f"open@{mark.domain}", "token_hash": hashes["open"]},
        {**invited, "email": f"used@{mark.domain}", "token_hash": hashes["used"], "accepted_at": now},
        {**invited, "email": f"withdrawn@{mark.domain}", "token_hash": hashes["withdrawn"], "withdrawn_at": now},
    )
    scopes = {str(scope): [str(scope)] for scope in (Scope.TRANSFERS, Scope.USAGE, Scope.HOURS)}
    scopes |= {"revoked": list(scopes), "expired": list(scopes)}
    keys = {name: f"shs_{mark.word.lower()}{n}_{'k' * 43}" for n, name in enumerate(scopes)}
    _make(
        ApiKey,
        mark,
        *(
            {
                "customer": customer,
                "name": mark.text(f"Nyckel{name}"),
                "prefix": keys[name].rpartition("_")[0],
                "key_hash": hashlib.sha256(keys[name].encode()).hexdigest(),
                "scopes": opened,
                "created_by": mark.text("Nyckelmakare"),
                "last_used_at": now,
                "expires_at": now - timedelta(days=1) if name == "expired" else None,
                "revoked_at": now if name == "revoked" else None,
                "revoked_by": mark.text("Spärrare") if name == "revoked" else "",
            }
            for name, opened in scopes.items()
        ),
    )
    return keys, tokens


def _bought(mark: Mark, customer: Customer, day: date) -> None:
    """A subscription with all that can hang on one, orders of months, hours, and an invoice basis."""
    month = day.replace(day=1)
    (subscription,) = _make(
        Subscription, mark, {"customer": customer, "edition": Edition.CLOUD, "begins_on": add_months(month, -6)}
    )
    package = Package.objects.get(code="400")
    terms = {"monthly_price": Decimal("19771.97"), "installation_price": 0, "order_cap": 5000, "features": list(Feature.values)}
    _make(Term, mark, {"subscription": subscription, "package": package, "begins_on": add_months(month, -6), **terms})
    _make(
        Grant,
        mark,
        {"subscription": subscription, "feature": Feature.PLUGINS, "begins_on": month, "reason": f"{HUSH} {mark.word}"},
    )
    _make(
        AddOn,
        mark,
        {"subscription": subscription, "kind": AddOnKind.SHOP, "label": mark.text("Extrabutik"), "monthly_price": 1977,
         "begins_on": month},
    )  # fmt: skip
    _make(OrderMonth, mark, *({"customer": customer, "month": add_months(month, -n), "used": 4977 - n} for n in range(3)))
    _make(OrderUse, mark, {"customer": customer, "key": mark.text("Order"), "month": month})
    _make(Notice, mark, {"customer": customer, "month": month, "kind": Notice.Kind.NEAR, "used": 4977, "cap": 5000})
    (account,) = _make(ServiceAccount, mark, {"customer": customer, "balance": -43})
    spent: dict[str, Any] = {"account": account, "day": day, "by": mark.text("Handläggare")}
    work = WorkCategory.objects.filter(is_free=False)[0]
    _make(
        Entry,
        mark,
        {**spent, "kind": Entry.Kind.START, "minutes": 180, "change": 180, "balance": 180, "text": mark.text("Startpaket")},
        {**spent, "kind": Entry.Kind.WORK, "category": work, "minutes": 223, "change": -223, "balance": -43,
         "text": mark.text("Arbete"), "reason": f"{HUSH} {mark.text('Skuld')}", "about": mark.text("Ärende"),
         "transfer_id": mark.number(1), "connection_id": mark.number(1)},
    )  # fmt: skip
    (basis,) = _make(
        InvoiceBasis, mark, {"customer": customer, "month": month, "vat_rate": 25, "net": 100, "vat": 25, "total": 125}
    )
    _make(
        InvoiceRow,
        mark,
        {"basis": basis, "kind": "subscription", "key": "x", "month": month, "text": mark.text("Rad"), "amount": 1},
    )


def _asked(mark: Mark, customer: Customer, now: datetime) -> None:
    """What came in by the sales site and the portal."""
    package = Package.objects.get(code="800")
    asked = {"customer": customer, "package": package, "asked_by": mark.text("Frågare")}
    _make(
        PackageRequest,
        mark,
        {**asked, "text": mark.text("Önskemål")},
        {**asked, "text": mark.text("Tidigare"), "state": PackageRequest.State.DECLINED, "answer": mark.text("Svar")},
    )
    wanted = sales.Ask(shops=(connector_class("woocommerce"),), erp=connector_class("economic"), orders=700)
    made = sales.quote(wanted, wishes={}, today=today(now))
    (quote,) = _make(
        Quote,
        mark,
        {
            "wishes": made.wishes,
            "answer": made.answer,
            "number": f"Q-{mark.word[0] * 10}",
            "edition": Edition.CLOUD,
            "package": package,
            "valid_until": now.date(),
        },
    )
    _make(
        SignUp,
        mark,
        {"public_id": f"{mark.word.lower()}-anmalan", "key": mark.text("Nyckel"), "state": SignUp.State.STARTED, "quote": quote,
         "package": package, "company": mark.text("Bolag"), "contact": mark.text("Person"), "email": f"ny@{mark.domain}",
         "message": mark.text("Meddelande"), "customer": customer, "note": f"{HUSH} {mark.text('Not')}",
         "token_hash": hashlib.sha256(mark.word.encode()).hexdigest()},
    )  # fmt: skip


def _connected(mark: Mark, customer: Customer, now: datetime) -> list[Flow]:
    statuses = {"statuses": [["processing", mark.text("Behandlas")]]}
    report = {
        "name": mark.text("Butiksnamn"),
        "facts": [["Version", mark.text("Version")]],
        "choices": statuses,
        "warnings": [],
    }
    reached = {"customer": customer, "report": report, "options": {"address": f"http://127.0.0.1:9/{mark.word}"}}
    secret = {"secrets": {"consumer_secret": f"{HUSH}{mark.word}", "webhook_secret": f"{HUSH}{mark.word}"}}
    shop, erp, _down = _make(
        Endpoint,
        mark,
        {**reached, **secret, "system": "woocommerce", "name": mark.text("Butik"), "code": f"{mark.word[0].upper()}BTK1"},
        {**reached, **secret, "system": "economic", "name": mark.text("Bokföring"), "code": f"{mark.word[0].upper()}BKF1"},
        {**reached, **secret, "system": "woocommerce", "name": mark.text("Stängd"), "code": f"{mark.word[0].upper()}BTK2",
         "health": Endpoint.Health.DENIED, "trouble": Text(mark.text("Utestängd"))},
    )  # fmt: skip
    connection, _paused = _make(
        Connection,
        mark,
        {"customer": customer, "name": mark.text("Koppling"), "erp": erp, "state": Connection.State.ACTIVE},
        {"customer": customer, "name": mark.text("Vilande"), "erp": erp, "state": Connection.State.PAUSED,
         "pause_reason": Text(mark.text("Paus"))},
    )  # fmt: skip
    (profile,) = _make(StockProfile, mark, {"customer": customer, "name": mark.text("Lagerprofil")})
    moved = {"connection": connection, "shop": shop, "state": Flow.State.ACTIVE, "next_run_at": now + timedelta(minutes=3)}
    moved |= {"trigger_statuses": ["processing"], "cursor": now}
    *flows, resting = _make(
        Flow,
        mark,
        {**moved, "channel": mark.text("Kanal")},
        {**moved, "register": Register.STOCK, "direction": Flow.Direction.TO_SHOP, "stock_profile": profile},
        {**moved, "register": Register.PRODUCTS, "direction": Flow.Direction.TO_SHOP, "hindrance": Text(mark.text("Hinder"))},
        {**moved, "register": Register.PRICES, "direction": Flow.Direction.TO_SHOP},
    )
    services.pause_flow(resting, actor=mark.text("Pausare"), reason=mark.text("Flödespaus"))
    _make(FieldMapping, mark, {"flow": flows[0], "position": 1, "target": "note", "expression": f'"{mark.text("Uttryck")}"'})
    rule = {"target": "note", "expression": f'"{mark.text("Utkast")}"', "active": True}
    _make(MappingDraft, mark, {"flow": flows[0], "rules": [rule]})
    _make(LookUpTable, mark, {"customer": customer, "name": mark.text("Tabell"), "rows": [["a", mark.text("Värde")]]})
    _make(
        ConnectionPlugin,
        mark,
        {"connection": connection, "name": mark.text("Plugin"), "secrets": {"token": f"{HUSH}{mark.word}"}},
    )
    _make(Delivery, mark, {"endpoint": shop, "state": Delivery.State.ACCEPTED, "topic": mark.text("Ämne")})
    return flows


#: State, who acts, and whether the order changed afterwards: first what a merchant may do something about.
ORDERS: tuple[tuple[str, str, bool], ...] = (
    ("stopped", "merchant", False),
    ("sent", "nobody", True),
    ("retrying", "nobody", False),
    *((str(state), "nobody", False) for state in Transfer.State if state not in ("stopped", "retrying")),
    ("stopped", "staff", False),
    ("stopped", "us", False),
)


def _moved(mark: Mark, customer: Customer, flows: list[Flow], now: datetime) -> None:
    """Orders in every state with what happened to them, runs, articles, and an initial sync."""
    orders, stock, products = flows
    ran = {"flow": orders, "lease_until": now, "ended_at": now, "started_by": mark.text("Startare")}
    report = [{"number": str(mark.number(1)), "source_id": "1", "total": "1", "currency": "SEK", "outcome": "would stop",
               "text": Text(mark.text("Rapport")).to_json(), "steps": [], "notices": []}]  # fmt: skip
    failed = {"state": Run.State.FAILED, "error": Text(mark.text("Fel")), "evidence": f"{HUSH} {mark.text('Bevis')}"}
    runs = _make(
        Run,
        mark,
        {**ran, "started_at": now, "state": Run.State.DONE, "seen": 4977},
        {**ran, "started_at": now, **failed},
        {**ran, "started_at": now, "flow": stock, "state": Run.State.DONE},
        {**ran, "started_at": now, "kind": Run.Kind.DRY, "state": Run.State.DONE, "report": report},
    )
    transfers = _make(Transfer, mark, *(_order(mark, n, customer, orders, runs[0], now) for n in range(1, len(ORDERS) + 2)))
    kinds = [kind for kind in Event.Kind for _each in (0, 1)]
    _make(
        Event,
        mark,
        *(
            {"transfer": transfers[n % 2], "at": now, "kind": kind, "text": Text(mark.text("Hände")),
             "actor": mark.text("Aktör"), "data": {"steps": [f"{HUSH} {mark.text('Steg')}"]}}
            for n, kind in enumerate(kinds)
        ),
    )  # fmt: skip
    _make(
        Item,
        mark,
        *(
            {"flow": stock, "source_id": str(mark.number(n)), "key": mark.text("Art").lower(), "number": mark.text(f"Art{n}"),
             "name": mark.text("Artikel"), "state": state, "acts": "merchant" if state == "stopped" else "nobody",
             "message": Text(mark.text("Artikelfel")), "cause": mark.text("Artikelfel"), "written": mark.text("Skrivet"),
             "seen_at": now}
            for n, state in enumerate(["stopped", *Item.State.values], start=1)
        ),
    )  # fmt: skip
    (sync,) = _make(
        InitialSync, mark, {"flow": products, "dry_run": False, "started_by": mark.text("Synkare"), "started_at": now}
    )
    _make(InitialArticle, mark, {"sync": sync, "source_id": "1", "number": mark.text("Ny"), "name": mark.text("Vara")})


def _order(mark: Mark, n: int, customer: Customer, flow: Flow, run: Run, now: datetime) -> dict[str, Any]:
    """The order `n`, from 1 on; the last one has the number that an order of the other merchant has, too."""
    state, acts, attention = (*ORDERS, ("sent", "nobody", False))[n - 1]
    number = SHARED if n > len(ORDERS) else str(mark.number(n))
    buyer = factories.buyer(name=mark.text("Buyer"), email=f"kopare@{mark.domain}")
    record = factories.order(factories.line(name=mark.text("Rad")), source_id=number, number=number, buyer=buyer)
    told = Text("%(what)s. Do something about it.", {"what": mark.text("Orsak")}) if acts != "nobody" else Text("")
    return {
        "flow": flow, "customer": customer, "erp": flow.connection.erp, "run": run, "source_id": number, "number": number,
        "buyer": mark.text("Buyer"), "currency": "SEK", "total": Decimal("97719.77"), "placed_at": now,
        "payload": to_json(record),
        "state": state, "acts": acts, "attention": attention, "message": told, "cause": told.message, "attempts": 1,
        "error_code": "InvalidRecord" if acts != "nobody" else "", "reference": f"{flow.shop.code}-{number}",
        "target_kind": "order", "target_id": str(mark.number(500 + n)) if state == "sent" else "",
        "target_total": Decimal("97719.77"), "sent_at": now if state == "sent" else None,
        "due_at": now + timedelta(minutes=5) if state in ("retrying", "waiting", "held", "uncertain") else None,
    }  # fmt: skip


def _told(mark: Mark, customer: Customer, now: datetime) -> None:
    """Webhooks with messages in every state, and an e-mail about an order."""
    told = {"customer": customer, "events": ["order.stopped", "order.transferred"], "created_by": mark.text("Hakmakare")}
    told |= {"secrets": {"secret": f"{HUSH}{mark.word}"}}
    webhook, paused, _failed = _make(
        Webhook,
        mark,
        {**told, "address": f"https://{mark.domain}/hak/1"},
        {**told, "address": f"https://{mark.domain}/hak/2", "state": Webhook.State.PAUSED},
        {
            **told,
            "address": f"https://{mark.domain}/hak/3",
            "state": Webhook.State.FAILED,
            "trouble": Text(mark.text("Trasig")),
        },
    )
    payload = {"type": "order.stopped", "data": {"number": str(mark.number(1)), "message": mark.text("Hakmeddelande")}}
    states = (HookMessage.State.FAILED, *HookMessage.State)
    _make(
        HookMessage,
        mark,
        *(
            {"webhook": paused if n else webhook, "event": "order.stopped", "transfer_id": mark.number(1), "payload": payload,
             "state": state, "trouble": Text(mark.text("Hakfel")), "attempts": 3}
            for n, state in enumerate(states)
        ),
    )  # fmt: skip
    _make(Alert, mark, {"transfer_id": mark.number(1), "cause": mark.text("Orsak")})
