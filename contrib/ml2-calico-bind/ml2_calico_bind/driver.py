"""The mechanism driver.

A port is bound (vif_type `tap`) where an agent of type "Calico per-host agent (felix)" is alive on its
host. Nothing is written to etcd, no process or thread is started, no option of Calico is read: all that
is calico-conductor's.
"""
from neutron.plugins.ml2.drivers import mech_agent
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from oslo_log import log

from ml2_calico_bind import qos
from ml2_calico_bind import tap_mac

LOG = log.getLogger(__name__)

# As calico-conductor reports it for every Felix.
AGENT_TYPE = "Calico per-host agent (felix)"

# Nova's name (`VIF_DETAILS_TAP_MAC_ADDRESS` there); neutron-lib has none for it.
VIF_DETAILS_TAP_MAC = "mac_address"

OPTIONS = [
    cfg.ListOpt(
        "network_types",
        item_type=cfg.types.String(choices=[
            constants.TYPE_LOCAL, constants.TYPE_FLAT, constants.TYPE_VLAN,
            constants.TYPE_VXLAN, constants.TYPE_GENEVE, constants.TYPE_GRE]),
        default=[constants.TYPE_LOCAL, constants.TYPE_FLAT],
        help="Types of network whose ports are bound. Calico routes and has no use for a VLAN id or a "
             "VNI, so that any type works the same; those that are not listed are left to other "
             "mechanism drivers."),
]


class CalicoBindDriver(mech_agent.SimpleAgentMechanismDriverBase):
    """Binds ports for Calico."""

    def __init__(self):
        super().__init__(
            AGENT_TYPE,
            portbindings.VIF_TYPE_TAP,
            # Felix filters: Nova must not add filters of its own.
            {portbindings.CAP_PORT_FILTER: True})
        cfg.CONF.register_opts(OPTIONS, "ml2_calico_bind")
        self._network_types = tuple(cfg.CONF.ml2_calico_bind.network_types)
        # Kept, because Neutron's registry holds only a weak reference.
        self._qos = qos.CalicoBindQosDriver()

    def initialize(self):
        LOG.info("Ports are bound for Calico on networks of type %s",
                 ", ".join(self._network_types))

    def get_allowed_network_types(self, agent=None):
        return self._network_types

    def get_mappings(self, agent):
        # A routed network needs no bridge on the host.
        return {}

    def check_segment_for_agent(self, segment, agent):
        network_type = segment[api.NETWORK_TYPE]
        if network_type in self._network_types:
            return True
        LOG.warning(
            "Segment %(id)s is of type %(type)s, which is not one of [ml2_calico_bind] network_types "
            "(%(types)s): its ports are not bound for Calico",
            {"id": segment[api.ID], "type": network_type, "types": ", ".join(self._network_types)})
        return False

    def get_vif_details(self, context, agent, segment):
        # Nova gives this address to the host's end of the tap interface.
        mac = tap_mac.tap_mac(context.current.get("mac_address"))
        return dict(super().get_vif_details(context, agent, segment),
                    **{VIF_DETAILS_TAP_MAC: mac})
