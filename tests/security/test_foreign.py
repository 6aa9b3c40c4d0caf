"""Merchant A reaches nothing of merchant B: by no page, export, search or call, with no session and no key.

Every address of the URL configuration is tried, whoever added it: one that is not understood fails here, and says so. Every day
those are tried where a leak shows if there is one; all of them, by everybody and by every method, with `-m deep`.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from billing.models import Membership, Role
from flows import alerts, summaries
from flows.models import Alert
from sharespine.api.docs_pages import _schema
from sharespine.portal.menu import AREAS, SETTINGS
from tests.security import callers
from tests.security.callers import Caller
from tests.security.dumps import dump
from tests.security.foreign import SAFE, UNSAFE, Answer, Question, World, ask, faults, question
from tests.security.forms import Page
from tests.security.marks import FOREIGN, HUSH, OWN, SHARED, base36
from tests.security.merchants import Merchant, merchant
from tests.security.places import MINE, Address, Untried, addresses, places

pytestmark = pytest.mark.django_db
EVERY = (*SAFE, *UNSAFE)
#: What pages may be asked for although no link on a page that is so short says it.
UNSEEN = ("customer", "before", "after", "page")


@dataclass(frozen=True, slots=True)
class Crawled:
    """A page or file of one's own, as it is shown."""

    address: Address
    query: tuple[tuple[str, str], ...]
    answer: Answer
    page: Page

    @property
    def name(self) -> str:
        return f"{self.address.path}{self.query or ''}"

    @property
    def area(self) -> str:
        """The part of the portal that it belongs to."""
        return self.address.place.route.split("/")[2]

    def parameters(self, pages: Iterable[Crawled]) -> set[str]:
        """What it can be asked for, as far as any page of its area says; where it is about one thing, as it says itself."""
        if len(self.address.parts) > 1:
            return self.page.parameters
        return set().union(*(one.page.parameters for one in pages if one.area == self.area))


@dataclass(frozen=True, slots=True)
class Scene:
    """Two merchants, and what is shown to the first one: before there was the other, and afterwards."""

    world: World
    alone: dict[str, Answer]
    pages: Sequence[Crawled]


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """For all tests of this module. The clock stands still, so that what is asked twice is answered alike."""
    with django_db_blocker.unblock(), transaction.atomic(), time_machine.travel(timezone.now(), tick=False):
        logging.disable(logging.CRITICAL)
        own = merchant(OWN)
        alone = {one.name: one.answer for one in crawl(World(own, own, dump(own)))}
        theirs = merchant(FOREIGN)
        world = World(own, theirs, dump(theirs))
        yield Scene(world, alone, list(crawl(world)))
        logging.disable(logging.NOTSET)
        transaction.set_rollback(True)


def crawl(world: World) -> Iterator[Crawled]:
    """What the administrator of the first merchant gets to see: every page of its own, and what it may look for there."""
    owner = callers.members(world.own)[0]
    found: list[Crawled] = []
    for address in everywhere("portal"):
        if address.place.is_of_customer and not address.is_foreign:
            found += _seen(world, owner, address, ())
    yield from found
    for one in found:
        if "q" in one.parameters(found):
            yield from _seen(world, owner, one.address, (("q", SHARED),))


def _seen(world: World, caller: Caller, address: Address, query: tuple[tuple[str, str], ...]) -> Iterator[Crawled]:
    answer = ask(world, caller, Question("GET", address.path, query))
    if answer.status == 200:
        yield Crawled(address, query, answer, Page(address.path, answer.text))


def everywhere(*doors: str) -> list[Address]:
    """All addresses below the doors."""
    return [address for place in places() if place.door in doors for address in addresses(place)]


def foreign_only(found: Iterable[Address]) -> list[Address]:
    """Those in which nothing is one's own, and one of each place."""
    chosen = {address.place.route: address for address in reversed(list(found)) if MINE not in address.parts}
    return list(chosen.values())


def in_turn(found: Iterable[Address], methods: Sequence[str]) -> Iterator[tuple[Address, str]]:
    """Each address with one of the methods, which take turns."""
    return zip(found, itertools.cycle(methods), strict=False)


def wrong(scene: Scene, who: Iterable[Caller], what: Iterable[tuple[Address, str]], **how: Any) -> list[str]:
    """What is wrong when they all ask for all that, by address and method."""
    questions = [(address, question(method, address)) for address, method in what]
    return [fault for caller in who for address, one in questions for fault in faults(scene.world, caller, address, one, **how)]


def by(methods: Iterable[str], where: Iterable[Address]) -> list[tuple[Address, str]]:
    return list(itertools.product(where, methods))


def test_every_address_is_tried(scene: Scene) -> None:
    assert untried() == []
    assert len(everywhere("portal", "api", "admin", "hooks", "confirm", "i18n", "")) > 800


def untried() -> list[str]:
    found = []
    for place in places():
        try:
            assert addresses(place), place.route
        except Untried as trouble:
            found.append(str(trouble))
    return found


def test_whatever_an_address_does_wrong_is_noticed(scene: Scene) -> None:
    with override_settings(ROOT_URLCONF="tests.security.leaky"):
        assert [one.split(": ")[0] for one in untried()] == [
            "portal/unknown/<slug:something>/",
            r"^portal/unknown-too/(?P<something>\d+)/$",
            r"^portal/unclear/\d/$",
        ]
        leaks = [place for place in places() if place.view.__module__ == "tests.security.leaky" and place.is_of_customer]
        found = [address for place in leaks for address in addresses(place) if address.is_telling]
        owner, _operator, reader = callers.members(scene.world.own)
        heard = "\n".join(wrong(scene, [owner], by(("GET", "POST"), found)))
        searched = [address for address in found if address.path.endswith("/searches/") and not address.is_foreign]
        heard += "\n".join(_asked_for(scene, reader, searched[0], ["q"]))
    path, theirs = f"/portal/{OWN.number(1)}", FOREIGN.number(1)
    assert f"its owner: GET {path}/by-id-alone/{theirs}/ → 200: shows {FOREIGN.text('Buyer').lower()}" in heard
    assert f"its owner: GET {path}/by-id-alone/{theirs}/ → 200: is not refused" in heard
    assert f"its owner: POST {path}/changes/ with all that may be meant → 404: changes flows_webhook {theirs}" in heard
    assert f"its owner: GET {path}/tells/{theirs}/ → 404: of nobody's it says 403" in heard
    assert f"its owner: GET {path}/fails/{theirs}/ → 500: fails with KeyError({theirs})" in heard
    assert f"its owner: GET /portal/{theirs}/ungated/ → 302: is not refused /nowhere/" in heard
    assert f"{path}/searches/?q=" in heard
    assert f"shows {FOREIGN.number(502)}" in heard


@pytest.mark.parametrize(
    "role", [pytest.param(role, marks=[] if role is Role.OWNER else pytest.mark.thorough) for role in Role]
)
def test_a_user_reaches_nothing_of_another_merchant_in_the_portal(scene: Scene, role: Role) -> None:
    caller = next(one for one in callers.members(scene.world.own) if role in one.name)
    where = [one for one in everywhere("portal") if one.is_telling]
    # Whoever stands before the gate of another customer gets no further, whatever else the address says.
    inside = [one for one in where if MINE in one.parts[:1] or not one.place.is_of_customer]
    if role is Role.OWNER:
        assert wrong(scene, [caller], by(("GET", "POST"), inside)) == []
        assert wrong(scene, [caller], by(("GET", "POST"), foreign_only(where)), twin=False) == []
    # Whatever an administrator is shown, the others are shown no more.
    rest = [one for one in inside if one.is_foreign] + foreign_only(where)
    assert wrong(scene, [caller], in_turn(rest, ("DELETE", "POST", "PUT", "HEAD", "PATCH")), twin=False) == []


def test_whoever_has_not_come_in_reaches_no_merchant_in_the_portal(scene: Scene) -> None:
    where = foreign_only(everywhere("portal"))
    assert wrong(scene, [callers.nobody()], by(("GET", "POST"), where), twin=False) == []
    assert wrong(scene, [callers.staff(), callers.keys(scene.world.own)[0]], in_turn(where, ("GET", "POST")), twin=False) == []


def test_the_api_tells_and_changes_nothing_of_another_merchant(scene: Scene) -> None:
    own_keys = callers.keys(scene.world.own)
    public = [one for one in everywhere("api") if one.place.is_public]
    private = [one for one in everywhere("api") if not one.place.is_public]
    assert wrong(scene, own_keys, by(("GET", "POST"), private)) == []
    assert wrong(scene, own_keys[:1], by(("HEAD", "PUT", "PATCH", "DELETE"), private), twin=False) == []
    others = [callers.nobody(), callers.staff(), *callers.members(scene.world.own)[:1]]
    assert wrong(scene, others, by(("GET", "POST"), private), twin=False) == []
    assert wrong(scene, [callers.nobody()], by(("GET", "POST"), public), twin=False) == []


def test_nobody_but_staff_reaches_a_page_of_the_admin(scene: Scene) -> None:
    where = foreign_only(everywhere("admin"))
    owner, *members = callers.members(scene.world.own)
    assert wrong(scene, [owner], in_turn(where, ("GET", "POST")), twin=False) == []
    assert wrong(scene, [owner], in_turn(where[::3], UNSAFE), twin=False) == []
    others = [callers.nobody(), *members, callers.keys(scene.world.own)[0]]
    assert wrong(scene, others, in_turn(where[::10], ("GET", "POST")), twin=False) == []
    assert wrong(scene, [callers.staff()], in_turn(where[::2], ("GET", "POST", "GET")), twin=False) == []


def test_the_other_doors_tell_nothing_of_a_merchant(scene: Scene) -> None:
    who = [callers.nobody(), callers.members(scene.world.own)[0]]
    assert wrong(scene, who, by(("GET", "POST"), everywhere("", "hooks", "confirm", "i18n"))) == []


def test_what_is_asked_for_finds_nothing_of_another_merchant(scene: Scene) -> None:
    """Searches, filters, orders and cursors answer about what is foreign as about what there is not."""
    owner, *_others = callers.members(scene.world.own)
    found = []
    for one in scene.pages:
        asked_for = one.parameters(scene.pages)
        if one.query or not asked_for or "xlsx" in one.name or "pdf" in one.name:
            # Of files of the same rows, one kind is enough.
            continue
        # A file, or a page that does something to what was found, narrows it as the list itself does.
        is_list = one.address.path.count("/") == 4
        found += list(_asked_for(scene, owner, one.address, {*asked_for, *UNSEEN} if is_list else asked_for & {"q", "flow"}))
    keys = {one.name.rpartition(" ")[2]: one for one in callers.keys(scene.world.own)}
    for place in places():
        if place.door != "api" or place.is_public:
            continue
        scope = str(getattr(getattr(place.view, "cls", None), "scope", ""))
        for address in addresses(place):
            names = [*_parameters(place.route), *UNSEEN]
            if scope in keys and not address.is_foreign:
                found += list(_asked_for(scene, keys[scope], address, names))
    assert found == []


def _asked_for(scene: Scene, caller: Caller, address: Address, names: Iterable[str]) -> Iterator[str]:
    foreign = FOREIGN.number(1)
    for name in sorted(names):
        values = [str(foreign)]
        if name in ("q", "search"):
            values = [FOREIGN.text("Buyer"), str(foreign), str(FOREIGN.number(502))]
        elif name == "cursor":
            values = [f"o{base36(foreign + 1)}", f"n{base36(foreign - 1)}"]
        for value in values:
            yield from faults(scene.world, caller, address, Question("GET", address.path, ((name, value),)))


def _parameters(route: str) -> list[str]:
    """What the schema of the API says that may be asked for at an address."""
    schema = _schema()["paths"]
    path = "/" + route.replace("<id:", "{").replace(">", "}")
    return [one["name"] for one in schema.get(path, {}).get("get", {}).get("parameters", ()) if one["in"] == "query"]


def test_no_form_does_anything_to_another_merchant(scene: Scene) -> None:
    """Each field of each form of one's own, with what is foreign in it."""
    owner, *_others = callers.members(scene.world.own)
    seen, found = set(), []
    for one in scene.pages:
        for form in one.page.forms:
            if form.method != "POST" or (form.action.split("?")[0], *form.names) in seen:
                continue
            seen.add((form.action.split("?")[0], *form.names))
            for name in form.names:
                foreign = f"owner@{FOREIGN.domain}" if "mail" in name else str(FOREIGN.number(1))
                sent = (*((n, v) for n, v in form.fields if n != name), (name, foreign))
                asked = Question("POST", form.action.split("?")[0], sent=sent)
                found += list(faults(scene.world, owner, one.address, asked))
    assert found == []
    assert len(seen) > 5


def test_a_merchant_is_shown_the_same_whoever_else_there_is(scene: Scene) -> None:
    """Counts, sums, lists and searches are of its own alone, also for a number that an order of another shop has, too."""
    now = {one.name: one.answer for one in scene.pages}
    assert now.keys() == scene.alone.keys()
    assert [name for name, answer in now.items() if answer != scene.alone[name]] == []
    shown = " ".join(answer.text for answer in now.values())
    assert OWN.text("Buyer") in shown
    assert len(now) > 20


def test_what_only_staff_may_read_is_shown_to_no_merchant(scene: Scene) -> None:
    assert [one.name for one in scene.pages if HUSH in one.answer.text] == []
    for key in callers.keys(scene.world.own)[:3]:
        for address in everywhere("api"):
            assert HUSH not in ask(scene.world, key, Question("GET", address.path)).text, address.path


def test_an_e_mail_about_one_merchant_tells_nothing_of_the_other(scene: Scene) -> None:
    """Both have orders that stopped for the same cause, and a webhook that was switched off."""
    morning = timezone.localtime().replace(hour=9, minute=0) + timedelta(days=1)
    ends = time.monotonic() + 60
    mail.outbox = []
    with transaction.atomic():
        Alert.objects.all().delete()
        Membership.objects.update(errors_at_once=True)
        assert alerts.tell(at=timezone.now(), ends=ends)
        assert summaries.send(at=morning, ends=ends)
        transaction.set_rollback(True)
    for mine, other in ((OWN, FOREIGN), (FOREIGN, OWN)):
        mails = [one for one in mail.outbox if any(to.endswith(mine.domain) for to in one.to)]
        assert len(mails) >= 3
        for one in mails:
            assert all(to.endswith(mine.domain) for to in one.to)
            assert mine.found_in(str(one.body))
            assert other.found_in(f"{one.subject} {one.body} {one.extra_headers}") == set()
            assert HUSH not in one.body


def test_who_was_put_out_reaches_nothing(scene: Scene) -> None:
    foreign = scene.world.foreign
    portal, api = foreign_only(everywhere("portal")), foreign_only(everywhere("api"))
    put_out = callers.former(foreign)
    assert wrong(scene, put_out[:2], in_turn(portal, ("GET", "POST")), twin=False) == []
    private = [one for one in api if not one.place.is_public]
    assert wrong(scene, put_out[2:], by(("GET", "POST"), private), twin=False) == []
    (accept,) = [place for place in places() if place.name == "invitation"]
    somebody = callers.members(scene.world.own)[0]
    for name in ("withdrawn", "used"):
        path = addresses(accept)[0].path.replace("x" * 43, foreign.tokens[name])
        for caller in (callers.nobody(), somebody):
            for method in ("GET", "POST"):
                answer = ask(
                    scene.world, caller, Question(method, path, sent=(("name", "A"), ("password", "korv med bröd 17")))
                )
                assert (answer.status, answer.changed) == (410, [])
                assert FOREIGN.found_in(answer.text.replace(path, "")) == set()


def test_staff_who_look_on_see_all_of_a_merchant_and_change_nothing(scene: Scene) -> None:
    onlooker = callers.staff("see_portal")
    user = onlooker.client.session[SESSION_KEY]
    where = [one for one in foreign_only(everywhere("portal")) if one.place.is_of_customer]
    shown, files = {}, {}
    for address in where:
        answer = ask(scene.world, onlooker, Question("GET", address.path))
        assert answer.status in (200, 302, 403, 405), address.path
        assert not answer.changed, address.path
        assert HUSH not in answer.text, address.path
        if answer.status == 302:
            assert answer.location.startswith(f"/portal/{FOREIGN.number(1)}/"), address.path
        shown[address.place.name] = answer
        for kind in ("csv", "xlsx", "pdf"):
            if address.path.endswith(kind) and answer.status == 200:
                files[kind] = answer.text
    for address, method in (*by(("POST",), where), *in_turn(where, ("DELETE", "PUT", "PATCH"))):
        answer = ask(scene.world, onlooker, question(method, address))
        assert (answer.status in (403, 405), answer.changed) == (True, []), (method, address.path, answer.status)
    areas = [name for name, _title, _role in (*AREAS, *SETTINGS)]
    assert {name: shown[name].status for name in areas} == dict.fromkeys(areas, 200)
    # Were anything of this shown to another merchant, it would be found.
    for area in (name for name in areas if name not in ("package", "notifications")):
        assert FOREIGN.found_in(shown[area].text) - {str(FOREIGN.number(1)), FOREIGN.text("Kund").lower()}, area
    assert all(FOREIGN.found_in(text) for text in files.values())
    assert files
    assert onlooker.client.session[SESSION_KEY] == user
    assert not Membership.objects.filter(user=user).exists()


@pytest.mark.deep
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("door", ["portal", "api", "admin", "rest"])
def test_everybody_everywhere_by_every_method(scene: Scene, door: str) -> None:
    own: Merchant = scene.world.own
    who = [callers.nobody(), *callers.members(own), *callers.keys(own), callers.staff()]
    where = everywhere(*(("", "hooks", "confirm", "i18n") if door == "rest" else (door,)))
    assert wrong(scene, who, by(EVERY, where)) == []
