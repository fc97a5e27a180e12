/**
 * What lives in the heap of a process that runs with Deno's inspector (Chrome DevTools Protocol): what
 * is left when garbage has been collected, which resident memory does not tell.
 *
 * @module
 */

const TIMEOUT_MS = 60_000;

/** The part of V8's heap snapshots that is read here. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: string[]; readonly node_types: [string[]] };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

const CODE = new Set(["code", "hidden", "object shape", "native"]);
/** The one thing of type "native" that is data. */
const BUFFER = "system / JSArrayBufferData";

/** Sum of the sizes of what is no code, bytes. */
export function sizeOfData({ snapshot: { meta }, nodes, strings }: Snapshot): number {
  const fields = meta.node_fields;
  const [type, name, size] = ["type", "name", "self_size"].map((field) => fields.indexOf(field));
  let sum = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    const code = CODE.has(meta.node_types[0][nodes[at + type!]!]!);
    if (!code || strings[nodes[at + name!]!] === BUFFER) sum += nodes[at + size!]!;
  }
  return sum;
}

/** A connection to one process. Dispose of it to close it. */
export class Inspected {
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, number>>>();
  #chunks: string[] | null = null;
  #id = 0;

  private constructor(readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => {
      const { id, method, params, result } = JSON.parse(data);
      if (method === "HeapProfiler.addHeapSnapshotChunk") this.#chunks?.push(params.chunk);
      this.#waiting.get(id)?.resolve(result);
      this.#waiting.delete(id);
    };
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the process is gone"));
    };
  }

  /** Connects to the process whose inspector listens there. @throws it does not answer. */
  static async connect(port: number): Promise<Inspected> {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [target] = await response.json();
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`no inspector on port ${port}`));
    await promise;
    return new Inspected(socket);
  }

  /**
   * Bytes of the objects, strings and buffers that live. Compiled code is left out: V8 compiles what
   * runs oftener and oftener for a long time, and forgets what does not.
   */
  async dataBytes(): Promise<number> {
    return sizeOfData(JSON.parse(await this.snapshot()));
  }

  /** A heap snapshot, JSON as a browser's developer tools load it. */
  async snapshot(): Promise<string> {
    this.#chunks = [];
    await this.#send("HeapProfiler.takeHeapSnapshot");
    const text = this.#chunks.join("");
    this.#chunks = null;
    return text;
  }

  async #send(method: string): Promise<Record<string, number>> {
    const id = ++this.#id;
    const answer = Promise.withResolvers<Record<string, number>>();
    this.#waiting.set(id, answer);
    this.socket.send(JSON.stringify({ id, method, params: {} }));
    const late = setTimeout(() => answer.reject(new Error(`${method}: no answer`)), TIMEOUT_MS);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(late);
    }
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}
