"""Network addresses: whose a request is behind proxies, and what counts as one and the same."""

from __future__ import annotations

import ipaddress
import re

IPV6_CUSTOMER = 64  # whoever has one IPv6 address has all of its /64
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address(text: str) -> Address | None:
    """The address, an IPv4 one where IPv6 only wraps it; None for what is none.

    A zone id (`%eth0`) could hold anything.
    """
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv4Address):
        return found
    return None if found.scope_id is not None else found.ipv4_mapped or found


def network(text: str) -> Network:
    """The network of a CIDR, or of one address; ValueError for what is none, and for one whose
    address lies inside of it (10.0.0.1/8), which is most often a slip."""
    found = ipaddress.ip_network(text.strip())
    if isinstance(found, ipaddress.IPv6Network):
        if found.network_address.scope_id is not None:
            raise ValueError("an address with a zone is no network")
        wrapped = found.network_address.ipv4_mapped
        if wrapped is not None and found.prefixlen >= 96:
            return ipaddress.IPv4Network((wrapped, found.prefixlen - 96))
    return found


def plain(peer: str) -> str:
    """The peer's address as limits, rules and the audit know it: without zone or IPv6's wrap."""
    found = address(peer.partition("%")[0])
    return peer if found is None else str(found)


def counted_as(ip: str) -> str:
    """What is counted together: an IPv4 address, or the /64 of an IPv6 one."""
    found = address(ip)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((found, IPV6_CUSTOMER), strict=False))
    return ip[:45] if found is None else str(found)


def forwarded_ip(peer: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    """The address that the nearest untrusted hop has: X-Forwarded-For is believed from trusted
    proxies only, read from its end."""
    hops = [peer, *(_bare(h) for h in reversed(forwarded.split(",")) if h.strip())]
    for at, hop in enumerate(hops):
        if address(hop) is None:
            return hops[at - 1] if at else peer
        if not is_within(hop, trusted):
            return hop
    return hops[-1]


def is_within(ip: str, networks: tuple[str, ...]) -> bool:
    """Whether the address is in one of these networks (CIDR)."""
    found = address(ip)
    if found is None:
        return False
    return any(found in ipaddress.ip_network(n, strict=False) for n in networks)


def _bare(hop: str) -> str:
    """The address without the port that some proxies add."""
    hop = hop.strip()
    bracketed = re.fullmatch(r"\[([0-9a-fA-F:.]+)\](?::\d+)?", hop)
    if bracketed:
        return bracketed[1]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
