/**
 * The load generator, a process of its own: opens streams and reads them, and sends requests at even
 * intervals, whether or not the last ones are answered; a request's time counts from when it was due.
 *
 * @module
 */

/** What to do; the argument, as JSON. */
export interface LoadOrder {
  readonly url: string;
  readonly streams: number;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** Loopback addresses that it comes from. */
  readonly clients: number;
  readonly paths: readonly string[];
}

/** What was found; times in ms. */
export interface LoadFigures {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  readonly eventsPerStream: number;
}

const DRAIN_MS = 5000;

async function run(order: LoadOrder): Promise<LoadFigures> {
  const { url, streams, requestsPerSecond, seconds, clients, paths } = order;
  const http = Array.from(
    { length: clients },
    (_, i) => Deno.createHttpClient({ localAddress: `127.0.0.${i + 2}`, poolMaxIdlePerHost: 64 }),
  );
  const stop = new AbortController();
  let events = 0;
  const open = async (i: number) => {
    const response = await fetch(`${url}/events`, {
      client: http[i % clients],
      signal: stop.signal,
    });
    if (!response.ok) throw new Error(`a stream was refused: ${response.status}`);
    // An event ends with an empty line.
    let last = 0;
    for await (const chunk of response.body!) {
      for (const byte of chunk) {
        if (byte === 10 && last === 10) events++;
        last = byte;
      }
    }
  };
  const reading: Promise<void>[] = [];
  for (let i = 0; i < streams; i++) {
    reading.push(
      open(i).catch((error) => {
        if (!stop.signal.aborted) throw error;
      }),
    );
    if (i % 20 === 19) await delay(50);
  }
  await delay(1500);
  events = 0;
  const times: number[] = [];
  let failed = 0;
  const pending = new Set<Promise<void>>();
  const startedAt = performance.now();
  const total = requestsPerSecond * seconds;
  const ask = async (i: number, due: number) => {
    try {
      const path = paths[i % paths.length]!;
      const response = await fetch(url + path, { client: http[i % clients] });
      await response.arrayBuffer();
      if (response.ok) times.push(performance.now() - due);
      else failed++;
    } catch {
      failed++;
    }
  };
  for (let sent = 0; sent < total;) {
    const now = performance.now();
    for (; sent < total; sent++) {
      const due = startedAt + sent * 1000 / requestsPerSecond;
      if (due > now) break;
      const request = ask(sent, due);
      pending.add(request);
      request.finally(() => pending.delete(request));
    }
    await delay(1);
  }
  const eventsPerStream = events / Math.max(1, streams) / ((performance.now() - startedAt) / 1000);
  await Promise.race([Promise.all(pending), delay(DRAIN_MS)]);
  stop.abort();
  // Aborted bodies need not end; the process does.
  await Promise.race([Promise.all(reading), delay(DRAIN_MS / 10)]);
  times.sort((a, b) => a - b);
  const at = (share: number) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
  return {
    sent: total,
    answered: times.length,
    failed,
    p50: at(0.5),
    p99: at(0.99),
    worst: times.at(-1)!,
    eventsPerStream,
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const figures = await run(JSON.parse(Deno.args[0]!));
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(figures)));
  Deno.exit(0);
}
