/**
 * Where a role or tool sits: a process of its own (from source), or a Worker in a process of its own
 * (from the binary, see `worker_host.ts`). It is told its input, when to stop, and says how it ended,
 * over standard input and signals in the one case and over messages in the other.
 *
 * @module
 */

/** A role's or tool's connection to whoever started it. */
export interface Seat {
  /** What it is told; JSON. */
  readonly input: unknown;
  /** Aborted by SIGTERM, and when whoever started it is gone. */
  readonly stop: AbortSignal;
  /** Ends the process. */
  exit(code: number): void;
}

/** What the host says to its Worker. */
export type HostMessage = { readonly input: unknown } | { readonly stop: string };
/** What a Worker says to its host. */
export type WorkerMessage = { readonly ready: true } | { readonly exit: number };

interface WorkerScope {
  onmessage: ((event: MessageEvent<HostMessage>) => void) | null;
  postMessage(message: WorkerMessage): void;
}

/** Takes the seat. Resolves when the input has come. */
export function takeSeat(): Promise<Seat> {
  const scope = globalThis as unknown as Partial<WorkerScope>;
  return typeof scope.postMessage === "function"
    ? takeWorkerSeat(scope as WorkerScope)
    : takeProcessSeat();
}

function takeWorkerSeat(scope: WorkerScope): Promise<Seat> {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Seat>();
  const exit = (code: number) => scope.postMessage({ exit: code });
  scope.onmessage = ({ data }) => {
    if ("stop" in data) stop.abort(new Error(data.stop));
    else resolve({ input: data.input, stop: stop.signal, exit });
  };
  // Messages that come before there is a handler are lost, so the host waits for this one.
  scope.postMessage({ ready: true });
  return promise;
}

async function takeProcessSeat(): Promise<Seat> {
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort(new Error("SIGTERM")));
  const { line, end } = await readFirstLine(Deno.stdin.readable);
  end.then((reason) => stop.abort(new Error(reason)));
  return { input: JSON.parse(line), stop: stop.signal, exit: (code) => Deno.exit(code) };
}

/** What came on standard input. */
export interface FirstLine {
  readonly line: string;
  /** Resolves, with the reason, when the stream ends. */
  readonly end: Promise<string>;
}

/**
 * Reads the first line and goes on reading in the background.
 *
 * @throws {Error} the stream ends before a whole line has come.
 */
export async function readFirstLine(stream: ReadableStream<Uint8Array>): Promise<FirstLine> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("nothing came on standard input");
    text += decoder.decode(value, { stream: true });
  }
  const drain = async () => {
    while (!(await reader.read()).done);
    return "whoever started this process is gone";
  };
  return { line: text.slice(0, text.indexOf("\n")), end: drain().catch(String) };
}
