"""The main job, shown: simulated shop and ERP, a worker, the transfer of all orders, the proof, and the back office."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from argparse import BooleanOptionalAction
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import waitress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.wsgi import get_wsgi_application
from django.utils import translation

from flows import services
from flows.models import Flow, Run, Transfer
from sharespine.lib.money import ZERO
from sharespine.lib.said import said
from sharespine.playground import ACTOR, merchant_of, playground, proof, set_up
from sharespine.proof import Proof
from sharespine.salespage.server import serving

#: Where the simulators, the back office with portal and API, and the sales page listen, when nobody else does.
SHOP_PORT, ERP_PORT, WEB_PORT, SALES_PORT = 8801, 8802, 8800, 8803


class Command(BaseCommand):
    help = "Transfers the orders of a simulated shop to a simulated ERP, proves what arrived, and serves the back office."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--serve", action=BooleanOptionalAction, default=True, help="Serve the back office and the other pages afterwards."
        )
        parser.add_argument("--orders", type=int, default=500, help="How many orders the shop has (500 at most).")
        parser.add_argument("--port", type=int, default=WEB_PORT, help="Where the back office listens.")
        parser.add_argument("--patience", type=int, default=300, help="Seconds after which the transfer is given up.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The simulators are switched off here. Set SANDBOX=true to use them (never in production).")
        call_command("migrate", verbosity=0, interactive=False)
        ports = (_free(SHOP_PORT), _free(ERP_PORT))
        port = _free(options["port"])
        # Also for the worker, whose e-mails lead there.
        os.environ["SITE_URL"] = settings.SITE_URL = f"http://127.0.0.1:{port}"
        with playground(settings.VAR_DIR / "sandbox", orders=options["orders"], ports=ports) as ground:
            self.stdout.write(f"Simulated shop  {ground.shop_address}\nSimulated ERP   {ground.erp_address}")
            flow = set_up(ground)
            worker = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "worker", "--parent", str(os.getpid())]
            )
            try:
                held = self._transfer(flow, options["patience"])
                # The terminal speaks one language; the back office speaks the reader's.
                with translation.override("en"):
                    result = proof(ground, flow)
                    self._show(flow, result)
                if options["serve"]:
                    self._serve(flow, port)
            finally:
                worker.terminate()
                worker.wait(timeout=30)
        if not (held and result.holds):
            raise CommandError("The proof does not hold. The lines above say which orders are missing, double or differing.")

    # --- the transfer -----------------------------------------------------------------------------------------------------

    def _transfer(self, flow: Flow, patience: int) -> bool:
        """Run the flow and show its progress until nothing is due any more. False when that took too long."""
        before = Run.objects.filter(flow=flow).count()
        services.start_flow(flow, actor=ACTOR)
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            time.sleep(0.25)
            self._progress(flow)
            ran = Run.objects.filter(flow=flow).exclude(state=Run.State.RUNNING).count() > before
            if ran and not Transfer.objects.filter(flow=flow, due_at__isnull=False).exists() and not _live(flow):
                self.stdout.write("")
                return True
        self.stdout.write(f"\nNot done after {patience} seconds. The log above says why; `manage.py doctor` looks closer.")
        return False

    def _progress(self, flow: Flow) -> None:
        states = _states(flow)
        whole = sum(states.values())
        done = whole - sum(states[state] for state in Transfer.OPEN)
        width = 40
        filled = width * done // whole if whole else 0
        line = f"[{'█' * filled}{'·' * (width - filled)}] {done}/{whole}  {states['sent']} sent, {states['stopped']} stopped"
        end = "\r" if self.stdout.isatty() else "\n"
        if self.stdout.isatty() or line != getattr(self, "_line", ""):
            self.stdout.write(line, ending=end)
            self.stdout.flush()
        self._line = line

    # --- what came of it --------------------------------------------------------------------------------------------------

    def _show(self, flow: Flow, result: Proof) -> None:
        self.stdout.write(f"\n{'What became of the orders':<26}{'orders':>8}{'in the shop':>18}{'in the ERP':>18}")
        for state, currency, orders, here, there in _sums(flow):
            label = str(Transfer.State(state).label)
            arrived = f"{there:>14,.2f} {currency}" if there else ""
            self.stdout.write(f"  {label:<24}{orders:>8}{here:>14,.2f} {currency or '–':<3}{arrived}".replace(",", " "))
        stopped = Transfer.objects.filter(flow=flow, state=Transfer.State.STOPPED).order_by("source_id")
        if stopped:
            self.stdout.write("\nStopped, each until somebody acts:")
        for transfer in stopped:
            self.stdout.write(f"  {transfer.number:>6}  {said(transfer.message)}")
        for name in ("missing", "double", "differing", "uncalled_for"):
            if ids := getattr(result, name):
                self.stdout.write(f"\n{name}: {', '.join(ids)}")
        verdict = "The proof holds" if result.holds else "THE PROOF DOES NOT HOLD"
        self.stdout.write(
            f"\n{verdict}: of {result.included} orders that the rules include, {result.in_erp} are in the ERP and "
            f"{result.stopped} are stopped with a reason; {len(result.missing)} missing, {len(result.double)} double, "
            f"{len(result.differing)} differing, difference {result.difference:.2f} SEK."
        )
        for name, value in result.figures().items():
            self.stdout.write(f"figure {name} {value}")
        self.stdout.flush()

    # --- the doors --------------------------------------------------------------------------------------------------------

    def _serve(self, flow: Flow, port: int) -> None:
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        password = _demo_password()
        with serving(settings.SITE_URL, port=_free(SALES_PORT)) as sales_page:
            # Another site, as the sales site is: it may call the API since it is on the list.
            settings.CORS_ALLOWED_ORIGINS = [*settings.CORS_ALLOWED_ORIGINS, sales_page]
            application = get_wsgi_application()
            merchant = merchant_of(flow, password)
            site = settings.SITE_URL
            self.stdout.write(f"\nBack office     {site}/admin/   log in as demo, password {password}")
            self.stdout.write(f"Portal          {site}/portal/   log in as {merchant}, password {password}")
            self.stdout.write(f"API             {site}/api/v1/docs/")
            self.stdout.write(f"Sales page      {sales_page}/")
            self.stdout.write("E-mails are written below. It runs until Ctrl-C.")
            self.stdout.flush()
            waitress.serve(application, host="127.0.0.1", port=port, threads=8, _quiet=True)


def _states(flow: Flow) -> Counter[str]:
    return Counter(Transfer.objects.filter(flow=flow).order_by().values_list("state", flat=True))


def _sums(flow: Flow) -> list[tuple[str, str, int, Decimal, Decimal]]:
    """Per state and currency: how many orders, and their totals with VAT in the shop and in the ERP.

    Added up here: SQLite would do it in floating point.
    """
    sums: dict[tuple[str, str], tuple[int, Decimal, Decimal]] = {}
    for transfer in Transfer.objects.filter(flow=flow).only("state", "currency", "total", "target_total"):
        orders, here, there = sums.get((transfer.state, transfer.currency), (0, ZERO, ZERO))
        sums[transfer.state, transfer.currency] = (
            orders + 1,
            here + (transfer.total or ZERO),
            there + (transfer.target_total or ZERO),
        )
    return [
        (state, currency, *values)
        for (state, currency), values in sorted(sums.items(), key=lambda row: (row[0][0], -row[1][0]))
    ]


def _live(flow: Flow) -> bool:
    return Run.objects.filter(flow=flow, state=Run.State.RUNNING).exists()


def _free(port: int) -> int:
    """`port` when nobody listens there, else 0: any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _demo_password() -> str:
    """The password of the demo account: made once, kept beside the database."""
    path = settings.VAR_DIR / "demo.password"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(9))
        path.chmod(0o600)
    password = path.read_text().strip()
    user, _ = get_user_model().objects.get_or_create(username="demo", defaults={"is_staff": True, "is_superuser": True})
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    return password
