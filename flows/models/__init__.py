"""Connections and flows (configuration), runs and transfers (history)."""

from flows.models.chores import Chore
from flows.models.connections import Connection
from flows.models.deliveries import Delivery
from flows.models.endpoints import Endpoint
from flows.models.flows import Flow
from flows.models.initial import InitialArticle, InitialSync
from flows.models.items import Item
from flows.models.mappings import FieldMapping, LookUpTable, MappingDraft
from flows.models.outgoing import Alert, HookEvent, HookMessage, Webhook
from flows.models.plugins import ConnectionPlugin
from flows.models.profiles import StockProfile
from flows.models.runs import Run
from flows.models.transfers import Event, Transfer
from flows.models.workers import Worker

__all__ = [
    "Alert",
    "Chore",
    "Connection",
    "ConnectionPlugin",
    "Delivery",
    "Endpoint",
    "Event",
    "FieldMapping",
    "Flow",
    "HookEvent",
    "HookMessage",
    "InitialArticle",
    "InitialSync",
    "Item",
    "LookUpTable",
    "MappingDraft",
    "Run",
    "StockProfile",
    "Transfer",
    "Webhook",
    "Worker",
]
