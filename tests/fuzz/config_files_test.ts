/** An operator's files: oslo INI such as neutron.conf, and clouds.yaml with secure.yaml. */
import fc from "fast-check";
import { readCloud } from "../../lib/config/clouds_yaml.ts";
import { ConfigError } from "../../lib/config/config_error.ts";
import { parseConfigFile } from "../../lib/config/oslo_file.ts";
import { formatEffective, resolveConfig } from "../../lib/config/resolve.ts";
import { assert } from "../support/assert.ts";
import { fuzz } from "./fuzz.ts";
import { json, oddText, spoilt } from "./inputs.ts";

const SECRET = "sesame-street";
const INI = `[DEFAULT]
transport_url = rabbit://openstack:${SECRET}@ctl:5672/
region = north
[calico]
etcd_host = 10.0.0.5
etcd_port = 4001
openstack_region = $DEFAULT.region
# a comment
[keystone_authtoken]
auth_url = http://\${DEFAULT.host}:5000/v3
auth_section = other
username = neutron
password = "${SECRET}"
project_name = service
`;
/** A file in which each name stands for others, some of them for itself. */
const references = fc.array(fc.tuple(fc.nat(30), fc.array(fc.nat(31), { maxLength: 4 })), {
  maxLength: 40,
}).map((lines) =>
  lines.map(([name, others]) => `n${name} = ${others.map((other) => `$n${other}`).join(" ")}`)
    .join("\n")
);
fuzz(
  "INI files",
  fc.oneof({ arbitrary: spoilt(INI), weight: 12 }, references, oddText),
  (text) => {
    const values = parseConfigFile(text);
    const files = [{ path: "neutron.conf", text }];
    const { effective, warnings } = resolveConfig({ flags: {}, env: {}, files, hostname: "ctl" });
    const shown = [formatEffective(effective), ...warnings].join("\n");
    assert(!shown.includes(SECRET) || !isSecretPlace(values), shown);
    return values;
  },
  refusesWithoutSecret,
);

/** Whether the secret still stands where a secret stands: a spoilt name may have made it something else. */
function isSecretPlace(values: ReadonlyMap<string, string>): boolean {
  const places = [...values].filter(([, value]) => value.includes(SECRET)).map(([place]) => place);
  return places.every((place) =>
    ["DEFAULT.transport_url", "keystone_authtoken.password"].includes(place)
  );
}

/** A file that cannot be used is refused; a message holds no line of it. */
function refusesWithoutSecret(error: Error): boolean {
  return error instanceof ConfigError;
}

const YAML = `clouds:
  mine: &mine
    auth:
      auth_url: https://ctl:5000/v3
      username: neutron
      password: ${SECRET}
      project_name: service
    region_name: north
    verify: false
  other:
    <<: *mine
    interface: internal
`;
const yamls = fc.oneof(
  { arbitrary: spoilt(YAML), weight: 6 },
  { arbitrary: json.map((text) => `{"clouds":{"mine":${text}}}`), weight: 2 },
  { arbitrary: fc.tuple(oddText, oddText).map(([a, b]) => `${YAML}    ${a}: ${b}\n`), weight: 2 },
  oddText,
);
const names = fc.oneof(fc.constantFrom("mine", "other"), oddText);

fuzz(
  "clouds.yaml",
  fc.tuple(names, yamls, fc.option(yamls, { freq: 4 })),
  ([name, clouds, secure]) => {
    const read = (path: string) =>
      path === "./clouds.yaml" ? clouds : path === "./secure.yaml" ? secure : null;
    try {
      const cloud = readCloud(name, {}, read);
      return [cloud.values, cloud.warnings];
    } catch (error) {
      assert(!String(error).includes(SECRET), "the message shows a secret");
      throw error;
    }
  },
  (error) => error instanceof ConfigError,
);
