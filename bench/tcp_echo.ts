/** Round trips of a small message over TCP to another process: the floor of latencies. @module */
import { Child } from "./child.ts";

const ROUNDS = 2000;

/** Times of the round trips, ms. */
export async function echoTimes(): Promise<number[]> {
  await using child = new Child("tcp_echo.ts", ["serve"]);
  const port: number = await child.next();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const message = new Uint8Array(64);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    await connection.write(message);
    for (let got = 0; got < message.length;) got += await connection.read(message) ?? Infinity;
    times.push(performance.now() - from);
  }
  return times.slice(ROUNDS / 10); // the first ones compile
}

if (Deno.args[0] === "serve") {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  Deno.stdout.writeSync(new TextEncoder().encode(`${listener.addr.port}\n`));
  const connection = await listener.accept();
  connection.setNoDelay(true);
  const buffer = new Uint8Array(1024);
  for (let n; (n = await connection.read(buffer)) !== null;) {
    await connection.write(buffer.subarray(0, n));
  }
  Deno.exit(0);
}
