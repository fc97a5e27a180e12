/**
 * Differences put together that are the same in many objects: "42 ports: /spec/profileIDs/1 "a" -> "b"". Only
 * what is known to the last character counts as the same. Pure.
 *
 * @module
 */
import { z } from "zod";
import type { Kind } from "../model/kinds.ts";
import { type Difference, differenceSchema } from "./difference_log.ts";
import { changeSchema, type JsonChange } from "./json_changes.ts";

/** Groups that are told. */
const MAX_GROUPS = 100;
/** Objects that a group names. */
const MAX_SUBJECTS = 10;

/** Objects that differ in the same places, with the same values before and after. */
export const differenceGroupSchema = differenceSchema.pick({ action: true, kind: true }).extend({
  count: z.number().int().positive().meta({ description: "Objects" }),
  changes: z.array(changeSchema).meta({ description: "What is the same in all of them" }),
  subjects: z.array(differenceSchema.shape.subject).meta({
    description: "The first of Neutron's objects",
  }),
}).meta({ id: "DifferenceGroup" });
export type DifferenceGroup = z.infer<typeof differenceGroupSchema>;

/** What places need to be told one by one. */
type Told = Pick<Difference, "action" | "kind" | "changes" | "moreChanges">;

/** Whether the places tell the whole difference: else its lines do. */
export function isTold({ action, changes, moreChanges }: Told): boolean {
  return action === "update" && changes.length > 0 && moreChanges === 0 &&
    changes.every(({ path, clipped }) => path !== "" && !clipped);
}

/** The same for all objects that differ in the same way; null: nobody can say whether another does. */
export function groupKey(difference: Told): string | null {
  const { kind, changes } = difference;
  return isTold(difference) ? JSON.stringify([kind, changes]) : null;
}

/** Objects with those that differ in the same way beside them, in the order in which each way comes first. */
export function grouped(objects: readonly Difference[]): Difference[][] {
  const groups: Difference[][] = [];
  const known = new Map<string, Difference[]>();
  for (const object of objects) {
    const key = groupKey(object);
    const group = key === null ? undefined : known.get(key);
    if (group) {
      group.push(object);
      continue;
    }
    const made = [object];
    groups.push(made);
    if (key !== null) known.set(key, made);
  }
  return groups;
}

/** The groups of two objects and more, the largest first; the first {@linkcode MAX_GROUPS} of them. */
export function groupsOf(objects: readonly Difference[]): DifferenceGroup[] {
  return grouped(objects).filter(({ length }) => length > 1)
    .sort((a, b) => b.length - a.length).slice(0, MAX_GROUPS).map((group) => {
      const { action, kind, changes } = group[0]!;
      const subjects = group.slice(0, MAX_SUBJECTS).map(({ subject }) => subject);
      return { action, kind, count: group.length, changes, subjects };
    });
}

const WORDS: Readonly<Record<Kind, string>> = {
  NetworkPolicy: "security group",
  WorkloadEndpoint: "port",
  LiveMigration: "live migration",
  Subnet: "subnet",
};

/** What an object of a kind is to an operator; an unknown kind is its name. */
export function wordOf(kind: string): string {
  return Object.hasOwn(WORDS, kind) ? WORDS[kind as Kind] : kind;
}

/** A value as JSON; "nothing" where there is none. */
export function valueText(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

/** One place: `/spec/node "host-1" -> "host-2"`. */
export function placeText({ path, before, after }: JsonChange): string {
  return `${path} ${valueText(before)} -> ${valueText(after)}`;
}
