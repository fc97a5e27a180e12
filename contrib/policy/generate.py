#!/usr/bin/env python3
"""Writes the policy file that gives calico-conductor's service user its rights, for the Neutron or
Keystone of this machine:

    generate.py --namespace neutron [--config-file /etc/neutron/neutron.conf]... > calico_conductor.yaml

A policy file replaces a rule's default, so a rule with one role more has to say the default again, and
that is another in every release. It is therefore read from the service itself, with what its
configuration says of policies: files, `enforce_new_defaults`, rules of plugins. (The output of
`oslopolicy-policy-generator` is not enough: it leaves out the deprecated rules that are still obeyed.)

- What the control plane reads: the rule, and the role before it. First, because what comes later costs
  Neutron a look into its database for every port.
- What changes something and could be allowed to this role, as to anybody in a project of their own: the
  rule, but not for this role.

Nothing changes for anybody without the role. No rule that others refer to is touched, but for the one
that opens the view on all projects.
"""
import argparse
import sys

from oslo_policy import _checks
from oslo_policy import policy
from stevedore import named

ROLE = "role:calico_conductor"

READ = {
    "neutron": [
        "get_port", "get_port:binding:host_id", "get_port:binding:vif_type", "get_port:binding:profile",
        "get_network", "get_subnet", "get_floatingip",
        "get_security_group", "get_security_group_rule", "get_address_group",
        "get_policy", "get_policy_bandwidth_limit_rule", "get_policy_packet_rate_limit_rule",
        # For doctor, which looks whether Neutron's agents are alive.
        "get_agent",
    ],
    # Names and parents, which become labels of the endpoints.
    "keystone": ["identity:list_projects"],
}
# What keeps lists from being confined to the user's own project, the newest first. (By neutron-lib.)
VIEWS = ["context_with_global_access", "context_is_advsvc"]
CHANGES = ("create_", "update_", "delete_", "add_", "remove_", "insert_")


class Reach:
    """Which rules somebody with no other role could satisfy, whatever the object and the project."""

    def __init__(self, rules, granted):
        self.rules = rules
        self.granted = granted

    def of(self, name):
        """(it can be allowed, it can be refused)"""
        allowed, refused = self._of(self.rules[name]) if name in self.rules else (False, True)
        return (True, False) if name in self.granted else (allowed, refused)

    def _of(self, check):
        if isinstance(check, _checks.TrueCheck):
            return True, False
        if isinstance(check, _checks.FalseCheck):
            return False, True
        if isinstance(check, _checks.RoleCheck):
            # A name that is taken from the object could be any.
            return "%(" in check.match, True
        if isinstance(check, _checks.RuleCheck):
            return self.of(check.match)
        if isinstance(check, _checks.NotCheck):
            allowed, refused = self._of(check.rule)
            return refused, allowed
        if isinstance(check, (_checks.AndCheck, _checks.OrCheck)):
            parts = [self._of(part) for part in check.rules]
            allowed, refused = zip(*parts)
            if isinstance(check, _checks.AndCheck):
                return all(allowed), any(refused)
            return any(allowed), all(refused)
        return True, True


def text_of(check):
    """As a rule that can be part of another one."""
    text = str(check)
    return text if text.startswith("(") or " " not in text else "(%s)" % text


def granted(check):
    if isinstance(check, _checks.FalseCheck):
        return ROLE
    # Everybody may: no role is needed.
    if isinstance(check, _checks.TrueCheck):
        return None
    return "%s or %s" % (ROLE, text_of(check))


def is_change(name, defaults):
    """Whether a request that changes something is judged by it; parts of such (`a:b`) come on top."""
    if name == "default":
        return True
    if name.startswith("get_") or ":" in name:
        return False
    if name in defaults:
        return isinstance(defaults[name], policy.DocumentedRuleDefault)
    return name.startswith(CHANGES)


def generate(namespace, enforcer):
    """Rules by name, what is read first."""
    enforcer.load_rules()
    rules, defaults = enforcer.rules, enforcer.registered_rules
    ours = sorted(name for name in rules if ROLE in str(rules[name]))
    if ours:
        sys.exit("the policy names %s already (%s): move that file away, and run this again"
                 % (ROLE, ", ".join(ours)))
    view = [name for name in VIEWS if name in rules][:1] if namespace == "neutron" else []
    wanted = view + [name for name in READ[namespace] if name in rules]
    made = {name: granted(rules[name]) for name in wanted}
    if namespace == "neutron":
        reach = Reach(rules, set(wanted))
        for name in sorted(rules):
            if is_change(name, defaults) and reach.of(name)[0]:
                made[name] = "not %s and %s" % (ROLE, text_of(rules[name]))
    return {name: text for name, text in made.items() if text is not None}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--namespace", required=True, choices=sorted(READ))
    # The service itself reads the others: --config-file and --config-dir.
    known, sys.argv[1:] = parser.parse_known_args()
    namespace = known.namespace
    found = named.NamedExtensionManager(
        "oslo.policy.enforcer", names=[namespace], invoke_on_load=True,
        on_missing_entrypoints_callback=lambda names: sys.exit("%s is not installed here" % namespace))
    made = generate(namespace, found[namespace].obj)
    print("# Rights of calico-conductor's service user: a file for [oslo_policy] policy_dirs of this\n"
          "# release of %s. Written by contrib/policy/generate.py." % namespace.capitalize())
    for name, text in made.items():
        print('"%s": "%s"' % (name, text.replace("\\", "\\\\").replace('"', '\\"')))


if __name__ == "__main__":
    main()
