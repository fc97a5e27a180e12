/** Configuration files drawn from a seed, of which oslo.config can make something. */
import fc from "fast-check";
import { BASE } from "./cases.ts";
import type { Case, Registered } from "./oslo_config.ts";

const NAMES = [
  "host",
  "rpc_response_timeout",
  "state_path",
  "control_exchange",
  "nova.region_name",
  "debug",
];
const text = fc.oneof(
  fc.constantFrom(
    "a",
    "a b",
    "a#b",
    "a;b=c:d",
    "ä€",
    "100%",
    "%(x)s",
    "$$",
    "\\$x",
    "'",
    '"',
    "$ ",
    "/a/b.pem",
  ),
  fc.constantFrom(...NAMES).map((name) => `\${${name}}`),
  fc.constantFrom(...NAMES).map((name) => `$${name}/`),
);
const word = fc.array(text, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""))
  .map((value) => /^(["'])(.*\1)?$/.test(value) ? `x${value}` : value);
/** As it is written: quoted, continued, with space around it. */
function written(values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const form = fc.constantFrom<(value: string) => string>(
    (value) => value,
    (value) => `"${value}"`,
    (value) => `'${value}'`,
    (value) => `  ${value}\t `,
    (value) => `${value}\n  more`,
  );
  return fc.tuple(values, form).map(([value, make]) => make(value));
}
const plain = (values: fc.Arbitrary<string>) =>
  fc.tuple(values, fc.constantFrom("", " ", '"')).map(([value, around]) => around + value + around);
const number = plain(fc.constantFrom("7", "07", "+8", "1_0"));
const truth = plain(fc.constantFrom("true", "False", "1", "0", "on", "OFF", "yes", "No"));
const path = fc.oneof(written(word), fc.constant(""));
const hosts = fc.array(
  fc.constantFrom("a:b@h", "a:%24@h:7", "h2", "c@h3", "${nova.region_name}:x@h4"),
  { minLength: 1, maxLength: 3 },
).map((all) => all.join(","));
const url = fc.tuple(
  hosts,
  fc.constantFrom("", "/", "/v", "//", "/%2F", "/v?ssl=1", "/?ssl=no&ssl_ca_file=/q"),
)
  .map(([all, rest]) => `rabbit://${all}${rest}`);

/** Options by place, each with what may stand there. */
const OPTIONS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  "DEFAULT.control_exchange": plain(fc.constantFrom("neutron", "n-${host}", "$$n")),
  "DEFAULT.debug": truth,
  "DEFAULT.host": plain(fc.constantFrom("ctl-1", "10.0.0.9")),
  "DEFAULT.rpc_response_timeout": number,
  "DEFAULT.state_path": plain(fc.constantFrom("/srv", "/srv/${host}")),
  "DEFAULT.transport_url": plain(url),
  "calico.elector_name": plain(fc.constantFrom("e1", "e2")),
  "calico.etcd_compaction_period_mins": number,
  "calico.etcd_password": written(word),
  "calico.num_port_status_threads": number,
  "calico.openstack_region": plain(fc.constantFrom("north", "south")),
  "keystone_authtoken.auth_url": plain(
    fc.constantFrom("http://10.1.1.1:5000/v3", "http://10.1.1.2:$rpc_response_timeout"),
  ),
  "keystone_authtoken.cafile": path,
  "keystone_authtoken.insecure": truth,
  "keystone_authtoken.interface": plain(fc.constantFrom("public", "admin", "internalURL")),
  "keystone_authtoken.password": written(word),
  "keystone_authtoken.project_name": written(word),
  "keystone_authtoken.region_name": written(word),
  "keystone_authtoken.user_domain_name": written(word),
  "keystone_authtoken.username": written(word),
  "oslo_messaging_notifications.topics": plain(
    fc.constantFrom("a", "a, b", "a,b ,c", "$control_exchange"),
  ),
  "oslo_messaging_notifications.transport_url": plain(url),
  "oslo_messaging_rabbit.ssl": truth,
  "oslo_messaging_rabbit.ssl_ca_file": path,
};

/** Cases of this seed. @param registered what the release knows, its older names among it */
export function drawCases(
  count: number,
  seed: number,
  registered: Readonly<Record<string, Registered>>,
): Case[] {
  const assignment = fc.constantFrom(...Object.keys(OPTIONS)).chain((place) => {
    const names = [place, ...registered[place]?.older ?? []];
    return fc.tuple(
      fc.constantFrom(...names),
      OPTIONS[place]!,
      fc.constantFrom(" = ", "=", ": ", " :"),
    );
  });
  const noise = fc.constantFrom("", "# a = b", "; x", "[other]\na = b", "   ");
  const chunk = fc.tuple(assignment, noise, fc.boolean()).map(
    ([[place, value, separator], extra, upper]) => {
      const section = place.slice(0, place.indexOf("."));
      const heading = upper && section !== "DEFAULT" ? section.toUpperCase() : section;
      return `${extra}\n[${heading}]\n${place.slice(section.length + 1)}${separator}${value}\n`;
    },
  );
  const file = fc.array(chunk, { minLength: 1, maxLength: 12 }).map((chunks) => chunks.join(""));
  const files = fc.array(file, { minLength: 1, maxLength: 4 });
  // What names stand for must be a value that all of their places can take.
  const usual = "[nova]\nregion_name = nova-r\n[keystone_authtoken]\nregion_name = r\n";
  return fc.sample(files, { numRuns: count, seed }).map((texts, index) => {
    const named = texts.map((text, i) => [i % 2 ? `d/${i}.conf` : `${i}.conf`, text] as const);
    const all = { "base.conf": BASE + usual, ...Object.fromEntries(named) };
    const args = Object.keys(all).filter((name) => !name.startsWith("d/"));
    return {
      name: `drawn file ${index}`,
      files: all,
      args: named.length > 1 ? [...args, "d/"] : args,
    };
  });
}
