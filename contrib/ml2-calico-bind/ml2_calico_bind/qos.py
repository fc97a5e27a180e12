"""The QoS rules that Calico enforces, so that Neutron lets ports bound for it have them."""
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.db import constants as db_constants
from neutron_lib.services.qos import base
from neutron_lib.services.qos import constants as qos_constants

_ANY_AMOUNT = {"type:range": [0, db_constants.DB_INTEGER_MAX_VALUE]}
_DIRECTIONS = {"type:values": constants.VALID_DIRECTIONS}

SUPPORTED_RULES = {
    qos_constants.RULE_TYPE_BANDWIDTH_LIMIT: {
        qos_constants.MAX_KBPS: _ANY_AMOUNT,
        qos_constants.MAX_BURST: _ANY_AMOUNT,
        qos_constants.DIRECTION: _DIRECTIONS,
    },
    qos_constants.RULE_TYPE_PACKET_RATE_LIMIT: {
        qos_constants.MAX_KPPS: _ANY_AMOUNT,
        # Calico's packet burst is an option of its own: a rule that asks for one would be a promise
        # that nobody keeps.
        qos_constants.MAX_BURST_KPPS: {"type:range": [0, 0]},
        qos_constants.DIRECTION: _DIRECTIONS,
    },
}


class CalicoBindQosDriver(base.DriverBase):
    """Says what is supported; Calico learns of the rules from etcd, not from here."""

    def __init__(self):
        super().__init__(
            name="calico_bind",
            vif_types=[portbindings.VIF_TYPE_TAP],
            vnic_types=[portbindings.VNIC_NORMAL],
            supported_rules=SUPPORTED_RULES,
            requires_rpc_notifications=False)
