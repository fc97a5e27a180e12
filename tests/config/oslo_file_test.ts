import { assertEquals } from "../support/assert.ts";
import { parseConfigFile } from "../../lib/config/oslo_file.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";

/** What a file says, by `section.key`, and why oslo.config reads it so. */
const CASES: [why: string, text: string, values: Record<string, string>][] = [
  ["one pair of quotes goes", `[a]\nk = "x y"\nl='z'\n`, { "a.k": "x y", "a.l": "z" }],
  ["one pair of several", `[a]\nk = ""x""\nl = "`, { "a.k": `"x"`, "a.l": "" }],
  ["quotes that are no pair stay", `[a]\nk = "x\nl = "x'`, { "a.k": `"x`, "a.l": `"x'` }],
  ["nothing is an escape in quotes", `[a]\nk = "a\\"b\\n"`, { "a.k": `a\\"b\\n` }],
  ["what quotes hold in keeps its space", `[a]\nk = " x "`, { "a.k": " x " }],
  ["comment beats are comments at the start only", `[a]\n# k = 1\n;k = 2\nk = a#b ; c`, {
    "a.k": "a#b ; c",
  }],
  ["the first of = and : divides", `[a]\nk: v=w\nl = v:w\nm=`, {
    "a.k": "v=w",
    "a.l": "v:w",
    "a.m": "",
  }],
  ["an indented line continues the value", `[a]\nk = x,\n  y\n\tz\nl = 1`, {
    "a.k": "x,\ny\nz",
    "a.l": "1",
  }],
  ["a comment beat in such a line belongs to it", `[a]\nk = x\n  # y`, { "a.k": "x\n# y" }],
  ["a blank line and a comment end it", `[a]\nk = x\n\n  y\nl = x\n# c\n  y`, {
    "a.k": "x",
    "a.l": "x",
  }],
  ["per cent signs mean nothing", `[a]\nb = 1\nk = %(b)s 100%`, {
    "a.b": "1",
    "a.k": "%(b)s 100%",
  }],
  ["two sections of one name are one, the last value counts", `[a]\nk=1\nl=1\n[b]\n[a]\nk=2`, {
    "a.k": "2",
    "a.l": "1",
  }],
  ["sections are found in any case", `[Calico]\nk = 1\n[calico]\nl = 2`, {
    "calico.k": "1",
    "calico.l": "2",
  }],
  ["keys are not", `[a]\nK = 1`, { "a.K": "1" }],
  ["dots belong to the key", `[a]\nb.c = 1`, { "a.b.c": "1" }],
  ["other systems' line ends", `[a]\r\nk = 1\r\nl = 2\rm = 3`, {
    "a.k": "1",
    "a.l": "2",
    "a.m": "3",
  }],
  ["a byte order mark does not hide the first section", `\uFEFF[a]\nk = 1`, { "a.k": "1" }],
  ["space around names is nothing", `[a]  \nk  =  1  `, { "a.k": "1" }],
  ["before any section: DEFAULT", `k = 1`, { "DEFAULT.k": "1" }],
  ["what is no assignment is passed over", `[a]\nwords\n[b\n= 1\nk = 1`, { "a.k": "1" }],
  ["two dollar signs, or one after a backslash, are one", `[a]\nk = p$$w\\$d$`, {
    "a.k": "p$w$d$",
  }],
  [
    "a name stands for another option of its section, or of DEFAULT",
    `[DEFAULT]
h = ctl
[a]
u = http://\${h}:$p/$q
p = 1$$
[b]
k = \${a.p}$a.u`,
    {
      "DEFAULT.h": "ctl",
      "a.u": "http://ctl:1$/$q",
      "a.p": "1$",
      "b.k": "1$http://ctl:1$/$q",
    },
  ],
  ["a value that stands for itself ends", `[a]\nk = $k`, { "a.k": "$k" }],
  ["so it does in a circle, and many times over", `[a]\nk = $m\nm = ${"$k".repeat(9)}`, {
    "a.k": "$k".repeat(9),
    "a.m": "$m".repeat(9),
  }],
];
for (const [why, text, values] of CASES) {
  Deno.test(`an oslo file: ${why}`, () => {
    assertEquals(Object.fromEntries(parseConfigFile(text)), values);
  });
}

Deno.test("an oslo file: names stand for a hundred thousand characters in all, others stay", () => {
  const text = `[a]\nlong = ${"x".repeat(60_000)}\none = $long\nother = $long\nshort = y\n`;
  const values = parseConfigFile(text);
  assertEquals(values.get("a.one"), "x".repeat(60_000));
  assertEquals(values.get("a.other"), "$long");
});

Deno.test("a password with a dollar sign is the one that Neutron has", () => {
  const text = `[keystone_authtoken]
auth_url = http://10.0.0.2:5000
username = neutron
project_name = service
auth_section = Service
[Service]
password = pa$$word
`;
  const { config } = resolveConfig({
    flags: {},
    env: {},
    files: [{ path: "neutron.conf", text }],
    hostname: "n",
  });
  const { credential } = config.openstack;
  assertEquals(credential?.method === "password" && credential.password, "pa$word");
});
