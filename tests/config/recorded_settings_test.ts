import fc from "fast-check";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { ConfigError } from "../../lib/config/config_error.ts";
import { recordSettings, resolveRecorded } from "../../lib/config/recorded_settings.ts";
import { type ConfigInput, formatEffective, resolveConfig } from "../../lib/config/resolve.ts";

const NODE: ConfigInput = {
  flags: { state_dir: "/s", election_ttl: "20", neutron_url: "http://ctl:9696" },
  env: { HOME: "/h", CONDUCTOR_PASSWORD: "hidden2", OS_USERNAME: "neutron" },
  files: [{
    path: "neutron.conf",
    text: `[DEFAULT]
transport_url = rabbit://u:hidden3@ctl/
[keystone_authtoken]
auth_url = http://ctl:5000
project_name = service
password = hidden4
`,
  }],
  hostname: "ctl-1",
};
const none: ConfigInput = { flags: {}, env: {}, files: [], hostname: "elsewhere" };

Deno.test("what is recorded has every setting and no secret, and comes to the same configuration", () => {
  const { config, effective } = resolveConfig(NODE);
  const recorded = recordSettings(effective);
  assert(!/hidden/.test(JSON.stringify(recorded)), JSON.stringify(recorded));
  const again = resolveRecorded(recorded, { ...NODE, flags: {}, hostname: "elsewhere" }, {});
  assertEquals(again.missing, []);
  assertEquals(again.config, config);
  assertEquals(formatEffective(again.effective).includes("hidden"), false);
  for (const line of ["node_name .* ctl-1 .*default", "password .*set.*CONDUCTOR_PASSWORD"]) {
    assert(new RegExp(line).test(formatEffective(again.effective)), line);
  }
});

Deno.test("a lab comes out as it was", () => {
  const lab = resolveConfig({
    ...none,
    env: { HOME: "/h" },
    flags: { lab_openstack_port: "1234" },
  });
  const again = resolveRecorded(recordSettings(lab.effective), none, {});
  assertEquals(again.missing, []);
  assertEquals(again.config, lab.config);
});

Deno.test("a secret counts only from where the node has it, or as the operator gives it now", () => {
  const recorded = recordSettings(resolveConfig(NODE).effective);
  const envs = (env: ConfigInput["env"], given: ConfigInput["env"]) =>
    resolveRecorded(recorded, { ...none, env, files: NODE.files }, given).missing
      .map(({ env }) => env);
  // neutron.conf has another password, and an openrc a third one: the node uses neither.
  assertEquals(envs({ OS_PASSWORD: "mine" }, {}), ["CONDUCTOR_PASSWORD"]);
  assertEquals(envs({}, { OS_PASSWORD: "mine" }), ["CONDUCTOR_PASSWORD"]);
  assertEquals(envs({ CONDUCTOR_PASSWORD: "p" }, {}), []);
  const given = { CONDUCTOR_PASSWORD: "p" };
  const { config, missing } = resolveRecorded(recorded, { ...none, files: NODE.files }, given);
  assertEquals(missing, []);
  const { credential } = config.openstack;
  assertEquals(credential?.method === "password" && credential.password, "p");
  const noFiles = resolveRecorded(recorded, none, given).missing;
  assertEquals(noFiles, [{
    env: "CONDUCTOR_TRANSPORT_URL",
    source: "neutron.conf [DEFAULT] transport_url",
  }]);
});

Deno.test("what a node of another version has recorded is refused, not guessed", async () => {
  const recorded = recordSettings(resolveConfig(NODE).effective);
  const other = recorded.map((one) =>
    one.name === "log_format" ? { ...one, value: "hieroglyphs" } : one
  );
  const resolve = () => Promise.resolve().then(() => resolveRecorded(other, none, {}));
  const error = await assertRejects(resolve, ConfigError);
  assert(/another version: log_format/.test(error.message), error.message);
  // An option that one of them does not know yet has its default.
  const older = recorded.filter(({ name }) => name !== "log_format");
  const newer = [...older, { ...recorded[0]!, name: "not_known_yet" }];
  assertEquals(resolveRecorded(newer, none, {}).config.log.format, "text");
});

Deno.test("no secret is ever recorded, whatever it is", () => {
  const secrets = ["etcd_password", "password", "token", "api_token", "transport_url"] as const;
  fc.assert(fc.property(fc.stringMatching(/^[a-zA-Z0-9]{8,20}$/), (secret) => {
    const marked = `zz${secret}`;
    const env = Object.fromEntries(secrets.map((name) => [
      `CONDUCTOR_${name.toUpperCase()}`,
      name === "transport_url" ? `rabbit://u:${marked}@h/` : marked,
    ]));
    const { effective } = resolveConfig({ ...none, env: { ...env, HOME: "/h" } });
    assert(!JSON.stringify(recordSettings(effective)).includes(marked));
  }));
});
