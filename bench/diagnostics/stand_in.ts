/** Sends as many bytes as the page, as often, and does nothing for them. @module */

const PAGE = new Uint8Array(40_000).fill(120);
const EVENT = new TextEncoder().encode(`event: main\ndata: ${"x".repeat(40_000)}\n\n`);
const INTERVAL_MS = 1000;

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} }, (request) => {
  if (new URL(request.url).pathname !== "/events") return new Response(PAGE);
  let timer: ReturnType<typeof setInterval>;
  return new Response(
    new ReadableStream({
      start: (controller) => {
        timer = setInterval(() => controller.enqueue(EVENT), INTERVAL_MS);
      },
      cancel: () => clearInterval(timer),
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
});
