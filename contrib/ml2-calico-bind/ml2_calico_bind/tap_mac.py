"""The MAC address of the host's end of a port's tap interface."""
import re

# Nova wants one always. This is what Calico has used where no better one was known.
DEFAULT_TAP_MAC = "00:61:fe:ed:ca:fe"

_MAC = re.compile("[0-9a-f]{2}((?::[0-9a-f]{2}){5})", re.IGNORECASE)


def tap_mac(port_mac):
    """`fe:` and the last five octets of the port's own address.

    libvirt before 9.5.0 set this address itself, so that a guest which migrates between hosts of old
    and new libvirt keeps the address of its next hop in its ARP cache only if all use the same rule.

    :param port_mac: the port's `mac_address`, or None
    :returns: the address, or DEFAULT_TAP_MAC when `port_mac` is no MAC address
    """
    match = _MAC.fullmatch(port_mac or "")
    return "fe" + match.group(1) if match else DEFAULT_TAP_MAC
