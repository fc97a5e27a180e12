"""What neutron-server is on the bus, by the real oslo.messaging: the plugin's RPC and its agents' reports.

    oslo_server.py FILE

FILE is what neutron.conf would have: transport_url and [oslo_messaging_rabbit]. Prints one JSON object a line: {"ready": version}, then each call as
{"topic", "method", "args"} when it is taken up. Reads commands, one a line: {"delay": SECONDS} before each answer from
now on, {"notify": TEXT} sends a notification of Neutron's. Ends with its standard input.
"""
import importlib.metadata
import json
import logging
import os
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore")

from oslo_config import cfg  # noqa: E402
import oslo_messaging  # noqa: E402

EXCHANGE = "neutron"
delay = 0.0
printing = threading.Lock()


def say(**what):
    with printing:
        print(json.dumps(what), flush=True)


class Plugin:
    """Neutron's RpcCallbacks, as far as a status is concerned."""

    target = oslo_messaging.Target(version="1.9")

    def update_device_up(self, context, **args):
        return self._take("update_device_up", args, {"device": args["device"], "exists": True})

    def update_device_down(self, context, **args):
        return self._take("update_device_down", args, {"device": args["device"], "exists": True})

    def update_device_list(self, context, **args):
        devices = {f"devices_{way}": args[f"devices_{way}"] for way in ("up", "down")}
        return self._take("update_device_list", args, {
            **devices, "failed_devices_up": [], "failed_devices_down": []})

    def _take(self, method, args, answer):
        say(topic="q-plugin", method=method, args=args)
        time.sleep(delay)
        return answer


class Reports:
    """Neutron's AgentExtRpcCallback."""

    target = oslo_messaging.Target(version="1.2")

    def report_state(self, context, **args):
        say(topic="q-reports-plugin", method="report_state", args=args)


def main(file):
    global delay
    logging.basicConfig(stream=sys.stderr, level=os.environ.get("OSLO_LOG", "WARNING"))
    conf = cfg.CONF  # oslo.messaging 18 takes no other: it answers nothing then
    oslo_messaging.set_transport_defaults(EXCHANGE)
    conf(["--config-file", file], project="neutron")
    rpc = oslo_messaging.get_rpc_transport(conf)
    servers = [
        oslo_messaging.get_rpc_server(
            rpc, oslo_messaging.Target(topic=topic, server="controller"), [endpoint],
            executor="threading")
        for topic, endpoint in (("q-plugin", Plugin()), ("q-reports-plugin", Reports()))
    ]
    for server in servers:
        server.start()
    notifier = oslo_messaging.Notifier(
        oslo_messaging.get_notification_transport(conf), publisher_id="network.controller",
        driver="messagingv2", topics=["notifications"])
    say(ready=importlib.metadata.version("oslo.messaging"))
    for line in sys.stdin:
        command = json.loads(line)
        delay = command.get("delay", delay)
        if "notify" in command:
            notifier.info({}, "port.update.end", {"text": command["notify"]})
            say(notified=command["notify"])


main(sys.argv[1])
os._exit(0)  # its threads may wait for a broker that is gone
