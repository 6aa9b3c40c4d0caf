"""Which network addresses may be called: those on the internet, and the inside networks that this installation allows.

A merchant types the address of a shop, and whoever rules a domain says where its name leads. Without a look at the address
itself, a connector could be made to call this machine, the network it stands in, or the service where a cloud keeps the
credentials of its machines.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from urllib3.exceptions import HTTPError

from sharespine.lib.text import N_

Network = IPv4Network | IPv6Network

#: This machine, where the simulators are served.
LOOPBACK = ("127.0.0.0/8", "::1/128")

_METADATA = N_("a service of the cloud provider that keeps secrets")
_THIS_MACHINE = N_("the machine that calls")
_PRIVATE = N_("a private network")
_LINK_LOCAL = N_("the network cable that the calling machine is on")
_MULTICAST = N_("a group of machines")
_RESERVED = N_("no address on the internet")

# IANA's special-purpose registries, and multicast. The first that holds an address tells what it is; the services of cloud
# providers are named although some lie within other networks, and one (Azure's) on the internet.
_INSIDE: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for kind, networks in (
        (_METADATA, "169.254.169.254/32 169.254.170.2/32 168.63.129.16/32 100.100.100.200/32 192.0.0.192/32 fd00:ec2::254/128"),
        (_THIS_MACHINE, "127.0.0.0/8 0.0.0.0/8 ::1/128 ::/128"),
        (_PRIVATE, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7 fec0::/10"),
        (_LINK_LOCAL, "169.254.0.0/16 fe80::/10"),
        (_MULTICAST, "224.0.0.0/4 ff00::/8"),
        (_RESERVED, "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4"),
        # Teredo and 6to4 hide an IPv4 address, and nothing is served there any more.
        (_RESERVED, "2001::/23 2001:db8::/32 2002::/16 3fff::/20"),
    )
    for network in networks.split()
)
_INTERNET_V6 = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")

_allowed: tuple[Network, ...] = ()


class Inside(HTTPError):
    """A name leads to `ip`, which is `kind` (in words, marked for translation). Raised before anything is connected."""

    def __init__(self, ip: str, kind: str) -> None:
        self.ip, self.kind = ip, kind
        super().__init__(f"{ip} is {kind}")


def allow(networks: Iterable[str]) -> None:
    """Let these inside networks (CIDR) be called, in this process, and no others. Raises `ValueError` for what is none."""
    global _allowed
    _allowed = tuple(ip_network(network.strip()) for network in networks)


def allowed() -> tuple[str, ...]:
    """The inside networks that may be called."""
    return tuple(map(str, _allowed))


def what_is_inside(address: str) -> str:
    """What the IP address is that keeps it from being called, in words; empty for one that may be called."""
    try:
        ip = _unwrapped(ip_address(address))
    except ValueError:
        return _RESERVED
    if any(ip in network for network in _allowed):
        return ""
    for network, kind in _INSIDE:
        if ip in network:
            return kind
    return "" if ip.version == 4 or ip in _INTERNET_V6 else _RESERVED


def refuse_inside(addresses: Iterable[str]) -> None:
    """Raises `Inside` if any of the addresses of a name may not be called.

    Not even the others are then called: an honest name does not lead both outside and inside, and which of its addresses
    answers must not be a matter of chance.
    """
    for address in addresses:
        kind = what_is_inside(address)
        if kind:
            raise Inside(address, kind)


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is really called, where an IPv6 address stands for one."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip.scope_id is not None:
            return IPv6Address(int(ip))
    return ip
