#!/bin/sh
# A password with a slash, written in a transport URL as oslo.messaging's documentation says (every other character
# as %nn), cannot be used with RabbitMQ: the driver decodes it, and hands it to kombu in a URL in which the
# slash is not encoded again.
#
# Version: oslo.messaging 18.3.0 with kombu 5.6.2 (14.0.3 with 5.2.4 alike). Seen on 2026-11-28:
#   plain: password ab
#   at sign: password a@b
#   slash: ValueError, Port could not be cast to integer value as 'a'
#
# So a password for RabbitMQ is best made without slashes. calico-conductor logs in with it, where Neutron cannot.
#
# Exit code 0: it is still so. Needs Python 3.11 and pip; works in a temporary folder, connects to nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check oslo.messaging==18.3.0 kombu==5.6.2
"$folder/venv/bin/python" -W ignore - >"$folder/seen" <<'END'
import kombu
from oslo_config import cfg
from oslo_messaging import transport
from oslo_messaging._drivers import impl_rabbit

conf = cfg.ConfigOpts()
conf([])
for name, written in (("plain", "ab"), ("at sign", "a%40b"), ("slash", "a%2Fb")):
    url = transport.TransportURL.parse(conf, "rabbit://user:%s@host:5672/" % written)
    try:
        # What the driver makes of each host before it connects.
        for_kombu = impl_rabbit.Connection._transform_transport_url(None, url, url.hosts[0])
        print("%s: password %s" % (name, kombu.Connection(for_kombu).password))
    except ValueError as error:
        print("%s: ValueError, %s" % (name, error))
END
cat >"$folder/expected" <<'END'
plain: password ab
at sign: password a@b
slash: ValueError, Port could not be cast to integer value as 'a'
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen"
