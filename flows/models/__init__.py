"""Connections and flows (configuration), runs and transfers (history)."""

from flows.models.connections import Connection, Flow
from flows.models.deliveries import Delivery
from flows.models.endpoints import Endpoint
from flows.models.runs import Run
from flows.models.transfers import Event, Transfer
from flows.models.workers import Worker

__all__ = ["Connection", "Delivery", "Endpoint", "Event", "Flow", "Run", "Transfer", "Worker"]
