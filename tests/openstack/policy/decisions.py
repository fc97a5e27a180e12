"""Every decision of the policy of Neutron or Keystone, as this machine's packages and configuration make it.

    decisions.py neutron|keystone --config-file FILE     with the service's own engine

Prints JSON: {"who": [...], "objects": [...], "decisions": {RULE: [one string for each of who, with one
character for each object]}}: `1` allowed, `0` refused, `!` an error. What Neutron takes a user for (its
view, not a rule of a request) is there as rules of the name "context: …".
"""
import inspect
import json
import logging
import sys
import warnings

from oslo_policy import _checks

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
namespace = sys.argv.pop(1)

OWN, OTHER = "project-own", "project-other"
PERSONAS = {
    "nobody": [],
    "reader": ["reader"],
    "member": ["member", "reader"],
    "manager": ["manager", "member", "reader"],
    "service": ["service"],
    "advsvc": ["advsvc"],
    "admin": ["admin", "manager", "member", "reader"],
    "ours": ["calico_conductor"],
}
SCOPES = ["project", "system"]
PROJECTS = ["project_id", "tenant_id"]
PARENTS = ["network", "ext_parent", "security_group"]
# What rules look at beside projects: who shares an object, and what a port belongs to.
KINDS = {
    "plain": {},
    "shared": {"shared": True},
    "external": {"router:external": True},
    "shared with all": {"target_tenant": "*", "target_project": "*"},
    "default group": {"name": "default"},
    "compute": {"device_owner": "compute:nova"},
    "baremetal": {"device_owner": "baremetal:none"},
    "share": {"device_owner": "manila:share"},
}


def objects():
    """By name: each kind in the user's own project, or in none of its; parents in its own, too."""
    for owner in (OWN, OTHER):
        for parents in [()] + [(one,) for one in PARENTS]:
            for kind, extra in KINDS.items():
                # A port belongs to a network; what others are made of is theirs alone.
                if parents and extra and (parents != ("network",) or "device_owner" not in extra):
                    continue
                found = {field: owner for field in PROJECTS}
                for parent in PARENTS:
                    for field in PROJECTS:
                        found["%s:%s" % (parent, field)] = OWN if parent in parents else OTHER
                yield "%s of %s, parents %s" % (kind, owner, "+".join(parents) or "none"), {
                    "id": "object", "shared": False, "router:external": False, "name": "x",
                    "device_owner": "", "target_tenant": OTHER, "target_project": OTHER,
                    "user_id": "user" if owner == OWN else "another", **found, **extra}


def keystone_objects():
    for mine in (True, False):
        user, project, domain = ("user", OWN, "domain") if mine else ("another", OTHER, "elsewhere")
        kinds = ("user", "project", "domain", "group", "role", "credential", "trust", "token", "limit")
        target = {"user_id": user, "project_id": project, "domain_id": domain}
        for kind in kinds:
            for field, value in (("id", user if kind == "user" else domain if kind == "domain" else project),
                                 ("user_id", user), ("project_id", project), ("domain_id", domain),
                                 ("trustor_user_id", user), ("trustee_user_id", user), ("domain.id", domain),
                                 ("user.domain_id", domain)):
                target["target.%s.%s" % (kind, field)] = value
        target["target.domain_id"] = domain
        target["target"] = {}
        yield "the user's own" if mine else "another's", target


def neutron_users():
    from neutron_lib import context
    # Its name, of old and today.
    project = "tenant_id" if "tenant_id" in inspect.signature(context.ContextBase).parameters else "project_id"

    for name, roles in PERSONAS.items():
        for scope in SCOPES:
            for service_roles in ([], ["service"]) if scope == "project" else ([],):
                known = {"roles": roles, "service_roles": service_roles}
                if scope == "project":
                    known[project] = OWN
                else:
                    known["system_scope"] = "all"
                user = context.Context("user", **known)
                told = {
                    "context: admin": user.is_admin,
                    "context: service": bool(getattr(user, "is_service_role", user.is_advsvc)),
                    "context: global": bool(getattr(user, "has_global_access", False)),
                }
                yield called(name, scope, service_roles), user.to_policy_values(), told


def keystone_users():
    for name, roles in PERSONAS.items():
        for scope in SCOPES:
            known = {"user_id": "user", "roles": roles, "is_admin": False, "is_admin_project": True,
                     "system_scope": "all" if scope == "system" else None,
                     "domain_id": None,
                     "project_id": OWN if scope == "project" else None, "user_domain_id": "domain",
                     "token": None, "service_roles": []}
            yield called(name, scope, []), known, {}


def called(name, scope, service_roles):
    return "%s/%s%s" % (name, scope, "+service token" if service_roles else "")


def enforcer():
    from stevedore import named
    found = named.NamedExtensionManager("oslo.policy.enforcer", names=[namespace], invoke_on_load=True)
    made = found[namespace].obj
    if namespace == "neutron":
        # As neutron-server has it: kinds of checks of its own, and no look into a database.
        from neutron import policy  # noqa: F401
    made.load_rules()
    return made


def decide(engine, rule, target, user):
    # Not by way of `enforce`, which is ten times slower: what it looks at before (scopes that a rule is for)
    # comes from the default, whatever a file says.
    try:
        return "1" if _checks._check(engine.rules[rule], target, user, engine, rule) else "0"
    except Exception:
        return "!"


def main():
    engine = enforcer()
    things = dict(objects() if namespace == "neutron" else keystone_objects())
    users = list(neutron_users() if namespace == "neutron" else keystone_users())
    decisions, known = {}, {}
    for rule in sorted(engine.rules):
        text = str(engine.rules[rule])  # many say the same
        if text not in known:
            known[text] = ["".join(decide(engine, rule, target, user) for target in things.values())
                           for _, user, _ in users]
        decisions[rule] = known[text]
    for name in users[0][2]:
        decisions[name] = ["01"[told[name]] for _, _, told in users]
    documented = [name for name, rule in engine.registered_rules.items()
                  if type(rule).__name__ == "DocumentedRuleDefault"]
    json.dump({"who": [who for who, _, _ in users], "objects": list(things), "requests": documented,
               "decisions": decisions}, sys.stdout)


main()
