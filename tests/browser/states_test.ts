/**
 * Every page in every state, on a wide and on a narrow screen: it fits, and axe-core finds nothing grave.
 * With SCREENSHOTS, each is kept as a picture as well.
 */
import { assertEquals } from "../support/assert.ts";
import { assertAccessible, assertFits, browserTest, keepShot, open, WIDTHS } from "./chromium.ts";
import { serveState } from "./site.ts";
import { pagesOf, STATES } from "./states.ts";

const ONLY = Deno.env.get("STATES_ONLY") ?? "";

browserTest("every page in every state", async (browser, t) => {
  for (const [name, make] of Object.entries(STATES)) {
    if (!name.includes(ONLY)) continue;
    await t.step(name, async () => {
      const state = make();
      await using site = serveState(state.status, state.details);
      for (const width of WIDTHS) {
        const viewport = { width, height: 900 };
        await using opened = await open(browser, site.url, { viewport });
        const { page, complaints } = opened;
        for (const path of pagesOf(state)) {
          const what = `${name}-${path.split("/").join("-one-") || "overview"}-${width}`;
          await page.goto(site.url + path);
          await page.getByText("● Live").waitFor();
          await assertFits(page, what);
          // Wide or narrow, the same elements; what differs is what is hidden.
          if (width === 390 || path === "") await assertAccessible(page, what);
          if (Deno.env.has("SCREENSHOTS")) await keepShot(page, what);
        }
        assertEquals(complaints, [], name);
      }
    });
  }
});
