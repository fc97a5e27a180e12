/**
 * Every page in every state, on a wide and on a narrow screen: it fits, and axe-core finds nothing grave.
 * With SCREENSHOTS, each is kept as a picture as well.
 */
import { assert, assertEquals } from "../support/assert.ts";
import {
  assertAccessible,
  assertFits,
  browserTest,
  keepShot,
  open,
  type Page,
  WIDTHS,
} from "./chromium.ts";
import { serveState } from "./site.ts";
import { pagesOf, STATES } from "./states.ts";

/** Whether pictures are wanted. */
const SHOTS = Deno.env.has("SCREENSHOTS");
/** A part of the names of states. */
const ONLY = Deno.env.get("STATES_ONLY") ?? "";

/** Fails when roles do not stand in one row, or agents, ports and runs are not seen without scrolling. */
async function assertAtAGlance(page: Page): Promise<void> {
  const tops = await page.evaluate(
    "[...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect().top)",
  ) as number[];
  assertEquals(new Set(tops).size, 1, "roles stand in one row");
  for (const id of ["roles", "agents", "ports", "resyncs"]) {
    const bottom = await page.evaluate(
      `document.getElementById("${id}").getBoundingClientRect().bottom`,
    ) as number;
    assert(bottom <= 900, `${id} ends at ${bottom} of 900`);
  }
}

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
          // Wide or narrow, the same elements; what differs is what is hidden.
          if (width > 390 && path !== "" && !SHOTS) continue;
          const what = `${name}-${path.split("/").join("-one-") || "overview"}-${width}`;
          await page.goto(site.url + path);
          await page.getByText("● Live").waitFor();
          await assertFits(page, what);
          if (width === 390 || path === "") await assertAccessible(page, what);
          if (name === "healthy" && path === "" && width === 1440) await assertAtAGlance(page);
          if (SHOTS) await keepShot(page, what);
        }
        assertEquals(complaints, [], name);
      }
    });
  }
});
