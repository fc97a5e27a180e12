/** Who asks something of a node, in words that are safe to show. Pure. @module */
import { clip } from "../base/clip.ts";
import { escapeControls } from "../base/escape_controls.ts";
import type { SystemUser } from "../process/system_user.ts";

const MAX_NAME_CHARS = 64;
/** Longest description of who asked, characters. */
export const MAX_BY_CHARS = 200;

/** Who asks by a command. */
export function onCommandLine({ uid, name, login }: SystemUser): string {
  const user = uid === null ? "an unknown user" : describeUser(uid, name);
  const from = login === null ? "" : `, logged in as ${describeUser(login.uid, login.name)},`;
  return `${user}${from} on the command line`;
}

/** Who asks through the API: from which address, and whether with the token (which is not told). */
export function throughApi(address: string | null, withToken: boolean): string {
  const from = address === null ? "an unknown address" : safe(address, MAX_NAME_CHARS);
  return `the API from ${from}, ${withToken ? "with the token" : "without a token"}`;
}

function describeUser(uid: number, name: string | null): string {
  return name === null ? `uid ${uid}` : `${safe(name, MAX_NAME_CHARS)} (uid ${uid})`;
}

/** Who asked, as it may be shown, whoever wrote it. */
export function safeBy(by: string): string {
  return safe(by, MAX_BY_CHARS);
}

function safe(text: string, max: number): string {
  return clip(escapeControls(text.slice(0, max + 1)), max);
}
