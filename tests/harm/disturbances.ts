/** Answers that are no good, whatever was asked for. @module */
import { type Asked, keyOf, listOf } from "./stand_in.ts";

type Body = Record<string, unknown>;

/** The stand-in means to break off. */
export class BrokenOff extends Error {
  override readonly name = "BrokenOff";
}

/** The good answer, its body changed. */
export async function edited(
  { truth }: Asked,
  edit: (body: Body) => unknown,
  url?: URL,
): Promise<Response> {
  const response = await truth(url);
  if (!response.ok) return response;
  return Response.json(edit(await response.json()));
}

const neutronError = (status: number, type: string) =>
  Response.json({ NeutronError: { type, message: `${type} of a bad day`, detail: "" } }, {
    status,
  });

function at(url: URL, marker: string | null): URL {
  const page = new URL(url);
  if (marker === null) page.searchParams.delete("marker");
  else page.searchParams.set("marker", marker);
  return page;
}

/** The marker of a page's next link, or null. */
async function nextMarker({ truth, collection }: Asked, url: URL): Promise<string | null> {
  const body = await (await truth(url)).json() as Body;
  const links = body[`${keyOf(collection!)}_links`] as { href: string }[] | undefined;
  return links?.[0] ? new URL(links[0].href).searchParams.get("marker") : null;
}

/** Which page of the list that is, from 1, wherever its walk began. */
function pageNumber({ url, cloud, collection }: Asked): number {
  const marker = url.searchParams.get("marker") ?? "";
  const before = listOf(cloud, collection!).filter(({ id }) => id <= marker).length;
  return 1 + Math.floor(before / Number(url.searchParams.get("limit")));
}

/** The body begins like a list, and never ends. */
function endless({ collection }: Asked): Response {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const chunk = new TextEncoder().encode(`{"id":"x","padding":"${"x".repeat(16_000)}"},`);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) =>
      controller.enqueue(new TextEncoder().encode(`{"${keyOf(collection!)}":[`)),
    async pull(controller) {
      await new Promise((resolve) => timer = setTimeout(resolve, 5));
      controller.enqueue(chunk);
    },
    cancel: () => clearTimeout(timer),
  });
  return new Response(body, { headers: { "Content-Type": "application/json" } });
}

/** See the module. */
export const disturbed = {
  html: () =>
    new Response("<html><body><h1>It works!</h1></body></html>", {
      headers: { "Content-Type": "text/html" },
    }),
  forbidden: () => neutronError(403, "PolicyNotAuthorized"),
  notFound: () => neutronError(404, "HTTPNotFound"),
  unauthorised: () => neutronError(401, "Unauthorized"),
  unavailable: () => neutronError(503, "ServiceUnavailable"),
  redirect: () => new Response(null, { status: 302, headers: { Location: "/login" } }),
  broken: () => neutronError(500, "HTTPInternalServerError"),
  endless,

  async cutOff({ truth }: Asked): Promise<Response> {
    const text = await (await truth()).text();
    return new Response(text.slice(0, text.length / 2), {
      headers: { "Content-Type": "application/json" },
    });
  },

  /** The body breaks off, as with a server that goes down. */
  reset: () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(`{"ports": [`)),
        pull: (controller) => controller.error(new BrokenOff()),
      }),
    ),

  /** Each object of a page comes twice. */
  recordsTwice: (asked: Asked) =>
    edited(asked, (body) => {
      const key = keyOf(asked.collection!);
      body[key] = (body[key] as unknown[])?.flatMap((record) => [record, record]);
      return body;
    }),

  /** The last object of a page comes first. */
  reversed: (asked: Asked) =>
    edited(asked, (body) => {
      (body[keyOf(asked.collection!)] as unknown[] | undefined)?.reverse();
      return body;
    }),

  /** Neutron sends fewer objects than the limit asks for, and says that there are more. */
  capped({ url, truth }: Asked): Promise<Response> {
    const page = new URL(url);
    if (url.searchParams.has("limit")) page.searchParams.set("limit", "7");
    return truth(page);
  },

  noLink: (asked: Asked) =>
    edited(asked, (body) => {
      delete body[`${keyOf(asked.collection!)}_links`];
      return body;
    }),

  malformedLink: (asked: Asked) =>
    edited(asked, (body) => {
      const links = `${keyOf(asked.collection!)}_links`;
      if (links in body) body[links] = [{ rel: 1, href: null }, "next"];
      return body;
    }),

  /** As if every marker were unknown to a Neutron that does not say so. */
  firstPage: (asked: Asked) => asked.truth(at(asked.url, null)),

  /** Behind the second page comes the first one again. */
  async twoPages(asked: Asked): Promise<Response> {
    const { url, truth } = asked;
    const second = await nextMarker(asked, at(url, null));
    return await truth(at(url, url.searchParams.get("marker") === second ? second : null));
  },

  /** What comes after two pages fails, also for who begins there. */
  async thirdPageFails(asked: Asked): Promise<Response> {
    const number = asked.how === "list" ? pageNumber(asked) : 1;
    return number >= 3 ? neutronError(500, "HTTPInternalServerError") : await asked.truth();
  },

  /** Those extensions are not loaded. */
  async without(asked: Asked, aliases: readonly string[]): Promise<Response | null> {
    if (asked.url.pathname !== "/v2.0/extensions") return null;
    return await edited(asked, ({ extensions }) => ({
      extensions: (extensions as { alias: string }[]).filter(({ alias }) =>
        !aliases.includes(alias)
      ),
    }));
  },
} as const;
