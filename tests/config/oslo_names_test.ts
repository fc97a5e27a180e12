/** What several files of oslo.config's come to together; `tests/oslo/` compares it with oslo.config itself. */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import type { ConfigText } from "../../lib/config/config_paths.ts";
import { type ConfigInput, resolveConfig } from "../../lib/config/resolve.ts";
import type { OptionName } from "../../lib/config/options.ts";
import { parseConfigFile } from "../../lib/config/oslo_file.ts";

const MIN = "[keystone_authtoken]\nauth_url = http://10.0.0.2:5000\nusername = n\npassword = x\n" +
  "project_name = service\n";

function resolve(files: readonly ConfigText[], more: Partial<ConfigInput> = {}) {
  const resolved = resolveConfig({ flags: {}, env: {}, files, hostname: "ctl-7", ...more });
  const of = (name: OptionName) => {
    const { value, source } = resolved.effective.find(({ option }) => option.name === name)!;
    return [value, source];
  };
  return { ...resolved, of };
}

Deno.test("a name stands for what any of the files says, or for Neutron's default", () => {
  const { of } = resolve([
    {
      path: "a.conf",
      text: `${MIN}region_name = $DEFAULT_REGION$$\ncafile = \${state_path}/\${host}.pem`,
    },
    { path: "b.conf", text: "[keystone_authtoken]\npassword = $nova.region_name-$bind_port\n" },
    { path: "c.conf", text: "[nova]\nregion_name = north\n[DEFAULT]\nbind_port = 007\n" },
  ]);
  assertEquals(of("os_cacert")[0], "/var/lib/neutron/ctl-7.pem");
  assertEquals(of("password"), ["north-7", "b.conf [keystone_authtoken] password"]);
  assertEquals(of("os_region_name")[0], "$DEFAULT_REGION$");
});

Deno.test("an older name counts in its file, the newer name more, a later file most", () => {
  const { of } = resolve([
    {
      path: "a.conf",
      text: `${MIN}[oslo_messaging_rabbit]\nssl_ca_file = /a\nrabbit_use_ssl = On\n`,
    },
    {
      path: "b.conf",
      text:
        "[oslo_messaging_rabbit]\nkombu_ssl_ca_certs = /b\nssl_cert_file=/c\nkombu_ssl_keyfile=/k\n" +
        "[keystone_authtoken]\nuser-name = older\ntenant_name = tenant\nauth_plugin = v3password\n" +
        "[DEFAULT]\nnotification_transport_url = rabbit://h/\n[rpc_notifier2]\ntopics = t\n",
    },
  ]);
  assertEquals(of("bus_ca_file"), ["/b", "b.conf [oslo_messaging_rabbit] kombu_ssl_ca_certs"]);
  assertEquals(of("bus_tls"), ["On", "a.conf [oslo_messaging_rabbit] rabbit_use_ssl"]);
  assertEquals([of("username")[0], of("project_name")[0]], ["older", "tenant"]);
  assertEquals([of("auth_type")[0], of("notification_topics")[0]], ["v3password", "t"]);
  assertEquals(of("notification_url")[0], "rabbit://h/");
});

Deno.test("a value that is empty hides those of earlier files", () => {
  const { of } = resolve([
    { path: "a.conf", text: `${MIN}cafile = /ca\n[oslo_messaging_rabbit]\nssl_ca_file = /ca\n` },
    {
      path: "b.conf",
      text: "[keystone_authtoken]\ncafile =\n[oslo_messaging_rabbit]\nkombu_ssl_ca_certs =\n",
    },
  ]);
  assertEquals([of("os_cacert"), of("bus_ca_file")], [[null, "default"], [null, "default"]]);
});

Deno.test("auth_section's section is the whole login, but for what the middleware reads beside it", () => {
  const { of } = resolve([
    {
      path: "a.conf",
      text: `${MIN}user_domain_name = d\nregion_name = north\nauth_section = Other\n`,
    },
    {
      path: "b.conf",
      text: "[other]\nauth_url = http://10.0.0.3:5000\nuser_name = m\npassword = $username\n" +
        "project_id = 1\nregion_name = south\n",
    },
  ]);
  assertEquals([of("username")[0], of("password")[0]], ["m", "$username"]);
  assertEquals([of("project_name")[0], of("user_domain_name")[0]], [null, "Default"]);
  assertEquals([of("auth_url")[0], of("os_region_name")[0]], ["http://10.0.0.3:5000", "north"]);
});

Deno.test("a transport URL's query is over [oslo_messaging_rabbit], and under what counts more than the URL", () => {
  const text = (query: string) =>
    `${MIN}[DEFAULT]\ntransport_url = rabbit://h/?${query}\n[oslo_messaging_rabbit]\nssl = yes\nssl_ca_file=/a`;
  const bus = (query: string, env: Record<string, string> = {}) => {
    const { tls, caFile } = resolve([{ path: "n.conf", text: text(query) }], { env }).config.bus!;
    return [tls, caFile];
  };
  assertEquals(bus(""), [true, "/a"]);
  assertEquals(bus("ssl=0&ssl_ca_file=/b"), [false, "/b"]);
  assertEquals(bus("ssl=0", { CONDUCTOR_BUS_TLS: "true" }), [true, "/a"]);
});

Deno.test("whole numbers and booleans are what oslo.config reads", () => {
  const { config } = resolve([{
    path: "n.conf",
    text: `${MIN}[DEFAULT]\nrpc_response_timeout = " +1_20 "\ntransport_url = rabbit://h\n` +
      "[oslo_messaging_rabbit]\nssl = ON\n",
  }]);
  assertEquals([config.bus?.rpcTimeoutMs, config.bus?.tls], [120_000, true]);
});

Deno.test("what oslo.config's own directory and a named file say differently is warned of", () => {
  const { warnings, of } = resolve([
    { path: "/etc/neutron/neutron.conf", text: `${MIN}region_name = a\n` },
    {
      path: "/etc/neutron/neutron.conf.d/x.conf",
      text: "[keystone_authtoken]\nregion_name = b\nusername = n\n",
      implied: true,
    },
  ]);
  assertEquals(of("os_region_name")[0], "b");
  const said = warnings.filter((line) => line.includes("--config-dir"));
  assertEquals(said.length, 1);
  assertMatch(
    said[0]!,
    /^\[keystone_authtoken\] region_name is \/etc\/neutron\/neutron\.conf\.d\/x/,
  );
});

Deno.test("names that stand for one another without end, or a thousand in a row, stay and are told of", () => {
  const chain = Array.from({ length: 20_000 }, (_, i) => `n${i} = $n${i + 1}\n`).join("");
  const { of, warnings } = resolve([{
    path: "a.conf",
    text: `${MIN}region_name = $loop\nloop = $pool\npool = $loop\ncafile = /$n0\n${chain}`,
  }]);
  assertEquals(of("os_region_name")[0], "$loop");
  assertMatch(String(of("os_cacert")[0]), /^\/\$n\d+$/);
  assertEquals(warnings.filter((text) => text.includes("has a $name")).length, 2);
});

Deno.test("white space inside a value takes no longer than its length", () => {
  const time = (inside: string, times: number) => {
    const from = performance.now();
    for (let i = 0; i < times; i++) {
      assertEquals(parseConfigFile(`[a]\nk = x${inside}y \t\n`).get("a.k"), `x${inside}y`);
    }
    return performance.now() - from;
  };
  const letters = time("z".repeat(40_000), 200);
  const spaces = time(" ".repeat(40_000), 1);
  assert(spaces < letters, `${spaces} ms for one with spaces, ${letters} ms for 200 with letters`);
});
