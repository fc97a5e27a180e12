/**
 * How a role or tool talks with its parent. From source it is a process, which reads its input on standard
 * input and is stopped by a signal; in the binary it is a Worker in a process (see `worker_host.ts`), which
 * gets both as messages. Both say how they ended.
 *
 * @module
 */
import { parseJson } from "../base/json.ts";
import { Ring } from "../base/ring.ts";

/** A role's or tool's connection to whoever started it. */
export interface ParentChannel {
  /** What it is told; JSON. */
  readonly input: unknown;
  /** Hands over the lines that come after the input, first those that have come already. */
  listen(listener: Listener): void;
  /** Aborted by SIGTERM, and when whoever started it is gone. */
  readonly stop: AbortSignal;
  /** Ends the process. */
  exit(code: number): void;
}

/** Hears of a line, without its end. */
export type Listener = (line: string) => void;

/** What the host says to its Worker. */
export type HostMessage =
  | { readonly input: unknown }
  | { readonly line: string }
  | { readonly stop: string };
/** What a Worker says to its host. */
export type WorkerMessage = { readonly ready: true } | { readonly exit: number };

/** A Worker's own side of its connection to the thread that has started it. */
export interface WorkerScope<Heard, Said> {
  onmessage: ((event: MessageEvent<Heard>) => void) | null;
  postMessage(message: Said): void;
}

type RoleScope = WorkerScope<HostMessage, WorkerMessage>;

/** Opens the channel. Resolves when the input has come. */
export function openParentChannel(): Promise<ParentChannel> {
  const scope = globalThis as unknown as Partial<RoleScope>;
  return typeof scope.postMessage === "function"
    ? openWorkerChannel(scope as RoleScope)
    : openProcessChannel();
}

function openWorkerChannel(scope: RoleScope): Promise<ParentChannel> {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<ParentChannel>();
  const exit = (code: number) => scope.postMessage({ exit: code });
  const inbox = new Inbox();
  scope.onmessage = ({ data }) => {
    if ("stop" in data) stop.abort(new Error(data.stop));
    else if ("line" in data) inbox.put(data.line);
    else resolve({ input: data.input, listen: (to) => inbox.listen(to), stop: stop.signal, exit });
  };
  // Messages that come before there is a handler are lost, so the host waits for this one.
  scope.postMessage({ ready: true });
  return promise;
}

async function openProcessChannel(): Promise<ParentChannel> {
  const { line, stop, inbox } = await openStandardInput();
  return {
    input: parseInput(line),
    listen: (to) => inbox.listen(to),
    stop,
    exit: (code) => Deno.exit(code),
  };
}

/** What a process is told. @throws {Error} it is no JSON; the text may hold secrets and is not quoted. */
export function parseInput(line: string): unknown {
  const input = parseJson(line);
  if (input === undefined) throw new Error("what came on standard input is no JSON");
  return input;
}

/** What comes on this process's standard input; `stop` is aborted by its end and by SIGTERM. */
export async function openStandardInput() {
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort(new Error("SIGTERM")));
  const inbox = new Inbox();
  const { line, end } = await readFirstLine(Deno.stdin.readable, (line) => inbox.put(line));
  end.then((reason) => stop.abort(new Error(reason)));
  return { line, end, stop: stop.signal, inbox };
}

/** Lines that are kept until somebody listens. */
const MAX_KEPT = 4000;

/** Keeps lines until somebody listens. */
export class Inbox {
  readonly #kept = new Ring<string>(MAX_KEPT);
  #listener: Listener | null = null;

  put(line: string): void {
    if (this.#listener) return this.#listener(line);
    this.#kept.push(line);
  }

  listen(listener: Listener): void {
    this.#listener = listener;
    for (const line of this.#kept.take()) listener(line);
  }
}

/** Longest line, characters: without a limit, one would fill the memory. */
const MAX_LINE = 1024 * 1024;

/**
 * Reads the first line and goes on reading in the background, telling `onLine` of each further one; `end`
 * resolves, with the reason, when the stream ends.
 *
 * @throws {Error} the stream ends before a whole line has come.
 */
export async function readFirstLine(
  stream: ReadableStream<Uint8Array>,
  onLine: Listener = () => {},
): Promise<{ line: string; end: Promise<string> }> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("nothing came on standard input");
    text += decoder.decode(value, { stream: true });
  }
  const at = text.indexOf("\n");
  const line = text.slice(0, at);
  let rest = text.slice(at + 1);
  const follow = async () => {
    while (true) {
      const lines = rest.split("\n");
      rest = lines.pop()!.slice(0, MAX_LINE);
      for (const each of lines) onLine(each);
      const { value, done } = await reader.read();
      if (done) return "whoever started this process is gone";
      rest += decoder.decode(value, { stream: true });
    }
  };
  return { line, end: follow().catch(String) };
}
