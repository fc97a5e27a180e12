import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { ConfigError } from "../../lib/config/config_error.ts";
import { type ConfigInput, resolveConfig } from "../../lib/config/resolve.ts";
import { OPTIONS } from "../../lib/config/options.ts";

/** What is warned of, but for what a cloud without Keystone and bus is. */
function warnings(text: string, env: ConfigInput["env"] = {}): readonly string[] {
  const files = [{ path: "neutron.conf", text }];
  return resolveConfig({ flags: { lab: "on" }, env, files, hostname: "n" }).warnings;
}

const CASES: [why: string, text: string, says: RegExp][] = [
  [
    "a misspelt key",
    "[calico]\nopenstack_regoin = north",
    /^neutron\.conf: \[calico\] openstack_regoin is not known: did you mean openstack_region\?$/,
  ],
  ["keys have a case", "[calico]\nEtcd_Host = x", /Etcd_Host is not known: did you mean etcd_host/],
  [
    "an option that no file has",
    "[calico]\nelection_ttl = 20",
    /election_ttl is not known: that option is --election-ttl or CONDUCTOR_ELECTION_TTL, or \[conductor\] election_ttl$/,
  ],
  [
    "a misspelt key of our own section",
    "[conductor]\nelection_tll = 20",
    /\[conductor\] election_tll is not known: did you mean election_ttl\?$/,
  ],
  [
    "our own section, misspelt",
    "[conducter]\nregion = x",
    /\[conducter\]: did you mean \[conductor\]\?/,
  ],
  [
    "an option that has another name here",
    "[calico]\ncompaction_period = 5",
    /compaction_period is not known: did you mean etcd_compaction_period_mins\?/,
  ],
  [
    "an option that stands in another section, and is a secret",
    "[calico]\ntransport_url = rabbit://u:hidden@h/",
    /that option is CONDUCTOR_TRANSPORT_URL, or \[DEFAULT\] transport_url$/,
  ],
  ["what is near nothing", "[calico]\nzzzzzzzzzz = 1", /zzzzzzzzzz is not known: .*--help/],
  ["a misspelt section", "[calcio]\nelector_name = x", /\[calcio\]: did you mean \[calico\]\?/],
  [
    "a $name that no option has",
    "[DEFAULT]\nx = 1\n[keystone_authtoken]\nregion_name = pa$hidden",
    /^neutron\.conf, line 4: \[keystone_authtoken\] region_name has a \$name that is no option known/,
  ],
];
for (const [why, text, says] of CASES) {
  Deno.test(`an operator's file: ${why} is named`, () => {
    const said = warnings(text);
    assert(said.some((line) => says.test(line)), said.join("\n"));
    assert(!said.join().includes("hidden"), "no value is shown");
  });
}

Deno.test("what networking-calico and Neutron know is not called unknown", () => {
  const known = [
    ...["etcd_host", "etcd_port", "etcd_scheme", "etcd_timeout", "project_name_cache_max"],
    ...["fairy_gc_diagnostics", "startup_resync_inject_per_item_delay_ms"],
    ...OPTIONS.flatMap(({ ini }) => ini).filter((place) => place.startsWith("calico."))
      .map((place) => place.slice("calico.".length)),
  ].filter((key) => !/file|startup_resync$/.test(key));
  const text = `[DEFAULT]
core_plugin = calico
verbose = anything
[calico]
${known.map((key) => `${key} = 1`).join("\n")}
[ml2]
mechanism_drivers = calico
`;
  const input = { flags: {}, env: {}, files: [{ path: "neutron.conf", text }], hostname: "n" };
  const said = resolveConfig(input).warnings.join("\n");
  assert(!/not known|did you mean|cannot be read/.test(said), said);
});

Deno.test("a name of the environment that is no option is told with the nearest right one", () => {
  assertEquals(warnings("", { CONDUCTOR_ETDC: "x", CONDUCTOR_REGION: "north", PATH: "y" }), [
    "CONDUCTOR_ETDC in the environment is no option: did you mean CONDUCTOR_ETCD?",
  ]);
  assertMatch(warnings("", { CONDUCTOR_XYZZYX: "hidden" })[0]!, /^CONDUCTOR_XYZZYX .*--help/);
  // Kubernetes sets these by itself, and what is empty is not set.
  const kubernetes = {
    CONDUCTOR_SERVICE_HOST: "10.0.0.1",
    CONDUCTOR_SERVICE_PORT_HTTP: "9797",
    CONDUCTOR_PORT: "tcp://10.0.0.1:9797",
    CONDUCTOR_PORT_9797_TCP_ADDR: "10.0.0.1",
    CONDUCTOR_OLD: "",
  };
  assertEquals(warnings("", kubernetes), []);
});

Deno.test("a file that is no INI is refused, and no lab starts in its stead", async () => {
  const clouds = "clouds:\n  prod:\n    auth:\n      password: hidden\n";
  for (
    const [path, text] of [
      ["clouds.yaml", clouds],
      ["x.json", `{\n  "etcd_host": "hidden"\n}`],
      ["x.bin", "\x7fELF\0\0\0 hidden"],
      ["notes", "hidden = 1"],
    ] as const
  ) {
    const input = { flags: {}, env: {}, files: [{ path, text }], hostname: "n" };
    const error = await assertRejects(
      () => Promise.resolve().then(() => resolveConfig(input)),
      ConfigError,
    );
    assert(error.message.startsWith(`--config-file ${path} is no oslo INI file`), error.message);
    assert(!error.message.includes("hidden"), error.message);
    assertEquals(/--os-cloud/.test(error.message), path.includes("clouds") || path === "x.json");
  }
  // Nothing but comments, and settings before any section, which are understood.
  assertEquals(warnings("# nothing\n\n"), []);
  assertEquals(warnings("control_exchange = neutron"), []);
});
