"""What Neutron itself reads of configuration files: oslo.config with the options that neutron-server, oslo.messaging
and keystonemiddleware register, and kombu's idea of the transport URL.

    read_options.py <CASES >ANSWERS      JSON: a list of {"args": […], "default_files": […], "default_dirs": […]}

Each answer has what was read, by our option's name; an error in the place of a value that is refused.
"""
import copy
import json
import logging
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import kombu  # noqa: E402
import oslo_messaging  # noqa: E402
from keystoneauth1 import loading  # noqa: E402
from keystonemiddleware.auth_token import _opts as middleware  # noqa: E402
from neutron.common import config as neutron_config  # noqa: E402
from oslo_config import cfg  # noqa: E402
from oslo_messaging import transport  # noqa: E402
from oslo_messaging._drivers import impl_rabbit  # noqa: E402
from oslo_messaging._drivers import common as rpc_common  # noqa: E402
from oslo_messaging.notify import notifier  # noqa: E402
from oslo_messaging.rpc import client  # noqa: E402

neutron_config.register_common_config_options()
oslo_messaging.set_transport_defaults("neutron")
# As networking-calico registers them (its common/config.py).
CALICO = [
    cfg.StrOpt("openstack_region"), cfg.StrOpt("elector_name"), cfg.StrOpt("etcd_username"),
    cfg.StrOpt("etcd_password", secret=True), cfg.StrOpt("etcd_key_file"), cfg.StrOpt("etcd_cert_file"),
    cfg.StrOpt("etcd_ca_cert_file"), cfg.IntOpt("num_port_status_threads", default=4),
    cfg.IntOpt("etcd_compaction_period_mins", default=60),
    cfg.IntOpt("etcd_compaction_min_revisions", default=1000),
]
LOGIN = "keystone_authtoken"
RABBIT = "oslo_messaging_rabbit"
NOTIFICATIONS = "oslo_messaging_notifications"
# Where each of our options comes from.
PLACES = {
    "control_exchange": ("DEFAULT", "control_exchange"),
    "rpc_timeout": ("DEFAULT", "rpc_response_timeout"),
    "notification_topics": (NOTIFICATIONS, "topics"),
    "os_region_name": (LOGIN, "region_name"),
    "os_interface": (LOGIN, "interface"),
    "os_cacert": (LOGIN, "cafile"),
    "os_cert": (LOGIN, "certfile"),
    "os_key": (LOGIN, "keyfile"),
    "insecure": (LOGIN, "insecure"),
    "region": ("calico", "openstack_region"),
    "elector_name": ("calico", "elector_name"),
    "etcd_username": ("calico", "etcd_username"),
    "etcd_password": ("calico", "etcd_password"),
    "etcd_ca_file": ("calico", "etcd_ca_cert_file"),
    "etcd_cert_file": ("calico", "etcd_cert_file"),
    "etcd_key_file": ("calico", "etcd_key_file"),
    "port_status_threads": ("calico", "num_port_status_threads"),
    "compaction_period": ("calico", "etcd_compaction_period_mins"),
    "compaction_min_revisions": ("calico", "etcd_compaction_min_revisions"),
}
LOGIN_OPTIONS = ("auth_url username user_id password user_domain_name user_domain_id project_name project_id "
                 "project_domain_name project_domain_id application_credential_id "
                 "application_credential_name application_credential_secret token").split()


def fresh(case):
    """A ConfigOpts with everything registered, that has read the case's files."""
    conf = cfg.ConfigOpts()
    for name, info in cfg.CONF._opts.items():
        if name not in ("config_file", "config_dir", "config_source"):
            register = conf.register_cli_opt if info["cli"] else conf.register_opt
            register(copy.deepcopy(info["opt"]))
            if "default" in info:
                conf.set_default(name, info["default"])
    for name in ("nova",):
        conf.register_opts([copy.deepcopy(info["opt"]) for info in cfg.CONF._groups[name]._opts.values()], group=name)
    conf.register_opts(CALICO, group="calico")
    conf.register_opts(copy.deepcopy(middleware._OPTS), group=LOGIN)
    conf.register_opts(copy.deepcopy(notifier._notifier_opts), group=NOTIFICATIONS)
    conf.register_opts(copy.deepcopy(client._client_opts))
    conf.register_opts(copy.deepcopy(transport._transport_opts))
    conf.set_default("control_exchange", "neutron")
    conf(case["args"], project="neutron", default_config_files=case.get("default_files", []),
         default_config_dirs=case.get("default_dirs", []), use_env=False)
    # Ends with every option of the driver registered; connects to nothing by itself.
    impl_rabbit.RabbitDriver(conf, transport.TransportURL.parse(conf, "rabbit://"))
    return conf


def read(conf, group, name):
    try:
        return conf._get(name) if group == "DEFAULT" else conf[group][name]
    except Exception as error:
        return {"error": type(error).__name__}


def read_login(conf):
    """As keystonemiddleware's _create_auth_plugin does it."""
    loading.register_auth_conf_options(conf, LOGIN)
    group = conf[LOGIN].auth_section or LOGIN
    values = {"auth_type": read(conf, group, "auth_type")}
    if not isinstance(values["auth_type"], str) or not values["auth_type"]:
        return values
    plugin = loading.get_plugin_loader(values["auth_type"])
    options = plugin.get_options()
    conf.register_opts([option._to_oslo_opt() for option in options], group=group)
    for option in options:
        if option.dest in LOGIN_OPTIONS:
            values[option.dest] = read(conf, group, option.dest)
    return values


def read_bus(conf, url):
    """What the driver would connect to."""
    try:
        parsed = transport.TransportURL.parse(conf, url)
        proxy = rpc_common.ConfigOptsProxy(conf, parsed, RABBIT)
        rabbit = proxy.oslo_messaging_rabbit
        values = {"tls": rabbit.ssl, "caFile": rabbit.ssl_ca_file, "certFile": rabbit.ssl_cert_file,
                  "keyFile": rabbit.ssl_key_file}
        hosts = []
        for host in parsed.hosts:
            as_url = impl_rabbit.Connection._transform_transport_url(IPV6, parsed, host)
            found = kombu.Connection(as_url)
            hosts.append({"host": found.hostname, "port": found.port, "username": found.userid or "guest",
                          "password": found.password or "guest"})
            values["virtualHost"] = found.virtual_host
        return dict(values, hosts=hosts)
    except Exception as error:
        return {"error": type(error).__name__}


class IPV6:
    """What the method uses of its connection."""

    @staticmethod
    def _parse_url_hostname(hostname):
        return "[%s]" % hostname if hostname and ":" in hostname else hostname


def answer(case):
    try:
        conf = fresh(case)
    except (Exception, SystemExit) as error:
        return {"error": type(error).__name__}
    values = {name: read(conf, *place) for name, place in PLACES.items()}
    values.update(read_login(conf))
    url = read(conf, "DEFAULT", "transport_url")
    other = read(conf, NOTIFICATIONS, "transport_url")
    values["bus"] = url if isinstance(url, dict) else read_bus(conf, url)
    values["notifications"] = other if isinstance(other, dict) else read_bus(conf, other or url)
    return values


def defaults():
    """The defaults of all registered options, and the older names that they have."""
    conf = fresh({"args": []})
    loading.register_auth_conf_options(conf, LOGIN)
    plugin = loading.get_plugin_loader("password")
    conf.register_opts([option._to_oslo_opt() for option in plugin.get_options()], group=LOGIN)
    found = {}
    for group, infos in [("DEFAULT", conf._opts)] + [(name, group._opts) for name, group in conf._groups.items()]:
        for name, info in infos.items():
            value = info.get("default", info["opt"].default)
            found["%s.%s" % (group, name)] = {
                "default": value if isinstance(value, (str, int, bool, float)) else None,
                "older": ["%s.%s" % (old.group or group, old.name or name) for old in info["opt"].deprecated_opts],
            }
    return found


json.dump({"defaults": defaults(), "answers": [answer(case) for case in json.load(sys.stdin)]}, sys.stdout)
