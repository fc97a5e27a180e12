/** How far ports' status is compared with Neutron's, in a few words. Pure. @module */
import { formatCount, plural } from "../base/format.ts";
import type { Ports } from "../state/records.ts";

/** The words; null: nothing is known of it. */
export function comparisonText(comparison: Ports["comparison"]): string | null {
  if (!comparison) return null;
  const { is, unsure, persisting } = comparison;
  const rest = unsure === 0 ? "" : `, ${formatCount(unsure)} not compared yet`;
  const stubborn = persisting === 0
    ? ""
    : `, ${plural(persisting, "port")} shown otherwise although Neutron took ${
      persisting === 1 ? "its" : "their"
    } status`;
  switch (is) {
    case "awaiting":
      return `waiting for Neutron's list of ports${rest}`;
    case "comparing":
      return `comparing with Neutron${rest}${stubborn}`;
    case "compared":
      return `compared with Neutron${rest}${stubborn}`;
    case "telling":
      return `not compared with Neutron: no whole list of ports has come, all is told${stubborn}`;
    case "off":
      return "not compared with Neutron: all is told";
  }
}
