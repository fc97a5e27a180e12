#!/bin/sh
# What oslopolicy-policy-generator prints as the effective policy of a service is not what the service enforces:
# with [oslo_policy] enforce_new_defaults off (the default of Zed) it leaves out the deprecated rules that are
# obeyed beside the new ones. The output, put in place as policy file, takes rights away from those who had
# them.
#
# Version: oslo.policy 6.0.1 and 4.0.0, that of Zed (OSLO_POLICY=4.0.0). Seen on 2026-11-28:
#   enforced: (role:member or role:old)
#   printed: role:member
#   role old by default: allowed
#   role old with the printed file: refused
#
# So a policy file that only adds a role to a default is made from the rules that the service has loaded, as
# contrib/policy/generate.py does it.
#
# Exit code 0: it is still so. Needs Python 3.11 and pip; works in a temporary folder, connects to nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "oslo.policy==${OSLO_POLICY:-6.0.1}"
# A service with one rule, which replaces an older one.
mkdir -p "$folder/packages/demo-1.dist-info"
cat >"$folder/packages/demo.py" <<'END_OF_SERVICE'
from oslo_config import cfg
from oslo_policy import policy

RULE = "demo:read"


def enforcer(file="none.yaml"):
    conf = cfg.ConfigOpts()
    conf([])
    made = policy.Enforcer(conf, policy_file=file)
    conf.set_override("enforce_new_defaults", False, "oslo_policy")
    older = policy.DeprecatedRule(RULE, "role:old", deprecated_reason="renewed", deprecated_since="1")
    paths = [{"path": "/", "method": "GET"}]
    made.register_default(policy.DocumentedRuleDefault(
        RULE, "role:member", "reads", paths, deprecated_rule=older))
    return made
END_OF_SERVICE
printf 'Metadata-Version: 2.1\nName: demo\nVersion: 1\n' >"$folder/packages/demo-1.dist-info/METADATA"
printf '[oslo.policy.enforcer]\ndemo = demo:enforcer\n' >"$folder/packages/demo-1.dist-info/entry_points.txt"
export PYTHONPATH="$folder/packages" PYTHONWARNINGS=ignore XDG_CACHE_HOME="$folder" PATH="$folder/venv/bin:$PATH"
oslopolicy-policy-generator --namespace demo --output-file "$folder/printed.yaml" 2>"$folder/log"
python - "$folder/printed.yaml" >"$folder/seen" 2>>"$folder/log" <<'END_OF_CHECK'
import sys

import demo
import yaml

printed = sys.argv[1]
enforcers = {"by default": demo.enforcer(), "with the printed file": demo.enforcer(printed)}
for enforcer in enforcers.values():
    enforcer.load_rules()
print("enforced: %s" % enforcers["by default"].rules[demo.RULE])
with open(printed) as file:
    print("printed: %s" % yaml.safe_load(file)[demo.RULE])
for name, enforcer in enforcers.items():
    may = enforcer.enforce(demo.RULE, {}, {"roles": ["old"]})
    print("role old %s: %s" % (name, "allowed" if may else "refused"))
END_OF_CHECK
cat >"$folder/expected" <<'END_OF_LINES'
enforced: (role:member or role:old)
printed: role:member
role old by default: allowed
role old with the printed file: refused
END_OF_LINES
cat "$folder/seen"
diff "$folder/expected" "$folder/seen" || { cat "$folder/log" >&2; exit 1; }
