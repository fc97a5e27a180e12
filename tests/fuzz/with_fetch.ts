/** Answers of a service without a socket, so that many can be tried. @module */

/** What a service sends: a body, or a whole response. */
export type Answer = (url: string) => string | Response;

/** Runs the work while `fetch` gives these answers; nothing else may run meanwhile. */
export async function withFetch<T>(answer: Answer, work: () => Promise<T>): Promise<T> {
  const real = globalThis.fetch;
  globalThis.fetch = (input) => {
    const given = answer(String(input));
    return Promise.resolve(typeof given === "string" ? new Response(given) : given);
  };
  try {
    return await work();
  } finally {
    globalThis.fetch = real;
  }
}
