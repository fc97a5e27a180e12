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

/** What to give up: a whole kind, or `sys` of one name. */
export type Droppable = typeof ALL_KINDS[number] | { readonly sys: string };

/** Gives them up; what was not granted stays so. */
export async function dropPermissions(kinds: readonly Droppable[]): Promise<void> {
  for (const kind of kinds) {
    const descriptor = typeof kind === "string" ? { name: kind } : { name: "sys", kind: kind.sys };
    await Deno.permissions.revoke(descriptor as Deno.PermissionDescriptor);
  }
}
