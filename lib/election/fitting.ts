/** What nodes have left in etcd, cut so that it fits into the state file whatever they have written. Pure. @module */
import { clip } from "../base/clip.ts";
import type { NodeRecord, TermRecord } from "../state/records.ts";

const MAX_NAME = 253;
const MAX_TEXT = 500;
const MAX_ROLES = 20;

/** A term with texts of a length that one record of many may take. */
export function cutTerm({ keyGone, ...term }: TermRecord): TermRecord {
  const { node, id, reason } = term;
  return {
    ...term,
    node: clip(node, MAX_NAME),
    id: clip(id, MAX_TEXT),
    reason: reason && clip(reason, MAX_TEXT),
    ...keyGone && { keyGone: { ...keyGone, by: clip(keyGone.by, MAX_NAME) } },
  };
}

/** A node, likewise; its page's address is short already. */
export function cutNode({ name, version, roles, diagnostics, ...node }: NodeRecord): NodeRecord {
  return {
    ...node,
    name: clip(name, MAX_NAME),
    version: clip(version, MAX_NAME),
    roles: roles.slice(0, MAX_ROLES).map((role) => clip(role, MAX_NAME)),
    diagnostics: clip(diagnostics, MAX_NAME),
  };
}

/** The first records, as long as they take no more than `maxBytes` in the state file. */
export function fitting<T>(records: readonly T[], maxBytes: number): T[] {
  let bytes = 0;
  return records.filter((record) => (bytes += bytesOf(JSON.stringify(record))) <= maxBytes);
}

/** V8 writes a text with a character beyond Latin 1 in two bytes each. */
function bytesOf(text: string): number {
  return /[\u0100-\uffff]/.test(text) ? 2 * text.length : text.length;
}
