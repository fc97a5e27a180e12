"""Fills a new Keystone: service users, projects with parents, the catalogue.

    keystone_setup.py KEYSTONE_URL NEUTRON_URL     (admin/admin, made by keystone-manage bootstrap)
"""
import json
import sys
import urllib.request

KEYSTONE, NEUTRON = sys.argv[1:3]
token = None


def call(method, path, body=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["X-Auth-Token"] = token
    request = urllib.request.Request(KEYSTONE + path, method=method, headers=headers,
                                     data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        raw = answer.read()
        return answer.headers, json.loads(raw) if raw else None


def make(kind, plural=None, **body):
    return call("POST", "/" + (plural or kind + "s"), {kind: body})[1][kind]["id"]


scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
user = {"name": "admin", "domain": {"id": "default"}, "password": "admin"}
identity = {"methods": ["password"], "password": {"user": user}}
token = call("POST", "/auth/tokens", {"auth": {"identity": identity, "scope": scope}})[0][
    "X-Subject-Token"]

roles = {role["name"]: role["id"] for role in call("GET", "/roles")[1]["roles"]}
# The tests' administrator is Nova, too: only the role `service` sets a port's binding:profile since 2025.1.
# Keystone makes the role itself since 2023.1.
if "service" not in roles:
    roles["service"] = make("role", name="service")
admin = call("GET", "/users?name=admin")[1]["users"][0]["id"]
admins = call("GET", "/projects?name=admin")[1]["projects"][0]["id"]
call("PUT", "/projects/%s/users/%s/roles/%s" % (admins, admin, roles["service"]))
service = make("project", name="service", domain_id="default")
# What neutron-server itself uses to check tokens.
neutron = make("user", name="neutron", password="neutron", domain_id="default")
call("PUT", "/projects/%s/users/%s/roles/%s" % (service, neutron, roles["admin"]))
# The least that calico-conductor needs: a role of its own, which policy.d/ gives its rights.
role = make("role", name="calico_conductor")
conductor = make("user", name="conductor", password="conductor", domain_id="default")
call("PUT", "/projects/%s/users/%s/roles/%s" % (service, conductor, role))

parent = make("project", name="customers", domain_id="default")
for name in ("alpha", "beta", "gamma <&> Ünïcode/…"):
    make("project", name=name, domain_id="default", parent_id=parent)
make("project", name="orphan", domain_id="default")

network = make("service", name="neutron", type="network")
for interface in ("public", "internal", "admin"):
    make("endpoint", interface=interface, service_id=network, region_id="RegionOne", url=NEUTRON)
