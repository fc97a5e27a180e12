import { ConfigError } from "../../lib/config/config_error.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { openHttpClient } from "../../lib/openstack/http_client.ts";
import { readTlsFiles } from "../../lib/diagnostics/tls_files.ts";
import { EtcdTls } from "../../lib/etcd/tls.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

/** Files that are damaged, each with `hidden` where a secret could be, and what is said of them. */
const CLOUDS: readonly (readonly [why: string, text: string, says: RegExp])[] = [
  ["a bracket without its end", "clouds:\n  a: {password: hidden\n", /line 3: bad indent/],
  ["a key twice", "clouds:\n a:\n  password: x\n  password: hidden", /line 4: duplicate key/],
  ["an alias without its anchor", "clouds:\n a:\n  password: *hidden\n", /alias/],
  ["a merge of a text", "clouds:\n a:\n  <<: hidden\n", /merge key/],
  ["a tab", "\thidden: 1", /line 1: tab as indent/],
  ["an escape that is none", 'clouds: {a: {p: "\\q hidden"}}', /line 1: bad dq escape/],
  ["a key that is a list", "clouds: {a: {? [hidden] : 2}}", /line 1: non string key/],
  ["two documents", "clouds: {}\n---\nhidden: 1\n", /line 2: multiple docs/],
  ["JSON that breaks off", '{"clouds": {"a": {"password": "hidden', /line 1: /],
  ["no mapping", "hidden", /has no cloud "a": it has none/],
  ["names that are none", "clouds:\n  a hidden one: {}\n", /has no cloud "a": it has none/],
];
for (const [why, text, says] of CLOUDS) {
  Deno.test(`clouds.yaml with ${why}: the line is named and not quoted`, async () => {
    await using dir = await tempDir();
    const path = `${dir.path}/clouds.yaml`;
    await Deno.writeTextFile(path, text);
    const said = await command(["config", "--os-cloud", "a"], { OS_CLIENT_CONFIG_FILE: path });
    assertMatch(said, says);
    assert(said.includes(path) && !said.includes("hidden"), said);
  });
}

Deno.test("what the parser of YAML only warns of is not printed, with the line that it quotes", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/clouds.yaml`;
  await Deno.writeTextFile(
    path,
    "clouds:\n  a:\n    auth_url: http://h:5000\n    username: u\n    project_name: p\n    password: !mine hidden\n",
  );
  const said = await command(["config", "--os-cloud", "a"], { OS_CLIENT_CONFIG_FILE: path });
  assertMatch(said, /password += \(set\)/);
  assert(!/hidden|Warning/.test(said), said);
});

Deno.test("an INI's lines are named by number, a key only when it may be an option's name", () => {
  const warnings = (text: string) =>
    resolveConfig({
      flags: { lab: "on" },
      env: {},
      files: [{ path: "neutron.conf", text }],
      hostname: "n",
    }).warnings;
  const said = warnings("[calico]\n\nh1dd3n2==\nhidden three = x\n'hidden4' = y\n");
  assert(!/h[i1]dd[e3]n/.test(said.join("\n")), said.join("\n"));
  assertEquals(said.filter((line) => /line \d+ in \[calico\] gives something/.test(line)), [
    "neutron.conf: line 3 in [calico] gives something that is no option's name",
    "neutron.conf: line 4 in [calico] gives something that is no option's name",
    "neutron.conf: line 5 in [calico] gives something that is no option's name",
  ]);
});

Deno.test("an INI that oslo.config refuses is refused here as well, by file and line and nothing of it", async () => {
  const text = "[calico]\nhidden1\nk = v\n\n  hidden4\n[hidden5\nhidden6-\n= hidden7\n[]\n";
  const error = await assertRejects(
    () =>
      Promise.resolve().then(() =>
        resolveConfig({ flags: {}, env: {}, files: [{ path: "n.conf", text }], hostname: "n" })
      ),
    ConfigError,
  );
  assertEquals(error.message.split("\n"), [
    "n.conf, line 2, is no [section] and no key = value: oslo.config refuses the file as well",
    "n.conf, line 5, is indented and continues no value: oslo.config refuses the file as well",
    "n.conf, line 6, begins a [section] that does not end, or has no name: oslo.config refuses the file as well",
    "n.conf, line 7, is no [section] and no key = value: oslo.config refuses the file as well",
    "n.conf, line 8, is no [section] and no key = value: oslo.config refuses the file as well",
    "n.conf: 1 more such lines",
  ]);
});

Deno.test("a file that is no PEM is named and not quoted, wherever it is read", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/x.pem`;
  const body = btoa("hidden".repeat(20));
  const texts = [
    "hidden",
    "-----BEGIN CERTIFICATE-----\nhidden!\n-----END CERTIFICATE-----\n",
    `-----BEGIN CERTIFICATE-----\n${body}\n-----END hidden-----\n`,
    `-----BEGIN hidden KEY-----\n${body}\n-----END hidden KEY-----\n`,
    "-----BEGIN PRIVATE KEY-----\nhidden",
  ];
  const all = { caFile: path, certFile: path, keyFile: path };
  const readers: Record<string, () => unknown> = {
    openstack: () => openHttpClient(all)?.close(),
    "openstack's CA": () => openHttpClient({ ...all, certFile: null })?.close(),
    etcd: () => new EtcdTls(all),
    page: () => readTlsFiles({ cert: path, key: path }),
  };
  for (const text of texts) {
    await Deno.writeTextFile(path, text);
    for (const [who, read] of Object.entries(readers)) {
      const message = await Promise.resolve().then(() => read()).then(() => "", String);
      assert(!message.includes("hidden") && !message.includes(body), `${who}: ${message}`);
    }
  }
});

/** All that a command prints. */
async function command(args: readonly string[], env: Record<string, string>): Promise<string> {
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-qA", main, ...args],
    env,
  }).output();
  return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
}
