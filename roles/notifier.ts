/**
 * The supervisor's Worker that writes to the service manager's socket and may do nothing else; see
 * `lib/node/service_manager.ts`. Each message is answered, with the error if it could not be sent.
 *
 * @module
 */
import type { NotifierAnswer, NotifierPlaces } from "../lib/node/service_manager.ts";
import type { WorkerScope } from "../lib/role/parent_channel.ts";

const scope = globalThis as unknown as WorkerScope<NotifierPlaces | string, NotifierAnswer>;
let places: NotifierPlaces | null = null;
let socket: Deno.DatagramConn | null = null;

function open({ local }: NotifierPlaces): Deno.DatagramConn {
  try {
    Deno.removeSync(local);
  } catch { /* nothing is left of an earlier one */ }
  return Deno.listenDatagram({ transport: "unixpacket", path: local });
}

async function send(text: string): Promise<string | null> {
  try {
    socket ??= open(places!);
    const path = places!.socket.replace(/^@/, "\0");
    await socket.send(new TextEncoder().encode(text), { transport: "unixpacket", path });
    return null;
  } catch (error) {
    return String(error);
  }
}

let last: Promise<unknown> = Promise.resolve();
scope.onmessage = ({ data }) => {
  if (typeof data !== "string") {
    places = data;
    return;
  }
  last = last.then(async () => scope.postMessage({ error: await send(data) }));
};
scope.postMessage({ ready: true });
