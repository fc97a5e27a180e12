"""The driver inside Neutron's own classes; run with the Python that has Neutron:

    /usr/bin/python3 -m unittest discover -s contrib/ml2-calico-bind/tests -t contrib/ml2-calico-bind
"""
import unittest
from unittest import mock

from neutron.conf import common as neutron_config
from neutron.objects.qos import rule as rule_object
from neutron.services.qos.drivers import manager
from neutron_lib.callbacks import registry
from neutron_lib.callbacks import events
from neutron_lib.services.qos import constants as qos_constants
from oslo_config import cfg

from ml2_calico_bind import driver as bind_driver
from ml2_calico_bind import tap_mac

neutron_config.register_core_common_config_opts()

PORT = "5e2e3a77-3f0b-4c39-8a0a-6d3e5b8f3a01"
MAC = "fa:16:3e:0a:bb:cc"


def agent(**changes):
    return dict({"agent_type": bind_driver.AGENT_TYPE, "host": "host-1", "alive": True,
                 "configurations": {}}, **changes)


class Context:
    """What ML2 hands to a driver that is to bind a port."""

    def __init__(self, agents, segments, **port):
        self.current = dict({"id": PORT, "mac_address": MAC, "binding:vnic_type": "normal",
                             "fixed_ips": []}, **port)
        self.network = mock.Mock(current={"id": "network"})
        self.host = "host-1"
        self.segments_to_bind = segments
        self._agents = agents
        self.bound = None

    def host_agents(self, agent_type):
        return [a for a in self._agents if a["agent_type"] == agent_type]

    def set_binding(self, segment, vif_type, vif_details):
        self.bound = (segment, vif_type, vif_details)


def segment(network_type="local"):
    return {"id": "segment-" + network_type, "network_type": network_type,
            "physical_network": None, "segmentation_id": None}


def bind(agents=None, segments=None, types=None, **port):
    cfg.CONF.clear_override("network_types", "ml2_calico_bind")
    if types is not None:
        cfg.CONF.set_override("network_types", types, "ml2_calico_bind")
    context = Context([agent()] if agents is None else agents, segments or [segment()], **port)
    bind_driver.CalicoBindDriver().bind_port(context)
    return context.bound


class Binding(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cfg.CONF.register_opts(bind_driver.OPTIONS, "ml2_calico_bind")

    def test_a_port_is_bound_as_tap_with_the_mac_of_its_own(self):
        self.assertEqual(bind(), ("segment-local", "tap", {
            "port_filter": True, "mac_address": "fe:16:3e:0a:bb:cc", "connectivity": "legacy"}))

    def test_each_port_has_a_mac_of_its_own(self):
        driver = bind_driver.CalicoBindDriver()
        for mac in ("fa:16:3e:00:00:01", "fa:16:3e:00:00:02"):
            context = Context([agent()], [segment()], mac_address=mac)
            driver.bind_port(context)
            self.assertEqual(context.bound[2]["mac_address"], "fe" + mac[2:])
        self.assertNotIn("mac_address", driver.vif_details)

    def test_no_agent_no_binding(self):
        self.assertIsNone(bind(agents=[]))

    def test_a_dead_agent_no_binding(self):
        self.assertIsNone(bind(agents=[agent(alive=False)]))

    def test_another_agent_no_binding(self):
        self.assertIsNone(bind(agents=[agent(agent_type="Open vSwitch agent")]))

    def test_special_network_cards_are_left_to_others(self):
        for vnic in ("direct", "macvtap", "baremetal"):
            self.assertIsNone(bind(**{"binding:vnic_type": vnic}), vnic)

    def test_network_types(self):
        for kind, allowed in (("local", True), ("flat", True), ("vlan", False), ("vxlan", False)):
            self.assertEqual(bind(segments=[segment(kind)]) is not None, allowed, kind)
        self.assertEqual(bind(segments=[segment("vxlan")], types=["flat", "vxlan"])[0], "segment-vxlan")
        self.assertIsNone(bind(segments=[segment("local")], types=["flat", "vxlan"]))

    def test_an_unknown_network_type_is_refused_at_start(self):
        with self.assertRaises(ValueError):
            cfg.CONF.set_override("network_types", ["vxlam"], "ml2_calico_bind")

    def test_the_first_segment_that_fits(self):
        self.assertEqual(bind(segments=[segment("vlan"), segment("flat")])[0], "segment-flat")

    def test_hosts_with_access_to_a_segment_of_a_routed_network(self):
        driver = bind_driver.CalicoBindDriver()
        agents = mock.Mock(return_value=[agent(), agent(host="host-2")])
        for kind, hosts in (("flat", {"host-1", "host-2"}), ("vlan", set())):
            self.assertEqual(hosts, driver.filter_hosts_with_segment_access(
                mock.Mock(), [segment(kind)], ["host-1", "host-2"], agents))


class TapMac(unittest.TestCase):
    def test_a_mac_in_any_case(self):
        self.assertEqual(tap_mac.tap_mac("FA:16:3E:0A:BB:CC"), "fe:16:3E:0A:BB:CC")

    def test_what_is_no_mac_gives_the_default(self):
        for bad in (None, "", "fa:16:3e", "fa-16-3e-0a-bb-cc", "fa:16:3e:0a:bb:cc:dd", "xx:16:3e:0a:bb:cc",
                    "fa:16:3e:0a:bb:cc\n"):
            self.assertEqual(tap_mac.tap_mac(bad), tap_mac.DEFAULT_TAP_MAC, repr(bad))


class Qos(unittest.TestCase):
    def setUp(self):
        registry.clear()
        self.driver = bind_driver.CalicoBindDriver()
        self.manager = manager.QosServiceDriverManager.__new__(manager.QosServiceDriverManager)
        self.manager._drivers = []
        self.manager.rpc_notifications_required = False
        registry.publish(qos_constants.QOS_PLUGIN, events.AFTER_INIT, self.manager)

    def test_the_qos_plugin_learns_of_it(self):
        self.assertEqual([d.name for d in self.manager._drivers], ["calico_bind"])
        self.assertEqual(set(self.manager.supported_rule_types(all_supported=True)),
                         {"bandwidth_limit", "packet_rate_limit"})
        self.assertFalse(self.manager.rpc_notifications_required)

    def test_rules(self):
        bandwidth = rule_object.QosBandwidthLimitRule
        packets = rule_object.QosPacketRateLimitRule
        cases = [
            (bandwidth(max_kbps=1000, max_burst_kbps=0, direction="ingress"), True),
            (bandwidth(max_kbps=1000, max_burst_kbps=2000, direction="egress"), True),
            (packets(max_kpps=5, max_burst_kpps=0, direction="ingress"), True),
            (packets(max_kpps=5, max_burst_kpps=0, direction="egress"), True),
            (packets(max_kpps=5, max_burst_kpps=1, direction="egress"), False),
            (rule_object.QosDscpMarkingRule(dscp_mark=8), False),
            (rule_object.QosMinimumBandwidthRule(min_kbps=1, direction="egress"), False),
        ]
        for rule, supported in cases:
            self.assertEqual(self.driver._qos.is_rule_supported(rule), supported, rule)

    def test_only_for_ports_that_it_may_bind(self):
        self.assertTrue(self.driver._qos.is_vif_type_compatible("tap"))
        self.assertFalse(self.driver._qos.is_vif_type_compatible("ovs"))


if __name__ == "__main__":
    unittest.main()
