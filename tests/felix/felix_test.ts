/** What the conductor writes, before Felix's own judges. `run.sh` builds them. @module */
import { Random } from "../../lab/random.ts";
import { seedCloud } from "../../lab/seed.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { checkCloud, checkEndpoints, checkVerdicts, Findings } from "./check.ts";
import { type Cloud, desiredOf, type Item, pairOf } from "./cloud.ts";
import { drawnClouds, HOSTS, uuid } from "./drawn_cloud.ts";
import { Judge } from "./judge.ts";
import { untreatedPolicy } from "./untreated.ts";

const CLOUDS = Number(Deno.env.get("FELIX_CLOUDS") ?? "20000");
const SEED = Number(Deno.env.get("FELIX_SEED") ?? "1");
const BATCH = 500;

function startJudge(): Judge {
  const path = Deno.env.get("FELIX_JUDGE");
  if (!path) throw new Error("no FELIX_JUDGE: start these tests with `deno task test:felix`");
  return new Judge(path);
}

function assertNothingWrong({ wrong, counts }: Findings): void {
  const counted = JSON.stringify(counts);
  assert(wrong.length === 0, `${counted}\n${wrong.slice(0, 5).join("\n")}`);
  if (counts.objects > 100) Deno.stdout.writeSync(new TextEncoder().encode(`${counted}\n`));
}

Deno.test("the lab's cloud: Felix takes every object and programs every endpoint", async () => {
  const lab = seedCloud(new Random(1), { ports: 200, hosts: 5 });
  const cloud: Cloud = {
    region: null,
    projects: lab.projects,
    networks: lab.list("networks"),
    subnets: lab.list("subnets"),
    qosPolicies: lab.list("policies"),
    securityGroups: lab.list("security_groups"),
    addressGroups: [],
    ports: lab.list("ports"),
    floatingIps: lab.list("floatingips"),
  };
  const desired = desiredOf(cloud);
  const pairs = desired.map((want) => pairOf(want, null));
  await using judge = startJudge();
  const judged = await judge.cloud(pairs, lab.hosts);
  const findings = new Findings();
  checkVerdicts(desired, pairs, judged, findings);
  checkEndpoints(cloud, desired, judged, findings);
  assertNothingWrong(findings);
  assertEquals(findings.counts.endpoints, 200);
});

Deno.test("drawn clouds: nothing is refused, no rule lets more pass than Neutron's", async () => {
  const findings = new Findings();
  await using judge = startJudge();
  for (let done = 0; done < CLOUDS && findings.wrong.length === 0; done += BATCH) {
    const clouds = drawnClouds(Math.min(BATCH, CLOUDS - done), SEED + done);
    for (const cloud of clouds) await checkCloud(cloud, judge, findings);
  }
  assertNothingWrong(findings);
  assert(findings.counts.exactRules > 0 && findings.counts.leftOutRules > 0);
});

const NO_PEER = { remote_ip_prefix: null, remote_group_id: null, remote_address_group_id: null };
type Content = [protocol: string | number | null, min: number | null, max: number | null];

function ruleWith([protocol, port_range_min, port_range_max]: Content, number: number): Item {
  const ethertype = protocol === "58" ? "IPv6" : "IPv4";
  const rule = { direction: "ingress", ethertype, protocol, port_range_min, port_range_max };
  return { id: uuid("f", number), ...rule, ...NO_PEER };
}

/** What Neutron takes and Felix does not, when it is written as it stands. */
const REFUSED: readonly Content[] = [
  ["hopopt", null, null],
  ["ip", null, null],
  ["1", 3, 255],
  ["dccp", 5, 9],
  ["udplite", 5, 9],
  ["icmp", 255, null],
];
/** What Felix takes as it stands, as a rule that means something else. */
const DIFFERENT: readonly Content[] = [["icmp", null, 3], ["1", 8, 0], ["58", 128, 0], [
  "58",
  null,
  null,
]];
const PAIRS = ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0", "10.244.0.0/16"];

/** A cloud with one VM, which is in one group. */
function smallCloud(rules: readonly Item[], pairs: readonly string[]): Cloud {
  return {
    region: null,
    projects: [],
    networks: [],
    subnets: [],
    qosPolicies: [],
    securityGroups: [{ id: uuid("9", 0), name: "one", security_group_rules: rules }],
    addressGroups: [],
    ports: [{
      id: uuid("1", 0),
      network_id: uuid("c", 0),
      device_id: uuid("2", 0),
      device_owner: "compute:nova",
      mac_address: "fa:16:3e:00:00:01",
      project_id: uuid("e", 0),
      status: "ACTIVE",
      fixed_ips: [{ subnet_id: uuid("d", 4), ip_address: "10.0.0.5" }],
      allowed_address_pairs: pairs.map((ip_address) => ({ ip_address })),
      security_groups: [uuid("9", 0)],
      "binding:host_id": HOSTS[0]!,
      "binding:vif_type": "tap",
    }],
    floatingIps: [],
  };
}

for (const content of [...REFUSED, ...DIFFERENT]) {
  Deno.test(`rule ${JSON.stringify(content)}: taken, and no wider than Neutron's`, async () => {
    await using judge = startJudge();
    const findings = new Findings();
    await checkCloud(smallCloud([ruleWith(content, 0)], []), judge, findings);
    assertNothingWrong(findings);
  });
}

for (const pair of PAIRS) {
  Deno.test(`allowed address pair ${pair}: no route to the VM`, async () => {
    await using judge = startJudge();
    const findings = new Findings();
    await checkCloud(smallCloud([], [pair]), judge, findings);
    assertNothingWrong(findings);
  });
}

Deno.test("one bad rule and nine good ones: Felix programs the nine", async () => {
  const good = Array.from({ length: 9 }, (_, n) => ruleWith(["tcp", n + 1, n + 1], n));
  const cloud = smallCloud([...good, ruleWith(["dccp", 5, 9], 9)], []);
  await using judge = startJudge();
  const desired = desiredOf(cloud);
  const { hosts } = await judge.cloud(desired.map((want) => pairOf(want, null)), [HOSTS[0]!]);
  const [policy] = Object.values(hosts[HOSTS[0]!]!.policies);
  assertEquals((policy!.inboundRules as unknown[]).length, 9);
});

Deno.test("written as it stands, each of these rules costs the group its policy", async () => {
  await using judge = startJudge();
  for (const content of REFUSED) {
    const pair = untreatedPolicy({
      id: uuid("9", 0),
      security_group_rules: [ruleWith(["tcp", 22, 22], 0), ruleWith(content, 1)],
    });
    const { verdicts } = await judge.cloud([pair], []);
    assertEquals(verdicts[0]!.accepted, false, JSON.stringify(content));
  }
});

Deno.test("written as they stand, many of the drawn groups are refused", async () => {
  const groups = drawnClouds(200, SEED).flatMap((cloud) => cloud.securityGroups);
  await using judge = startJudge();
  const { verdicts } = await judge.cloud(groups.map(untreatedPolicy), []);
  const refused = verdicts.filter(({ accepted }) => !accepted).length;
  assert(refused > groups.length / 10, `${refused} of ${groups.length}`);
  assert(refused < groups.length, "even the good ones are refused: the judge is wrong");
});
