/**
 * The files of `contrib/policy/`, by each release's own policy engine: they give our role the rights to read,
 * and change no decision for anybody else. A release is that of `RELEASE`; no service runs.
 */
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import {
  compare,
  type Decisions,
  decisions,
  generate,
  isOurs,
  NAMESPACES,
  RELEASE,
  shipped,
} from "./support/policy.ts";

/** No folder of policies. */
const NONE = { dir: null };
const READS = [
  "get_port",
  "get_port:binding:host_id",
  "get_port:binding:vif_type",
  "get_port:binding:profile",
  "get_network",
  "get_subnet",
  "get_floatingip",
  "get_security_group",
  "get_security_group_rule",
  "get_address_group",
  "get_policy",
  "get_policy_bandwidth_limit_rule",
  "get_policy_packet_rate_limit_rule",
  "get_agent",
];

/** What our role may, of a rule: a string of each user who has it. */
function ours({ who, decisions }: Decisions, rule: string): string[] {
  return who.flatMap((name, i) => isOurs(name) ? [decisions[rule]![i]!] : []);
}

/** Requests of Neutron that change something. */
function changes({ requests }: Decisions): string[] {
  return requests.filter((name) => !name.startsWith("get_") && !name.includes(":"));
}

/** With our file beside what a configuration has. */
async function generated(
  configured: { enforceNewDefaults?: boolean; file?: string },
  check: (before: Decisions, after: Decisions) => void,
  text = (made: string) => made,
): Promise<void> {
  const seen = await Deno.makeTempDir();
  try {
    const file = configured.file === undefined ? {} : { file: `${seen}/policy.yaml` };
    const plain = { ...NONE, ...configured, ...file };
    if (configured.file !== undefined) await Deno.writeTextFile(file.file!, configured.file);
    const dir = `${seen}/policy.d`;
    await Deno.mkdir(dir);
    await Deno.writeTextFile(`${dir}/ours.yaml`, text(await generate("neutron", plain)));
    check(
      await decisions("neutron", plain),
      await decisions("neutron", { ...plain, dir }),
    );
  } finally {
    await Deno.remove(seen, { recursive: true });
  }
}

function assertOursOnly(before: Decisions, after: Decisions): void {
  const { compared, differences } = compare(before, after);
  assert(compared > 10_000, `${compared} decisions`);
  assertEquals(differences.slice(0, 10), []);
  for (const rule of READS) {
    if (!(rule in after.decisions)) continue;
    for (const seen of ours(after, rule)) assertEquals(seen, "1".repeat(seen.length), rule);
  }
  const refused = changes(after);
  assert(refused.length > 50, refused.join());
  for (const rule of [...refused, "default"]) {
    for (const may of ours(after, rule)) assertEquals(may, "0".repeat(may.length), rule);
  }
}

Deno.test("the files of contrib/policy change no decision for anybody without our role", async (t) => {
  for (const namespace of NAMESPACES) {
    await t.step(namespace, async () => {
      const [before, after] = [
        await decisions(namespace, NONE),
        await decisions(namespace, { dir: shipped(namespace) }),
      ];
      const { compared, differences } = compare(before, after);
      const more = Object.keys(after.decisions).filter((rule) =>
        ours(before, rule).join() !== ours(after, rule).join()
      );
      const refused = namespace === "neutron" ? changes(after).length : 0;
      // deno-lint-ignore no-console -- the table of docs/openstack.md
      console.log(
        `| ${RELEASE} | ${namespace} | ${Object.keys(before.decisions).length} | ` +
          `${compared.toLocaleString("en-US")} | ${differences.length} | ${refused} |`,
      );
      assertEquals(differences.slice(0, 10), []);
      if (namespace === "neutron") return assertOursOnly(before, after);
      assertEquals(more, ["identity:list_projects"]);
      for (const may of ours(after, more[0]!)) assertEquals(may, "1".repeat(may.length));
    });
  }
});

Deno.test("the file of the release is what its generator writes", async () => {
  const file = await Deno.readTextFile(`${shipped("neutron")}/calico_conductor.yaml`);
  assertEquals(await generate("neutron", NONE), file);
});

Deno.test("a file for the other enforce_new_defaults changes none either", () =>
  // Zed obeys deprecated rules beside the new ones unless told otherwise; later releases the other way round.
  generated({ enforceNewDefaults: RELEASE === "zed" }, assertOursOnly));

Deno.test("nor does one that is generated beside an operator's own rules", () => {
  const file = `
"owner": "project_id:%(project_id)s and not role:auditor"
"admin_only": "rule:context_is_admin or role:netadmin"
"get_network": "role:auditor or rule:admin_or_owner"
"update_port": "rule:admin_or_owner or role:nobody"
"create_widget": "rule:admin_or_owner"
`;
  return generated({ file }, assertOursOnly);
});

Deno.test("the comparison sees a rule that others are made of", () =>
  generated({}, (before, after) => {
    const { differences } = compare(before, after);
    assert(differences.some((text) => text.includes("nobody/project")), differences[0] ?? "none");
  }, (made) => `${made}"admin_only": "rule:context_is_admin or rule:regular_user"\n`));

Deno.test("the generator does not take its own file for the release's policy", async () => {
  const error = await assertRejects(
    () => generate("neutron", { dir: shipped("neutron") }),
    Error,
  );
  assert(String(error).includes("names role:calico_conductor already"), String(error));
});
