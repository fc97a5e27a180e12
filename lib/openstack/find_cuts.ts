/**
 * Where to cut the list of ports when no id is known: at ids of the ports of a few hosts. A host has its ports by
 * chance, so their ids are spread as all are. What is found only decides how long the parts become.
 *
 * @module
 */
import { z } from "zod";
import { OpenstackError } from "./http.ts";
import { chooseCuts, endsOf, placeOf, type Reading } from "./id_space.ts";
import type { NeutronClient } from "./neutron.ts";

/** The ports with the lowest ids, by which it is guessed how many there are. */
const FIRST = 20;
/** Hosts that are asked for. */
const HOSTS = 4;

const firstSchema = z.object({ id: z.string(), "binding:host_id": z.string() });
const idSchema = z.object({ id: z.string() });

/** What is needed of a client. */
export type Cuttable = Pick<NeutronClient, "walk" | "canCut" | "config" | "gate">;

/** How this client reads a list of so many objects, about. */
export function readingOf({ config, gate, canCut }: Cuttable, count: number): Reading {
  return { count, pageSize: config.pageSize, atOnce: canCut ? gate.most : 1 };
}

/** Ids of ports to cut at; none: there are few ports, or Neutron does not say, which fails nothing. */
export async function findCuts(neutron: Cuttable, signal: AbortSignal): Promise<string[]> {
  try {
    return await find(neutron, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OpenstackError) return [];
    throw error;
  }
}

async function find(neutron: Cuttable, signal: AbortSignal): Promise<string[]> {
  if (!neutron.canCut) return [];
  const fields = ["id", "binding:host_id"];
  const walk = neutron.walk("ports", firstSchema, { fields, pageSize: FIRST });
  const first = (await walk.next(signal))?.items ?? [];
  if (walk.done || first.length === 0) return [];
  const reading = readingOf(neutron, Math.floor(first.length / placeOf(first.at(-1)!.id)));
  if (endsOf(reading).length < 2) return [];
  const hosts = new Set(first.map((port) => port["binding:host_id"]).filter((host) => host !== ""));
  const ids: string[] = [];
  for (const host of [...hosts].slice(0, HOSTS)) {
    const where = [["binding:host_id", host]] as const;
    const ofHost = neutron.walk("ports", idSchema, { fields: ["id"], where });
    const page = await ofHost.next(signal);
    // The beginning of a long list is not spread as all are.
    if (ofHost.done) { for (const { id } of page?.items ?? []) ids.push(id); }
  }
  return chooseCuts(ids, reading);
}
