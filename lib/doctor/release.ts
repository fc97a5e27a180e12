/**
 * Which release a Neutron is, as far as its extensions tell: it has no version of its own in the API (its
 * list of versions says v2.0 in all of them). What an extension is there for is at least the release that
 * brought it; what a plugin that is there lacks of its later self is older than that. What mechanism drivers
 * may leave out (the extensions of ML2) says nothing by being absent. Pure.
 *
 * @module
 */
import type { Extensions } from "../openstack/extensions.ts";

/** In their order, as far as they are told apart; what comes after the last one looks like it. */
const RELEASES = [
  "Yoga",
  "Zed",
  "2023.1",
  "2023.2",
  "2024.1",
  "2024.2",
  "2025.1",
  "2025.2",
  "2026.1",
  "2026.2",
] as const;
type Release = typeof RELEASES[number];

/** The first release with an extension (the lists of ML2 and of the plugins below, Neutron 21 to 29). */
const SINCE: readonly (readonly [alias: string, release: Release])[] = [
  ["floating-ip-router-writable", "2026.2"],
  ["aap-reject-multicast", "2026.2"],
  ["security-groups-default-statefulness", "2026.2"],
  ["network-ip-availability-details", "2026.1"],
  ["quota-check-limit-default", "2025.1"],
  ["tag-creation", "2024.2"],
  ["subnet-external-network", "2024.2"],
  ["security-groups-rules-belongs-to-default-sg", "2024.1"],
  ["security-groups-default-rules", "2023.2"],
  ["network_ha", "2023.2"],
  ["qos-rule-type-filter", "Yoga"],
];

/** An extension that a plugin has from a release on, and one that only this plugin has, in every release. */
const ALWAYS: readonly (readonly [alias: string, besides: string, release: Release])[] = [
  ["floating-ip-router-writable", "l3_agent_scheduler", "2026.2"],
  ["network-ip-availability-details", "network-ip-availability", "2026.1"],
  ["tag-creation", "standard-attr-tag", "2024.2"],
  ["network_ha", "l3_agent_scheduler", "2023.2"],
];

/** The release in words: one, the two that it is between, the one that it is not older or newer than. */
export function releaseOf(extensions: Extensions): string {
  if (extensions.aliases === null) return "unknown";
  const rank = (release: Release) => RELEASES.indexOf(release);
  const oldest = Math.max(
    -1,
    ...SINCE.filter(([alias]) => extensions.has(alias)).map(([, release]) => rank(release)),
  );
  const newest = Math.min(
    RELEASES.length,
    ...ALWAYS.filter(([alias, besides]) => extensions.has(besides) && !extensions.has(alias))
      .map(([, , release]) => rank(release) - 1),
  );
  const [from, to] = [RELEASES[oldest], RELEASES[newest]];
  if (from === undefined) return to === undefined ? "unknown" : `${to} or earlier`;
  if (to === undefined) return `${from} or later`;
  if (oldest > newest) return `unknown: it has what ${from} brought, and lacks what came before`;
  return oldest === newest ? from : `between ${from} and ${to}`;
}
