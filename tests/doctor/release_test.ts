import { releaseOf } from "../../lib/doctor/release.ts";
import { Extensions } from "../../lib/openstack/extensions.ts";
import { assertEquals } from "../support/assert.ts";

/** What each release's Neutron has of the extensions that tell (router, tags and availability loaded). */
const BROUGHT: readonly (readonly [release: string, aliases: readonly string[]])[] = [
  ["Zed", [
    "qos-rule-type-filter",
    "standard-attr-tag",
    "network-ip-availability",
    "l3_agent_scheduler",
  ]],
  ["2023.2", ["network_ha", "security-groups-default-rules"]],
  ["2024.1", ["security-groups-rules-belongs-to-default-sg"]],
  ["2024.2", ["tag-creation", "subnet-external-network"]],
  ["2025.1", ["quota-check-limit-default"]],
  ["2026.1", ["network-ip-availability-details"]],
  ["2026.2", [
    "floating-ip-router-writable",
    "aap-reject-multicast",
    "security-groups-default-statefulness",
  ]],
];

function aliasesOf(release: string): string[] {
  const last = BROUGHT.findIndex(([name]) => name === release);
  return BROUGHT.slice(0, last + 1).flatMap(([, aliases]) => aliases);
}

const told = (aliases: readonly string[] | null) => releaseOf(new Extensions(aliases));

const SAID: readonly (readonly [release: string, said: string])[] = [
  ["Zed", "between Yoga and 2023.1"],
  ["2023.2", "between 2023.2 and 2024.1"],
  ["2024.1", "2024.1"],
  ["2024.2", "between 2024.2 and 2025.2"],
  ["2025.1", "between 2025.1 and 2025.2"],
  ["2026.1", "2026.1"],
  ["2026.2", "2026.2 or later"],
];

for (const [release, said] of SAID) {
  Deno.test(`the extensions of ${release} are told as ${said}`, () =>
    assertEquals(told(aliasesOf(release)), said));
}

Deno.test("what a mechanism driver or another router plugin may leave out says nothing by being absent", () => {
  const without = (...left: string[]) =>
    told(aliasesOf("2026.2").filter((alias) => !left.includes(alias)));
  assertEquals(without("aap-reject-multicast"), "2026.2 or later");
  assertEquals(
    without(
      "aap-reject-multicast",
      "security-groups-default-statefulness",
      "floating-ip-router-writable",
      "l3_agent_scheduler",
    ),
    "2026.1 or later",
  );
});

Deno.test("nothing is said of a release where nothing tells", () => {
  assertEquals(told(null), "unknown");
  assertEquals(told([]), "unknown");
  assertEquals(told(["binding"]), "unknown");
  assertEquals(told(["standard-attr-tag"]), "2024.1 or earlier");
  assertEquals(
    told(["aap-reject-multicast", "standard-attr-tag"]),
    "unknown: it has what 2026.2 brought, and lacks what came before",
  );
});
