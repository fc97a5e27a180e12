/**
 * Gives up permissions of this process for good. A binary is compiled with one set of permissions for all
 * that it may become; what a process of it does not need goes first. (Processes that it starts are not
 * bound by it: they get their own row.)
 *
 * @module
 */
import { KINDS } from "./grants.ts";

/** All kinds of permissions. */
export const ALL_KINDS = [...KINDS, "ffi", "import"] as const;

/** What to give up: a whole kind, `sys` of one name, or one program of a list of them. */
export type Droppable =
  | typeof ALL_KINDS[number]
  | { readonly sys: string }
  | { readonly run: string };

/**
 * What a supervisor can do without once it knows its configuration and where it runs. From source, what is left of
 * `run` is its own executable, and `cat` for what the kernel tells of a process that hinders all others; of a kind
 * that was granted without a list, as the binary's `run`, Deno takes back all or nothing.
 */
export const SUPERVISOR_CAN_DO_WITHOUT: readonly Droppable[] = [
  "net",
  "ffi",
  "import",
  "env",
  { sys: "hostname" },
  { sys: "statfs" },
  { run: "sh" },
];

/** Gives them up; what was not granted stays so. */
export async function dropPermissions(kinds: readonly Droppable[]): Promise<void> {
  for (const kind of kinds) {
    await Deno.permissions.revoke(descriptorOf(kind));
  }
}

function descriptorOf(kind: Droppable): Deno.PermissionDescriptor {
  if (typeof kind === "string") return { name: kind } as Deno.PermissionDescriptor;
  return "run" in kind
    ? { name: "run", command: kind.run }
    : { name: "sys", kind: kind.sys } as Deno.PermissionDescriptor;
}
